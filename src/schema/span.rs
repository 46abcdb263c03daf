//! Spans of time as a user writes them.

use std::fmt::{Display, Formatter};
use std::str::FromStr;

use chrono::{Months, TimeDelta};
use serde::{Deserialize, Serialize};

use super::timestamp::Timestamp;

/// A span of time: a whole number, 1 or more, and its unit, such as `8w`. Months and years are
/// those of the calendar: a month before 31 March is 28 February, or the 29th.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span {
    count: u32,
    unit: SpanUnit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SpanUnit {
    Seconds,
    Minutes,
    Hours,
    Days,
    Weeks,
    Months,
    Years,
}

/// A text that is no span of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not a span of time; write a whole number and one of s, min, h, d, w, mo, y, such as 8w"
)]
pub struct SpanError(
    /// The text.
    pub String,
);

impl SpanUnit {
    const ALL: [(Self, &str); 7] = [
        (Self::Seconds, "s"),
        (Self::Minutes, "min"),
        (Self::Hours, "h"),
        (Self::Days, "d"),
        (Self::Weeks, "w"),
        (Self::Months, "mo"),
        (Self::Years, "y"),
    ];

    fn name(self) -> &'static str {
        let mut all = Self::ALL.into_iter();
        all.find(|(unit, _)| *unit == self)
            .map_or("", |(_, name)| name)
    }
}

impl Span {
    /// The instant that lies this span before another; nothing where there is none.
    pub(crate) fn before(self, end: Timestamp) -> Option<Timestamp> {
        let seconds = |each: i64| {
            let span = TimeDelta::try_seconds(i64::from(self.count) * each)?;
            end.try_map(|end| end.checked_sub_signed(span))
        };
        let months = |each: u32| {
            let span = Months::new(self.count.checked_mul(each)?);
            end.try_map(|end| end.checked_sub_months(span))
        };
        match self.unit {
            SpanUnit::Seconds => seconds(1),
            SpanUnit::Minutes => seconds(60),
            SpanUnit::Hours => seconds(3_600),
            SpanUnit::Days => seconds(86_400),
            SpanUnit::Weeks => seconds(7 * 86_400),
            SpanUnit::Months => months(1),
            SpanUnit::Years => months(12),
        }
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let trimmed = text.trim();
        let digits = trimmed.find(|c: char| !c.is_ascii_digit());
        let (count, name) = trimmed.split_at(digits.unwrap_or(trimmed.len()));
        let mut all = SpanUnit::ALL.into_iter();
        let unit = all.find(|(_, other)| *other == name.trim());
        let count = count.parse().ok().filter(|count| *count > 0);
        let both = count.zip(unit);
        both.map(|(count, (unit, _))| Self { count, unit })
            .ok_or_else(|| SpanError(text.to_owned()))
    }
}

impl Display for Span {
    fn fmt(&self, formatter: &mut Formatter) -> std::fmt::Result {
        write!(formatter, "{}{}", self.count, self.unit.name())
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

impl TryFrom<String> for Span {
    type Error = SpanError;

    fn try_from(text: String) -> Result<Self, SpanError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_counted_back_by_the_calendar() {
        let before = |span: &str, end: &str| {
            let span: Span = span.parse().unwrap();
            assert_eq!(span.to_string().parse(), Ok(span));
            span.before(end.parse().unwrap()).unwrap().to_string()
        };
        assert_eq!(before("90s", "2013-10-01T00:01:30"), "2013-10-01");
        assert_eq!(before("30min", "2013-10-01T00:30"), "2013-10-01");
        assert_eq!(before("36h", "2013-10-02T12:00"), "2013-10-01");
        assert_eq!(before("8w", "2013-10-01"), "2013-08-06");
        assert_eq!(before("1mo", "2013-03-31"), "2013-02-28");
        assert_eq!(before("1 y", "2012-02-29"), "2011-02-28");
        assert_eq!(before("14mo", "2013-10-01"), "2012-08-01");
        let far: Span = "4294967295y".parse().unwrap();
        assert_eq!(far.before("2013-10-01".parse().unwrap()), None);
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for wrong in [
            "",
            "8",
            "w",
            "0d",
            "-1d",
            "1.5h",
            "3m",
            "8weeks",
            "99999999999d",
        ] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }
}
