//! Who should report and who did, against the facts read one by one, whatever changes and whenever it is counted.

use crate::support::app::{App, on_both};
use chrono::{Days, NaiveDate};
use entity::{
    canteen::CanteenKind, canteen_term, division, id::SchoolId, reporting_unit, school, school_affiliation,
    school_month_total, time::month_of,
};
use sea_orm::{DbBackend, EntityTrait};
use std::collections::HashSet;
use uuid::Uuid;
use xiaonong::{
    clock::SeededEntropy,
    ledger,
    share::{self, By, Coverage, division_node, roll_up, unit_node},
};

const UNITS: [&str; 6] = ["520000", "520500", "520526", "520382", "GZ-PROV", "520502"];
const DIVISIONS: [&str; 7] = ["520000", "520500", "520526", "520300", "520382", "520526109", "520123"];
/// Seats schools move between: township or county, county, unit.
const SEATS: [(&str, &str, &str); 5] = [
    ("520526109", "520526", "520526"),
    ("520526", "520526", "GZ-PROV"),
    ("520502", "520502", "520502"),
    ("520382", "520382", "520382"),
    ("520123", "520123", "520100"),
];
/// Within a month, a year, over New Year, over two of them, still to come.
const PERIODS: [((i32, u32), (i32, u32)); 6] = [
    ((2026, 2), (2026, 2)),
    ((2026, 1), (2026, 12)),
    ((2025, 11), (2026, 2)),
    ((2024, 12), (2026, 3)),
    ((2025, 3), (2025, 3)),
    ((2027, 1), (2027, 6)),
];

/// Everything coverage depends on.
struct Facts {
    schools: Vec<school::Model>,
    seats: Vec<school_affiliation::Model>,
    terms: Vec<canteen_term::Model>,
    bought: HashSet<(SchoolId, i32)>,
    units: Vec<reporting_unit::Model>,
    divisions: Vec<division::Model>,
}

impl Facts {
    async fn read(app: &App) -> Self {
        let db = app.ctx.store.primary();
        let totals = school_month_total::Entity::find().all(db).await.expect("totals");
        Self {
            schools: school::Entity::find().all(db).await.expect("schools"),
            seats: school_affiliation::Entity::find().all(db).await.expect("seats"),
            terms: canteen_term::Entity::find().all(db).await.expect("terms"),
            bought: totals.into_iter().map(|total| (total.school_id, total.month)).collect(),
            units: reporting_unit::Entity::find().all(db).await.expect("units"),
            divisions: division::Entity::find().all(db).await.expect("divisions"),
        }
    }

    /// Whether a unit or a division is another or lies below it.
    fn lies_in(&self, is_unit: bool, code: &str, other: &str) -> bool {
        let parent = if is_unit {
            self.units.iter().find(|unit| unit.code == code).and_then(|unit| unit.parent_code.as_deref())
        } else {
            self.divisions.iter().find(|one| one.code == code).and_then(|one| one.parent_code.as_deref())
        };
        code == other || parent.is_some_and(|parent| self.lies_in(is_unit, parent, other))
    }

    /// School by school, as the rules say it (S9, S12).
    fn coverage(&self, is_unit: bool, place: &str, (from, to): (NaiveDate, NaiveDate), today: NaiveDate) -> Coverage {
        let holds =
            |from_on: NaiveDate, to_on: Option<NaiveDate>, day| from_on <= day && to_on.is_none_or(|last| last >= day);
        let mut found = Coverage::default();
        for school in
            self.schools.iter().filter(|one| one.opened_on <= to && one.closed_on.is_none_or(|last| last >= from))
        {
            let asked = today.clamp(from, to);
            let day = asked.max(school.opened_on).min(school.closed_on.unwrap_or(NaiveDate::MAX));
            let seat =
                self.seats.iter().find(|seat| seat.school_id == school.id && holds(seat.from_on, seat.to_on, day));
            let code = seat.map(|seat| if is_unit { &seat.reporting_unit_code } else { &seat.division_code });
            if !code.is_some_and(|code| self.lies_in(is_unit, code, place)) {
                continue;
            }
            let runs = self.terms.iter().any(|term| {
                let own = matches!(term.kind, CanteenKind::Own | CanteenKind::Contracted);
                term.school_id == school.id && own && holds(term.from_on, term.to_on, day)
            });
            let months = month_of(from)..=month_of(to);
            let did = self.bought.iter().any(|(id, month)| *id == school.id && months.contains(month));
            found.should_report += i64::from(runs);
            found.reported += i64::from(runs && did);
            found.exempt += i64::from(!runs);
        }
        found
    }
}

fn days(((first_year, first), (last_year, last)): ((i32, u32), (i32, u32))) -> (NaiveDate, NaiveDate) {
    let from = NaiveDate::from_ymd_opt(first_year, first, 1).expect("a day");
    let to = NaiveDate::from_ymd_opt(last_year, last, 1).expect("a day");
    (from, to + chrono::Months::new(1) - Days::new(1))
}

/// Every place over every period, whole and in parts.
async fn coverage_holds(app: &App) {
    let facts = Facts::read(app).await;
    let today = app.ctx.clock.now().business_day();
    for period in PERIODS.map(days) {
        for (is_unit, code) in UNITS.map(|code| (true, code)).into_iter().chain(DIVISIONS.map(|code| (false, code))) {
            let node = if is_unit {
                unit_node(&app.ctx, code, period).await.expect("a unit")
            } else {
                division_node(&app.ctx, code, period).await.expect("a division").1
            };
            let expected = facts.coverage(is_unit, code, period, today);
            for by in [None, Some(By::Child)] {
                let view = roll_up(&app.ctx, &node, period, by, false).await.expect("rolls up");
                assert_eq!(view.coverage, expected, "{code} {period:?} {by:?}");
                // What reports to the very unit stands beside the units below it; schools are no places.
                for part in view.parts.iter().filter(|part| part.key != code && Uuid::parse_str(&part.key).is_err()) {
                    let expected = facts.coverage(is_unit, &part.key, period, today);
                    assert_eq!(part.coverage, Some(expected), "{} of {code} {period:?}", part.key);
                }
            }
        }
    }
}

async fn differences(app: &App) -> Vec<String> {
    let found = share::verify(&app.ctx).await.expect("verifies");
    found.differences.iter().map(ToString::to_string).filter(|one| one.starts_with("coverage_")).collect()
}

/// A day from January 2025 to December 2026.
fn any_day(random: &SeededEntropy) -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 1, 1).expect("a day") + Days::new(random.below(730))
}

fn literal(app: &App, id: Uuid) -> String {
    if app.ctx.store.backend() == DbBackend::Postgres { format!("'{id}'") } else { format!("x'{}'", id.simple()) }
}

/// One change of the facts of any school.
async fn change(app: &App, random: &SeededEntropy) {
    let facts = Facts::read(app).await;
    let any = |count: usize| usize::try_from(random.below(count as u64)).expect("small");
    let school = &facts.schools[any(facts.schools.len())];
    let (id, day) = (literal(app, school.id.0), any_day(random));
    let eve = day - Days::new(1);
    match random.below(6) {
        0 => {
            let (division, county, unit) = SEATS[any(SEATS.len())];
            app.execute(&format!("delete from school_affiliation where school_id = {id} and from_on >= '{day}'")).await;
            app.execute(&format!(
                "update school_affiliation set to_on = '{eve}' where school_id = {id} and coalesce(to_on, '{day}') >= '{day}'"
            ))
            .await;
            app.execute(&format!(
                "insert into school_affiliation (school_id, from_on, to_on, division_code, county_code, reporting_unit_code) \
                 values ({id}, '{day}', null, '{division}', '{county}', '{unit}')"
            ))
            .await;
        }
        1 => {
            let last =
                if random.below(2) == 0 { "null".to_owned() } else { format!("'{}'", day.max(school.opened_on)) };
            app.execute(&format!("update school set closed_on = {last} where id = {id}")).await;
        }
        2 => {
            let first = day.min(school.closed_on.unwrap_or(day));
            app.execute(&format!("update school set opened_on = '{first}' where id = {id}")).await;
        }
        3 | 4 => {
            let Some(term) = facts.terms.iter().find(|term| term.school_id == school.id) else { return };
            let (canteen, kind) = (literal(app, term.canteen_id.0), ["own", "contracted", "none"][any(3)]);
            app.execute(&format!("delete from canteen_term where canteen_id = {canteen} and from_on >= '{day}'")).await;
            app.execute(&format!(
                "update canteen_term set to_on = '{eve}' where canteen_id = {canteen} and coalesce(to_on, '{day}') >= '{day}'"
            ))
            .await;
            app.execute(&format!(
                "insert into canteen_term (canteen_id, from_on, to_on, school_id, kind) \
                 values ({canteen}, '{day}', null, {id}, '{kind}')"
            ))
            .await;
        }
        _ => {
            // As `record` leaves them, without the lines they come from.
            let key = "county_code, school_id, month, reporting_unit_code, category_code, channel, class";
            let sums = "amount_fen, weight_gram, unknown_weight_fen, unknown_weight_lines, line_count";
            let values =
                format!("'520526', {id}, {}, '520526', 'GRAIN', 'declared', 731, 1, 1, 0, 0, 1", month_of(day));
            let change = literal(app, app.ctx.ids.next::<entity::id::PurchaseLineId>().0);
            app.execute(&format!("insert into total_change (id, {key}, {sums}) values ({change}, {values})")).await;
            app.execute(&format!(
                "insert into school_month_total ({key}, {sums}) values ({values}) on conflict ({key}) \
                 do update set line_count = school_month_total.line_count + 1"
            ))
            .await;
        }
    }
}

on_both! {
    async fn coverage_is_what_the_facts_say_however_they_change(app: &App) {
        coverage_holds(app).await;
        while share::recount(&app.ctx).await.expect("counts") > 0 {}
        coverage_holds(app).await;
        let random = SeededEntropy::new(9);
        for round in 0..10 {
            for _ in 0..20 {
                change(app, &random).await;
            }
            // Some folded and not counted, some neither, some all of it.
            if random.below(2) == 0 {
                ledger::fold(&app.ctx).await.expect("folds");
            }
            if random.below(2) == 0 {
                share::recount(&app.ctx).await.expect("counts");
            }
            assert_eq!(differences(app).await, Vec::<String>::new(), "round {round}");
            coverage_holds(app).await;
        }
        while ledger::fold(&app.ctx).await.expect("folds") > 0 {}
        while share::recount(&app.ctx).await.expect("counts") > 0 {}
        assert_eq!(app.number("select count(*) from coverage_change").await, 0);
        assert_eq!(app.number("select count(*) from coverage_count where schools <= 0").await, 0);
        coverage_holds(app).await;
        assert_eq!(differences(app).await, Vec::<String>::new());
    }

    async fn replicas_count_a_school_once(app: &App) {
        let other = app.second_replica().await;
        for _ in 0..3 {
            app.execute("update school set opened_on = opened_on").await;
            let (one, two) = tokio::join!(share::recount(&app.ctx), share::recount(&other.ctx));
            assert!(one.expect("counts") + two.expect("counts") > 0);
        }
        while share::recount(&other.ctx).await.expect("counts") > 0 {}
        assert_eq!(differences(app).await, Vec::<String>::new());
        coverage_holds(app).await;
    }

    async fn what_is_counted_wrongly_is_named(app: &App) {
        while share::recount(&app.ctx).await.expect("counts") > 0 {}
        app.execute("update coverage_count set schools = schools + 1 where county_code = '520526'").await;
        let named = differences(app).await;
        assert!(!named.is_empty() && named.iter().all(|one| one.starts_with("coverage_count 520526")), "{named:?}");
        app.execute("update coverage_span set runs = not runs where county_code = '520382'").await;
        assert!(differences(app).await.iter().any(|one| one.starts_with("coverage_span school")));
    }
}
