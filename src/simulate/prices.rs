//! What a seller asks on a day: between the lowest and the highest price, dearer in winter for what grows in fields.

use super::goods::Good;
use crate::demo::Dice;
use chrono::{Datelike, NaiveDate};
use entity::money::Fen;

/// How far into the range prices stand in each month, in thousandths, for field crops.
const FIELD: [i64; 12] = [820, 900, 760, 600, 430, 280, 240, 300, 330, 380, 500, 680];
/// The same for everything else.
const STEADY: [i64; 12] = [560, 600, 500, 470, 450, 440, 450, 470, 520, 500, 500, 540];

/// The price of one unit, as `seller` asks it in the month of `day`.
pub fn asked(seed: u64, good: &Good, seller: &str, day: NaiveDate) -> Fen {
    let [low, high] = good.price;
    let field = matches!(good.category_code.as_str(), "VEGETABLE" | "FRUIT" | "MUSHROOM");
    let month = usize::try_from(day.month0()).unwrap_or_default();
    let season = if field { FIELD[month] } else { STEADY[month] };
    let dice = Dice::seeded(seed, &["price", seller, &good.code, &day.format("%Y-%m").to_string()]);
    let place = (season + dice.between(-180, 180)).clamp(0, 1000);
    Fen(low.0 + (high.0 - low.0) * place / 1000)
}
