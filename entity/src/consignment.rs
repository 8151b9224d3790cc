use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::{ConsignmentId, OrderId, SchoolId, SupplierId},
    time::Timestamp,
};

/// State of a consignment.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ConsignmentStatus {
    Sent,
    Received,
}

/// One row of `consignment`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consignment")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConsignmentId,
    /// The order it serves.
    pub order_id: OrderId,
    /// Where it goes.
    pub school_id: SchoolId,
    /// Who sent it.
    pub supplier_id: SupplierId,
    /// State of a consignment.
    pub status: ConsignmentStatus,
    /// When it left.
    pub sent_at: Timestamp,
    /// Number plate or courier, as written on the delivery note.
    pub vehicle: Option<String>,
    /// Optimistic lock.
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
