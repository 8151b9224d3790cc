use sea_orm::entity::prelude::*;

/// One row of `division_change`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "division_change")]
pub struct Model {
    /// Running number of the change in its bundle.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// Day the change took effect.
    pub effective_on: Date,
    /// Code before; none for a division newly set up.
    pub old_code: Option<String>,
    /// Name before.
    pub old_name: Option<String>,
    /// Code after.
    pub new_code: String,
    /// Name after.
    pub new_name: String,
    /// What happened, in Chinese.
    pub kind: String,
}

impl ActiveModelBehavior for ActiveModel {}
