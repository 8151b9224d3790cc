//! The bundled catalogue: categories, units, products and the units each product knows.
//!
//! Refuses a product in a unit it has no conversion for; loads each set of files once.

use crate::{
    context::Ctx,
    province::{Bundle, File, FileError, digest_of},
    registry::bundle::{is_loaded, record},
    store::bulk,
};
use entity::{
    category,
    product::{self, Measure},
    product_unit,
    unit::{self, UnitKind},
    weight::{BaseQuantity, Gram},
};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter};
use serde::Deserialize;
use std::collections::HashMap;

const NAME: &str = "catalogue";

const CATEGORIES: File<'static> = File {
    name: "catalogue/categories.csv",
    text: include_str!("categories.csv"),
    columns: &["code", "name_zh", "name_en", "safety_documents", "commitment_certificate"],
};
const UNITS: File<'static> = File {
    name: "catalogue/units.csv",
    text: include_str!("units.csv"),
    columns: &["code", "name_zh", "name_en", "kind", "grams"],
};
const PRODUCTS: File<'static> = File {
    name: "catalogue/products.csv",
    text: include_str!("products.csv"),
    columns: &["code", "name_zh", "name_en", "category_code", "measure", "default_unit", "grams_per_piece"],
};
const PRODUCT_UNITS: File<'static> = File {
    name: "catalogue/product_units.csv",
    text: include_str!("product_units.csv"),
    columns: &["product_code", "unit_code", "base_quantity"],
};

const BUILT_IN: [File<'static>; 4] = [CATEGORIES, UNITS, PRODUCTS, PRODUCT_UNITS];

/// The files: the province's own where its bundle has them, else those that are built in.
fn files(bundle: &Bundle) -> [File<'_>; 4] {
    BUILT_IN.map(|file| if bundle.has_catalogue() { bundle.file(file.name, file.columns) } else { file })
}

/// Reads the catalogue's files without loading them.
///
/// # Errors
/// [`FileError`] for the first row that is malformed or points at nothing.
pub fn check(bundle: &Bundle) -> Result<(), FileError> {
    Catalogue::parse(&files(bundle)).map(drop)
}

/// Brings the database up to the bundled files; `false` when these very files were loaded before.
///
/// Products, units and categories that left the files stay, since offers and ledger lines point at them.
///
/// # Errors
/// When a file is malformed (naming file and line) or the database refuses; then nothing has changed.
pub async fn load(ctx: &Ctx) -> Result<bool, DbErr> {
    let files = files(&ctx.settings.province);
    let digest = digest_of(&files);
    if is_loaded(ctx.store.primary(), NAME, &digest).await? {
        return Ok(false);
    }
    let catalogue = Catalogue::parse(&files)?;
    let txn = ctx.store.begin().await?;
    bulk::insert_with(
        &txn,
        &catalogue.categories,
        "on conflict (code) do update set name_zh = excluded.name_zh, name_en = excluded.name_en,
         safety_documents = excluded.safety_documents",
    )
    .await?;
    bulk::insert_with(
        &txn,
        &catalogue.units,
        "on conflict (code) do update set name_zh = excluded.name_zh, name_en = excluded.name_en,
         kind = excluded.kind, grams = excluded.grams",
    )
    .await?;
    bulk::insert_with(
        &txn,
        &catalogue.products,
        "on conflict (code) do update set name_zh = excluded.name_zh, name_en = excluded.name_en,
         category_code = excluded.category_code, measure = excluded.measure, default_unit = excluded.default_unit,
         grams_per_piece = excluded.grams_per_piece",
    )
    .await?;
    // Nothing points at a conversion: one that left the files must not go on converting.
    let products = catalogue.products.iter().map(|product| product.code.clone());
    product_unit::Entity::delete_many().filter(product_unit::Column::ProductCode.is_in(products)).exec(&txn).await?;
    bulk::insert(&txn, &catalogue.product_units).await?;
    record(ctx, &txn, NAME, digest).await?;
    txn.commit().await?;
    Ok(true)
}

/// What the files hold.
pub struct Catalogue {
    /// Product categories.
    pub categories: Vec<category::Model>,
    /// Units.
    pub units: Vec<unit::Model>,
    /// Products.
    pub products: Vec<product::Model>,
    /// Units products know besides the mass units.
    pub product_units: Vec<product_unit::Model>,
}

#[derive(Deserialize)]
struct CategoryRow {
    code: String,
    name_zh: String,
    name_en: String,
    safety_documents: String,
}

#[derive(Deserialize)]
struct UnitRow {
    code: String,
    name_zh: String,
    name_en: String,
    kind: UnitKind,
    grams: Option<i64>,
}

#[derive(Deserialize)]
struct ProductRow {
    code: String,
    name_zh: String,
    name_en: String,
    category_code: String,
    measure: Measure,
    default_unit: String,
    grams_per_piece: Option<i64>,
}

#[derive(Deserialize)]
struct ProductUnitRow {
    product_code: String,
    unit_code: String,
    base_quantity: i64,
}

impl Catalogue {
    /// The catalogue that is built in.
    ///
    /// # Errors
    /// Never, as a test holds.
    #[cfg(test)]
    pub fn built_in() -> Result<Self, FileError> {
        Self::parse(&BUILT_IN)
    }

    /// Reads the files: categories, units, products and their units.
    ///
    /// # Errors
    /// [`FileError`] for the first row that is malformed or points at nothing.
    fn parse([of_categories, of_units, of_products, of_product_units]: &[File<'_>; 4]) -> Result<Self, FileError> {
        let categories = categories(*of_categories)?;
        let units = units(*of_units)?;
        let products = of_products.rows::<ProductRow>()?;
        let product_units = product_units(*of_product_units, &units, &products)?;
        for (line, row) in &products {
            if !categories.iter().any(|category| category.code == row.category_code) {
                return Err(of_products.error(*line, format!("there is no category {}", row.category_code)));
            }
            let is_mass = |unit: &unit::Model| unit.code == row.default_unit && unit.kind == UnitKind::Mass;
            let known = row.measure == Measure::Mass && units.iter().any(is_mass)
                || product_units.iter().any(|own| own.product_code == row.code && own.unit_code == row.default_unit);
            if !known {
                return Err(of_products.error(*line, format!("{} does not know its {}", row.code, row.default_unit)));
            }
            if row.grams_per_piece.is_some_and(|grams| grams <= 0 || row.measure == Measure::Mass) {
                return Err(of_products.error(*line, "grams_per_piece is for pieces and above zero"));
            }
        }
        let show = |(_, row): (u64, ProductRow)| product::Model {
            code: row.code,
            name_zh: row.name_zh,
            name_en: row.name_en,
            category_code: row.category_code,
            measure: row.measure,
            default_unit: row.default_unit,
            grams_per_piece: row.grams_per_piece.map(Gram),
        };
        Ok(Self { categories, units, products: products.into_iter().map(show).collect(), product_units })
    }
}

fn categories(file: File<'_>) -> Result<Vec<category::Model>, FileError> {
    let show = |(_, row): (u64, CategoryRow)| category::Model {
        code: row.code,
        name_zh: row.name_zh,
        // The source writes English names as identifiers.
        name_en: row.name_en.replace('_', " "),
        safety_documents: row.safety_documents,
    };
    Ok(file.rows()?.into_iter().map(show).collect())
}

fn units(file: File<'_>) -> Result<Vec<unit::Model>, FileError> {
    let mut units = Vec::new();
    for (line, row) in file.rows::<UnitRow>()? {
        if (row.kind == UnitKind::Mass) != row.grams.is_some_and(|grams| grams > 0) {
            return Err(file.error(line, format!("{}: mass units and no others have grams", row.code)));
        }
        units.push(unit::Model {
            code: row.code,
            name_zh: row.name_zh,
            name_en: row.name_en,
            kind: row.kind,
            grams: row.grams.map(Gram),
        });
    }
    Ok(units)
}

fn product_units(
    file: File<'_>,
    units: &[unit::Model],
    products: &[(u64, ProductRow)],
) -> Result<Vec<product_unit::Model>, FileError> {
    let products: HashMap<&str, &ProductRow> = products.iter().map(|(_, row)| (row.code.as_str(), row)).collect();
    let mut known = Vec::new();
    for (line, row) in file.rows::<ProductUnitRow>()? {
        if !products.contains_key(row.product_code.as_str()) {
            return Err(file.error(line, format!("there is no product {}", row.product_code)));
        }
        // A mass unit has its grams already; a second answer could differ.
        if !units.iter().any(|unit| unit.code == row.unit_code && unit.kind != UnitKind::Mass) {
            return Err(file.error(line, format!("{} is no unit of volume, count or package", row.unit_code)));
        }
        if row.base_quantity <= 0 {
            return Err(file.error(line, "base_quantity must be above zero"));
        }
        known.push(product_unit::Model {
            product_code: row.product_code,
            unit_code: row.unit_code,
            base_quantity: BaseQuantity(row.base_quantity),
        });
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_catalogue_is_complete() {
        let catalogue = Catalogue::parse(&BUILT_IN).expect("parses");
        assert_eq!(catalogue.categories.len(), 15);
        assert_eq!(catalogue.units.len(), 15);
        assert_eq!(catalogue.products.len(), 65);
        assert_eq!(catalogue.product_units.len(), 57);
    }

    #[test]
    fn a_broken_conversion_is_refused_with_file_and_line() {
        let error = units(File { text: "code,name_zh,name_en,kind,grams\njin,斤,jin,mass,\n", ..UNITS });
        let error = error.expect_err("refused").to_string();
        assert_eq!(error, "catalogue/units.csv, line 2: jin: mass units and no others have grams");
        let text = "product_code,unit_code,base_quantity\npotato,jin,600\n";
        let error = product_units(File { text, ..PRODUCT_UNITS }, &[], &[]).expect_err("refused").to_string();
        assert_eq!(error, "catalogue/product_units.csv, line 2: there is no product potato");
    }
}
