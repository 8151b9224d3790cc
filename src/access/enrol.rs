//! A second factor of one's own: begin, confirm, new recovery codes, take off.
//!
//! None of these takes an `Idempotency-Key`: their answers hold secrets, and stored answers are no place for them.

use super::{
    actor::Caller,
    guard::{NewcomerCaller, access_changed},
    password,
    second_factor::{self, find, is_compulsory},
    session_store::end_other_sessions,
    totp as codes, tries,
};
use crate::{
    context::Ctx,
    http::{ApiError, Command, Text},
    store::{Begun, Work},
};
use axum::{Json, extract::State, http::StatusCode};
use entity::{account, recovery_code, totp};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set, sea_query::OnConflict};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The present password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartTotpRequest {
    /// The present password.
    #[schema(example = "demo-canteen-2026", format = Password)]
    pub current: String,
}

/// A secret for an authenticator.
#[derive(Debug, Serialize, ToSchema)]
pub struct StartTotpResponse {
    /// The secret in Base32, to be typed where no QR code can be read.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    pub secret: String,
    /// What the QR code holds.
    #[schema(example = "otpauth://totp/Xiaonong:yunong?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Xiaonong")]
    pub uri: String,
}

/// A code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmTotpRequest {
    /// The six digits the authenticator shows.
    #[schema(example = "287082")]
    pub code: String,
}

/// Codes that stand in for a lost authenticator.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveryCodesResponse {
    /// Each is good for one log-in. They are shown this once.
    #[schema(example = json!(["kfmn-7w2q-hd4x-pv9s"]))]
    pub recovery_codes: Vec<String>,
}

/// The present password and a code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProveRequest {
    /// The present password.
    #[schema(example = "demo-canteen-2026", format = Password)]
    pub current: String,
    /// A code of the authenticator, or a recovery code.
    #[schema(example = "287082")]
    pub code: String,
}

fn wrong_code() -> ApiError {
    ApiError::field(
        "/code",
        "code_wrong",
        Text::new("动态口令不正确或已用过。", "The code is wrong or was used before."),
    )
}

fn not_on() -> ApiError {
    ApiError::conflict("second_factor_off", Text::new("尚未绑定动态口令。", "There is no second factor yet."))
}

/// The caller's account, when `current` is its password.
///
/// # Errors
/// 422 when it is not; 429 after ten tries of a session in 15 minutes.
pub(super) async fn with_password(ctx: &Ctx, caller: &Caller, current: String) -> Result<account::Model, ApiError> {
    let id = caller.actor.account_id();
    // By session: whoever holds a copied token guesses ten times, and the owner's other sessions are not held up.
    let session = caller.actor.session_id().map_or_else(|| id.to_string(), |session| session.to_string());
    let now = ctx.clock.now();
    let tries = tries::admit_inside(ctx, "password", &session, now).await?;
    let account = account::Entity::find_by_id(id).one(ctx.store.primary()).await?.ok_or(ApiError::NotFound)?;
    if !password::verify(current, Some(account.password_hash.clone()), ctx.settings.password_cost).await? {
        return Err(ApiError::field(
            "/current",
            "password_wrong",
            Text::new("现口令不正确。", "The present password is wrong."),
        ));
    }
    ctx.counters.clear(&tries, now).await;
    Ok(account)
}

async fn begin<'a>(ctx: &'a Ctx, caller: &'a Caller) -> Result<Work<'a>, ApiError> {
    match ctx.begin(caller, None).await? {
        Begun::New(work) => Ok(work),
        Begun::Replay(_) => Err(ApiError::internal("a replay without a key")),
    }
}

/// Begin a second factor
///
/// Makes a secret for an authenticator (RFC 6238). Nothing is asked for at log-in until a code confirms it; beginning again replaces
/// the secret.
#[utoipa::path(
    post, path = "/me/totp", operation_id = "start_totp", tag = "access", security(("bearer" = [])),
    request_body = StartTotpRequest,
    responses((status = 200, body = StartTotpResponse, description = "The secret"))
)]
pub async fn start_totp(
    State(ctx): State<Ctx>,
    NewcomerCaller(caller): NewcomerCaller,
    command: Command<StartTotpRequest>,
) -> Result<Json<StartTotpResponse>, ApiError> {
    if caller.actor.must_change_password() {
        return Err(ApiError::PasswordChangeRequired);
    }
    let account = with_password(&ctx, &caller, command.body.current).await?;
    let secret = ctx.ids.random::<{ codes::SECRET_LENGTH }>();
    let mut work = begin(&ctx, &caller).await?;
    if find(work.txn(), account.id).await?.is_some() {
        let detail = Text::new("已绑定动态口令，请先解除。", "There is a second factor already; take it off first.");
        return Err(ApiError::conflict("second_factor_on", detail));
    }
    let row = totp::ActiveModel {
        account_id: Set(account.id),
        sealed_secret: Set(second_factor::seal_secret(&ctx, account.id, &secret)?),
        created_at: Set(work.at),
        confirmed_at: Set(None),
        last_step: Set(0),
    };
    let again = OnConflict::column(totp::Column::AccountId)
        .update_columns([totp::Column::SealedSecret, totp::Column::CreatedAt, totp::Column::LastStep])
        .to_owned();
    totp::Entity::insert(row).on_conflict(again).exec_without_returning(work.txn()).await?;
    work.audit("account.start_second_factor", "account", &account.id, &serde_json::json!({}));
    work.commit(StatusCode::OK, &()).await?;
    Ok(Json(StartTotpResponse { secret: codes::base32(&secret), uri: codes::uri(&secret, &account.username) }))
}

/// Confirm the second factor
///
/// From now on a log-in asks for a code. Answers the recovery codes, this once. Every other session ends.
#[utoipa::path(
    post, path = "/me/totp/confirm", operation_id = "confirm_totp", tag = "access", security(("bearer" = [])),
    request_body = ConfirmTotpRequest,
    responses((status = 200, body = RecoveryCodesResponse, description = "Confirmed"))
)]
pub async fn confirm_totp(
    State(ctx): State<Ctx>,
    NewcomerCaller(caller): NewcomerCaller,
    command: Command<ConfirmTotpRequest>,
) -> Result<Json<RecoveryCodesResponse>, ApiError> {
    let id = caller.actor.account_id();
    let tries = second_factor::admit(&ctx, id, ctx.clock.now()).await?;
    let mut work = begin(&ctx, &caller).await?;
    let begun = totp::Entity::find_by_id(id).filter(totp::COLUMN.confirmed_at.is_null()).one(work.txn()).await?;
    let row = begun.ok_or_else(|| {
        ApiError::conflict(
            "second_factor_not_begun",
            Text::new("请先调用 POST /me/totp。", "Begin with POST /me/totp."),
        )
    })?;
    if !second_factor::take(&ctx, work.txn(), &row, &command.body.code, work.at).await? {
        return Err(wrong_code());
    }
    let confirmed = totp::ActiveModel { account_id: Set(id), confirmed_at: Set(Some(work.at)), ..Default::default() };
    totp::Entity::update(confirmed).exec(work.txn()).await?;
    let recovery_codes = second_factor::new_recovery_codes(&ctx, work.txn(), id).await?;
    end_other_sessions(work.txn(), &caller, work.at).await?;
    access_changed(&ctx, work.txn(), id).await?;
    work.audit("account.confirm_second_factor", "account", &id, &serde_json::json!({}));
    work.commit(StatusCode::OK, &()).await?;
    ctx.guard.forget(id);
    ctx.counters.clear(&tries, ctx.clock.now()).await;
    Ok(Json(RecoveryCodesResponse { recovery_codes }))
}

/// New recovery codes
///
/// The ones before are void. They are shown this once.
#[utoipa::path(
    post, path = "/me/totp/recovery-codes", operation_id = "renew_recovery_codes", tag = "access",
    security(("bearer" = [])),
    request_body = ProveRequest,
    responses((status = 200, body = RecoveryCodesResponse, description = "The new codes"))
)]
pub async fn renew_recovery_codes(
    State(ctx): State<Ctx>,
    caller: Caller,
    command: Command<ProveRequest>,
) -> Result<Json<RecoveryCodesResponse>, ApiError> {
    let ProveRequest { current, code } = command.body;
    let account = with_password(&ctx, &caller, current).await?;
    let tries = second_factor::admit(&ctx, account.id, ctx.clock.now()).await?;
    let mut work = begin(&ctx, &caller).await?;
    let row = find(work.txn(), account.id).await?.ok_or_else(not_on)?;
    if !second_factor::take(&ctx, work.txn(), &row, &code, work.at).await? {
        return Err(wrong_code());
    }
    let recovery_codes = second_factor::new_recovery_codes(&ctx, work.txn(), account.id).await?;
    work.audit("account.renew_recovery_codes", "account", &account.id, &serde_json::json!({}));
    work.commit(StatusCode::OK, &()).await?;
    ctx.counters.clear(&tries, ctx.clock.now()).await;
    Ok(Json(RecoveryCodesResponse { recovery_codes }))
}

/// Take the second factor off
///
/// Refused where a role of the account needs one. Every other session ends.
#[utoipa::path(
    post, path = "/me/totp/disable", operation_id = "disable_totp", tag = "access", security(("bearer" = [])),
    request_body = ProveRequest,
    responses((status = 204, description = "Taken off"))
)]
pub async fn disable_totp(
    State(ctx): State<Ctx>,
    caller: Caller,
    command: Command<ProveRequest>,
) -> Result<StatusCode, ApiError> {
    if is_compulsory(&ctx, caller.actor.grants()) {
        let detail = Text::new("您的角色须使用动态口令。", "Your role needs a second factor.");
        return Err(ApiError::conflict("second_factor_compulsory", detail));
    }
    let ProveRequest { current, code } = command.body;
    let account = with_password(&ctx, &caller, current).await?;
    let tries = second_factor::admit(&ctx, account.id, ctx.clock.now()).await?;
    let mut work = begin(&ctx, &caller).await?;
    let row = find(work.txn(), account.id).await?.ok_or_else(not_on)?;
    if !second_factor::take(&ctx, work.txn(), &row, &code, work.at).await? {
        return Err(wrong_code());
    }
    let own = recovery_code::COLUMN.account_id.eq(account.id);
    recovery_code::Entity::delete_many().filter(own).exec(work.txn()).await?;
    totp::Entity::delete_by_id(account.id).exec(work.txn()).await?;
    end_other_sessions(work.txn(), &caller, work.at).await?;
    access_changed(&ctx, work.txn(), account.id).await?;
    work.audit("account.disable_second_factor", "account", &account.id, &serde_json::json!({}));
    work.commit(StatusCode::NO_CONTENT, &()).await?;
    ctx.guard.forget(account.id);
    ctx.counters.clear(&tries, ctx.clock.now()).await;
    Ok(StatusCode::NO_CONTENT)
}
