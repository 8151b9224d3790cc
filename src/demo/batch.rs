//! What a supplier writes on a consignment: batches, dates, documents.

use super::province::{DemoOffer, DemoSupplier};
use crate::delivery::{CertificateRequest, SentLineRequest};
use chrono::{Datelike, Days, NaiveDate};
use entity::{certificate::CertificateKind, weight::Quantity};

/// A line of a consignment to be delivered on `day`: all that was confirmed, in one batch.
pub fn sent_line(
    offer: &DemoOffer,
    supplier: &DemoSupplier,
    line_no: i32,
    confirmed: &Quantity,
    day: NaiveDate,
) -> SentLineRequest {
    let produced = produced_on(&offer.category_code, day);
    SentLineRequest {
        id: None,
        line_no,
        quantity: confirmed.quantity.clone(),
        unit: confirmed.unit.clone(),
        batch_number: batch_number(offer, produced),
        produced_on: Some(produced),
        shelf_life_days: shelf_life(&offer.category_code),
        origin_division_code: None,
        producer_household_id: None,
        certificates: certificates(offer, supplier, produced),
    }
}

/// Days a product keeps; none where the law asks for none.
fn shelf_life(category: &str) -> Option<i32> {
    Some(match category {
        "GRAIN" => 365,
        "OIL" => 540,
        "MEAT" | "POULTRY" | "AQUATIC" | "SOY" => 3,
        "EGG" => 30,
        "VEGETABLE" | "MUSHROOM" => 7,
        "FRUIT" | "PROCESSED" => 15,
        "DAIRY" => 21,
        "DRY" => 270,
        _ => return None,
    })
}

/// Day of harvest or production of what is delivered on `day`.
fn produced_on(category: &str, day: NaiveDate) -> NaiveDate {
    let back = match category {
        "GRAIN" | "OIL" | "DRY" | "CONDIMENT" => 24,
        "EGG" | "PROCESSED" | "DAIRY" => 3,
        _ => 1,
    };
    day - Days::new(back)
}

/// The producer's batch number, one a product and day of production.
fn batch_number(offer: &DemoOffer, produced: NaiveDate) -> String {
    format!("{}-{}-{:02}{:02}", offer.origin_division_code, offer.product_code, produced.month(), produced.day())
}

/// The documents the offer's evidence asks for; none where the origin is not proven.
fn certificates(offer: &DemoOffer, supplier: &DemoSupplier, produced: NaiveDate) -> Vec<CertificateRequest> {
    let Some(kind) = offer.evidence else { return Vec::new() };
    let day = format!("{}{:02}{:02}", produced.year(), produced.month(), produced.day());
    let origin = &offer.origin_division_code;
    let document = |kind, prefix: &str, origin_stated: bool| CertificateRequest {
        kind,
        number: format!("{prefix}-{origin}-{day}"),
        issued_on: produced,
        issuer: supplier.name.clone(),
        origin_division_code: origin_stated.then(|| origin.clone()),
    };
    match kind {
        CertificateKind::AnimalQuarantineCertificate => {
            vec![document(kind, "JY", true), document(CertificateKind::MeatInspectionCertificate, "RP", false)]
        }
        CertificateKind::ProductionLicence => {
            vec![document(kind, "SC", true), document(CertificateKind::BatchReport, "BG", false)]
        }
        CertificateKind::CountyCertificate => vec![document(kind, "CD", true)],
        _ => vec![document(kind, "HGZ", true)],
    }
}
