//! The unified social credit code of an organisation (GB 32100): shape, check character, and what its kind asks of it (H2). Pure.

use crate::http::Text;
use entity::supplier::SupplierKind;
use std::fmt;

/// The characters of a code: digits and capital letters without I, O, S, V and Z.
const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
const LENGTH: usize = 18;

/// A code whose check character fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocialCreditCode(String);

/// Why a code is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditCodeError {
    /// Not 18 characters of the alphabet with six digits of a division from the third on.
    Malformed,
    /// Its check character is another.
    Checksum,
    /// A cooperative's code that does not begin with 93.
    NotACooperative,
    /// Begins with 93 though the supplier is no cooperative.
    OfACooperative,
    /// A company's or a farm's code that is not given by the market regulator to a company (91) or a sole trader (92).
    OfAnotherKind,
}

impl SocialCreditCode {
    /// Reads a code however it is typed: spaces, hyphens, small letters and full-width characters.
    ///
    /// # Errors
    /// [`CreditCodeError::Malformed`] or [`CreditCodeError::Checksum`].
    pub fn parse(text: &str) -> Result<Self, CreditCodeError> {
        let code: String = text.chars().filter(|one| !one.is_whitespace() && *one != '-').map(narrow).collect();
        let values: Option<Vec<usize>> = code.chars().map(|one| ALPHABET.find(one)).collect();
        let values = values.filter(|values| values.len() == LENGTH).ok_or(CreditCodeError::Malformed)?;
        if !code[2..8].bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(CreditCodeError::Malformed);
        }
        // The weight of each place is three times that of the one before, all modulo 31.
        let (sum, _) = values[..LENGTH - 1]
            .iter()
            .fold((0, 1), |(sum, weight), value| ((sum + value * weight) % 31, weight * 3 % 31));
        if (31 - sum) % 31 == values[LENGTH - 1] { Ok(Self(code)) } else { Err(CreditCodeError::Checksum) }
    }

    /// Whether a supplier of this kind can have the code.
    ///
    /// # Errors
    /// Why not.
    pub fn fits(&self, kind: SupplierKind) -> Result<(), CreditCodeError> {
        let begins = |with: &str| self.0.starts_with(with);
        match kind {
            SupplierKind::Cooperative if begins("93") => Ok(()),
            SupplierKind::Cooperative => Err(CreditCodeError::NotACooperative),
            _ if begins("93") => Err(CreditCodeError::OfACooperative),
            _ if begins("91") || begins("92") => Ok(()),
            _ => Err(CreditCodeError::OfAnotherKind),
        }
    }

    /// The 18 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SocialCreditCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl CreditCodeError {
    /// Stable code for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "credit_code_malformed",
            Self::Checksum => "credit_code_checksum",
            Self::NotACooperative | Self::OfACooperative | Self::OfAnotherKind => "credit_code_kind",
        }
    }

    /// The sentence for people.
    #[must_use]
    pub fn text(self) -> Text {
        match self {
            Self::Malformed => Text::new(
                "统一社会信用代码须为 18 位数字和大写字母（不含 I、O、S、V、Z），第 3 至 8 位为数字。",
                "A social credit code is 18 digits and capital letters without I, O, S, V and Z, the third to eighth digits.",
            ),
            Self::Checksum => Text::new(
                "统一社会信用代码校验位不符，请核对。",
                "The check character of the social credit code does not fit; look again.",
            ),
            Self::NotACooperative => Text::new(
                "农民专业合作社的统一社会信用代码以 93 开头。",
                "A farmers' cooperative's social credit code begins with 93.",
            ),
            Self::OfACooperative => Text::new(
                "93 开头的统一社会信用代码属于农民专业合作社，与所填类型不符。",
                "A social credit code that begins with 93 is a cooperative's, not one of this kind.",
            ),
            Self::OfAnotherKind => Text::new(
                "企业、家庭农场和配送企业的统一社会信用代码以 91 或 92 开头。",
                "The social credit code of a company or family farm begins with 91 or 92.",
            ),
        }
    }
}

/// Half-width and capital.
fn narrow(one: char) -> char {
    let half = match one {
        '\u{ff01}'..='\u{ff5e}' => u32::from(one).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(one),
        other => other,
    };
    half.to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use CreditCodeError::{Checksum, Malformed, NotACooperative, OfACooperative, OfAnotherKind};

    const VECTORS: &str = include_str!("../../../tests/data/validation_vectors.csv");
    const COOPERATIVE: &str = "93520526MA6XXXXX0E";
    const COMPANY: &str = "91350100M000100Y43";

    #[test]
    fn codes_are_judged_as_the_vectors_say() {
        let mut seen = 0;
        for line in VECTORS.lines().filter(|line| line.starts_with("uscc_18,")) {
            let cells: Vec<&str> = line.split(',').collect();
            assert_eq!(SocialCreditCode::parse(cells[1]).is_ok(), cells[2] == "true", "{line}");
            seen += 1;
        }
        assert_eq!(seen, 4);
    }

    #[test]
    fn what_is_wrong_with_a_code_is_told() {
        for (text, error) in [
            ("91350100M000100Y44", Checksum),
            ("91350100I000100Y43", Malformed),
            ("91350100M000100Y4", Malformed),
            ("91350100M000100Y433", Malformed),
            ("9135010AM000100Y43", Malformed),
            ("一1350100M000100Y43", Malformed),
            ("", Malformed),
        ] {
            assert_eq!(SocialCreditCode::parse(text), Err(error), "{text}");
        }
        // Any one character typed wrong is seen, and any two neighbours exchanged.
        for place in 0..LENGTH {
            let mut typed: Vec<char> = COMPANY.chars().collect();
            typed[place] = if typed[place] == '7' { '8' } else { '7' };
            assert!(SocialCreditCode::parse(&typed.iter().collect::<String>()).is_err(), "{place}");
        }
        for place in 1..LENGTH {
            let mut typed: Vec<char> = COMPANY.chars().collect();
            typed.swap(place - 1, place);
            let typed: String = typed.iter().collect();
            assert!(typed == COMPANY || SocialCreditCode::parse(&typed).is_err(), "{typed}");
        }
        let typed = SocialCreditCode::parse(" 91350100-m000100y４３ ").expect("the same, typed otherwise");
        assert_eq!(typed.as_str(), COMPANY);
    }

    #[test]
    fn the_kind_decides() {
        let judge = |code: &str, kind| SocialCreditCode::parse(code).expect("valid").fits(kind);
        assert_eq!(judge(COOPERATIVE, SupplierKind::Cooperative), Ok(()));
        assert_eq!(judge(COMPANY, SupplierKind::Cooperative), Err(NotACooperative));
        for kind in [SupplierKind::Processor, SupplierKind::Distributor, SupplierKind::FamilyFarm] {
            assert_eq!(judge(COMPANY, kind), Ok(()));
            assert_eq!(judge(COOPERATIVE, kind), Err(OfACooperative));
            assert_eq!(judge("12520000MB0X12345D", kind), Err(OfAnotherKind), "a public institution's");
        }
    }
}
