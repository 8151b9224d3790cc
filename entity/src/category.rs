use sea_orm::entity::prelude::*;

/// One row of `category`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "category")]
pub struct Model {
    /// Code of the product taxonomy.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Documents the law asks for, in Chinese (F4).
    pub safety_documents: String,
}

impl ActiveModelBehavior for ActiveModel {}
