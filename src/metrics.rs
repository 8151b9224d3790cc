//! Request figures in the Prometheus text format.

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};
use std::time::Instant;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

/// Counters by route and status, and times by route.
pub struct Metrics {
    registry: Registry,
    requests: Family<Call, Counter>,
    seconds: Family<Route, Histogram>,
}

/// Upper bounds in seconds, from half a millisecond to five seconds.
const BUCKETS: [f64; 10] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

impl Default for Metrics {
    fn default() -> Self {
        let requests = Family::<Call, Counter>::default();
        let seconds = Family::<Route, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
        let mut registry = Registry::with_prefix("xiaonong");
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register("http_request_seconds", "Time to answer", seconds.clone());
        Self { registry, requests, seconds }
    }
}

impl Metrics {
    /// Starts timing a request.
    #[must_use]
    pub fn start(&self) -> Instant {
        Instant::now()
    }

    /// Counts an answered request under its route template, never its concrete path.
    pub fn finish(&self, started: Instant, method: &str, route: &str, status: u16) {
        let call = Call { method: method.to_owned(), route: route.to_owned(), status };
        self.requests.get_or_create(&call).inc();
        self.seconds.get_or_create(&Route { route: route.to_owned() }).observe(started.elapsed().as_secs_f64());
    }

    /// The figures as text.
    ///
    /// # Errors
    /// When formatting fails.
    pub fn render(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
