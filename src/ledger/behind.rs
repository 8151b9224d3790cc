//! What stands behind lines of the ledger, read for a page of them at once: deliveries, documents, names, denials.

use super::{
    class::PurchaseClass,
    denials::{DenialMark, marks},
    read::{DeliveryView, LedgerLineView, LineCertificateView},
};
use crate::{
    store::bulk::{Kind, Rows},
    vault::mask_name,
};
use chrono::NaiveDate;
use entity::{
    certificate::CertificateKind,
    division,
    id::{ConsignmentId, OrderId, PurchaseLineId, ReceiptId, ReceiptLineId, SupplierId},
    line_correction, purchase_line, stated_producer,
    supplier::{self, SupplierKind},
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, Statement};
use std::collections::{BTreeSet, HashMap};

/// What stands behind the lines of a page.
pub struct Behind {
    deliveries: HashMap<ReceiptLineId, DeliveryView>,
    certificates: HashMap<PurchaseLineId, Vec<LineCertificateView>>,
    denials: HashMap<PurchaseLineId, DenialMark>,
    stated: HashMap<PurchaseLineId, String>,
    reasons: HashMap<PurchaseLineId, String>,
    places: HashMap<String, String>,
    suppliers: HashMap<SupplierId, String>,
    shows_households: bool,
}

impl Behind {
    /// Reads it: a statement for each kind. Without `shows_households` nothing that tells who grew the goods (P1).
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of(
        db: &impl ConnectionTrait,
        lines: &[purchase_line::Model],
        shows_households: bool,
    ) -> Result<Self, DbErr> {
        Ok(Self {
            deliveries: deliveries(db, lines.iter().filter_map(|line| line.receipt_line_id)).await?,
            certificates: certificates(db, lines).await?,
            denials: marks(db, lines.iter().map(|line| line.id)).await?,
            stated: if shows_households { stated(db, lines).await? } else { HashMap::new() },
            reasons: reasons(db, lines).await?,
            places: places(db, lines).await?,
            suppliers: suppliers(db, lines).await?,
            shows_households,
        })
    }

    /// A line with what stands behind it.
    #[must_use]
    pub fn view(&self, line: purchase_line::Model) -> LedgerLineView {
        let parts = |joined: Option<String>| -> Vec<String> {
            joined.unwrap_or_default().split('|').filter(|part| !part.is_empty()).map(str::to_owned).collect()
        };
        let class = PurchaseClass::from_code(line.class);
        let shown = self.shows_households;
        LedgerLineView {
            delivery: line.receipt_line_id.and_then(|id| self.deliveries.get(&id).cloned()),
            certificates: self.certificates.get(&line.id).cloned().unwrap_or_default(),
            denial: self.denials.get(&line.id).cloned(),
            stated_producer_code: self.stated.get(&line.id).cloned(),
            supplier_name: line.supplier_id.and_then(|id| self.suppliers.get(&id).cloned()),
            origin_name: line.origin_division_code.as_ref().and_then(|code| self.places.get(code).cloned()),
            id: line.id,
            school_id: line.school_id,
            purchased_on: line.purchased_on,
            channel: line.channel,
            corrects_line_id: line.corrects_line_id,
            correction_reason: self.reasons.get(&line.id).cloned(),
            supplier_id: line.supplier_id,
            product_code: line.product_code,
            category_code: line.category_code,
            amount: line.amount_fen,
            weight: line.weight_gram,
            class: Some(line.class).filter(|_| shown),
            origin_class: class.map(|class| class.origin),
            producer_class: class.map(|class| class.producer).filter(|_| shown),
            origin_division_code: line.origin_division_code,
            origin_lists: parts(Some(line.origin_lists)),
            producer_household_id: line.producer_household_id.filter(|_| shown),
            producer_statuses: parts(line.producer_status.filter(|_| shown)),
            linked_households: line.linked_households,
            evidence: parts(line.evidence),
            recorded_at: line.recorded_at,
            declared_purchase_id: line.declared_purchase_id,
        }
    }
}

#[derive(FromQueryResult)]
struct DeliveryRow {
    receipt_line_id: ReceiptLineId,
    order_id: OrderId,
    consignment_id: ConsignmentId,
    receipt_id: ReceiptId,
    batch_number: String,
    produced_on: Option<NaiveDate>,
}

async fn deliveries(
    db: &impl ConnectionTrait,
    lines: impl Iterator<Item = ReceiptLineId>,
) -> Result<HashMap<ReceiptLineId, DeliveryView>, DbErr> {
    let backend = db.get_database_backend();
    let (relation, values) =
        Rows::new(&["id"], &[Kind::Uuid], lines.map(|id| vec![id.into()]).collect()).relation(backend)?;
    let sql = format!(
        "select rl.id as receipt_line_id, rc.order_id, rc.consignment_id, rc.id as receipt_id, cl.batch_number, \
         cl.produced_on from {relation} join receipt_line rl on rl.id = r.id join receipt rc on rc.id = rl.receipt_id \
         join consignment_line cl on cl.id = rl.consignment_line_id"
    );
    let rows = DeliveryRow::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(db).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let view = DeliveryView {
                order_id: row.order_id,
                consignment_id: row.consignment_id,
                receipt_id: row.receipt_id,
                batch_number: row.batch_number,
                produced_on: row.produced_on,
            };
            (row.receipt_line_id, view)
        })
        .collect())
}

#[derive(FromQueryResult)]
struct CertificateRow {
    line_id: PurchaseLineId,
    kind: CertificateKind,
    number: String,
    issued_on: NaiveDate,
    issuer: String,
    origin_division_code: Option<String>,
}

async fn certificates(
    db: &impl ConnectionTrait,
    lines: &[purchase_line::Model],
) -> Result<HashMap<PurchaseLineId, Vec<LineCertificateView>>, DbErr> {
    let backend = db.get_database_backend();
    let cells = lines.iter().map(|line| vec![line.id.into(), line.receipt_line_id.into()]).collect();
    let (relation, values) =
        Rows::new(&["id", "receipt_line_id"], &[Kind::Uuid, Kind::Uuid], cells).relation(backend)?;
    let columns = "c.kind, c.number, c.issued_on, c.issuer, c.origin_division_code";
    let sql = format!(
        "with r as (select * from {relation}) \
         select r.id as line_id, {columns} from r join receipt_line rl on rl.id = r.receipt_line_id \
         join certificate c on c.consignment_line_id = rl.consignment_line_id \
         union all \
         select r.id as line_id, {columns} from r join declared_certificate c on c.purchase_line_id = r.id \
         order by line_id, kind, number"
    );
    let rows = CertificateRow::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(db).await?;
    let mut found: HashMap<PurchaseLineId, Vec<LineCertificateView>> = HashMap::new();
    for row in rows {
        found.entry(row.line_id).or_default().push(LineCertificateView {
            kind: row.kind,
            number: row.number,
            issued_on: row.issued_on,
            issuer: row.issuer,
            origin_division_code: row.origin_division_code,
        });
    }
    Ok(found)
}

/// Handbook numbers of no household, by line.
async fn stated(
    db: &impl ConnectionTrait,
    lines: &[purchase_line::Model],
) -> Result<HashMap<PurchaseLineId, String>, DbErr> {
    use stated_producer::Column;
    let of = stated_producer::Entity::find().filter(Column::PurchaseLineId.is_in(lines.iter().map(|line| line.id)));
    Ok(of.all(db).await?.into_iter().map(|row| (row.purchase_line_id, row.code)).collect())
}

/// Why lines were taken back, where a school said so.
async fn reasons(
    db: &impl ConnectionTrait,
    lines: &[purchase_line::Model],
) -> Result<HashMap<PurchaseLineId, String>, DbErr> {
    use line_correction::Column;
    let correcting = lines.iter().filter(|line| line.corrects_line_id.is_some()).map(|line| line.id);
    let rows = line_correction::Entity::find().filter(Column::PurchaseLineId.is_in(correcting)).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.purchase_line_id, row.reason)).collect())
}

/// Names of the places of origin.
async fn places(db: &impl ConnectionTrait, lines: &[purchase_line::Model]) -> Result<HashMap<String, String>, DbErr> {
    use division::Column;
    let codes: BTreeSet<&str> = lines.iter().filter_map(|line| line.origin_division_code.as_deref()).collect();
    let named = division::Entity::find().select_only().columns([Column::Code, Column::Name]);
    let rows: Vec<(String, String)> = named.filter(Column::Code.is_in(codes)).into_tuple().all(db).await?;
    Ok(rows.into_iter().collect())
}

/// Names of the sellers. A household's is masked: whoever may read it in full finds it with the supplier (P1).
async fn suppliers(
    db: &impl ConnectionTrait,
    lines: &[purchase_line::Model],
) -> Result<HashMap<SupplierId, String>, DbErr> {
    use supplier::Column;
    let ids: BTreeSet<SupplierId> = lines.iter().filter_map(|line| line.supplier_id).collect();
    let named = supplier::Entity::find().select_only().columns([Column::Id, Column::Name, Column::Kind]);
    let rows: Vec<(SupplierId, String, SupplierKind)> =
        named.filter(Column::Id.is_in(ids)).into_tuple().all(db).await?;
    let shown = |name: String, kind| if kind == SupplierKind::Household { mask_name(&name) } else { name };
    Ok(rows.into_iter().map(|(id, name, kind)| (id, shown(name, kind))).collect())
}
