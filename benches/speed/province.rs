//! The figures of a whole province over a year of ledger lines: each call with nothing kept (no two alike within a second)
//! and repeated, beside the same calls over a ledger a fraction as long. What a call takes must not grow with history.

use crate::{
    Effort,
    calls::token,
    client::{self, Load, request},
    cluster::Cluster,
    process,
    report::line,
    seed::{self, PASSWORD, debug, pick, text},
    server::Server,
    suite,
};
use entity::{
    division::{self, DivisionLevel},
    membership::Role,
    school,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement};
use std::{cell::Cell, ffi::OsStr, fs, path::Path, rc::Rc, time::Duration};
use uuid::Uuid;
use xiaonong::{
    access::{NewAccount, create_accounts, password::Cost},
    context::Ctx,
};

/// Who asks.
pub const AUDITOR: &str = "bench-auditor";
/// The first school year's months, from September on.
const MONTHS: [(&str, &str); 10] = [
    ("2025-09-01", "2025-09-30"),
    ("2025-10-01", "2025-10-31"),
    ("2025-11-01", "2025-11-30"),
    ("2025-12-01", "2025-12-31"),
    ("2026-01-01", "2026-01-31"),
    ("2026-02-01", "2026-02-28"),
    ("2026-03-01", "2026-03-31"),
    ("2026-04-01", "2026-04-30"),
    ("2026-05-01", "2026-05-31"),
    ("2026-06-01", "2026-06-30"),
];

/// Counties asked about.
const COUNTIES: u32 = 20;

/// What is asked about.
struct Places {
    schools: Vec<Uuid>,
    /// Those that have the most nearly two hundred schools.
    counties: Vec<String>,
    largest: String,
    prefectures: Vec<String>,
    province: String,
}

/// A call: what the table calls it, the path of the `n`th time, the milliseconds it may take with nothing kept, and how many
/// different paths there are.
type Way = (&'static str, fn(&Places, u64) -> String, f64, u32);

const WAYS: [Way; 8] = [
    (
        "a school's year",
        |places, n| format!("/shares/schools/{}?from=2025-09-01&to=2026-08-31", pick(&places.schools, n)),
        10.0,
        17_400,
    ),
    (
        "a county's 200 schools",
        |places, n| {
            let county = pick::<String>(&places.counties, n);
            format!("/shares/divisions/{county}?by=child&{}", window(n / u64::from(COUNTIES)))
        },
        10.0,
        9 * COUNTIES,
    ),
    (
        "the largest county's schools",
        |places, n| format!("/shares/divisions/{}?by=child&{}", places.largest, window(n)),
        25.0,
        9,
    ),
    (
        "a prefecture by month",
        |places, n| format!("/shares/divisions/{}?by=month&{}", pick::<String>(&places.prefectures, n), window(n / 9)),
        10.0,
        81,
    ),
    (
        "the province by prefecture by month",
        |places, n| format!("/shares/divisions/{}?by=child_month&{}", places.province, window(n)),
        10.0,
        9,
    ),
    (
        "the province by category",
        |places, n| format!("/shares/divisions/{}?by=category&{}", places.province, window(n)),
        50.0,
        9,
    ),
    (
        "the province by county by category",
        |places, n| {
            let of = format!("/shares/divisions/{}?by=child_category&level=county", places.province);
            format!("{of}&{}", window(n))
        },
        50.0,
        9,
    ),
    (
        "a county's schools ranked",
        |places, n| {
            let county = pick::<String>(&places.counties, n);
            format!("/shares/schools?tree=geography&place={county}&{}", window(n / u64::from(COUNTIES)))
        },
        50.0,
        9 * COUNTIES,
    ),
];

/// The nth window of months; each is as good as a year to the database, or nearly: they begin in the first three months
/// and end in the last three.
fn window(n: u64) -> String {
    let (first, last) = (pick(&MONTHS[..3], n).0, pick(&MONTHS[7..], n / 3).1);
    format!("from={first}&to={last}")
}

/// How large a province is simulated.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Schools.
    pub schools: u64,
    /// School days of the long ledger.
    pub days: u64,
}

/// Measures over a private PostgreSQL, a short ledger first and then a long one; or over a database that holds a
/// simulation already, with the folder of its keys.
pub fn measure(effort: Effort, size: Size, there: Option<(&str, &str)>) -> Result<(), String> {
    if let Some((url, folder)) = there {
        return run(url, Path::new(folder), effort).map(drop);
    }
    let few = (size.days / 20).max(1);
    let mut found: Vec<(i64, Vec<Load>)> = Vec::new();
    for days in [few, size.days] {
        let Some(cluster) = Cluster::start()? else {
            println!("PostgreSQL: NOT RUN, its server's programs were not found");
            return Ok(());
        };
        let folder = process::scratch_dir().join(format!("province-{days}"));
        fs::create_dir_all(&folder).map_err(text)?;
        simulate(&cluster.url(), &folder, size.schools, days)?;
        found.push(run(&cluster.url(), &folder, effort)?);
    }
    let [(fewer, short), (more, long)] = &found[..] else { return Ok(()) };
    println!("\n{fewer} lines beside {more}: what the short ledger's calls take of the long one's");
    for (at, (what, ..)) in WAYS.iter().enumerate() {
        let share = short[at].percentile(50) / long[at].percentile(50).max(f64::EPSILON);
        line("history", what, share >= 0.8, &format!("{share:.2} at the median (wanted at least 0.80)"));
    }
    Ok(())
}

/// Fills a database by the release binary.
pub fn simulate(url: &str, folder: &Path, schools: u64, days: u64) -> Result<(), String> {
    let plan = ["simulate", "--schools", &schools.to_string(), "--days", &days.to_string()].map(str::to_owned);
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_xiaonong"))
        .args(plan)
        .env("DATABASE_URL", url)
        .env("DATA_DIR", folder.as_os_str())
        .env("LOG", OsStr::new("warn"))
        .status()
        .map_err(text)?;
    if status.success() { Ok(()) } else { Err(format!("simulate ended with {status}")) }
}

/// Lines of the ledger, and how long each way took with nothing kept.
fn run(url: &str, folder: &Path, effort: Effort) -> Result<(i64, Vec<Load>), String> {
    let (places, lines) = looked_at(url, folder)?;
    let places = Rc::new(places);
    let server = Server::start(url, folder)?;
    let token = token(server.address, AUDITOR)?;
    println!("\n{lines} ledger lines, {} schools; milliseconds over one connection", places.schools.len());
    println!("{:<38} {:>6} {:>9} {:>9} {:>9} {:>9}", "call", "calls", "cold p50", "cold p99", "warm p50", "warm p99");
    let mut found = Vec::new();
    let mut outcomes = Vec::new();
    for (what, path, most, different) in WAYS {
        let counter = Rc::new(Cell::new(0_u64));
        let send = |path: String, token: &str| request("GET", &format!("/api/v1{path}"), token, None, "");
        let (about, bearer, turn) = (Rc::clone(&places), token.clone(), Rc::clone(&counter));
        // Nothing is asked for twice within a second and a little more.
        let pause = Duration::from_millis(1_200) / different;
        let cold = client::paced(server.address, 1, effort.cell.max(pause * 60), pause, move || {
            let n = turn.replace(turn.get() + 1);
            Some(send(path(&about, n), &bearer))
        })?;
        let same = send(path(&places, 0), &token);
        let warm = client::load(server.address, 1, effort.cell / 2, move || Some(same.clone()))?;
        println!(
            "{what:<38} {:>6} {:>9.2} {:>9.2} {:>9.3} {:>9.3}",
            cold.answered,
            cold.percentile(50),
            cold.percentile(99),
            warm.percentile(50),
            warm.percentile(99)
        );
        outcomes.push((what, most, cold.percentile(99), warm.percentile(99)));
        found.push(cold);
    }
    for (what, most, cold, warm) in outcomes {
        line("cold", what, cold <= most, &format!("p99 {cold:.2} ms (wanted {most:.0})"));
        line("warm", what, warm <= 1.0, &format!("p99 {warm:.3} ms (wanted 1)"));
    }
    let (now, highest) = server.memory();
    println!("memory {now:.1} MB, at most {highest:.1} MB");
    Ok((lines, found))
}

/// Makes a simulation ready to be measured; answers its places and the lines of its ledger.
fn looked_at(url: &str, folder: &Path) -> Result<(Places, i64), String> {
    fs::create_dir_all(folder).map_err(text)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(text)?;
    runtime.block_on(async {
        let ctx = seed::connect(url, folder).await?;
        let places = places(&ctx).await?;
        auditor(&ctx, &places).await?;
        suite::vacuum(&ctx.store).await.map_err(text)?;
        // The totals know how many lines there are; to count them takes longer than all the calls.
        let sql = "select cast(coalesce(sum(line_count), 0) as bigint) as lines from school_total";
        let row = ctx.store.read.query_one_raw(Statement::from_string(ctx.store.backend(), sql)).await.map_err(text)?;
        let lines: i64 = row.map_or(Ok(0), |row| row.try_get("", "lines")).map_err(text)?;
        ctx.store.close().await;
        Ok::<_, String>((places, lines))
    })
}

/// The same for who asks for other things.
pub fn prepare(url: &str, folder: &Path) -> Result<(), String> {
    looked_at(url, folder).map(drop)
}

async fn places(ctx: &Ctx) -> Result<Places, String> {
    let db = ctx.store.primary();
    let of_level = async |level| {
        let places = division::Entity::find().filter(division::Column::Level.eq(level));
        let places = places.filter(division::Column::ValidTo.is_null()).order_by_asc(division::Column::Code);
        let found = places.all(db).await.map_err(text)?;
        Ok::<_, String>(found.into_iter().map(|one| one.code).collect::<Vec<_>>())
    };
    let schools: Vec<Uuid> = school::Entity::find()
        .select_only()
        .column(school::Column::Id)
        .order_by_asc(school::Column::Id)
        .into_tuple()
        .all(db)
        .await
        .map_err(text)?;
    let province = of_level(DivisionLevel::Province).await?.pop().ok_or("no province")?;
    let mut counties: Vec<(String, i64)> = school::Entity::find()
        .select_only()
        .column(school::Column::CountyCode)
        .column_as(school::Column::Id.count(), "schools")
        .group_by(school::Column::CountyCode)
        .order_by_asc(school::Column::CountyCode)
        .into_tuple()
        .all(db)
        .await
        .map_err(text)?;
    let largest = counties.iter().max_by_key(|(_, schools)| *schools).ok_or("no schools")?.0.clone();
    counties.sort_by_key(|(_, schools)| (schools - 200).abs());
    Ok(Places {
        schools,
        counties: counties.into_iter().map(|(code, _)| code).take(COUNTIES as usize).collect(),
        largest,
        prefectures: of_level(DivisionLevel::Prefecture).await?,
        province,
    })
}

/// Who sees the whole province and needs no second factor; there already where the database was measured before.
async fn auditor(ctx: &Ctx, places: &Places) -> Result<(), String> {
    use entity::account;
    let there = account::Entity::find().filter(account::Column::Username.eq(AUDITOR));
    if there.one(ctx.store.primary()).await.map_err(text)?.is_some() {
        return Ok(());
    }
    let account = NewAccount {
        id: ctx.ids.next(),
        username: AUDITOR,
        display_name: AUDITOR,
        password: PASSWORD.to_owned(),
        one_time: false,
        role: Role::Auditor,
        school_id: None,
        supplier_id: None,
        reporting_unit_code: Some(places.province.clone()),
    };
    create_accounts(ctx, vec![account], Cost::Light).await.map(drop).map_err(debug)
}
