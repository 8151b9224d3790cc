//! What a kitchen buys outside the marketplace and declares: a little from the market in town, some of it proven.

use super::{
    dice::Dice,
    province::{DemoSchool, Province},
};
use crate::ledger::{DeclarePurchaseRequest, DeclaredLineRequest, DocumentRequest};
use chrono::NaiveDate;
use entity::{certificate::CertificateKind, money::Fen, product::Measure, weight::BaseQuantity};

/// Of a thousand weeks, those in which a school buys outside.
const BOUGHT: i64 = 450;
/// Of a thousand lines, those with a document that states the county around.
const PROVEN: i64 = 400;

const STALLS: &[&str] =
    &["镇农贸市场 李记蔬菜", "赶场集市 杨家豆腐", "农贸市场 罗氏干货", "县城批发市场 三号摊", "村口菜摊 吴家"];
const GOODS: &[&str] = &["pak_choi", "cabbage", "radish", "tofu", "tomato", "chilli_powder", "potato", "egg_chicken"];

/// The purchase a school declares for `day`, if it made one.
pub fn purchase(province: &Province, school: &DemoSchool, day: NaiveDate) -> Option<DeclarePurchaseRequest> {
    let dice = Dice::of(&["outside", &school.code, &day.to_string()]);
    if !dice.in_thousand(BOUGHT) {
        return None;
    }
    let mut lines: Vec<DeclaredLineRequest> = Vec::new();
    for _ in 0..dice.between(1, 3) {
        let line = line(province, school, day, &dice)?;
        if lines.iter().all(|other| other.product_code != line.product_code) {
            lines.push(line);
        }
    }
    let receipt = dice.between(10_000, 99_999);
    Some(DeclarePurchaseRequest {
        id: None,
        canteen_id: school.canteen_id,
        purchased_on: day,
        seller_name: (*dice.pick(STALLS)?).to_owned(),
        supplier_id: None,
        invoice_number: dice.in_thousand(600).then(|| format!("No. 00{receipt}")),
        external_id: Some(format!("{}-{day}", school.code)),
        separate_delivery: false,
        lines,
    })
}

fn line(province: &Province, school: &DemoSchool, day: NaiveDate, dice: &Dice) -> Option<DeclaredLineRequest> {
    let product = *dice.pick(GOODS)?;
    // What it costs in the marketplace, give or take a tenth.
    let offer = province.offers.iter().find(|offer| offer.product_code == product)?;
    let (unit, per_unit, each) = match offer.measure {
        Measure::Mass => ("jin", 500, 60),
        Measure::Count => ("piece", 1, 100),
    };
    let count = (school.diners * each / 1_000).max(5) * dice.between(80, 120) / 100;
    let price = Fen(offer.price_on(day).0 * dice.between(90, 110) / 100);
    let amount = price.times(BaseQuantity(count * per_unit), offer.unit_base)?;
    let county = &school.county_code;
    let documents = if dice.in_thousand(PROVEN) {
        vec![DocumentRequest {
            kind: CertificateKind::CommitmentCertificate,
            number: format!("HYL-{county}-{day}"),
            issued_on: day,
            issuer: "乡镇农业服务中心".to_owned(),
            origin_division_code: Some(county.clone()),
        }]
    } else {
        Vec::new()
    };
    Some(DeclaredLineRequest {
        product_code: Some(product.to_owned()),
        category_code: None,
        quantity: Some(count.to_string()),
        unit: Some(unit.to_owned()),
        weight: None,
        amount,
        origin_division_code: (!documents.is_empty() || dice.in_thousand(300)).then(|| county.clone()),
        producer_household_code: None,
        documents,
    })
}
