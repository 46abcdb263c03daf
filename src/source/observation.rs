//! What the texts of a column look like, over all rows of all files.

use super::value::timestamp;
use crate::schema::ColumnType;

/// What a text looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// A whole number of 64 bits.
    Whole,
    /// A whole number with zeros behind a decimal mark: `7.0`.
    WholeWithZeros,
    /// A number that is not whole, or has an exponent.
    Number,
    /// Digits that would not come back as they are: with a leading zero or plus, or too many.
    Identifier,
    /// `true` or `false`, in capitals or not.
    Boolean,
    /// `t`, `f`, `T` or `F`.
    BooleanLetter,
    Date,
    Timestamp,
    Instant,
    /// A number with a comma where the file's decimal mark is a point.
    WithComma,
    /// An object or a list of JSON.
    Nested,
    Other,
}

const LOOKS: usize = Look::Other as usize + 1;

/// How many examples are kept, and how long they may be.
const EXAMPLES: usize = 3;
const EXAMPLE_LENGTH: usize = 40;

/// How many texts of one look are looked at for examples.
const LOOKED_AT: u64 = 100;

/// What the texts of a column look like.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observation {
    counts: [u64; LOOKS],
    /// Fields that are missing.
    pub missing: u64,
    /// Whether some of them are empty.
    has_empty: bool,
    /// By text that stands for a missing value: whether there is one.
    missing_texts: Vec<bool>,
    /// Numbers that Polars would not read as they are.
    unusual_numbers: bool,
    letters: [bool; 2],
    /// How false and true are written, where it is in one way each.
    spelling: [Spelling; 2],
    /// The first texts that are not numbers.
    examples: Vec<String>,
    /// The last whole number, while each was larger by 1 than the one before.
    counting: Counting,
}

#[derive(Clone, Debug, Default, PartialEq)]
enum Spelling {
    #[default]
    Unseen,
    One(String),
    Several,
}

impl Spelling {
    fn join(&mut self, other: Self) {
        match (&*self, other) {
            (_, Spelling::Unseen) => {}
            (Spelling::Unseen, other) => *self = other,
            (one, other) if *one == other => {}
            _ => *self = Spelling::Several,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Counting {
    #[default]
    Nothing,
    /// From the first to the last.
    Up(i64, i64),
    Not,
}

/// How texts stand for values in a file.
#[derive(Clone, Debug)]
pub(crate) struct Texts {
    /// Texts that stand for a missing value.
    pub missing: Vec<String>,
    /// Whether white space around texts is stripped.
    pub trim: bool,
    /// What stands between the whole part and the fraction of a number.
    pub decimal_mark: u8,
    /// The column whose texts lose one full stop at their end.
    pub stopped: Option<String>,
}

impl Observation {
    /// Looks at one text.
    pub fn look_at(&mut self, text: &[u8], texts: &Texts) {
        let trimmed = text.trim_ascii();
        if trimmed.is_empty() && (texts.trim || text.is_empty()) {
            self.missing += 1;
            self.has_empty = true;
            self.unusual_numbers |= !text.is_empty();
            return;
        }
        let meant = if texts.trim { trimmed } else { text };
        if !texts.missing.is_empty() && self.is_missing(meant, texts) {
            self.missing += 1;
            self.unusual_numbers |= text.strip_prefix(b" ").unwrap_or(text) != meant;
            return;
        }
        let look = self.look(trimmed, text, texts.decimal_mark);
        self.note(look, text);
    }

    /// Looks at a value of JSON as it is written.
    pub fn look_at_json(&mut self, value: &str, texts: &Texts) {
        match value.as_bytes().first() {
            None | Some(b'n') => self.missing += 1,
            Some(b't' | b'f') => self.note(Look::Boolean, value.as_bytes()),
            Some(b'[' | b'{') => self.note(Look::Nested, value.as_bytes()),
            Some(_) => self.look_at(value.as_bytes(), texts),
        }
    }

    /// Looks at a text of JSON: what is in quotes there is no number.
    pub fn look_at_quoted(&mut self, text: &str, texts: &Texts) {
        let trimmed = if texts.trim { text.trim() } else { text };
        if self.is_missing(trimmed.as_bytes(), texts) {
            self.missing += 1;
            return;
        }
        let look = match time(trimmed.as_bytes()) {
            Some(look) => look,
            None => Look::Other,
        };
        self.note(look, text.as_bytes());
    }

    /// Notes a row that has no such field.
    pub fn leave_out(&mut self) {
        self.missing += 1;
    }

    fn is_missing(&mut self, text: &[u8], texts: &Texts) -> bool {
        let position = texts
            .missing
            .iter()
            .position(|missing| missing.as_bytes() == text);
        if let Some(position) = position {
            self.missing_texts.resize(texts.missing.len(), false);
            self.missing_texts[position] = true;
        }
        position.is_some()
    }

    fn look(&mut self, trimmed: &[u8], text: &[u8], decimal_mark: u8) -> Look {
        match trimmed.first() {
            Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b',') => {
                // Polars takes spaces before a number, and nothing else around it.
                let look = number(trimmed, decimal_mark);
                let blanks_before = text.iter().take_while(|byte| **byte == b' ').count();
                self.unusual_numbers |= blanks_before + trimmed.len() != text.len()
                    || matches!(look, Look::WholeWithZeros)
                    || look == Look::Number && !is_plain(trimmed);
                look
            }
            Some(b't' | b'f' | b'T' | b'F') => self.word(trimmed),
            Some(b'n' | b'N' | b'i' | b'I') if is_not_finite(trimmed) => {
                self.unusual_numbers = true;
                Look::Number
            }
            _ => Look::Other,
        }
    }

    fn word(&mut self, text: &[u8]) -> Look {
        match text {
            b"true" | b"True" | b"TRUE" | b"false" | b"False" | b"FALSE" => Look::Boolean,
            [letter] => {
                self.letters[usize::from(letter.eq_ignore_ascii_case(&b't'))] = true;
                Look::BooleanLetter
            }
            _ => Look::Other,
        }
    }

    fn note(&mut self, look: Look, text: &[u8]) {
        self.counts[look as usize] += 1;
        match look {
            Look::Whole => self.count_on(text),
            Look::WholeWithZeros | Look::Number => self.counting = Counting::Not,
            Look::Boolean | Look::BooleanLetter => self.spell(text.trim_ascii()),
            _ => {
                self.counting = Counting::Not;
                if self.examples.len() < EXAMPLES && self.counts[look as usize] <= LOOKED_AT {
                    self.keep_example(text);
                }
            }
        }
    }

    fn spell(&mut self, text: &[u8]) {
        self.counting = Counting::Not;
        let is_true = text
            .first()
            .is_some_and(|first| first.eq_ignore_ascii_case(&b't'));
        let spelling = &mut self.spelling[usize::from(is_true)];
        if matches!(spelling, Spelling::One(one) if one.as_bytes() == text) {
            return;
        }
        let text = String::from_utf8_lossy(text).into_owned();
        spelling.join(Spelling::One(text));
    }

    fn count_on(&mut self, text: &[u8]) {
        if self.counting == Counting::Not {
            return;
        }
        let number = std::str::from_utf8(text.trim_ascii()).ok();
        let number = number.and_then(|text| text.parse::<i64>().ok());
        self.counting = match (self.counting, number) {
            (Counting::Nothing, Some(number)) => Counting::Up(number, number),
            (Counting::Up(first, last), Some(number)) if last.checked_add(1) == Some(number) => {
                Counting::Up(first, number)
            }
            _ => Counting::Not,
        };
    }

    fn keep_example(&mut self, text: &[u8]) {
        let text: String = String::from_utf8_lossy(text)
            .chars()
            .take(EXAMPLE_LENGTH)
            .collect();
        if !self.examples.contains(&text) {
            self.examples.push(text);
        }
    }

    /// Adds what was seen further down, or in the next file.
    pub fn merge(&mut self, other: Self) {
        self.counting = match (self.counting, other.counting) {
            (one, Counting::Nothing) => one,
            (Counting::Nothing, other) => other,
            (Counting::Up(first, last), Counting::Up(next, end))
                if last.checked_add(1) == Some(next) =>
            {
                Counting::Up(first, end)
            }
            _ => Counting::Not,
        };
        for (count, other) in self.counts.iter_mut().zip(other.counts) {
            *count += other;
        }
        self.missing += other.missing;
        self.has_empty |= other.has_empty;
        let texts = self.missing_texts.len().max(other.missing_texts.len());
        self.missing_texts.resize(texts, false);
        for (one, other) in self.missing_texts.iter_mut().zip(other.missing_texts) {
            *one |= other;
        }
        self.unusual_numbers |= other.unusual_numbers;
        for (one, other) in self.letters.iter_mut().zip(other.letters) {
            *one |= other;
        }
        for (one, other) in self.spelling.iter_mut().zip(other.spelling) {
            one.join(other);
        }
        for example in other.examples {
            if self.examples.len() < EXAMPLES && !self.examples.contains(&example) {
                self.examples.push(example);
            }
        }
    }

    fn count(&self, look: Look) -> u64 {
        self.counts[look as usize]
    }

    /// Fields that are not missing.
    pub fn present(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Fields that are numbers.
    pub fn numbers(&self) -> u64 {
        self.count(Look::Whole) + self.count(Look::WholeWithZeros) + self.count(Look::Number)
    }

    /// Fields that are numbers with a comma where a point should be.
    pub fn numbers_with_comma(&self) -> u64 {
        self.count(Look::WithComma)
    }

    /// Whether a field is an object or a list of JSON.
    pub fn is_nested(&self) -> bool {
        self.count(Look::Nested) > 0
    }

    /// The first texts that are not numbers.
    pub fn examples(&self) -> &[String] {
        &self.examples
    }

    /// How false and true are written, where that is in one way each, and not as `false` and
    /// `true`.
    pub fn spelling(&self) -> Option<[String; 2]> {
        let [Spelling::One(no), Spelling::One(yes)] = &self.spelling else {
            return None;
        };
        (no != "false" || yes != "true").then(|| [no.clone(), yes.clone()])
    }

    /// Whether the column counts its rows: whole numbers, a hundred or more, each larger by 1 than
    /// the one before.
    pub fn counts_rows(&self) -> bool {
        const FEW_ROWS: u64 = 100;
        matches!(self.counting, Counting::Up(..)) && self.present() >= FEW_ROWS && self.missing == 0
    }

    /// The texts that stood for a missing value.
    pub fn missing_as(&self, texts: &Texts) -> Vec<String> {
        let empty = self.has_empty.then(String::new);
        let named = texts.missing.iter().zip(&self.missing_texts);
        let named = named
            .filter(|(_, seen)| **seen)
            .map(|(text, _)| text.clone());
        empty.into_iter().chain(named).collect()
    }

    /// Whether Polars reads the numbers of the column as they are.
    pub fn has_plain_numbers(&self) -> bool {
        !self.unusual_numbers && self.numbers() == self.present()
    }

    /// The narrowest type that all values are of.
    pub fn column_type(&self) -> ColumnType {
        let present = self.present();
        let all =
            |looks: &[Look]| looks.iter().map(|&look| self.count(look)).sum::<u64>() == present;
        if present == 0 {
            ColumnType::Text
        } else if all(&[Look::Whole, Look::WholeWithZeros]) {
            ColumnType::Whole
        } else if all(&[Look::Whole, Look::WholeWithZeros, Look::Number]) {
            ColumnType::Number
        } else if all(&[Look::Boolean]) || all(&[Look::BooleanLetter]) && self.letters == [true; 2]
        {
            ColumnType::Boolean
        } else if all(&[Look::Date]) {
            ColumnType::Date
        } else if all(&[Look::Date, Look::Timestamp]) {
            ColumnType::timestamp(None)
        } else if all(&[Look::Instant]) {
            ColumnType::timestamp(Some("UTC".into()))
        } else {
            ColumnType::Text
        }
    }
}

/// The look of a text that begins like a number.
fn number(text: &[u8], decimal_mark: u8) -> Look {
    let unsigned = match text {
        [b'-', rest @ ..] => rest,
        _ => text,
    };
    let digits = unsigned
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if digits == unsigned.len() && digits > 0 {
        return match unsigned {
            [b'0', _, ..] => Look::Identifier,
            _ if digits < 19 => Look::Whole,
            _ => match std::str::from_utf8(text).is_ok_and(|text| text.parse::<i64>().is_ok()) {
                true => Look::Whole,
                false => Look::Identifier,
            },
        };
    }
    if digits == 4
        && let Some(look) = time(text)
    {
        return look;
    }
    let Ok(text) = std::str::from_utf8(text) else {
        return Look::Other;
    };
    if super::value::number(text, decimal_mark).is_none() {
        return match super::value::number(text, b',') {
            Some(_) => Look::WithComma,
            None => Look::Other,
        };
    }
    match unsigned {
        [b'0', b'0'..=b'9', ..] | [b'+', ..] => Look::Identifier,
        _ if super::value::whole(text, decimal_mark).is_some() => Look::WholeWithZeros,
        _ => Look::Number,
    }
}

/// The look of a date or a timestamp.
fn time(text: &[u8]) -> Option<Look> {
    if text.get(4) != Some(&b'-') {
        return None;
    }
    let (_, has_offset) = timestamp(std::str::from_utf8(text).ok()?)?;
    Some(match (text.len(), has_offset) {
        (10, _) => Look::Date,
        (_, true) => Look::Instant,
        (_, false) => Look::Timestamp,
    })
}

/// Whether a number has digits on both sides of a decimal point, if it has one, and no exponent.
fn is_plain(text: &[u8]) -> bool {
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    let is_digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    match memchr::memchr(b'.', unsigned) {
        Some(point) => is_digits(&unsigned[..point]) && is_digits(&unsigned[point + 1..]),
        None => is_digits(unsigned),
    }
}

fn is_not_finite(text: &[u8]) -> bool {
    [&b"nan"[..], b"inf", b"infinity"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> Texts {
        Texts {
            missing: vec!["?".into()],
            trim: false,
            decimal_mark: b'.',
            stopped: None,
        }
    }

    fn observed(column: &[&str]) -> Observation {
        let mut observation = Observation::default();
        for text in column {
            observation.look_at(text.as_bytes(), &texts());
        }
        observation
    }

    #[test]
    fn a_column_has_the_narrowest_type_that_fits_all_values() {
        for (column, name) in [
            (&["1", "-2", "", "3"][..], "whole"),
            (&["1", "2.0"], "whole"),
            (&["1", "2.5", "1e3", "nan"], "number"),
            (&["1", "x"], "text"),
            (&["1", "02"], "text"),
            (&["1", "+2"], "text"),
            (&["1.5", "02.5"], "text"),
            (&["1", "12345678901234567890"], "text"),
            (&["TRUE", "False", "?"], "boolean"),
            (&["t", "f"], "boolean"),
            (&["F", "F"], "text"),
            (&["true", "1"], "text"),
            (&["2024-01-01"], "date"),
            (&["2024-01-01", "2024-01-01 10:00"], "timestamp[μs]"),
            (&["2024-01-01T10:00:00Z"], "timestamp[μs, UTC]"),
            (&["2024-01-01T10:00:00Z", "2024-01-01"], "text"),
            (&["2024-13-01"], "text"),
            (&["", "?"], "text"),
            (&["NaN-street"], "text"),
        ] {
            assert_eq!(
                observed(column).column_type().to_string(),
                name,
                "{column:?}"
            );
        }
    }

    #[test]
    fn what_is_in_quotes_in_json_is_no_number() {
        let mut observation = Observation::default();
        observation.look_at_quoted("7", &texts());
        assert_eq!(observation.column_type(), ColumnType::Text);
        let mut observation = Observation::default();
        observation.look_at_quoted("2024-01-01", &texts());
        observation.look_at_json("null", &texts());
        assert_eq!(observation.column_type(), ColumnType::Date);
        assert_eq!(observation.missing, 1);
    }

    #[test]
    fn parts_are_put_together_whatever_their_order() {
        let (one, other) = (["1", "2"], ["x", "", "?"]);
        for (first, second) in [(&one[..], &other[..]), (&other[..], &one[..])] {
            let mut all = observed(first);
            all.merge(observed(second));
            assert_eq!((all.numbers(), all.present(), all.missing), (2, 3, 2));
            assert_eq!(all.examples(), ["x"]);
            assert_eq!(all.missing_as(&texts()), ["", "?"]);
            assert_eq!(all.column_type(), ColumnType::Text);
        }
    }

    #[test]
    fn a_column_that_counts_its_rows_is_told() {
        let numbers = |last: u32| -> Vec<String> {
            let numbers = (7..200).chain([last]);
            numbers.map(|number| number.to_string()).collect()
        };
        for (last, counts) in [(200, true), (201, false), (199, false)] {
            let numbers = numbers(last);
            let texts: Vec<&str> = numbers.iter().map(String::as_str).collect();
            assert_eq!(observed(&texts).counts_rows(), counts);
        }
        assert!(!observed(&["1", "2", "3"]).counts_rows());
    }

    #[test]
    fn only_plain_numbers_are_left_to_polars() {
        assert!(observed(&["1", " -2.5", ""]).has_plain_numbers());
        for column in [
            ["1 "],
            ["\r1"],
            ["\n1"],
            ["\t1"],
            ["1e3"],
            ["7.0"],
            [".5"],
            ["nan"],
            ["x"],
        ] {
            assert!(!observed(&column).has_plain_numbers(), "{column:?}");
        }
    }
}
