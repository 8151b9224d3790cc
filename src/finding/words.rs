//! Names as people type them: by a part in Chinese, by the initials of its pinyin, by its pinyin, by the beginning of the
//! code. Pure.
//!
//! Each place in a name gives one term for what stands there and a few for how it is read, cut to a fixed length: what is
//! typed is the beginning of a term, so that one range of an ordered index finds it. The terms of a name are kept in the
//! database: changing what this file makes of a name needs a migration that empties both tables.

use crate::http::is_hidden;
use entity::search_name::SubjectKind;
use pinyin::ToPinyinMulti;
use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization;

/// Characters of a term as the name writes it.
const WRITTEN: usize = 4;
/// Letters of a term as the name is read.
const READ: usize = 6;
/// Ways to read what stands at one place, by initials and in full each: the usual one, then one character read otherwise.
const MOST_READINGS: usize = 3;
/// Readings of one character; what comes behind is of dictionaries.
const MOST_OF_ONE: usize = 3;
/// Greater than every character a name may have.
const LAST: char = '\u{10ffff}';

/// Where in a subject's text a term stands; the order of the answers.
#[derive(Clone, Copy)]
enum Part {
    Code,
    Beginning,
    Inside,
}

const PARTS: [Part; 3] = [Part::Code, Part::Beginning, Part::Inside];

/// The first two letters of a term.
fn lead(kind: SubjectKind, part: Part) -> &'static str {
    match (kind, part) {
        (SubjectKind::School, Part::Code) => "s0",
        (SubjectKind::School, Part::Beginning) => "s1",
        (SubjectKind::School, Part::Inside) => "s2",
        (SubjectKind::Supplier, Part::Code) => "p0",
        (SubjectKind::Supplier, Part::Beginning) => "p1",
        (SubjectKind::Supplier, Part::Inside) => "p2",
    }
}

/// Characters that are compared as they stand, as a range of a pattern.
pub(super) const AS_THEY_STAND: &str = "一-龥a-z0-9";

/// Whether a character is one of them.
fn stands(one: char) -> bool {
    matches!(one, '一'..='龥' | 'a'..='z' | '0'..='9')
}

/// A text as it is compared: full-width letters as plain ones, small letters, nothing that does not show.
#[must_use]
pub fn normal(text: &str) -> String {
    // Most names are of characters that stay as they are.
    if text.chars().all(stands) {
        return text.to_owned();
    }
    let shown = |one: &char| !one.is_whitespace() && !one.is_control() && !is_hidden(*one);
    // A second time, since what stood apart may stand together now.
    text.nfkc().flat_map(char::to_lowercase).filter(shown).nfkc().collect()
}

/// How a character may be read: the usual reading first. A character that is no Chinese one reads as itself.
struct Readings {
    written: char,
    full: Vec<&'static str>,
}

impl Readings {
    fn of(written: char) -> Self {
        let mut full: Vec<&'static str> = Vec::new();
        for reading in written.to_pinyin_multi().into_iter().flatten().take(MOST_OF_ONE) {
            let reading = reading.plain();
            if !full.contains(&reading) {
                full.push(reading);
            }
        }
        Self { written, full }
    }

    /// As typed on a keyboard without `ü`.
    fn letters(reading: &str) -> impl Iterator<Item = char> {
        reading.chars().map(|letter| if letter == 'ü' { 'v' } else { letter })
    }

    fn syllables(&self) -> Vec<String> {
        if self.full.is_empty() {
            return vec![self.written.to_string()];
        }
        self.full.iter().map(|reading| Self::letters(reading).collect()).collect()
    }

    fn initials(&self) -> Vec<String> {
        let mut initials: Vec<String> = Vec::new();
        for syllable in self.syllables() {
            let initial: String = syllable.chars().take(1).collect();
            if !initials.contains(&initial) {
                initials.push(initial);
            }
        }
        initials
    }
}

/// The usual way to read `window`, then those with one character read otherwise; each cut to [`READ`] letters.
fn ways(window: &[Vec<String>]) -> Vec<String> {
    let read = |other: Option<(usize, &String)>| -> String {
        let syllable = |(at, readings): (usize, &Vec<String>)| match other {
            Some((place, reading)) if place == at => reading.clone(),
            _ => readings[0].clone(),
        };
        window.iter().enumerate().map(syllable).collect::<String>().chars().take(READ).collect()
    };
    let mut ways = vec![read(None)];
    for (at, readings) in window.iter().enumerate() {
        for reading in readings.iter().skip(1) {
            if ways.len() == MOST_READINGS {
                return ways;
            }
            let way = read(Some((at, reading)));
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
    }
    ways
}

/// A name taken apart.
struct Name {
    written: Vec<char>,
    initials: Vec<Vec<String>>,
    syllables: Vec<Vec<String>>,
}

impl Name {
    fn of(name: &str) -> Self {
        Self::read(normal(name).chars().collect())
    }

    fn read(written: Vec<char>) -> Self {
        let readings: Vec<Readings> = written.iter().copied().map(Readings::of).collect();
        Self {
            initials: readings.iter().map(Readings::initials).collect(),
            syllables: readings.iter().map(Readings::syllables).collect(),
            written,
        }
    }

    fn written_at(&self, at: usize) -> String {
        self.written[at..self.written.len().min(at + WRITTEN)].iter().collect()
    }

    fn read_at(of: &[Vec<String>], at: usize) -> Vec<String> {
        ways(&of[at..of.len().min(at + READ)])
    }

    /// What stands at one place, written and read.
    fn terms_at(&self, at: usize) -> BTreeSet<String> {
        let mut terms = BTreeSet::new();
        terms.insert(self.written_at(at));
        terms.extend(Self::read_at(&self.initials, at));
        terms.extend(Self::read_at(&self.syllables, at));
        terms
    }
}

/// The terms under which a subject is found.
#[must_use]
pub fn terms(kind: SubjectKind, name: &str, code: &str) -> BTreeSet<String> {
    let name = Name::of(name);
    let mut terms = BTreeSet::from([format!("{}{}", lead(kind, Part::Code), code.to_lowercase())]);
    for at in 0..name.written.len() {
        let lead = lead(kind, if at == 0 { Part::Beginning } else { Part::Inside });
        terms.extend(name.terms_at(at).into_iter().map(|term| format!("{lead}{term}")));
    }
    terms
}

/// What somebody looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    text: Vec<char>,
    /// As many characters as a term has at most.
    start: String,
}

impl Words {
    /// The words of a text; none where it has nothing to look for.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let text: Vec<char> = normal(text).chars().collect();
        let length = if text.iter().all(char::is_ascii) { READ } else { WRITTEN };
        let start = text.iter().take(length).collect();
        (!text.is_empty()).then_some(Self { text, start })
    }

    /// The ranges of terms to look through, in the order of the answers: from, and up to but without.
    #[must_use]
    pub fn ranges(&self, kind: SubjectKind) -> Vec<(String, String)> {
        let range = |part: Part| {
            let text: String = if matches!(part, Part::Code) { self.text.iter().collect() } else { self.start.clone() };
            let from = format!("{}{text}", lead(kind, part));
            let to = format!("{from}{LAST}");
            (from, to)
        };
        let codes = self.text.iter().all(char::is_ascii);
        PARTS.into_iter().filter(|part| codes || !matches!(part, Part::Code)).map(range).collect()
    }

    /// This text, where a name of [`AS_THEY_STAND`] is found only if it holds it as it is written: one of Chinese characters.
    #[must_use]
    pub(super) fn as_written(&self) -> Option<String> {
        let all = self.text.iter().all(|one| stands(*one) && !one.is_ascii());
        all.then(|| self.text.iter().collect())
    }

    /// Whether this text finds a subject.
    #[must_use]
    pub fn find(&self, name: &str, code: &str) -> bool {
        self.first_term(SubjectKind::School, name, code).is_some()
    }

    /// The first of a subject's terms that this text finds; none where it finds none.
    #[must_use]
    pub fn first_term(&self, kind: SubjectKind, name: &str, code: &str) -> Option<String> {
        let text: String = self.text.iter().collect();
        let code = code.to_lowercase();
        if code.starts_with(&text) {
            return Some(format!("{}{code}", lead(kind, Part::Code)));
        }
        let written: Vec<char> = normal(name).chars().collect();
        // Reading a name takes longer than all the rest, and no reading has a character that is not the name's own.
        if self.text.iter().any(|one| !one.is_ascii() && !written.contains(one)) {
            return None;
        }
        // What is read as letters alone can only stand there as it is written.
        if self.text.iter().all(|one| one.to_pinyin_multi().is_some()) {
            return self.first_written(kind, &written);
        }
        let name = Name::read(written);
        let found = |at: usize| self.term_at(&name, at);
        if let Some(term) = (!name.written.is_empty()).then(|| found(0)).flatten() {
            return Some(format!("{}{term}", lead(kind, Part::Beginning)));
        }
        (1..name.written.len()).filter_map(found).min().map(|term| format!("{}{term}", lead(kind, Part::Inside)))
    }

    /// The first term of a name that holds this text as it is written.
    fn first_written(&self, kind: SubjectKind, name: &[char]) -> Option<String> {
        let term = |at: usize| name[at..name.len().min(at + WRITTEN)].iter().collect::<String>();
        let there = |at: &usize| name[*at..].starts_with(&self.text);
        if there(&0) {
            return Some(format!("{}{}", lead(kind, Part::Beginning), term(0)));
        }
        let inside = (1..name.len()).filter(there).map(term).min();
        inside.map(|term| format!("{}{term}", lead(kind, Part::Inside)))
    }

    fn term_at(&self, name: &Name, at: usize) -> Option<String> {
        let written = name.written[at..].starts_with(&self.text);
        let by_initials = self.is_initials_of(&name.initials[at..]);
        let in_full = reads(&self.text, &name.syllables[at..]);
        let mut terms = BTreeSet::new();
        if written {
            terms.insert(name.written_at(at));
        }
        if by_initials {
            terms.extend(Name::read_at(&name.initials, at));
        }
        if in_full {
            terms.extend(Name::read_at(&name.syllables, at));
        }
        terms.into_iter().find(|term| term.starts_with(&self.start))
    }

    fn is_initials_of(&self, initials: &[Vec<String>]) -> bool {
        self.text.len() <= initials.len()
            && self
                .text
                .iter()
                .zip(initials)
                .all(|(letter, initials)| initials.iter().any(|one| one.starts_with(*letter)))
    }
}

/// Whether the syllables, each in one of its readings, begin with `text`.
fn reads(text: &[char], syllables: &[Vec<String>]) -> bool {
    if text.is_empty() {
        return true;
    }
    let Some((first, rest)) = syllables.split_first() else { return false };
    first.iter().any(|syllable| {
        let same = text.iter().zip(syllable.chars()).take_while(|(typed, read)| **typed == *read).count();
        same == text.len() || same == syllable.chars().count() && reads(&text[same..], rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SUPPLIER: SubjectKind = SubjectKind::Supplier;

    fn finds(typed: &str, name: &str) -> bool {
        let words = Words::of(typed).expect("something to look for");
        let first = words.first_term(SUPPLIER, name, "S-1");
        if let Some(first) = &first {
            assert!(terms(SUPPLIER, name, "S-1").contains(first), "{first} is a term of {name}");
            let within = |(from, to): &(String, String)| first >= from && first < to;
            assert!(words.ranges(SUPPLIER).iter().any(within), "{first} is looked through for {typed}");
        }
        first.is_some()
    }

    #[test]
    fn a_name_is_found_as_people_type_it() {
        for typed in [
            "雨农小学",
            "雨农",
            "农小",
            "学",
            "ynxx",
            "nxx",
            "YNXX",
            "yunong",
            "yuno",
            "nongxiao",
            "yunongxiaoxue",
            "ｙｎｘｘ",
            "雨 农",
            "s-1",
            "S",
            "y",
            "xue",
        ] {
            assert!(finds(typed, "雨农小学"), "{typed}");
        }
        for typed in ["农雨", "ynx农", "unong", "ynxxx", "雨农小学校", "yunongxiaoxuexiao", "1", "-1", "ong"] {
            assert!(!finds(typed, "雨农小学"), "{typed}");
        }
        // One character read in a second way; the usual way as well.
        for typed in ["cqxx", "zqxx", "chongqing", "zhongqing"] {
            assert!(finds(typed, "重庆小学"), "{typed}");
        }
        assert!(finds("lvse", "绿色农场") && finds("ls", "绿色农场"));
        assert!(finds("3xx", "第3小学") && finds("第3", "第３小学"));
        assert!(finds("hzs", "松坡县草海种植农民专业合作社") && finds("nmzyhzs", "松坡县草海种植农民专业合作社"));
    }

    #[test]
    fn what_begins_with_it_comes_first() {
        let first =
            |name: &str| Words::of("松坡").and_then(|words| words.first_term(SUPPLIER, name, "x")).expect("found");
        let mut names = ["云岭松坡农场", "松坡草海合作社", "云岭松坡", "松坡"];
        names.sort_by_key(|name| first(name));
        assert_eq!(names, ["松坡", "松坡草海合作社", "云岭松坡", "云岭松坡农场"]);
    }

    /// A term that changes here is another one in the databases in use.
    #[test]
    fn the_terms_of_a_name_stay_what_they_are() {
        let terms: Vec<String> = terms(SUPPLIER, "雨农（A）", "S-1").into_iter().collect();
        assert_eq!(
            terms,
            ["p0s-1", "p1yn(a)", "p1yunong", "p1雨农(a", "p2(a)", "p2)", "p2a)", "p2n(a)", "p2nong(a", "p2农(a)",]
        );
    }

    proptest! {
        #[test]
        fn normal_text_stays_as_it_is(text in "\\PC{0,30}") {
            prop_assert_eq!(normal(&normal(&text)), normal(&text));
        }

        #[test]
        fn every_part_of_a_name_finds_it(name in "[一-龥a-z0-9（）]{1,20}", from in 0_usize..20, length in 1_usize..20) {
            let part: String = normal(&name).chars().skip(from).take(length).collect();
            prop_assume!(!part.is_empty());
            prop_assert!(finds(&part, &name), "{} in {}", part, name);
        }

        #[test]
        fn the_usual_reading_of_every_part_finds_it(name in "[一-龥]{1,20}", from in 0_usize..20, length in 1_usize..20) {
            let taken = Name::of(&name);
            let usual = |of: &[Vec<String>]| -> String {
                of.iter().skip(from).take(length).map(|readings| readings[0].clone()).collect()
            };
            for typed in [usual(&taken.initials), usual(&taken.syllables)] {
                // A character no dictionary reads stands for itself.
                prop_assume!(!typed.is_empty() && typed.is_ascii());
                prop_assert!(finds(&typed, &name), "{} in {}", typed, name);
            }
        }

        #[test]
        fn one_character_read_otherwise_finds_it(rest in "[县宁合种植农民小学]{0,5}") {
            let (chong, zhong) = (format!("重{rest}"), format!("重{rest}"));
            prop_assert!(finds("c", &chong) && finds("z", &zhong) && finds("chong", &chong));
        }

        #[test]
        fn the_short_way_finds_the_same_term(
            name in "[一-龥a-c1（]{0,12}", other in "[一-龥]{1,4}", from in 0_usize..12, length in 1_usize..6,
        ) {
            let written: Vec<char> = normal(&name).chars().collect();
            let part: String = written.iter().copied().skip(from).take(length).filter(|one| !one.is_ascii()).collect();
            for typed in [part, other] {
                let Some(words) = Words::of(&typed) else { continue };
                prop_assume!(words.text.iter().all(|one| one.to_pinyin_multi().is_some()));
                let taken = Name::read(written.clone());
                let found = |at: usize| words.term_at(&taken, at);
                let beginning = (!written.is_empty()).then(|| found(0)).flatten().map(|term| format!("p1{term}"));
                let inside = || (1..written.len()).filter_map(found).min().map(|term| format!("p2{term}"));
                prop_assert_eq!(words.first_written(SUPPLIER, &written), beginning.or_else(inside));
            }
        }

        #[test]
        fn what_is_found_holds_what_was_typed(typed in "[一-龥]{1,6}", name in "[一-龥]{1,12}") {
            prop_assert_eq!(finds(&typed, &name), normal(&name).contains(&normal(&typed)));
        }
    }
}
