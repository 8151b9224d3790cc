use sea_orm::entity::prelude::*;

use crate::search_name::SubjectKind;

/// One row of `position`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "position")]
pub struct Model {
    /// Whose it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject_kind: SubjectKind,
    /// The school or supplier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject_id: Uuid,
    /// Degrees north in millionths (CGCS2000).
    pub latitude: i64,
    /// Degrees east in millionths (CGCS2000).
    pub longitude: i64,
    /// Optimistic lock.
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}
