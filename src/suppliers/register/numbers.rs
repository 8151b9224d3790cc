//! A supplier's phone, its bank account and a family farmer's ID number: put in, changed, taken out, each with a line in
//! the trail that names the field and never the number.

use super::{
    change::{find, save},
    contact, identity,
    view::show,
};
use crate::{
    access::{Action, Caller, Resource},
    context::Ctx,
    http::{ApiError, Check, Command, IfMatch, Path, Reply, Text},
    store::{Begun, is_duplicate},
    suppliers::{
        list::SupplierResponse,
        personal::Sealed,
        update_personal_data::{Misses, UpdatePersonalDataRequest, keyed},
    },
    vault::Secret,
};
use axum::{extract::State, http::StatusCode};
use entity::{
    id::SupplierId,
    supplier::{self, SupplierKind},
};

/// Enter or change the numbers of a supplier
///
/// By its owner and by the manager of its authority; the ID number of a family farm by the latter only. The numbers are
/// stored encrypted and shown masked from then on. Those of a household that sells are entered with the household.
#[utoipa::path(
    patch, path = "/suppliers/{id}/personal-data", operation_id = "update_supplier_numbers", tag = "suppliers",
    security(("bearer" = [])),
    params(("id" = SupplierId, Path, description = "The supplier")),
    request_body = UpdatePersonalDataRequest,
    responses((status = 200, body = SupplierResponse, description = "The supplier, its numbers masked"))
)]
pub async fn update_supplier_numbers(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<SupplierId>,
    version: IfMatch,
    command: Command<UpdatePersonalDataRequest>,
) -> Result<Reply, ApiError> {
    let scope = caller.actor.may(Action::Manage, Resource::Supplier)?;
    let key = keyed(&ctx, command.key).await?;
    let mut work = match ctx.begin(&caller, key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let (mut row, authority) = find(work.txn(), &scope, id, &version).await?;
    let changes = command.body.rule(work.at.business_day())?;
    allowed(&row, authority, &changes)?;
    let keys = ctx.vault.open_to_seal(work.txn(), &ctx.ids, work.at).await?;
    let mut sealed = contact::find(work.txn(), id).await?;
    for (field, number) in &changes {
        contact::put(*field, &keys, &ctx.ids, &mut sealed, number.as_ref().map(Secret::expose))?;
    }
    let named = changes.iter().any(|(field, _)| *field == Sealed::IdNumber);
    let misses = Misses::admit(&ctx, &caller, &work, named).await?;
    if named && contact::is_taken(work.txn(), &sealed).await? {
        misses.count().await;
        return Err(identity::id_number_taken());
    }
    // First: the version is the lock on the numbers too.
    save(work.txn(), &mut row).await?;
    let faster = |error| if is_duplicate(&error) { identity::id_number_taken() } else { error.into() };
    contact::store(work.txn(), &sealed).await.map_err(faster)?;
    let columns = |put: bool| -> Vec<_> {
        changes.iter().filter(|(_, number)| number.is_some() == put).map(|(field, _)| contact::column(*field)).collect()
    };
    work.audit(
        "supplier.update_numbers",
        "supplier",
        &id,
        &serde_json::json!({"supplier_id": id, "fields": columns(true), "taken_out": columns(false)}),
    );
    let seen = caller.actor.may(Action::Read, Resource::Supplier)?;
    let view = show(&ctx, work.txn(), &caller, &seen, row).await?;
    work.commit(StatusCode::OK, &view).await
}

/// Whose numbers these are, and who may change which.
fn allowed(row: &supplier::Model, authority: bool, changes: &[(Sealed, Option<Secret>)]) -> Result<(), ApiError> {
    if row.kind == SupplierKind::Household {
        return Err(ApiError::conflict("with_the_household", identity::with_the_household()));
    }
    let mut check = Check::default();
    if let Some((_, number)) = changes.iter().find(|(field, _)| *field == Sealed::IdNumber) {
        const AT: &str = "/id_number";
        if row.kind != SupplierKind::FamilyFarm {
            check.refuse(AT, "not_of_this_kind", identity::not_of_this_kind());
        } else if !authority {
            let text = Text::new("由主管部门更改。", "Its authority changes this.");
            check.refuse(AT, "authority_only", text);
        } else {
            identity::person(&mut check, row.kind, number.is_some(), false);
        }
    }
    check.finish()
}
