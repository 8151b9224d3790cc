//! What the lists of the registry, the suppliers and the catalogue filter by: places, and the codes and words of all
//! lists.

use crate::http::{ApiError, FieldError, Text};
pub use crate::http::{code_cursor, code_filter, contains_word, is_code, word_filter};
use sea_orm::{ColumnTrait, Condition};

/// A division and all below it, as a range of codes: a division's code begins with the significant digits of the
/// division above it, which the bundle's reader makes sure of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area(String);

impl Area {
    /// The area of a six-digit or nine-digit code; `None` for anything else.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        if !matches!(code.len(), 6 | 9) || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let significant = match code.strip_suffix("0000").or_else(|| code.strip_suffix("00")) {
            Some(short) if code.len() == 6 => short,
            _ => code,
        };
        Some(Self(significant.to_owned()))
    }

    /// The area of a code from the query, empty meaning absent.
    ///
    /// # Errors
    /// 400 for a text that cannot be a division code.
    pub fn filter(name: &str, value: Option<&str>) -> Result<Option<Self>, ApiError> {
        let Some(code) = value.filter(|code| !code.is_empty()) else { return Ok(None) };
        Self::of(code).map(Some).ok_or_else(|| {
            ApiError::Malformed(FieldError::new(
                format!("?{name}"),
                "division_malformed",
                Text::new(
                    "行政区划代码为 6 位数字，乡镇为 9 位。",
                    "A division code has six digits, a township's has nine.",
                ),
            ))
        })
    }

    /// Codes of this area in `column`: a range, so that an index on it serves.
    pub fn holds(&self, column: impl ColumnTrait) -> Condition {
        // ':' is the character after '9'.
        Condition::all().add(column.gte(self.0.clone())).add(column.lt(format!("{}:", self.0)))
    }

    /// Whether a division lies in this area.
    #[must_use]
    pub fn contains(&self, code: &str) -> bool {
        code.starts_with(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_is_what_its_digits_lead() {
        let area = |code| Area::of(code).expect("an area");
        assert!(area("910000").contains("910526101"));
        assert!(!area("910000").contains("530627"));
        assert!(area("910500").contains("910526"));
        assert!(!area("910500").contains("910600"));
        assert!(area("910526").contains("910526101"));
        assert!(!area("910526").contains("910527"));
        assert!(!area("910526100").contains("910526101"));
        assert!(area("910526100").contains("910526100"));
        for none in ["", "5205", "52050a", "9105261", "YL-XQ", "９１０５２６"] {
            assert_eq!(Area::of(none), None, "{none}");
        }
    }
}
