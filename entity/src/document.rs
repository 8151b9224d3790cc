use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    id::{AccountId, DocumentId},
    time::Timestamp,
};

/// What a document is.
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
pub enum DocumentKind {
    /// 合格证、检疫证、产地证明 (F4).
    Certificate,
    /// 营业执照、许可证.
    Licence,
    /// 合同、协议.
    Contract,
    /// 委托书.
    Consent,
    /// 票据、凭证.
    Receipt,
    /// 照片.
    Photo,
    /// 扶贫手册 (H2); personal.
    Handbook,
    /// 身份证件; personal.
    Identity,
    /// 银行卡; personal.
    BankCard,
    /// 其他.
    Other,
}

impl DocumentKind {
    /// Whether its content names a person's numbers, and is shown for a reason only (P1).
    #[must_use]
    pub fn is_personal(self) -> bool {
        matches!(self, Self::Handbook | Self::Identity | Self::BankCard)
    }
}

/// One row of `document`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "document")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DocumentId,
    /// Its content.
    pub sha256: String,
    /// Size.
    pub bytes: i64,
    /// What the content is, by its first bytes.
    pub media_type: String,
    /// As on the uploader's device.
    pub file_name: String,
    /// What a document is.
    pub kind: DocumentKind,
    /// Who brought it.
    pub uploaded_by: AccountId,
    /// When.
    pub uploaded_at: Timestamp,
    /// Since when it proves something; none while it waits.
    pub linked_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
