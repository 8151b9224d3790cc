//! Queries on documents. What a caller may see is decided here, and nowhere else.

use crate::access::{Action, Actor, Resource, Scope};
use chrono::NaiveDate;
use entity::{
    document,
    document_link::{self, Column as Link},
    id::DocumentId,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use std::collections::HashMap;

/// Links this actor may see: those of the scope, and for whoever sees every supplier those open to buyers.
pub(super) fn links_for(actor: &Actor, scope: &Scope) -> Condition {
    let buys = actor.may(Action::Read, Resource::Supplier).is_ok_and(|scope| scope.is_everything());
    let own = Condition::any().add(scope.on_document_link());
    if buys { own.add(Link::OpenToBuyers.eq(true)) } else { own }
}

/// Documents this actor may see: its own while they prove nothing, then whatever proves something it may see.
pub(super) fn visible(actor: &Actor, scope: &Scope) -> Condition {
    let linked = document_link::Entity::find().select_only().column(Link::DocumentId).filter(links_for(actor, scope));
    Condition::any().add(waiting(actor)).add(document::Column::Id.in_subquery(linked.into_query()))
}

/// Those it brought that prove nothing yet.
pub(super) fn waiting(actor: &Actor) -> Condition {
    Condition::all().add(document::Column::UploadedBy.eq(actor.account_id())).add(document::Column::LinkedAt.is_null())
}

pub(super) async fn find(
    db: &impl ConnectionTrait,
    actor: &Actor,
    scope: &Scope,
    id: DocumentId,
) -> Result<Option<document::Model>, DbErr> {
    document::Entity::find_by_id(id).filter(visible(actor, scope)).one(db).await
}

/// Links among those of `seen` of these documents, by document.
pub(super) async fn links_of(
    db: &impl ConnectionTrait,
    documents: &[DocumentId],
    seen: Condition,
) -> Result<HashMap<DocumentId, Vec<document_link::Model>>, DbErr> {
    let rows = document_link::Entity::find()
        .filter(Link::DocumentId.is_in(documents.iter().copied()))
        .filter(seen)
        .order_by_asc(Link::Subject)
        .order_by_asc(Link::SubjectId)
        .all(db)
        .await?;
    let mut links: HashMap<DocumentId, Vec<document_link::Model>> = HashMap::new();
    for row in rows {
        links.entry(row.document_id).or_default().push(row);
    }
    Ok(links)
}

/// How long a document must be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// Not at all: it proves nothing.
    Free,
    /// To this day.
    Until(NaiveDate),
    /// As long as what it proves has no end.
    Open,
}

impl Kept {
    pub(super) fn of(links: &[document_link::Model]) -> Self {
        let days: Option<Vec<NaiveDate>> = links.iter().map(|link| link.keep_until).collect();
        match days {
            None => Self::Open,
            Some(days) => days.into_iter().max().map_or(Self::Free, Self::Until),
        }
    }

    pub(super) fn day(self) -> Option<NaiveDate> {
        if let Self::Until(day) = self { Some(day) } else { None }
    }
}
