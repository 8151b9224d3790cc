//! Queries on offers: one statement a page, with product, supplier, place and lists.

use super::list_listings::{After, ListingSort, Wanted};
use crate::{
    access::Scope,
    registry::{POVERTY_AREA, contains_word},
};
use chrono::NaiveDate;
use entity::{
    division::{self, DivisionLevel},
    id::{ListingId, SupplierId},
    listing::{self, ListingStatus},
    money::Fen,
    product::{self, Measure},
    school,
    supplier::{self, SupplierKind, SupplierStatus},
    weight::{BaseQuantity, Gram},
};
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, JoinType, Order,
    QueryFilter, QueryOrder, QuerySelect, RelationDef, Select,
    sea_query::{Expr, ExprTrait, LikeExpr},
};

/// An offer with all that is shown of it.
#[derive(Debug, FromQueryResult)]
pub struct OfferRow {
    pub id: ListingId,
    pub product_code: String,
    pub product_name_zh: String,
    pub product_name_en: String,
    pub category_code: String,
    pub measure: Measure,
    pub grams_per_piece: Option<Gram>,
    pub supplier_id: SupplierId,
    pub supplier_name: String,
    pub supplier_kind: SupplierKind,
    pub origin_division_code: String,
    pub origin_name: String,
    pub up_name: Option<String>,
    pub up_level: Option<DivisionLevel>,
    pub top_name: Option<String>,
    pub top_level: Option<DivisionLevel>,
    pub lists: Option<String>,
    pub producer_household: bool,
    pub unit_code: String,
    pub unit_base: BaseQuantity,
    pub price_fen: Fen,
    pub stock_base: BaseQuantity,
    pub delivery_area: Option<String>,
    pub deliver_from_on: NaiveDate,
    pub deliver_to_on: NaiveDate,
    pub status: ListingStatus,
    pub version: i64,
}

/// The list memberships that hold on `day` for an offer's origin or its county. A date of chrono's has no character
/// that could leave the quotes.
fn memberships(day: NaiveDate) -> String {
    format!(
        "from county_list_member m join county_list c on c.code = m.list_code
         where m.division_code in (listing.origin_division_code, listing.origin_county_code)
           and m.valid_from <= '{day}' and (m.valid_to is null or m.valid_to >= '{day}')"
    )
}

fn above(from: &'static str) -> RelationDef {
    let relation: RelationDef = division::Entity::belongs_to(division::Entity)
        .from(division::Column::ParentCode)
        .to(division::Column::Code)
        .into();
    relation.from_alias(from)
}

fn offers(today: NaiveDate) -> Select<listing::Entity> {
    let product = listing::Entity::belongs_to(product::Entity)
        .from(listing::Column::ProductCode)
        .to(product::Column::Code)
        .into();
    let supplier =
        listing::Entity::belongs_to(supplier::Entity).from(listing::Column::SupplierId).to(supplier::Column::Id).into();
    let origin = listing::Entity::belongs_to(division::Entity)
        .from(listing::Column::OriginDivisionCode)
        .to(division::Column::Code)
        .into();
    let lists = format!("(select string_agg(c.code || ':' || c.kind, '|' order by c.code) {})", memberships(today));
    listing::Entity::find()
        .select_only()
        .columns([
            listing::Column::Id,
            listing::Column::ProductCode,
            listing::Column::SupplierId,
            listing::Column::OriginDivisionCode,
            listing::Column::UnitCode,
            listing::Column::UnitBase,
            listing::Column::PriceFen,
            listing::Column::StockBase,
            listing::Column::DeliveryArea,
            listing::Column::DeliverFromOn,
            listing::Column::DeliverToOn,
            listing::Column::Status,
            listing::Column::Version,
        ])
        .column_as(listing::Column::ProducerHouseholdId.is_not_null(), "producer_household")
        .column_as(product::Column::NameZh, "product_name_zh")
        .column_as(product::Column::NameEn, "product_name_en")
        .columns([product::Column::CategoryCode, product::Column::Measure, product::Column::GramsPerPiece])
        .column_as(supplier::Column::Name, "supplier_name")
        .column_as(supplier::Column::Kind, "supplier_kind")
        .column_as(Expr::col(("origin", division::Column::Name)), "origin_name")
        .column_as(Expr::col(("up", division::Column::Name)), "up_name")
        .column_as(Expr::col(("up", division::Column::Level)), "up_level")
        .column_as(Expr::col(("top", division::Column::Name)), "top_name")
        .column_as(Expr::col(("top", division::Column::Level)), "top_level")
        .column_as(Expr::cust(lists), "lists")
        .join(JoinType::InnerJoin, product)
        .join(JoinType::InnerJoin, supplier)
        .join_as(JoinType::InnerJoin, origin, "origin")
        .join_as(JoinType::LeftJoin, above("origin"), "up")
        .join_as(JoinType::LeftJoin, above("up"), "top")
}

fn in_scope(scope: &Scope) -> Condition {
    scope.rows(None::<school::Column>, Some(listing::Column::SupplierId))
}

/// One offer within `scope`, whatever its state.
///
/// # Errors
/// When the database does not answer.
pub async fn find_offer(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: ListingId,
    today: NaiveDate,
) -> Result<Option<OfferRow>, DbErr> {
    offers(today).filter(in_scope(scope)).filter(listing::Column::Id.eq(id)).into_model().one(db).await
}

/// The offers that can be ordered today and are wanted, one more than the page holds.
///
/// # Errors
/// When the database does not answer.
pub async fn list_offers(
    db: &impl ConnectionTrait,
    scope: &Scope,
    wanted: &Wanted,
    today: NaiveDate,
) -> Result<Vec<OfferRow>, DbErr> {
    let mut query = offers(today)
        .filter(in_scope(scope))
        .filter(listing::Column::Status.eq(ListingStatus::Active))
        .filter(listing::Column::StockBase.gt(0))
        .filter(listing::Column::DeliverToOn.gte(today))
        .filter(supplier::Column::Status.eq(SupplierStatus::Approved))
        .filter(matching(wanted, scope, today))
        .limit(wanted.limit + 1);
    let (column, order) = match wanted.sort {
        ListingSort::Price => (listing::Column::PriceFen.into_expr(), Order::Asc),
        ListingSort::PriceDown => (listing::Column::PriceFen.into_expr(), Order::Desc),
        ListingSort::Name => (product::Column::NameZh.into_expr(), Order::Asc),
    };
    if let Some(after) = &wanted.after {
        let (value, id) = match after {
            After::Price(price, id) => (Expr::val(*price), *id),
            After::Name(name, id) => (Expr::val(name.as_str()), *id),
        };
        let place = Expr::tuple([column.clone(), listing::Column::Id.into_expr()]);
        let last = Expr::tuple([value, Expr::val(id.0)]);
        query = query.filter(if order == Order::Desc { place.lt(last) } else { place.gt(last) });
    }
    query.order_by(column, order.clone()).order_by(listing::Column::Id, order).into_model().all(db).await
}

fn matching(wanted: &Wanted, scope: &Scope, today: NaiveDate) -> Condition {
    let mut all = Condition::all();
    if let Some(word) = &wanted.word {
        // A household's name is masked in the market, so it is not found by it either (P1).
        let mut named = Condition::all().add(contains_word(supplier::Column::Name, word));
        if scope.is_everything() {
            named = named.add(supplier::Column::Kind.ne(SupplierKind::Household.to_value()));
        }
        all = all.add(
            Condition::any()
                .add(contains_word(product::Column::NameZh, word))
                .add(contains_word(product::Column::NameEn, word))
                .add(named),
        );
    }
    if let Some(category) = &wanted.category {
        all = all.add(product::Column::CategoryCode.eq(category.as_str()));
    }
    if let Some(product) = &wanted.product {
        all = all.add(listing::Column::ProductCode.eq(product.as_str()));
    }
    if let Some(kind) = wanted.supplier_kind {
        all = all.add(supplier::Column::Kind.eq(kind));
    }
    if let Some(area) = &wanted.origin {
        all = all.add(area.holds(listing::Column::OriginDivisionCode));
    }
    if let Some(listed) = wanted.poverty_area {
        let kinds = POVERTY_AREA.map(|kind| format!("'{}'", kind.to_value())).join(", ");
        let not = if listed { "" } else { "not " };
        all = all.add(Expr::cust(format!("{not}exists (select 1 {} and c.kind in ({kinds}))", memberships(today))));
    }
    if let Some(day) = wanted.deliver_on {
        all = all.add(listing::Column::DeliverFromOn.lte(day)).add(listing::Column::DeliverToOn.gte(day));
    }
    if let Some(destination) = &wanted.deliver_to {
        // Codes have six digits and stand between bars, so that none can be found across two.
        let mut reached = Condition::any().add(listing::Column::DeliveryArea.is_null());
        for code in destination.codes() {
            reached = reached.add(listing::Column::DeliveryArea.like(LikeExpr::new(format!("%{code}%"))));
        }
        all = all.add(reached);
    }
    all
}
