//! Change what a supplier is called, where it sits and under which code; its kind while it waits for approval.

use super::{
    change::{find, save, told, tracked},
    identity,
};
use crate::{
    access::{Action, Caller, Resource},
    cache::Topic,
    context::Ctx,
    finding,
    http::{ApiError, Check, Command, IfMatch, Path, Reply, Text},
    store::Begun,
    suppliers::list::SupplierResponse,
};
use axum::{extract::State, http::StatusCode};
use entity::{
    household,
    id::SupplierId,
    supplier::{SupplierKind, SupplierStatus},
};
use sea_orm::EntityTrait;
use serde::Deserialize;
use utoipa::ToSchema;

/// What changes; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateSupplierRequest {
    /// Registered name, up to 100 characters.
    #[schema(example = "松坡县草海种植农民专业合作社")]
    pub name: Option<String>,
    /// Its kind, while it is `pending`. A household stays one, and nothing else becomes one.
    #[schema(example = json!(null))]
    pub kind: Option<SupplierKind>,
    /// Registered township or county.
    #[schema(example = "910526109")]
    pub division_code: Option<String>,
    /// Village and group, up to 60 characters; empty takes it out.
    #[schema(example = "草海村二组")]
    pub village: Option<String>,
    /// Unified social credit code: entered where none is known, changed while it is `pending`.
    #[schema(example = json!(null))]
    pub social_credit_code: Option<String>,
}

/// Change a supplier
///
/// By its authority; one that moves to another county needs both within reach. Who was approved stays who it is: another
/// kind or another code is another supplier (409). What was bought before keeps the place it had (S3).
#[utoipa::path(
    patch, path = "/suppliers/{id}", operation_id = "update_supplier", tag = "suppliers", security(("bearer" = [])),
    params(("id" = SupplierId, Path, description = "The supplier")),
    request_body = UpdateSupplierRequest,
    responses((status = 200, body = SupplierResponse, description = "Changed"))
)]
pub async fn update_supplier(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SupplierId>,
    version: IfMatch,
    command: Command<UpdateSupplierRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Update, Resource::Supplier)?;
    let mut work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let (mut row, _) = find(work.txn(), &scope, id, &version).await?;
    let (before, was) = (tracked(&row), (row.kind, row.social_credit_code.clone()));
    let body = command.body;
    let mut check = Check::default();
    row.name = check.optional_text("/name", body.name.as_deref(), identity::LONGEST_NAME).unwrap_or(row.name);
    if let Some(text) = &body.village {
        row.village = identity::village(&mut check, text);
    }
    if let Some(code) = body.division_code {
        let county = identity::county_in_reach(work.txn(), &scope, &mut check, &code).await?;
        if let Some(household) = row.household_id
            && let Some(home) = household::Entity::find_by_id(household).one(work.txn()).await?
        {
            identity::lives_in(&mut check, &home, county.as_deref());
        }
        row.division_code = code;
    }
    if let Some(kind) = body.kind {
        row.kind = kind;
        let households = [was.0, kind].iter().filter(|kind| **kind == SupplierKind::Household).count();
        // A family farm has its farmer's number, which no request of this kind brings.
        let farms = [was.0, kind].iter().filter(|kind| **kind == SupplierKind::FamilyFarm).count();
        check.that(
            households != 1 && farms != 1,
            "/kind",
            "kind_of_another_person",
            Text::new(
                "农户、家庭农场与其他类型不能互改，请另行登记。",
                "Households, family farms and organisations do not turn into one another: enter it anew.",
            ),
        );
    }
    if body.kind.is_some() || body.social_credit_code.is_some() {
        let text = body.social_credit_code.as_deref().or(was.1.as_deref());
        row.social_credit_code = identity::credit_code(&mut check, row.kind, text).map(|code| code.to_string());
    }
    check.finish()?;
    if tracked(&row) == before {
        return Err(ApiError::field(
            "",
            "nothing_to_change",
            Text::new("没有要更改的内容。", "There is nothing to change."),
        ));
    }
    let another = row.kind != was.0 || was.1.is_some() && row.social_credit_code != was.1;
    if another && row.status != SupplierStatus::Pending {
        return Err(ApiError::conflict(
            "supplier_verified",
            Text::new(
                "该供货主体已经过认定，类型和统一社会信用代码不得更改；如为另一主体，请另行登记。",
                "It was approved as who it is: its kind and social credit code stay. Enter another supplier anew.",
            ),
        ));
    }
    if let Some(problem) = identity::taken(work.txn(), &row).await? {
        return Err(problem);
    }
    save(work.txn(), &mut row).await?;
    finding::put(work.txn(), std::slice::from_ref(&row)).await?;
    let view = told((&ctx, &caller), &mut work, "supplier.update", &row, [&before, &tracked(&row)]).await?;
    let reply = work.commit(StatusCode::OK, &view).await?;
    ctx.pages.changed(Topic::Listings);
    Ok(reply)
}
