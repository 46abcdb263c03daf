//! Instants as a user writes them.

use std::fmt::{Display, Formatter};
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// An instant. Its text form is that of ISO 8601: a date, `2013-10-01`, or a date with a time,
/// `2013-10-01T12:30`, with an offset or without one; without, it is UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(DateTime<Utc>);

/// A text that is no instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is neither a date nor a date with a time; write 2013-10-01 or 2013-10-01T12:30:00+02:00"
)]
pub struct TimestampError(
    /// The text.
    pub String,
);

const NANOSECONDS: i128 = 1_000_000_000;

impl Timestamp {
    /// Nanoseconds since 1970.
    pub(crate) fn nanoseconds(self) -> i128 {
        let part = i128::from(self.0.timestamp_subsec_nanos());
        i128::from(self.0.timestamp()) * NANOSECONDS + part
    }

    /// The instant so many nanoseconds since 1970; nothing for one that is some 260,000 years away.
    pub(crate) fn of_nanoseconds(nanoseconds: i128) -> Option<Self> {
        let seconds = nanoseconds.div_euclid(NANOSECONDS).try_into().ok()?;
        let part = nanoseconds.rem_euclid(NANOSECONDS).try_into().ok()?;
        DateTime::from_timestamp(seconds, part).map(Self)
    }

    pub(super) fn try_map(
        self,
        change: impl FnOnce(DateTime<Utc>) -> Option<DateTime<Utc>>,
    ) -> Option<Self> {
        change(self.0).map(Self)
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let text = text.trim();
        // A space stands for the T, too.
        let iso = text.replacen(' ', "T", 1);
        let date = || NaiveDate::parse_from_str(&iso, "%Y-%m-%d").ok();
        let naive = || {
            let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
            let mut read = forms
                .iter()
                .map(|form| NaiveDateTime::parse_from_str(&iso, form));
            read.find_map(Result::ok)
        };
        let zoned = || {
            let forms = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"];
            let iso = match iso.strip_suffix(['Z', 'z']) {
                Some(iso) => format!("{iso}+00:00"),
                None => iso.clone(),
            };
            let mut read = forms
                .iter()
                .map(|form| DateTime::parse_from_str(&iso, form));
            read.find_map(Result::ok)
        };
        date()
            .map(|date| date.and_time(NaiveTime::MIN))
            .or_else(naive)
            .map(|time| time.and_utc())
            .or_else(|| zoned().map(|time| time.to_utc()))
            .map(Self)
            .ok_or_else(|| TimestampError(text.to_owned()))
    }
}

impl Display for Timestamp {
    fn fmt(&self, formatter: &mut Formatter) -> std::fmt::Result {
        match self.0.time() == NaiveTime::MIN {
            true => write!(formatter, "{}", self.0.date_naive()),
            false => {
                let text = self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true);
                formatter.write_str(&text)
            }
        }
    }
}

impl From<Timestamp> for String {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0.to_rfc3339_opts(SecondsFormat::AutoSi, true)
    }
}

impl TryFrom<String> for Timestamp {
    type Error = TimestampError;

    fn try_from(text: String) -> Result<Self, TimestampError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_read_with_and_without_an_offset() {
        let read = |text: &str| text.parse::<Timestamp>().map(|read| read.to_string());
        for (text, expected) in [
            ("2013-10-01", "2013-10-01"),
            ("2013-10-01T00:00", "2013-10-01"),
            ("2013-10-01 12:30", "2013-10-01T12:30:00Z"),
            ("2013-10-01T12:30:15.25", "2013-10-01T12:30:15.250Z"),
            ("2013-10-01T12:30Z", "2013-10-01T12:30:00Z"),
            ("2013-10-01T02:00:00+02:00", "2013-10-01"),
            ("2013-10-01 12:30+0530", "2013-10-01T07:00:00Z"),
        ] {
            assert_eq!(read(text), Ok(expected.to_owned()));
        }
        for wrong in [
            "",
            "2013",
            "2013-13-01",
            "2013-02-30",
            "1.10.2013",
            "12:30",
            "2013-10-01x",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn nanoseconds_are_counted_from_1970_in_both_directions() {
        for text in [
            "1969-12-31T23:59:59.999999999Z",
            "1970-01-01",
            "9999-12-31",
            "0001-01-01",
        ] {
            let timestamp: Timestamp = text.parse().unwrap();
            assert_eq!(
                Timestamp::of_nanoseconds(timestamp.nanoseconds()),
                Some(timestamp)
            );
        }
        assert_eq!(Timestamp::of_nanoseconds(i128::MAX), None);
        assert_eq!(
            "1969-12-31T23:59:59"
                .parse::<Timestamp>()
                .unwrap()
                .nanoseconds(),
            -NANOSECONDS
        );
    }
}
