//! Reads the bundled offers: who sells what, from where, in which months, between which prices.

use super::province::DemoOffer;
use crate::{
    catalogue::Conversions,
    registry::{Divisions, derived_id},
    sheets::{Refusal, Row, Sheet, SheetKind, column},
};
use entity::{
    certificate::CertificateKind,
    id::{HouseholdId, SupplierId},
    money::Fen,
    weight::BaseQuantity,
};
use std::collections::HashMap;

/// The bundled file.
static OFFERS: SheetKind = SheetKind {
    name: "offers",
    title: ("供货", "Offers"),
    columns: &[
        column("supplier_code", "supplier_code", "").required(),
        column("product_code", "product_code", "").required(),
        column("origin_division_code", "origin_division_code", "").required(),
        column("producer_household_code", "producer_household_code", "").required(),
        column("price_unit", "price_unit", "").required(),
        column("price_low", "price_low", "").required(),
        column("price_high", "price_high", "").required(),
        column("months", "months", "").required(),
        column("stock_per_week", "stock_per_week", "").required(),
        column("evidence", "evidence", "").required(),
        column("certificate_kind", "certificate_kind", "").required(),
        column("delivery_prefectures", "delivery_prefectures", "").required(),
    ],
    most_rows: 10_000,
};

/// What the offers point at.
pub struct Known<'a> {
    /// Suppliers by code.
    pub suppliers: &'a HashMap<String, SupplierId>,
    /// Households by code.
    pub households: &'a HashMap<String, HouseholdId>,
    /// Every division.
    pub divisions: &'a Divisions,
    /// Units of every product on offer.
    pub conversions: &'a Conversions,
}

/// The product codes of a file of offers, before anything else is known.
pub fn products(text: &str) -> Result<Vec<String>, Vec<Refusal>> {
    let sheet = Sheet::read(text, &OFFERS)?;
    let codes = sheet.rows().filter_map(|row| row.text("product_code").map(str::to_owned)).collect();
    sheet.finish()?;
    Ok(codes)
}

/// Reads a file of offers.
pub fn read(text: &str, known: &Known<'_>) -> Result<Vec<DemoOffer>, Vec<Refusal>> {
    let sheet = Sheet::read(text, &OFFERS)?;
    let offers = sheet.rows().filter_map(|row| offer(row, known)).collect();
    sheet.finish()?;
    Ok(offers)
}

fn offer(row: Row<'_>, known: &Known<'_>) -> Option<DemoOffer> {
    let supplier_code = row.text("supplier_code")?;
    let supplier_id = found(row, "supplier_code", known.suppliers.get(supplier_code).copied())?;
    let product_code = row.text("product_code")?;
    let product = found(row, "product_code", known.conversions.product(product_code))?;
    let origin = row.text("origin_division_code")?;
    let origin = found(row, "origin_division_code", known.divisions.present(origin))?;
    let producer_household_id = match row.optional("producer_household_code") {
        Some(code) => Some(found(row, "producer_household_code", known.households.get(code).copied())?),
        None => None,
    };
    let unit_code = row.text("price_unit")?;
    let unit_base = found(row, "price_unit", known.conversions.base_per_unit(product_code, unit_code))?;
    let low = found(row, "price_low", Fen::parse_yuan(row.cell("price_low")).ok())?;
    let high = found(row, "price_high", Fen::parse_yuan(row.cell("price_high")).ok().filter(|high| *high >= low))?;
    let months = found(row, "months", months(row.cell("months")))?;
    let stock = row.count("stock_per_week")?;
    let evidence = if row.flag("evidence")? { Some(row.choice::<CertificateKind>("certificate_kind")?) } else { None };
    Some(DemoOffer {
        listing_id: derived_id("listing", &format!("{supplier_code}:{product_code}:{origin}")),
        supplier_id,
        supplier_code: supplier_code.to_owned(),
        product_code: product_code.to_owned(),
        category_code: product.category_code.clone(),
        measure: product.measure,
        origin_division_code: origin.to_owned(),
        origin_county_code: known.divisions.county_of(origin).map(str::to_owned),
        producer_household_id,
        unit_code: unit_code.to_owned(),
        unit_base: BaseQuantity(unit_base),
        low,
        high,
        months,
        stock_base: BaseQuantity(stock * unit_base),
        evidence,
        delivery_area: row.optional("delivery_prefectures").map(str::to_owned),
    })
}

fn found<T>(row: Row<'_>, column: &'static str, value: Option<T>) -> Option<T> {
    if value.is_none() {
        let cell = row.cell(column);
        row.refuse(column, format!("“{cell}”不可用"), format!("\"{cell}\" cannot be used"));
    }
    value
}

/// Months such as `9-12|1-4` as bits, January lowest.
pub fn months(text: &str) -> Option<u16> {
    let mut bits = 0;
    for part in text.split('|') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u16, u16) = (first.parse().ok()?, last.parse().ok()?);
        if first == 0 || last > 12 || first > last {
            return None;
        }
        for month in first..=last {
            bits |= 1 << (month - 1);
        }
    }
    Some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_may_run_over_the_year_s_end() {
        assert_eq!(months("1-12"), Some(0xFFF));
        assert_eq!(months("9-12|1-2"), Some(0b1111_0000_0011));
        assert_eq!(months("7"), Some(0b100_0000));
        assert_eq!(months("0-3"), None);
        assert_eq!(months("12-1"), None);
    }
}
