//! What a quantity in some unit is in grams or pieces, and what a quantity weighs (O1).

use crate::{
    http::{FieldError, Text},
    registry::is_code,
    store::bulk::{Kind, Rows},
};
use entity::{
    product::{self, Measure},
    product_unit,
    unit::{self, UnitKind},
    weight::{BaseQuantity, Gram},
};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryOrder, Statement};
use std::collections::{BTreeSet, HashMap};

/// The units some products know.
#[derive(Clone, Debug, Default)]
pub struct Conversions {
    products: HashMap<String, product::Model>,
    own_units: HashMap<String, Vec<product_unit::Model>>,
    units: Vec<unit::Model>,
}

impl Conversions {
    /// What is known of `products`, in three statements however many they are; unknown codes are absent.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn load(db: &impl ConnectionTrait, products: &[String]) -> Result<Self, DbErr> {
        let wanted: BTreeSet<&str> = products.iter().map(String::as_str).filter(|code| is_code(code)).collect();
        if wanted.is_empty() {
            return Ok(Self::default());
        }
        let backend = db.get_database_backend();
        let cells = wanted.iter().map(|code| vec![(*code).into()]).collect();
        let (relation, values) = Rows::new(&["code"], &[Kind::Text], cells).relation(backend)?;
        let sql = format!("select p.* from {relation} join product p on p.code = r.code");
        let statement = Statement::from_sql_and_values(backend, sql, values.clone());
        let found = product::Entity::find().from_raw_sql(statement).all(db).await?;
        let sql = format!(
            "select u.* from {relation} join product_unit u on u.product_code = r.code
             order by u.product_code, u.base_quantity, u.unit_code"
        );
        let statement = Statement::from_sql_and_values(backend, sql, values);
        let own = product_unit::Entity::find().from_raw_sql(statement).all(db).await?;
        let units =
            unit::Entity::find().order_by_asc(unit::Column::Grams).order_by_asc(unit::Column::Code).all(db).await?;
        Ok(Self::new(found, own, units))
    }

    fn new(products: Vec<product::Model>, own: Vec<product_unit::Model>, units: Vec<unit::Model>) -> Self {
        let mut own_units: HashMap<String, Vec<product_unit::Model>> = HashMap::new();
        for unit in own {
            own_units.entry(unit.product_code.clone()).or_default().push(unit);
        }
        let products = products.into_iter().map(|product| (product.code.clone(), product)).collect();
        Self { products, own_units, units }
    }

    /// A product, where it was asked for and exists.
    #[must_use]
    pub fn product(&self, code: &str) -> Option<&product::Model> {
        self.products.get(code)
    }

    /// Grams or pieces in one `unit` of `product`; `None` for a unit the product does not know. Products sold by weight
    /// know every mass unit.
    #[must_use]
    pub fn base_per_unit(&self, product: &str, unit: &str) -> Option<i64> {
        self.known_units(product).find(|(known, _)| *known == unit).map(|(_, base)| base)
    }

    /// The units `product` knows with the grams or pieces in each, its own before the mass units.
    pub fn known_units<'a>(&'a self, product: &str) -> impl Iterator<Item = (&'a str, i64)> + use<'a> {
        let by_weight = self.products.get(product).is_some_and(|product| product.measure == Measure::Mass);
        let own = self.own_units.get(product).into_iter().flatten();
        let own = own.map(|unit| (unit.unit_code.as_str(), unit.base_quantity.0));
        let mass = self.units.iter().filter(move |unit| by_weight && unit.kind == UnitKind::Mass);
        own.chain(mass.filter_map(|unit| unit.grams.map(|grams| (unit.code.as_str(), grams.0))))
    }

    /// What a quantity of `product` weighs; `None` when that is not known (S7).
    #[must_use]
    pub fn weight_of(&self, product: &str, quantity: BaseQuantity) -> Option<Gram> {
        let product = self.products.get(product)?;
        match product.measure {
            Measure::Mass => Some(Gram(quantity.0)),
            Measure::Count => quantity.0.checked_mul(product.grams_per_piece?.0).map(Gram),
        }
    }

    /// The problem of a unit the product does not know, naming those it does.
    #[must_use]
    pub fn unknown_unit(&self, pointer: impl Into<String>, product: &str, unit: &str) -> FieldError {
        let named = |text: fn(&unit::Model) -> &str, mark: &str| {
            let one = |(code, _): (&str, i64)| match self.units.iter().find(|unit| unit.code == code) {
                Some(unit) => format!("{code} ({})", text(unit)),
                None => code.to_owned(),
            };
            self.known_units(product).map(one).collect::<Vec<_>>().join(mark)
        };
        let (zh, en) = (named(|unit| &unit.name_zh, "、"), named(|unit| &unit.name_en, ", "));
        // What was sent is repeated only where it can be a code, so that nothing else rides in the answer.
        let unit = if is_code(unit) { unit } else { "" };
        let detail = Text::new(
            format!("该产品不使用单位 {unit}，可用：{zh}。"),
            format!("This product does not know the unit {unit}; it knows {en}."),
        );
        FieldError::new(pointer, "unit_unknown", detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalogue::bundle::Catalogue, http::Language};

    fn bundled() -> Conversions {
        let catalogue = Catalogue::built_in().expect("parses");
        Conversions::new(catalogue.products, catalogue.product_units, catalogue.units)
    }

    #[test]
    fn goods_by_weight_know_mass_units_and_their_own() {
        let known = bundled();
        assert_eq!(known.base_per_unit("potato", "jin"), Some(500));
        assert_eq!(known.base_per_unit("potato", "bag"), Some(25_000));
        assert_eq!(known.base_per_unit("potato", "tray"), None);
        assert_eq!(known.base_per_unit("rapeseed_oil", "L"), Some(920));
        assert_eq!(known.base_per_unit("egg_chicken", "tray"), Some(30));
        assert_eq!(known.base_per_unit("egg_chicken", "jin"), None);
        assert_eq!(known.base_per_unit("nothing", "jin"), None);
    }

    #[test]
    fn a_weight_is_known_or_it_is_none() {
        let known = bundled();
        assert_eq!(known.weight_of("potato", BaseQuantity(1_234)), Some(Gram(1_234)));
        assert_eq!(known.weight_of("egg_chicken", BaseQuantity(30)), Some(Gram(1_560)));
        assert_eq!(known.weight_of("tofu_board", BaseQuantity(30)), None);
        assert_eq!(known.weight_of("egg_chicken", BaseQuantity(i64::MAX)), None);
        assert_eq!(known.weight_of("nothing", BaseQuantity(1)), None);
    }

    #[test]
    fn the_problem_names_the_units_that_would_do() {
        let problem = bundled().unknown_unit("/lines/0/unit", "egg_chicken", "jin");
        assert_eq!((problem.pointer.as_str(), problem.code), ("/lines/0/unit", "unit_unknown"));
        assert_eq!(
            problem.detail.in_language(Language::English),
            "This product does not know the unit jin; it knows piece (piece), tray (tray), carton (carton)."
        );
        assert!(problem.detail.in_language(Language::Chinese).contains("tray (板)"));
    }
}
