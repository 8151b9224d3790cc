//! ID numbers, phone numbers and bank accounts: checked, normalised, and printed as masks only (H2, P2).

use super::Secret;
use crate::http::Text;
use chrono::{Datelike, NaiveDate};
use std::fmt;

/// Why a number is refused. Carries nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberError {
    /// An ID number that is not 17 digits and a digit or X, or of no province.
    IdShape,
    /// An ID number whose day of birth is none, or lies ahead.
    IdDate,
    /// An ID number whose check digit is another (GB 11643).
    IdChecksum,
    /// An ID number of somebody below 16, where a head of a household is asked for.
    IdChild,
    /// Neither a mobile number nor one with an area code.
    Phone,
    /// Not 8 to 30 digits.
    AccountShape,
    /// A card number whose check digit is another (Luhn).
    AccountChecksum,
}

impl NumberError {
    /// Stable code for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::IdShape => "id_number_malformed",
            Self::IdDate => "id_number_date",
            Self::IdChecksum => "id_number_checksum",
            Self::IdChild => "id_number_child",
            Self::Phone => "phone_malformed",
            Self::AccountShape => "bank_account_malformed",
            Self::AccountChecksum => "bank_account_checksum",
        }
    }

    /// The sentence for people.
    #[must_use]
    pub fn text(self) -> Text {
        match self {
            Self::IdShape => Text::new(
                "身份证号码须为 17 位数字加一位数字或 X。",
                "An ID number is 17 digits and a digit or X, and begins with a province.",
            ),
            Self::IdDate => Text::new(
                "身份证号码中的出生日期不存在或晚于今天。",
                "The day of birth in the ID number does not exist or lies ahead.",
            ),
            Self::IdChecksum => Text::new(
                "身份证号码校验位不符，请核对。",
                "The check digit of the ID number does not fit; look again.",
            ),
            Self::IdChild => Text::new("户主须年满 16 周岁。", "The head of a household is at least 16 years old."),
            Self::Phone => Text::new(
                "须为 11 位手机号码，或带区号的固定电话。",
                "A mobile number of 11 digits, or a number with its area code, is needed.",
            ),
            Self::AccountShape => Text::new("银行账号须为 8 至 30 位数字。", "A bank account is 8 to 30 digits."),
            Self::AccountChecksum => Text::new(
                "银行卡号校验位不符，请核对。",
                "The check digit of the card number does not fit; look again.",
            ),
        }
    }
}

/// First two digits of an ID number: provinces, and the residents of Hong Kong, Macao and Taiwan (81 to 83).
const PROVINCES: [&str; 35] = [
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43", "44",
    "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82", "83",
];
/// Years from which on somebody can stand for a household: at 16 who lives by their own work counts as of age.
const GROWN: i32 = 16;
/// The oldest year of birth that is taken.
const FIRST_YEAR: i32 = 1850;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(Secret);

        impl $name {
            /// The number in clear and in normal form: for sealing, hashing and revealing only.
            #[must_use]
            pub fn expose(&self) -> &str {
                self.0.expose()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&Self::mask(self.expose()))
            }
        }
    };
}

number! {
    /// A resident identity number of 18 characters (GB 11643). Prints without the day of birth.
    IdNumber
}

number! {
    /// A phone number without its country code. Prints its first three and last four digits.
    PhoneNumber
}

number! {
    /// A bank account or card number. Prints its last four digits.
    BankAccount
}

impl IdNumber {
    /// Checks shape, province, day of birth and check digit. Region codes that are no longer in use are valid (H2).
    ///
    /// # Errors
    /// [`NumberError`] without the number.
    pub fn parse(text: &str, today: NaiveDate) -> Result<Self, NumberError> {
        const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
        let text = plain(text);
        let digits: Vec<u32> = text.expose().chars().take(17).map_while(|one| one.to_digit(10)).collect();
        let last = text.expose().chars().nth(17).filter(|one| one.is_ascii_digit() || *one == 'X');
        let whole = text.expose().chars().count() == 18 && digits.len() == 17;
        let Some(last) = last.filter(|_| whole && PROVINCES.iter().any(|one| text.expose().starts_with(one))) else {
            return Err(NumberError::IdShape);
        };
        let born = NaiveDate::parse_from_str(&text.expose()[6..14], "%Y%m%d").map_err(|_| NumberError::IdDate)?;
        if born > today || born.year() < FIRST_YEAR {
            return Err(NumberError::IdDate);
        }
        let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
        let check = (12 - sum % 11) % 11;
        let fits = if check == 10 { last == 'X' } else { last.to_digit(10) == Some(check) };
        if fits { Ok(Self(text)) } else { Err(NumberError::IdChecksum) }
    }

    /// Whether whoever has it is below 16 today.
    #[must_use]
    pub fn is_of_child(&self, today: NaiveDate) -> bool {
        let born = self.expose().get(6..14).and_then(|text| NaiveDate::parse_from_str(text, "%Y%m%d").ok());
        // One born on 29 February is a year older on 1 March.
        let grown = born.and_then(|born| {
            let year = born.year() + GROWN;
            born.with_year(year).or_else(|| NaiveDate::from_ymd_opt(year, 3, 1))
        });
        grown.is_some_and(|grown| today < grown)
    }

    /// `910526********001X`.
    #[must_use]
    pub fn mask(text: &str) -> String {
        match (text.get(..6), text.get(14..)) {
            (Some(region), Some(end)) if text.len() == 18 => format!("{region}********{end}"),
            _ => "***".to_owned(),
        }
    }
}

impl PhoneNumber {
    /// Takes mobile numbers, and landlines with their area code; `+86`, spaces and hyphens are dropped.
    ///
    /// # Errors
    /// [`NumberError::Phone`].
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let text = plain(text);
        let number = text.expose();
        let number = number.strip_prefix("+86").or_else(|| number.strip_prefix("0086")).unwrap_or(number);
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        let mobile = number.len() == 11 && number.starts_with('1') && !["10", "11", "12"].contains(&&number[..2]);
        let landline = (10..=12).contains(&number.len()) && number.starts_with('0') && !number.starts_with("00");
        if digits && (mobile || landline) {
            return Ok(Self(Secret::new(number.to_owned())));
        }
        Err(NumberError::Phone)
    }

    /// `138****1234`.
    #[must_use]
    pub fn mask(text: &str) -> String {
        match (text.get(..3), text.len().checked_sub(4).and_then(|end| text.get(end..))) {
            (Some(start), Some(end)) if text.len() >= 10 => format!("{start}****{end}"),
            _ => "***".to_owned(),
        }
    }
}

impl BankAccount {
    /// 8 to 30 digits; of 16 to 19 digits it is a card's number, whose check digit must fit (Luhn).
    ///
    /// # Errors
    /// [`NumberError`] without the number.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let text = plain(text);
        let number = text.expose();
        if !(8..=30).contains(&number.len()) || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NumberError::AccountShape);
        }
        if (16..=19).contains(&number.len()) && !luhn(number) {
            return Err(NumberError::AccountChecksum);
        }
        Ok(Self(text))
    }

    /// `****1234`.
    #[must_use]
    pub fn mask(text: &str) -> String {
        match text.len().checked_sub(4).and_then(|end| text.get(end..)) {
            Some(end) if text.len() >= 8 => format!("****{end}"),
            _ => "***".to_owned(),
        }
    }
}

pub(super) fn luhn(number: &str) -> bool {
    let digits = number.chars().rev().filter_map(|one| one.to_digit(10)).enumerate();
    let sum: u32 = digits
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => digit,
            (_, twice) if twice > 9 => twice - 9,
            (_, twice) => twice,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Without spaces and hyphens, in half-width characters and upper case.
fn plain(text: &str) -> Secret {
    let half = |one: char| match one {
        '\u{ff01}'..='\u{ff5e}' => u32::from(one).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(one),
        other => other,
    };
    let kept = text.chars().filter(|one| !one.is_whitespace() && !matches!(one, '-' | '－')).map(half);
    Secret::new(kept.map(|one| one.to_ascii_uppercase()).collect())
}

/// A person's name as others see it: `张*`.
#[must_use]
pub fn mask_name(name: &str) -> String {
    name.chars().next().map_or_else(String::new, |first| format!("{first}*"))
}

/// Digits in a row from which on a text may hold a person's number: a phone number has eleven.
const TELLING: usize = 11;

/// The text with every long run of digits cut to its first three: for messages that repeat what somebody typed.
#[must_use]
pub fn redact(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut run = String::new();
    let end = |run: &mut String, shown: &mut String| {
        if run.len() >= TELLING {
            shown.push_str(&run[..3]);
            shown.push_str("***");
        } else {
            shown.push_str(run);
        }
        run.clear();
    };
    for one in text.chars() {
        if one.is_ascii_digit() || one.eq_ignore_ascii_case(&'x') && run.len() >= TELLING {
            run.push(one);
        } else {
            end(&mut run, &mut shown);
            shown.push(one);
        }
    }
    end(&mut run, &mut shown);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 3, 2).expect("a date");
    const VECTORS: &str = include_str!("../../tests/data/validation_vectors.csv");

    #[test]
    fn id_numbers_are_judged_as_the_vectors_say() {
        let mut seen = 0;
        for line in VECTORS.lines().filter(|line| line.starts_with("id_card_18,")) {
            let cells: Vec<&str> = line.split(',').collect();
            assert_eq!(IdNumber::parse(cells[1], TODAY).is_ok(), cells[2] == "true", "{line}");
            seen += 1;
        }
        assert_eq!(seen, 9);
    }

    #[test]
    fn what_is_wrong_with_an_id_number_is_told() {
        for (text, error) in [
            ("110105194912310021", NumberError::IdChecksum),
            ("11010519490231002X", NumberError::IdDate),
            ("110105203001010011", NumberError::IdDate),
            ("99010519491231002X", NumberError::IdShape),
            ("110105491231002", NumberError::IdShape),
            ("X1010519491231002X", NumberError::IdShape),
            ("一10105194912310021", NumberError::IdShape),
        ] {
            assert_eq!(IdNumber::parse(text, TODAY), Err(error), "{text}");
        }
        let typed = IdNumber::parse(" １1010519491231-002x ", TODAY).expect("the same, typed otherwise");
        assert_eq!(typed.expose(), "11010519491231002X");
    }

    #[test]
    fn a_child_is_one_until_sixteen() {
        let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).expect("a date");
        let number = IdNumber::parse("330127198002290012", TODAY).expect("valid");
        assert!(number.is_of_child(day(1996, 2, 28)) && !number.is_of_child(day(1996, 2, 29)));
        let ordinary = IdNumber::parse("11010519491231002X", TODAY).expect("valid");
        assert!(ordinary.is_of_child(day(1965, 12, 30)) && !ordinary.is_of_child(day(1965, 12, 31)));
    }

    #[test]
    fn numbers_print_as_masks() {
        let id = IdNumber::parse("11010519491231002X", TODAY).expect("valid");
        assert_eq!(format!("{id} {id:?}"), "110105********002X 110105********002X");
        let phone = PhoneNumber::parse("+86 199-0000-1234").expect("valid");
        assert_eq!((phone.expose(), phone.to_string().as_str()), ("19900001234", "199****1234"));
        let card = BankAccount::parse("4111 1111 1111 1111").expect("valid");
        assert_eq!(card.to_string(), "****1111");
        assert_eq!([mask_name("张三丰"), mask_name("")], ["张*", ""]);
    }

    #[test]
    fn phones_and_accounts_that_are_none() {
        for text in ["", "1", "12900001234", "1990000123", "199000012345", "+1 199 0000 1234", "0086", "1990000123a"] {
            assert_eq!(PhoneNumber::parse(text), Err(NumberError::Phone), "{text}");
        }
        assert!(PhoneNumber::parse("0851-85280000").is_ok());
        for text in ["", "1234567", "1234567a", &"1".repeat(31)] {
            assert_eq!(BankAccount::parse(text), Err(NumberError::AccountShape), "{text}");
        }
        assert_eq!(BankAccount::parse("4111111111111112"), Err(NumberError::AccountChecksum));
        assert!(BankAccount::parse("123456789012").is_ok(), "a passbook's account has no check digit");
    }

    #[test]
    fn messages_do_not_repeat_long_numbers() {
        assert_eq!(redact("“11010519491231002X”须为"), "“110***”须为");
        assert_eq!(redact("tel. 19900001234."), "tel. 199***.");
        assert_eq!(redact("910526109, 2026-03-02, box 12x"), "910526109, 2026-03-02, box 12x");
    }
}
