//! The county's officer enters a household's ID number, phone and bank account, for the household rarely does (H2, H5).

use super::{
    household_view::{HouseholdView, show},
    personal::{SEALED, Sealed},
    search_households::normal,
    store,
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Check, Command, IfMatch, Path, Reply, Text},
    store::{Begun, IdempotencyKey, Work, is_duplicate},
    vault::Secret,
};
use axum::{extract::State, http::StatusCode};
use chrono::NaiveDate;
use entity::{account, household, id::HouseholdId, time::Timestamp};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, TransactionTrait, sea_query::Expr,
};
use serde::{Deserialize, Deserializer};
use std::time::Duration;
use utoipa::ToSchema;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What changes; an absent field stays, null takes the number out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdatePersonalDataRequest {
    /// Resident identity number of 18 characters (GB 11643).
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "910000190001010019")]
    pub id_number: Change,
    /// Mobile number, or a landline with its area code.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "19900000001")]
    pub phone: Change,
    /// Bank account or card number.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "6219990000000000010")]
    pub bank_account: Change,
}

/// What happens to one number.
#[derive(Debug, Default)]
pub enum Change {
    /// Absent: it stays.
    #[default]
    Keep,
    /// Null: it is taken out.
    Remove,
    /// It is put in.
    Put(Secret),
}

impl<'de> Deserialize<'de> for Change {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Remove, Self::Put))
    }
}

/// Enter or change personal data of a household
///
/// The numbers are stored encrypted and shown masked from then on. An ID number belongs to one household only; the
/// answer to a second one does not say whose it is, and an account is given it a few times a day only.
#[utoipa::path(
    patch, path = "/households/{id}/personal-data", operation_id = "update_personal_data", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = HouseholdId, Path, description = "The household")),
    request_body = UpdatePersonalDataRequest,
    responses((status = 200, body = HouseholdView, description = "The household, masked"))
)]
pub async fn update_personal_data(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<HouseholdId>,
    version: IfMatch,
    command: Command<UpdatePersonalDataRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Update, Resource::Household)?;
    let key = keyed(&ctx, command.key).await?;
    let mut work = match ctx.begin(&caller, key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let mut row = store::find_household(work.txn(), &scope, id).await?.ok_or(ApiError::NotFound)?;
    version.check(row.version)?;
    let changes = command.body.rule(work.at.business_day())?;
    let keys = ctx.vault.open_to_seal(work.txn(), &ctx.ids, work.at).await?;
    let mut fields = Vec::new();
    for (field, number) in &changes {
        field.put(&keys, &ctx.ids, &mut row, number.as_ref().map(Secret::expose))?;
        fields.push(field.column());
    }
    let misses = {
        let named = changes.iter().any(|(field, number)| *field == Sealed::IdNumber && number.is_some());
        Misses::admit(&ctx, &caller, &work, named).await?
    };
    // In a step of its own: PostgreSQL gives up a transaction's locks when a statement of it fails, and the account's must
    // hold until the miss is counted.
    let step = work.txn().begin().await?;
    match store_numbers(&step, &row).await {
        Ok(1) => {
            step.commit().await?;
            row.version += 1;
        }
        Ok(_) => return Err(ApiError::Stale { version: row.version + 1 }),
        Err(error) if is_duplicate(&error) => {
            step.rollback().await?;
            return Err(misses.count().await);
        }
        Err(error) => return Err(error.into()),
    }
    let taken_out: Vec<_> =
        changes.iter().filter(|(_, number)| number.is_none()).map(|(one, _)| one.column()).collect();
    work.audit(
        "household.update_personal_data",
        "household",
        &id,
        &serde_json::json!({"fields": fields, "taken_out": taken_out}),
    );
    let view = show(&ctx, work.txn(), vec![row]).await?.pop().ok_or(ApiError::NotFound)?;
    work.commit(StatusCode::OK, &view).await
}

/// The key with its hash over the body keyed: an ID number has so few digits that a plain hash of it could be tried out.
///
/// # Errors
/// When the keys cannot be read.
pub async fn keyed(ctx: &Ctx, key: Option<IdempotencyKey>) -> Result<Option<IdempotencyKey>, ApiError> {
    let Some(IdempotencyKey { key, body_hash }) = key else { return Ok(None) };
    let keys = ctx.vault.open(ctx.store.primary()).await?;
    let body_hash = keys.hash("idempotency.body_hash", &body_hash).ok_or(ApiError::Unavailable)?;
    Ok(Some(IdempotencyKey { key, body_hash }))
}

/// Writes the sealed columns of a row that this transaction read at its version.
async fn store_numbers(db: &impl ConnectionTrait, row: &household::Model) -> Result<u64, DbErr> {
    let columns = household::COLUMN;
    let changed = household::Entity::update_many()
        .col_expr(household::Column::IdNumberSealed, Expr::value(row.id_number_sealed.clone()))
        .col_expr(household::Column::IdNumberHash, Expr::value(row.id_number_hash.clone()))
        .col_expr(household::Column::PhoneSealed, Expr::value(row.phone_sealed.clone()))
        .col_expr(household::Column::PhoneHash, Expr::value(row.phone_hash.clone()))
        .col_expr(household::Column::BankAccountSealed, Expr::value(row.bank_account_sealed.clone()))
        .col_expr(household::Column::BankAccountHash, Expr::value(row.bank_account_hash.clone()))
        .col_expr(household::Column::Version, Expr::value(row.version + 1))
        .filter(columns.id.eq(row.id))
        .filter(columns.version.eq(row.version))
        .exec(db)
        .await?;
    Ok(changed.rows_affected)
}

/// How often an account was told that an ID number is another household's: the answer looks past the county's border,
/// and who tries numbers on a household of their own must not go through them.
pub struct Misses<'a> {
    ctx: &'a Ctx,
    key: String,
    at: Timestamp,
}

impl<'a> Misses<'a> {
    /// Lets a change that names an ID number, or anything else only one household has, pass while the account has misses
    /// left today.
    ///
    /// # Errors
    /// 429 where it has none.
    pub async fn admit(ctx: &'a Ctx, caller: &Caller, work: &Work<'_>, named: bool) -> Result<Self, ApiError> {
        let id = caller.actor.account_id();
        let misses = Self { ctx, key: format!("xiaonong:id-number-taken:{id}"), at: work.at };
        if !named {
            return Ok(misses);
        }
        // One at a time for each account: requests sent together would all pass before the first is counted.
        account::Entity::find_by_id(id).lock_exclusive().one(work.txn()).await?;
        if ctx.counters.count(&misses.key, work.at).await < ctx.settings.taken_numbers_per_day {
            return Ok(misses);
        }
        tracing::warn!(account = %id, "an account was told of ID numbers that are taken as often as it may in a day");
        Err(ApiError::TooMany { retry_after: DAY.as_secs().cast_signed() })
    }

    /// Counts a miss; answers the problem. The refusal leaves its line in the audit trail.
    pub async fn count(self) -> ApiError {
        self.ctx.counters.hit(&self.key, DAY, self.at).await;
        ApiError::conflict(
            "id_number_taken",
            Text::new("该身份证号码已登记在另一农户名下。", "Another household is entered under this ID number."),
        )
    }
}

impl UpdatePersonalDataRequest {
    pub(super) fn rule(self, today: NaiveDate) -> Result<Vec<(Sealed, Option<Secret>)>, ApiError> {
        let mut check = Check::default();
        let mut changes = Vec::new();
        for (field, change) in SEALED.into_iter().zip([self.id_number, self.phone, self.bank_account]) {
            match change {
                Change::Keep => {}
                Change::Remove => changes.push((field, None)),
                Change::Put(number) => changes.push((field, normal(&mut check, field, &number, today))),
            }
        }
        check.that(
            !changes.is_empty(),
            "",
            "nothing_to_change",
            Text::new("没有要更改的内容。", "There is nothing to change."),
        );
        check.finish()?;
        Ok(changes)
    }
}
