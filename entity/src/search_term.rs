use sea_orm::entity::prelude::*;

/// One row of `search_term`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "search_term")]
pub struct Model {
    /// Whose it is and where it stands (s0, s1, s2 of a school, p0, p1, p2 of a supplier: code, beginning, inside), then what stands there, written or read.
    #[sea_orm(primary_key, auto_increment = false)]
    pub term: String,
    /// The school or supplier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject_id: Uuid,
    /// Division it lies in, so that a search within one reads no other.
    pub division_code: String,
    /// What else lists choose by, a letter each: of a supplier its kind and its status, of a school its stage.
    pub traits: String,
}

impl ActiveModelBehavior for ActiveModel {}
