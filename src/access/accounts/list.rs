//! The accounts within a caller's reach.

use super::{
    managed::{find, in_scope},
    view::{AccountView, view, views},
};
use crate::{
    access::{Action, Caller, Resource, scope::Scope},
    context::Ctx,
    http::{ApiError, Page, PageQuery, Path, Query, Versioned, code_filter, contains_word, page, word_filter},
};
use axum::{Json, extract::State};
use entity::{
    account,
    id::{AccountId, SchoolId, SupplierId},
    membership::{self, Role},
    reporting_unit, school,
};
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::SelectStatement,
};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which accounts.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccountsQuery {
    /// Part of the log-in name or of the name shown, up to 50 characters.
    #[param(example = "王")]
    pub q: Option<String>,
    /// Those with this role, past, present or to come.
    #[param(inline, example = "inspector")]
    pub role: Option<Role>,
    /// Those with a role in this school.
    pub school_id: Option<SchoolId>,
    /// Those with a role for this supplier.
    pub supplier_id: Option<SupplierId>,
    /// Those with a role in this reporting unit, one below it, or one of their schools.
    #[param(example = "910526")]
    pub reporting_unit: Option<String>,
    /// Closed ones only, or open ones only.
    pub disabled: Option<bool>,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    pub limit: Option<u64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// List accounts
///
/// Those with a role in the caller's reach, in the order of ids; of their roles those within it are shown.
#[utoipa::path(
    get, path = "/accounts", operation_id = "list_accounts", tag = "accounts", security(("bearer" = [])),
    params(AccountsQuery),
    responses((status = 200, body = Page<AccountView>, description = "A page of accounts"))
)]
pub async fn list_accounts(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<AccountsQuery>,
) -> Result<Json<Page<AccountView>>, ApiError> {
    list(&ctx, &caller, &query).await.map(Json)
}

/// A page of accounts.
///
/// # Errors
/// 400 for a filter that cannot be read, 403 for a role that sees no accounts.
pub async fn list(ctx: &Ctx, caller: &Caller, query: &AccountsQuery) -> Result<Page<AccountView>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Account)?;
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let limit = paging.limit()?;
    let mut accounts =
        account::Entity::find().filter(in_scope(&scope)).order_by_asc(account::Column::Id).limit(limit + 1);
    if let Some(held) = held(&scope, query)? {
        accounts = accounts.filter(account::Column::Id.in_subquery(held));
    }
    if let Some(word) = word_filter(query.q.as_deref())? {
        let named = Condition::any()
            .add(contains_word(account::Column::Username, &word))
            .add(contains_word(account::Column::DisplayName, &word));
        accounts = accounts.filter(named);
    }
    match query.disabled {
        Some(true) => accounts = accounts.filter(account::Column::DisabledAt.is_not_null()),
        Some(false) => accounts = accounts.filter(account::Column::DisabledAt.is_null()),
        None => {}
    }
    if let Some(after) = paging.after_id()? {
        accounts = accounts.filter(account::Column::Id.gt(after));
    }
    let db = &ctx.store.read;
    let rows = accounts.all(db).await?;
    let page = page(rows, limit, |row| row.id.to_string(), |row| row);
    let items = views(db, &scope, page.items).await?;
    Ok(Page { items, next_cursor: page.next_cursor })
}

/// Accounts with one membership in the scope that fits all the filters on it; none where there is no such filter.
fn held(scope: &Scope, query: &AccountsQuery) -> Result<Option<SelectStatement>, ApiError> {
    use membership::Column;
    let mut fits = Condition::all();
    if let Some(role) = query.role {
        fits = fits.add(Column::Role.eq(role.to_value()));
    }
    if let Some(school) = query.school_id {
        fits = fits.add(Column::SchoolId.eq(school));
    }
    if let Some(supplier) = query.supplier_id {
        fits = fits.add(Column::SupplierId.eq(supplier));
    }
    if let Some(unit) = code_filter("reporting_unit", query.reporting_unit.as_deref())? {
        let schools = school::Entity::find()
            .select_only()
            .column(school::Column::Id)
            .filter(school::Column::ReportingUnitCode.in_subquery(subtree(unit)))
            .into_query();
        let below = Condition::any()
            .add(Column::ReportingUnitCode.in_subquery(subtree(unit)))
            .add(Column::SchoolId.in_subquery(schools));
        fits = fits.add(below);
    }
    if fits.is_empty() {
        return Ok(None);
    }
    let held = membership::Entity::find().select_only().column(Column::AccountId);
    Ok(Some(held.filter(scope.on_membership()).filter(fits).into_query()))
}

/// A reporting unit and all below it; the tree has three levels.
fn subtree(unit: &str) -> SelectStatement {
    use reporting_unit::Column;
    let codes = || reporting_unit::Entity::find().select_only().column(Column::Code);
    let children = codes().filter(Column::ParentCode.eq(unit)).into_query();
    let within = Condition::any()
        .add(Column::Code.eq(unit))
        .add(Column::ParentCode.eq(unit))
        .add(Column::ParentCode.in_subquery(children));
    codes().filter(within).into_query()
}

/// Find an account
///
/// With its roles in the caller's reach; the `ETag` is its version.
#[utoipa::path(
    get, path = "/accounts/{id}", operation_id = "find_account", tag = "accounts", security(("bearer" = [])),
    params(("id" = AccountId, Path, description = "The account")),
    responses((status = 200, body = AccountView, description = "The account"))
)]
pub async fn find_account(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<AccountId>,
) -> Result<Versioned<AccountView>, ApiError> {
    let scope = caller.actor.may(Action::Read, Resource::Account)?;
    let db = ctx.store.primary();
    let account = find(db, &scope, id).await?.ok_or(ApiError::NotFound)?;
    let body = view(db, &scope, account).await?;
    Ok(Versioned { version: body.version, body })
}
