//! The invented schools and kitchens of a county.

use crate::{demo::Dice, registry::derived_id};
use chrono::NaiveDate;
use entity::{
    canteen::{self, CanteenKind},
    id::{CanteenId, SchoolId},
    school::{self, SchoolStage},
};

/// A county as the simulation sees it.
#[derive(Clone, Debug)]
pub struct County {
    /// Its code.
    pub code: String,
    /// The unit its schools report to.
    pub unit_code: String,
    /// The unit its universities report to (S10); none where they report like its other schools.
    pub university_unit: Option<String>,
    /// The prefecture it lies in.
    pub prefecture_code: String,
    /// Its townships.
    pub townships: Vec<String>,
    /// Whether it stands on a list of poor counties.
    pub listed: bool,
    /// How many schools it has.
    pub schools: usize,
}

/// A school with a kitchen of its own, ready to buy.
pub struct Buyer {
    /// The school.
    pub school: school::Model,
    /// Its kitchen.
    pub canteen_id: CanteenId,
    /// How often in a thousand it looks for goods from listed counties first.
    pub attraction: i64,
    /// Whether it never reports.
    pub absent: bool,
    /// Days it takes to declare what it bought outside.
    pub declares_after: i64,
}

const FIRST: [&str; 24] = [
    "云", "金", "青", "龙", "凤", "石", "白", "双", "大", "新", "长", "高", "清", "和", "平", "安", "文", "兴", "永",
    "红", "松", "桂", "梨", "杉",
];
const SECOND: [&str; 24] = [
    "山", "水", "溪", "坪", "坝", "寨", "岭", "湾", "塘", "沟", "林", "桥", "关", "洞", "屯", "田", "井", "坡", "岩",
    "泉", "场", "峰", "河", "箐",
];

/// A name of two syllables.
pub fn place_name(dice: &Dice) -> String {
    format!("{}{}", FIRST[dice.index(FIRST.len())], SECOND[dice.index(SECOND.len())])
}

/// The schools of a county with their kitchens, and those that buy.
pub fn schools(
    seed: u64,
    county: &County,
    opened_on: NaiveDate,
) -> (Vec<school::Model>, Vec<canteen::Model>, Vec<Buyer>) {
    let (mut schools, mut canteens, mut buyers) = (Vec::new(), Vec::new(), Vec::new());
    for number in 1..=county.schools {
        let code = format!("sim-{}-{number:04}", county.code);
        let dice = Dice::seeded(seed, &["school", &code]);
        let (stage, diners) = stage(&dice);
        let stage_name = match stage {
            SchoolStage::Kindergarten => "幼儿园",
            SchoolStage::Primary => "小学",
            SchoolStage::Junior => "中学",
            SchoolStage::Senior => "高级中学",
            SchoolStage::Vocational => "职业学校",
            SchoolStage::University => "学院",
        };
        let apart = county.university_unit.as_ref().filter(|_| stage == SchoolStage::University);
        let school = school::Model {
            id: derived_id::<SchoolId>("school", &code),
            name: format!("{}{stage_name}", place_name(&dice)),
            stage,
            division_code: dice.pick(&county.townships).unwrap_or(&county.code).clone(),
            county_code: county.code.clone(),
            reporting_unit_code: apart.unwrap_or(&county.unit_code).clone(),
            rural: apart.is_none() && dice.in_thousand(if county.listed { 780 } else { 420 }),
            nutrition_program: county.listed && matches!(stage, SchoolStage::Primary | SchoolStage::Junior),
            diners,
            opened_on,
            closed_on: None,
            version: 1,
            code,
        };
        let before: Option<&Buyer> = buyers.last();
        let kind = match dice.between(1, 100) {
            1..=3 => CanteenKind::None,
            4..=9 if before.is_some() => CanteenKind::Shared,
            10..=18 => CanteenKind::Contracted,
            _ => CanteenKind::Own,
        };
        let canteen = canteen::Model {
            id: derived_id::<CanteenId>("canteen", &school.code),
            school_id: school.id,
            name: format!("{}食堂", school.name),
            kind,
            run_by_school_id: before.filter(|_| kind == CanteenKind::Shared).map(|buyer| buyer.school.id),
            version: 1,
        };
        if matches!(kind, CanteenKind::Own | CanteenKind::Contracted) {
            buyers.push(Buyer {
                school: school.clone(),
                canteen_id: canteen.id,
                attraction: dice.between(250, 780) + if county.listed { 120 } else { 0 },
                absent: dice.in_thousand(20),
                declares_after: if dice.in_thousand(60) { dice.between(18, 55) } else { dice.between(0, 4) },
            });
        }
        schools.push(school);
        canteens.push(canteen);
    }
    (schools, canteens, buyers)
}

/// A stage and a plausible number of diners.
fn stage(dice: &Dice) -> (SchoolStage, i64) {
    match dice.between(1, 1000) {
        1..=290 => (SchoolStage::Kindergarten, dice.between(45, 260)),
        291..=760 => (SchoolStage::Primary, dice.between(60, 900)),
        761..=910 => (SchoolStage::Junior, dice.between(280, 1_700)),
        911..=965 => (SchoolStage::Senior, dice.between(900, 2_800)),
        966..=994 => (SchoolStage::Vocational, dice.between(500, 3_000)),
        _ => (SchoolStage::University, dice.between(5_000, 18_000)),
    }
}

/// Shares `schools` out to the counties by their townships; what does not divide goes to the largest remainders.
pub fn share_out(counties: &mut [County], schools: usize) {
    let weight = |county: &County| county.townships.len().max(1);
    let all: usize = counties.iter().map(weight).sum();
    let mut left = schools;
    let mut remainders = Vec::new();
    for (place, county) in counties.iter_mut().enumerate() {
        let exact = schools * weight(county);
        county.schools = exact / all;
        left -= county.schools;
        remainders.push((exact % all, place));
    }
    remainders.sort_by_key(|(remainder, place)| (std::cmp::Reverse(*remainder), *place));
    for (_, place) in remainders.into_iter().take(left) {
        counties[place].schools += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn county(townships: usize) -> County {
        let code = format!("91{townships:04}");
        County {
            unit_code: code.clone(),
            university_unit: None,
            prefecture_code: "910100".into(),
            townships: vec![format!("{code}001"); townships],
            listed: true,
            schools: 0,
            code,
        }
    }

    proptest! {
        #[test]
        fn every_school_goes_to_one_county(sizes in proptest::collection::vec(1_usize..40, 1..90), schools in 0_usize..20_000) {
            let mut counties: Vec<County> = sizes.into_iter().map(county).collect();
            share_out(&mut counties, schools);
            prop_assert_eq!(counties.iter().map(|one| one.schools).sum::<usize>(), schools);
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_schools() {
        let mut one = county(12);
        one.schools = 300;
        let first = NaiveDate::from_ymd_opt(2025, 9, 1).expect("a date");
        let made = |seed| schools(seed, &one, first);
        let (schools, canteens, buyers) = made(7);
        assert_eq!(made(7).0, schools);
        assert_ne!(made(8).0, schools);
        assert_eq!((schools.len(), canteens.len()), (300, 300));
        assert!((240..300).contains(&buyers.len()), "{}", buyers.len());
        let shared = canteens.iter().filter(|canteen| canteen.kind == CanteenKind::Shared);
        assert!(shared.clone().count() > 5 && shared.clone().all(|canteen| canteen.run_by_school_id.is_some()));
    }
}
