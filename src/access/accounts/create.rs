//! Make accounts, each with its first role and a one-time password that is shown once.

use super::{
    draft::{Giver, MembershipRequest, Names, wanted},
    places::Places,
    view::AccountView,
};
use crate::{
    access::{Action, Caller, Resource, bootstrap::one_time_password, password},
    context::Ctx,
    http::{ApiError, Check, Command, Reply, Text},
    store::{Begun, IdempotencyKey, bulk, is_duplicate},
};
use axum::{extract::State, http::StatusCode};
use entity::{
    account,
    id::{AccountId, MembershipId},
    membership,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use tokio::task::JoinSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// A new account.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAccountRequest {
    /// Id chosen by the client (UUIDv7).
    pub id: Option<Uuid>,
    /// Log-in name: 3 to 50 letters, digits, `.`, `_` and `-`; case does not matter.
    #[schema(example = "songpo-wang")]
    pub username: String,
    /// Name shown to others.
    #[schema(example = "王老师")]
    pub display_name: String,
    /// Its first role.
    pub membership: MembershipRequest,
}

/// A new account, or one whose password was reset.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OneTimeResponse {
    /// The account.
    pub account: AccountView,
    /// Good until it is replaced after the first log-in. It is not kept: a repeated request answers null here.
    #[schema(example = "k7mp2xqd9rtvh4wz", format = Password)]
    pub one_time_password: Option<String>,
}

/// An account to be made, and where it was typed.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Pointer to its own fields.
    pub pointer: String,
    /// Pointer to those of its role.
    pub role_pointer: String,
    /// Id chosen by the client.
    pub id: Option<Uuid>,
    /// Log-in name as typed.
    pub username: String,
    /// Name shown to others.
    pub display_name: String,
    /// Its first role.
    pub membership: MembershipRequest,
}

/// An account made.
pub struct Made {
    /// The account.
    pub account: AccountView,
    /// Its one-time password.
    pub password: String,
}

/// Make an account
///
/// With a first role that lies below the caller's own, and a one-time password that only this answer shows. Whoever
/// logs in with it must replace it first.
#[utoipa::path(
    post, path = "/accounts", operation_id = "create_account", tag = "accounts", security(("bearer" = [])),
    request_body = CreateAccountRequest,
    responses((status = 201, body = OneTimeResponse, description = "Made"))
)]
pub async fn create_account(
    State(ctx): State<Ctx>,
    caller: Caller,
    command: Command<CreateAccountRequest>,
) -> Result<Reply, ApiError> {
    let CreateAccountRequest { id, username, display_name, membership } = command.body;
    let role_pointer = "/membership".to_owned();
    let draft = Draft { pointer: String::new(), role_pointer, id, username, display_name, membership };
    create(&ctx, &caller, command.key, draft, Names::JSON).await
}

/// Makes one account.
///
/// # Errors
/// 403 for a role that keeps no accounts, 422 for what does not fit or lies outside the caller's reach.
pub async fn create(
    ctx: &Ctx,
    caller: &Caller,
    key: Option<IdempotencyKey>,
    draft: Draft,
    names: Names,
) -> Result<Reply, ApiError> {
    let answer = |made: &[Made], shown: bool| {
        made.first().map(|made| OneTimeResponse {
            account: made.account.clone(),
            one_time_password: shown.then(|| made.password.clone()),
        })
    };
    make(ctx, caller, key, &[draft], names, answer).await
}

/// Makes all accounts or none. `answer` tells of them, with the passwords or without: what is stored for a repeated
/// request holds none.
///
/// # Errors
/// As [`create`].
pub async fn make<A: Serialize>(
    ctx: &Ctx,
    caller: &Caller,
    key: Option<IdempotencyKey>,
    drafts: &[Draft],
    names: Names,
    answer: impl Fn(&[Made], bool) -> A,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Manage, Resource::Account)?;
    let giver = Giver { actor: &caller.actor, scope: &scope, today: ctx.clock.now().business_day() };
    // Checked before the passwords are hashed, which takes too long for an open transaction, and again afterwards.
    match ctx.begin(caller, key.clone()).await? {
        Begun::New(work) => check(ctx, work.txn(), giver, drafts, names).await.map(drop)?,
        Begun::Replay(reply) => return Ok(reply),
    }
    let passwords: Vec<String> = drafts.iter().map(|_| one_time_password(ctx)).collect();
    let hashes = hash_all(ctx, &passwords).await?;
    let mut work = match ctx.begin(caller, key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let Checked { mut accounts, memberships, places } = check(ctx, work.txn(), giver, drafts, names).await?;
    for (account, hash) in accounts.iter_mut().zip(hashes) {
        account.password_hash = hash;
    }
    bulk::insert(work.txn(), &accounts).await.map_err(taken)?;
    bulk::insert(work.txn(), &memberships).await?;
    for (account, held) in accounts.iter().zip(&memberships) {
        work.audit("account.create", "account", &account.id, &facts(held));
    }
    let views = accounts.into_iter().map(|account| AccountView::new(account, &memberships, &places));
    let made: Vec<Made> = views.zip(passwords).map(|(account, password)| Made { account, password }).collect();
    let reply = work.commit(StatusCode::CREATED, &answer(&made, false)).await?;
    if reply.replayed {
        return Ok(reply);
    }
    let body = serde_json::to_string(&answer(&made, true)).map_err(ApiError::internal)?;
    Ok(Reply { body, ..reply })
}

/// What the audit trail says of a role.
pub(super) fn facts(held: &membership::Model) -> serde_json::Value {
    serde_json::json!({
        "membership_id": held.id, "account_id": held.account_id, "role": held.role, "school_id": held.school_id,
        "supplier_id": held.supplier_id, "reporting_unit_code": held.reporting_unit_code, "from_on": held.from_on,
        "to_on": held.to_on,
    })
}

fn taken(error: DbErr) -> ApiError {
    if is_duplicate(&error) {
        return ApiError::conflict(
            "username_taken",
            Text::new("用户名或编号已被使用。", "The user name or the id is taken."),
        );
    }
    error.into()
}

/// Hashes on as many threads as the password checks may use.
async fn hash_all(ctx: &Ctx, passwords: &[String]) -> Result<Vec<String>, ApiError> {
    let mut running = JoinSet::new();
    for (index, password) in passwords.iter().cloned().enumerate() {
        let cost = ctx.settings.password_cost;
        running.spawn(async move { password::hash(password, cost).await.map(|hash| (index, hash)) });
    }
    let mut hashes = vec![String::new(); passwords.len()];
    while let Some(done) = running.join_next().await {
        let (index, hash) = done.map_err(ApiError::internal)??;
        hashes[index] = hash;
    }
    Ok(hashes)
}

struct Checked {
    accounts: Vec<account::Model>,
    memberships: Vec<membership::Model>,
    places: Places,
}

async fn check(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    giver: Giver<'_>,
    drafts: &[Draft],
    names: Names,
) -> Result<Checked, ApiError> {
    let places = Places::find(db, wanted(drafts.iter().map(|draft| &draft.membership))).await?;
    let usernames: Vec<String> = drafts.iter().map(|draft| draft.username.trim().to_lowercase()).collect();
    let known: Vec<String> = account::Entity::find()
        .select_only()
        .column(account::Column::Username)
        .filter(account::Column::Username.is_in(usernames.iter().cloned()))
        .into_tuple()
        .all(db)
        .await?;
    let mut seen: HashSet<&str> = known.iter().map(String::as_str).collect();
    let mut check = Check::default();
    let (mut accounts, mut memberships) = (Vec::new(), Vec::new());
    for (draft, username) in drafts.iter().zip(&usernames) {
        let at = |field: &str| format!("{}/{field}", draft.pointer);
        check.that(
            is_username(username),
            at("username"),
            "username_malformed",
            Text::new(
                "用户名为 3 至 50 个字母、数字、.、_、-。",
                "A user name has 3 to 50 letters, digits, '.', '_' and '-'.",
            ),
        );
        check.that(
            seen.insert(username),
            at("username"),
            "username_taken",
            Text::new("用户名已被使用。", "The user name is taken."),
        );
        let id: AccountId = check.client_id(&at("id"), draft.id).unwrap_or_else(|| ctx.ids.next());
        let display_name = check.text(&at("display_name"), &draft.display_name, 100);
        let ids = (ctx.ids.next::<MembershipId>(), id);
        let pointer = (draft.role_pointer.as_str(), names);
        memberships.extend(giver.membership(&mut check, pointer, &draft.membership, &places, ids));
        accounts.push(account::Model {
            id,
            username: username.clone(),
            display_name,
            password_hash: String::new(),
            must_change_password: true,
            disabled_at: None,
            disabled_by: None,
            disabled_rank: None,
            disabled_unit: None,
            created_at: ctx.clock.now(),
            version: 1,
        });
    }
    check.finish()?;
    Ok(Checked { accounts, memberships, places })
}

fn is_username(name: &str) -> bool {
    (3..=50).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}
