//! A correcting pair: a line that takes another back, and one that stands in its place and counts for nothing.

use crate::clock::Ids;
use crate::ledger::class::{ProducerClass, PurchaseClass};
use entity::{money::Fen, purchase_line, time::Timestamp, weight::Gram};

/// Class of a line that nobody vouches for: origin not known, no producer, no evidence (S6).
const UNVOUCHED: i32 = 0;

/// Whether a line takes another one back: such a line counts as one line less.
#[must_use]
pub fn reverses(line: &purchase_line::Model) -> bool {
    line.amount_fen.0 < 0 || line.weight_gram.is_some_and(|weight| weight.0 < 0)
}

/// What corrects these lines, a pair each. The line taken back keeps its class, day, school and unit, so that every figure
/// it went into gives it up; its place takes a line of the same amount and weight, of which neither origin nor producer is
/// known any more: who vouched for them is not believed. That stays in the denominator and leaves the numerator (S6).
#[must_use]
pub fn correct(ids: &Ids, lines: &[purchase_line::Model], at: Timestamp) -> Vec<purchase_line::Model> {
    pairs(ids, lines, at, |line| purchase_line::Model {
        class: UNVOUCHED,
        origin_division_code: None,
        origin_lists: String::new(),
        producer_household_id: None,
        producer_status: None,
        linked_households: 0,
        evidence: None,
        ..line
    })
}

/// What corrects lines of other sellers that name a household which is not believed any more: the line in place of the one
/// taken back keeps the origin, which its seller vouches for, and names no producer.
#[must_use]
pub fn without_producer(ids: &Ids, lines: &[purchase_line::Model], at: Timestamp) -> Vec<purchase_line::Model> {
    pairs(ids, lines, at, |line| purchase_line::Model {
        class: unnamed(line.class, line.linked_households),
        producer_household_id: None,
        producer_status: None,
        ..line
    })
}

fn pairs(
    ids: &Ids,
    lines: &[purchase_line::Model],
    at: Timestamp,
    instead: impl Fn(purchase_line::Model) -> purchase_line::Model,
) -> Vec<purchase_line::Model> {
    lines.iter().flat_map(|line| [take_back(ids, line, at), instead(correcting(ids, line, at))]).collect()
}

/// The class of a line as if it named no household: what is left is the seller's links.
#[must_use]
pub fn unnamed(class: i32, linked_households: i32) -> i32 {
    let without = |class| PurchaseClass { producer: ProducerClass::of(None, linked_households), ..class };
    PurchaseClass::from_code(class).map_or(UNVOUCHED, |class| without(class).code())
}

/// The line that stands in the place of another for the amount and weight that are left of it, with the same facts.
#[must_use]
pub fn in_place_of(
    ids: &Ids,
    line: &purchase_line::Model,
    at: Timestamp,
    (amount_fen, weight_gram): (Fen, Option<Gram>),
) -> purchase_line::Model {
    purchase_line::Model { amount_fen, weight_gram, ..correcting(ids, line, at) }
}

/// The line that takes another back whole.
#[must_use]
pub fn take_back(ids: &Ids, line: &purchase_line::Model, at: Timestamp) -> purchase_line::Model {
    purchase_line::Model {
        amount_fen: Fen(-line.amount_fen.0),
        weight_gram: line.weight_gram.map(|weight| Gram(-weight.0)),
        ..correcting(ids, line, at)
    }
}

fn correcting(ids: &Ids, line: &purchase_line::Model, at: Timestamp) -> purchase_line::Model {
    purchase_line::Model {
        id: ids.next(),
        corrects_line_id: Some(line.id),
        // A receipt's line has one line of the ledger, the first; the others are found through it.
        receipt_line_id: None,
        declared_purchase_id: None,
        recorded_at: at,
        ..line.clone()
    }
}
