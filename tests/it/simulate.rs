//! A simulated county: the same plan makes the same rows, a second run adds none, and the figures hold.

use crate::support::app::{App, on_both};
use chrono::NaiveDate;
use entity::{purchase_line, school_month_total};
use sea_orm::{EntityTrait, QueryOrder};
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

on_both! {
    async fn a_plan_makes_the_same_county_once(app: &App) {
        let ctx = &app.ctx;
        let refused = simulate(ctx, &plan(), |_| {}).await.expect_err("somebody's schools");
        assert!(matches!(refused, SimulateError::InUse), "{refused}");
        emptied(app).await;
        assert!(!is_simulation(ctx).await.expect("reads"));
        let mut said = Vec::new();
        let made = simulate(ctx, &plan(), |progress| said.push(progress.schools)).await.expect("runs");
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

    async fn what_cannot_be_simulated_is_told(app: &App) {
        let of = async |plan: Plan| simulate(&app.ctx, &plan, |_| {}).await.expect_err("cannot be").to_string();
        assert!(of(Plan { county: Some("999999".into()), ..plan() }).await.contains("no county 999999"));
        assert!(of(Plan { schools: 0, ..plan() }).await.contains("1 to 100000 schools"));
        assert!(of(Plan { days: 1_001, ..plan() }).await.contains("1 to 1000 days"));
    }
}
