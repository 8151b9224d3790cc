//! Everything a group of receipts is judged by, read with a fixed number of statements, and how their consignments and
//! orders move on.

use super::{inspect::received_before, receipt::Recorded};
use crate::{
    access::{InspectorView, inspectors_of},
    catalogue::Conversions,
    http::ApiError,
    registry::schools_on,
    store::bulk::{self, Kind, Rows},
};
use chrono::NaiveDate;
use entity::{
    certificate,
    consignment::{self, ConsignmentStatus},
    consignment_line,
    id::{ConsignmentId, OrderId},
    order_line,
    purchase_order::{self, OrderStatus},
    receipt, receipt_inspector, receipt_line, school,
};
use sea_orm::{ActiveEnum, ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A consignment with what is behind it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The consignment.
    pub consignment: consignment::Model,
    /// Its order.
    pub order: purchase_order::Model,
    /// Where it goes, as the school stood that day.
    pub school: school::Model,
    /// One line a batch.
    pub batches: Vec<consignment_line::Model>,
    /// Documents of the batches.
    pub certificates: Vec<certificate::Model>,
    /// Lines of the order.
    pub ordered: Vec<order_line::Model>,
    /// People of the school who may inspect that day.
    pub may_inspect: Vec<InspectorView>,
}

/// The consignments of a group.
pub struct Arrivals {
    sent: HashMap<ConsignmentId, Sent>,
    /// Consignments of each order that have not arrived yet.
    under_way: HashMap<OrderId, i64>,
    /// What the products of all orders weigh.
    pub conversions: Conversions,
    arrived: Vec<ConsignmentId>,
}

#[derive(FromQueryResult)]
struct UnderWay {
    order_id: OrderId,
    consignments: i64,
}

impl Arrivals {
    /// Reads the consignments with these ids and locks their orders, in id order: of two receipts of one order, the
    /// later sees the earlier and closes the order.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn lock(db: &impl ConnectionTrait, ids: &BTreeSet<ConsignmentId>, day: NaiveDate) -> Result<Self, DbErr> {
        let by_consignment = Ids::of(db, ids.iter().copied())?;
        // On SQLite the transaction holds the write lock already.
        let lock = if by_consignment.backend == DbBackend::Postgres { " for no key update of t" } else { "" };
        let orders: Vec<purchase_order::Model> = by_consignment
            .all(
                db,
                "select t.* from {r} join consignment c on c.id = r.id join purchase_order t on t.id = c.order_id",
                &format!("order by t.id{lock}"),
            )
            .await?;
        let orders: BTreeMap<OrderId, purchase_order::Model> =
            orders.into_iter().map(|order| (order.id, order)).collect();
        let consignments: Vec<consignment::Model> =
            by_consignment.all(db, "select t.* from {r} join consignment t on t.id = r.id", "").await?;
        let batches: Vec<consignment_line::Model> = by_consignment
            .all(db, "select t.* from {r} join consignment_line t on t.consignment_id = r.id", "order by t.line_no")
            .await?;
        let certificates: Vec<certificate::Model> = by_consignment
            .all(
                db,
                "select t.* from {r} join consignment_line l on l.consignment_id = r.id \
                 join certificate t on t.consignment_line_id = l.id",
                "order by t.id",
            )
            .await?;
        let by_order = Ids::of(db, orders.keys().copied())?;
        let ordered: Vec<order_line::Model> = by_order
            .all(db, "select t.* from {r} join order_line t on t.order_id = r.id", "order by t.line_no")
            .await?;
        let under_way: Vec<UnderWay> = by_order
            .all(
                db,
                "select t.order_id, count(*) as consignments from {r} join consignment t on t.order_id = r.id",
                "where t.status = 'sent' group by t.order_id",
            )
            .await?;
        let schools: BTreeSet<_> = orders.values().map(|order| order.school_id).collect();
        let by_school = Ids::of(db, schools.iter().copied())?;
        let schools: Vec<school::Model> =
            by_school.all(db, &format!("select t.* from {{r}} join {} t on t.id = r.id", schools_on(day)), "").await?;
        let people = inspectors_of(db, schools.iter().map(|school| school.id), day).await?;
        let products: BTreeSet<&String> = ordered.iter().map(|line| &line.product_code).collect();
        let products: Vec<String> = products.into_iter().cloned().collect();
        let conversions = Conversions::load(db, &products).await?;

        let schools: HashMap<_, _> = schools.into_iter().map(|school| (school.id, school)).collect();
        let mut batches = grouped(batches, |line| line.consignment_id);
        let mut documents = grouped(certificates, |it| it.consignment_line_id);
        let ordered = grouped(ordered, |line| line.order_id);
        let sent = consignments.into_iter().filter_map(|consignment| {
            let order = orders.get(&consignment.order_id)?.clone();
            let batches = batches.remove(&consignment.id).unwrap_or_default();
            let sent = Sent {
                school: schools.get(&order.school_id)?.clone(),
                certificates: batches.iter().flat_map(|line| documents.remove(&line.id).unwrap_or_default()).collect(),
                batches,
                ordered: ordered.get(&order.id).cloned().unwrap_or_default(),
                may_inspect: people.get(&order.school_id).cloned().unwrap_or_default(),
                order,
                consignment,
            };
            Some((sent.consignment.id, sent))
        });
        Ok(Self {
            sent: sent.collect(),
            under_way: under_way.into_iter().map(|row| (row.order_id, row.consignments)).collect(),
            conversions,
            arrived: Vec::new(),
        })
    }

    /// A consignment as it stands, earlier receipts of the group included.
    #[must_use]
    pub fn get(&self, id: ConsignmentId) -> Option<&Sent> {
        self.sent.get(&id)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Sent> {
        self.sent.values()
    }

    /// Notes that one has arrived, for the receipts after it and for [`Arrivals::write`].
    pub fn arrive(&mut self, id: ConsignmentId) {
        let Some(sent) = self.sent.get_mut(&id) else { return };
        sent.consignment.status = ConsignmentStatus::Received;
        sent.consignment.version += 1;
        let left = self.under_way.entry(sent.order.id).or_default();
        *left -= 1;
        if *left <= 0 {
            sent.order.status = OrderStatus::Received;
        }
        self.arrived.push(id);
    }

    /// Marks what arrived as received, and each order too once nothing of it is on its way.
    ///
    /// # Errors
    /// 409 when a consignment moved on meanwhile, 412 when an order did.
    pub async fn write(&self, db: &impl ConnectionTrait) -> Result<(), ApiError> {
        let arrived: Vec<&Sent> = self.arrived.iter().filter_map(|id| self.sent.get(id)).collect();
        let before = |version: i64| Value::from(version - 1);
        let cells = arrived.iter().map(|sent| vec![sent.consignment.id.into(), before(sent.consignment.version)]);
        if move_on(db, "consignment", ConsignmentStatus::Received.to_value(), cells.collect()).await? != arrived.len() {
            return Err(received_before());
        }
        let done: BTreeMap<OrderId, &purchase_order::Model> = arrived
            .iter()
            .filter(|sent| self.under_way.get(&sent.order.id).is_none_or(|left| *left <= 0))
            .map(|sent| (sent.order.id, &sent.order))
            .collect();
        let cells = done.values().map(|order| vec![order.id.into(), order.version.into()]).collect();
        if move_on(db, "purchase_order", OrderStatus::Received.to_value(), cells).await? != done.len() {
            let version = done.values().map(|order| order.version + 1).max().unwrap_or_default();
            return Err(ApiError::Stale { version });
        }
        Ok(())
    }
}

/// Writes the receipts, who signed them, and their lines.
///
/// # Errors
/// When the database refuses.
pub async fn write_receipts(db: &impl ConnectionTrait, recorded: &[Recorded]) -> Result<(), DbErr> {
    let receipts: Vec<receipt::Model> = recorded.iter().map(|it| it.receipt.clone()).collect();
    bulk::insert(db, &receipts).await?;
    let signed: Vec<receipt_inspector::Model> = recorded.iter().flat_map(|it| it.signed.iter().cloned()).collect();
    bulk::insert(db, &signed).await?;
    let lines = recorded.iter().flat_map(|it| it.lines.iter().map(|line| line.line.clone()));
    bulk::insert::<receipt_line::Model>(db, &lines.collect::<Vec<_>>()).await
}

/// Sets the status of rows that still have the version beside their id; returns how many had.
async fn move_on(
    db: &impl ConnectionTrait,
    table: &str,
    status: String,
    cells: Vec<Vec<Value>>,
) -> Result<usize, DbErr> {
    if cells.is_empty() {
        return Ok(0);
    }
    let backend = db.get_database_backend();
    let (relation, mut values) = Rows::new(&["id", "version"], &[Kind::Uuid, Kind::Long], cells).relation(backend)?;
    let place = values.len() + 1;
    values.push(status.into());
    let sql = format!(
        "update {table} set status = ${place}, version = {table}.version + 1 from {relation} \
         where {table}.id = r.id and {table}.version = r.version"
    );
    let moved = db.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?.rows_affected();
    Ok(usize::try_from(moved).unwrap_or(usize::MAX))
}

/// Ids bound once and asked by several statements.
struct Ids {
    backend: DbBackend,
    relation: String,
    values: Vec<Value>,
}

impl Ids {
    fn of<I: Into<Value>>(db: &impl ConnectionTrait, ids: impl IntoIterator<Item = I>) -> Result<Self, DbErr> {
        let backend = db.get_database_backend();
        let (relation, values) = bulk::ids(backend, ids)?;
        Ok(Self { backend, relation, values })
    }

    /// `{r}` in `from` stands for the ids.
    async fn all<R: FromQueryResult>(
        &self,
        db: &impl ConnectionTrait,
        from: &str,
        behind: &str,
    ) -> Result<Vec<R>, DbErr> {
        let sql = format!("{} {behind}", from.replace("{r}", &self.relation));
        R::find_by_statement(Statement::from_sql_and_values(self.backend, sql, self.values.clone())).all(db).await
    }
}

fn grouped<M, K: std::hash::Hash + Eq>(rows: Vec<M>, key: impl Fn(&M) -> K) -> HashMap<K, Vec<M>> {
    let mut groups: HashMap<K, Vec<M>> = HashMap::new();
    for row in rows {
        groups.entry(key(&row)).or_default().push(row);
    }
    groups
}
