//! The office's lists: compared, shown as a difference, applied once; what is no household goes to the work list.

use crate::support::{
    app::{App, on_both},
    call::Call,
    people::At,
    process,
    server::run,
    trade::{fresh_key, id},
};
use entity::membership::Role;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The head of a household of Nayong.
const OTHER_COUNTY: &str = "520000190001010182";
const HEADER: &str = "code,name,id_number,division_code,status,from_on,proof_number\n";

/// A number whose check digit fits, of somebody born on 1900-01-01.
fn number(n: u32) -> String {
    born("19000101", n)
}

fn born(day: &str, n: u32) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let body = format!("520000{day}{n:03}");
    let sum: u32 = body.chars().zip(WEIGHTS).filter_map(|(digit, weight)| Some(digit.to_digit(10)? * weight)).sum();
    let last = "10X98765432".chars().nth((sum % 11) as usize).expect("a digit");
    format!("{body}{last}")
}

async fn manager(app: &App) -> String {
    app.member("weining-keeper", Role::AuthorityManager, At::Unit("520526")).await;
    app.login("weining-keeper").await
}

fn send(app: &App, token: &str, query: &str, rows: &str) -> Call {
    let path = format!("/api/v1/household-lists?kind=registration&county=520526&listed_on=2026-03-01{query}");
    app.call("POST", &path).text("text/csv", &format!("{HEADER}{rows}")).by(token).key(&fresh_key())
}

/// The six households of Weining as they are.
fn as_it_is() -> Vec<String> {
    vec![
        "h-520526-01,王某,520000190001010019,520526109,lifted,2021-01-01,FPSC-1\n".to_owned(),
        "h-520526-02,李某,520000190001010027,520526105,lifted,2021-01-01,FPSC-2\n".to_owned(),
        "h-520526-03,杨某,,520526107,脱贫户,2021-01-01,\n".to_owned(),
        "h-520526-04,罗某,520000190001010043,520526124,lifted,,FPSC-4\n".to_owned(),
        "h-520526-05,陈某,520000190001010051,520526128,lifted,2021-01-01,FPSC-5\n".to_owned(),
        "h-520526-06,刘某,52000019000101006X,520526105,lifted,2021-01-01,FPSC-6\n".to_owned(),
    ]
}

async fn rows(app: &App, token: &str, list: &Value, outcome: &str) -> Vec<Value> {
    let page = app.get(&format!("/household-lists/{}/rows?outcome={outcome}&limit=200", id(list))).by(token).await.ok();
    page["items"].as_array().expect("items").clone()
}

/// The register and the work list, without the lists themselves.
async fn register(app: &App) -> BTreeMap<String, (usize, u64)> {
    let mut all = app.snapshot().await;
    all.retain(|table, _| {
        ["household", "household_status", "household_discrepancy", "purchase_line"].contains(&table.as_str())
    });
    assert_eq!(all.len(), 4);
    all
}

on_both! {
    async fn a_list_is_compared_applied_and_brings_nothing_a_second_time(app: &App) {
        let officer = app.login("demo-weining").await;
        let manager = manager(app).await;
        let before = register(app).await;
        let mut list = as_it_is();
        list[1] = "h-520526-02,李大,520000190001010027,520526105,lifted,2021-01-01,FPSC-2\n".into();
        list[2] = "h-520526-03,杨某,,520526105,脱贫户,2021-01-01,\n".into();
        list[5] = format!("h-new-1,张某,{},520526109,lifted,2025-06-01,FPSC-77\n", number(900));
        let list = list.concat();
        let sent = send(app, &officer, "", &list).await;
        assert_eq!(sent.status, 201, "{}", sent.text());
        let compared = sent.ok();
        let expected = json!({"new": 1, "changed": 2, "ended": 1, "unknown": 0, "duplicate": 0, "same": 3});
        assert_eq!(compared["difference"], expected);
        assert_eq!((&compared["state"], &compared["holders"], &compared["shrinks"]), (&json!("ready"), &json!(6), &json!(true)));
        assert_eq!(register(app).await, before, "nothing changes before it is applied");
        let new = rows(app, &officer, &compared, "new").await;
        assert_eq!((&new[0]["name"], &new[0]["from_on"], &new[0]["line"]), (&json!("张*"), &json!("2025-06-01"), &json!(7)));
        assert_eq!(new[0]["id_number"], format!("520000********{}", &number(900)[14..]));
        let changed = rows(app, &officer, &compared, "changed").await;
        assert_eq!((&changed[0]["changes"], &changed[1]["changes"]), (&json!(["name"]), &json!(["place"])));
        let ended = rows(app, &officer, &compared, "ended").await;
        assert_eq!((&ended[0]["code"], &ended[0]["ends_on"]), (&json!("h-520526-06"), &json!("2026-02-28")));
        assert!(!app.dump().await.contains(&number(900)), "sealed at rest");

        // One of six is more than a tenth: a manager must allow it, and say why.
        let apply = |body: Value| app.post(&format!("/household-lists/{}/apply", id(&compared)), body);
        let allowed = json!({"allow_shrink": true, "reason": "核查后清退一户"});
        apply(json!({})).by(&officer).await.refused(409, "list_shrinks");
        apply(json!({})).by(&manager).await.refused(409, "list_shrinks");
        apply(json!({"allow_shrink": true})).by(&manager).await.points_at("/reason", "required");
        apply(allowed.clone()).by(&officer).await.refused(403, "manager_needed");
        assert_eq!(register(app).await, before);
        let applied = apply(allowed.clone()).by(&manager).await.ok();
        assert_eq!((&applied["state"], &applied["shrink_reason"]), (&json!("applied"), &json!("核查后清退一户")));
        apply(allowed.clone()).by(&manager).await.refused(409, "list_not_ready");

        let page = app.get("/households?county=520526&limit=200").by(&officer).await.ok();
        let shown: Vec<String> = page["items"].as_array().expect("items").iter()
            .map(|one| format!("{} {} {} {}", one["code"], one["name"], one["division_code"], one["statuses"]).replace('"', ""))
            .collect();
        for expected in [
            "h-520526-01 王* 520526109 [lifted]",
            "h-520526-02 李* 520526105 [lifted]",
            "h-520526-03 杨* 520526105 [lifted,risk_cleared]",
            "h-520526-06 刘* 520526105 []",
            "h-new-1 张* 520526109 [lifted]",
        ] {
            assert!(shown.iter().any(|one| one == expected), "{expected} in {shown:?}");
        }
        assert_eq!(app.number("select count(*) from household where code = 'h-520526-02' and name = '李大' and version = 2").await, 1);
        // The number opens where it has come to stand, and is found.
        let found = app.post("/households/search", json!({"id_number": number(900)})).by(&officer).await.ok();
        assert_eq!(found["items"][0]["code"], "h-new-1");
        let clear = json!({"fields": ["id_number"], "reason": "核对名单新增农户"});
        let clear = app.post(&format!("/households/{}/reveal", id(&found["items"][0])), clear).by(&manager).await.ok();
        assert_eq!(clear["id_number"], number(900));

        let after = register(app).await;
        let again = send(app, &officer, "&dry_run=false", &list).await.ok();
        let expected = json!({"new": 0, "changed": 0, "ended": 0, "unknown": 0, "duplicate": 0, "same": 6});
        assert_eq!((&again["difference"], &again["state"]), (&expected, &json!("applied")));
        assert_eq!(register(app).await, after, "nothing to do");
        let lists = app.get("/household-lists?county=520526").by(&officer).await.ok();
        assert_eq!(lists["items"].as_array().map(Vec::len), Some(2));
        assert_eq!(app.number("select count(*) from audit_entry where action = 'household_list.apply'").await, 2);
    }

    async fn what_is_no_household_goes_to_the_work_list(app: &App) {
        let officer = app.login("demo-weining").await;
        let before = register(app).await;
        let mut list = as_it_is();
        list[3] = "h-other,罗某,520000190001010043,520526124,lifted,,\n".into();
        list[4] = format!("h-520526-05,陈某,{},520526128,lifted,2021-01-01,\n", number(901));
        list.push("h-520526-01,王二,,520526109,lifted,,\n".to_owned());
        list.push("h-again,王某,52000019000101 0019,520526109,lifted,,\n".to_owned());
        list.push(format!("h-far,远某,{OTHER_COUNTY},520526109,lifted,,\n"));
        list.push("h-x,错某,520000190001010018,520526109,lifted,,\n".to_owned());
        list.push(format!("h-x2,未某,{},520526109,lifted,,\n", born("20300101", 1)));
        list.push(format!("h-x3,小某,{},520526109,lifted,,\n", born("20150101", 1)));
        list.push("h-x4,短某,5200001900,520526109,lifted,,\n".to_owned());
        list.push("h-none,无某,,520526109,lifted,,\n".to_owned());
        list.push(format!(",有某,{},520526109,lifted,,\n", number(902)));
        list.push(format!("h-p,外某,{},520525,lifted,,\n", number(903)));
        list.push(format!("h-s,甲某,{},520526109,unstable_lifted,,\n", number(904)));
        list.push(format!("h-d,乙某,{},520526109,lifted,2026-3-1,\n", number(905)));
        list.push(format!("h-t,丙某,{},520526109,lifted,2020-06-01,\n", number(906)));
        list.push(format!("h-u,丁\u{200b}某,{},520526109,lifted,,\n", number(907)));
        let list = list.concat();
        let compared = send(app, &officer, "", &list).await.ok();
        let expected = json!({"new": 0, "changed": 0, "ended": 0, "unknown": 12, "duplicate": 4, "same": 4});
        assert_eq!(compared["difference"], expected, "who is named does not end");
        let mut reasons = Vec::new();
        for outcome in ["unknown", "duplicate"] {
            let found = rows(app, &officer, &compared, outcome).await;
            reasons.extend(found.iter().map(|row| format!("{} {}", row["line"], row["reason"].as_str().expect("a reason"))));
        }
        assert_eq!(reasons, [
            "6 code_of_another", "11 id_checksum", "12 id_date", "13 id_child", "14 id_malformed", "15 id_missing",
            "16 certificate_missing", "17 place_elsewhere", "18 status_malformed", "19 date_malformed",
            "20 status_period", "21 text_malformed", "5 other_code", "8 code_twice", "9 twice_in_list", "10 other_county",
        ]);
        app.post(&format!("/household-lists/{}/apply", id(&compared)), json!({})).by(&officer).await.ok();
        let after = register(app).await;
        assert_eq!((after["household"], after["household_status"]), (before["household"], before["household_status"]));
        let work = app.get("/household-discrepancies?limit=200").by(&officer).await.ok();
        let items = work["items"].as_array().expect("items");
        let kinds: Vec<String> = items.iter().map(|one| format!("{} {}", one["line"], one["kind"].as_str().expect("a kind"))).collect();
        for expected in [
            "5 duplicate_person", "6 certificate_without_person", "8 certificate_without_person", "9 duplicate_person",
            "10 duplicate_person", "11 invalid_id", "12 invalid_id", "13 invalid_id", "14 invalid_id",
            "15 certificate_without_person", "16 person_without_certificate",
        ] {
            assert!(kinds.iter().any(|one| one == expected), "{expected} in {kinds:?}");
        }
        assert_eq!(items.len(), 11, "faults of the file alone are nobody's case");
        let far = items.iter().find(|one| one["line"] == 10).expect("the other county's");
        assert_eq!((&far["household_id"], &far["name"]), (&Value::Null, &json!("远*")));
        let dump = app.dump().await;
        for clear in [number(901), number(902), born("20150101", 1), "520000190001010018".to_owned()] {
            assert!(!dump.contains(&clear), "{clear} stands in the database");
        }

        // The same list again: the same work, once.
        send(app, &officer, "&dry_run=false", &list).await.ok();
        assert_eq!(register(app).await, after);

        let one = &items[0];
        let path = format!("/household-discrepancies/{}/resolve", id(one));
        app.post(&path, json!({"note": ""})).by(&officer).await.points_at("/note", "required");
        app.post(&path, json!({"note": "打 19912345678 核实"})).by(&officer).await.points_at("/note", "number_in_reason");
        let bijie = app.login("demo-bijie").await;
        app.post(&path, json!({"note": "好"})).by(&bijie).await.refused(404, "not_found");
        let auditor = app.login("demo-auditor").await;
        app.post(&path, json!({"note": "好"})).by(&auditor).await.refused(403, "forbidden");
        assert_eq!(app.get("/household-discrepancies").by(&bijie).await.ok()["items"], json!([]));
        let note = json!({"note": "已核对户口本，编号录错"});
        app.post(&path, note.clone()).by(&officer).header("if-match", "\"2\"").await.refused(412, "stale_version");
        let settled = app.post(&path, note.clone()).by(&officer).header("if-match", "\"1\"").await.ok();
        assert_eq!((&settled["version"], &settled["note"]), (&json!(2), &note["note"]));
        app.post(&path, note).by(&officer).await.refused(409, "discrepancy_resolved");
        let open = app.get("/household-discrepancies?limit=200").by(&officer).await.ok();
        let all = app.get("/household-discrepancies?limit=200&resolved=true").by(&officer).await.ok();
        assert_eq!((open["items"].as_array().map(Vec::len), all["items"].as_array().map(Vec::len)), (Some(10), Some(11)));
    }

    async fn a_list_that_would_empty_the_register_is_refused(app: &App) {
        let officer = app.login("demo-weining").await;
        let before = register(app).await;
        let alone = format!("h-new-1,张某,{},520526109,lifted,,\n", number(900));
        let refused = send(app, &officer, "&dry_run=false", &alone).await;
        refused.refused(409, "list_shrinks");
        assert!(refused.text().contains("10.00 %"), "{}", refused.text());
        assert_eq!(register(app).await, before);
        let patient = app.replica(|settings| settings.list_shrink_bp = 10_000).await;
        send(&patient, &officer, "&dry_run=false", &alone).await.ok();
        patient.ctx.store.close().await;
        assert_eq!(app.number("select count(*) from household_status where to_on = '2026-02-28'").await, 6);
    }

    async fn a_list_is_applied_to_the_register_it_was_compared_with(app: &App) {
        let officer = app.login("demo-weining").await;
        let mut list = as_it_is();
        list.push(format!("h-new-1,张某,{},520526109,lifted,,\n", number(900)));
        let list = list.concat();
        let apply = |list: &Value| app.post(&format!("/household-lists/{}/apply", id(list)), json!({})).by(&officer);
        let first = send(app, &officer, "", &list).await.ok();
        let home = app.get("/households?code=h-520526-01").by(&officer).await.ok()["items"][0].clone();
        app.patch(&format!("/households/{}", id(&home)), json!({"name": "汪某"})).by(&officer).await.ok();
        let before = register(app).await;
        apply(&first).await.refused(409, "register_moved");
        assert_eq!(register(app).await, before);
        // Another county may take the same certificate meanwhile: no version of ours tells.
        let second = send(app, &officer, "", &list).await.ok();
        assert_eq!(second["difference"]["changed"], 1);
        app.execute("insert into household (id, code, name, division_code, county_code, version)
             select id, 'h-new-1', '别某', '520525', '520525', 1 from household_list limit 1").await;
        let before = register(app).await;
        apply(&second).await.refused(409, "register_moved");
        assert_eq!(register(app).await, before);
        app.execute("delete from household where code = 'h-new-1'").await;
        let (one, two) = tokio::join!(apply(&second), apply(&second));
        let mut answered = [one.status, two.status];
        answered.sort_unstable();
        assert_eq!(answered, [200, 409], "it is applied once");
        assert_eq!(app.number("select count(*) from household where code = 'h-new-1'").await, 1);
    }

    async fn a_status_changes_with_the_list_and_the_one_before_ends(app: &App) {
        let officer = app.login("demo-weining").await;
        let list = |rows: &str| {
            let path = "/api/v1/household-lists?kind=monitoring&county=520526&listed_on=2026-03-01&dry_run=false";
            app.call("POST", path).text("text/csv", &format!("{HEADER}{rows}")).by(&officer)
        };
        let rows = "h-520526-01,王某,520000190001010019,520526109,边缘易致贫户,2026-01-15,JC-1\n\
                    h-520526-03,杨某,520000190001010035,520526107,突发严重困难户,2026-02-01,JC-3\n";
        let applied = list(rows).await.ok();
        assert_eq!((&applied["difference"]["changed"], &applied["difference"]["ended"]), (&json!(2), &json!(0)));
        let of = "select s.status || ' ' || s.from_on || ' ' || coalesce(cast(s.to_on as text), '-') from household_status s
            join household h on h.id = s.household_id
            where s.history = 'monitoring' and h.county_code = '520526' order by h.code, s.from_on";
        let expected = [
            "marginal_at_risk 2026-01-15 -", "unstable_lifted 2022-03-01 2023-11-30", "risk_cleared 2023-12-01 2026-01-31",
            "sudden_hardship 2026-02-01 -",
        ];
        assert_eq!(app.texts(of).await, expected);
        // Earlier than what stands: the register is not rewritten.
        let odd = list("h-520526-01,王某,520000190001010019,520526109,sudden_hardship,2026-01-15,JC-1\n\
                        h-520526-03,杨某,520000190001010035,520526107,突发严重困难户,,JC-3\n").await.ok();
        assert_eq!((&odd["difference"]["unknown"], &odd["difference"]["same"]), (&json!(1), &json!(1)));
        let told = self::rows(app, &officer, &odd, "unknown").await;
        assert_eq!(told[0]["reason"], "period_overlaps");
        assert_eq!(app.texts(of).await, expected);
    }

    async fn the_owner_of_the_machine_brings_a_list(app: &App) {
        let file = process::scratch_dir().join(format!("list-{}.csv", fresh_key()));
        let command = |more: &[&str]| {
            let file = file.display().to_string();
            let of = ["import", "household-list", &file, "--history", "registration", "--county", "520526"];
            run(app.database_url(), &[of.as_slice(), &["--listed-on", "2026-03-01"], more].concat(), &[])
        };
        let alone = format!("h-new-1,张某,{},520526109,lifted,,\n", number(900));
        std::fs::write(&file, format!("{HEADER}{}{alone}", as_it_is().concat())).expect("the file is written");
        let before = register(app).await;
        let (done, told) = command(&["--dry-run"]);
        assert!(done && told.contains("7 rows: 1 new, 0 changed, 0 ended") && told.contains("nothing was changed"), "{told}");
        assert_eq!(register(app).await, before);
        let (done, told) = command(&[]);
        assert!(done && told.contains("applied"), "{told}");
        assert_eq!(app.number("select count(*) from household where code = 'h-new-1'").await, 1);
        std::fs::write(&file, format!("{HEADER}{alone}")).expect("the file is written");
        let (done, told) = command(&[]);
        assert!(!done && told.contains("6 of 7 households") && !told.contains(&number(900)), "{told}");
        let (done, told) = command(&["--allow-shrink", "核查后全部清退"]);
        assert!(done && told.contains("6 ended"), "{told}");
        std::fs::write(&file, "code,name\n").expect("the file is written");
        let (done, told) = command(&[]);
        assert!(!done && told.contains("/rows/1"), "{told}");
        let nobody = "select count(*) from audit_entry where action = 'household_list.apply' and account_id is null";
        assert_eq!(app.number(nobody).await, 2);
    }

    async fn files_and_callers_that_will_not_do(app: &App) {
        let officer = app.login("demo-weining").await;
        let before = app.snapshot().await;
        let path = "/api/v1/household-lists?kind=registration&county=520526&listed_on=2026-03-01";
        let file = |kind: &str, text: &str| app.call("POST", path).text(kind, text).by(&officer);
        file("text/plain", HEADER).await.refused(415, "unsupported_media_type");
        file("text/csv", HEADER).await.points_at("/rows", "no_rows");
        file("text/csv", "code,name\na,b\n").await.points_at("/rows/1", "header_wrong");
        file("text/csv", &format!("{HEADER}a,b\n")).await.points_at("/rows/2", "row_unreadable");
        for (query, pointer, code) in [
            ("kind=registration&county=520525&listed_on=2026-03-01", "?county", "county_unknown"),
            ("kind=registration&county=520526109&listed_on=2026-03-01", "?county", "county_unknown"),
            ("kind=registration&county=999999&listed_on=2026-03-01", "?county", "county_unknown"),
            ("kind=registration&county=520526&listed_on=2026-03-03", "?listed_on", "date_in_future"),
            ("kind=both&county=520526&listed_on=2026-03-01", "?kind", "parameter_malformed"),
            ("kind=registration&county=520526", "?listed_on", "required"),
        ] {
            let call = app.call("POST", &format!("/api/v1/household-lists?{query}"));
            let answer = call.text("text/csv", &format!("{HEADER}{}", as_it_is().concat())).by(&officer).await;
            assert_eq!(answer.status, 400, "{}", answer.text());
            answer.points_at(pointer, code);
        }
        for who in ["demo-auditor", "yunong", "weining-potato-coop"] {
            let token = app.login(who).await;
            send(app, &token, "", &as_it_is().concat()).await.refused(403, "forbidden");
        }
        assert_eq!(app.snapshot().await, before);
        // A repeated request is answered with the first answer.
        let once = send(app, &officer, "", &as_it_is().concat()).key("list-1").await.ok();
        let again = send(app, &officer, "", &as_it_is().concat()).key("list-1").await;
        assert_eq!((again.ok(), again.header("idempotency-replayed")), (once, "true"));
    }
}
