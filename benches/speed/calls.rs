//! The calls under load, as requests.

use crate::{
    client::{once, request},
    history::{MONTHS, buyer_of},
    seed::{
        BUYERS, Kind, LINES, Market, OFFERS_EACH, OFFICER, PASSWORD, SCHOOLS, SUPPLIERS, id, inspector, manager, pick,
    },
};
use chrono::{Datelike, Days, NaiveDate};
use std::{cell::Cell, net::SocketAddr, rc::Rc};
use uuid::Uuid;

/// Who is logged in.
pub struct Tokens {
    officer: String,
    managers: Vec<String>,
}

impl Tokens {
    /// Logs everybody in over HTTP.
    pub fn log_in(address: SocketAddr) -> Result<Self, String> {
        let managers = (0..BUYERS).map(|n| token(address, &manager(n))).collect::<Result<_, _>>()?;
        Ok(Self { officer: token(address, OFFICER)?, managers })
    }
}

/// The access token of a log-in over HTTP.
pub fn token(address: SocketAddr, name: &str) -> Result<String, String> {
    let body = serde_json::json!({ "username": name, "password": PASSWORD }).to_string();
    let (status, answer) = once(address, &request("POST", "/api/v1/auth/login", "", None, &body))?;
    let answer: serde_json::Value = serde_json::from_str(&answer).map_err(|error| error.to_string())?;
    answer["access_token"].as_str().map(str::to_owned).ok_or_else(|| format!("log-in of {name}: {status} {answer}"))
}

/// What a call sends next; each request is different. Ends when there is nothing left to send.
pub type Next = Box<dyn Fn() -> Option<Vec<u8>>>;

/// The calls that are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Place,
    Receive,
    Offers,
    NewOffers,
    Share,
    NewShare,
    Province,
}

/// All of them, in the order of the table.
pub const CALLS: [Call; 7] =
    [Call::Place, Call::Receive, Call::Offers, Call::NewOffers, Call::Share, Call::NewShare, Call::Province];

impl Call {
    /// As `--calls` names it.
    pub fn short(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::Receive => "receive",
            Self::Offers => "offers",
            Self::NewOffers => "offers-cold",
            Self::Share => "share",
            Self::NewShare => "share-cold",
            Self::Province => "province",
        }
    }

    /// As the table names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Place => "place an order of 10 lines, one supplier",
            Self::Receive => "receive a consignment of 10 lines",
            Self::Offers => "20 offers of 2,000, 24 filters",
            Self::NewOffers => "20 offers of 2,000, no query twice",
            Self::Share => "a school's year, 400 schools",
            Self::NewShare => "a school's year, no query twice",
            Self::Province => "the province by prefecture by month",
        }
    }
}

/// Makes requests of every call; one for the whole run over a database, so that no key and no consignment is used twice.
pub struct Requests {
    tokens: Rc<Tokens>,
    counter: Rc<Cell<u64>>,
    received: Rc<Cell<u64>>,
    counties: Rc<Vec<String>>,
    today: NaiveDate,
}

impl Requests {
    /// With everybody logged in.
    pub fn new(tokens: Tokens, market: &Market) -> Self {
        Self {
            tokens: Rc::new(tokens),
            counter: Rc::default(),
            received: Rc::default(),
            counties: Rc::new(market.counties.clone()),
            today: market.today,
        }
    }

    /// What `call` sends; of receipts at most `most`.
    pub fn of(&self, call: Call, most: u64) -> Next {
        let (tokens, counter, counties) =
            (Rc::clone(&self.tokens), Rc::clone(&self.counter), Rc::clone(&self.counties));
        let today = self.today;
        let year = today.year() - 1;
        let tick = move || counter.replace(counter.get() + 1);
        let get = move |tokens: &Tokens, target: &str| Some(request("GET", target, &tokens.officer, None, ""));
        match call {
            Call::Place => Box::new(move || Some(place(&tokens, tick()))),
            Call::Receive => {
                let received = Rc::clone(&self.received);
                let last = received.get() + most;
                Box::new(move || {
                    let n = received.get();
                    (n < last).then(|| {
                        received.set(n + 1);
                        receive(&tokens, n)
                    })
                })
            }
            Call::Offers => Box::new(move || get(&tokens, &offers(&counties, tick() % 24))),
            Call::NewOffers => Box::new(move || {
                let n = tick();
                let day = today.checked_add_days(Days::new(n / 24 % 300)).unwrap_or(today);
                let mut target = format!("{}&deliver_on={day}", offers(&counties, n % 24));
                if !target.contains("deliver_to") {
                    target += &format!("&deliver_to={}", pick(&counties, n / 24 / 300));
                }
                get(&tokens, &target)
            }),
            Call::Share => Box::new(move || {
                let school: Uuid = id(Kind::School, tick() * 7 % SCHOOLS);
                get(&tokens, &format!("/api/v1/shares/schools/{school}?from={year}-01-01&to={year}-12-31"))
            }),
            Call::NewShare => Box::new(move || {
                let n = tick();
                let school: Uuid = id(Kind::School, n * 7 % SCHOOLS);
                let (before, day) = (n / SCHOOLS % 3 + 1, n / SCHOOLS / 3 % 28 + 1);
                let from = format!("{}-12-{day:02}", i64::from(year) - i64::try_from(before).unwrap_or(1));
                get(&tokens, &format!("/api/v1/shares/schools/{school}?from={from}&to={year}-12-31"))
            }),
            Call::Province => Box::new(move || {
                let first = *pick(&MONTHS, tick());
                let target =
                    format!("/api/v1/shares/divisions/520000?by=child_month&from={year}-{first:02}-01&to={year}-12-31");
                get(&tokens, &target)
            }),
        }
    }
}

/// One of 24 pages of offers.
fn offers(counties: &[String], n: u64) -> String {
    let filter = match n % 8 {
        0 => String::new(),
        1 => "&poverty_area=true".to_owned(),
        2 => "&category=VEGETABLE".to_owned(),
        3 => "&supplier_kind=cooperative".to_owned(),
        4 => format!("&origin={}00", &pick(counties, n)[..4]),
        5 => format!("&deliver_to={}", pick(counties, n * 3)),
        6 => "&q=%E8%8F%9C".to_owned(),
        _ => "&supplier_kind=processor&poverty_area=false".to_owned(),
    };
    let sort = *pick(&["price", "-price", "name"], n / 8);
    format!("/api/v1/listings?limit=20&sort={sort}{filter}")
}

fn place(tokens: &Tokens, n: u64) -> Vec<u8> {
    let (buyer, supplier) = (n % BUYERS, n * 31 % SUPPLIERS);
    let lines: Vec<_> = (0..LINES)
        .map(|line| {
            let listing: Uuid = id(Kind::Listing, supplier * OFFERS_EACH + line);
            serde_json::json!({ "listing_id": listing, "quantity": "20", "unit": "jin" })
        })
        .collect();
    let canteen: Uuid = id(Kind::Canteen, buyer);
    let body = serde_json::json!({ "canteen_id": canteen, "lines": lines }).to_string();
    request("POST", "/api/v1/orders", pick::<String>(&tokens.managers, buyer), Some(&format!("place-{n}")), &body)
}

fn receive(tokens: &Tokens, n: u64) -> Vec<u8> {
    let buyer = buyer_of(n);
    let lines: Vec<_> = (0..LINES)
        .map(|line| {
            let batch: Uuid = id(Kind::ConsignmentLine, n * LINES + line);
            serde_json::json!({ "consignment_line_id": batch, "gross": "10.300", "tare": "0.300" })
        })
        .collect();
    let body = serde_json::json!({ "inspectors": [manager(buyer), inspector(buyer)], "lines": lines }).to_string();
    let consignment: Uuid = id(Kind::Consignment, n);
    let target = format!("/api/v1/consignments/{consignment}/receipt");
    request("POST", &target, pick::<String>(&tokens.managers, buyer), Some(&format!("receive-{n}")), &body)
}
