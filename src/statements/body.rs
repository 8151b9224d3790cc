//! What a statement says. Written once as JSON, field by field in this order; those bytes are hashed and signed. Pure but
//! for the types it is made of.

use crate::{
    http::hex,
    share::{AmountShare, Coverage, Indicator, Sums, WeightShare, meets},
};
use entity::{indicator::Basis, money::Fen, weight::Gram};
use ring::digest;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Names the layout below.
pub const FORMAT: &str = "xiaonong-statement-1";

/// A statement. Amounts are whole fen, weights whole grams.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// [`FORMAT`].
    pub format: String,
    /// Code of the unit.
    pub unit: String,
    /// Its name then.
    pub unit_name: String,
    /// The month, such as `2026-05`.
    pub month: String,
    /// 1, and one more each time the month was closed again.
    pub version: i32,
    /// Place in the unit's chain.
    pub seq: i32,
    /// Hash of the statement before in the chain.
    pub previous: Option<String>,
    /// When it was closed, RFC 3339.
    pub closed_at: String,
    /// The headline indicator of the month's last day.
    pub indicator: Option<StatedIndicator>,
    /// Schools of the unit and of those below.
    pub coverage: Coverage,
    /// The unit's own lines.
    pub lines: Digest,
    /// Their sums by purchase class.
    pub own: Vec<ClassSums>,
    /// The statements of the units below that this one takes in.
    pub below: Vec<Below>,
    /// Own sums and those below together.
    pub whole: Vec<ClassSums>,
    /// The unit's own lines that came after earlier statements.
    pub adjustments: Vec<Adjustment>,
    /// The sums of all adjustments, own and below.
    pub adjusted: Vec<ClassSums>,
}

/// Lines and what they come to: SHA-256 over their text, as `GET /statements/{id}/lines` writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// How many.
    pub count: i64,
    /// In hex.
    pub sha256: String,
}

/// Sums of one purchase class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassSums {
    /// Origin, producer and evidence, a digit each.
    pub class: i32,
    /// Amount.
    pub amount_fen: i64,
    /// Known weight.
    pub weight_gram: i64,
    /// Amount of the lines whose weight is unknown.
    pub unknown_weight_fen: i64,
    /// How many those are.
    pub unknown_weight_lines: i64,
    /// Lines; one that takes another back is one less.
    pub lines: i64,
}

/// What counted, and for how much of what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedIndicator {
    /// Its name.
    pub code: String,
    /// In Chinese.
    pub name_zh: String,
    /// In English.
    pub name_en: String,
    /// By what the target is measured.
    pub basis: Basis,
    /// In basis points.
    pub target_bp: Option<i32>,
    /// The classes that count.
    pub classes: Vec<i32>,
}

/// A statement of a unit below.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Below {
    /// Code of the unit.
    pub unit: String,
    /// Version of its statement.
    pub version: i32,
    /// Its hash.
    pub hash: String,
}

/// Lines that came after a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adjustment {
    /// Its month.
    pub month: String,
    /// Its version; a later version of that month holds the lines itself.
    pub version: i32,
    /// The lines.
    pub lines: Digest,
    /// Their sums.
    pub sums: Vec<ClassSums>,
}

impl Body {
    /// The bytes that are hashed and signed.
    ///
    /// # Errors
    /// Never for what this type can hold.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// The share it states: by amount, by weight, and whether the target is reached.
    #[must_use]
    pub fn share(&self) -> (AmountShare, WeightShare, Option<bool>) {
        let counts: BTreeSet<i32> = self.indicator.iter().flat_map(|stated| stated.classes.iter().copied()).collect();
        let (mut part, mut whole) = ((0, 0), (0, 0));
        for sums in &self.whole {
            whole = (whole.0 + sums.amount_fen, whole.1 + sums.weight_gram);
            if counts.contains(&sums.class) {
                part = (part.0 + sums.amount_fen, part.1 + sums.weight_gram);
            }
        }
        let target = self.indicator.as_ref().and_then(|stated| Some((stated.basis, i64::from(stated.target_bp?))));
        let reached = target.and_then(|(basis, target)| match basis {
            Basis::Amount => meets(part.0, whole.0, target),
            Basis::Weight => meets(part.1, whole.1, target),
        });
        let amount = AmountShare::of(Fen(part.0), Fen(whole.0));
        (amount, WeightShare::of(Gram(part.1), Gram(whole.1)), reached)
    }
}

impl StatedIndicator {
    /// As it held.
    #[must_use]
    pub fn of(indicator: &Indicator) -> Self {
        let version = &indicator.version;
        Self {
            code: version.code.clone(),
            name_zh: version.name_zh.clone(),
            name_en: version.name_en.clone(),
            basis: version.basis,
            target_bp: version.target_bp,
            classes: indicator.class_codes(),
        }
    }
}

/// Sums by class in the order of classes, without those that come to nothing.
#[must_use]
pub fn class_sums(sums: &BTreeMap<i32, Sums>) -> Vec<ClassSums> {
    let nothing = Sums::default();
    let stated = |(class, sums): (&i32, &Sums)| ClassSums {
        class: *class,
        amount_fen: sums.amount.0,
        weight_gram: sums.weight.0,
        unknown_weight_fen: sums.unknown_weight_amount.0,
        unknown_weight_lines: sums.unknown_weight_lines,
        lines: sums.lines,
    };
    sums.iter().filter(|(_, sums)| **sums != nothing).map(stated).collect()
}

/// Adds stated sums to others.
pub fn add(to: &mut BTreeMap<i32, Sums>, stated: &[ClassSums]) {
    for one in stated {
        to.entry(one.class).or_default().add(&Sums {
            amount: Fen(one.amount_fen),
            weight: Gram(one.weight_gram),
            unknown_weight_amount: Fen(one.unknown_weight_fen),
            unknown_weight_lines: one.unknown_weight_lines,
            lines: one.lines,
        });
    }
}

/// SHA-256 in hex.
#[must_use]
pub fn sha256(text: &str) -> String {
    hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}
