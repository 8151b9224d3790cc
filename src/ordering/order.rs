//! An order's life: pure transitions that refuse what its state does not allow.

use entity::{order_line, purchase_order::OrderStatus, weight::BaseQuantity};
use thiserror::Error;

/// Why an order does not change.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OrderError {
    /// The state does not allow it.
    #[error("an order that is {status:?} cannot be changed so")]
    WrongState {
        /// The present state.
        status: OrderStatus,
    },
    /// A line that the order does not have.
    #[error("the order has no line {line_no}")]
    UnknownLine {
        /// Place in the request.
        index: usize,
        /// The number named.
        line_no: i32,
    },
    /// A line named twice.
    #[error("line {line_no} is named twice")]
    RepeatedLine {
        /// Place in the request.
        index: usize,
        /// The number named.
        line_no: i32,
    },
    /// More confirmed than ordered.
    #[error("line {line_no} was ordered with less")]
    MoreThanOrdered {
        /// Place in the request.
        index: usize,
        /// The number named.
        line_no: i32,
    },
    /// Every line confirmed with nothing: that is declining.
    #[error("nothing confirmed")]
    NothingConfirmed,
}

/// What the supplier confirms of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfirmedLine {
    /// Number of the line in the order.
    pub line_no: i32,
    /// Grams or pieces.
    pub confirmed: BaseQuantity,
}

/// A placed order is confirmed: every line in full unless `wanted` says less. Answers each line's confirmed quantity.
///
/// # Errors
/// [`OrderError`] when the state or a line does not fit.
pub fn confirm(
    status: OrderStatus,
    lines: &[order_line::Model],
    wanted: &[ConfirmedLine],
) -> Result<Vec<BaseQuantity>, OrderError> {
    if status != OrderStatus::Placed {
        return Err(OrderError::WrongState { status });
    }
    let mut confirmed: Vec<BaseQuantity> = lines.iter().map(|line| line.quantity_base).collect();
    let mut named = vec![false; lines.len()];
    for (index, want) in wanted.iter().enumerate() {
        let line_no = want.line_no;
        let place =
            lines.iter().position(|line| line.line_no == line_no).ok_or(OrderError::UnknownLine { index, line_no })?;
        if std::mem::replace(&mut named[place], true) {
            return Err(OrderError::RepeatedLine { index, line_no });
        }
        if want.confirmed > lines[place].quantity_base {
            return Err(OrderError::MoreThanOrdered { index, line_no });
        }
        confirmed[place] = want.confirmed;
    }
    if confirmed.iter().all(|quantity| quantity.0 == 0) {
        return Err(OrderError::NothingConfirmed);
    }
    Ok(confirmed)
}

/// A placed order can be declined by its supplier or taken back by the canteen.
///
/// # Errors
/// [`OrderError::WrongState`] once it was answered.
pub fn withdraw(status: OrderStatus) -> Result<(), OrderError> {
    if status == OrderStatus::Placed { Ok(()) } else { Err(OrderError::WrongState { status }) }
}

/// Goods are sent for a confirmed order, in one consignment or several.
///
/// # Errors
/// [`OrderError::WrongState`] before it was confirmed or after all of it was received.
pub fn ship(status: OrderStatus) -> Result<OrderStatus, OrderError> {
    match status {
        OrderStatus::Confirmed | OrderStatus::Shipped => Ok(OrderStatus::Shipped),
        _ => Err(OrderError::WrongState { status }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::{
        id::{ListingId, OrderId, OrderLineId},
        money::Fen,
    };
    use uuid::Uuid;

    fn line(line_no: i32, quantity: i64) -> order_line::Model {
        order_line::Model {
            id: OrderLineId(Uuid::nil()),
            order_id: OrderId(Uuid::nil()),
            line_no,
            listing_id: ListingId(Uuid::nil()),
            product_code: "potato".into(),
            origin_division_code: "910526".into(),
            producer_household_id: None,
            unit_code: "jin".into(),
            unit_base: BaseQuantity(500),
            quantity_base: BaseQuantity(quantity),
            confirmed_base: None,
            price_fen: Fen(100),
            price_unit_code: "jin".into(),
            price_base: BaseQuantity(500),
            amount_fen: Fen(100),
        }
    }

    #[test]
    fn what_is_not_named_is_confirmed_in_full() {
        let lines = [line(1, 500), line(2, 1_000)];
        let less = [ConfirmedLine { line_no: 2, confirmed: BaseQuantity(400) }];
        assert_eq!(confirm(OrderStatus::Placed, &lines, &less), Ok(vec![BaseQuantity(500), BaseQuantity(400)]));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let lines = [line(1, 500)];
        let want = |line_no, grams| ConfirmedLine { line_no, confirmed: BaseQuantity(grams) };
        let confirm = |wanted: &[ConfirmedLine]| confirm(OrderStatus::Placed, &lines, wanted);
        assert_eq!(confirm(&[want(1, 501)]), Err(OrderError::MoreThanOrdered { index: 0, line_no: 1 }));
        assert_eq!(confirm(&[want(3, 1)]), Err(OrderError::UnknownLine { index: 0, line_no: 3 }));
        assert_eq!(confirm(&[want(1, 1), want(1, 2)]), Err(OrderError::RepeatedLine { index: 1, line_no: 1 }));
        assert_eq!(confirm(&[want(1, 0)]), Err(OrderError::NothingConfirmed));
    }

    #[test]
    fn each_state_allows_only_what_comes_next() {
        for status in [OrderStatus::Confirmed, OrderStatus::Declined, OrderStatus::Cancelled, OrderStatus::Received] {
            assert_eq!(withdraw(status), Err(OrderError::WrongState { status }));
            assert!(super::confirm(status, &[line(1, 1)], &[]).is_err());
        }
        assert_eq!(ship(OrderStatus::Confirmed), Ok(OrderStatus::Shipped));
        assert!(ship(OrderStatus::Placed).is_err() && ship(OrderStatus::Received).is_err());
    }
}
