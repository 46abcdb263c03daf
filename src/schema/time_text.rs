//! Dates, times and instants as text, ISO 8601.

use chrono::{DateTime, Days, NaiveDate, SecondsFormat};

use super::column_type::ColumnType;
use super::value_type::Unit;

const NANOSECONDS: i64 = 1_000_000_000;

/// A timestamp with as many digits of a fraction as it needs; nothing for one beyond the calendar.
pub(crate) fn timestamp_text(count: i64, unit: Unit, has_zone: bool) -> Option<String> {
    let text = clock_text(count, unit.per_second())?;
    Some(if has_zone { text + "Z" } else { text })
}

/// A time of day in nanoseconds.
pub(crate) fn time_text(nanoseconds: i64) -> Option<String> {
    let text = clock_text(nanoseconds, NANOSECONDS)?;
    Some(text.split_once(' ')?.1.to_owned())
}

fn clock_text(count: i64, per_second: i64) -> Option<String> {
    let nanoseconds = count.rem_euclid(per_second) * (NANOSECONDS / per_second);
    let instant = DateTime::from_timestamp(count.div_euclid(per_second), nanoseconds as u32)?;
    let text = instant.to_rfc3339_opts(SecondsFormat::Nanos, true);
    let text = text.trim_end_matches('Z').trim_end_matches('0');
    Some(text.trim_end_matches('.').replacen('T', " ", 1))
}

fn date_text(days: i64) -> Option<String> {
    let epoch = NaiveDate::default();
    let date = match u64::try_from(days) {
        Ok(days) => epoch.checked_add_days(Days::new(days)),
        Err(_) => epoch.checked_sub_days(Days::new(days.unsigned_abs())),
    };
    Some(date?.to_string())
}

impl ColumnType {
    /// The last value of this type that is not above a threshold, as text; nothing for types whose
    /// values are numbers. Thresholds count days, nanoseconds of a day, or the unit of the type.
    ///
    /// ```
    /// use per_entity::schema::ColumnType;
    ///
    /// assert_eq!(ColumnType::Date.threshold_text(16_058.5).as_deref(), Some("2013-12-19"));
    /// assert_eq!(ColumnType::Number.threshold_text(0.5), None);
    /// ```
    pub fn threshold_text(&self, threshold: f64) -> Option<String> {
        let count = threshold.floor() as i64;
        match self {
            ColumnType::Date => date_text(count),
            ColumnType::Time => time_text(count),
            ColumnType::Timestamp { unit, zone } => timestamp_text(count, *unit, zone.is_some()),
            ColumnType::Duration { unit } => {
                Some(format!("{} s", threshold / unit.per_second() as f64))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_no_more_digits_than_it_needs() {
        let text = |count| timestamp_text(count, Unit::Microseconds, false).unwrap();
        assert_eq!(text(0), "1970-01-01 00:00:00");
        assert_eq!(text(1_500_000), "1970-01-01 00:00:01.5");
        assert_eq!(text(-1), "1969-12-31 23:59:59.999999");
        assert_eq!(text(36_000_000_000), "1970-01-01 10:00:00");
        assert_eq!(time_text(3_600 * NANOSECONDS).unwrap(), "01:00:00");
        assert_eq!(timestamp_text(i64::MAX, Unit::Milliseconds, false), None);
    }

    #[test]
    fn thresholds_are_shown_in_the_type_of_their_column() {
        let zoned = ColumnType::timestamp(Some("UTC".into()));
        assert_eq!(zoned.threshold_text(0.5).unwrap(), "1970-01-01 00:00:00Z");
        let duration = ColumnType::Duration {
            unit: Unit::Milliseconds,
        };
        assert_eq!(duration.threshold_text(1_500.0).unwrap(), "1.5 s");
        assert_eq!(ColumnType::Date.threshold_text(-0.5).unwrap(), "1969-12-31");
    }
}
