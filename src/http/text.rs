//! Sentences for people, in the two languages of the service.

use serde::Serialize;
use std::borrow::Cow;

/// Language of an answer, from `Accept-Language`; Chinese unless English is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// 简体中文
    #[default]
    Chinese,
    /// English
    English,
}

impl Language {
    /// The language of ours with the highest weight (RFC 9110, 12.5.4); of equal ones the first. `q=0` refuses one, and
    /// `*` stands for Chinese.
    #[must_use]
    pub fn from_header(accept: Option<&str>) -> Self {
        let mut best: Option<(u16, Self)> = None;
        for item in accept.unwrap_or_default().split(',') {
            let mut parts = item.split(';').map(str::trim);
            let tag = parts.next().unwrap_or_default();
            let primary = tag.split('-').next().unwrap_or_default();
            let language = match primary {
                "*" => Self::Chinese,
                one if one.eq_ignore_ascii_case("en") => Self::English,
                one if one.eq_ignore_ascii_case("zh") => Self::Chinese,
                _ => continue,
            };
            let Some(weight) = parts.next().map_or(Some(1_000), weight) else { continue };
            if weight > best.map_or(0, |(most, _)| most) {
                best = Some((weight, language));
            }
        }
        best.map_or(Self::Chinese, |(_, language)| language)
    }

    /// The tag for `Content-Language`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }
}

/// Thousandths of `q=0.500`; none for what is no weight.
fn weight(text: &str) -> Option<u16> {
    let (name, value) = text.split_once('=')?;
    let (whole, decimals) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    let digits = decimals.len() <= 3 && decimals.bytes().all(|byte| byte.is_ascii_digit());
    if !name.trim().eq_ignore_ascii_case("q") || !digits {
        return None;
    }
    let thousandths: u16 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1_000),
        _ => None,
    }
}

/// Whether a character does not show, or turns those around it: with one, two names look the same that are not, and a
/// line reads otherwise than it is stored. Tabs and line breaks are control characters and judged elsewhere.
#[must_use]
pub fn is_hidden(one: char) -> bool {
    matches!(
        one,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{e0100}'..='\u{e01ef}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// One sentence in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Text {
    zh: Cow<'static, str>,
    en: Cow<'static, str>,
}

impl Text {
    /// The same sentence twice.
    pub fn new(zh: impl Into<Cow<'static, str>>, en: impl Into<Cow<'static, str>>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// The sentence in `language`.
    #[must_use]
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Chinese => &self.zh,
            Language::English => &self.en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_language_with_the_highest_weight_wins() {
        assert_eq!(Language::from_header(None), Language::Chinese);
        assert_eq!(Language::from_header(Some("en-GB,zh;q=0.5")), Language::English);
        assert_eq!(Language::from_header(Some("zh;q=0.5,en-GB;q=0.9")), Language::English);
        assert_eq!(Language::from_header(Some("en;q=0.2, zh-CN;q=0.21")), Language::Chinese);
        assert_eq!(Language::from_header(Some("en;q=0, fr")), Language::Chinese);
        assert_eq!(Language::from_header(Some("en;q=x, zh;q=0.001")), Language::Chinese);
        assert_eq!(Language::from_header(Some("EN ; Q=1.000, *;q=0.5")), Language::English);
        assert_eq!(Language::from_header(Some("enough")), Language::Chinese);
        assert_eq!(Language::from_header(Some("fr, zh-CN, en")), Language::Chinese);
        assert_eq!(Language::from_header(Some("日本")), Language::Chinese);
    }
}
