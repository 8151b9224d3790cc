use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::{CanteenId, SchoolId};

/// How a canteen is run (S12).
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
pub enum CanteenKind {
    /// 自办.
    Own,
    /// 承包.
    Contracted,
    /// 由他校食堂供餐.
    Shared,
    /// 无食堂, exempt from reporting.
    None,
}

/// One row of `canteen`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "canteen")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CanteenId,
    /// School whose pupils eat here.
    pub school_id: SchoolId,
    /// Chinese name.
    pub name: String,
    /// How a canteen is run (S12).
    pub kind: CanteenKind,
    /// School that runs a shared kitchen and reports for it (S12).
    pub run_by_school_id: Option<SchoolId>,
    /// Optimistic lock.
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
