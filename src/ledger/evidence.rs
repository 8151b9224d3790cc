//! Which documents prove an origin (S6, F4). Pure.

use crate::registry::Place;
use entity::certificate::CertificateKind;

/// Whether a document of this kind, stating `stated`, proves that goods come from `origin`.
///
/// A document proves an origin when it states one in the same county; a batch report or a meat inspection says nothing
/// of where goods were grown.
#[must_use]
pub fn proves(kind: CertificateKind, stated: Option<&Place>, origin: Option<&Place>) -> bool {
    let states_origins = matches!(
        kind,
        CertificateKind::CommitmentCertificate
            | CertificateKind::AnimalQuarantineCertificate
            | CertificateKind::ProductionLicence
            | CertificateKind::CountyCertificate
    );
    let (Some(stated), Some(origin)) = (stated, origin) else { return false };
    let same_county = stated.county_code.is_some() && stated.county_code == origin.county_code;
    states_origins && (stated.code == origin.code || same_county)
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::division::DivisionLevel;

    fn place(code: &str, county: Option<&str>) -> Place {
        Place {
            code: code.into(),
            name: String::new(),
            level: DivisionLevel::County,
            ended_on: None,
            county_code: county.map(str::to_owned),
            lists: Vec::new(),
        }
    }

    #[test]
    fn a_document_proves_only_the_county_it_states() {
        use CertificateKind::{BatchReport, CommitmentCertificate};
        let songpo = place("910526", Some("910526"));
        let township = place("910526109", Some("910526"));
        let liuxi = place("910527", Some("910527"));
        let yunnan = place("530000", None);
        assert!(proves(CommitmentCertificate, Some(&songpo), Some(&township)));
        assert!(!proves(CommitmentCertificate, Some(&liuxi), Some(&township)));
        assert!(!proves(CommitmentCertificate, None, Some(&township)));
        assert!(!proves(BatchReport, Some(&songpo), Some(&songpo)));
        assert!(proves(CommitmentCertificate, Some(&yunnan), Some(&yunnan)));
        assert!(!proves(CommitmentCertificate, Some(&yunnan), Some(&songpo)));
    }
}
