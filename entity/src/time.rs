//! Instants as integer milliseconds: the same width and order on both databases.

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, TimeDelta, Utc};
use sea_orm::DeriveValueType;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// Milliseconds since 1970-01-01 UTC; written as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, DeriveValueType, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-03-02T22:05:00.000Z")]
pub struct Timestamp(pub i64);

/// China has one time zone and no summer time.
const CHINA_OFFSET: TimeDelta = TimeDelta::hours(8);

impl Timestamp {
    /// The business day in China (Asia/Shanghai) this instant falls on.
    #[must_use]
    pub fn business_day(self) -> NaiveDate {
        (self.utc() + CHINA_OFFSET).date_naive()
    }

    /// The same instant as a chrono value; instants chrono cannot hold become the epoch.
    #[must_use]
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or(DateTime::UNIX_EPOCH)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.utc().to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

/// `year * 100 + month`, the key of monthly totals.
#[must_use]
pub fn month_of(day: NaiveDate) -> i32 {
    day.year() * 100 + i32::try_from(day.month()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_business_day_is_china_s() {
        // 22:05 UTC is five past six the next morning in Guiyang, when goods arrive.
        let arrival = Timestamp(1_772_489_100_000);
        assert_eq!(serde_json::to_string(&arrival).expect("serialises"), "\"2026-03-02T22:05:00.000Z\"");
        let day = arrival.business_day();
        assert_eq!(day, NaiveDate::from_ymd_opt(2026, 3, 3).expect("a date"));
        assert_eq!(month_of(day), 202_603);
    }
}
