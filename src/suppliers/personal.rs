//! What a household's row holds sealed: each number with the keyed hash by which it is found.

use crate::{
    clock::Ids,
    vault::{Keyring, Place, VaultError},
};
use entity::{household, id::HouseholdId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// A household's personal data, one by one: what may be revealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PersonalField {
    /// Name of the head of the household.
    Name,
    /// Resident identity number.
    IdNumber,
    /// Phone number.
    Phone,
    /// Bank account or card.
    BankAccount,
}

/// A number that is stored sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// Resident identity number.
    IdNumber,
    /// Phone number.
    Phone,
    /// Bank account or card.
    BankAccount,
}

/// All of them, in the order requests and files name them.
pub const SEALED: [Sealed; 3] = [Sealed::IdNumber, Sealed::Phone, Sealed::BankAccount];

impl Sealed {
    /// Name under which the vault knows the column.
    #[must_use]
    pub fn column(self) -> &'static str {
        match self {
            Self::IdNumber => "household.id_number",
            Self::Phone => "household.phone",
            Self::BankAccount => "household.bank_account",
        }
    }

    /// The sealed text in a row.
    pub(super) fn text(self, row: &household::Model) -> Option<&str> {
        match self {
            Self::IdNumber => row.id_number_sealed.as_deref(),
            Self::Phone => row.phone_sealed.as_deref(),
            Self::BankAccount => row.bank_account_sealed.as_deref(),
        }
    }

    /// Where the sealed text of a household stands.
    #[must_use]
    pub fn place(self, household: HouseholdId) -> Place {
        Place { column: self.column(), row: household.0 }
    }

    /// The number in clear, where there is one.
    pub(super) fn open(self, keys: &Keyring, row: &household::Model) -> Result<Option<Zeroizing<String>>, VaultError> {
        self.text(row).map(|text| keys.open(self.place(row.id), text)).transpose()
    }

    /// Puts a number in normal form into a row, sealed and hashed, or takes it out.
    ///
    /// # Errors
    /// When there is no key to seal with.
    pub fn put(
        self,
        keys: &Keyring,
        ids: &Ids,
        row: &mut household::Model,
        number: Option<&str>,
    ) -> Result<(), VaultError> {
        let place = self.place(row.id);
        let sealed = number.map(|number| keys.seal(ids, place, number)).transpose()?;
        let hash = number.and_then(|number| keys.hash(self.column(), number));
        let (text, index) = match self {
            Self::IdNumber => (&mut row.id_number_sealed, &mut row.id_number_hash),
            Self::Phone => (&mut row.phone_sealed, &mut row.phone_hash),
            Self::BankAccount => (&mut row.bank_account_sealed, &mut row.bank_account_hash),
        };
        (*text, *index) = (sealed, hash);
        Ok(())
    }
}
