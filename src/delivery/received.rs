//! What a receipt stands for now: what was accepted, at which prices, and what was given back since (S1, F1).

use super::weighing::{accepted_amount, part_weight};
use crate::catalogue::Conversions;
use entity::{
    consignment_line, goods_return, goods_return_line,
    id::{ConsignmentLineId, OrderLineId, ReceiptId, ReceiptLineId},
    money::Fen,
    order_line,
    product::Measure,
    receipt_line,
    weight::{BaseQuantity, Gram},
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use std::collections::HashMap;

/// A receipt's lines with what was given back of each.
pub struct Received {
    /// The lines, in the order of the consignment.
    pub lines: Vec<ReceivedLine>,
    /// What was given back, oldest first.
    pub returns: Vec<(goods_return::Model, Vec<goods_return_line::Model>)>,
    /// The units the products know.
    pub conversions: Conversions,
}

/// A weighed line with the order behind it.
pub struct ReceivedLine {
    /// The line.
    pub line: receipt_line::Model,
    /// What was ordered, with the frozen price.
    pub ordered: order_line::Model,
    /// Grams or pieces.
    pub measure: Measure,
    /// Given back since.
    pub returned: BaseQuantity,
    /// By how much less is to be paid.
    pub returned_amount: Fen,
}

impl ReceivedLine {
    /// What is still accepted.
    #[must_use]
    pub fn left(&self) -> BaseQuantity {
        BaseQuantity(self.line.accepted_base.0 - self.returned.0)
    }

    /// What `part` of the accepted goods costs at the frozen price, rounded half up to the fen as the receipt was (F1, O2),
    /// and its part of the accepted weight, none where that is unknown (S7). None where the amount overflows.
    #[must_use]
    pub fn worth(&self, part: BaseQuantity) -> Option<(Fen, Option<Gram>)> {
        let amount = accepted_amount(self.ordered.price_fen, self.ordered.price_base, part)?;
        let weight = self.line.weight_gram.and_then(|whole| part_weight(whole, self.line.accepted_base, part));
        Some((amount, weight))
    }
}

impl Received {
    /// Reads it, with a fixed number of statements.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn read(db: &impl ConnectionTrait, receipt: ReceiptId) -> Result<Self, DbErr> {
        let lines = receipt_line::Entity::find().filter(receipt_line::Column::ReceiptId.eq(receipt)).all(db).await?;
        let batches = consignment_line::Entity::find()
            .filter(consignment_line::Column::Id.is_in(lines.iter().map(|line| line.consignment_line_id)))
            .order_by_asc(consignment_line::Column::LineNo)
            .all(db)
            .await?;
        let ordered = order_line::Entity::find()
            .filter(order_line::Column::Id.is_in(batches.iter().map(|batch| batch.order_line_id)))
            .all(db)
            .await?;
        let products: Vec<String> = ordered.iter().map(|line| line.product_code.clone()).collect();
        let conversions = Conversions::load(db, &products).await?;
        let returns = returns_of(db, receipt).await?;
        let mut given_back: HashMap<ReceiptLineId, (i64, i64)> = HashMap::new();
        for line in returns.iter().flat_map(|(_, lines)| lines) {
            let (quantity, amount) = given_back.entry(line.receipt_line_id).or_default();
            *quantity += line.quantity_base.0;
            *amount += line.amount_fen.0;
        }
        let ordered: HashMap<OrderLineId, order_line::Model> =
            ordered.into_iter().map(|line| (line.id, line)).collect();
        let mut lines: HashMap<ConsignmentLineId, receipt_line::Model> =
            lines.into_iter().map(|line| (line.consignment_line_id, line)).collect();
        let line = |batch: consignment_line::Model| {
            let line = lines.remove(&batch.id)?;
            let ordered = ordered.get(&batch.order_line_id)?.clone();
            let measure = conversions.product(&ordered.product_code)?.measure;
            let (quantity, amount) = given_back.get(&line.id).copied().unwrap_or_default();
            let (returned, returned_amount) = (BaseQuantity(quantity), Fen(amount));
            Some(ReceivedLine { line, ordered, measure, returned, returned_amount })
        };
        Ok(Self { lines: batches.into_iter().filter_map(line).collect(), returns, conversions })
    }
}

async fn returns_of(
    db: &impl ConnectionTrait,
    receipt: ReceiptId,
) -> Result<Vec<(goods_return::Model, Vec<goods_return_line::Model>)>, DbErr> {
    let returns = goods_return::Entity::find()
        .filter(goods_return::Column::ReceiptId.eq(receipt))
        .order_by_asc(goods_return::Column::Id)
        .all(db)
        .await?;
    let lines = goods_return_line::Entity::find()
        .filter(goods_return_line::Column::GoodsReturnId.is_in(returns.iter().map(|one| one.id)))
        .order_by_asc(goods_return_line::Column::ReceiptLineId)
        .all(db)
        .await?;
    let of = |one: &goods_return::Model| lines.iter().filter(|line| line.goods_return_id == one.id).cloned().collect();
    Ok(returns.iter().map(|one| (one.clone(), of(one))).collect())
}
