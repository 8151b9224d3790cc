//! Schools and suppliers found by name, pinyin, initials, code, place, state and distance, page by page and by scope.

use crate::support::{
    app::{App, on_both},
    people::At,
};
use entity::{membership::Role, position, search_name::SubjectKind, supplier};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;
use xiaonong::{
    finding::{self, words},
    store::bulk,
};

/// A list, what is asked of it, and the least it answers.
type List<'a> = (&'a str, &'a [(&'a str, &'a str)], usize);

/// A path with its query encoded.
pub fn with(path: &str, pairs: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{path}?{query}")
}

pub fn column(page: &Value, name: &str) -> Vec<String> {
    let items = page["items"].as_array().expect("a page");
    items.iter().map(|item| item[name].as_str().unwrap_or_else(|| panic!("{name} of {item}")).to_owned()).collect()
}

/// The codes of a list's first 200 rows.
pub async fn codes(app: &App, token: &str, path: &str, pairs: &[(&str, &str)]) -> Vec<String> {
    let mut all = pairs.to_vec();
    all.push(("limit", "200"));
    column(&app.get(&with(path, &all)).by(token).await.ok(), "code")
}

/// The codes read two rows at a time.
async fn by_twos(app: &App, token: &str, path: &str, pairs: &[(&str, &str)]) -> Vec<String> {
    let (mut read, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mut all = pairs.to_vec();
        all.push(("limit", "2"));
        if let Some(cursor) = &cursor {
            all.push(("cursor", cursor));
        }
        let page = app.get(&with(path, &all)).by(token).await.ok();
        read.extend(column(&page, "code"));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return read,
        }
    }
}

on_both! {
    async fn a_school_is_found_as_people_type_it(app: &App) {
        let admin = app.login("demo-admin").await;
        let officer = app.login("demo-province").await;
        for q in ["雨农", "农小", "雨农小学", "ynxx", "YNX", "yunong", "yunongxiaoxue", "ｙｎｘｘ", "雨 农", "demo-yu", "DEMO"] {
            for token in [&admin, &officer] {
                assert_eq!(codes(app, token, "/schools", &[("q", q)]).await, ["demo-yunong"], "{q}");
            }
        }
        for q in ["农雨", "unong", "yunongxx", "%", "_", "'", "emo-yunong", "ynxxx"] {
            assert_eq!(codes(app, &admin, "/schools", &[("q", q)]).await, Vec::<String>::new(), "{q}");
        }
        // Nothing but blanks asks for nothing.
        assert_eq!(codes(app, &admin, "/schools", &[("q", "　 ")]).await.len(), 28);
    }

    async fn a_fragment_finds_the_names_that_hold_it_and_no_others(app: &App) {
        let admin = app.login("demo-admin").await;
        let officer = app.login("demo-province").await;
        let suppliers = supplier::Entity::find().all(app.ctx.store.primary()).await.expect("suppliers");
        let names: Vec<Vec<char>> = suppliers.iter().map(|one| one.name.chars().collect()).collect();
        let mut fragments: BTreeSet<String> = names.iter().map(|name| name[1..3].iter().collect()).collect();
        fragments.extend(["合作社", "种植专业合作社", "农", "某"].map(str::to_owned));
        for fragment in fragments {
            let expected: BTreeSet<&str> =
                suppliers.iter().filter(|one| one.name.contains(&fragment)).map(|one| one.code.as_str()).collect();
            let found = codes(app, &admin, "/suppliers", &[("q", &fragment)]).await;
            assert_eq!(found.len(), expected.len(), "{fragment}: {found:?}");
            assert_eq!(found.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected, "{fragment}");
            assert_eq!(codes(app, &officer, "/suppliers", &[("q", &fragment)]).await, found, "{fragment}");
        }
    }

    async fn pages_follow_one_another_in_every_order(app: &App) {
        let admin = app.login("demo-admin").await;
        let officer = app.login("demo-province").await;
        place(app).await;
        let near = [("near", "26.868,104.244"), ("within_km", "500")];
        let near_coops = [near[0], near[1], ("q", "hzs")];
        let lists: [List<'_>; 8] = [
            ("/suppliers", &[("q", "合作社")], 16),
            ("/suppliers", &[("q", "hzs")], 16),
            ("/suppliers", &[("q", "n")], 18),
            ("/suppliers", &[("q", "合作社"), ("division", "520000")], 16),
            ("/suppliers", &near, 45),
            ("/suppliers", &near_coops, 16),
            ("/schools", &[("q", "x")], 15),
            ("/schools", &[("q", "小学"), ("reporting_unit", "520000")], 15),
        ];
        for (path, pairs, least) in lists {
            let all = codes(app, &admin, path, pairs).await;
            assert!(all.len() >= least, "{pairs:?}: {all:?}");
            assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{pairs:?} repeats itself");
            assert_eq!(by_twos(app, &admin, path, pairs).await, all, "{pairs:?}");
            // Another plan, since the officer's scope has an end; the same order.
            assert_eq!(by_twos(app, &officer, path, pairs).await, all, "{pairs:?}");
        }
        // Names that begin with it come first, and codes before them.
        let first = &codes(app, &admin, "/suppliers", &[("q", "乌蒙")]).await[..];
        assert_eq!(first, ["weining-orchard-coop", "bijie-distribution"]);
        assert_eq!(codes(app, &admin, "/suppliers", &[("q", "x")]).await[..2], ["xingyi-distribution", "xiuwen-orchard-farm"]);
        // A cursor of another order is none.
        let page = app.get(&with("/suppliers", &[("limit", "1")])).by(&admin).await.ok();
        let cursor = page["next_cursor"].as_str().expect("more");
        for pairs in [[("q", "hzs"), ("cursor", cursor)], [("near", "26,104"), ("cursor", cursor)]] {
            app.get(&with("/suppliers", &pairs)).by(&admin).await.refused(400, "cursor_malformed");
        }
    }

    async fn filters_go_together(app: &App) {
        let admin = app.login("demo-admin").await;
        let find = async |path: &str, pairs: &[(&str, &str)]| codes(app, &admin, path, pairs).await;
        // A prefecture with the townships below it; an old code; one there never was.
        assert_eq!(find("/schools", &[("division", "520500"), ("q", "xx")]).await.len(), 2);
        assert_eq!(find("/suppliers", &[("division", "520222"), ("q", "hzs")]).await, ["panzhou-livestock-coop"]);
        assert_eq!(find("/suppliers", &[("division", "520222")]).await, ["panzhou-livestock-coop"]);
        assert_eq!(find("/suppliers", &[("division", "529999"), ("q", "hzs")]).await, Vec::<String>::new());
        assert_eq!(find("/suppliers", &[("division", "529999")]).await, Vec::<String>::new());
        assert_eq!(find("/suppliers", &[("division", "520000")]).await.len(), 45);
        // Kind and state.
        assert_eq!(find("/suppliers", &[("q", "威宁")]).await, Vec::<String>::new());
        assert_eq!(find("/suppliers", &[("q", "nh"), ("kind", "household")]).await.len(), 12);
        assert_eq!(find("/suppliers", &[("q", "nh"), ("kind", "processor")]).await.len(), 0);
        app.execute("update supplier set status = 'suspended' where code = 'weining-potato-coop'").await;
        assert_eq!(finding::catch_up(&app.ctx).await.expect("catches up"), 1);
        assert_eq!(find("/suppliers", &[("status", "suspended")]).await, ["weining-potato-coop"]);
        assert_eq!(find("/suppliers", &[("q", "合作社"), ("status", "suspended")]).await, ["weining-potato-coop"]);
        assert_eq!(find("/suppliers", &[("q", "合作社"), ("status", "approved")]).await.len(), 15);
        app.execute("update school set closed_on = '2025-07-31' where code = 'demo-yunong'").await;
        assert_eq!(find("/schools", &[("status", "closed")]).await, ["demo-yunong"]);
        assert_eq!(find("/schools", &[("status", "open"), ("q", "ynxx")]).await, Vec::<String>::new());
        assert_eq!(find("/schools", &[("stage", "junior"), ("q", "中学")]).await.len(), 5);
    }

    async fn a_search_stays_within_the_scope(app: &App) {
        app.member("nanqiao", Role::CanteenManager, At::School("gz-520102-001")).await;
        let manager = app.login("nanqiao").await;
        for q in ["xx", "小学", "n", ""] {
            assert_eq!(codes(app, &manager, "/schools", &[("q", q)]).await, ["gz-520102-001"], "{q}");
        }
        assert_eq!(codes(app, &manager, "/schools", &[("q", "ynxx")]).await, Vec::<String>::new());
        place(app).await;
        assert_eq!(codes(app, &manager, "/schools", &[("near", "26.8,104.2"), ("within_km", "500")]).await, ["gz-520102-001"]);
    }

    async fn the_nearest_come_first(app: &App) {
        let admin = app.login("demo-admin").await;
        place(app).await;
        let page = app.get(&with("/suppliers", &[("near", "26.868,104.244"), ("limit", "3")])).by(&admin).await.ok();
        let metres: Vec<i64> = page["items"].as_array().expect("items").iter().map(|one| one["distance_m"].as_i64().expect("a distance")).collect();
        // Every supplier stands 1,112 m north of the one before; the first where it was asked for.
        assert_eq!(metres, [0, 1_112, 2_224]);
        let near = |kilometres| [("near", "26.868,104.244"), ("within_km", kilometres)];
        assert_eq!(codes(app, &admin, "/suppliers", &near("1")).await.len(), 1);
        assert_eq!(codes(app, &admin, "/suppliers", &near("10")).await.len(), 9);
        let far = app.get(&with("/suppliers", &[("near", "-33.9,18.4"), ("within_km", "500")])).by(&admin).await.ok();
        assert_eq!(far["items"], serde_json::json!([]));
        // Without a place there is no distance.
        let plain = app.get(&with("/suppliers", &[("q", "hzs"), ("limit", "1")])).by(&admin).await.ok();
        assert_eq!(plain["items"][0]["distance_m"], Value::Null);
    }

    async fn a_rare_name_is_found_behind_many_others(app: &App) {
        let admin = app.login("demo-admin").await;
        crowd(app).await;
        let near = |q| [("near", "26.868,104.244"), ("within_km", "50"), ("q", q)];
        assert_eq!(codes(app, &admin, "/suppliers", &near("梵净")).await, ["crowd-0700"]);
        assert_eq!(codes(app, &admin, "/suppliers", &[("near", "26.868,104.244"), ("within_km", "20"), ("q", "梵净")]).await, Vec::<String>::new());
        // A name is compared without what does not show, here as elsewhere.
        app.execute("update supplier set name = '梵 净山农场' where code = 'crowd-0700'").await;
        assert_eq!(finding::catch_up(&app.ctx).await.expect("catches up"), 1);
        assert_eq!(codes(app, &admin, "/suppliers", &near("梵净")).await, ["crowd-0700"]);
        // The many come in the order of their distance, over pages.
        let (mut read, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut pairs = near("丰源").to_vec();
            pairs.push(("limit", "90"));
            if let Some(cursor) = &cursor {
                pairs.push(("cursor", cursor));
            }
            let page = app.get(&with("/suppliers", &pairs)).by(&admin).await.ok();
            read.extend(column(&page, "code"));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => break,
            }
        }
        let expected: Vec<String> = (0..700).map(|n| format!("crowd-{n:04}")).collect();
        assert_eq!(read, expected);
    }

    async fn a_position_is_entered_by_the_authority_of_the_place(app: &App) {
        let (school, supplier) = (app.school("demo-yunong").await.id, app.supplier("weining-potato-coop").await.id);
        app.member("keeper", Role::AuthorityManager, At::Unit("520526")).await;
        app.member("elsewhere", Role::AuthorityManager, At::Unit("520102")).await;
        let (keeper, elsewhere) = (app.login("keeper").await, app.login("elsewhere").await);
        let body = json!({"latitude": "26.868", "longitude": "104.244001"});
        for (path, list, code) in [
            (format!("/schools/{school}/position"), "/schools", "demo-yunong"),
            (format!("/suppliers/{supplier}/position"), "/suppliers", "weining-potato-coop"),
        ] {
            app.get(&path).by(&keeper).await.refused(404, "not_found");
            for (field, wrong) in [("latitude", "91"), ("latitude", "26,8"), ("longitude", "104.2440001"), ("longitude", "")] {
                let mut wrong_body = body.clone();
                wrong_body[field] = json!(wrong);
                let answer = app.call("PUT", &format!("/api/v1{path}")).json(&wrong_body).by(&keeper).await;
                answer.points_at(&format!("/{field}"), "place_malformed");
            }
            app.call("PUT", &format!("/api/v1{path}")).json(&json!({"latitude": 26.868, "longitude": "104"})).by(&keeper).await.refused(422, "invalid");
            app.call("PUT", &format!("/api/v1{path}")).json(&body).by(&elsewhere).await.refused(404, "not_found");
            assert_eq!(app.number("select count(*) from position where version = 1").await, 0);
            let put = app.call("PUT", &format!("/api/v1{path}")).json(&body).by(&keeper).await.ok();
            assert_eq!(put, json!({"latitude": "26.868000", "longitude": "104.244001", "version": 1}));
            assert_eq!(app.get(&path).by(&keeper).await.ok(), put);
            let moved = json!({"latitude": "26.878", "longitude": "104.244001"});
            app.call("PUT", &format!("/api/v1{path}")).json(&moved).header("if-match", "\"7\"").by(&keeper).await.refused(412, "stale_version");
            app.call("PUT", &format!("/api/v1{path}")).json(&moved).header("if-match", "\"1\"").by(&keeper).await.ok();
            let near = with(list, &[("near", "26.868,104.244001")]);
            let found = app.get(&near).by(&keeper).await.ok();
            assert_eq!((&found["items"][0]["code"], &found["items"][0]["distance_m"]), (&json!(code), &json!(1_112)));
            app.execute("update position set version = 9").await;
        }
        assert_eq!(app.number("select count(*) from audit_entry where action in ('school.place', 'supplier.place')").await, 4);
    }

    async fn names_written_by_other_means_are_caught_up_with(app: &App) {
        let admin = app.login("demo-admin").await;
        let find = async |q: &str| codes(app, &admin, "/suppliers", &[("q", q)]).await;
        let left = "select count(*) from supplier s left join search_name n on n.subject_id = s.id and n.name = s.name and n.code = s.code and n.division_code = s.division_code where n.subject_id is null";
        assert_eq!(app.number(left).await, 0);
        assert_eq!(app.number(&left.replace("supplier s", "school s")).await, 0);
        app.execute("update supplier set name = '重庆火锅底料厂', division_code = '520102' where code = 'weining-potato-coop'").await;
        assert_eq!((find("cqhg").await.len(), find("高原云薯").await.len()), (0, 0));
        let terms = app.number("select count(*) from search_term").await;
        assert_eq!(finding::catch_up(&app.ctx).await.expect("catches up"), 1);
        assert_eq!(finding::catch_up(&app.ctx).await.expect("is done"), 0);
        for q in ["cqhg", "zqhg", "重庆", "chongqing"] {
            assert_eq!(find(q).await, ["weining-potato-coop"], "{q}");
        }
        assert_eq!(codes(app, &admin, "/suppliers", &[("q", "cqhg"), ("division", "520100")]).await.len(), 1);
        let supplier = supplier::Entity::find().all(app.ctx.store.primary()).await.expect("suppliers");
        let (old, new) = ("高原云薯种植专业合作社", "重庆火锅底料厂");
        let count = |name| i64::try_from(words::terms(SubjectKind::Supplier, name, "weining-potato-coop").len()).expect("few");
        assert_eq!(app.number("select count(*) from search_term").await, terms - count(old) + count(new));
        assert_eq!(supplier.len(), 45);
        // A database from before has none: they are made once, and the second start has nothing to do.
        app.execute("delete from search_term").await;
        app.execute("delete from search_name").await;
        app.execute("delete from bundle where name = 'search'").await;
        assert_eq!(finding::prepare(&app.ctx).await.expect("prepares"), 73);
        assert_eq!(finding::prepare(&app.ctx).await.expect("is done"), 0);
        assert_eq!(app.number("select count(*) from search_term").await, terms - count(old) + count(new));
        assert_eq!(find("cqhg").await.len(), 1);
    }

    async fn what_cannot_be_looked_for_is_refused(app: &App) {
        let admin = app.login("demo-admin").await;
        let long = "农".repeat(21);
        for path in ["/suppliers", "/schools"] {
            for (name, value, code) in [
                ("q", long.as_str(), "too_long"),
                ("near", "somewhere", "place_malformed"),
                ("near", "26.868", "place_malformed"),
                ("near", "91,104", "place_malformed"),
                ("near", "26.8680001,104", "place_malformed"),
                ("near", "NaN,104", "place_malformed"),
                ("division", "5205", "division_malformed"),
            ] {
                let answer = app.get(&with(path, &[(name, value)])).by(&admin).await;
                answer.refused(400, code);
                answer.points_at(&format!("?{name}"), code);
            }
            for (pairs, pointer, code) in [
                (&[("within_km", "5")][..], "?within_km", "near_missing"),
                (&[("near", "26,104"), ("within_km", "0")], "?within_km", "distance_out_of_range"),
                (&[("near", "26,104"), ("within_km", "501")], "?within_km", "distance_out_of_range"),
                (&[("near", "26,104"), ("within_km", "1.5")], "?within_km", "parameter_malformed"),
                (&[("status", "odd")], "?status", "parameter_malformed"),
                (&[("q", "a\u{0}b")], "?q", "parameter_malformed"),
                (&[("q", "hzs"), ("cursor", "zz~01990000-0000-7000-8000-000000000001")], "?cursor", "cursor_malformed"),
                (&[("q", "hzs"), ("cursor", "7032~odd")], "?cursor", "cursor_malformed"),
                (&[("near", "26,104"), ("cursor", "-1~01990000-0000-7000-8000-000000000001")], "?cursor", "cursor_malformed"),
            ] {
                app.get(&with(path, pairs)).by(&admin).await.points_at(pointer, code);
            }
        }
    }
}

/// 700 suppliers of one name, each 11 m north of the one before, and one of another name 33 km from the first.
async fn crowd(app: &App) {
    let like = app.supplier("weining-potato-coop").await;
    let row = |n: u32| supplier::Model {
        id: Uuid::from_u128(u128::from(n) + 1).into(),
        code: format!("crowd-{n:04}"),
        name: if n == 700 { "梵净合作社" } else { "丰源合作社" }.to_owned(),
        social_credit_code: None,
        ..like.clone()
    };
    let rows: Vec<supplier::Model> = (0..=700).map(row).collect();
    let place = |(n, row): (i64, &supplier::Model)| position::Model {
        subject_kind: SubjectKind::Supplier,
        subject_id: row.id.0,
        latitude: 26_868_000 + if n == 700 { 300_000 } else { n * 100 },
        longitude: 104_244_000,
        version: 1,
    };
    let places: Vec<position::Model> = (0..).zip(&rows).map(place).collect();
    let txn = app.ctx.store.begin().await.expect("a transaction");
    bulk::insert(&txn, &rows).await.expect("suppliers");
    finding::put(&txn, &rows).await.expect("terms");
    bulk::insert(&txn, &places).await.expect("positions");
    txn.commit().await.expect("commits");
}

/// Puts every school and supplier on the map, each a hundredth of a degree north of the one before.
async fn place(app: &App) {
    for table in ["school", "supplier"] {
        let places = format!(
            "insert into position (subject_kind, subject_id, latitude, longitude, version)
             select '{table}', id, 26868000 + 10000 * (row_number() over (order by code) - 1), 104244000, 1 from {table}"
        );
        app.execute(&places).await;
    }
}
