use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::{CertificateId, ConsignmentLineId};

/// Kind of document that travels with a batch (F4).
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
pub enum CertificateKind {
    /// 承诺达标合格证.
    CommitmentCertificate,
    /// 动物检疫合格证明.
    AnimalQuarantineCertificate,
    /// 肉品品质检验合格证.
    MeatInspectionCertificate,
    /// 食品生产许可证 (SC).
    ProductionLicence,
    /// 批次检验报告.
    BatchReport,
    /// 县级产地证明.
    CountyCertificate,
}

/// One row of `certificate`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "certificate")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CertificateId,
    /// The batch it covers.
    pub consignment_line_id: ConsignmentLineId,
    /// Kind of document that travels with a batch (F4).
    pub kind: CertificateKind,
    /// Its number.
    pub number: String,
    /// Its date.
    pub issued_on: Date,
    /// Committing or certifying party.
    pub issuer: String,
    /// Origin it states; none when it states none.
    pub origin_division_code: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
