//! What is sold: prices, seasons and portions of each product.

use crate::{catalogue::Conversions, demo::months};
use chrono::{Datelike, NaiveDate};
use entity::{
    certificate::CertificateKind,
    money::Fen,
    product::Measure,
    weight::{BaseQuantity, Gram},
};
use sea_orm::{ActiveEnum, ConnectionTrait, DbErr};
use serde::Deserialize;

const GOODS: &str = include_str!("data/goods.csv");

#[derive(Deserialize)]
struct Row {
    product_code: String,
    unit: String,
    low: String,
    high: String,
    months: String,
    certificate_kind: String,
    portion: i64,
}

/// A product as it is sold.
pub struct Good {
    /// Its code.
    pub code: String,
    /// Its category.
    pub category_code: String,
    /// Whether it is counted or weighed.
    pub measure: Measure,
    /// Weight of a piece, where known.
    pub grams_per_piece: Option<Gram>,
    /// Unit the price is for.
    pub unit_code: String,
    /// Grams or pieces in that unit.
    pub unit_base: BaseQuantity,
    /// Lowest and highest price of that unit.
    pub price: [Fen; 2],
    /// Months it is there, January the lowest bit.
    months: u16,
    /// The document that comes with it (F4).
    pub certificate: CertificateKind,
    /// Grams for ten diners, or pieces for a hundred.
    portion: i64,
}

impl Good {
    /// Whether it is sold that day.
    pub fn in_season(&self, day: NaiveDate) -> bool {
        self.months & (1 << day.month0()) != 0
    }

    /// Grams or pieces for so many diners, before the day's ups and downs.
    pub fn quantity(&self, diners: i64) -> i64 {
        match self.measure {
            Measure::Mass => self.portion * diners / 10,
            Measure::Count => self.portion * diners / 100,
        }
    }

    /// What an accepted quantity weighs; none when a piece's weight is unknown (S7).
    pub fn weight(&self, accepted: BaseQuantity) -> Option<Gram> {
        match self.measure {
            Measure::Mass => Some(Gram(accepted.0)),
            Measure::Count => self.grams_per_piece.map(|piece| Gram(piece.0 * accepted.0)),
        }
    }
}

/// The goods, with the units the catalogue knows.
///
/// # Errors
/// When the bundled file does not fit the catalogue.
pub async fn load(db: &impl ConnectionTrait) -> Result<Vec<Good>, DbErr> {
    let broken = |what: &str, code: &str| DbErr::Custom(format!("goods.csv: {what} of {code}"));
    let rows: Vec<Row> = csv::Reader::from_reader(GOODS.as_bytes())
        .into_deserialize()
        .collect::<Result<_, _>>()
        .map_err(|error| DbErr::Custom(format!("goods.csv: {error}")))?;
    let codes: Vec<String> = rows.iter().map(|row| row.product_code.clone()).collect();
    let conversions = Conversions::load(db, &codes).await?;
    rows.into_iter()
        .map(|row| {
            let code = row.product_code;
            let product = conversions.product(&code).ok_or_else(|| broken("product", &code))?;
            let unit_base = conversions.base_per_unit(&code, &row.unit).ok_or_else(|| broken("unit", &code))?;
            let yuan = |text: &str| Fen::parse_yuan(text).map_err(|_| broken("price", &code));
            Ok(Good {
                category_code: product.category_code.clone(),
                measure: product.measure,
                grams_per_piece: product.grams_per_piece,
                unit_code: row.unit,
                unit_base: BaseQuantity(unit_base),
                price: [yuan(&row.low)?, yuan(&row.high)?],
                months: months(&row.months).ok_or_else(|| broken("months", &code))?,
                certificate: CertificateKind::try_from_value(&row.certificate_kind)
                    .map_err(|_| broken("certificate", &code))?,
                portion: row.portion,
                code,
            })
        })
        .collect()
}
