//! Data keys by version, wrapped in the table `data_key`; what they seal, and the keyed hash by which it is found.
//!
//! Every use reads the wrapped keys from the database, a handful of rows, and keeps only what unwrapping them yields:
//! so a key made by another process is known at once, and one that was rolled back is forgotten.

use super::master::{MasterError, MasterKey, MasterSource};
use crate::{
    clock::Ids,
    http::{ApiError, hex},
    store::{Store, bulk},
};
use data_encoding::BASE64;
use entity::{
    data_key::{self, DataKeyPurpose},
    time::Timestamp,
};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf, hmac,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder, Set, sea_query::Expr,
};
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, PoisonError},
};
use thiserror::Error;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Why something cannot be sealed or opened. Says nothing of what it is.
#[derive(Debug, Error)]
pub enum VaultError {
    /// The master key.
    #[error(transparent)]
    Master(#[from] MasterError),
    /// The database.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// The master key is another one than that which wrapped the data keys.
    #[error(
        "the vault key does not open the data keys of this database: set VAULT_KEY_FILE or VAULT_KEY to the one it was \
         made with"
    )]
    WrongMaster,
    /// A sealed text is damaged, or stands in a place it was not sealed for.
    #[error("a sealed value of {0} cannot be opened")]
    Damaged(&'static str),
    /// A key of this version is not there.
    #[error("there is no data key of version {0}")]
    UnknownVersion(i64),
}

impl From<VaultError> for ApiError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Database(error) => error.into(),
            other => Self::internal(other),
        }
    }
}

/// Where a sealed text stands. It is bound to it: moved to another row or column it does not open.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Table and column, such as `household.phone`.
    pub column: &'static str,
    /// Key of the row.
    pub row: Uuid,
}

impl Place {
    fn aad(self) -> String {
        format!("{}/{}", self.column, self.row)
    }
}

/// Unwrapped keys kept before they are dropped together: a rotation a month makes this many in five years.
const KEPT: usize = 64;

/// The master key's source and the keys unwrapped so far.
pub struct Vault {
    masters: MasterSource,
    unwrapped: Mutex<HashMap<String, Arc<Zeroizing<[u8; 32]>>>>,
}

impl Vault {
    /// A vault whose master key comes from `masters`; nothing is read yet.
    #[must_use]
    pub fn new(masters: MasterSource) -> Self {
        Self { masters, unwrapped: Mutex::default() }
    }

    /// Makes the first keys where there are none, and makes sure that the master key is the right one: at the start,
    /// before anybody waits for an answer.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn prepare(&self, store: &Store, ids: &Ids, now: Timestamp) -> Result<(), VaultError> {
        let txn = store.begin().await?;
        self.open_to_seal(&txn, ids, now).await?;
        Ok(txn.commit().await?)
    }

    /// The keys for reading.
    ///
    /// # Errors
    /// [`VaultError`] when the master key is missing or another one.
    pub async fn open(&self, db: &impl ConnectionTrait) -> Result<Keyring, VaultError> {
        let rows = data_key::Entity::find().order_by_asc(data_key::Column::Version).all(db).await?;
        self.unwrap_all(&rows)
    }

    /// The keys for writing in the transaction `txn`: made where there are none, and the one that seals is held until the
    /// transaction ends, so that a rotation does not overtake it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_to_seal(
        &self,
        txn: &impl ConnectionTrait,
        ids: &Ids,
        now: Timestamp,
    ) -> Result<Keyring, VaultError> {
        let none = data_key::Entity::find().one(txn).await?.is_none();
        if none {
            let master = self.masters.first(ids.random())?;
            let rows =
                [DataKeyPurpose::Seal, DataKeyPurpose::Index].map(|purpose| new_key(&master, ids, purpose, 1, now));
            // Another replica that starts now may be faster; its keys are read below.
            bulk::insert_with(txn, &rows, "on conflict do nothing").await?;
        }
        if txn.get_database_backend() == DbBackend::Postgres {
            txn.execute_unprepared("select version from data_key where retired_at is null for share").await?;
        }
        // Read after the wait: what a rotation committed meanwhile is seen.
        self.open(txn).await
    }

    /// Makes a new key that seals from now on; the one before is kept for reading. Returns the new version.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn rotate(&self, txn: &impl ConnectionTrait, ids: &Ids, now: Timestamp) -> Result<i64, VaultError> {
        let active = self.open_to_seal(txn, ids, now).await?.active;
        // The change waits for those who hold the key, and they have committed by then.
        data_key::Entity::update_many()
            .col_expr(data_key::Column::RetiredAt, Expr::value(now.0))
            .filter(data_key::COLUMN.purpose.eq(DataKeyPurpose::Seal))
            .filter(data_key::COLUMN.retired_at.is_null())
            .exec(txn)
            .await?;
        let row = new_key(&self.candidate(txn).await?, ids, DataKeyPurpose::Seal, active + 1, now);
        bulk::insert(txn, &[row]).await?;
        Ok(active + 1)
    }

    /// Wraps every data key anew, under the next master key. Call [`Self::settle`] after the commit. Returns how many.
    ///
    /// # Errors
    /// As [`Self::open`], and when there is no next key.
    pub async fn rewrap(&self, txn: &impl ConnectionTrait, ids: &Ids) -> Result<usize, VaultError> {
        let rows = data_key::Entity::find().all(txn).await?;
        self.unwrap_all(&rows)?;
        let next = self.masters.next(ids.random())?;
        let many = rows.len();
        for row in rows {
            let bytes = self.unwrap(&row)?;
            let wrapped = wrap(&next, ids, row.purpose, row.version, &bytes);
            data_key::Entity::update_many()
                .set(data_key::ActiveModel { wrapped: Set(wrapped), ..Default::default() })
                .filter(data_key::COLUMN.purpose.eq(row.purpose))
                .filter(data_key::COLUMN.version.eq(row.version))
                .exec(txn)
                .await?;
        }
        Ok(many)
    }

    /// Makes the next master key the present one, where they are files.
    ///
    /// # Errors
    /// When the file cannot be renamed.
    pub fn settle(&self) -> Result<(), VaultError> {
        Ok(self.masters.settle()?)
    }

    /// The master key that wraps the keys that are there.
    async fn candidate(&self, db: &impl ConnectionTrait) -> Result<MasterKey, VaultError> {
        let row = data_key::Entity::find().one(db).await?.ok_or(VaultError::UnknownVersion(1))?;
        let fits = |master: &MasterKey| unwrap_with(master, &row).is_some();
        self.masters.candidates()?.into_iter().find(fits).ok_or(VaultError::WrongMaster)
    }

    fn unwrap_all(&self, rows: &[data_key::Model]) -> Result<Keyring, VaultError> {
        let mut ring = Keyring { seal: BTreeMap::new(), active: 0, index: None };
        for row in rows {
            let bytes = self.unwrap(row)?;
            match row.purpose {
                DataKeyPurpose::Seal => {
                    let key = UnboundKey::new(&AES_256_GCM, &**bytes).map_err(|_| VaultError::WrongMaster)?;
                    ring.seal.insert(row.version, LessSafeKey::new(key));
                    if row.retired_at.is_none() {
                        ring.active = ring.active.max(row.version);
                    }
                }
                DataKeyPurpose::Index => ring.index = Some(hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(&**bytes)),
            }
        }
        Ok(ring)
    }

    fn unwrap(&self, row: &data_key::Model) -> Result<Arc<Zeroizing<[u8; 32]>>, VaultError> {
        let mut known = self.unwrapped.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = known.get(&row.wrapped) {
            return Ok(Arc::clone(bytes));
        }
        let candidates = self.masters.candidates()?;
        let bytes = candidates.iter().find_map(|master| unwrap_with(master, row)).ok_or(VaultError::WrongMaster)?;
        let bytes = Arc::new(bytes);
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(row.wrapped.clone(), Arc::clone(&bytes));
        Ok(bytes)
    }
}

const SALT: &[u8] = b"xiaonong blind index v1";

fn key_aad(purpose: DataKeyPurpose, version: i64) -> String {
    format!("data_key/{purpose:?}/{version}")
}

fn new_key(master: &MasterKey, ids: &Ids, purpose: DataKeyPurpose, version: i64, now: Timestamp) -> data_key::Model {
    let bytes = Zeroizing::new(ids.random::<32>());
    let wrapped = wrap(master, ids, purpose, version, &bytes);
    data_key::Model { purpose, version, wrapped, created_at: now, retired_at: None }
}

fn wrap(master: &MasterKey, ids: &Ids, purpose: DataKeyPurpose, version: i64, bytes: &Zeroizing<[u8; 32]>) -> String {
    encrypt(master.aead(), ids, &key_aad(purpose, version), &**bytes)
}

fn unwrap_with(master: &MasterKey, row: &data_key::Model) -> Option<Zeroizing<[u8; 32]>> {
    let bytes = decrypt(master.aead(), &key_aad(row.purpose, row.version), &row.wrapped)?;
    Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
}

/// Nonce and ciphertext in base64.
fn encrypt(key: &LessSafeKey, ids: &Ids, aad: &str, plain: &[u8]) -> String {
    let nonce = ids.random::<NONCE_LEN>();
    let mut text = plain.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad.as_bytes()), &mut text)
        .expect("a number is far shorter than what AES-GCM can seal");
    BASE64.encode(&[nonce.as_slice(), &text].concat())
}

fn decrypt(key: &LessSafeKey, aad: &str, sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(BASE64.decode(sealed.as_bytes()).ok()?);
    let nonce: [u8; NONCE_LEN] = bytes.get(..NONCE_LEN)?.try_into().ok()?;
    let nonce = Nonce::assume_unique_for_key(nonce);
    let plain = key.open_within(nonce, Aad::from(aad.as_bytes()), &mut bytes, NONCE_LEN..).ok()?.len();
    bytes.truncate(plain);
    Some(bytes)
}

/// The data keys, unwrapped.
pub struct Keyring {
    seal: BTreeMap<i64, LessSafeKey>,
    active: i64,
    index: Option<hkdf::Prk>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({} keys, sealing with {})", self.seal.len(), self.active)
    }
}

impl Keyring {
    /// Version of the key that seals; 0 where there is none.
    #[must_use]
    pub fn active(&self) -> i64 {
        self.active
    }

    /// Seals a text for `place`: the key's version, a random nonce, and AES-256-GCM over the text.
    ///
    /// # Errors
    /// When there is no key to seal with.
    pub fn seal(&self, ids: &Ids, place: Place, plain: &str) -> Result<String, VaultError> {
        let key = self.seal.get(&self.active).ok_or(VaultError::UnknownVersion(self.active))?;
        Ok(format!("v{}.{}", self.active, encrypt(key, ids, &place.aad(), plain.as_bytes())))
    }

    /// Opens what was sealed for `place`, under whatever version.
    ///
    /// # Errors
    /// When the text is damaged, stands elsewhere, or its key is gone.
    pub fn open(&self, place: Place, sealed: &str) -> Result<Zeroizing<String>, VaultError> {
        let damaged = || VaultError::Damaged(place.column);
        let (version, text) = sealed.strip_prefix('v').and_then(|rest| rest.split_once('.')).ok_or_else(damaged)?;
        let version: i64 = version.parse().map_err(|_| damaged())?;
        let key = self.seal.get(&version).ok_or(VaultError::UnknownVersion(version))?;
        let plain = decrypt(key, &place.aad(), text).ok_or_else(damaged)?;
        std::str::from_utf8(&plain).map(|text| Zeroizing::new(text.to_owned())).map_err(|_| damaged())
    }

    /// HMAC-SHA256 of a normalised text under a key of `column`'s own, derived by HKDF; hex. The same text has the same
    /// hash in every row and under every version. None before the first key is made: then nothing is sealed either.
    #[must_use]
    pub fn hash(&self, column: &'static str, text: &str) -> Option<String> {
        let info = [column.as_bytes()];
        let derived = self.index.as_ref()?.expand(&info, hmac::HMAC_SHA256).ok()?;
        Some(hex(hmac::sign(&hmac::Key::from(derived), text.as_bytes()).as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::{FixedClock, SystemEntropy},
        vault::Secret,
    };

    fn fixture() -> (Keyring, Ids) {
        let ids = Ids::new(Arc::new(FixedClock::new(Timestamp(0))), Arc::new(SystemEntropy));
        let master = MasterKey::parse(&Secret::new("0f".repeat(32))).expect("a key");
        let vault = Vault::new(MasterSource::Given { current: master.clone(), next: None });
        let key = |purpose, version| new_key(&master, &ids, purpose, version, Timestamp(0));
        let rows = [key(DataKeyPurpose::Seal, 1), key(DataKeyPurpose::Index, 1)];
        (vault.unwrap_all(&rows).expect("unwraps"), ids)
    }

    fn place(column: &'static str, row: u128) -> Place {
        Place { column, row: Uuid::from_u128(row) }
    }

    #[test]
    fn a_sealed_text_opens_only_where_it_was_sealed() {
        let (ring, ids) = fixture();
        let sealed = ring.seal(&ids, place("household.phone", 1), "19900000001").expect("seals");
        assert!(sealed.starts_with("v1.") && !sealed.contains("1990"), "{sealed}");
        assert_ne!(sealed, ring.seal(&ids, place("household.phone", 1), "19900000001").expect("seals"));
        assert_eq!(ring.open(place("household.phone", 1), &sealed).expect("opens").as_str(), "19900000001");
        for elsewhere in [place("household.phone", 2), place("household.id_number", 1)] {
            assert!(matches!(ring.open(elsewhere, &sealed), Err(VaultError::Damaged(_))));
        }
        let mut flipped = sealed.clone().into_bytes();
        flipped[20] = if flipped[20] == b'A' { b'B' } else { b'A' };
        let flipped = String::from_utf8(flipped).expect("ASCII");
        assert!(ring.open(place("household.phone", 1), &flipped).is_err());
        let newer = sealed.replacen("v1", "v2", 1);
        assert!(matches!(ring.open(place("household.phone", 1), &newer), Err(VaultError::UnknownVersion(2))));
    }

    #[test]
    fn a_hash_depends_on_key_and_column() {
        let ((ring, _), (other, _)) = (fixture(), fixture());
        let hash = |ring: &Keyring, column| ring.hash(column, "19900000001").expect("a hash");
        assert_eq!(hash(&ring, "household.phone"), hash(&ring, "household.phone"));
        assert_ne!(hash(&ring, "household.phone"), hash(&ring, "household.bank_account"));
        assert_ne!(hash(&ring, "household.phone"), hash(&other, "household.phone"));
    }

    #[test]
    fn another_master_key_opens_nothing() {
        let ids = Ids::new(Arc::new(FixedClock::new(Timestamp(0))), Arc::new(SystemEntropy));
        let key = |text: &str| MasterKey::parse(&Secret::new(text.repeat(32))).expect("a key");
        let row = new_key(&key("0f"), &ids, DataKeyPurpose::Seal, 1, Timestamp(0));
        let vault = |next| Vault::new(MasterSource::Given { current: key("1f"), next });
        assert!(matches!(vault(None).unwrap_all(std::slice::from_ref(&row)), Err(VaultError::WrongMaster)));
        assert!(vault(Some(key("0f"))).unwrap_all(&[row]).is_ok(), "while the key changes, both are tried");
    }
}
