//! Anybody objects to a supplier in the public notice.

use super::{
    Contact, place,
    view::{ObjectionView, view},
};
use crate::{
    access::Guest,
    context::Ctx,
    http::{ApiError, Check, Command, Path, Reply, Text},
    store::{Begun, bulk, id_taken},
    suppliers::verification::advance::authorities,
    vault::{PhoneNumber, Secret},
};
use axum::{extract::State, http::StatusCode};
use chrono::NaiveDate;
use entity::{
    id::{ObjectionId, VerificationId},
    objection, supplier,
    verification::{self, VerificationState},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Objections of one address, or of one account, in a day.
const MOST_A_DAY: u64 = 10;
/// Objections to one notice that wait for an answer: beyond that there is work enough.
const MOST_WAITING: u64 = 100;

/// What is said, and by whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RaiseObjectionRequest {
    /// The client's own UUIDv7: sent again, it is refused as taken and nothing is raised twice.
    #[schema(example = "01990000-0000-7000-8000-000000000001")]
    pub id: Option<Uuid>,
    /// What is said against the supplier, 5 to 500 characters, without anybody's number.
    #[schema(example = "该地块已流转他人，并非其种植")]
    pub statement: String,
    /// Name of who says it; needed without a log-in, and kept sealed.
    #[schema(example = "张某")]
    pub name: Option<String>,
    /// Phone to be reached at; needed without a log-in, and kept sealed.
    #[schema(value_type = Option<String>, example = "19900000001")]
    pub phone: Option<Secret>,
}

/// Object to a supplier
///
/// While its public notice runs: by anybody, with name and phone, or in the name of an account where a token is sent. The
/// supplier cannot be approved before the authority has answered. Limited by address, by account and by notice.
#[utoipa::path(
    post, path = "/public-notices/{id}/objections", operation_id = "raise_objection", tag = "suppliers",
    security((), ("bearer" = [])),
    params(("id" = VerificationId, Path, description = "The notice")),
    request_body = RaiseObjectionRequest,
    responses((status = 201, body = ObjectionView, description = "Waits for the authority's answer"))
)]
pub async fn raise_objection(
    State(ctx): State<Ctx>,
    guest: Guest,
    Path(id): Path<VerificationId>,
    command: Command<RaiseObjectionRequest>,
) -> Result<Reply, ApiError> {
    let Guest { caller, peer } = guest;
    // No key: nobody's keys are anybody's. The client's id serves.
    let Begun::New(mut work) = ctx.begin(&caller, None).await? else { return Err(ApiError::Unavailable) };
    let today = work.at.business_day();
    let (row, supplier) = running(work.txn(), id, today).await?.ok_or(ApiError::NotFound)?;
    let account = caller.actor.recorded_account();
    let (new, statement, contact) = command.body.rule(account.is_none())?;
    let new: ObjectionId = new.unwrap_or_else(|| ctx.ids.next());
    let whose = account.map_or_else(|| peer.counted(), |account| account.to_string());
    let counted = account.is_some() || peer.0.is_some_and(|address| !address.is_loopback());
    if counted && ctx.counters.hit(&format!("xiaonong:objection:{whose}"), DAY, work.at).await > MOST_A_DAY {
        return Err(ApiError::TooMany { retry_after: DAY.as_secs().cast_signed() });
    }
    let waiting = objection::Entity::find()
        .filter(objection::Column::VerificationId.eq(id))
        .filter(objection::Column::AnsweredAt.is_null())
        .count(work.txn())
        .await?;
    if waiting >= MOST_WAITING {
        let detail = Text::new(
            "该公示待答复的异议已很多，请待答复后再提。",
            "Many objections wait for an answer; object again later.",
        );
        return Err(ApiError::conflict("objections_waiting", detail));
    }
    let keys = ctx.vault.open_to_seal(work.txn(), &ctx.ids, work.at).await?;
    let contact_sealed = match contact {
        None => None,
        Some(contact) => {
            let plain = serde_json::to_string(&contact).map_err(ApiError::internal)?;
            Some(keys.seal(&ctx.ids, place(new), &plain)?)
        }
    };
    let objection = objection::Model {
        id: new,
        verification_id: id,
        account_id: account,
        contact_sealed,
        statement,
        raised_at: work.at,
        answer: None,
        answered_by: None,
        answered_at: None,
        outcome: None,
        version: 1,
    };
    bulk::insert(work.txn(), std::slice::from_ref(&objection)).await.map_err(id_taken)?;
    let told = json!({"verification_id": id, "supplier_id": supplier.id});
    work.audit("objection.raise", "objection", &new, &told);
    let units = authorities(work.txn(), &supplier, true).await?;
    work.event(
        "verification.objected",
        &json!({"verification_id": row.id, "supplier_id": supplier.id, "units": units, "by": account}),
    );
    let answer = view(&keys, objection, true)?;
    work.commit(StatusCode::CREATED, &answer).await
}

impl RaiseObjectionRequest {
    fn rule(self, public: bool) -> Result<(Option<ObjectionId>, String, Option<Contact>), ApiError> {
        let mut check = Check::default();
        let id = check.client_id("/id", self.id);
        let statement = check.text("/statement", &self.statement, 500);
        if !statement.is_empty() {
            check.that(
                statement.chars().count() >= 5,
                "/statement",
                "too_short",
                Text::new("请说明情况，至少 5 个字符。", "Say what is the matter, in at least 5 characters."),
            );
        }
        if !public {
            for (pointer, given) in [("/name", self.name.is_some()), ("/phone", self.phone.is_some())] {
                let detail = Text::new("已登录，无须填写。", "Not needed with a log-in.");
                check.that(!given, pointer, "not_needed", detail);
            }
            check.finish()?;
            return Ok((id, statement, None));
        }
        let name = check.text("/name", self.name.as_deref().unwrap_or_default(), 30);
        let given = self.phone.as_ref().map(|phone| PhoneNumber::parse(phone.expose()));
        let phone = match given {
            Some(Ok(phone)) => phone.expose().to_owned(),
            Some(Err(error)) => {
                check.refuse("/phone", error.code(), error.text());
                String::new()
            }
            None => {
                check.refuse("/phone", "required", Text::new("不能为空。", "Must not be blank."));
                String::new()
            }
        };
        check.finish()?;
        Ok((id, statement, Some(Contact { name, phone })))
    }
}

/// A notice that runs today, with its supplier.
async fn running(
    db: &impl ConnectionTrait,
    id: VerificationId,
    today: NaiveDate,
) -> Result<Option<(verification::Model, supplier::Model)>, ApiError> {
    let found = verification::Entity::find_by_id(id)
        .filter(verification::COLUMN.state.eq(VerificationState::Noticed))
        .filter(verification::Column::NoticeFromOn.lte(today))
        .filter(verification::Column::NoticeUntilOn.gte(today))
        .one(db)
        .await?;
    let Some(row) = found else { return Ok(None) };
    let supplier = supplier::Entity::find_by_id(row.supplier_id).one(db).await?;
    Ok(supplier.map(|supplier| (row, supplier)))
}
