//! Which lines a revocation touches: what the supplier sold, and what others sold in the name of the household it is.

use crate::http::hex;
use chrono::NaiveDate;
use entity::{
    id::{HouseholdId, SupplierId, VerificationId},
    money::Fen,
    purchase_line::{self, Column},
    supplier_revocation,
    time::Timestamp,
    weight::Gram,
};
use ring::digest;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
    sea_query::{Expr, SimpleExpr},
};

/// Lines that count for something: neither taken back nor taking back, and with something known of origin or producer.
#[must_use]
pub fn counting() -> Condition {
    Condition::all()
        .add(Column::Class.ne(0))
        .add(Expr::cust(
            "purchase_line.amount_fen >= 0 and coalesce(purchase_line.weight_gram, 0) >= 0 \
             and (purchase_line.amount_fen > 0 or coalesce(purchase_line.weight_gram, 0) > 0)",
        ))
        .add(Expr::cust("not exists (select 1 from purchase_line c where c.corrects_line_id = purchase_line.id)"))
}

/// Who is not believed any more, and from when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubted {
    /// The supplier.
    pub supplier: SupplierId,
    /// The household it is, where it is one: others may name it as who grew what they sell.
    pub household: Option<HouseholdId>,
    /// First day.
    pub from: NaiveDate,
    /// Day of its next approval.
    pub before: Option<NaiveDate>,
}

impl Doubted {
    /// Counting lines that it sold, or that others sold in the name of the household it is.
    #[must_use]
    pub fn lines(&self) -> Condition {
        let mut of = Condition::any().add(Column::SupplierId.eq(self.supplier));
        if let Some(household) = self.household {
            of = of.add(named().add(Column::ProducerHouseholdId.eq(household)));
        }
        let mut lines = Condition::all().add(of).add(Column::PurchasedOn.gte(self.from));
        if let Some(before) = self.before {
            lines = lines.add(Column::PurchasedOn.lt(before));
        }
        lines.add(counting())
    }
}

/// Lines whose class comes from the household they name, whether it is named or not decides nothing for the others.
fn named() -> Condition {
    Condition::all().add(Expr::cust("purchase_line.class / 10 % 10 between 1 and 3"))
}

/// How much a revocation touches.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromQueryResult)]
pub struct Extent {
    /// Lines.
    pub lines: i64,
    /// Schools.
    pub schools: i64,
    /// What they cost.
    pub amount: i64,
    /// What they weigh, as far as it is known.
    pub weight: i64,
    /// Day of the first.
    pub first_on: Option<NaiveDate>,
    /// Day of the last.
    pub last_on: Option<NaiveDate>,
    /// When the last was written.
    pub written_at: Option<Timestamp>,
}

impl Extent {
    /// Reads it: one statement.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn read(db: &impl ConnectionTrait, doubted: Doubted) -> Result<Self, DbErr> {
        let sum = |column: &'static str| -> SimpleExpr {
            Expr::cust(format!("cast(coalesce(sum(purchase_line.{column}), 0) as bigint)"))
        };
        let found = purchase_line::Entity::find()
            .select_only()
            .column_as(Expr::cust("cast(count(*) as bigint)"), "lines")
            .column_as(Expr::cust("cast(count(distinct purchase_line.school_id) as bigint)"), "schools")
            .column_as(sum("amount_fen"), "amount")
            .column_as(sum("weight_gram"), "weight")
            .column_as(Column::PurchasedOn.min(), "first_on")
            .column_as(Column::PurchasedOn.max(), "last_on")
            .column_as(Column::RecordedAt.max(), "written_at")
            .filter(doubted.lines())
            .into_model::<Self>()
            .one(db)
            .await?;
        Ok(found.unwrap_or_default())
    }

    /// What these lines cost.
    #[must_use]
    pub fn amount(&self) -> Fen {
        Fen(self.amount)
    }

    /// What they weigh, as far as it is known.
    #[must_use]
    pub fn weight(&self) -> Gram {
        Gram(self.weight)
    }

    /// A text that is another one as soon as the approval or the lines are: who confirms a revocation sends back that of
    /// the preview it looked at.
    #[must_use]
    pub fn fingerprint(&self, approval: VerificationId, version: i64, from: NaiveDate) -> String {
        let text = format!("{approval} {version} {from} {self:?}");
        hex(&digest::digest(&digest::SHA256, text.as_bytes()).as_ref()[..16])
    }
}

/// Lines a revocation has still to correct, in their order, behind where it has come to.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn next_lines(
    db: &impl ConnectionTrait,
    run: &supplier_revocation::Model,
    doubted: Doubted,
    limit: u64,
) -> Result<Vec<purchase_line::Model>, DbErr> {
    use sea_orm::QueryOrder;
    let mut lines = purchase_line::Entity::find()
        .filter(doubted.lines())
        .order_by_asc(Column::PurchasedOn)
        .order_by_asc(Column::Id)
        .limit(limit);
    if let (Some(day), Some(id)) = (run.reached_on, run.reached_id) {
        let same_day = Condition::all().add(Column::PurchasedOn.eq(day)).add(Column::Id.gt(id));
        lines = lines.filter(Condition::any().add(Column::PurchasedOn.gt(day)).add(same_day));
    }
    lines.all(db).await
}
