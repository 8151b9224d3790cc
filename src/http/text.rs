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
    /// Reads the first language of the header that is one of ours; weights are ignored, order decides.
    #[must_use]
    pub fn from_header(accept: Option<&str>) -> Self {
        let wanted = accept.unwrap_or_default().split(',').filter_map(|item| item.trim().get(..2));
        for language in wanted {
            if language.eq_ignore_ascii_case("en") {
                return Self::English;
            }
            if language.eq_ignore_ascii_case("zh") {
                return Self::Chinese;
            }
        }
        Self::Chinese
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
    fn the_first_known_language_wins() {
        assert_eq!(Language::from_header(None), Language::Chinese);
        assert_eq!(Language::from_header(Some("en-GB,zh;q=0.5")), Language::English);
        assert_eq!(Language::from_header(Some("fr, zh-CN, en")), Language::Chinese);
        assert_eq!(Language::from_header(Some("日本")), Language::Chinese);
    }
}
