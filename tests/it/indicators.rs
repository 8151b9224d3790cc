//! Indicators as data: drafts tried on what was bought, versions that begin and end, schools that are measured.

use crate::{
    share::buy_at_random,
    support::{
        app::{App, on_both},
        people::At,
    },
};
use entity::membership::Role;
use serde_json::{Value, json};

/// Grown in a listed county and proven, said from the frozen facts (S5 a, S6).
const LISTED: &str =
    "evidence is not null and (origin_lists like '%poverty_county%' or origin_lists like '%key_county%')";

fn draft(measure: &Value, unit: &str) -> Value {
    json!({ "measure": measure, "from": "2026-01-01", "to": "2026-02-28", "place": unit })
}

fn version(code: &str, from: &str, change: &Value) -> Value {
    let mut body = json!({
        "code": code, "name_zh": "指标", "name_en": "Indicator", "source": "通知",
        "measure": {"rule": "listed", "basis": "amount", "target": "30.00"}, "valid_from": from,
    });
    for (name, value) in change.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

/// Qualifying and all amounts, in fen.
fn amounts(reading: &Value) -> [i64; 2] {
    ["numerator", "denominator"].map(|side| {
        let shown = reading["amount"][side].as_str().expect("a decimal");
        shown.replace('.', "").parse().expect("a number")
    })
}

async fn recomputed(app: &App, condition: &str) -> [i64; 2] {
    let mut found = [0; 2];
    for (place, part) in found.iter_mut().zip([LISTED, "1 = 1"]) {
        let sql = format!(
            "select cast(coalesce(sum(case when {part} then amount_fen else 0 end), 0) as bigint) from purchase_line \
             where month between 202601 and 202602 and {condition}"
        );
        *place = app.number(&sql).await;
    }
    found
}

on_both! {
    async fn a_draft_shows_what_it_would_have_shown(app: &App) {
        buy_at_random(app, 2_026).await;
        let admin = app.login("demo-admin").await;
        let before = app.snapshot().await;
        let primary = "school_id in (select id from school where stage = 'primary')";
        let rural = "school_id in (select id from school where stage = 'primary' and rural)";
        let bijie = "county_code in (select code from division where parent_code = '520500')";
        let mut seen = 0;
        for (more, condition) in [
            (json!({}), "1 = 1".to_owned()),
            (json!({"stages": ["primary"]}), primary.to_owned()),
            (json!({"stages": ["primary"], "rural_only": true}), rural.to_owned()),
            (json!({"scope_division_code": "520500"}), bijie.to_owned()),
            (json!({"scope_unit_code": "520500"}), "reporting_unit_code in ('520500', '520502', '520525')".to_owned()),
            (json!({"scope_division_code": "520500", "stages": ["primary"]}), format!("{bijie} and {primary}")),
        ] {
            let mut measure = json!({"rule": "listed", "basis": "amount", "target": "30.00"});
            more.as_object().expect("an object").iter().for_each(|(name, value)| measure[name] = value.clone());
            let expected = recomputed(app, &condition).await;
            for place in ["reporting", "geography"] {
                let mut body = draft(&measure, "520000");
                body["tree"] = json!(place);
                let shown = app.post("/indicators/simulate", body).by(&admin).await.ok();
                assert_eq!(amounts(&shown["draft"]["reading"]), expected, "{more} by {place}");
                let mut parts = [0; 2];
                let listed = shown["draft"]["parts"].as_array().expect("parts");
                for part in listed {
                    amounts(&part["reading"]).iter().zip(&mut parts).for_each(|(one, sum)| *sum += one);
                }
                assert_eq!(parts, expected, "{more} by {place}: the parts");
                let on_target = listed.iter().filter(|part| part["reading"]["meets_target"] == true).count();
                assert_eq!(shown["draft"]["parts_on_target"], on_target);
                // Beside it what held: the headline over everyone.
                let now = app.get("/shares/reporting-units/520000?from=2026-01-01&to=2026-02-28").by(&admin).await.ok();
                assert_eq!(amounts(&shown["current"]["reading"]), amounts(&now["figures"]["headline"]));
                assert_eq!(shown["current"]["coverage"], now["coverage"]);
            }
            seen += i32::from(expected[1] > 0);
        }
        assert!(seen >= 5, "most of the drafts measure something");
        // Classes said one by one are the rule they make up.
        let rule = app.get("/indicators?on=2026-02-28").by(&admin).await.ok();
        let listed = rule.as_array().expect("a list").iter().find(|one| one["code"] == "poverty_share_listed").expect("there");
        let by_class = draft(&json!({"classes": listed["classes"], "basis": "weight"}), "520000");
        let shown = app.post("/indicators/simulate", by_class).by(&admin).await.ok();
        assert_eq!(amounts(&shown["draft"]["reading"]), recomputed(app, "1 = 1").await);
        assert_eq!(shown["draft"]["reading"]["meets_target"], Value::Null, "without a target nothing is met");
        assert_eq!(app.snapshot().await, before, "a simulation stores nothing");
    }

    async fn an_indicator_measures_its_own_schools(app: &App) {
        buy_at_random(app, 2_026).await;
        let admin = app.login("demo-admin").await;
        let path = "/indicators/in_province_share/share?from=2026-01-01&to=2026-02-28&tree=geography&place=520526";
        let shown = app.get(path).by(&admin).await.ok();
        assert_eq!(shown["reading"]["target"], "80.00");
        let measured = "county_code = '520526' and school_id in (select id from school where rural and \
                        stage in ('kindergarten', 'primary', 'junior'))";
        let all = app.number(&format!("select cast(coalesce(sum(amount_fen), 0) as bigint) from purchase_line where {measured}")).await;
        assert!(all > 0);
        assert_eq!(amounts(&shown["reading"])[1], all);
        let schools = app.number("select count(*) from school s where county_code = '520526' and rural and stage in \
                                  ('kindergarten', 'primary', 'junior') and exists (select 1 from canteen c where c.school_id = s.id \
                                  and c.kind in ('own', 'contracted'))").await;
        assert_eq!(shown["coverage"]["should_report"], schools);

        app.member("bijie", Role::AuthorityOfficer, At::Unit("520500")).await;
        let officer = app.login("bijie").await;
        // That county reports to the province itself (S10), so its neighbour is what the officer sees.
        app.get(path).by(&officer).await.refused(404, "not_found");
        let path = &path.replace("520526", "520502");
        app.get(path).by(&officer).await.ok();
        for (other, status, code) in [
            (path.replace("520502", "520102"), 404, "not_found"),
            (path.replace("520502", "999999"), 404, "not_found"),
            (path.replace("tree=geography&place=520502", "place=520000"), 404, "not_found"),
            (path.replace("in_province_share", "nothing"), 404, "not_found"),
            (path.replace("&place=520502", ""), 400, "required"),
            (path.replace("geography", "alphabet"), 400, "parameter_malformed"),
            (path.replace("02-28", "02-27"), 400, "range_not_whole_months"),
            (path.replace("from=2026", "from=2027"), 400, "range_reversed"),
            (path.replace("from=2026", "from=2019"), 400, "range_too_long"),
        ] {
            app.get(&other).by(&officer).await.refused(status, code);
        }
        let elsewhere = draft(&json!({"rule": "listed", "basis": "amount"}), "520100");
        app.post("/indicators/simulate", elsewhere).by(&officer).await.refused(404, "not_found");
    }

    async fn a_draft_that_says_nothing_sound_is_refused(app: &App) {
        let admin = app.login("demo-admin").await;
        let before = app.snapshot().await;
        for (measure, pointer, code) in [
            (json!({"basis": "amount"}), "/measure/rule", "rule_or_classes"),
            (json!({"basis": "amount", "rule": "listed", "classes": [401]}), "/measure/rule", "rule_or_classes"),
            (json!({"basis": "amount", "classes": []}), "/measure/classes", "line_count"),
            (json!({"basis": "amount", "classes": [401, 999]}), "/measure/classes/1", "class_unknown"),
            (json!({"basis": "amount", "classes": [400]}), "/measure/classes/0", "class_without_evidence"),
            (json!({"basis": "amount", "rule": "listed", "target": "50.001"}), "/measure/target", "percent_malformed"),
            (json!({"basis": "amount", "rule": "listed", "target": "101"}), "/measure/target", "percent_malformed"),
            (json!({"basis": "amount", "rule": "listed", "scope_division_code": "999999"}), "/measure/scope_division_code", "division_unknown"),
            (json!({"basis": "amount", "rule": "listed", "scope_unit_code": "x"}), "/measure/scope_unit_code", "unit_unknown"),
        ] {
            let simulated = app.post("/indicators/simulate", draft(&measure, "520000")).by(&admin).await;
            assert_eq!(simulated.refused(422, "invalid")["errors"][0], json!({"pointer": pointer, "code": code, "detail": simulated.json()["errors"][0]["detail"]}));
            let made = app.post("/indicators/versions", version("x", "2026-04-01", &json!({"measure": measure}))).by(&admin).await;
            assert_eq!(made.refused(422, "invalid")["errors"][0]["pointer"], pointer);
        }
        let open = json!({"measure": {"rule": "listed", "basis": "amount"}, "from": "2026-03-01", "to": "2026-03-31", "place": "520000"});
        let refused = app.post("/indicators/simulate", open).by(&admin).await.refused(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "period_not_over");
        for (from, change, pointer, code) in [
            ("2026-03-01", json!({}), "/valid_from", "indicator_in_the_past"),
            ("2026-04-01", json!({"valid_to": "2026-03-31"}), "/valid_to", "range_reversed"),
            ("2026-04-01", json!({"code": "a b"}), "/code", "code_malformed"),
            ("2026-04-01", json!({"name_zh": " "}), "/name_zh", "required"),
            ("2026-04-01", json!({"headline": true}), "/headline", "headline_taken"),
            ("2026-04-01", json!({"code": "poverty_share"}), "/valid_from", "indicator_overlaps"),
            ("2026-04-01", json!({"headline": true, "measure": {"rule": "listed", "basis": "amount"}}), "/headline", "headline_without_target"),
        ] {
            let made = app.post("/indicators/versions", version("x", from, &change)).by(&admin).await;
            let problem = made.refused(422, "invalid");
            assert_eq!((&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]), (&json!(pointer), &json!(code)), "{problem}");
        }
        let unknown = version("x", "2026-04-01", &json!({"classes": [401]}));
        app.post("/indicators/versions", unknown).by(&admin).await.refused(422, "invalid");
        assert_eq!(app.snapshot().await, before);
    }

    async fn a_version_follows_another_and_the_past_stands(app: &App) {
        buy_at_random(app, 2_026).await;
        let admin = app.login("demo-admin").await;
        let past = app.get("/shares/reporting-units/520000?from=2026-01-01&to=2026-02-28").by(&admin).await.ok();
        let sixty = json!({
            "headline": true, "ends_predecessor": true,
            "measure": {"rule": "listed_or_household", "basis": "weight", "target": "60.00"},
        });
        let body = version("poverty_share", "2026-05-01", &sixty);
        let made = app.post("/indicators/versions", body.clone()).by(&admin).key("sixty").await.ok();
        let again = app.post("/indicators/versions", body).by(&admin).key("sixty").await.ok();
        assert_eq!((&made["target"], &made, &made["valid_to"]), (&json!("60.00"), &again, &Value::Null));
        let of = async |day: &str| {
            let found = app.get(&format!("/indicators?on={day}")).by(&admin).await.ok();
            (found[0]["code"].clone(), found[0]["target"].clone(), found[0]["valid_to"].clone())
        };
        assert_eq!(of("2026-04-30").await, (json!("poverty_share"), json!("50.00"), json!("2026-04-30")));
        assert_eq!(of("2026-05-01").await, (json!("poverty_share"), json!("60.00"), Value::Null));
        assert_eq!(app.get("/shares/reporting-units/520000?from=2026-01-01&to=2026-02-28").by(&admin).await.ok(), past);
        let number = app.number("select count(*) from audit_entry where action = 'indicator.create'").await;
        assert_eq!(number, 1);

        // It ends when it is told to, and not earlier than today.
        let path = format!("/indicators/versions/{}/end", made["id"].as_str().expect("an id"));
        let end = |day: &str| json!({"valid_to": day, "reason": "通知"});
        for (day, code) in [("2026-03-01", "indicator_in_the_past"), ("2026-04-30", "indicator_in_the_past")] {
            let problem = app.post(&path, end(day)).by(&admin).await.refused(422, "invalid");
            assert_eq!(problem["errors"][0]["code"], code);
        }
        assert_eq!(app.post(&path, end("2026-06-30")).by(&admin).await.ok()["valid_to"], "2026-06-30");
        let problem = app.post(&path, end("2026-07-31")).by(&admin).await.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["code"], "indicator_ended");
        assert_eq!(of("2026-07-01").await.0, "deep_poverty_share", "no headline is left");
        let nowhere = "/indicators/versions/01990000-0000-7000-8000-0000000000ab/end";
        app.post(nowhere, end("2026-06-30")).by(&admin).await.refused(404, "not_found");

        // Only the administrator keeps them.
        app.member("province", Role::AuthorityManager, At::Unit("520000")).await;
        let manager = app.login("province").await;
        app.post("/indicators/versions", version("x", "2026-04-01", &json!({}))).by(&manager).await.refused(403, "forbidden");
        app.post(&path, end("2026-06-29")).by(&manager).await.refused(403, "forbidden");
        let versions = app.get("/indicators/versions?limit=200").by(&manager).await.ok();
        let named = versions["items"].as_array().expect("versions").iter().filter(|one| one["code"] == "poverty_share");
        assert_eq!(named.count(), 3);
    }
}
