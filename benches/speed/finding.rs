//! Finding one supplier among a hundred thousand: each way to look beside `GET /suppliers/{id}` in the same minutes.

use crate::{
    Effort,
    calls::token,
    client::{self, Load, request},
    cluster::Cluster,
    process,
    report::line,
    seed::{self, Kind, OFFICER, id, pick, text},
    server::Server,
    suite,
};
use entity::{
    division::{self, DivisionLevel},
    id::SupplierId,
    position,
    search_name::SubjectKind,
    supplier::{self, SupplierKind, SupplierStatus},
};
use sea_orm::{ColumnTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder};
use std::{
    cell::Cell,
    fs,
    path::Path,
    rc::Rc,
    time::{Duration, Instant},
};
use uuid::Uuid;
use xiaonong::{
    context::Ctx,
    finding::{self, words},
    store::bulk,
};

/// Suppliers to find one among.
const SUPPLIERS: u64 = 100_000;
/// Written in one transaction.
const AT_ONCE: u64 = 5_000;
/// The slowest hundredth of searches may take this many times as long as that of look-ups by key.
const AT_MOST: f64 = 5.0;
/// Connections of the load.
const CONNECTIONS: [usize; 2] = [1, 8];

/// Characters of made-up names.
const BRAND: [char; 64] = [
    '云', '山', '青', '草', '海', '石', '林', '泉', '月', '亮', '红', '岩', '乌', '蒙', '清', '水', '江', '花', '溪',
    '龙', '凤', '坪', '坝', '谷', '丰', '源', '绿', '鑫', '兴', '旺', '宏', '达', '金', '银', '福', '禄', '瑞', '祥',
    '永', '昌', '盛', '德', '聚', '合', '众', '创', '信', '诚', '远', '航', '春', '秋', '阳', '光', '星', '火', '高',
    '原', '黔', '梵', '净', '苗', '岭', '侗',
];
const TRADES: [&str; 8] = ["种植", "养殖", "蔬菜", "果蔬", "食用菌", "禽蛋", "生态农业", "茶叶"];

/// What is searched: suppliers' names and codes, counties and prefectures.
struct Names {
    names: Vec<(String, String)>,
    counties: Vec<String>,
}

fn supplier_of(n: u64, place: &division::Model) -> supplier::Model {
    let mixed = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    let brand: String = (0..3).map(|at| *pick(&BRAND, mixed >> (6 * at))).collect();
    let trade = pick::<&str>(&TRADES, mixed >> 18);
    let (kind, form) = match n % 20 {
        0 => (SupplierKind::Processor, "食品加工厂"),
        _ => (SupplierKind::Cooperative, "农民专业合作社"),
    };
    let place_name: String = place.name.chars().take(2).collect();
    supplier::Model {
        id: id::<SupplierId>(Kind::Supplier, 1_000_000 + n),
        code: format!("find-{n:06}"),
        name: format!("{place_name}{brand}{trade}{form}"),
        kind,
        division_code: place.code.clone(),
        household_id: None,
        status: if n.is_multiple_of(50) { SupplierStatus::Suspended } else { SupplierStatus::Approved },
        version: 1,
        social_credit_code: None,
        village: None,
    }
}

async fn fill(ctx: &Ctx) -> Result<Names, String> {
    let db = ctx.store.primary();
    let of_level = async |level| {
        let places = division::Entity::find().filter(division::Column::Level.eq(level));
        places.order_by_asc(division::Column::Code).all(db).await.map_err(text)
    };
    let townships = of_level(DivisionLevel::Township).await?;
    let counties = of_level(DivisionLevel::County).await?.into_iter().map(|one| one.code).collect();
    let mut names = Vec::new();
    for first in (0..SUPPLIERS).step_by(usize::try_from(AT_ONCE).unwrap_or(1)) {
        let numbers = first..first + AT_ONCE;
        let rows: Vec<supplier::Model> = numbers.clone().map(|n| supplier_of(n, pick(&townships, n * 7))).collect();
        let places: Vec<position::Model> = numbers.zip(&rows).map(|(n, row)| place_of(n, row.id)).collect();
        let txn = ctx.store.begin().await.map_err(text)?;
        bulk::insert(&txn, &rows).await.map_err(text)?;
        finding::put(&txn, &rows).await.map_err(text)?;
        bulk::insert(&txn, &places).await.map_err(text)?;
        txn.commit().await.map_err(text)?;
        names.extend(rows.into_iter().map(|row| (row.name, row.code)));
    }
    Ok(Names { names, counties })
}

/// Somewhere in a box as large as the province.
fn place_of(n: u64, supplier: SupplierId) -> position::Model {
    let spread = |by: u64, over: u64| i64::try_from((n.wrapping_mul(by) >> 16) % over).unwrap_or_default();
    position::Model {
        subject_kind: SubjectKind::Supplier,
        subject_id: supplier.0,
        latitude: 24_600_000 + spread(0x9E37_79B9_7F4A_7C15, 4_600_000),
        longitude: 103_600_000 + spread(0xC2B2_AE3D_27D4_EB4F, 5_900_000),
        version: 1,
    }
}

/// The ways to look: what the table calls them, and the query of the `n`th time.
type Way = (&'static str, fn(&Names, u64) -> String);

const WAYS: [Way; 12] = [
    ("a rare fragment in Chinese", |names, n| {
        let (name, _) = pick(&names.names, n * 7_919);
        q(name.chars().skip(2).take(3).collect::<String>())
    }),
    ("a fragment nearly all names have", |_, n| q(pick::<&str>(&["合作社", "专业合作社", "农民专业", "农"], n))),
    ("initials of a name", |names, n| q(read(names, n, 6))),
    ("initials nearly all names have", |_, n| q(pick::<&str>(&["hzs", "zyhzs", "nmzy", "nm"], n))),
    ("two letters", |names, n| q(read(names, n, 2))),
    ("the beginning of a code", |names, n| q(&pick(&names.names, n * 7_919).1[..9])),
    ("a common fragment in a county", |names, n| {
        format!("{}&division={}", q("合作社"), pick::<String>(&names.counties, n))
    }),
    ("a common fragment in a prefecture", |names, n| {
        format!("{}&division={}00", q("合作社"), &pick::<String>(&names.counties, n * 5)[..4])
    }),
    ("a rare fragment in a county", |names, n| {
        let (name, _) = pick(&names.names, n * 7_919);
        let rare = q(name.chars().skip(2).take(3).collect::<String>());
        format!("{rare}&division={}", pick::<String>(&names.counties, n))
    }),
    ("a common fragment, suspended ones", |_, n| {
        format!("{}&status=suspended", q(pick::<&str>(&["合作社", "农民"], n)))
    }),
    ("within 50 km of a place", |_, n| near(n)),
    ("a trade within 50 km of a place", |_, n| format!("{}&{}", near(n), q("食用菌"))),
];

fn q(text: impl AsRef<str>) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("q", text.as_ref()).finish()
}

/// The first letters of a term as a name is read.
fn read(names: &Names, n: u64, letters: usize) -> String {
    let (name, code) = pick(&names.names, n * 7_919);
    let terms = words::terms(SubjectKind::Supplier, name, code);
    let letters_of = |term: &String| term.get(2..).filter(|term| term.is_ascii()).map(str::to_owned);
    let beginning = terms.iter().filter(|term| term.starts_with("p1")).find_map(letters_of);
    beginning.unwrap_or_default().chars().take(letters).collect()
}

fn near(n: u64) -> String {
    let at = place_of(n * 31 + 7, SupplierId(Uuid::nil()));
    let degrees = |micro: i64| format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000);
    format!("near={},{}&within_km=50", degrees(at.latitude), degrees(at.longitude))
}

/// Measures over SQLite and over PostgreSQL, or over one of them.
pub fn measure(effort: Effort, only: Option<&str>) -> Result<(), String> {
    if only != Some("postgres") {
        let folder = process::scratch_dir().join("finding");
        fs::create_dir_all(&folder).map_err(text)?;
        let url = format!("sqlite:{}", folder.join("bench.db").display());
        measure_over("SQLite", &url, &folder, effort)?;
    }
    if only != Some("sqlite") {
        let Some(cluster) = Cluster::start()? else {
            println!("PostgreSQL: NOT RUN, its server's programs were not found");
            return Ok(());
        };
        let folder = process::scratch_dir().join("finding-postgres");
        fs::create_dir_all(&folder).map_err(text)?;
        measure_over("PostgreSQL", &cluster.url(), &folder, effort)?;
    }
    Ok(())
}

fn measure_over(database: &str, url: &str, folder: &Path, effort: Effort) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(text)?;
    let started = Instant::now();
    let names = runtime.block_on(async {
        let ctx = seed::connect(url, folder).await?;
        seed::fill(&ctx).await?;
        let names = fill(&ctx).await?;
        if ctx.store.backend() == DbBackend::Postgres {
            suite::vacuum(&ctx.store).await.map_err(text)?;
        }
        ctx.store.close().await;
        Ok::<_, String>(names)
    })?;
    let names = Rc::new(names);
    eprintln!("{database}: {SUPPLIERS} suppliers written and indexed in {:.0} s", started.elapsed().as_secs_f64());
    let server = Server::start(url, folder)?;
    let token = token(server.address, OFFICER)?;
    println!("\n{database}: a page of 20 among {SUPPLIERS} suppliers beside one supplier by its key");
    println!(
        "{:<40} {:>5} {:>8} {:>8} {:>8} {:>8} {:>6}",
        "search", "conns", "p50 ms", "p99 ms", "key p50", "key p99", "ratio"
    );
    let mut worst: Vec<(&str, f64)> = Vec::new();
    for (what, way) in WAYS {
        let mut highest = 0.0_f64;
        for connections in CONNECTIONS {
            let counter = Rc::new(Cell::new(0_u64));
            let (mut search, mut key) = (Load::default(), Load::default());
            for _ in 0..effort.rounds.max(2) {
                let turn = (effort.cell / 4).max(Duration::from_millis(250));
                let (names, counter, sent) = (Rc::clone(&names), Rc::clone(&counter), token.clone());
                search.add(client::load(server.address, connections, turn, move || {
                    let n = counter.replace(counter.get() + 1);
                    Some(request("GET", &format!("/api/v1/suppliers?limit=20&{}", way(&names, n)), &sent, None, ""))
                })?);
                key.add(client::load(server.address, connections, turn, by_key(&token))?);
            }
            let ratio = search.percentile(99) / key.percentile(99);
            highest = highest.max(ratio);
            println!(
                "{what:<40} {connections:>5} {:>8.2} {:>8.2} {:>8.2} {:>8.2} {ratio:>6.2}",
                search.percentile(50),
                search.percentile(99),
                key.percentile(50),
                key.percentile(99),
            );
        }
        worst.push((what, highest));
    }
    println!("server memory {:.1} MB at most", server.memory().1);
    println!("\ntargets of finding");
    for (what, ratio) in worst {
        line(
            database,
            &format!("p99 of {what} beside the key"),
            ratio <= AT_MOST,
            &format!("{ratio:.2} (wanted at most {AT_MOST:.2})"),
        );
    }
    Ok(())
}

fn by_key(token: &str) -> impl Fn() -> Option<Vec<u8>> + 'static {
    let (token, counter) = (token.to_owned(), Cell::new(0_u64));
    move || {
        let n = counter.replace(counter.get() + 1);
        let one: Uuid = id(Kind::Supplier, 1_000_000 + n * 7_919 % SUPPLIERS);
        Some(request("GET", &format!("/api/v1/suppliers/{one}"), &token, None, ""))
    }
}
