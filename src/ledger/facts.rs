//! Freezes the facts of purchase lines on the day they are received (S3): origin, lists, household, links, evidence.

use super::{
    class::{OriginClass, OriginFacts, ProducerClass, PurchaseClass},
    evidence::proves,
};
use crate::{
    registry::{self, Place},
    suppliers::{self, Home},
};
use chrono::NaiveDate;
use entity::{
    certificate::CertificateKind,
    household_status::HouseholdStatusKind,
    id::{HouseholdId, SupplierId},
};
use sea_orm::{ActiveEnum, ConnectionTrait, DatabaseTransaction, DbErr};
use std::collections::{BTreeSet, HashMap, HashSet};

/// What is claimed of a line.
#[derive(Clone, Debug, Default)]
pub struct Claim {
    /// Who sold it, where registered.
    pub supplier_id: Option<SupplierId>,
    /// Where it was grown.
    pub origin_division_code: Option<String>,
    /// Household that grew it.
    pub producer_household_id: Option<HouseholdId>,
    /// Documents: kind, and the origin they state.
    pub documents: Vec<(CertificateKind, Option<String>)>,
    /// Origin the goods were ordered with, where they were ordered.
    pub listed_origin: Option<String>,
}

/// What is kept of a line for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frozen {
    /// What it comes down to.
    pub class: PurchaseClass,
    /// Codes of the lists the origin stood on that day, joined by |.
    pub origin_lists: String,
    /// Statuses of the household that day, joined by |.
    pub producer_status: Option<String>,
    /// Households linked to the seller that day.
    pub linked_households: i32,
    /// Kinds of the documents that prove the origin, joined by |.
    pub evidence: Option<String>,
}

impl Frozen {
    /// What a seller without an approval brought: what it says of origin and producer is not believed, it stays in the
    /// denominator (S6).
    fn unvouched() -> Self {
        Self {
            class: PurchaseClass { origin: OriginClass::Unknown, producer: ProducerClass::None, evidence: false },
            origin_lists: String::new(),
            producer_status: None,
            linked_households: 0,
            evidence: None,
        }
    }
}

/// Everything the claims of one day are judged by, read with a fixed number of statements.
pub struct Day {
    places: HashMap<String, Place>,
    homes: HashMap<HouseholdId, Home>,
    statuses: HashMap<HouseholdId, Vec<HouseholdStatusKind>>,
    links: HashMap<SupplierId, i32>,
    revoked: HashSet<SupplierId>,
}

impl Day {
    /// Reads what `claims` need for `day`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn read(db: &impl ConnectionTrait, claims: &[Claim], day: NaiveDate) -> Result<Self, DbErr> {
        let mut codes = BTreeSet::new();
        let mut households = BTreeSet::new();
        let mut sellers = BTreeSet::new();
        for claim in claims {
            codes.extend(claim.origin_division_code.clone());
            codes.extend(claim.listed_origin.clone());
            codes.extend(claim.documents.iter().filter_map(|(_, stated)| stated.clone()));
            households.extend(claim.producer_household_id);
            sellers.extend(claim.supplier_id);
        }
        let households = Vec::from_iter(households);
        let homes = suppliers::homes_of(db, &households).await?;
        let judged = sellers.iter().copied().chain(homes.values().filter_map(|home| home.seller)).collect();
        Ok(Self {
            places: registry::places_on(db, &Vec::from_iter(codes), day).await?,
            homes,
            statuses: suppliers::statuses_on(db, &households, day).await?,
            revoked: suppliers::verification::revoked_on(db, &judged, day).await?,
            links: suppliers::linked_households_on(db, &Vec::from_iter(sellers), day).await?,
        })
    }

    /// Keeps the sellers and the producers of `claims` from being revoked until the transaction ends: what is frozen in it
    /// either knows of a revocation or is seen by it. Called before [`Self::read`].
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn hold(txn: &DatabaseTransaction, claims: &[Claim]) -> Result<(), DbErr> {
        let sellers: BTreeSet<SupplierId> = claims.iter().filter_map(|claim| claim.supplier_id).collect();
        let producers = claims.iter().filter_map(|claim| claim.producer_household_id).collect();
        suppliers::verification::hold(txn, &sellers, &producers).await
    }

    /// The place with this code, where one exists.
    #[must_use]
    pub fn place(&self, code: &str) -> Option<&Place> {
        self.places.get(code)
    }

    /// The present code of the place with this code.
    #[must_use]
    pub fn present(&self, code: String) -> String {
        self.places.get(&code).map_or(code, |place| place.code.clone())
    }

    /// Freezes one claim.
    #[must_use]
    pub fn freeze(&self, claim: &Claim) -> Frozen {
        if claim.supplier_id.is_some_and(|seller| self.revoked.contains(&seller)) {
            return Frozen::unvouched();
        }
        let origin = claim.origin_division_code.as_ref().and_then(|code| self.places.get(code));
        let facts = origin.map(|place| OriginFacts {
            level: place.level,
            lists: place.lists.iter().map(|(_, kind)| *kind).collect(),
        });
        // A household grows where it lives: goods from another county are not its harvest, whatever is claimed; nor is what
        // is sold in the name of one that lost its approval.
        let its_own = |id: &HouseholdId| {
            self.homes.get(id).is_some_and(|home| {
                home.seller.is_none_or(|seller| !self.revoked.contains(&seller))
                    && origin.is_some_and(|origin| origin.county_code.as_ref() == Some(&home.county_code))
            })
        };
        let statuses =
            claim.producer_household_id.filter(its_own).map(|id| self.statuses.get(&id).map_or(&[][..], Vec::as_slice));
        let linked_households = claim.supplier_id.and_then(|id| self.links.get(&id).copied()).unwrap_or_default();
        // A batch from another county than was ordered is accepted for what it is, but proves nothing by its own word.
        let as_listed = claim.listed_origin.as_ref().is_none_or(|listed| {
            let listed = self.places.get(listed).map(|place| (&place.code, &place.county_code));
            listed.is_some_and(|(code, county)| {
                origin.is_some_and(|origin| origin.code == *code || county.is_some() && origin.county_code == *county)
            })
        });
        let proofs: BTreeSet<String> = claim
            .documents
            .iter()
            .filter(|_| as_listed)
            .filter(|(kind, stated)| {
                let stated = stated.as_ref().and_then(|code| self.places.get(code));
                proves(*kind, stated, origin)
            })
            .map(|(kind, _)| kind.to_value())
            .collect();
        Frozen {
            class: PurchaseClass {
                origin: OriginClass::of(facts.as_ref()),
                producer: ProducerClass::of(statuses, linked_households),
                evidence: !proofs.is_empty(),
            },
            origin_lists: joined(origin.into_iter().flat_map(|place| place.lists.iter().map(|(code, _)| code.clone()))),
            producer_status: statuses.map(|held| joined(held.iter().map(ActiveEnum::to_value))),
            linked_households,
            evidence: (!proofs.is_empty()).then(|| joined(proofs)),
        }
    }
}

fn joined(parts: impl IntoIterator<Item = String>) -> String {
    parts.into_iter().collect::<Vec<_>>().join("|")
}
