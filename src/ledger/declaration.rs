//! Reads declared purchases against catalogue, registry and the facts of their days, and turns them into rows.

use super::{
    declare::{DeclarePurchaseRequest, DeclaredLineRequest, DeclaredLineView, DeclaredPurchaseView},
    facts::{Claim, Day, Frozen},
};
use crate::{
    access::Caller,
    catalogue::Conversions,
    context::Ctx,
    http::{ApiError, Check, Text},
    registry::Affiliations,
};
use chrono::{Days, NaiveDate};
use entity::{
    canteen, category, declared_certificate, declared_purchase, household,
    id::{DeclaredPurchaseId, HouseholdId, ImportId, PurchaseLineId, SupplierId},
    money::Fen,
    product::Measure,
    purchase_line::{self, Channel},
    school, stated_producer, supplier,
    time::{Timestamp, month_of},
    weight::Gram,
};
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Who declares.
pub struct Purchaser {
    /// The kitchen.
    pub canteen: canteen::Model,
    /// Its school.
    pub school: school::Model,
}

/// Rows of a batch.
#[derive(Default)]
pub struct Rows {
    /// The purchases.
    pub purchases: Vec<declared_purchase::Model>,
    /// Their ledger lines.
    pub lines: Vec<purchase_line::Model>,
    /// Handbook numbers that are no household's. The school is answered as if they were: whoever tries numbers learns
    /// nothing, and the line counts for what its origin proves.
    pub stated: Vec<stated_producer::Model>,
    /// Documents of the lines.
    pub documents: Vec<declared_certificate::Model>,
}

/// Everything a batch of declarations is judged by.
pub struct Batch<'a> {
    purchaser: &'a Purchaser,
    at: Timestamp,
    conversions: Conversions,
    categories: HashSet<String>,
    households: HashMap<String, HouseholdId>,
    suppliers: HashSet<SupplierId>,
    affiliations: Affiliations,
    days: BTreeMap<NaiveDate, Day>,
}

const MAX_LINES: usize = 100;
const MAX_DOCUMENTS: usize = 10;
/// Characters of a handbook number.
const MAX_CODE: usize = 40;
/// Days a purchase may lie back: two school years.
const MAX_DAYS_BACK: u64 = 731;

/// The handbook number a line states.
fn household_code(line: &DeclaredLineRequest) -> Option<&str> {
    line.producer_household_code.as_deref().map(str::trim)
}

impl<'a> Batch<'a> {
    /// Reads what the requests need: a few statements, and three for each different day.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn read(
        db: &DatabaseTransaction,
        purchaser: &'a Purchaser,
        requests: &[(String, DeclarePurchaseRequest)],
        at: Timestamp,
    ) -> Result<Self, DbErr> {
        let lines = || requests.iter().flat_map(|(_, request)| &request.lines);
        let products: BTreeSet<String> = lines().filter_map(|line| line.product_code.clone()).collect();
        let codes: BTreeSet<String> = lines().filter_map(|line| household_code(line).map(str::to_owned)).collect();
        let sellers: BTreeSet<SupplierId> = requests.iter().filter_map(|(_, request)| request.supplier_id).collect();
        let categories: Vec<String> =
            category::Entity::find().select_only().column(category::Column::Code).into_tuple().all(db).await?;
        let households: Vec<(String, HouseholdId)> = household::Entity::find()
            .select_only()
            .column(household::Column::Code)
            .column(household::Column::Id)
            .filter(household::Column::Code.is_in(codes))
            .into_tuple()
            .all(db)
            .await?;
        let suppliers: Vec<SupplierId> = supplier::Entity::find()
            .select_only()
            .column(supplier::Column::Id)
            .filter(supplier::Column::Id.is_in(sellers))
            .into_tuple()
            .all(db)
            .await?;
        let mut batch = Self {
            purchaser,
            at,
            conversions: Conversions::load(db, &Vec::from_iter(products)).await?,
            categories: categories.into_iter().collect(),
            households: households.into_iter().collect(),
            suppliers: suppliers.into_iter().collect(),
            affiliations: Affiliations::find(db, purchaser.school.id).await?,
            days: BTreeMap::new(),
        };
        let mut by_day: BTreeMap<NaiveDate, Vec<Claim>> = BTreeMap::new();
        for (_, request) in requests {
            let claims = request.lines.iter().map(|line| batch.claim(request, line));
            by_day.entry(request.purchased_on).or_default().extend(claims);
        }
        Day::hold(db, &by_day.values().flatten().cloned().collect::<Vec<_>>()).await?;
        for (day, claims) in by_day {
            batch.days.insert(day, Day::read(db, &claims, day).await?);
        }
        Ok(batch)
    }

    fn claim(&self, request: &DeclarePurchaseRequest, line: &DeclaredLineRequest) -> Claim {
        Claim {
            supplier_id: request.supplier_id,
            origin_division_code: line.origin_division_code.clone(),
            producer_household_id: household_code(line).and_then(|code| self.households.get(code).copied()),
            documents: line.documents.iter().map(|it| (it.kind, it.origin_division_code.clone())).collect(),
            listed_origin: None,
        }
    }

    /// The rows of all requests.
    ///
    /// # Errors
    /// 422 with every wrong field of every request, each under the request's pointer.
    pub fn rows(
        &self,
        ctx: &Ctx,
        caller: &Caller,
        requests: &[(String, DeclarePurchaseRequest)],
        import_id: Option<ImportId>,
        mut check: Check,
    ) -> Result<(Rows, Vec<DeclaredPurchaseView>), ApiError> {
        let mut rows = Rows::default();
        let mut views = Vec::with_capacity(requests.len());
        let mut external = HashSet::new();
        for (prefix, request) in requests {
            let at = |field: &str| format!("{prefix}/{field}");
            let id: DeclaredPurchaseId = check.client_id(&at("id"), request.id).unwrap_or_else(|| ctx.ids.next());
            self.check_head(&mut check, &at, request);
            let external_id = check.optional_paper_number(&at("external_id"), request.external_id.as_deref(), 60);
            check.that(
                external_id.is_none() || external.insert(external_id.clone()),
                at("external_id"),
                "external_id_repeated",
                Text::new("编号重复。", "The external id is there twice."),
            );
            let mut view = DeclaredPurchaseView {
                id,
                school_id: self.purchaser.school.id,
                purchased_on: request.purchased_on,
                amount: Fen(0),
                lines: Vec::new(),
            };
            for (index, line) in request.lines.iter().enumerate().take(MAX_LINES) {
                let pointer = format!("{prefix}/lines/{index}");
                let Some(row) = self.one(ctx, &mut check, &pointer, (id, request), line, &mut rows) else { continue };
                view.amount = Fen(view.amount.0.saturating_add(row.amount_fen.0));
                view.lines.push(DeclaredLineView::of(&row, line));
                rows.lines.push(row);
            }
            rows.purchases.push(declared_purchase::Model {
                id,
                school_id: self.purchaser.school.id,
                canteen_id: self.purchaser.canteen.id,
                purchased_on: request.purchased_on,
                seller_name: check.text(&at("seller_name"), &request.seller_name, 100),
                supplier_id: request.supplier_id,
                invoice_number: check.optional_paper_number(
                    &at("invoice_number"),
                    request.invoice_number.as_deref(),
                    60,
                ),
                external_id,
                amount_fen: view.amount,
                declared_by: caller.actor.account_id(),
                declared_at: self.at,
                import_id,
            });
            views.push(view);
        }
        check.finish()?;
        Ok((rows, views))
    }

    fn check_head(&self, check: &mut Check, at: &impl Fn(&str) -> String, request: &DeclarePurchaseRequest) {
        let today = self.at.business_day();
        let first = today.checked_sub_days(Days::new(MAX_DAYS_BACK)).unwrap_or(today);
        check.that(
            (first..=today).contains(&request.purchased_on),
            at("purchased_on"),
            "purchased_on_out_of_range",
            Text::new(
                format!("采购日期须在 {first} 至 {today} 之间。"),
                format!("The day of purchase must be between {first} and {today}."),
            ),
        );
        check.that(
            self.purchaser.school.closed_on.is_none_or(|closed| request.purchased_on <= closed),
            at("purchased_on"),
            "school_closed",
            Text::new("学校当日已停办。", "The school was closed that day."),
        );
        check.that(
            request.supplier_id.is_none_or(|id| self.suppliers.contains(&id)),
            at("supplier_id"),
            "supplier_unknown",
            Text::new("没有这个供货方。", "There is no such supplier."),
        );
        check.lines(&at("lines"), &request.lines, MAX_LINES);
    }

    /// The row of one line; its documents and what it states of an unknown producer go into `rows`.
    pub(super) fn one(
        &self,
        ctx: &Ctx,
        check: &mut Check,
        pointer: &str,
        (id, request): (DeclaredPurchaseId, &DeclarePurchaseRequest),
        line: &DeclaredLineRequest,
        rows: &mut Rows,
    ) -> Option<purchase_line::Model> {
        let row = self.line(ctx, check, pointer, id, request, line)?;
        let dated = (request.purchased_on, line);
        self.documents(ctx, check, pointer, row.id, dated, &mut rows.documents);
        let unmatched = household_code(line).filter(|code| !self.households.contains_key(*code));
        rows.stated.extend(unmatched.map(|code| stated_producer::Model {
            purchase_line_id: row.id,
            code: code.to_owned(),
            stated_at: self.at,
        }));
        Some(row)
    }

    fn line(
        &self,
        ctx: &Ctx,
        check: &mut Check,
        pointer: &str,
        purchase: DeclaredPurchaseId,
        request: &DeclarePurchaseRequest,
        line: &DeclaredLineRequest,
    ) -> Option<purchase_line::Model> {
        let at = |field: &str| format!("{pointer}/{field}");
        let category_code = self.category(check, &at, line)?;
        let weight_gram = self.weight(check, &at, line);
        let day = self.days.get(&request.purchased_on)?;
        check.that(
            line.amount.0 > 0,
            at("amount"),
            "amount_not_positive",
            Text::new("金额须大于零。", "The amount must be above zero."),
        );
        check.that(
            line.origin_division_code.as_ref().is_none_or(|code| day.place(code).is_some()),
            at("origin_division_code"),
            "division_unknown",
            Text::new("没有这个区划代码。", "There is no division with this code."),
        );
        check.optional_paper_number(&at("producer_household_code"), line.producer_household_code.as_deref(), MAX_CODE);
        let claim = self.claim(request, line);
        let Frozen { class, origin_lists, producer_status, linked_households, evidence } = day.freeze(&claim);
        let school = &self.purchaser.school;
        let seat = self.affiliations.seat(school, request.purchased_on);
        Some(purchase_line::Model {
            id: ctx.ids.next(),
            county_code: seat.county_code,
            reporting_unit_code: seat.reporting_unit_code,
            school_id: school.id,
            canteen_id: self.purchaser.canteen.id,
            purchased_on: request.purchased_on,
            month: month_of(request.purchased_on),
            channel: Channel::Declared,
            receipt_line_id: None,
            declared_purchase_id: Some(purchase),
            corrects_line_id: None,
            supplier_id: request.supplier_id,
            product_code: line.product_code.clone(),
            category_code,
            amount_fen: line.amount,
            weight_gram,
            class: class.code(),
            origin_division_code: claim.origin_division_code.map(|code| day.present(code)),
            origin_lists,
            producer_household_id: claim.producer_household_id,
            producer_status,
            linked_households,
            evidence,
            recorded_at: self.at,
        })
    }

    /// The product's category, or the one named where there is no product.
    fn category(&self, check: &mut Check, at: &impl Fn(&str) -> String, line: &DeclaredLineRequest) -> Option<String> {
        if let Some(code) = &line.product_code {
            let Some(product) = self.conversions.product(code) else {
                let detail = Text::new("没有这个商品代码。", "There is no product with this code.");
                check.refuse(at("product_code"), "product_unknown", detail);
                return None;
            };
            check.that(
                line.category_code.as_ref().is_none_or(|named| *named == product.category_code),
                at("category_code"),
                "category_mismatch",
                Text::new("与商品所属类别不符。", "It is not the category of the product."),
            );
            return Some(product.category_code.clone());
        }
        let known = line.category_code.clone().filter(|code| self.categories.contains(code));
        if known.is_none() {
            let detail = Text::new("请填写商品，或有效的类别代码。", "Name a product, or a category that exists.");
            check.refuse(at("category_code"), "category_unknown", detail);
        }
        known
    }

    /// The weight from the quantity, or the one weighed; neither is unknown, never zero (S7).
    fn weight(&self, check: &mut Check, at: &impl Fn(&str) -> String, line: &DeclaredLineRequest) -> Option<Gram> {
        let Some(quantity) = &line.quantity else {
            check.that(
                line.unit.is_none(),
                at("unit"),
                "unit_without_quantity",
                Text::new("填写单位时须填写数量。", "A unit needs a quantity."),
            );
            if let Some(weight) = line.weight {
                check.typed_weight(&at("weight"), weight, None, line.amount);
            }
            return line.weight;
        };
        let (Some(product), Some(unit)) = (&line.product_code, &line.unit) else {
            let detail = Text::new("填写数量时须有商品与单位。", "A quantity needs a product and a unit.");
            check.refuse(at("quantity"), "quantity_without_product", detail);
            return None;
        };
        let Some(per_unit) = self.conversions.base_per_unit(product, unit) else {
            check.note(self.conversions.unknown_unit(at("unit"), product, unit));
            return None;
        };
        let base = check.positive_quantity(&at("quantity"), quantity, per_unit)?;
        let average = self.conversions.weight_of(product, base);
        let by_weight = self.conversions.product(product).is_some_and(|it| it.measure == Measure::Mass);
        check.that(
            line.weight.is_none() || !by_weight,
            at("weight"),
            "weight_not_needed",
            Text::new("按重量计的商品已有数量，无需再填重量。", "Goods sold by weight have their quantity already."),
        );
        if let Some(weight) = line.weight.filter(|_| !by_weight) {
            check.typed_weight(&at("weight"), weight, average, line.amount);
        } else if let Some(weight) = average {
            check.weight_for_money(&at("quantity"), weight, line.amount);
        }
        line.weight.filter(|_| !by_weight).or(average)
    }

    fn documents(
        &self,
        ctx: &Ctx,
        check: &mut Check,
        pointer: &str,
        line_id: PurchaseLineId,
        (purchased_on, line): (NaiveDate, &DeclaredLineRequest),
        into: &mut Vec<declared_certificate::Model>,
    ) {
        check.that(
            line.documents.len() <= MAX_DOCUMENTS,
            format!("{pointer}/documents"),
            "too_many",
            Text::new("每行最多 10 份证明。", "At most 10 documents a line."),
        );
        for (index, document) in line.documents.iter().enumerate().take(MAX_DOCUMENTS) {
            let at = |field: &str| format!("{pointer}/documents/{index}/{field}");
            check.day(&at("issued_on"), document.issued_on);
            check.that(
                document.issued_on <= purchased_on,
                at("issued_on"),
                "issued_after_purchase",
                Text::new("出具日期不能晚于采购日期。", "The document was issued after the purchase."),
            );
            check.that(
                document
                    .origin_division_code
                    .as_ref()
                    .is_none_or(|code| self.days.values().any(|day| day.place(code).is_some())),
                at("origin_division_code"),
                "division_unknown",
                Text::new("没有这个区划代码。", "There is no division with this code."),
            );
            into.push(declared_certificate::Model {
                id: ctx.ids.next(),
                purchase_line_id: line_id,
                kind: document.kind,
                number: check.paper_number(&at("number"), &document.number, 60),
                issued_on: document.issued_on,
                issuer: check.text(&at("issuer"), &document.issuer, 100),
                origin_division_code: document.origin_division_code.clone().map(|code| {
                    let day = self.days.values().find(|day| day.place(&code).is_some());
                    day.map_or(code.clone(), |day| day.present(code))
                }),
            });
        }
    }
}
