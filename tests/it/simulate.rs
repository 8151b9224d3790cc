//! A simulated county: the same plan makes the same rows, a second run adds none, and the figures hold.

use crate::support::app::{App, on_both};
use chrono::NaiveDate;
use entity::{certificate::CertificateKind, declared_certificate, purchase_line, school_month_total};
use sea_orm::{DbBackend, EntityTrait, QueryOrder};
use std::cell::Cell;
use tokio::sync::Notify;
use xiaonong::{
    catalogue, registry, share,
    simulate::{Plan, SimulateError, is_simulation, simulate},
};

fn plan() -> Plan {
    let from = NaiveDate::from_ymd_opt(2025, 9, 1).expect("a date");
    Plan { schools: 12, days: 25, seed: 7, from, county: Some("520526".to_owned()) }
}

async fn emptied(app: &App) {
    let ctx = &app.ctx;
    ctx.store.migrate_down(None).await.expect("goes down");
    ctx.store.migrate_up().await.expect("comes up");
    registry::bundle::load(ctx).await.expect("loads");
    catalogue::bundle::load(ctx).await.expect("loads");
    share::load_indicators(ctx).await.expect("loads");
}

async fn lines(app: &App) -> Vec<purchase_line::Model> {
    let all = purchase_line::Entity::find().order_by_asc(purchase_line::Column::Id);
    all.all(app.ctx.store.primary()).await.expect("reads")
}

/// Every rule of every table with whether it holds for the rows that are there.
async fn constraints(app: &App) -> Vec<String> {
    if app.ctx.store.backend() == DbBackend::Sqlite {
        return app.texts("select sql from sqlite_schema where sql is not null order by sql").await;
    }
    let sql = "select concat_ws(' ', conrelid::regclass, conname, contype, pg_get_constraintdef(oid), convalidated) \
               from pg_constraint where connamespace = current_schema()::regnamespace order by 1";
    app.texts(sql).await
}

/// Refers to a ledger line that is not there.
fn astray(app: &App) -> declared_certificate::Model {
    declared_certificate::Model {
        id: app.ctx.ids.next(),
        purchase_line_id: app.ctx.ids.next(),
        kind: CertificateKind::BatchReport,
        number: "B-1".to_owned(),
        issued_on: plan().from,
        issuer: "astray".to_owned(),
        origin_division_code: None,
    }
}

on_both! {
    async fn a_plan_makes_the_same_county_once(app: &App) {
        let ctx = &app.ctx;
        let refused = simulate(ctx, &plan(), |_| {}).await.expect_err("somebody's schools");
        assert!(matches!(refused, SimulateError::InUse), "{refused}");
        emptied(app).await;
        let rules = constraints(app).await;
        assert!(!is_simulation(ctx).await.expect("reads"));
        let mut said = Vec::new();
        let made = simulate(ctx, &plan(), |progress| said.push(progress.schools)).await.expect("runs");
        assert_eq!(constraints(app).await, rules, "what was lifted is back and holds for all rows");
        let first = lines(app).await;
        assert_eq!((made.schools, made.skipped, made.lines), (12, 0, first.len() as u64));
        assert!(said.is_sorted() && !said.is_empty() && is_simulation(ctx).await.expect("reads"));
        let (corrections, declared) = (
            first.iter().filter(|line| line.corrects_line_id.is_some()).count(),
            first.iter().filter(|line| line.declared_purchase_id.is_some()).count(),
        );
        assert!(corrections > 0 && corrections % 2 == 0 && declared > first.len() / 8, "{corrections} {declared}");
        assert!(first.iter().any(|line| line.class / 100 == 7 && line.class % 10 == 1), "Weining is a listed county");
        let verified = share::verify(ctx).await.expect("reads");
        assert_eq!((usize::try_from(verified.lines), verified.differences), (Ok(first.len()), Vec::new()));
        // The folded sums are those of the lines, whatever wrote them.
        let totals = school_month_total::Entity::find().all(ctx.store.primary()).await.expect("reads");
        let sum: i64 = first.iter().map(|line| line.amount_fen.0).sum();
        assert_eq!(totals.iter().map(|total| total.amount_fen.0).sum::<i64>(), sum);

        let again = simulate(ctx, &plan(), |_| {}).await.expect("runs");
        assert_eq!((again.skipped, again.lines), (again.counties, 0));
        let other = simulate(ctx, &Plan { seed: 8, ..plan() }, |_| {}).await.expect_err("another plan");
        assert!(other.to_string().contains("--seed 7"), "{other}");
        assert_eq!(lines(app).await, first);

        emptied(app).await;
        simulate(ctx, &plan(), |_| {}).await.expect("runs");
        assert!(lines(app).await == first, "the same seed makes the same rows");
    }

    async fn a_whole_province_has_schools_everywhere(app: &App) {
        emptied(app).await;
        let made = simulate(&app.ctx, &Plan { schools: 500, days: 1, county: None, ..plan() }, |_| {}).await.expect("runs");
        assert_eq!(made.counties, 88);
        let count = |sql: &'static str| app.number(sql);
        assert_eq!(count("select count(*) from school").await, 500);
        let apart = "select count(*) from school s join reporting_unit u on u.code = s.reporting_unit_code \
                     where (s.stage = 'university') <> (u.kind = 'province_direct_schools')";
        assert_eq!(count(apart).await, 0, "universities report to the province, and nobody else does");
        assert!(count("select count(*) from school where stage = 'university'").await > 0);
        assert_eq!(share::verify(&app.ctx).await.expect("reads").differences, Vec::new());
    }

    async fn a_run_that_was_cut_short_goes_on(app: &App) {
        emptied(app).await;
        let rules = constraints(app).await;
        let plan = Plan { schools: 150, days: 10, county: None, ..plan() };
        let cut = Notify::new();
        let told = Cell::new(0);
        // Two pieces and the commit of the first load; with the fourth, rows of the second are written and not committed.
        let run = simulate(&app.ctx, &plan, |_| {
            told.set(told.get() + 1);
            if told.get() == 4 {
                cut.notify_one();
            }
        });
        tokio::select! {
            biased;
            () = cut.notified() => {}
            done = run => panic!("was not cut: {done:?}"),
        }
        assert_eq!(told.get(), 4);
        let some = lines(app).await;
        assert!(!some.is_empty());
        let then = constraints(app).await;
        let held: Vec<_> = then.iter().map(|rule| rule.replace(" NOT VALID f", " t")).collect();
        assert_eq!(held, rules, "no rule is missing");
        assert_eq!(then == rules, app.ctx.store.backend() == DbBackend::Sqlite);
        let made = simulate(&app.ctx, &plan, |_| {}).await.expect("goes on");
        assert!(made.skipped > 0 && made.skipped < made.counties, "{made:?}");
        assert_eq!(constraints(app).await, rules);
        let all = lines(app).await;
        assert_eq!(all.len() as u64, some.len() as u64 + made.lines);
        assert_eq!(share::verify(&app.ctx).await.expect("reads").differences, Vec::new());
        emptied(app).await;
        simulate(&app.ctx, &plan, |_| {}).await.expect("runs");
        assert!(lines(app).await == all, "cut short or not, the rows are the same");
    }

    async fn what_refers_to_nothing_is_found(app: &App) {
        let store = &app.ctx.store;
        let mut load = store.begin_load().await.expect("begins");
        load.lift_keys(&["declared_certificate"]).await.expect("lifts");
        let written = load.write(&[astray(app)]).await;
        if store.backend() == DbBackend::Sqlite {
            assert!(written.is_err(), "looked at one by one");
            return;
        }
        load.commit().await.expect("commits");
        for _ in 0..2 {
            let refused = store.validate_keys().await.expect_err("refers to nothing").to_string();
            assert!(refused.contains("declared_certificate_purchase_line_id_fkey"), "{refused}");
        }
        // From the commit on they are looked at again.
        let mut load = store.begin_load().await.expect("begins");
        assert!(load.write(&[astray(app)]).await.is_err());
    }

    async fn what_cannot_be_simulated_is_told(app: &App) {
        let of = async |plan: Plan| simulate(&app.ctx, &plan, |_| {}).await.expect_err("cannot be").to_string();
        assert!(of(Plan { county: Some("999999".into()), ..plan() }).await.contains("no county 999999"));
        assert!(of(Plan { schools: 0, ..plan() }).await.contains("1 to 100000 schools"));
        assert!(of(Plan { days: 1_001, ..plan() }).await.contains("1 to 1000 days"));
    }
}
