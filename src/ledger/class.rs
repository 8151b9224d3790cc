//! The purchase class: what the frozen facts of a line come down to. Pure.
//!
//! A class is a number of three digits, `origin · producer · evidence`, small enough that totals can be kept by it; an
//! indicator is then only a set of classes, and a new policy needs no recomputation (S5).

use entity::{county_list::CountyListKind, division::DivisionLevel, household_status::HouseholdStatusKind};
use serde::Serialize;
use utoipa::ToSchema;

/// Where the goods were grown or made (S4), from the lists that held that day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum OriginClass {
    /// Not stated.
    Unknown = 0,
    /// Another province.
    OtherProvince = 1,
    /// A listed county of another province.
    OtherProvinceListed = 2,
    /// In the province, no listed county.
    InProvince = 3,
    /// A listed poverty county.
    ListedCounty = 4,
    /// A listed county that is a key county for rural revitalisation.
    KeyCounty = 5,
    /// A deep-poverty county.
    DeepPovertyCounty = 6,
    /// A deep-poverty county that is a key county too.
    DeepPovertyKeyCounty = 7,
}

/// Who grew them, from the status that held that day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum ProducerClass {
    /// No household, or one without any status.
    None = 0,
    /// A registered poor household (建档立卡).
    RegisteredHousehold = 1,
    /// A household lifted out of registration (脱贫户).
    LiftedHousehold = 2,
    /// A monitored household that was never registered.
    MonitoredHousehold = 3,
    /// A supplier with linked households (H3), no single one named.
    LinkedHouseholds = 4,
}

/// All origins.
pub const ORIGINS: [OriginClass; 8] = [
    OriginClass::Unknown,
    OriginClass::OtherProvince,
    OriginClass::OtherProvinceListed,
    OriginClass::InProvince,
    OriginClass::ListedCounty,
    OriginClass::KeyCounty,
    OriginClass::DeepPovertyCounty,
    OriginClass::DeepPovertyKeyCounty,
];

/// All producers.
pub const PRODUCERS: [ProducerClass; 5] = [
    ProducerClass::None,
    ProducerClass::RegisteredHousehold,
    ProducerClass::LiftedHousehold,
    ProducerClass::MonitoredHousehold,
    ProducerClass::LinkedHouseholds,
];

/// Class of a purchase line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PurchaseClass {
    /// Where it was grown.
    pub origin: OriginClass,
    /// Who grew it.
    pub producer: ProducerClass,
    /// Whether documents prove the origin (S6).
    pub evidence: bool,
}

/// What an origin is judged by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginFacts {
    /// Level of the place.
    pub level: DivisionLevel,
    /// Kinds of the lists it stood on that day, its county's included.
    pub lists: Vec<CountyListKind>,
}

impl OriginClass {
    /// The class of an origin; none stated is [`Self::Unknown`].
    #[must_use]
    pub fn of(facts: Option<&OriginFacts>) -> Self {
        let Some(OriginFacts { level, lists }) = facts else { return Self::Unknown };
        let on = |kind| lists.contains(&kind);
        match level {
            DivisionLevel::OtherProvince | DivisionLevel::OtherCounty => {
                if on(CountyListKind::OtherProvinceListed) {
                    Self::OtherProvinceListed
                } else {
                    Self::OtherProvince
                }
            }
            DivisionLevel::Province | DivisionLevel::Prefecture => Self::InProvince,
            DivisionLevel::County | DivisionLevel::Township => {
                let (deep, key) = (on(CountyListKind::DeepPovertyCounty), on(CountyListKind::KeyCounty));
                match (deep, key, on(CountyListKind::PovertyCounty)) {
                    (true, true, _) => Self::DeepPovertyKeyCounty,
                    (true, false, _) => Self::DeepPovertyCounty,
                    (false, true, _) => Self::KeyCounty,
                    (false, false, true) => Self::ListedCounty,
                    (false, false, false) => Self::InProvince,
                }
            }
        }
    }
}

impl ProducerClass {
    /// The class of a producer: the named household's statuses that day, else the supplier's links. The registration
    /// history stands before the monitoring history, so that each yuan counts once (lesson 3).
    #[must_use]
    pub fn of(statuses: Option<&[HouseholdStatusKind]>, linked_households: i32) -> Self {
        let statuses = statuses.unwrap_or_default();
        let has = |kind| statuses.contains(&kind);
        if has(HouseholdStatusKind::RegisteredPoor) {
            Self::RegisteredHousehold
        } else if has(HouseholdStatusKind::Lifted) {
            Self::LiftedHousehold
        } else if has(HouseholdStatusKind::UnstableLifted)
            || has(HouseholdStatusKind::MarginalAtRisk)
            || has(HouseholdStatusKind::SuddenHardship)
        {
            Self::MonitoredHousehold
        } else if linked_households > 0 {
            Self::LinkedHouseholds
        } else {
            Self::None
        }
    }
}

impl PurchaseClass {
    /// The number stored with lines and totals.
    #[must_use]
    pub fn code(self) -> i32 {
        i32::from(self.origin as u8) * 100 + i32::from(self.producer as u8) * 10 + i32::from(self.evidence)
    }

    /// The class of a stored number.
    #[must_use]
    pub fn from_code(code: i32) -> Option<Self> {
        let code = usize::try_from(code).ok()?;
        let evidence = match code % 10 {
            0 => false,
            1 => true,
            _ => return None,
        };
        Some(Self { origin: *ORIGINS.get(code / 100)?, producer: *PRODUCERS.get(code / 10 % 10)?, evidence })
    }

    /// Every class there is.
    pub fn all() -> impl Iterator<Item = Self> {
        ORIGINS.into_iter().flat_map(|origin| {
            PRODUCERS.into_iter().flat_map(move |producer| {
                [false, true].into_iter().map(move |evidence| Self { origin, producer, evidence })
            })
        })
    }

    /// The same with evidence: what the line would count as if its origin were proven.
    #[must_use]
    pub fn proven(self) -> Self {
        Self { evidence: true, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn facts(level: DivisionLevel, lists: &[CountyListKind]) -> OriginFacts {
        OriginFacts { level, lists: lists.to_vec() }
    }

    #[test]
    fn every_class_has_its_own_number() {
        let codes: std::collections::BTreeSet<i32> = PurchaseClass::all().map(PurchaseClass::code).collect();
        assert_eq!(codes.len(), ORIGINS.len() * PRODUCERS.len() * 2);
        for class in PurchaseClass::all() {
            assert_eq!(PurchaseClass::from_code(class.code()), Some(class));
        }
        assert_eq!(PurchaseClass::from_code(2), None);
        assert_eq!(PurchaseClass::from_code(850), None);
        assert_eq!(PurchaseClass::from_code(-1), None);
    }

    #[test]
    fn the_lists_of_the_day_decide() {
        use CountyListKind::{DeepPovertyCounty, KeyCounty, OtherProvinceListed, PovertyCounty};
        let county = |lists: &[CountyListKind]| OriginClass::of(Some(&facts(DivisionLevel::County, lists)));
        assert_eq!(county(&[]), OriginClass::InProvince);
        assert_eq!(county(&[PovertyCounty]), OriginClass::ListedCounty);
        assert_eq!(county(&[PovertyCounty, DeepPovertyCounty]), OriginClass::DeepPovertyCounty);
        assert_eq!(county(&[PovertyCounty, DeepPovertyCounty, KeyCounty]), OriginClass::DeepPovertyKeyCounty);
        let outside = facts(DivisionLevel::OtherCounty, &[OtherProvinceListed]);
        assert_eq!(OriginClass::of(Some(&outside)), OriginClass::OtherProvinceListed);
        assert_eq!(OriginClass::of(None), OriginClass::Unknown);
    }

    #[test]
    fn registration_stands_before_monitoring_and_a_household_before_links() {
        use HouseholdStatusKind::{Lifted, MarginalAtRisk, RegisteredPoor, RiskCleared, UnstableLifted};
        assert_eq!(ProducerClass::of(Some(&[RegisteredPoor]), 0), ProducerClass::RegisteredHousehold);
        assert_eq!(ProducerClass::of(Some(&[UnstableLifted, Lifted]), 5), ProducerClass::LiftedHousehold);
        assert_eq!(ProducerClass::of(Some(&[MarginalAtRisk]), 0), ProducerClass::MonitoredHousehold);
        assert_eq!(ProducerClass::of(Some(&[RiskCleared]), 0), ProducerClass::None);
        assert_eq!(ProducerClass::of(None, 3), ProducerClass::LinkedHouseholds);
    }

    proptest! {
        #[test]
        fn a_list_more_never_lowers_an_origin_of_the_province(mask in 0u8..8, extra in 0usize..3) {
            let kinds = [CountyListKind::PovertyCounty, CountyListKind::DeepPovertyCounty, CountyListKind::KeyCounty];
            let mut lists: Vec<_> = (0..3).filter(|bit| mask & (1 << bit) != 0).map(|bit| kinds[bit]).collect();
            let before = OriginClass::of(Some(&facts(DivisionLevel::Township, &lists)));
            lists.push(kinds[extra]);
            let after = OriginClass::of(Some(&facts(DivisionLevel::Township, &lists)));
            prop_assert!(after >= before);
        }

        #[test]
        fn a_number_is_read_or_refused_but_never_misread(code in -10_000..10_000) {
            if let Some(class) = PurchaseClass::from_code(code) {
                prop_assert_eq!(class.code(), code);
            }
        }
    }
}
