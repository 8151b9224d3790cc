//! Collects every wrong field of a request before it is refused, each with its JSON pointer.

use super::{
    problem::{ApiError, FieldError},
    text::{Text, is_hidden},
};
use crate::vault::{holds_card_number, holds_personal_number};
use chrono::{Datelike, NaiveDate};
use entity::{
    money::Fen,
    weight::{BaseQuantity, Gram, QuantityError},
};
use uuid::Uuid;

/// 0.10 yuan a kilogram.
const GRAMS_PER_FEN: i64 = 100;

/// The wrong fields found so far.
#[derive(Default)]
pub struct Check(Vec<FieldError>);

impl Check {
    /// Notes a wrong field.
    pub fn refuse(&mut self, pointer: impl Into<String>, code: &'static str, detail: Text) {
        self.0.push(FieldError::new(pointer, code, detail));
    }

    /// Notes a wrong field found elsewhere.
    pub fn note(&mut self, error: FieldError) {
        self.0.push(error);
    }

    /// Notes a field whose own reader refused it with the stable code `code`.
    pub fn note_reader(&mut self, pointer: impl Into<String>, code: &str) {
        let unreadable = ("malformed", Text::new("无法读取。", "Cannot be read."));
        let (code, detail) = reader_error(code).unwrap_or(unreadable);
        self.refuse(pointer, code, detail);
    }

    /// Notes a wrong field unless `holds`.
    pub fn that(&mut self, holds: bool, pointer: impl Into<String>, code: &'static str, detail: Text) {
        if !holds {
            self.refuse(pointer, code, detail);
        }
    }

    /// A text that is not blank and not above `most` characters, trimmed. It is stored and shown as it is, so it may not
    /// hold a person's number (P1).
    pub fn text(&mut self, pointer: &str, value: &str, most: usize) -> String {
        self.free_text(pointer, value, most, true)
    }

    /// The number of a paper, a batch or a row elsewhere: as [`Self::text`], but its own digits may be those of a card.
    pub fn paper_number(&mut self, pointer: &str, value: &str, most: usize) -> String {
        self.free_text(pointer, value, most, false)
    }

    fn free_text(&mut self, pointer: &str, value: &str, most: usize, no_cards: bool) -> String {
        let trimmed = value.trim();
        let length = trimmed.chars().count();
        if length == 0 {
            self.refuse(pointer, "required", Text::new("不能为空。", "Must not be blank."));
        } else if length > most {
            self.refuse(
                pointer,
                "too_long",
                Text::new(format!("最多 {most} 个字符。"), format!("At most {most} characters.")),
            );
        } else if trimmed.chars().any(char::is_control) {
            self.refuse(pointer, "control_character", Text::new("含有控制字符。", "Contains control characters."));
        } else if trimmed.chars().any(is_hidden) {
            self.refuse(
                pointer,
                "hidden_character",
                Text::new("含有不可见或改变文字方向的字符。", "Contains characters that do not show or turn the text."),
            );
        } else if holds_personal_number(trimmed) || no_cards && holds_card_number(trimmed) {
            let detail = Text::new(
                "不得写证件号码、手机号或银行卡号。",
                "Must not hold an ID number, a mobile number or a card number.",
            );
            self.refuse(pointer, "number_in_text", detail);
        }
        trimmed.to_owned()
    }

    /// The same for a field that may be absent.
    pub fn optional_text(&mut self, pointer: &str, value: Option<&str>, most: usize) -> Option<String> {
        value.map(|value| self.text(pointer, value, most))
    }

    /// The same for a field that may be absent.
    pub fn optional_paper_number(&mut self, pointer: &str, value: Option<&str>, most: usize) -> Option<String> {
        value.map(|value| self.paper_number(pointer, value, most))
    }

    /// Between one and `most` lines.
    pub fn lines<T>(&mut self, pointer: &str, lines: &[T], most: usize) {
        self.that(
            (1..=most).contains(&lines.len()),
            pointer,
            "line_count",
            Text::new(format!("应有 1 至 {most} 行。"), format!("One to {most} lines are needed.")),
        );
    }

    /// An id sent by the client: UUIDv7 only, so that keys stay in time order.
    pub fn client_id<T: From<Uuid>>(&mut self, pointer: &str, id: Option<Uuid>) -> Option<T> {
        let id = id?;
        self.that(
            id.get_version_num() == 7,
            pointer,
            "id_not_uuid_v7",
            Text::new("自带的编号须为 UUIDv7。", "An id sent along must be a UUIDv7."),
        );
        Some(id.into())
    }

    /// A quantity in units of `per_unit` grams or pieces.
    pub fn quantity(&mut self, pointer: &str, value: &str, per_unit: i64) -> Option<BaseQuantity> {
        match BaseQuantity::parse(value, per_unit) {
            Ok(quantity) => Some(quantity),
            Err(error) => {
                self.0.push(quantity_error(pointer, error));
                None
            }
        }
    }

    /// A quantity above zero.
    pub fn positive_quantity(&mut self, pointer: &str, value: &str, per_unit: i64) -> Option<BaseQuantity> {
        let quantity = self.quantity(pointer, value, per_unit)?;
        if quantity.0 > 0 {
            return Some(quantity);
        }
        self.refuse(pointer, "quantity_not_positive", Text::new("数量须大于零。", "Must be above zero."));
        None
    }

    /// A weight that somebody's quantity comes to: no food costs less than 0.10 yuan a kilogram. A slip of the decimal point,
    /// or tons for a cent, would move the share by weight of a whole province.
    pub fn weight_for_money(&mut self, pointer: &str, weight: Gram, amount: Fen) {
        self.that(
            weight.0 <= amount.0.saturating_mul(GRAMS_PER_FEN),
            pointer,
            "weight_implausible",
            Text::new(
                "数量与金额不相称：每千克不到 0.10 元，请核对数量、单位与金额。",
                "The quantity does not fit the amount: less than 0.10 yuan a kilogram; check quantity, unit and amount.",
            ),
        );
    }

    /// A weight somebody typed: it must fit what a piece weighs on average where that is known, and the amount as
    /// [`Self::weight_for_money`] says.
    pub fn typed_weight(&mut self, pointer: &str, weight: Gram, average: Option<Gram>, amount: Fen) {
        let fits = average
            .is_none_or(|average| weight.0.saturating_mul(5) >= average.0 && weight.0 <= average.0.saturating_mul(5));
        let costs = weight.0 <= amount.0.saturating_mul(GRAMS_PER_FEN);
        self.that(
            fits && costs,
            pointer,
            "weight_implausible",
            Text::new(
                "重量与数量或金额不相称，请核对。",
                "The weight does not fit the quantity or the amount; check it.",
            ),
        );
    }

    /// A day people live in: both databases hold it, and nobody means the year 0.
    pub fn day(&mut self, pointer: &str, day: NaiveDate) {
        self.that(
            (2000..=9999).contains(&day.year()),
            pointer,
            "date_out_of_range",
            Text::new("日期超出范围。", "The date is out of range."),
        );
    }

    /// Basis points of a percentage from 0 to 100 with at most two decimals.
    pub fn percent(&mut self, pointer: &str, text: &str) -> Option<i32> {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let digits =
            |text: &str, most: usize| (1..=most).contains(&text.len()) && text.bytes().all(|one| one.is_ascii_digit());
        let read =
            (digits(whole, 3) && digits(part, 2)).then(|| format!("{whole}{part:0<2}").parse::<i32>().ok()).flatten();
        let read = read.filter(|bp| *bp <= 10_000);
        self.that(
            read.is_some(),
            pointer,
            "percent_malformed",
            Text::new(
                "须为 0 至 100 之间、至多两位小数的百分数。",
                "Must be a percentage from 0 to 100 with up to two decimals.",
            ),
        );
        read
    }

    /// Whether nothing was wrong so far.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.0.is_empty()
    }

    /// The fields found wrong.
    #[must_use]
    pub fn into_errors(self) -> Vec<FieldError> {
        self.0
    }

    /// # Errors
    /// [`ApiError::Invalid`] with every field noted.
    pub fn finish(self) -> Result<(), ApiError> {
        if self.0.is_empty() { Ok(()) } else { Err(ApiError::Invalid(self.0)) }
    }
}

fn quantity_error(pointer: &str, error: QuantityError) -> FieldError {
    let (code, detail) = match error {
        QuantityError::Malformed => {
            ("quantity_malformed", Text::new("须为十进制数，如 \"20\"。", "Must be a decimal number such as \"20\"."))
        }
        QuantityError::Scale => (
            "quantity_scale",
            Text::new("重量最细到克，计件须为整数。", "Weights go down to the gram, pieces are whole numbers."),
        ),
        QuantityError::Negative => ("quantity_negative", Text::new("不能为负数。", "Must not be negative.")),
        QuantityError::TooLarge => ("quantity_too_large", Text::new("数量过大。", "The quantity is too large.")),
    };
    FieldError::new(pointer, code, detail)
}

/// The sentence for a code that a field's own reader reported while the body was parsed.
#[must_use]
pub fn reader_error(message: &str) -> Option<(&'static str, Text)> {
    let code = message.split([' ', '\n']).next().unwrap_or_default();
    Some(match code {
        "money_malformed" => (
            "money_malformed",
            Text::new("金额须为十进制字符串，如 \"12.30\"。", "Money is a decimal string such as \"12.30\"."),
        ),
        "money_scale" => ("money_scale", Text::new("金额最多两位小数。", "Money has at most two decimals.")),
        "money_negative" => ("money_negative", Text::new("金额不能为负数。", "Money must not be negative.")),
        "money_too_large" => ("money_too_large", Text::new("金额过大。", "The amount is too large.")),
        "quantity_malformed" | "quantity_scale" | "quantity_negative" | "quantity_too_large" => {
            let error = match code {
                "quantity_malformed" => QuantityError::Malformed,
                "quantity_scale" => QuantityError::Scale,
                "quantity_negative" => QuantityError::Negative,
                _ => QuantityError::TooLarge,
            };
            let field = quantity_error("", error);
            (field.code, field.detail)
        }
        _ => return None,
    })
}
