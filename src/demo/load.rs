//! Loads the demonstration's province: schools, suppliers, households, links, offers and log-ins. Every id follows from
//! a code, so that loading again changes nothing.

use super::{
    accounts,
    offers::{self, Known},
    province::{DemoOffer, DemoSchool, DemoSupplier, Province},
};
use crate::{
    access::{Actor, Caller, grants},
    catalogue::{self, Conversions},
    context::Ctx,
    http::ApiError,
    registry::{self, Divisions, import_schools},
    share,
    sheets::Refusal,
    store::bulk,
    suppliers::{import_households, import_links, import_suppliers},
};
use chrono::NaiveDate;
use entity::{
    bundle, canteen, household,
    id::{HouseholdId, SchoolId, SupplierId},
    listing::{self, ListingStatus},
    money::Fen,
    school, supplier,
};
use sea_orm::{EntityTrait, QuerySelect};
use std::{collections::HashMap, sync::Arc};

/// Name under which the database remembers that it holds accounts with published passwords.
pub const PROVINCE: &str = "demo-province";

/// Offers stand all the time; the market opens and closes the seasonal ones.
const FIRST_DELIVERY: NaiveDate = NaiveDate::from_ymd_opt(2014, 1, 1).expect("a date");
const LAST_DELIVERY: NaiveDate = NaiveDate::from_ymd_opt(2099, 12, 31).expect("a date");

/// Loads the bundles and the province on top of them, and hands out what the player and the tests need.
///
/// # Errors
/// When the database refuses, the province's bundle brings no demonstration, or one of its files does not fit the others.
pub async fn load_province(ctx: &Ctx) -> Result<Province, ApiError> {
    let brought = Arc::clone(&ctx.settings.province);
    if !brought.has_demonstration() {
        return Err(ApiError::internal("the province's bundle brings no demonstration: it has no folder demo"));
    }
    let file = |name: &'static str| brought.text(name).unwrap_or_default();
    let (in_schools, in_suppliers) = (file("demo/schools.csv"), file("demo/suppliers.csv"));
    registry::bundle::load(ctx).await?;
    catalogue::bundle::load(ctx).await?;
    share::load_indicators(ctx).await?;
    let db = ctx.store.primary();
    // Once it is there people change it: a second time its files would be at odds with what they did.
    if bundle::Entity::find_by_id(PROVINCE).one(db).await?.is_none() {
        import_schools(ctx, in_schools, false).await?;
        import_households(ctx, file("demo/households.csv"), false).await?;
        import_suppliers(ctx, in_suppliers, false).await?;
        import_links(ctx, file("demo/links.csv"), false).await?;
    }
    let divisions = Divisions::load(db).await?;
    let schools = in_order(in_schools, school::Entity::find().all(db).await?, |school| &school.code);
    let suppliers = in_order(in_suppliers, supplier::Entity::find().all(db).await?, |supplier| &supplier.code);
    let offers = load_offers(ctx, file("demo/offers.csv"), &divisions, &suppliers).await?;
    let people: Vec<_> = schools.iter().map(|one| (one.id, one.code.as_str(), one.name.as_str())).collect();
    let sellers: Vec<_> = suppliers.iter().map(|one| (one.id, one.code.as_str(), one.name.as_str())).collect();
    let cast = accounts::Cast::read(&brought)?;
    accounts::create(ctx, &cast, &people, &sellers).await?;
    let txn = ctx.store.begin().await?;
    registry::bundle::record(ctx, &txn, PROVINCE, String::new()).await?;
    txn.commit().await?;
    Ok(Province {
        schools: callers_of_schools(ctx, &cast, &divisions, schools).await?,
        suppliers: callers_of_suppliers(ctx, suppliers).await?,
        offers,
    })
}

/// The rows whose code stands in the first column of `file`, in its order.
fn in_order<R>(file: &str, rows: Vec<R>, code: impl Fn(&R) -> &String) -> Vec<R> {
    let mut by_code: HashMap<String, R> = rows.into_iter().map(|row| (code(&row).clone(), row)).collect();
    let codes = file.lines().skip(1).filter_map(|line| line.split(',').next());
    codes.filter_map(|code| by_code.remove(code)).collect()
}

async fn load_offers(
    ctx: &Ctx,
    file: &str,
    divisions: &Divisions,
    suppliers: &[supplier::Model],
) -> Result<Vec<DemoOffer>, ApiError> {
    let db = ctx.store.primary();
    let columns = [household::Column::Code, household::Column::Id];
    let households: Vec<(String, HouseholdId)> =
        household::Entity::find().select_only().columns(columns).into_tuple().all(db).await?;
    let suppliers: HashMap<String, SupplierId> = suppliers.iter().map(|one| (one.code.clone(), one.id)).collect();
    let products = offers::products(file).map_err(broken)?;
    let known = Known {
        suppliers: &suppliers,
        households: &households.into_iter().collect(),
        divisions,
        conversions: &Conversions::load(db, &products).await?,
    };
    let offers = offers::read(file, &known).map_err(broken)?;
    let today = ctx.clock.now().business_day();
    let listings: Vec<listing::Model> = offers.iter().map(|offer| listing_of(offer, today)).collect();
    let txn = ctx.store.begin().await?;
    bulk::insert_with(&txn, &listings, "on conflict do nothing").await?;
    txn.commit().await?;
    Ok(offers)
}

fn broken(refusals: impl AsRef<[Refusal]>) -> ApiError {
    ApiError::internal(format!("the bundled offers do not fit: {:?}", refusals.as_ref()))
}

fn listing_of(offer: &DemoOffer, today: NaiveDate) -> listing::Model {
    listing::Model {
        id: offer.listing_id,
        supplier_id: offer.supplier_id,
        product_code: offer.product_code.clone(),
        origin_division_code: offer.origin_division_code.clone(),
        origin_county_code: offer.origin_county_code.clone(),
        producer_household_id: offer.producer_household_id,
        unit_code: offer.unit_code.clone(),
        unit_base: offer.unit_base,
        price_fen: Fen(i64::midpoint(offer.low.0, offer.high.0)),
        stock_base: offer.stock_base,
        delivery_area: offer.delivery_area.clone(),
        deliver_from_on: FIRST_DELIVERY,
        deliver_to_on: LAST_DELIVERY,
        status: if offer.in_season(today) { ListingStatus::Active } else { ListingStatus::Withdrawn },
        version: 1,
    }
}

async fn caller(ctx: &Ctx, username: &str) -> Result<Caller, ApiError> {
    let id = accounts::account_id(username);
    let held = grants(ctx.store.primary(), id, ctx.clock.now()).await?;
    Ok(Caller { actor: Arc::new(Actor::in_process(id, held)), request_id: "demo".to_owned(), address: None })
}

async fn callers_of_schools(
    ctx: &Ctx,
    cast: &accounts::Cast,
    divisions: &Divisions,
    schools: Vec<school::Model>,
) -> Result<Vec<DemoSchool>, ApiError> {
    let canteens = canteen::Entity::find().all(ctx.store.primary()).await?;
    let diners_of: HashMap<SchoolId, i64> = schools.iter().map(|school| (school.id, school.diners)).collect();
    let mut found = Vec::with_capacity(schools.len());
    for school in schools {
        let Some(canteen) = canteens.iter().find(|canteen| canteen.school_id == school.id) else { continue };
        let served = canteens.iter().filter(|other| other.run_by_school_id == Some(school.id));
        let served: i64 = served.filter_map(|other| diners_of.get(&other.school_id)).sum();
        let names = cast.of_school(&school.code);
        let [first, second] = [0, 1].map(|index| names.get(index).cloned().unwrap_or_default());
        found.push(DemoSchool {
            id: school.id,
            canteen_id: canteen.id,
            kitchen: canteen.kind,
            stage: school.stage,
            prefecture_code: divisions.prefecture_of(&school.county_code).map(str::to_owned),
            county_code: school.county_code,
            diners: school.diners + served,
            manager: caller(ctx, &first).await?,
            inspector: caller(ctx, &second).await?,
            inspectors: [first, second],
            code: school.code,
            name: school.name,
        });
    }
    Ok(found)
}

async fn callers_of_suppliers(ctx: &Ctx, suppliers: Vec<supplier::Model>) -> Result<Vec<DemoSupplier>, ApiError> {
    let mut found = Vec::with_capacity(suppliers.len());
    for supplier in suppliers {
        found.push(DemoSupplier {
            id: supplier.id,
            caller: caller(ctx, &supplier.code).await?,
            code: supplier.code,
            name: supplier.name,
            kind: supplier.kind,
        });
    }
    Ok(found)
}
