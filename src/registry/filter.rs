//! What the lists of the registry, the suppliers and the catalogue filter by: codes, places, words.
//!
//! Every text from a query is checked here before a database sees it: PostgreSQL fails on a NUL, and `%` is no word.

use crate::http::{ApiError, FieldError, PageQuery, Text, bad_cursor};
use sea_orm::{
    ColumnTrait, Condition,
    sea_query::{Expr, ExprTrait, Func, LikeExpr},
};

/// Characters a search word may have.
const LONGEST_WORD: usize = 50;
/// Characters a code may have; the longest of ours has 27.
const LONGEST_CODE: usize = 40;

/// Whether `text` can be one of our codes: ASCII letters, digits, `-` and `_`.
#[must_use]
pub fn is_code(text: &str) -> bool {
    (1..=LONGEST_CODE).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// A code from the query, empty meaning absent.
///
/// # Errors
/// 400 for a text that cannot be a code.
pub fn code_filter<'a>(name: &str, value: Option<&'a str>) -> Result<Option<&'a str>, ApiError> {
    match value {
        None | Some("") => Ok(None),
        Some(code) if is_code(code) => Ok(Some(code)),
        Some(_) => Err(ApiError::Malformed(FieldError::new(
            format!("?{name}"),
            "code_malformed",
            Text::new("代码由字母、数字、- 和 _ 组成。", "A code has letters, digits, - and _ only."),
        ))),
    }
}

/// The cursor of a list in the order of codes.
///
/// # Errors
/// 400 for a cursor that is none of ours.
pub fn code_cursor(page: &PageQuery) -> Result<Option<String>, ApiError> {
    match page.after::<1>()? {
        None => Ok(None),
        Some([code]) if is_code(&code) => Ok(Some(code)),
        Some(_) => Err(bad_cursor()),
    }
}

/// A search word from the query, trimmed; empty meaning absent.
///
/// # Errors
/// 400 for more than 50 characters or a control character.
pub fn word_filter(value: Option<&str>) -> Result<Option<String>, ApiError> {
    let word = value.unwrap_or_default().trim();
    let refuse = |code, detail| Err(ApiError::Malformed(FieldError::new("?q", code, detail)));
    if word.chars().count() > LONGEST_WORD {
        return refuse("too_long", Text::new("最多 50 个字符。", "At most 50 characters."));
    }
    if word.chars().any(char::is_control) {
        return refuse("control_character", Text::new("含有控制字符。", "Contains control characters."));
    }
    Ok((!word.is_empty()).then(|| word.to_lowercase()))
}

/// Rows whose `column` contains `word` of [`word_filter`], taken literally and whatever the case.
pub fn contains_word(column: impl ColumnTrait, word: &str) -> Expr {
    Expr::from(Func::lower(Expr::col(column.as_column_ref()))).like(LikeExpr::new(like_pattern(word)).escape('\\'))
}

/// `%word%` with what LIKE would read as a wildcard escaped by `\`.
fn like_pattern(word: &str) -> String {
    let mut pattern = String::with_capacity(word.len() + 2);
    pattern.push('%');
    for character in word.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

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
        assert!(area("520000").contains("520526101"));
        assert!(!area("520000").contains("530627"));
        assert!(area("520500").contains("520526"));
        assert!(!area("520500").contains("520600"));
        assert!(area("520526").contains("520526101"));
        assert!(!area("520526").contains("520527"));
        assert!(!area("520526100").contains("520526101"));
        assert!(area("520526100").contains("520526100"));
        for none in ["", "5205", "52050a", "5205261", "GZ-GAXQ", "５２０５２６"] {
            assert_eq!(Area::of(none), None, "{none}");
        }
    }

    #[test]
    fn words_are_checked_and_taken_literally() {
        assert_eq!(word_filter(Some("  Potato ")).expect("a word"), Some("potato".to_owned()));
        assert_eq!(word_filter(Some(" ")).expect("none"), None);
        assert_eq!(like_pattern(r"100%_\"), r"%100\%\_\\%");
        assert!(word_filter(Some("土\u{0}豆")).is_err());
        assert!(word_filter(Some(&"豆".repeat(50))).is_ok());
        assert!(word_filter(Some(&"豆".repeat(51))).is_err());
        assert!(code_filter("parent", Some("52\u{0}")).is_err());
        assert_eq!(code_filter("parent", Some("GZ-GAXQ")).expect("a code"), Some("GZ-GAXQ"));
    }
}
