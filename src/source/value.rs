//! Texts as values: what a text stands for in each type of column.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

/// A whole number of 64 bits as identifiers are written: no plus, no leading zero; zeros behind a
/// decimal mark, as programs write where a value is missing elsewhere, count for nothing.
pub(super) fn whole(text: &str, decimal_mark: u8) -> Option<i64> {
    let bytes = text.as_bytes();
    let mut digits = bytes;
    if let Some(mark) = memchr::memchr(decimal_mark, bytes) {
        let (before, zeros) = bytes.split_at(mark);
        if zeros.len() < 2 || zeros[1..].iter().any(|&zero| zero != b'0') {
            return None;
        }
        digits = before;
    }
    let unsigned = digits.strip_prefix(b"-").unwrap_or(digits);
    let is_canonical = match unsigned {
        [] => false,
        [b'0'] => true,
        [b'0', ..] => false,
        digits => digits.iter().all(u8::is_ascii_digit),
    };
    // The texts are cut at ASCII characters.
    is_canonical.then(|| text[..digits.len()].parse().ok())?
}

/// A number, or true and false as 1 and 0.
pub(super) fn number_or_truth(text: &str, decimal_mark: u8) -> Option<f64> {
    let truth = || {
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        is("true")
            .then_some(1.0)
            .or_else(|| is("false").then_some(0.0))
    };
    number(text, decimal_mark).or_else(truth)
}

/// A number as Rust and JSON write it, with the decimal mark of the file.
pub(super) fn number(text: &str, decimal_mark: u8) -> Option<f64> {
    if decimal_mark == b'.' {
        return text.parse().ok();
    }
    if text.contains('.') {
        return None;
    }
    text.replacen(char::from(decimal_mark), ".", 1).parse().ok()
}

/// True or false as pandas, R, SQL, JSON and spreadsheets write it.
pub(super) fn boolean(text: &str, decimal_mark: u8) -> Option<bool> {
    const TRUE: [&str; 6] = ["true", "t", "yes", "y", "on", "1"];
    const FALSE: [&str; 6] = ["false", "f", "no", "n", "off", "0"];
    let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(&TRUE) {
        return Some(true);
    }
    if is(&FALSE) {
        return Some(false);
    }
    match whole(text, decimal_mark) {
        Some(0) => Some(false),
        Some(1) => Some(true),
        _ => None,
    }
}

/// Days since 1970 of a date in ISO 8601, or of a date with the time 0:00.
pub(super) fn date(text: &str) -> Option<i32> {
    if let Some(days) = iso_date(text.as_bytes()) {
        return Some(days);
    }
    let (microseconds, _) = timestamp(text)?;
    (microseconds % DAY == 0).then(|| i32::try_from(microseconds / DAY).ok())?
}

/// The microseconds of a day.
const DAY: i64 = 86_400_000_000;

fn iso_date(bytes: &[u8]) -> Option<i32> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *bytes else {
        return None;
    };
    let year = two_digits(y1, y2)? * 100 + two_digits(y3, y4)?;
    let date = NaiveDate::from_ymd_opt(year as i32, two_digits(m1, m2)?, two_digits(d1, d2)?)?;
    Some(days(date))
}

fn days(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - DAYS_BEFORE_1970
}

/// Days from the first of January of year 1, which is day 1, to that of 1970.
const DAYS_BEFORE_1970: i32 = 719_163;

fn two_digits(tens: u8, ones: u8) -> Option<u32> {
    (tens.is_ascii_digit() && ones.is_ascii_digit())
        .then(|| u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
}

/// Microseconds since 1970 of a date with a time in ISO 8601, with a `T` or a space between them,
/// and whether an offset from UTC stands behind it; or of a date alone, which is its 0:00.
pub(crate) fn timestamp(text: &str) -> Option<(i64, bool)> {
    let bytes = text.as_bytes();
    let midnight = i64::from(iso_date(bytes.get(..10)?)?) * DAY;
    let rest = match bytes.get(10) {
        None => return Some((midnight, false)),
        Some(b'T' | b't' | b' ') => &text[11..],
        Some(_) => return None,
    };
    let (clock, offset) = split_offset(rest)?;
    let since = midnight + nanoseconds_of_day(clock)? / 1_000;
    Some((since - offset.unwrap_or(0) * 60_000_000, offset.is_some()))
}

/// The time of day, and the minutes by which it is ahead of UTC.
fn split_offset(text: &str) -> Option<(&str, Option<i64>)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, Some(0)));
    }
    if let Some(clock) = text.strip_suffix(" UTC") {
        return Some((clock, Some(0)));
    }
    let Some(position) = text.rfind(['+', '-']) else {
        return Some((text, None));
    };
    let sign = if text.as_bytes()[position] == b'-' {
        -1
    } else {
        1
    };
    let minutes = match text.as_bytes()[position + 1..] {
        [h1, h2] => two_digits(h1, h2)? * 60,
        [h1, h2, m1, m2] | [h1, h2, b':', m1, m2] => two_digits(h1, h2)? * 60 + two_digits(m1, m2)?,
        _ => return None,
    };
    Some((text[..position].trim_end(), Some(sign * i64::from(minutes))))
}

/// Nanoseconds since midnight of a time in ISO 8601: hours and minutes, seconds if need be, and
/// up to nine digits of a fraction of them.
pub(super) fn nanoseconds_of_day(text: &str) -> Option<i64> {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) => (clock, nanoseconds(fraction)?),
        None => (text, 0),
    };
    let (hours, minutes, seconds) = match *clock.as_bytes() {
        [h1, h2, b':', m1, m2] if !text.contains('.') => {
            (two_digits(h1, h2)?, two_digits(m1, m2)?, 0)
        }
        [h1, h2, b':', m1, m2, b':', s1, s2] => (
            two_digits(h1, h2)?,
            two_digits(m1, m2)?,
            two_digits(s1, s2)?,
        ),
        _ => return None,
    };
    let is_time = hours < 24 && minutes < 60 && seconds < 60;
    let seconds = i64::from(hours * 3_600 + minutes * 60 + seconds);
    is_time.then_some(seconds * 1_000_000_000 + fraction)
}

fn nanoseconds(fraction: &str) -> Option<i64> {
    let is_fraction = (1..=9).contains(&fraction.len());
    if !is_fraction || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits: i64 = fraction.parse().ok()?;
    Some(digits * 10_i64.pow(9 - fraction.len() as u32))
}

/// Microseconds of a duration as pandas (`1 days 02:03:04.5`), SQL (`02:03:04`) and ISO 8601
/// (`P1DT2H3M4.5S`) write it.
pub(super) fn duration(text: &str) -> Option<i64> {
    let (text, sign) = match text.strip_prefix('-') {
        Some(rest) => (rest, -1),
        None => (text, 1),
    };
    if let Some(parts) = text.strip_prefix('P') {
        return Some(sign * iso_duration(parts)?);
    }
    let (days, clock) = match text.split_once(" day") {
        None => (0, text),
        Some((days, rest)) => {
            let clock = rest.strip_prefix('s').unwrap_or(rest).trim_start();
            (days.trim().parse().ok()?, clock.trim_start_matches('+'))
        }
    };
    let clock = match clock.is_empty() {
        true => 0,
        false => nanoseconds_of_day(clock)? / 1_000,
    };
    // pandas writes minus an hour as `-1 days +23:00:00`: the days alone are negative.
    i64::checked_mul(sign * days, DAY)?.checked_add(if days == 0 { sign * clock } else { clock })
}

fn iso_duration(parts: &str) -> Option<i64> {
    let (days, clock) = parts.split_once('T').unwrap_or((parts, ""));
    let mut total = 0.0;
    for (text, units) in [
        (days, &[('W', 604_800.0), ('D', 86_400.0)][..]),
        (clock, &[('H', 3_600.0), ('M', 60.0), ('S', 1.0)][..]),
    ] {
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|c: char| c.is_ascii_uppercase())?;
            let count: f64 = rest[..end].parse().ok()?;
            let unit = rest[end..].chars().next()?;
            total += count * units.iter().find(|(name, _)| *name == unit)?.1;
            rest = &rest[end + 1..];
        }
    }
    let microseconds = (total * 1e6).round();
    (!parts.is_empty() && microseconds.abs() < 9e18).then_some(microseconds as i64)
}

/// Days since 1970 of a date in a notation of `strftime`.
pub(super) fn date_as(text: &str, format: &str) -> Option<i32> {
    let date = NaiveDate::parse_from_str(text, format).ok();
    let date = date.or_else(|| Some(NaiveDateTime::parse_from_str(text, format).ok()?.date()));
    date.map(days)
}

/// Microseconds since 1970 of a date with a time in a notation of `strftime`.
pub(super) fn timestamp_as(text: &str, format: &str) -> Option<i64> {
    if has_offset(format) {
        let instant = DateTime::parse_from_str(text, format).ok()?;
        return Some(instant.timestamp_micros());
    }
    if let Ok(timestamp) = NaiveDateTime::parse_from_str(text, format) {
        return Some(timestamp.and_utc().timestamp_micros());
    }
    Some(i64::from(days(NaiveDate::parse_from_str(text, format).ok()?)) * DAY)
}

/// Whether a notation of `strftime` has an offset from UTC, so that texts are instants.
pub(super) fn has_offset(format: &str) -> bool {
    let offsets = ["%z", "%:z", "%#z", "%+"];
    offsets.iter().any(|offset| format.contains(offset))
}

/// Nanoseconds since midnight of a time in a notation of `strftime`.
pub(super) fn time_as(text: &str, format: &str) -> Option<i64> {
    let time = NaiveTime::parse_from_str(text, format).ok()?;
    let seconds = i64::from(time.num_seconds_from_midnight());
    Some(seconds * 1_000_000_000 + i64::from(time.nanosecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_no_whole_numbers() {
        for (text, value) in [
            ("0", Some(0)),
            ("-7", Some(-7)),
            ("7.0", Some(7)),
            ("7.000", Some(7)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("007", None),
            ("+7", None),
            ("-", None),
            ("", None),
            ("7.", None),
            ("7.5", None),
            ("1e3", None),
            (" 7", None),
            ("٧", None),
        ] {
            assert_eq!(whole(text, b'.'), value, "{text}");
        }
        assert_eq!(whole("7,0", b','), Some(7));
    }

    #[test]
    fn decimal_marks_are_those_of_the_file() {
        assert_eq!(number("1.5", b'.'), Some(1.5));
        assert_eq!(number("1,5", b'.'), None);
        assert_eq!(number("1,5", b','), Some(1.5));
        assert_eq!(number("1.5", b','), None);
        assert_eq!(number("1.234,5", b','), None);
    }

    #[test]
    fn days_and_instants_are_counted_from_1970() {
        assert_eq!(date("1970-01-02"), Some(1));
        assert_eq!(date("1969-12-31 00:00:00"), Some(-1));
        assert_eq!(date("2023-02-29"), None);
        assert_eq!(date("2024-02-29T12:00"), None);
        let second = 1_000_000;
        for (text, found) in [
            ("1970-01-01", Some((0, false))),
            ("1970-01-01T00:00:01", Some((second, false))),
            ("1970-01-01 00:01", Some((60 * second, false))),
            ("1970-01-01 00:00:01.5", Some((1_500_000, false))),
            ("1970-01-01 00:00:00.123456789", Some((123_456, false))),
            ("1970-01-01T01:00:00Z", Some((3_600 * second, true))),
            ("1970-01-01T01:00:00+01:00", Some((0, true))),
            ("1970-01-01 01:00:00-0030", Some((5_400 * second, true))),
            ("1970-01-01T24:00:00", None),
            ("1970-01-01T", None),
            ("1970-01-01x", None),
            ("01.01.1970", None),
            ("1970-01-01 äöü", None),
        ] {
            assert_eq!(timestamp(text), found, "{text}");
        }
    }

    #[test]
    fn durations_are_read_as_pandas_sql_and_iso_8601_write_them() {
        let second = 1_000_000;
        for (text, found) in [
            ("1 days 00:00:01", Some(86_401 * second)),
            ("-1 days +23:00:00", Some(-3_600 * second)),
            ("0 days", Some(0)),
            ("02:00:00.5", Some(7_200_500_000)),
            ("P1DT2H", Some(93_600 * second)),
            ("-PT0.5S", Some(-500_000)),
            ("P", None),
            ("PT1D", None),
            ("1 daily", None),
        ] {
            assert_eq!(duration(text), found, "{text}");
        }
    }

    #[test]
    fn other_notations_are_those_of_strftime() {
        assert_eq!(date_as("02.01.1970", "%d.%m.%Y"), Some(1));
        assert_eq!(date_as("1970-01-02", "%d.%m.%Y"), None);
        assert_eq!(
            timestamp_as("1/1/1970 0:01", "%d/%m/%Y %H:%M"),
            Some(60_000_000)
        );
        assert_eq!(timestamp_as("1970-01-01 +0100", "%Y-%m-%d %z"), None);
        assert_eq!(time_as("1 pm", "%I %P"), None);
        assert_eq!(time_as("01:00 pm", "%I:%M %P"), Some(46_800_000_000_000));
    }
}
