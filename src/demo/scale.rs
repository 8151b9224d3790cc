//! What the scale at the kitchen door says: packaging, shrinkage, earth on the roots, and now and then goods refused.

use super::{dice::Dice, province::DemoOffer};
use crate::delivery::ReceivedLineRequest;
use entity::{id::ConsignmentLineId, product::Measure, receipt_line::RejectAction, weight::Gram};

/// Of a thousand lines, those with goods refused.
const REFUSED: i64 = 35;
/// Of a thousand lines of field goods, those with earth or water deducted.
const DEDUCTED: i64 = 250;

/// The receipt line for a batch of which `sent` grams or pieces were sent.
pub fn weigh(dice: &Dice, offer: &DemoOffer, line: ConsignmentLineId, sent: i64) -> ReceivedLineRequest {
    let loose = offer.measure == Measure::Mass && matches!(offer.unit_code.as_str(), "jin" | "kg");
    // Loose goods lose up to six thousandths on the way; a scale reads to ten grams.
    let net = if loose { round(sent - sent * dice.between(0, 6) / 1000) } else { sent };
    let tare = if loose { round(sent * dice.between(10, 20) / 1000) } else { 0 };
    let earthy = loose && matches!(offer.category_code.as_str(), "VEGETABLE" | "AQUATIC");
    let deduction = if earthy && dice.in_thousand(DEDUCTED) { round(net * dice.between(5, 20) / 1000) } else { 0 };
    let refused = if dice.in_thousand(REFUSED) { net * dice.between(5, 30) / 100 } else { 0 };
    let refused = if loose { round(refused) } else { whole_packages(refused, offer.unit_base.0) };
    let (deduction_reason, reject_reason) = reasons(&offer.category_code);
    let text = |quantity: i64| match offer.measure {
        Measure::Mass => Gram(quantity).to_string(),
        Measure::Count => quantity.to_string(),
    };
    ReceivedLineRequest {
        consignment_line_id: line,
        gross: text(net + tare),
        tare: (tare > 0).then(|| text(tare)),
        deduction: (deduction > 0).then(|| text(deduction)),
        deduction_reason: (deduction > 0).then(|| deduction_reason.to_owned()),
        rejected: (refused > 0).then(|| text(refused)),
        reject_reason: (refused > 0).then(|| reject_reason.to_owned()),
        reject_action: (refused > 0).then_some(RejectAction::Returned),
        weight: None,
    }
}

fn round(grams: i64) -> i64 {
    grams / 10 * 10
}

fn whole_packages(quantity: i64, package: i64) -> i64 {
    quantity / package * package
}

fn reasons(category: &str) -> (&'static str, &'static str) {
    match category {
        "AQUATIC" => ("带水", "死鱼"),
        "VEGETABLE" => ("泥土", "腐烂"),
        "FRUIT" => ("果叶", "碰伤"),
        "EGG" => ("", "破损"),
        "MEAT" | "POULTRY" => ("", "不新鲜"),
        _ => ("", "包装破损"),
    }
}
