use sea_orm::entity::prelude::*;

/// One row of `division_succession`: a division that is no more, and one it went into; several rows where it was split.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "division_succession")]
pub struct Model {
    /// The division that ended.
    #[sea_orm(primary_key, auto_increment = false)]
    pub old_code: String,
    /// One it went into.
    #[sea_orm(primary_key, auto_increment = false)]
    pub new_code: String,
    /// First day of the new code.
    pub effective_on: Date,
    /// What happened, in Chinese.
    pub kind: String,
}

impl ActiveModelBehavior for ActiveModel {}
