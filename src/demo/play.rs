//! Plays the term through the use cases behind the API: baskets in the evening, answers, consignments, receipts in the
//! morning, purchases declared at noon.
//!
//! Every step carries a key made of school, day and step, so that a run that was cut short is taken up by the next one
//! without anything happening twice.

use super::{
    answers::{Basket, Consignment, Order},
    batch,
    dice::Dice,
    market::open_market,
    outside,
    plan::{DAYS, PlannedBasket, PlannedLine, delivery_day, plan_week},
    province::{DemoOffer, DemoSchool, DemoSupplier, Province},
    scale,
    term::{WEEKS, at, monday},
};
use crate::{
    access::{Action, Resource},
    clock::FixedClock,
    context::Ctx,
    delivery::{self, ReceiveRequest, SendConsignmentRequest},
    http::{ApiError, IfMatch, Reply, hex},
    ledger::{self, Arrived, Receiver},
    ordering::{
        self, BasketLine, ConfirmLineRequest, ConfirmOrderRequest, PlaceBasketRequest, Placer, ReasonRequest, Side,
    },
    registry,
    store::IdempotencyKey,
};
use chrono::{Days, NaiveDate};
use entity::bundle;
use ring::digest;
use sea_orm::EntityTrait;
use serde::Serialize;
use std::sync::Arc;
use tokio::{sync::Semaphore, task::JoinSet};

/// Name under which the database remembers that the term was played to its end.
const TERM: &str = "demo-term-2026";
/// Name of the row that counts the weeks played: keys are cleared after a month, this is not.
const PROGRESS: &str = "demo-term-2026/weeks";
/// Of a thousand orders, those declined.
const DECLINED: i64 = 12;
/// Of a thousand orders, those confirmed with one line short.
const SHORT: i64 = 60;

/// Steps that write at once. SQLite has one writer anyway; more would only queue for it until their patience ends.
const AT_ONCE: usize = 3;

/// Plays what is not played yet; `week_done` hears the number of weeks behind. Answers whether there was anything to
/// play.
///
/// # Errors
/// When a step is refused: then the demonstration and the rules have grown apart.
pub async fn play_term(
    ctx: &Ctx,
    province: &Arc<Province>,
    mut week_done: impl FnMut(usize),
) -> Result<bool, ApiError> {
    if bundle::Entity::find_by_id(TERM).one(ctx.store.primary()).await?.is_some() {
        return Ok(false);
    }
    let player = Player::new(ctx, province);
    // What a power cut takes is played again by the next run.
    ctx.store.wait_for_disk(false).await?;
    for week in weeks_played(ctx).await?..WEEKS {
        player.week(monday(week)).await?;
        remember(ctx, PROGRESS, week + 1).await?;
        week_done(week + 1);
    }
    ctx.store.wait_for_disk(true).await?;
    open_market(ctx, &province.offers, ctx.clock.now().business_day()).await?;
    remember(ctx, TERM, WEEKS).await?;
    Ok(true)
}

async fn weeks_played(ctx: &Ctx) -> Result<usize, ApiError> {
    let row = bundle::Entity::find_by_id(PROGRESS).one(ctx.store.primary()).await?;
    Ok(row.and_then(|row| row.digest.parse().ok()).unwrap_or_default())
}

async fn remember(ctx: &Ctx, name: &str, weeks: usize) -> Result<(), ApiError> {
    let txn = ctx.store.begin().await?;
    registry::bundle::record(ctx, &txn, name, weeks.to_string()).await?;
    txn.commit().await?;
    Ok(())
}

/// The hands that do what people do. Its clock stands where the term stands; its ids are as random as the service's.
#[derive(Clone)]
struct Player {
    ctx: Ctx,
    clock: Arc<FixedClock>,
    placer: Placer,
    receiver: Receiver,
    writers: Arc<Semaphore>,
    province: Arc<Province>,
}

/// An order with what was planned for it.
struct Placed {
    school: usize,
    deliver_on: NaiveDate,
    lines: Vec<PlannedLine>,
    order: Order,
}

impl Player {
    fn new(ctx: &Ctx, province: &Arc<Province>) -> Self {
        let clock = Arc::new(FixedClock::new(at(monday(0), 0, 0)));
        let ctx = ctx.at(clock.clone());
        let writers = Arc::new(Semaphore::new(AT_ONCE));
        Self {
            placer: Placer::start(ctx.clone()),
            receiver: Receiver::start(ctx.clone()),
            ctx,
            clock,
            writers,
            province: Arc::clone(province),
        }
    }

    async fn week(&self, monday: NaiveDate) -> Result<(), ApiError> {
        self.clock.set(at(monday - Days::new(1), 12, 0));
        open_market(&self.ctx, &self.province.offers, monday).await?;
        let mut baskets = plan_week(&self.province, monday);
        for day in 0..DAYS {
            let (today, later) = baskets.into_iter().partition(|basket| delivery_day(basket.school) == day);
            baskets = later;
            self.day(monday + Days::new(u64::try_from(day).unwrap_or_default()), today).await?;
        }
        Ok(())
    }

    /// One delivery day with the evening before it.
    async fn day(&self, day: NaiveDate, baskets: Vec<PlannedBasket>) -> Result<(), ApiError> {
        let dice = Dice::of(&["hours", &day.to_string()]);
        let evening = day - Days::new(1);
        let schools: Vec<usize> = baskets.iter().map(|basket| basket.school).collect();
        self.clock.set(at(evening, 18, dice.between(0, 50)));
        let placed = self.all(baskets, Self::place).await?;
        self.clock.set(at(evening, 19, dice.between(0, 50)));
        let confirmed = self.all(placed.into_iter().flatten(), Self::answer).await?;
        self.clock.set(at(day, 5, dice.between(0, 30)));
        let sent = self.all(confirmed.into_iter().flatten(), Self::send).await?;
        self.clock.set(at(day, 6, dice.between(0, 59)));
        self.all(sent, Self::receive).await?;
        self.clock.set(at(day, 12, 0));
        self.all(schools.into_iter().map(|school| (school, day)), Self::declare).await?;
        Ok(())
    }

    /// Does `step` for all, side by side; the order of their results is that of the input.
    async fn all<I, O, F>(
        &self,
        inputs: impl IntoIterator<Item = I>,
        step: impl Fn(Self, I) -> F,
    ) -> Result<Vec<O>, ApiError>
    where
        O: Send + 'static,
        F: Future<Output = Result<O, ApiError>> + Send + 'static,
    {
        let mut tasks = JoinSet::new();
        for (place, input) in inputs.into_iter().enumerate() {
            let task = step(self.clone(), input);
            tasks.spawn(async move { task.await.map(|output| (place, output)) });
        }
        let mut done = Vec::with_capacity(tasks.len());
        while let Some(joined) = tasks.join_next().await {
            done.push(joined.map_err(ApiError::internal)??);
        }
        done.sort_by_key(|(place, _)| *place);
        Ok(done.into_iter().map(|(_, output)| output).collect())
    }

    async fn place(self, basket: PlannedBasket) -> Result<Vec<Placed>, ApiError> {
        let school = self.school(basket.school)?;
        let request = PlaceBasketRequest {
            id: None,
            canteen_id: school.canteen_id,
            deliver_on: Some(basket.deliver_on),
            lines: basket
                .lines
                .iter()
                .map(|line| BasketLine {
                    listing_id: self.province.offers[line.offer].listing_id,
                    quantity: line.count.to_string(),
                    unit: line.unit.clone(),
                })
                .collect(),
        };
        let key = key(school, basket.deliver_on, "place", &request)?;
        let reply = ordering::place(&self.placer, &school.manager, Some(key), request, false).await?;
        let answer: Basket = reply.read()?;
        let orders = answer.orders.into_iter().map(|order| Placed {
            school: basket.school,
            deliver_on: basket.deliver_on,
            lines: basket.lines.clone(),
            order,
        });
        Ok(orders.collect())
    }

    /// The supplier confirms, now and then one line with less, and once in a while declines.
    async fn answer(self, placed: Placed) -> Result<Option<Placed>, ApiError> {
        let _turn = self.writers.acquire().await.map_err(ApiError::internal)?;
        let (school, supplier) = (self.school(placed.school)?, self.supplier(&placed.order)?);
        let id = placed.order.id;
        let any = IfMatch::Any;
        let dice = Dice::of(&["answer", &school.code, &supplier.code, &placed.deliver_on.to_string()]);
        if dice.in_thousand(DECLINED) {
            let request = ReasonRequest { reason: "雨天采收不足，本次无法供货".to_owned() };
            let key = key(school, placed.deliver_on, &format!("decline:{}", supplier.code), &request)?;
            ordering::withdraw(&self.ctx, &supplier.caller, Some(key), &any, id, &request, Side::Supplier).await?;
            return Ok(None);
        }
        let mut request = ConfirmOrderRequest::default();
        if dice.in_thousand(SHORT)
            && let Some(line) = placed.order.lines.first()
        {
            let less = count(&line.ordered.quantity)? * dice.between(80, 95) / 100;
            request.lines.push(ConfirmLineRequest { line_no: line.line_no, quantity: less.max(1).to_string() });
        }
        let key = key(school, placed.deliver_on, &format!("confirm:{}", supplier.code), &request)?;
        let reply = ordering::confirm(&self.ctx, &supplier.caller, Some(key), &any, id, request).await?;
        Ok(Some(Placed { order: reply.read()?, ..placed }))
    }

    async fn send(self, placed: Placed) -> Result<(Placed, Consignment), ApiError> {
        let _turn = self.writers.acquire().await.map_err(ApiError::internal)?;
        let (school, supplier) = (self.school(placed.school)?, self.supplier(&placed.order)?);
        let dice = Dice::of(&["send", &school.code, &supplier.code, &placed.deliver_on.to_string()]);
        let mut lines = Vec::with_capacity(placed.order.lines.len());
        for line in &placed.order.lines {
            let (offer, _) = self.planned(&placed, line.listing_id)?;
            let Some(confirmed) = &line.confirmed else { continue };
            lines.push(batch::sent_line(offer, supplier, line.line_no, confirmed, placed.deliver_on));
        }
        let vehicle = Some(format!("贵{}·{}", ["A", "C", "F", "H"][placed.school % 4], dice.between(10_000, 99_999)));
        let request = SendConsignmentRequest { id: None, vehicle, lines };
        let key = key(school, placed.deliver_on, &format!("send:{}", supplier.code), &request)?;
        let reply = delivery::send(&self.ctx, &supplier.caller, Some(key), placed.order.id, request).await?;
        let consignment = reply.read()?;
        Ok((placed, consignment))
    }

    async fn receive(self, (placed, consignment): (Placed, Consignment)) -> Result<Reply, ApiError> {
        let _turn = self.writers.acquire().await.map_err(ApiError::internal)?;
        let (school, supplier) = (self.school(placed.school)?, self.supplier(&placed.order)?);
        let day = placed.deliver_on;
        let mut lines = Vec::with_capacity(consignment.lines.len());
        for (line, ordered) in consignment.lines.iter().zip(&placed.order.lines) {
            let (offer, planned) = self.planned(&placed, ordered.listing_id)?;
            let sent = ordered.confirmed.as_ref().map_or(Ok(0), |sent| count(&sent.quantity))? * planned.per_unit;
            let no = line.line_no.to_string();
            let dice = Dice::of(&["weigh", &school.code, &supplier.code, &day.to_string(), &no]);
            lines.push(scale::weigh(&dice, offer, line.id, sent));
        }
        let request = ReceiveRequest { id: None, inspectors: school.inspectors.to_vec(), note: None, lines };
        let key = key(school, day, &format!("receive:{}", supplier.code), &request)?;
        let caller = school.inspector.clone();
        let scope = caller.actor.may(Action::Create, Resource::Receipt)?;
        let version = IfMatch::Any;
        self.receiver.submit(Arrived { caller, scope, key, version, consignment_id: consignment.id, request }).await
    }

    async fn declare(self, (school, day): (usize, NaiveDate)) -> Result<(), ApiError> {
        let _turn = self.writers.acquire().await.map_err(ApiError::internal)?;
        let school = self.school(school)?;
        let Some(request) = outside::purchase(&self.province, school, day) else { return Ok(()) };
        let key = key(school, day, "declare", &request)?;
        ledger::declare(&self.ctx, &school.manager, Some(key), request).await.map(drop)
    }

    fn school(&self, place: usize) -> Result<&DemoSchool, ApiError> {
        self.province.schools.get(place).ok_or_else(|| lost("school"))
    }

    fn supplier(&self, order: &Order) -> Result<&DemoSupplier, ApiError> {
        self.province.supplier_by_id(order.supplier_id).ok_or_else(|| lost("supplier"))
    }

    fn planned<'a>(
        &'a self,
        placed: &'a Placed,
        listing: entity::id::ListingId,
    ) -> Result<(&'a DemoOffer, &'a PlannedLine), ApiError> {
        let mut planned = placed.lines.iter().map(|line| (&self.province.offers[line.offer], line));
        planned.find(|(offer, _)| offer.listing_id == listing).ok_or_else(|| lost("offer"))
    }
}

fn lost(what: &str) -> ApiError {
    ApiError::internal(format!("the player lost a {what}"))
}

/// The planner orders whole units only.
fn count(quantity: &str) -> Result<i64, ApiError> {
    quantity.parse().map_err(|_| ApiError::internal(format!("{quantity} is no whole number of units")))
}

/// A key of its own for every step of every school and day, tied to the request as the API ties it.
fn key(school: &DemoSchool, day: NaiveDate, step: &str, request: &impl Serialize) -> Result<IdempotencyKey, ApiError> {
    let body = serde_json::to_vec(request).map_err(ApiError::internal)?;
    let body_hash = hex(digest::digest(&digest::SHA256, &body).as_ref());
    Ok(IdempotencyKey { key: format!("demo:{}:{day}:{step}", school.code), body_hash })
}
