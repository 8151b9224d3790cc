//! A school's day on the marketplace: orders, consignments and weighed receipts, and the ledger lines they leave.

use super::{goods::Good, market::Offer, outside, prices::asked, registry::Buyer, rowset::Rowset};
use crate::{
    clock::{FixedClock, Ids, SeededEntropy},
    demo::{Dice, at},
    ledger::Frozen,
};
use chrono::{Days, NaiveDate};
use entity::{
    certificate,
    consignment::{self, ConsignmentStatus},
    consignment_line,
    id::{AccountId, ConsignmentId, ConsignmentLineId, OrderId, PurchaseLineId, ReceiptId, ReceiptLineId, SupplierId},
    money::Fen,
    order_line, purchase_line,
    purchase_line::Channel,
    purchase_order::{self, OrderStatus},
    receipt, receipt_inspector,
    receipt_line::{self, RejectAction},
    school::SchoolStage,
    time::{Timestamp, month_of},
    weight::{BaseQuantity, Gram},
};
use std::{collections::BTreeMap, sync::Arc};

/// What all schools of a county buy from in one month.
pub struct Month<'a> {
    /// Seed of the run.
    pub seed: u64,
    /// The goods.
    pub goods: &'a [Good],
    /// The offers the county's kitchens look at.
    pub offers: &'a [Offer],
    /// What a line of each offer comes down to: with its documents, and without.
    pub frozen: &'a [[Frozen; 2]],
    /// Offers of each good, those from listed counties first and how many they are.
    pub by_good: &'a [(Vec<usize>, usize)],
    /// Who orders, signs and declares.
    pub people: [AccountId; 2],
}

/// Makes ids and throws the dice of one school's day.
pub struct Day<'a> {
    pub month: &'a Month<'a>,
    pub buyer: &'a Buyer,
    pub date: NaiveDate,
    pub dice: Dice,
    clock: Arc<FixedClock>,
    ids: Ids,
}

/// What a line of the day is to be.
#[derive(Clone, Copy)]
pub struct Wish {
    /// The offer it is bought from.
    pub offer: usize,
    /// Grams or pieces, whole price units.
    pub quantity: BaseQuantity,
}

impl<'a> Day<'a> {
    pub fn new(month: &'a Month<'a>, buyer: &'a Buyer, day: NaiveDate) -> Self {
        let words = [buyer.school.code.as_str(), &day.to_string()];
        let dice = Dice::seeded(month.seed, &["day", words[0], words[1]]);
        let clock = Arc::new(FixedClock::new(at(day, 6, 0)));
        let entropy = SeededEntropy::new(Dice::seeded(month.seed, &["ids", words[0], words[1]]).bits());
        let ids = Ids::new(clock.clone(), Arc::new(entropy));
        Self { month, buyer, date: day, dice, clock, ids }
    }

    /// An id made at `moment`.
    pub fn id<T: From<uuid::Uuid>>(&self, moment: Timestamp) -> T {
        self.clock.set(moment);
        self.ids.next()
    }

    /// Buys what the day's menu asks for: three quarters on the marketplace, the rest outside.
    pub fn buy(&self, rows: &mut Rowset) {
        let mut orders: BTreeMap<&str, Vec<Wish>> = BTreeMap::new();
        let mut market = Vec::new();
        for wish in self.menu() {
            if self.dice.in_thousand(240) {
                market.push(wish);
            } else {
                orders.entry(self.month.offers[wish.offer].seller.as_str()).or_default().push(wish);
            }
        }
        for wishes in orders.values() {
            self.deliver(wishes, rows);
        }
        if !market.is_empty() {
            outside::declare(self, &market, rows);
        }
    }

    /// Twelve to eighteen products in season, each from an offer the school is drawn to.
    fn menu(&self) -> Vec<Wish> {
        let goods = self.month.goods;
        let wanted = usize::try_from(self.dice.between(12, 18)).unwrap_or(15);
        let mut taken = vec![false; goods.len()];
        let mut wishes = Vec::with_capacity(wanted);
        for _ in 0..wanted * 4 {
            if wishes.len() == wanted {
                break;
            }
            let place = self.dice.index(goods.len());
            let good = &goods[place];
            if taken[place] || !good.in_season(self.date) {
                continue;
            }
            let (offers, listed) = &self.month.by_good[place];
            let drawn = self.dice.in_thousand(self.buyer.attraction);
            let choice = if drawn && *listed > 0 { &offers[..*listed] } else { &offers[*listed..] };
            let Some(offer) = self.dice.pick(choice).or_else(|| self.dice.pick(offers)) else { continue };
            taken[place] = true;
            wishes.push(Wish { offer: *offer, quantity: self.portion(good) });
        }
        wishes
    }

    fn portion(&self, good: &Good) -> BaseQuantity {
        let appetite = match self.buyer.school.stage {
            SchoolStage::Kindergarten => 70,
            SchoolStage::Primary => 100,
            SchoolStage::Junior => 140,
            SchoolStage::Senior | SchoolStage::Vocational | SchoolStage::University => 180,
        };
        let quantity = good.quantity(self.buyer.school.diners) * appetite / 100 * self.dice.between(70, 130) / 100;
        let units = (quantity + good.unit_base.0 / 2) / good.unit_base.0;
        BaseQuantity(units.max(1) * good.unit_base.0)
    }

    /// One supplier's order of the day before, delivered in the morning and received in full or in part.
    fn deliver(&self, wishes: &[Wish], rows: &mut Rowset) {
        let before = self.date.checked_sub_days(Days::new(1)).unwrap_or(self.date);
        let placed_at = at(before, self.dice.between(17, 20), self.dice.between(0, 59));
        let received_at = at(self.date, 6, self.dice.between(0, 59));
        let offer = |wish: &Wish| &self.month.offers[wish.offer];
        let supplier_id = offer(&wishes[0]).listing.supplier_id;
        let order_id = self.id(placed_at);
        let consignment_id = self.id(received_at);
        let receipt_id = self.id(received_at);
        let (mut ordered, mut accepted) = (Fen(0), Fen(0));
        for (line_no, wish) in (1..).zip(wishes) {
            let Offer { listing, good, seller, .. } = offer(wish);
            let good = &self.month.goods[*good];
            let price = asked(self.month.seed, good, seller, self.date);
            let amount = price.times(wish.quantity, listing.unit_base).unwrap_or(Fen(0));
            let order_line_id = self.id(placed_at);
            rows.order_lines.push(order_line::Model {
                id: order_line_id,
                order_id,
                line_no,
                listing_id: listing.id,
                product_code: listing.product_code.clone(),
                origin_division_code: listing.origin_division_code.clone(),
                producer_household_id: listing.producer_household_id,
                unit_code: listing.unit_code.clone(),
                unit_base: listing.unit_base,
                quantity_base: wish.quantity,
                confirmed_base: Some(wish.quantity),
                price_fen: price,
                price_unit_code: listing.unit_code.clone(),
                price_base: listing.unit_base,
                amount_fen: amount,
            });
            let consignment_line_id = self.id(received_at);
            rows.consignment_lines.push(consignment_line::Model {
                id: consignment_line_id,
                consignment_id,
                order_line_id,
                line_no,
                sent_base: wish.quantity,
                batch_number: format!("SIM-{seller}-{}", before.format("%y%m%d")),
                produced_on: Some(before),
                shelf_life_days: None,
                origin_division_code: listing.origin_division_code.clone(),
                producer_household_id: listing.producer_household_id,
            });
            let proven = offer(wish).certified && !self.dice.in_thousand(25);
            if proven {
                rows.certificates.push(certificate::Model {
                    id: self.id(received_at),
                    consignment_line_id,
                    kind: good.certificate,
                    number: format!("SIM-{seller}-{}", before.format("%y%m%d")),
                    issued_on: before,
                    issuer: seller.clone(),
                    origin_division_code: Some(listing.origin_division_code.clone()),
                });
            }
            let weighed = self.weigh(good, wish.quantity);
            let paid = price.times(weighed.accepted, listing.unit_base).unwrap_or(Fen(0));
            let receipt_line_id: ReceiptLineId = self.id(received_at);
            rows.receipt_lines.push(weighed.line(receipt_line_id, receipt_id, consignment_line_id, paid, good));
            ordered.0 += amount.0;
            accepted.0 += paid.0;
            if weighed.accepted.0 > 0 {
                let source = Source { channel: Channel::Marketplace, at: received_at, proven };
                let mut line = self.line(wish.offer, &source, paid, good.weight(weighed.accepted));
                line.receipt_line_id = Some(receipt_line_id);
                self.push(line, rows);
            }
        }
        self.close(
            &Trip { order_id, consignment_id, receipt_id, supplier_id, placed_at, received_at },
            ordered,
            accepted,
            rows,
        );
    }

    /// The order, its consignment and its receipt, once the lines are known.
    fn close(&self, trip: &Trip, ordered: Fen, accepted: Fen, rows: &mut Rowset) {
        let Trip { order_id, consignment_id, receipt_id, supplier_id, placed_at, received_at } = *trip;
        let (school_id, canteen_id) = (self.buyer.school.id, self.buyer.canteen_id);
        rows.orders.push(purchase_order::Model {
            id: order_id,
            basket_id: self.id(placed_at),
            canteen_id,
            school_id,
            supplier_id,
            status: OrderStatus::Received,
            deliver_on: self.date,
            amount_fen: ordered,
            placed_by: self.month.people[0],
            placed_at,
            answered_at: Some(Timestamp(placed_at.0 + 3_600_000)),
            reason: None,
            version: 4,
        });
        rows.consignments.push(consignment::Model {
            id: consignment_id,
            order_id,
            school_id,
            supplier_id,
            status: ConsignmentStatus::Received,
            sent_at: at(self.date, 4, 30),
            vehicle: None,
            version: 2,
        });
        rows.receipts.push(receipt::Model {
            id: receipt_id,
            consignment_id,
            order_id,
            school_id,
            canteen_id,
            supplier_id,
            received_on: self.date,
            received_at,
            received_by: self.month.people[0],
            amount_fen: accepted,
            note: None,
        });
        rows.inspectors.extend(self.month.people.map(|account_id| receipt_inspector::Model { receipt_id, account_id }));
    }

    /// A ledger line with the facts of its offer.
    pub fn line(&self, offer: usize, source: &Source, amount: Fen, weight: Option<Gram>) -> purchase_line::Model {
        let Offer { listing, good, .. } = &self.month.offers[offer];
        let frozen = &self.month.frozen[offer][usize::from(!source.proven)];
        let school = &self.buyer.school;
        purchase_line::Model {
            id: self.id::<PurchaseLineId>(source.at),
            county_code: school.county_code.clone(),
            reporting_unit_code: school.reporting_unit_code.clone(),
            school_id: school.id,
            canteen_id: self.buyer.canteen_id,
            purchased_on: self.date,
            month: month_of(self.date),
            channel: source.channel,
            receipt_line_id: None,
            declared_purchase_id: None,
            corrects_line_id: None,
            supplier_id: Some(listing.supplier_id),
            product_code: Some(listing.product_code.clone()),
            category_code: self.month.goods[*good].category_code.clone(),
            amount_fen: amount,
            weight_gram: weight,
            class: frozen.class.code(),
            origin_division_code: Some(listing.origin_division_code.clone()),
            origin_lists: frozen.origin_lists.clone(),
            producer_household_id: listing.producer_household_id,
            producer_status: frozen.producer_status.clone(),
            linked_households: frozen.linked_households,
            evidence: frozen.evidence.clone(),
            recorded_at: source.at,
        }
    }

    /// Keeps a line; three in a thousand lose their evidence later, by a reversing line and a new one.
    pub fn push(&self, line: purchase_line::Model, rows: &mut Rowset) {
        if line.class % 10 == 1 && self.dice.in_thousand(3) {
            let later = Timestamp(line.recorded_at.0 + self.dice.between(10, 60) * 86_400_000);
            let correcting = |amount, weight| purchase_line::Model {
                id: self.id::<PurchaseLineId>(later),
                corrects_line_id: Some(line.id),
                receipt_line_id: None,
                declared_purchase_id: None,
                amount_fen: amount,
                weight_gram: weight,
                recorded_at: later,
                ..line.clone()
            };
            let reversed = correcting(Fen(-line.amount_fen.0), line.weight_gram.map(|weight| Gram(-weight.0)));
            let unproven = purchase_line::Model {
                class: line.class - 1,
                evidence: None,
                ..correcting(line.amount_fen, line.weight_gram)
            };
            rows.lines.extend([line.clone(), reversed, unproven]);
        } else {
            rows.lines.push(line);
        }
    }

    fn weigh(&self, good: &Good, sent: BaseQuantity) -> Weighed {
        let loose = matches!(good.unit_code.as_str(), "jin" | "kg");
        let (dice, ten) = (&self.dice, |grams: i64| grams / 10 * 10);
        let net = if loose { ten(sent.0 - sent.0 * dice.between(0, 6) / 1000) } else { sent.0 };
        let tare = if loose { ten(sent.0 * dice.between(10, 20) / 1000) } else { 0 };
        let earthy = loose && good.category_code == "VEGETABLE" && dice.in_thousand(180);
        let deduction = if earthy { ten(net * dice.between(5, 20) / 1000) } else { 0 };
        let refused = if dice.in_thousand(25) { net * dice.between(5, 40) / 100 } else { 0 };
        let rejected = if loose { ten(refused) } else { refused / good.unit_base.0 * good.unit_base.0 };
        let accepted = BaseQuantity(net - deduction - rejected);
        Weighed { gross: net + tare, tare, deduction, rejected, accepted }
    }
}

/// One supplier's delivery of a day.
struct Trip {
    order_id: OrderId,
    consignment_id: ConsignmentId,
    receipt_id: ReceiptId,
    supplier_id: SupplierId,
    placed_at: Timestamp,
    received_at: Timestamp,
}

/// Where a ledger line comes from.
pub struct Source {
    /// Marketplace or declared.
    pub channel: Channel,
    /// When it was recorded.
    pub at: Timestamp,
    /// Whether documents came with it.
    pub proven: bool,
}

struct Weighed {
    gross: i64,
    tare: i64,
    deduction: i64,
    rejected: i64,
    accepted: BaseQuantity,
}

impl Weighed {
    fn line(
        &self,
        id: ReceiptLineId,
        receipt_id: ReceiptId,
        consignment_line_id: ConsignmentLineId,
        paid: Fen,
        good: &Good,
    ) -> receipt_line::Model {
        let refused = self.rejected > 0;
        receipt_line::Model {
            id,
            receipt_id,
            consignment_line_id,
            gross_base: BaseQuantity(self.gross),
            tare_base: BaseQuantity(self.tare),
            deduction_base: BaseQuantity(self.deduction),
            deduction_reason: (self.deduction > 0).then(|| "泥土".to_owned()),
            rejected_base: BaseQuantity(self.rejected),
            reject_reason: refused.then(|| "不新鲜".to_owned()),
            reject_action: refused.then_some(RejectAction::Returned),
            accepted_base: self.accepted,
            weight_gram: good.weight(self.accepted),
            amount_fen: paid,
        }
    }
}
