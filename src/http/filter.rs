//! What lists filter by: codes and words.
//!
//! Every text from a query is checked here before a database sees it: PostgreSQL fails on a NUL, and `%` is no word.

use super::{
    problem::{ApiError, FieldError},
    reply::{PageQuery, bad_cursor},
    text::Text,
};
use sea_orm::{
    ColumnTrait,
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
    expression_contains_word(Expr::col(column.as_column_ref()), word)
}

/// The same of any expression.
pub fn expression_contains_word(text: Expr, word: &str) -> Expr {
    Expr::from(Func::lower(text)).like(LikeExpr::new(like_pattern(word)).escape('\\'))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_checked_and_taken_literally() {
        assert_eq!(word_filter(Some("  Potato ")).expect("a word"), Some("potato".to_owned()));
        assert_eq!(word_filter(Some(" ")).expect("none"), None);
        assert_eq!(like_pattern(r"100%_\"), r"%100\%\_\\%");
        assert!(word_filter(Some("土\u{0}豆")).is_err());
        assert!(word_filter(Some(&"豆".repeat(50))).is_ok());
        assert!(word_filter(Some(&"豆".repeat(51))).is_err());
        assert!(code_filter("parent", Some("52\u{0}")).is_err());
        assert_eq!(code_filter("parent", Some("YL-XQ")).expect("a code"), Some("YL-XQ"));
    }
}
