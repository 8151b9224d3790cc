//! An account's own notifications.

use crate::{
    access::Caller,
    context::Ctx,
    http::{ApiError, Command, Page, PageQuery, Path, Query, Reply, page},
    store::Begun,
};
use axum::{Json, extract::State, http::StatusCode};
use entity::{id::NotificationId, notification, time::Timestamp};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Something that happened to an order, a consignment or a verification that concerns the account.
#[derive(Debug, Serialize, ToSchema)]
pub struct NotificationView {
    /// The notification.
    pub id: NotificationId,
    /// `order.placed`, `order.confirmed`, `order.declined`, `order.cancelled`, `consignment.sent`,
    /// `consignment.received`, or `receipt.named` for who is named as an inspector and may deny it. Of a supplier's
    /// verification: `verification.applied`, `verification.recommended`, `verification.reviewed`, `verification.noticed`,
    /// `verification.notice_over`, `verification.objected`, `verification.approved`, `verification.refused`,
    /// `verification.withdrawn`, `verification.suspended`, `verification.reinstated`, `verification.expiring`,
    /// `verification.expired`, `verification.revoked`, and `objection.answered` for who objected. Of the ledger:
    /// `sale.denied` and `sale.decided` of a denied sale, `ledger.corrected` for a school some of whose lines were,
    /// `purchase.corrected` for the authority of a school that corrected what it declared, `goods.returned` for the supplier
    /// and the authority of a school that gave received goods back. What happens to the same thing again is told as new.
    #[schema(example = "order.confirmed")]
    pub topic: String,
    /// The order, or for other topics the consignment, receipt, verification, objection or case; of `ledger.corrected` the
    /// supplier whose revocation it was, or the line that was denied; of a correction by the school the declared purchase,
    /// of goods given back the receipt.
    #[schema(example = "01990000-0000-7000-8000-000000000001")]
    pub subject_id: String,
    /// When it happened.
    pub created_at: Timestamp,
    /// When it was marked as read; null before.
    pub read_at: Option<Timestamp>,
}

impl From<notification::Model> for NotificationView {
    fn from(row: notification::Model) -> Self {
        Self {
            id: row.id,
            topic: row.topic,
            subject_id: row.subject_id,
            created_at: row.created_at,
            read_at: row.read_at,
        }
    }
}

/// Which notifications.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NotificationQuery {
    /// `true` for those not read yet, `false` for those read, all unless given.
    pub unread: Option<bool>,
    /// Rows wanted, 1 to 200; 20 unless given.
    #[param(minimum = 1, maximum = 200, example = 20)]
    pub limit: Option<u64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// A call without fields.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadRequest {}

/// List notifications
///
/// The caller's own, newest first.
#[utoipa::path(
    get, path = "/notifications", operation_id = "list_notifications", tag = "notifications",
    security(("bearer" = [])),
    params(NotificationQuery),
    responses((status = 200, body = Page<NotificationView>, description = "A page"))
)]
pub async fn list_notifications(
    State(ctx): State<Ctx>,
    caller: Caller,
    Query(query): Query<NotificationQuery>,
) -> Result<Json<Page<NotificationView>>, ApiError> {
    let paging = PageQuery::of(query.limit, query.cursor.as_deref());
    let (limit, after) = (paging.limit()?, paging.after_id()?);
    let mut wanted = notification::Entity::find()
        .filter(notification::Column::AccountId.eq(caller.actor.account_id()))
        .order_by_desc(notification::Column::Id)
        .limit(limit + 1);
    if let Some(id) = after {
        wanted = wanted.filter(notification::Column::Id.lt(NotificationId(id)));
    }
    wanted = match query.unread {
        Some(true) => wanted.filter(notification::Column::ReadAt.is_null()),
        Some(false) => wanted.filter(notification::Column::ReadAt.is_not_null()),
        None => wanted,
    };
    let rows = wanted.all(&ctx.store.read).await?;
    Ok(Json(page(rows, limit, |row| row.id.to_string(), NotificationView::from)))
}

/// Mark a notification as read
///
/// The first time counts; marking it again changes nothing.
#[utoipa::path(
    post, path = "/notifications/{id}/read", operation_id = "read_notification", tag = "notifications",
    security(("bearer" = [])),
    params(("id" = NotificationId, Path, description = "The notification")),
    request_body = ReadRequest,
    responses((status = 200, body = NotificationView, description = "Read"))
)]
pub async fn read_notification(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path(id): Path<NotificationId>,
    command: Command<ReadRequest>,
) -> Result<Reply, ApiError> {
    let work = match ctx.begin(&caller, command.key).await? {
        Begun::New(work) => work,
        Begun::Replay(reply) => return Ok(reply),
    };
    let own = notification::Column::AccountId.eq(caller.actor.account_id());
    notification::Entity::update_many()
        .col_expr(notification::Column::ReadAt, Expr::value(work.at))
        .filter(notification::Column::Id.eq(id))
        .filter(own.clone())
        .filter(notification::Column::ReadAt.is_null())
        .exec(work.txn())
        .await?;
    let found = notification::Entity::find_by_id(id).filter(own).one(work.txn()).await?;
    let view = NotificationView::from(found.ok_or(ApiError::NotFound)?);
    work.commit(StatusCode::OK, &view).await
}
