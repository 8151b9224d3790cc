//! Passwords that are guessed first: put together from few common words, repeats, sequences, keyboard runs and dates.
//!
//! A list alone misses `password1234` for every suffix it does not hold; so a password is measured by the fewest such
//! pieces it can be cut into, a character that belongs to none counting as one. Pure.

use std::{collections::HashSet, sync::OnceLock};

/// The words, in lower case, by white space.
const LIST: &str = include_str!("common_passwords.txt");
/// Pieces a password needs at least.
const PIECES: usize = 5;
/// Characters of the longest word that is looked up.
const LONGEST_WORD: usize = 20;
/// What is under neighbouring fingers, row by row, and column by column as with `1qaz2wsx`.
const KEYS: [&str; 8] = [
    "`1234567890-=",
    "~!@#$%^&*()_+",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "!qaz@wsx#edc$rfv%tgb^yhn&ujm*ik<(ol>)p:?",
    "147258369 159 357 789456123 741852963",
];

fn words() -> &'static HashSet<&'static str> {
    static WORDS: OnceLock<HashSet<&'static str>> = OnceLock::new();
    WORDS.get_or_init(|| LIST.split_whitespace().collect())
}

/// Whether this password, in lower case, is one that is guessed first, `places` being common words as well.
#[must_use]
pub fn is_common(password: &str, places: &HashSet<String>) -> bool {
    let plain: Vec<char> = password.chars().collect();
    let read: Vec<char> = plain.iter().map(|one| meant(*one)).collect();
    pieces(&plain, &read, places) < PIECES
}

/// The letter a digit or sign stands for, as in `p@ssw0rd`.
fn meant(written: char) -> char {
    match written {
        '@' | '4' => 'a',
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '$' | '5' => 's',
        '7' => 't',
        other => other,
    }
}

/// The fewest pieces that make up a text, each taken as it is written or as it is meant.
fn pieces(plain: &[char], read: &[char], places: &HashSet<String>) -> usize {
    let mut fewest = vec![0];
    for end in 1..=plain.len() {
        let best = (0..end)
            .filter_map(|start| {
                let piece = [plain, read].into_iter().filter_map(|text| cost(&text[start..end], places)).min()?;
                Some(fewest[start] + piece)
            })
            .min();
        fewest.push(best.unwrap_or(end));
    }
    fewest[plain.len()]
}

/// What a piece counts; `None` where it is not one piece.
fn cost(piece: &[char], places: &HashSet<String>) -> Option<usize> {
    match piece.len() {
        1 => return Some(1),
        2..=LONGEST_WORD => {
            let text: String = piece.iter().collect();
            if words().contains(text.as_str()) || places.contains(&text) || is_day(&text) || is_keyboard_run(&text) {
                return Some(1);
            }
        }
        _ => {}
    }
    if piece.len() >= 3 && (is_run(piece, 0) || is_run(piece, 1) || is_run(piece, -1)) {
        return Some(1);
    }
    // The same few characters over and over.
    let period = (2..=piece.len() / 2).find(|period| piece.iter().zip(&piece[*period..]).all(|(a, b)| a == b));
    period.map(|_| 2)
}

/// Each character `step` after the one before: `aaa`, `abc`, `321`.
fn is_run(piece: &[char], step: i64) -> bool {
    let number = |one: &char| i64::from(u32::from(*one));
    let plain = step == 0 || piece.iter().all(char::is_ascii_alphanumeric);
    plain && piece.windows(2).all(|pair| number(&pair[1]) - number(&pair[0]) == step)
}

fn is_keyboard_run(text: &str) -> bool {
    let backwards: String = text.chars().rev().collect();
    text.chars().count() >= 3 && KEYS.iter().any(|keys| keys.contains(text) || keys.contains(&backwards))
}

/// A year of the last or this century, or a day in it: `1988`, `198808`, `19880808`.
fn is_day(text: &str) -> bool {
    if !matches!(text.len(), 4 | 6 | 8) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let part = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<u32>().ok());
    let month = part(4, 6).is_none_or(|month| (1..=12).contains(&month));
    let day = part(6, 8).is_none_or(|day| (1..=31).contains(&day));
    part(0, 4).is_some_and(|year| (1900..=2099).contains(&year)) && month && day
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_found_in_all_its_clothes() {
        let places = HashSet::from(["yunling", "云岭"].map(str::to_owned));
        for common in [
            "passwordpassword",
            "p@ssw0rd2026",
            "iloveyou1314520",
            "woaini5201314!",
            "qwertyuiop123",
            "zaq12wsxcde3",
            "1qaz2wsx3edc",
            "aaaaaaaaaaaaaaaa",
            "abcdefghijklmnop",
            "abcabcabcabcabc",
            "zhangwei19880808",
            "chengdu@123456",
            "123456789012",
            "147258369000",
            "校农结合2026",
            "chongqingxuexiao2026",
            "shitang@chengdu1",
            "woaiwojia5201314",
            "q1w2e3r4q1w2e3r4",
            "!qaz@wsx#edc",
            "学校食堂管理员管理员",
            "yunlingxuexiao2026",
            "云岭学校食堂2026",
            "我爱你我爱你我爱你我爱你",
        ] {
            assert!(is_common(common, &places), "{common}");
        }
    }

    #[test]
    fn words_that_have_nothing_to_do_with_one_another_are_fine() {
        for fine in [
            "correct-horse-battery",
            "demo-canteen-2026",
            "demo-system-2026",
            "demo-authority-2026",
            "demo-supplier-2026",
            "苗岭梯田里的稻花香二十里",
            "kq7-vm2t-xw9r",
            "shuixiang9daowan",
        ] {
            assert!(!is_common(fine, &HashSet::new()), "{fine}");
        }
    }

    #[test]
    fn the_list_is_in_lower_case_and_each_word_can_be_found() {
        let all: Vec<&str> = LIST.split_whitespace().collect();
        assert_eq!(all.len(), words().len(), "a word is there twice");
        for word in all {
            assert_eq!(word, word.to_lowercase());
            assert!((2..=LONGEST_WORD).contains(&word.chars().count()), "{word}");
        }
    }
}
