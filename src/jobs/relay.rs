//! The outbox runner: turns events into notifications for the people concerned.

use crate::{
    access,
    context::Ctx,
    http::ApiError,
    store::bulk::{self, Kind, Rows},
};
use entity::{
    account,
    id::{AccountId, NotificationId, OutboxId, SchoolId, SupplierId},
    membership::{self, Role},
    notification, outbox,
    time::Timestamp,
};
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Statement,
    sea_query::{LockBehavior, LockType},
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Builder;

/// Events passed on in one transaction.
const BATCH: u64 = 200;

/// What happens to the same thing a second time, such as a suspension, is told anew; an event passed on twice is not.
const AGAIN: &str = "on conflict (account_id, topic, subject_id) do update \
    set created_at = excluded.created_at, read_at = null where notification.created_at < excluded.created_at";

/// The ids every event carries.
#[derive(Debug, Default, Deserialize)]
struct Facts {
    school_id: Option<SchoolId>,
    supplier_id: Option<SupplierId>,
    order_id: Option<String>,
    consignment_id: Option<String>,
    receipt_id: Option<String>,
    verification_id: Option<String>,
    objection_id: Option<String>,
    licence_id: Option<String>,
    capacity_id: Option<String>,
    /// What it is about, where the topic does not say which of the ids.
    subject: Option<String>,
    /// People to be told by name.
    #[serde(default)]
    to: BTreeSet<AccountId>,
    /// Reporting units whose officers are concerned.
    #[serde(default)]
    units: BTreeSet<String>,
    /// Who did it and need not be told.
    by: Option<AccountId>,
    /// People named as inspectors by another.
    #[serde(default)]
    named: BTreeSet<AccountId>,
}

/// Who is told of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audience {
    Supplier,
    /// Those who order.
    Managers,
    /// Those who order and those who inspect.
    School,
    /// Officers of the units named.
    Authority,
    /// The supplier and the officers.
    SupplierAndAuthority,
    /// Nobody but who is named.
    Named,
}

fn audience(topic: &str) -> Option<Audience> {
    Some(match topic {
        "order.placed" | "order.cancelled" | "consignment.received" | "sale.decided" => Audience::Supplier,
        "order.confirmed" | "order.declined" | "ledger.corrected" => Audience::Managers,
        "consignment.sent" => Audience::School,
        // Who takes the next step of a verification (H4).
        "verification.applied"
        | "verification.recommended"
        | "verification.reviewed"
        | "verification.notice_over"
        | "verification.objected"
        | "verification.withdrawn"
        | "sale.denied"
        | "capacity.overrun"
        | "purchase.corrected" => Audience::Authority,
        "verification.noticed" | "verification.approved" | "verification.refused" | "verification.reinstated" => {
            Audience::Supplier
        }
        "verification.suspended"
        | "verification.expiring"
        | "verification.expired"
        | "verification.revoked"
        | "licence.expiring"
        | "goods.returned" => Audience::SupplierAndAuthority,
        "objection.answered" => Audience::Named,
        // Kept for others who may listen one day; nobody is notified.
        _ => return None,
    })
}

/// Passes on up to 200 waiting events, oldest first; answers how many there were. Replicas skip what another one holds.
///
/// # Errors
/// When the database refuses; then the events wait on.
pub async fn run_once(ctx: &Ctx) -> Result<usize, ApiError> {
    // Most looks find nothing; they should not take the write lock to find it.
    let waiting = outbox::Entity::find().filter(outbox::Column::DeliveredAt.is_null());
    if waiting.clone().one(ctx.store.primary()).await?.is_none() {
        return Ok(0);
    }
    let txn = ctx.store.begin().await?;
    let events = waiting
        .order_by_asc(outbox::Column::Id)
        .limit(BATCH)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .all(&txn)
        .await?;
    let now = ctx.clock.now();
    let told: Vec<(&outbox::Model, Facts)> = events
        .iter()
        .map(|event| {
            let facts = serde_json::from_str(&event.payload).unwrap_or_else(|error| {
                tracing::error!(%error, event = %event.id, "an event without readable facts");
                Facts::default()
            });
            (event, facts)
        })
        .collect();
    let people = People::load(&txn, &told, now).await?;
    // The same thing twice in a batch is told once, as it was last.
    let mut latest = BTreeMap::new();
    for one in told.iter().flat_map(|(event, facts)| notify(ctx, &people, event, facts)) {
        latest.insert((one.account_id, one.topic.clone(), one.subject_id.clone()), one);
    }
    let notifications: Vec<notification::Model> = latest.into_values().collect();
    bulk::insert_with(&txn, &notifications, AGAIN).await?;
    mark(&txn, &events, now).await?;
    txn.commit().await?;
    Ok(events.len())
}

fn notify(ctx: &Ctx, people: &People, event: &outbox::Model, facts: &Facts) -> Vec<notification::Model> {
    let subject = match event.topic.split('.').next() {
        Some("consignment") => &facts.consignment_id,
        Some("verification") => &facts.verification_id,
        Some("objection") => &facts.objection_id,
        Some("licence") => &facts.licence_id,
        Some("capacity") => &facts.capacity_id,
        Some("sale" | "ledger" | "purchase" | "goods") => &facts.subject,
        _ => &facts.order_id,
    };
    let (Some(audience), Some(subject)) = (audience(&event.topic), subject) else { return Vec::new() };
    let tell = |account_id: AccountId, topic: &str, subject: &str| notification::Model {
        id: id_at(ctx, event.created_at),
        account_id,
        topic: topic.to_owned(),
        subject_id: subject.to_owned(),
        created_at: event.created_at,
        read_at: None,
    };
    let concerned = people.of(audience, facts).map(|account| tell(account, &event.topic, subject));
    let named = facts
        .receipt_id
        .iter()
        .flat_map(|receipt| facts.named.iter().map(|account| tell(*account, "receipt.named", receipt)));
    concerned.chain(named).collect()
}

/// An id in the order of the events, not of their passing on.
fn id_at(ctx: &Ctx, at: Timestamp) -> NotificationId {
    let millis = u64::try_from(at.0).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &ctx.ids.random()).into_uuid().into()
}

async fn mark(db: &impl ConnectionTrait, events: &[outbox::Model], now: Timestamp) -> Result<(), DbErr> {
    let backend = db.get_database_backend();
    let ids: BTreeSet<OutboxId> = events.iter().map(|event| event.id).collect();
    let cells = ids.into_iter().map(|id| vec![id.into(), now.into()]).collect();
    let (relation, values) = Rows::new(&["id", "at"], &[Kind::Uuid, Kind::Long], cells).relation(backend)?;
    let sql = format!("update outbox set delivered_at = r.at from {relation} where outbox.id = r.id");
    db.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.map(drop)
}

/// The present people of the schools and suppliers named in a batch.
struct People {
    schools: HashMap<SchoolId, Vec<(AccountId, Role)>>,
    suppliers: HashMap<SupplierId, Vec<AccountId>>,
    units: HashMap<String, Vec<AccountId>>,
}

impl People {
    async fn load(db: &impl ConnectionTrait, told: &[(&outbox::Model, Facts)], now: Timestamp) -> Result<Self, DbErr> {
        let schools: BTreeSet<SchoolId> = told.iter().filter_map(|(_, facts)| facts.school_id).collect();
        let suppliers: BTreeSet<SupplierId> = told.iter().filter_map(|(_, facts)| facts.supplier_id).collect();
        let units: BTreeSet<String> = told.iter().flat_map(|(_, facts)| facts.units.iter().cloned()).collect();
        let today = now.business_day();
        let open = account::Entity::find()
            .select_only()
            .column(account::Column::Id)
            .filter(account::Column::DisabledAt.is_null())
            .into_query();
        let roles = [
            Role::CanteenManager,
            Role::Inspector,
            Role::Supplier,
            Role::SupplierClerk,
            Role::AuthorityManager,
            Role::AuthorityOfficer,
        ];
        let held = membership::Entity::find()
            .filter(
                Condition::any()
                    .add(membership::Column::SchoolId.is_in(schools))
                    .add(membership::Column::SupplierId.is_in(suppliers.iter().copied()))
                    .add(membership::Column::ReportingUnitCode.is_in(units)),
            )
            .filter(membership::Column::Role.is_in(roles.map(|role| role.to_value())))
            .filter(membership::Column::FromOn.lte(today))
            .filter(Condition::any().add(membership::Column::ToOn.is_null()).add(membership::Column::ToOn.gte(today)))
            .filter(membership::Column::AccountId.in_subquery(open.clone()))
            .all(db)
            .await?;
        let agents = access::agents_of(db, suppliers, open, today).await?;
        let mut people = Self { schools: HashMap::new(), suppliers: HashMap::new(), units: HashMap::new() };
        for one in held {
            if let Some(school) = one.school_id {
                people.schools.entry(school).or_default().push((one.account_id, one.role));
            }
            if let Some(supplier) = one.supplier_id {
                people.suppliers.entry(supplier).or_default().push(one.account_id);
            }
            if let Some(unit) = one.reporting_unit_code {
                people.units.entry(unit).or_default().push(one.account_id);
            }
        }
        for (supplier, agent) in agents {
            people.suppliers.entry(supplier).or_default().push(agent);
        }
        Ok(people)
    }

    fn of(&self, audience: Audience, facts: &Facts) -> impl Iterator<Item = AccountId> {
        let supplier = || facts.supplier_id.and_then(|id| self.suppliers.get(&id)).into_iter().flatten().copied();
        let officers = || facts.units.iter().filter_map(|unit| self.units.get(unit)).flatten().copied();
        let mut found: BTreeSet<AccountId> = match audience {
            Audience::Supplier => supplier().collect(),
            Audience::Authority => officers().collect(),
            Audience::SupplierAndAuthority => supplier().chain(officers()).collect(),
            Audience::Named => BTreeSet::new(),
            Audience::Managers | Audience::School => facts
                .school_id
                .and_then(|id| self.schools.get(&id))
                .into_iter()
                .flatten()
                .filter(|(_, role)| audience == Audience::School || *role == Role::CanteenManager)
                .map(|(account, _)| *account)
                .collect(),
        };
        found.extend(facts.to.iter().copied());
        if let Some(by) = facts.by {
            found.remove(&by);
        }
        found.into_iter()
    }
}
