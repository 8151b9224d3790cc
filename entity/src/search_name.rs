use sea_orm::entity::prelude::*;

/// Whose name it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum SubjectKind {
    School,
    Supplier,
}

/// One row of `search_name`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "search_name")]
pub struct Model {
    /// Whose name it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject_kind: SubjectKind,
    /// The school or supplier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject_id: Uuid,
    /// Name its terms were made of.
    pub name: String,
    /// Code its terms were made of.
    pub code: String,
    /// Division its terms carry.
    pub division_code: String,
    /// What else its terms carry.
    pub traits: String,
}

impl ActiveModelBehavior for ActiveModel {}
