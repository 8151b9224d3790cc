//! Figures of the API against plain SQL over the ledger, in both hierarchies and every breakdown.

use crate::support::{
    app::{App, on_both},
    trade::{Trade, fresh_key},
};
use sea_orm::DbBackend;
use serde_json::{Value, json};
use xiaonong::{clock::SeededEntropy, ledger, share};

/// What counts under the headline, said once more from the frozen facts and not from the class: proven, and grown in a
/// listed county or by a household that is or was registered (S5, S6).
const QUALIFIES: &str = "evidence is not null and (origin_lists like '%poverty_county%' or origin_lists like \
    '%key_county%' or '|' || coalesce(producer_status, '') || '|' like '%|registered_poor|%' \
    or '|' || coalesce(producer_status, '') || '|' like '%|lifted|%')";

const SCHOOLS: [&str; 6] =
    ["yunong", "gz-520526-001", "gz-520382-001", "gz-prov-001", "gz-520123-001", "gz-520502-001"];
const UNITS: [&str; 7] = ["520000", "520500", "520526", "520382", "GZ-PROV", "520100", "520502"];
const DIVISIONS: [&str; 7] = ["520000", "520500", "520526", "520300", "520382", "520100", "520123"];

/// One purchase with random lines, origins, growers and documents.
fn purchase(random: &SeededEntropy, canteen_id: &str) -> Value {
    let pick = |choices: &[&'static str]| choices[usize::try_from(random.below(choices.len() as u64)).expect("small")];
    let lines = (0..=random.below(4)).map(|_| {
        let origin = pick(&["520526109", "520526", "520123", "520000", "530000", "431226", "520304", ""]);
        let stated = if random.below(4) == 0 { "520502" } else { origin };
        let kind = pick(&["commitment_certificate", "county_certificate", "batch_report"]);
        let mut line = json!({
            "category_code": pick(&["VEGETABLE", "MEAT", "GRAIN", "OTHER"]),
            "amount": format!("{}.{:02}", random.below(5_000), random.below(99) + 1),
        });
        if !origin.is_empty() {
            line["origin_division_code"] = json!(origin);
            if random.below(3) > 0 {
                line["documents"] = json!([{
                    "kind": kind, "number": "N", "issued_on": "2026-01-01", "issuer": "I",
                    "origin_division_code": stated,
                }]);
            }
        }
        if random.below(3) == 0 {
            line["producer_household_code"] = json!(pick(&["h-520526-01", "h-520526-02"]));
        }
        if random.below(5) > 0 {
            line["weight"] = json!(format!("{}.{:03}", random.below(900), random.below(1_000)));
        }
        line
    });
    json!({
        "canteen_id": canteen_id, "seller_name": "集市", "lines": lines.collect::<Vec<_>>(),
        "purchased_on": format!("2026-0{}-{:02}", random.below(2) + 1, random.below(28) + 1),
    })
}

pub async fn buy_at_random(app: &App, seed: u64) {
    let random = SeededEntropy::new(seed);
    for school in SCHOOLS {
        let trade = Trade::between(app, school, "weining-potato-coop").await;
        for _ in 0..5 {
            let body = purchase(&random, &trade.canteen_id);
            app.post("/declared-purchases", body).by(&trade.buyer).key(&fresh_key()).await.ok();
        }
    }
}

/// Numerator, denominator of amount and of weight, and the lines, by SQL over the lines that fit `condition`.
async fn recomputed(app: &App, condition: &str) -> [i64; 5] {
    let mut found = [0; 5];
    let parts = [
        format!("case when {QUALIFIES} then amount_fen else 0 end"),
        "amount_fen".to_owned(),
        format!("case when {QUALIFIES} then coalesce(weight_gram, 0) else 0 end"),
        "coalesce(weight_gram, 0)".to_owned(),
        "1".to_owned(),
    ];
    for (place, part) in found.iter_mut().zip(parts) {
        let sql = format!("select cast(coalesce(sum({part}), 0) as bigint) from purchase_line where {condition}");
        *place = app.number(&sql).await;
    }
    found
}

fn shown(figures: &Value) -> [i64; 5] {
    let whole = |value: &Value| value.as_str().expect("a decimal").replace('.', "").parse::<i64>().expect("a number");
    let (amount, weight) = (&figures["headline"]["amount"], &figures["headline"]["weight"]);
    [
        whole(&amount["numerator"]),
        whole(&amount["denominator"]),
        whole(&weight["numerator"]),
        whole(&weight["denominator"]),
        figures["lines"].as_i64().expect("lines"),
    ]
}

/// All that lies below a place, in one tree or the other.
fn below(table: &str, code: &str) -> String {
    format!(
        "(with recursive b as (select code from {table} where code = '{code}' union all select c.code from {table} c \
         join b on c.parent_code = b.code) select code from b)"
    )
}

async fn sum_of_parts(app: &App, token: &str, path: &str, by: &str) -> [i64; 5] {
    let view = app.get(&format!("{path}?by={by}")).by(token).await.ok();
    let mut sum = [0; 5];
    for part in view["parts"].as_array().expect("parts") {
        shown(&part["figures"]).iter().zip(&mut sum).for_each(|(part, sum)| *sum += part);
    }
    sum
}

async fn verified(app: &App) -> Vec<String> {
    let found = share::verify(&app.ctx).await.expect("verifies");
    found.differences.iter().map(ToString::to_string).collect()
}

/// Every figure of every breakdown against plain SQL over the lines.
async fn figures_hold(app: &App) {
    let admin = app.login("demo-admin").await;
    let all = recomputed(app, "1 = 1").await;
    assert!(0 < all[0] && all[0] < all[1] && all[4] > 50, "the lines are of all kinds: {all:?}");
    for (table, column, path, codes) in [
        ("reporting_unit", "reporting_unit_code", "/shares/reporting-units", UNITS),
        ("division", "county_code", "/shares/divisions", DIVISIONS),
    ] {
        let mut seen = 0;
        for code in codes {
            let path = format!("{path}/{code}");
            let expected = recomputed(app, &format!("{column} in {}", below(table, code))).await;
            let view = app.get(&path).by(&admin).await.ok();
            assert_eq!(shown(&view["figures"]), expected, "{path}");
            let mut ways = vec!["child", "month", "category", "child_month", "child_category"];
            if ["520000", "520500"].contains(&code) && table == "division" {
                ways.extend(["child&level=county", "child_month&level=county", "child_category&level=county"]);
            }
            for by in ways {
                assert_eq!(sum_of_parts(app, &admin, &path, by).await, expected, "{path} by {by}");
            }
            seen += i32::from(expected[4] > 0);
        }
        assert!(seen >= 5, "most of the places bought something");
    }
    for school in SCHOOLS {
        let trade = Trade::between(app, school, "weining-potato-coop").await;
        let id = trade.school_id.replace('-', "");
        let id = if app.ctx.store.backend() == DbBackend::Postgres { format!("'{id}'") } else { format!("x'{id}'") };
        for days in [("2026-01-01", "2026-12-31"), ("2026-01-07", "2026-02-11")] {
            let condition = format!("school_id = {id} and purchased_on between '{}' and '{}'", days.0, days.1);
            let path = format!("/shares/schools/{}?from={}&to={}", trade.school_id, days.0, days.1);
            let view = app.get(&path).by(&trade.buyer).await.ok();
            assert_eq!(shown(&view["figures"]), recomputed(app, &condition).await, "{path}");
            let by_class: i64 =
                view["classes"].as_array().expect("classes").iter().filter_map(|one| one["lines"].as_i64()).sum();
            assert_eq!(view["figures"]["lines"], by_class, "{path}");
            for by in ["month", "category", "supplier", "supplier_kind"] {
                let parts = app.get(&format!("{path}&by={by}")).by(&admin).await.ok();
                let mut sum = [0; 5];
                for part in parts["parts"].as_array().expect("parts") {
                    shown(&part["figures"]).iter().zip(&mut sum).for_each(|(part, sum)| *sum += part);
                }
                assert_eq!(sum, shown(&view["figures"]), "{path} by {by}");
            }
        }
    }
    assert_eq!(verified(app).await, Vec::<String>::new());
}

on_both! {
    async fn every_figure_is_what_its_lines_add_up_to(app: &App) {
        buy_at_random(app, 2_026).await;
        let waiting = app.number("select count(*) from total_change").await;
        assert!(waiting > 50, "nothing is folded while nobody folds: {waiting}");
        figures_hold(app).await;
        // Two replicas share the work; whoever meets what the other has taken leaves it.
        let other = app.second_replica().await;
        let (one, two) = tokio::join!(ledger::fold(&app.ctx), ledger::fold(&other.ctx));
        let folded = one.expect("folds") + two.expect("folds") + ledger::fold(&app.ctx).await.expect("folds");
        assert_eq!(i64::try_from(folded), Ok(waiting));
        assert_eq!(app.number("select count(*) from total_change").await, 0);
        app.wait_millis(2_000);
        figures_hold(app).await;
        // Some folded, some not.
        buy_at_random(app, 2_027).await;
        app.wait_millis(2_000);
        figures_hold(app).await;
        assert!(ledger::fold(&other.ctx).await.expect("folds") > 0);
        assert_eq!(ledger::fold(&app.ctx).await.expect("folds"), 0);
        // A class more, of which one line and nothing else is known.
        let more = if app.ctx.store.backend() == DbBackend::Postgres {
            "sums || int4send(999) || int8send(1) || int8send(0) || int8send(0) || int8send(0) || int8send(1)"
        } else {
            "unhex(hex(sums) || printf('%08x%016x%016x%016x%016x%016x', 999, 1, 0, 0, 0, 1))"
        };
        app.execute(&format!("update area_class_sums set sums = {more} where county_code = '520526' and span % 100 > 30"))
            .await;
        let named = verified(app).await;
        let told = |one: &String| one.starts_with("area_class_sums 2026") && one.contains("520526");
        assert!(!named.is_empty() && named.iter().all(told), "{named:?}");
        assert!(named.iter().all(|one| one.ends_with("stored class 999 1/0/0/0/1, recomputed nothing")), "{named:?}");
    }

    async fn a_province_is_told_apart_by_county_and_category(app: &App) {
        buy_at_random(app, 2_028).await;
        ledger::fold(&app.ctx).await.expect("folds");
        // Some folded, some not.
        buy_at_random(app, 2_029).await;
        let admin = app.login("demo-admin").await;
        let path = "/shares/divisions/520000?by=child_category&level=county&from=2026-01-01&to=2026-02-28&before=true";
        let view = app.get(path).by(&admin).await.ok();
        let parts = view["parts"].as_array().expect("parts");
        let mut told = Vec::new();
        for part in parts.iter().filter(|part| !part["category"].is_null()) {
            let (county, category) = (part["key"].as_str().expect("a code"), &part["category"]);
            let code = category["code"].as_str().expect("a code");
            let lines = format!("county_code = '{county}' and category_code = '{code}' and month between 202601 and 202602");
            assert_eq!(shown(&part["figures"]), recomputed(app, &lines).await, "{county} {code}");
            assert!(category["name"] != "" && category["name_en"] != "", "{category}");
            assert!(part["coverage"]["should_report"].is_i64() && part["before"].is_object(), "{part}");
            told.push(format!("{county} {code}"));
        }
        let there = "select distinct county_code || ' ' || category_code from purchase_line \
                     where month between 202601 and 202602 order by 1";
        assert_eq!(told, app.texts(there).await);
        // Counties without purchases are shown all the same.
        let counties = app.number("select count(*) from division where level = 'county' and valid_to is null").await;
        let mut keys: Vec<&str> = parts.iter().filter_map(|part| part["key"].as_str()).collect();
        keys.dedup();
        assert_eq!(i64::try_from(keys.len()), Ok(counties));
        // A county has none below; a unit is no division.
        let refused = app.get("/shares/divisions/520526?by=child&level=county").by(&admin).await;
        refused.points_at("?level", "no_counties_below");
        let refused = app.get("/shares/reporting-units/520000?level=county").by(&admin).await;
        refused.points_at("?level", "unknown_parameter");
    }

    async fn any_tree_adds_up(app: &App) {
        let random = SeededEntropy::new(17);
        let any = |units: &[String]| units[usize::try_from(random.below(units.len() as u64)).expect("small")].clone();
        // New units below old and new ones, and schools that report to any of them from the beginning.
        let mut units = ["520000", "520500", "GZ-PROV"].map(str::to_owned).to_vec();
        for n in 0..30 {
            let (code, parent) = (format!("R-{n}"), any(&units));
            app.execute(&format!(
                "insert into reporting_unit (code, name, kind, parent_code) \
                 values ('{code}', '{code}', 'county_bureau', '{parent}')"
            ))
            .await;
            units.push(code);
        }
        for school in SCHOOLS {
            let (code, unit) = (if school == "yunong" { "demo-yunong" } else { school }, any(&units));
            for table in ["school", "school_affiliation"] {
                let id = if table == "school" { "id" } else { "school_id" };
                let of = format!("where {id} = (select id from school where code = '{code}')");
                app.execute(&format!("update {table} set reporting_unit_code = '{unit}' {of}")).await;
            }
        }
        buy_at_random(app, 2_026).await;
        let admin = app.login("demo-admin").await;
        let mut bought = 0;
        for code in &units {
            let path = format!("/shares/reporting-units/{code}");
            let expected = recomputed(app, &format!("reporting_unit_code in {}", below("reporting_unit", code))).await;
            let view = app.get(&format!("{path}?by=child")).by(&admin).await.ok();
            assert_eq!(shown(&view["figures"]), expected, "{path}");
            for by in ["child", "child_month", "child_category", "month", "category"] {
                assert_eq!(sum_of_parts(app, &admin, &path, by).await, expected, "{path} by {by}");
            }
            let parts = view["parts"].as_array().expect("parts").iter();
            let should: i64 = parts.map(|part| part["coverage"]["should_report"].as_i64().expect("a count")).sum();
            assert_eq!(view["coverage"]["should_report"], should, "{path}");
            bought += i64::from(expected[4] > 0);
        }
        assert!(bought > 5, "several units bought something");
    }

    async fn nothing_bought_is_undefined_and_just_below_half_is_not_half(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let share = async || {
            let view = app.get(&format!("/shares/schools/{}", trade.school_id)).by(&trade.buyer).await.ok();
            let headline = &view["figures"]["headline"];
            (headline["amount"]["percent"].clone(), headline["meets_target"].clone(), headline["still_needed"].clone())
        };
        assert_eq!(share().await, (Value::Null, Value::Null, Value::Null));
        let buy = async |amount: &str, proven: bool| {
            let mut line = json!({"category_code": "VEGETABLE", "amount": amount, "origin_division_code": "520526"});
            if proven {
                line["documents"] = json!([{
                    "kind": "commitment_certificate", "number": "N", "issued_on": "2026-01-01", "issuer": "I",
                    "origin_division_code": "520526",
                }]);
            }
            let body = json!({
                "canteen_id": trade.canteen_id, "purchased_on": "2026-03-01", "seller_name": "集市", "lines": [line],
            });
            app.post("/declared-purchases", body).by(&trade.buyer).key(&fresh_key()).await.ok();
        };
        // 12499 of 25000 fen are 49.996 %: never shown as 50 (S8).
        buy("125.01", false).await;
        assert_eq!(share().await, (json!("0.00"), json!(false), json!("125.01")));
        buy("124.99", true).await;
        assert_eq!(share().await, (json!("49.99"), json!(false), json!("0.02")));
        buy("0.02", true).await;
        assert_eq!(share().await, (json!("50.00"), json!(true), json!("0.00")));
    }

    async fn the_outlook_follows_the_last_four_weeks(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let buy = async |day: &str, amount: &str, proven: bool| {
            let mut line = json!({"category_code": "VEGETABLE", "amount": amount, "origin_division_code": "520526"});
            if proven {
                line["documents"] = json!([{
                    "kind": "commitment_certificate", "number": "N", "issued_on": "2026-01-01", "issuer": "I",
                    "origin_division_code": "520526",
                }]);
            }
            let body = json!({
                "canteen_id": trade.canteen_id, "purchased_on": day, "seller_name": "集市", "lines": [line],
            });
            app.post("/declared-purchases", body).by(&trade.buyer).key(&fresh_key()).await.ok();
        };
        // 1000 yuan in January, none of it counts; since the second of February 100 a week, half of it counts.
        buy("2026-01-10", "1000.00", false).await;
        for day in ["2026-02-05", "2026-02-12", "2026-02-19", "2026-02-26"] {
            buy(day, "50.00", true).await;
            buy(day, "50.00", false).await;
        }
        let path = format!("/shares/schools/{}?from=2026-01-01", trade.school_id);
        // The second of March is a Monday: with the week of the seventeenth of May eleven weeks are left.
        let view = app.get(&format!("{path}&to=2026-05-17&outlook=true")).by(&trade.buyer).await.ok();
        let outlook = &view["outlook"];
        assert_eq!((&outlook["weeks_left"], &outlook["bought_per_week"], &outlook["counted_per_week"]), (&json!(11), &json!("100.00"), &json!("50.00")));
        // 200 of 1400 so far, 750 of 2500 in the end; for half of them 1050 more in eleven weeks.
        assert_eq!((&outlook["projected"], &outlook["needed_per_week"]), (&json!("30.00"), &json!("95.46")));
        for over in ["&to=2026-03-01&outlook=true", "&to=2026-05-17"] {
            assert!(app.get(&format!("{path}{over}")).by(&trade.buyer).await.ok()["outlook"].is_null(), "{over}");
        }
        let found = share::back_test(
            &app.ctx,
            (chrono::NaiveDate::from_ymd_opt(2026, 1, 1).expect("a day"), chrono::NaiveDate::from_ymd_opt(2026, 2, 28).expect("a day")),
            chrono::NaiveDate::from_ymd_opt(2026, 2, 15).expect("a day"),
        );
        // Seen on the fifteenth: 100 of 1200, then half of 50 a week for two weeks: 150 of 1300. It came to 200 of 1400.
        let found = found.await.expect("looks");
        assert_eq!((found.schools, found.half_within_bp), (1, 1_428 - 1_153));
    }

    async fn a_later_change_of_lists_and_households_moves_nothing(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        let path = format!("/shares/schools/{}", trade.school_id);
        trade.bought(&[("potato", "20", "jin")]).await;
        let before = app.get(&path).by(&trade.buyer).await.ok();
        app.execute("update county_list_member set valid_to = '2026-03-01'").await;
        app.execute("update household_status set to_on = '2026-03-01'").await;
        app.wait_millis(1_000);
        assert_eq!(app.get(&path).by(&trade.buyer).await.ok(), before, "the facts of that day stand (S3)");
        assert_eq!(verified(app).await, Vec::<String>::new());
        trade.bought(&[("potato", "20", "jin")]).await;
        let after = app.get(&path).by(&trade.buyer).await.ok();
        let fifty = after["figures"]["headline"]["amount"]["percent"].clone();
        assert_eq!(fifty, "50.00", "what is bought after the change no longer counts");
    }

    async fn a_total_that_was_changed_is_named(app: &App) {
        let trade = Trade::between(app, "yunong", "weining-potato-coop").await;
        trade.bought(&[("potato", "20", "jin"), ("radish", "2", "jin")]).await;
        assert_eq!(verified(app).await, Vec::<String>::new());
        app.execute("update school_month_total set weight_gram = weight_gram + 1").await;
        let found = verified(app).await;
        assert!(!found.is_empty() && found.iter().all(|one| one.contains("520526")), "{found:?}");
        app.execute("update school_month_total set weight_gram = weight_gram - 1").await;
        assert_eq!(verified(app).await, Vec::<String>::new());
        let planted = "insert into school_month_total select '520123', school_id, 202602, reporting_unit_code, category_code, \
            channel, class, 5, 0, 0, 0, 1 from school_month_total limit 1";
        app.execute(planted).await;
        assert!(verified(app).await[0].starts_with("total 520123"), "{:?}", verified(app).await);
        app.execute("delete from school_month_total").await;
        assert!(!verified(app).await.is_empty(), "lines without totals");
    }
}
