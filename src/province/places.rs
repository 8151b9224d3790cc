//! What the places of a province are called when they are typed: people put the name of where they live into a password.

use super::Bundle;
use pinyin::ToPinyin;
use serde::Deserialize;
use std::collections::HashSet;

/// Levels whose names are typed; those of townships are too many and too plain.
const LEVELS: [&str; 4] = ["province", "prefecture", "county", "other_province"];
/// Characters of a name without what it is: 松坡 of 松坡市, 北望溪 of 北望溪苗族自治县.
const SHORT: std::ops::RangeInclusive<usize> = 2..=3;

#[derive(Deserialize)]
struct Place {
    name: String,
    level: String,
}

/// Names of the province, its prefectures and counties and of other provinces, whole and short, in Chinese and in pinyin,
/// in lower case. A bundle whose divisions cannot be read has none; loading it names the line.
pub(super) fn words(bundle: &Bundle) -> HashSet<String> {
    let text = bundle.text("divisions.csv").unwrap_or_default();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let places = reader.deserialize::<Place>().filter_map(Result::ok);
    let names = places.filter(|place| LEVELS.contains(&place.level.as_str())).map(|place| place.name);
    let mut words: HashSet<String> = names.flat_map(|name| typed(&name)).collect();
    words.insert(bundle.manifest.name_en.split_whitespace().collect::<String>().to_lowercase());
    words
}

fn typed(name: &str) -> Vec<String> {
    let name: Vec<char> = name.chars().collect();
    let short = SHORT.filter_map(|length| name.get(..length));
    short.chain([&name[..]]).flat_map(|word| [word.iter().collect(), pinyin(word)]).collect()
}

fn pinyin(word: &[char]) -> String {
    let syllable = |one: &char| one.to_pinyin().map_or_else(|| one.to_string(), |read| read.plain().replace('ü', "v"));
    word.iter().map(syllable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_typed_whole_or_short_in_characters_or_in_pinyin() {
        assert_eq!(typed("松坡市"), ["松坡", "songpo", "松坡市", "songposhi", "松坡市", "songposhi"]);
        assert_eq!(typed("绿柳苗族自治县")[..4], ["绿柳", "lvliu", "绿柳苗", "lvliumiao"]);
    }

    #[test]
    fn the_names_are_those_of_the_bundle() {
        let bundle = Bundle::built_in().expect("reads");
        let words = words(&bundle);
        for name in [&bundle.manifest.name_zh, &bundle.manifest.name_en] {
            assert!(words.contains(&name.to_lowercase()), "{name}");
        }
        assert!(words.contains("上海") && words.contains("shanghai"), "another province's name");
    }
}
