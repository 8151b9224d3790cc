//! What a canteen cooks: the dishes of a week, what each may be made of, and how much a diner eats of it.

use entity::{product::Measure, school::SchoolStage};

/// A part of the week's menu that becomes one line of the basket.
pub struct Dish {
    /// Products it may be made of.
    pub products: &'static [&'static str],
    /// Grams a diner eats in a week, for what is sold by weight.
    pub grams: i64,
    /// Pieces for ten diners in a week, for what is sold by count.
    pub pieces: i64,
    /// Every how many weeks it is bought.
    pub every: i64,
}

const fn dish(products: &'static [&'static str], grams: i64, pieces: i64, every: i64) -> Dish {
    Dish { products, grams, pieces, every }
}

/// Lines a basket has at least and at most.
pub const LINES: std::ops::RangeInclusive<usize> = 6..=10;

/// The dishes, the heaviest on the purse first.
pub const DISHES: &[Dish] = &[
    dish(&["pork_foreleg", "pork_hindleg", "pork_belly", "pork_ribs"], 260, 0, 1),
    dish(&["rice_indica", "rice_fragrant"], 800, 0, 1),
    dish(&["cabbage", "chinese_cabbage", "pak_choi", "lettuce_stem"], 500, 0, 1),
    dish(&["potato", "radish", "carrot"], 500, 0, 1),
    dish(
        &[
            "tomato",
            "cucumber",
            "eggplant",
            "green_pepper",
            "courgette",
            "winter_melon",
            "pumpkin",
            "green_bean",
            "cowpea",
        ],
        400,
        0,
        1,
    ),
    dish(&["tofu", "tofu_dried", "bean_sprouts_soy", "tofu_board"], 200, 1, 1),
    dish(&["egg_chicken", "egg_chicken", "egg_duck"], 0, 30, 2),
    dish(&["chicken_whole", "chicken_leg", "duck", "grass_carp", "common_carp", "beef"], 160, 0, 2),
    dish(&["rapeseed_oil", "rapeseed_oil", "soybean_oil", "blended_oil"], 330, 0, 3),
    dish(&["noodles_dried", "rice_noodle", "wheat_flour", "vermicelli_potato"], 200, 0, 2),
    dish(&["apple", "banana", "mandarin", "pear", "kiwifruit"], 250, 0, 3),
    dish(&["oyster_mushroom", "shiitake_fresh", "wood_ear_fresh"], 80, 0, 3),
    dish(&["milk_school", "milk_pure", "yogurt"], 0, 20, 4),
    dish(&["salt", "soy_sauce", "vinegar", "sugar_white", "chilli_powder"], 40, 0, 5),
    dish(&["peanut", "wood_ear_dried", "bacon_cured", "glutinous_rice"], 30, 0, 6),
];

impl Dish {
    /// Grams or pieces for this many diners, before the week's ups and downs.
    pub fn quantity(&self, measure: Measure, diners: i64, stage: SchoolStage) -> i64 {
        let quantity = match measure {
            Measure::Mass => self.grams * diners,
            Measure::Count => self.pieces * diners / 10,
        };
        quantity * appetite(stage) / 100
    }
}

/// How much a diner eats against a primary pupil's lunches, in percent: boarders eat three meals a day.
fn appetite(stage: SchoolStage) -> i64 {
    match stage {
        SchoolStage::Kindergarten => 80,
        SchoolStage::Primary => 100,
        SchoolStage::Junior => 160,
        SchoolStage::Senior | SchoolStage::Vocational => 220,
        SchoolStage::University => 180,
    }
}

/// Whether a school of this stage may cook it (O4): beans that poison when underdone are for adults only.
pub fn is_allowed(product: &str, stage: SchoolStage) -> bool {
    stage == SchoolStage::University || !matches!(product, "green_bean" | "cowpea")
}
