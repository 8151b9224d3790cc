//! The market from week to week: prices move, stock comes in, seasons open and close.

use super::province::DemoOffer;
use crate::{
    cache::Topic,
    context::Ctx,
    http::ApiError,
    store::bulk::{Kind, Rows},
};
use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, Statement};

/// Puts every offer on the footing of the week of `day`: its price, a week's stock, and whether it is in season.
///
/// # Errors
/// When the database refuses.
pub async fn open_market(ctx: &Ctx, offers: &[DemoOffer], day: NaiveDate) -> Result<(), ApiError> {
    let names = ["id", "price_fen", "stock_base", "status"];
    let kinds = [Kind::Uuid, Kind::Long, Kind::Long, Kind::Text];
    let cells = offers
        .iter()
        .map(|offer| {
            let status = if offer.in_season(day) { "active" } else { "withdrawn" };
            vec![offer.listing_id.into(), offer.price_on(day).into(), offer.stock_base.into(), status.into()]
        })
        .collect();
    let txn = ctx.store.begin().await?;
    let backend = txn.get_database_backend();
    let (relation, values) = Rows::new(&names, &kinds, cells).relation(backend)?;
    let sql = format!(
        "update listing set price_fen = r.price_fen, stock_base = r.stock_base, status = r.status, \
         version = version + 1 from {relation} where listing.id = r.id"
    );
    txn.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    txn.commit().await?;
    ctx.pages.changed(Topic::Listings);
    Ok(())
}
