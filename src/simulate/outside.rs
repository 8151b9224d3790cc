//! What a school buys outside and declares, in time or late.

use super::{
    prices::asked,
    rowset::Rowset,
    trade::{Day, Source, Wish},
};
use crate::demo::at;
use chrono::Days;
use entity::{
    declared_certificate, declared_purchase, id::DeclaredPurchaseId, money::Fen, purchase_line::Channel,
    weight::BaseQuantity,
};

/// Declares the day's purchases outside as one, some with the document the seller handed over.
pub fn declare(day: &Day<'_>, wishes: &[Wish], rows: &mut Rowset) {
    let late = u64::try_from(day.buyer.declares_after).unwrap_or_default();
    let declared_on = day.date.checked_add_days(Days::new(late)).unwrap_or(day.date);
    let declared_at = at(declared_on, 15, day.dice.between(0, 59));
    let id: DeclaredPurchaseId = day.id(declared_at);
    let mut sum = Fen(0);
    for wish in wishes {
        let offer = &day.month.offers[wish.offer];
        let good = &day.month.goods[offer.good];
        // Dearer than on the marketplace, as small quantities are.
        let price = asked(day.month.seed, good, "market", day.date);
        let price = Fen(price.0 * day.dice.between(100, 118) / 100);
        let amount = price.times(wish.quantity, offer.listing.unit_base).unwrap_or(Fen(0));
        let proven = offer.certified && day.dice.in_thousand(350);
        let source = Source { channel: Channel::Declared, at: declared_at, proven };
        let weight = good.weight(BaseQuantity(wish.quantity.0));
        let mut line = day.line(wish.offer, &source, amount, weight);
        line.declared_purchase_id = Some(id);
        if proven {
            rows.declared_certificates.push(declared_certificate::Model {
                id: day.id(declared_at),
                purchase_line_id: line.id,
                kind: good.certificate,
                number: format!("SIM-{}-{}", offer.seller, day.date.format("%y%m%d")),
                issued_on: day.date,
                issuer: offer.seller.clone(),
                origin_division_code: Some(offer.listing.origin_division_code.clone()),
            });
        }
        sum.0 += amount.0;
        day.push(line, rows);
    }
    rows.declared.push(declared_purchase::Model {
        id,
        school_id: day.buyer.school.id,
        canteen_id: day.buyer.canteen_id,
        purchased_on: day.date,
        seller_name: "农贸市场".to_owned(),
        supplier_id: Some(day.month.offers[wishes[0].offer].listing.supplier_id),
        invoice_number: None,
        external_id: Some(format!("sim-{}", day.date.format("%Y%m%d"))),
        amount_fen: sum,
        declared_by: day.month.people[0],
        declared_at,
        import_id: None,
    });
}
