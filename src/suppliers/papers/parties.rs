//! Who takes part in a supply base: schools that buy from it, households that work on it.

use super::{
    bases::{BaseView, view},
    frame::held_by_authority,
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Check, Command, Path, Reply, Text},
    registry,
    store::{Begun, bulk},
    suppliers::store::find_household,
};
use axum::{extract::State, http::StatusCode};
use chrono::NaiveDate;
use entity::{
    id::{HouseholdId, SchoolId, SupplyBaseId},
    supply_base,
    supply_base_party::{self, BasePartyKind},
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};
use utoipa::ToSchema;
use uuid::Uuid;

/// Schools and households a base may have at once: each is looked up.
const MOST: usize = 100;

/// Who takes part in a base.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Parties {
    /// Schools, of the caller's subtree.
    #[serde(default)]
    #[schema(example = json!([]))]
    pub schools: Vec<SchoolId>,
    /// Households, of the caller's counties.
    #[serde(default)]
    #[schema(example = json!([]))]
    pub household_ids: Vec<HouseholdId>,
}

/// Who takes part from a day on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutBasePartiesRequest {
    /// First day of the new ones; who is not named leaves on its eve.
    #[schema(example = "2026-09-01")]
    pub from_on: NaiveDate,
    /// All who take part from then on.
    pub parties: Parties,
}

/// Somebody who takes part.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartyView {
    /// School or household.
    pub party: BasePartyKind,
    /// Which one.
    pub party_id: Uuid,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day; null while it takes part.
    pub to_on: Option<NaiveDate>,
}

impl From<supply_base_party::Model> for PartyView {
    fn from(row: supply_base_party::Model) -> Self {
        Self { party: row.party, party_id: row.party_id, from_on: row.from_on, to_on: row.to_on }
    }
}

impl Parties {
    fn named(&self) -> BTreeSet<(BasePartyKind, Uuid)> {
        let schools = self.schools.iter().map(|id| (BasePartyKind::School, id.0));
        schools.chain(self.household_ids.iter().map(|id| (BasePartyKind::Household, id.0))).collect()
    }

    /// Rows of all of them from a day on.
    pub(super) fn rows(&self, base_id: SupplyBaseId, from_on: NaiveDate) -> Vec<supply_base_party::Model> {
        let row = |(party, party_id)| supply_base_party::Model { base_id, party, party_id, from_on, to_on: None };
        self.named().into_iter().map(row).collect()
    }

    /// Notes who is not there for the caller.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn check(
        &self,
        db: &impl ConnectionTrait,
        caller: &Caller,
        check: &mut Check,
        at: &str,
    ) -> Result<(), ApiError> {
        if self.schools.len() + self.household_ids.len() > MOST {
            check.refuse(at, "too_many", Text::new("最多 100 个。", "A hundred at most."));
            return Ok(());
        }
        let schools = caller.actor.may(Action::Read, Resource::School)?;
        for (place, id) in self.schools.iter().enumerate() {
            let found = registry::find_school(db, &schools, *id).await?;
            let text = Text::new("您的权限范围内没有该学校。", "There is no such school within your reach.");
            check.that(found.is_some(), format!("{at}/schools/{place}"), "school_unknown", text);
        }
        let households = caller.actor.may(Action::Read, Resource::Household)?;
        for (place, id) in self.household_ids.iter().enumerate() {
            let found = find_household(db, &households, *id).await?;
            let text = Text::new("您的权限范围内没有该农户。", "There is no such household within your reach.");
            check.that(found.is_some(), format!("{at}/household_ids/{place}"), "household_unknown", text);
        }
        Ok(())
    }
}

/// Who takes part in these bases, former ones included.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn of_bases(
    db: &impl ConnectionTrait,
    bases: impl IntoIterator<Item = SupplyBaseId>,
) -> Result<HashMap<SupplyBaseId, Vec<supply_base_party::Model>>, DbErr> {
    use supply_base_party::Column;
    let rows = supply_base_party::Entity::find()
        .filter(Column::BaseId.is_in(bases))
        .order_by_asc(Column::FromOn)
        .order_by_asc(Column::Party)
        .order_by_asc(Column::PartyId)
        .all(db)
        .await?;
    let mut found: HashMap<SupplyBaseId, Vec<supply_base_party::Model>> = HashMap::new();
    for row in rows {
        found.entry(row.base_id).or_default().push(row);
    }
    Ok(found)
}

/// Lets everybody leave a base that ends.
///
/// # Errors
/// When the database refuses.
pub(super) async fn leave(db: &impl ConnectionTrait, base: SupplyBaseId, on: NaiveDate) -> Result<(), DbErr> {
    use supply_base_party::Column;
    // Who would have come later does not come at all.
    let later = supply_base_party::Entity::delete_many().filter(Column::BaseId.eq(base)).filter(Column::FromOn.gt(on));
    later.exec(db).await?;
    let still = Condition::any().add(Column::ToOn.is_null()).add(Column::ToOn.gt(on));
    let ended = supply_base_party::Entity::update_many().col_expr(Column::ToOn, Expr::value(on));
    ended.filter(Column::BaseId.eq(base)).filter(still).exec(db).await.map(drop)
}

/// Say who takes part in a base
///
/// By officers of the supplier's county: all who take part from a day on, which lies after those of the present ones.
#[utoipa::path(
    put, path = "/bases/{id}/parties", operation_id = "put_base_parties", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = SupplyBaseId, Path, description = "The base")),
    request_body = PutBasePartiesRequest,
    responses((status = 200, body = BaseView, description = "Who takes part"))
)]
pub async fn put_base_parties(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SupplyBaseId>,
    command: Command<PutBasePartiesRequest>,
) -> Result<Reply, ApiError> {
    use supply_base_party::Column;
    caller.actor.may(Action::Manage, Resource::SupplierPaper)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let base = supply_base::Entity::find_by_id(id).one(work.txn()).await?.ok_or(ApiError::NotFound)?;
    held_by_authority(work.txn(), &caller, base.supplier_id).await?;
    let PutBasePartiesRequest { from_on, parties } = command.body;
    let mut check = Check::default();
    check.day("/from_on", from_on);
    let present = of_bases(work.txn(), [id]).await?.remove(&id).unwrap_or_default();
    let latest = present.iter().map(|row| row.from_on).chain([base.from_on]).max();
    check.that(
        latest.is_none_or(|latest| latest <= from_on) && base.to_on.is_none_or(|last| from_on <= last),
        "/from_on",
        "period_overlaps",
        Text::new(
            "须不早于现有各方的起始日，且在基地期间内。",
            "Must not lie before those who take part, nor outside the base's days.",
        ),
    );
    parties.check(work.txn(), &caller, &mut check, "/parties").await?;
    check.finish()?;
    let named = parties.named();
    let (stays, goes): (Vec<_>, Vec<_>) =
        present.iter().filter(|row| row.to_on.is_none()).partition(|row| named.contains(&(row.party, row.party_id)));
    let eve = from_on.pred_opt().unwrap_or(from_on);
    for row in &goes {
        let one = Condition::all()
            .add(Column::BaseId.eq(id))
            .add(Column::Party.eq(row.party))
            .add(Column::PartyId.eq(row.party_id))
            .add(Column::FromOn.eq(row.from_on));
        if row.from_on > eve {
            supply_base_party::Entity::delete_many().filter(one).exec(work.txn()).await?;
        } else {
            let ended = supply_base_party::Entity::update_many().col_expr(Column::ToOn, Expr::value(eve));
            ended.filter(one).exec(work.txn()).await?;
        }
    }
    let here: BTreeSet<_> = stays.iter().map(|row| (row.party, row.party_id)).collect();
    let mut new = parties.rows(id, from_on);
    new.retain(|row| !here.contains(&(row.party, row.party_id)));
    bulk::insert(work.txn(), &new).await?;
    let told = json!({
        "supplier_id": base.supplier_id, "from_on": from_on, "schools": parties.schools,
        "household_ids": parties.household_ids,
    });
    work.audit("supply_base.parties", "supply_base", &id, &told);
    let now = of_bases(work.txn(), [id]).await?.remove(&id).unwrap_or_default();
    work.commit(StatusCode::OK, &view(base, now)).await
}
