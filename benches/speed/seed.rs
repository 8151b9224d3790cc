//! The prepared province: schools over the counties, suppliers, offers with ample stock, and who logs in.

use chrono::{Days, NaiveDate};
use entity::{
    canteen::{self, CanteenKind},
    division::{self, DivisionLevel},
    id::{AccountId, CanteenId, ListingId, SchoolId, SupplierId},
    listing::{self, ListingStatus},
    membership::Role,
    money::Fen,
    product::{self, Measure},
    reporting_unit,
    school::{self, SchoolStage},
    supplier::{self, SupplierKind, SupplierStatus},
    weight::BaseQuantity,
};
use sea_orm::{ColumnTrait, EntityTrait, ModelTrait, QueryFilter, QueryOrder};
use std::{fmt::Display, path::Path, sync::Arc};
use uuid::Uuid;
use xiaonong::{
    access::{NewAccount, create_accounts, password::Cost},
    app, catalogue,
    clock::{Ids, SystemClock, SystemEntropy},
    config::{Settings, Source},
    context::Ctx,
    registry::{self, Seat, term_of},
    share,
    store::bulk,
};

/// Schools, each with one kitchen.
pub const SCHOOLS: u64 = 400;
/// The first schools have accounts, order and receive.
pub const BUYERS: u64 = 64;
/// Suppliers, each with [`OFFERS_EACH`] offers.
pub const SUPPLIERS: u64 = 100;
/// Offers of a supplier; the first half is delivered everywhere.
pub const OFFERS_EACH: u64 = 20;
/// Lines of a basket and of a consignment.
pub const LINES: u64 = 10;
/// Password of every account.
pub const PASSWORD: &str = "correct-horse-battery";
/// Log-in name of the province's officer.
pub const OFFICER: &str = "province";

/// What an id stands for; ids are numbered, so that the ceilings can name rows without asking for them.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub enum Kind {
    School = 1,
    Canteen,
    Account,
    Supplier,
    Listing,
    Order,
    OrderLine,
    Consignment,
    ConsignmentLine,
    Certificate,
    Declared,
    Purchase,
    Basket,
    Receipt,
    ReceiptLine,
    Audit,
    Event,
}

/// The number behind an id: what it stands for above, which one below.
pub fn number(kind: Kind, which: u64) -> u64 {
    (kind as u64) << 48 | which
}

/// The id of the `which`th of its kind.
pub fn id<T: From<Uuid>>(kind: Kind, which: u64) -> T {
    Uuid::from_u128(u128::from(number(kind, which))).into()
}

/// What the load and the history are made of.
pub struct Market {
    /// Codes of the counties.
    pub counties: Vec<String>,
    /// Products sold by weight, with their categories.
    pub products: Vec<product::Model>,
    /// Schools.
    pub schools: Vec<school::Model>,
    /// Offers.
    pub listings: Vec<listing::Model>,
    /// Today in China.
    pub today: NaiveDate,
}

pub fn text(error: impl Display) -> String {
    error.to_string()
}

pub fn debug(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

/// Connects to a fresh database and migrates it.
pub async fn connect(database_url: &str, folder: &Path) -> Result<Ctx, String> {
    let source = Source {
        database_url: Some(database_url.to_owned()),
        data_dir: Some(folder.display().to_string()),
        ..Source::default()
    };
    let clock = Arc::new(SystemClock);
    let ids = Ids::new(clock.clone(), Arc::new(SystemEntropy));
    let ctx = app::context(Settings::from_source(source).map_err(text)?, clock, ids).await.map_err(text)?;
    ctx.store.migrate_up().await.map_err(text)?;
    registry::bundle::load(&ctx).await.map_err(debug)?;
    catalogue::bundle::load(&ctx).await.map_err(debug)?;
    share::load_indicators(&ctx).await.map_err(debug)?;
    Ok(ctx)
}

/// Writes rows in a transaction of their own.
pub async fn write<M: ModelTrait>(ctx: &Ctx, rows: &[M]) -> Result<(), String> {
    let txn = ctx.store.begin().await.map_err(text)?;
    bulk::insert(&txn, rows).await.map_err(text)?;
    txn.commit().await.map_err(text)
}

/// Fills the registry, the market and the accounts.
pub async fn fill(ctx: &Ctx) -> Result<Market, String> {
    let db = ctx.store.primary();
    let counties = division::Entity::find()
        .filter(division::Column::Level.eq(DivisionLevel::County))
        .order_by_asc(division::Column::Code)
        .all(db)
        .await
        .map_err(text)?;
    let units = reporting_unit::Entity::find().all(db).await.map_err(text)?;
    let products = product::Entity::find()
        .filter(product::Column::Measure.eq(Measure::Mass))
        .order_by_asc(product::Column::Code)
        .all(db)
        .await
        .map_err(text)?;
    let counties: Vec<String> = counties.into_iter().map(|county| county.code).collect();
    let today = ctx.clock.now().business_day();
    let schools: Vec<school::Model> =
        (0..SCHOOLS).map(|n| school_of(n, pick::<String>(&counties, n), &units)).collect();
    let canteens: Vec<canteen::Model> = (0..SCHOOLS).map(canteen_of).collect();
    let suppliers: Vec<supplier::Model> =
        (0..SUPPLIERS).map(|n| supplier_of(n, pick::<String>(&counties, n * 7))).collect();
    let listings: Vec<listing::Model> =
        (0..SUPPLIERS * OFFERS_EACH).map(|n| listing_of(n, &counties, &products, today)).collect();
    write(ctx, &schools).await?;
    write(ctx, &canteens).await?;
    let seats: Vec<_> = schools.iter().map(|one| Seat::today(one).from(one.id, one.opened_on)).collect();
    write(ctx, &seats).await?;
    let opened_on = schools.first().map_or(today, |school| school.opened_on);
    let terms: Vec<_> = canteens.iter().map(|canteen| term_of(canteen, opened_on)).collect();
    write(ctx, &terms).await?;
    write(ctx, &suppliers).await?;
    write(ctx, &listings).await?;
    accounts(ctx).await?;
    Ok(Market { counties, products, schools, listings, today })
}

/// The `n`th, beginning again behind the last.
pub fn pick<T>(all: &[T], n: u64) -> &T {
    &all[usize::try_from(n).unwrap_or(0) % all.len()]
}

fn school_of(n: u64, county: &str, units: &[reporting_unit::Model]) -> school::Model {
    let unit = units.iter().find(|unit| unit.division_code.as_deref() == Some(county));
    school::Model {
        id: id::<SchoolId>(Kind::School, n),
        code: format!("bench-{n}"),
        name: format!("第{n}小学"),
        stage: SchoolStage::Primary,
        division_code: county.to_owned(),
        county_code: county.to_owned(),
        reporting_unit_code: unit.map_or_else(|| "520000".to_owned(), |unit| unit.code.clone()),
        rural: n.is_multiple_of(2),
        nutrition_program: true,
        diners: 420,
        opened_on: NaiveDate::from_ymd_opt(2015, 9, 1).unwrap_or_default(),
        closed_on: None,
        version: 1,
    }
}

fn canteen_of(n: u64) -> canteen::Model {
    canteen::Model {
        id: id::<CanteenId>(Kind::Canteen, n),
        school_id: id(Kind::School, n),
        name: format!("第{n}小学食堂"),
        kind: CanteenKind::Own,
        run_by_school_id: None,
        version: 1,
    }
}

fn supplier_of(n: u64, county: &str) -> supplier::Model {
    let kinds =
        [SupplierKind::Cooperative, SupplierKind::Processor, SupplierKind::FamilyFarm, SupplierKind::Distributor];
    supplier::Model {
        id: id::<SupplierId>(Kind::Supplier, n),
        code: format!("bench-s{n}"),
        name: format!("第{n}合作社"),
        kind: *pick(&kinds, n),
        division_code: county.to_owned(),
        household_id: None,
        status: SupplierStatus::Approved,
        version: 1,
        social_credit_code: None,
        village: None,
    }
}

fn listing_of(n: u64, counties: &[String], products: &[product::Model], today: NaiveDate) -> listing::Model {
    let (supplier, place) = (n / OFFERS_EACH, n % OFFERS_EACH);
    let origin = pick(counties, n * 13 + supplier);
    let somewhere = (place >= LINES && n.is_multiple_of(3)).then(|| format!("{}00", &pick(counties, n * 5)[..4]));
    listing::Model {
        id: id::<ListingId>(Kind::Listing, n),
        supplier_id: id(Kind::Supplier, supplier),
        product_code: pick(products, supplier * 3 + place).code.clone(),
        origin_division_code: origin.clone(),
        origin_county_code: Some(origin.clone()),
        producer_household_id: None,
        unit_code: "jin".to_owned(),
        unit_base: BaseQuantity(500),
        price_fen: Fen(100 + i64::try_from(n * 37 % 3_000).unwrap_or_default()),
        stock_base: BaseQuantity(10_000_000_000_000),
        delivery_area: somewhere,
        deliver_from_on: today.checked_sub_days(Days::new(30)).unwrap_or(today),
        deliver_to_on: today.checked_add_days(Days::new(365)).unwrap_or(today),
        status: ListingStatus::Active,
        version: 1,
    }
}

/// Log-in name of a buying school's canteen manager.
pub fn manager(n: u64) -> String {
    format!("buyer-{n}")
}

/// Log-in name of its inspector.
pub fn inspector(n: u64) -> String {
    format!("buyer-{n}-2")
}

async fn accounts(ctx: &Ctx) -> Result<(), String> {
    let mut wanted = vec![(OFFICER.to_owned(), Role::AuthorityOfficer, None, None, Some("520000".to_owned()))];
    for n in 0..BUYERS {
        wanted.push((manager(n), Role::CanteenManager, Some(id(Kind::School, n)), None, None));
        wanted.push((inspector(n), Role::Inspector, Some(id(Kind::School, n)), None, None));
    }
    for n in 0..SUPPLIERS {
        wanted.push((format!("seller-{n}"), Role::Supplier, None, Some(id(Kind::Supplier, n)), None));
    }
    let accounts = (0..).zip(&wanted).map(|(n, (name, role, school, supplier, unit))| NewAccount {
        id: id::<AccountId>(Kind::Account, n),
        username: name,
        display_name: name,
        password: PASSWORD.to_owned(),
        one_time: false,
        role: *role,
        school_id: *school,
        supplier_id: *supplier,
        reporting_unit_code: unit.clone(),
    });
    create_accounts(ctx, accounts.collect(), Cost::Light).await.map_err(debug)
}

/// Number of the account of a buying school's manager; its inspector's is the next.
pub fn manager_account(n: u64) -> u64 {
    1 + 2 * n
}
