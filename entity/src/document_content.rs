use sea_orm::entity::prelude::*;

use crate::time::Timestamp;

/// One row of `document_content`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "document_content")]
pub struct Model {
    /// Hash of the content in hex; its name in the store of files.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sha256: String,
    /// Since when no document has it; none while one does.
    pub unused_since: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
