//! Typed ids: UUIDv7 newtypes, so that an order's id cannot be passed for a school's.
//!
//! What is created offline brings its own id; everything else gets one from the process's id source.

use sea_orm::{DbErr, DeriveValueType, TryFromU64};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, DeriveValueType, Serialize, Deserialize, ToSchema,
        )]
        #[serde(transparent)]
        #[schema(value_type = Uuid, example = "01990000-0000-7000-8000-000000000001")]
        pub struct $name(pub Uuid);

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        // Keys are never numbers; SeaORM asks every primary key type for this conversion.
        impl TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, DbErr> {
                Err(DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    )*};
}

ids! {
    /// A note that an account's access changed.
    AccessChangeId
    /// A log-in.
    AccountId
    /// A line of the audit trail.
    AuditEntryId
    /// Orders placed together.
    BasketId
    /// A dated link from a supplier to a household behind it (H3).
    BeneficiaryLinkId
    /// A kitchen.
    CanteenId
    /// What a supplier can yield of a product in a season (H6).
    CapacityId
    /// A document that travels with a batch (F4).
    CertificateId
    /// A household's consent to an agent (H5).
    ConsentId
    /// What a supplier sent for an order.
    ConsignmentId
    /// One batch in a consignment.
    ConsignmentLineId
    /// A purchase made outside the marketplace.
    DeclaredPurchaseId
    /// A photo or PDF that proves something.
    DocumentId
    /// Something a list leaves to be looked into.
    DiscrepancyId
    /// A declared purchase and a receipt that may be the same goods.
    DoubleCountId
    /// A file that brings rows into the register.
    FileImportId
    /// Goods given back after they were accepted.
    GoodsReturnId
    /// A household, registered or not.
    HouseholdId
    /// A list of the rural-revitalisation office, compared with the register.
    HouseholdListId
    /// One period of a household's status.
    HouseholdStatusId
    /// A file brought in.
    ImportId
    /// One version of an indicator.
    IndicatorId
    /// A supplier's licence (F4).
    LicenceId
    /// An offer.
    ListingId
    /// A role held in a school, for a supplier or over a subtree.
    MembershipId
    /// A message to an account.
    NotificationId
    /// Something said against a supplier in the public notice.
    ObjectionId
    /// An order to one supplier.
    OrderId
    /// A line of an order.
    OrderLineId
    /// An event waiting to be passed on.
    OutboxId
    /// A line of the ledger.
    PurchaseLineId
    /// An inspected, weighed receipt.
    ReceiptId
    /// A line of a receipt.
    ReceiptLineId
    /// A file of divisions or of a list.
    RegistryImportId
    /// The end of an approval, with effect from a day.
    RevocationId
    /// A sale that somebody denies.
    SaleDenialId
    /// A school.
    SchoolId
    /// A log-in session: one family of refresh tokens.
    SessionId
    /// A month that a reporting unit closed.
    StatementId
    /// A seller.
    SupplierId
    /// A supply base of a supplier.
    SupplyBaseId
    /// A supplier's application and what became of it (H4).
    VerificationId
}
