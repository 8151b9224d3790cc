//! Numbers of people in free text, however they are written: full-width, in Chinese numerals, cut up by punctuation.

use super::{IdNumber, PhoneNumber, personal::luhn};
use chrono::NaiveDate;
use unicode_normalization::UnicodeNormalization;

/// Digits in a row from which on a text may hold a person's number: a phone number has eleven.
const TELLING: usize = 11;
/// Characters of an ID number.
const ID_LENGTH: usize = 18;
/// Digits a card's number has at least.
const CARD_LENGTH: usize = 16;

/// The runs of digits of a text, an X behind a digit included. What is neither letter nor digit does not end a run.
fn runs(text: &str) -> Vec<String> {
    let mut runs = vec![String::new()];
    for one in text.nfkc().filter(|one| one.is_alphanumeric()) {
        let Some(run) = runs.last_mut() else { break };
        match digit(one) {
            Some(digit) => run.push(digit),
            None if one.eq_ignore_ascii_case(&'x') && run.ends_with(|last: char| last.is_ascii_digit()) => {
                run.push('X');
            }
            None if run.is_empty() => {}
            None => runs.push(String::new()),
        }
    }
    runs
}

/// A digit in any script people type here. Compatibility forms (full-width, circled) are folded before.
fn digit(one: char) -> Option<char> {
    Some(match one {
        '0'..='9' => one,
        '〇' | '零' => '0',
        '一' | '壹' | '幺' => '1',
        '二' | '贰' | '两' => '2',
        '三' | '叁' => '3',
        '四' | '肆' => '4',
        '五' | '伍' => '5',
        '六' | '陆' => '6',
        '七' | '柒' => '7',
        '八' | '捌' => '8',
        '九' | '玖' => '9',
        _ => return None,
    })
}

/// Whether a text may hold anybody's number: a run of eleven digits or more, dates written one behind another included.
#[must_use]
pub fn tells_number(text: &str) -> bool {
    runs(text).iter().any(|run| run.len() >= TELLING)
}

/// Whether a text holds a number that is surely a person's: an ID number whose check digit fits, or a mobile number. Batch
/// numbers and dates pass.
#[must_use]
pub fn holds_personal_number(text: &str) -> bool {
    // Most texts are names: they are let go before anything is copied.
    text.len() >= TELLING
        && runs(text).iter().any(|run| {
            let own = ["0086", "86"].iter().find_map(|code| run.strip_prefix(code)).unwrap_or(run);
            let mobile = [run.as_str(), own].iter().any(|it| it.len() == 11 && PhoneNumber::parse(it).is_ok());
            mobile
                || (ID_LENGTH..=run.len())
                    .any(|end| IdNumber::parse(&run[end - ID_LENGTH..end], NaiveDate::MAX).is_ok())
        })
}

/// Whether a text holds a bank card's number.
#[must_use]
pub fn holds_card_number(text: &str) -> bool {
    let is_card =
        |run: &String| (CARD_LENGTH..=19).contains(&run.len()) && run.starts_with(['3', '4', '5', '6']) && luhn(run);
    text.len() >= CARD_LENGTH && runs(text).iter().any(is_card)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "11010519491231002X";

    #[test]
    fn numbers_are_seen_however_they_are_written() {
        for text in [
            "19912345678",
            "199-1234-5678",
            "199.1234.5678",
            "(199)1234,5678",
            "１９９１２３４５６７８",
            "1 9 9 1 2 3 4 5 6 7 8",
            "199·1234/5678",
            "199_1234_5678",
            "①⑨⑨①②③④⑤⑥⑦⑧",
            "一九九一二三四五六七八",
            "请打电话199—1234—5678核对",
        ] {
            assert!(tells_number(text), "{text}");
            assert!(holds_personal_number(text), "{text}");
        }
        for text in ["110105-19491231-002x", "110105 1949.12.31 002Ｘ", "证件11010519491231002X，已核对"] {
            assert!(tells_number(text) && holds_personal_number(text), "{text}");
        }
        assert!(holds_card_number("卡号 4111 1111 1111 1111") && !holds_personal_number("卡号 4111 1111 1111 1111"));
        assert!(holds_personal_number("+86 199 1234 5678"));
        assert_eq!(runs(ID), [ID]);
    }

    #[test]
    fn what_is_nobody_s_number_passes() {
        for text in [
            "外观良好",
            "2026-03-02 发货，2026-03-03 到",
            "批次 20260302-0012-77",
            "扣 0.5 公斤，拒收 3 箱",
            "订单 01990000",
            "",
        ] {
            assert!(!holds_personal_number(text) && !holds_card_number(text), "{text}");
        }
        for text in ["核对一季度货款打款账户", "2026-03-02 的货款", "第三季度第12批"] {
            assert!(!tells_number(text), "{text}");
        }
    }
}
