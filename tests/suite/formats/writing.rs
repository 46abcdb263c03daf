//! A column as programs write it: in a type of Polars, and in text.

use chrono::DateTime;
use polars::prelude::*;
use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::frames::{DAY, Kind, RandomColumn, Value};

/// What a column was taken for, as far as it matters for what may stand for its values later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Text: a value is its text.
    Text,
    Boolean,
    Number,
    Time,
}

/// How the values of a column are written.
#[derive(Clone, Debug)]
pub struct Notation {
    /// The type in files that have types.
    pub dtype: DataType,
    /// Whether NaN stands for a missing number.
    pub has_nan: bool,
    /// How a value is spelled where it is text.
    pub spelling: Spelling,
    /// Whether the text is in quotes in JSON.
    pub is_quoted: bool,
    /// What stands for a missing value in text.
    pub missing: &'static str,
    pub decimal_mark: char,
}

#[derive(Clone, Copy, Debug)]
pub enum Spelling {
    Plain,
    /// The words for true and false.
    Words(&'static str, &'static str),
    /// With so many zeros behind a whole number or a fraction.
    Zeros(usize),
    Exponent,
    /// What stands between date and time, and the offset from UTC, which is added to the time.
    Time(char, &'static str),
    /// A day alone.
    Day,
}

const WORDS: [(&str, &str); 3] = [("true", "false"), ("True", "False"), ("TRUE", "FALSE")];
const LETTERS: [(&str, &str); 2] = [("t", "f"), ("T", "F")];
const OTHER_WORDS: [(&str, &str); 3] = [("yes", "no"), ("Y", "N"), ("on", "OFF")];
const NUMBERS: [(&str, &str); 2] = [("1", "0"), ("1.0", "0.0")];

impl RandomColumn {
    /// What the column is taken for if it is trained on as it is written here.
    pub fn taken(&self, notation: &Notation, is_typed: bool) -> Taken {
        let is_text = match is_typed {
            true => is_text(&notation.dtype),
            false => notation.is_quoted,
        };
        match self.kind {
            Kind::Text => Taken::Text,
            _ if self.is_declared_text => Taken::Text,
            Kind::Boolean if self.is_declared => Taken::Boolean,
            Kind::Boolean if is_typed && notation.dtype != DataType::Boolean => Taken::Number,
            Kind::Boolean if !is_typed && matches!(notation.spelling, Spelling::Plain) => {
                Taken::Number
            }
            Kind::Boolean => Taken::Boolean,
            Kind::Whole if !self.is_declared && is_typed && is_text => Taken::Text,
            Kind::Whole | Kind::Fraction => Taken::Number,
            Kind::Date | Kind::Timestamp | Kind::Instant => Taken::Time,
        }
    }

    /// A notation in which the column may be trained on where nothing was taken yet, else one that
    /// may stand for what was taken.
    pub fn notation(
        &self,
        random: &mut ChaCha8Rng,
        taken: Option<Taken>,
        is_csv: bool,
        missing: &[String],
        decimal_mark: char,
    ) -> Notation {
        let is_free = taken.is_some() || self.is_declared;
        let as_text = self.is_declared_text || taken == Some(Taken::Text);
        let dtype = self.dtype(random, taken, is_free);
        let mut spelling = self.spelling(random, taken, is_free, as_text, is_csv);
        if is_text(&dtype) && taken.is_none() && !self.is_declared && self.kind == Kind::Whole {
            spelling = Spelling::Plain;
        }
        let is_bare_json = match (self.kind, spelling) {
            (Kind::Boolean, Spelling::Words(yes, _)) => yes == "true" || yes.starts_with('1'),
            (kind, _) => matches!(kind, Kind::Boolean | Kind::Whole | Kind::Fraction),
        };
        let may_be_quoted = is_free && decimal_mark == '.';
        Notation {
            has_nan: (dtype.is_float()) && random.random_bool(0.5),
            is_quoted: !is_bare_json || may_be_quoted && random.random_bool(0.3),
            dtype,
            spelling,
            missing: match !missing.is_empty() && random.random_bool(0.7) {
                true => "NA",
                false => "",
            },
            decimal_mark,
        }
    }

    fn dtype(&self, random: &mut ChaCha8Rng, taken: Option<Taken>, is_free: bool) -> DataType {
        let texts = [
            DataType::String,
            DataType::String,
            DataType::from_categories(Categories::global()),
            self.dictionary(),
        ];
        let mut choices = self.own_types(random, is_free);
        choices.retain(|dtype| self.survives(dtype));
        // A column of texts that are numbers is text; so is a boolean or a time that is a word.
        let is_text_allowed = is_free || self.kind == Kind::Whole;
        if choices.is_empty() || is_text_allowed && random.random_bool(0.25) {
            choices = texts.to_vec();
        }
        if taken == Some(Taken::Number) && self.kind == Kind::Boolean && random.random_bool(0.3) {
            choices = vec![DataType::Boolean];
        }
        choices.choose(random).unwrap().clone()
    }

    /// The types for values of this kind, text aside.
    fn own_types(&self, random: &mut ChaCha8Rng, is_free: bool) -> Vec<DataType> {
        use DataType::*;
        let mut time = |has_zone| self.datetime(random, has_zone);
        let mut types = match self.kind {
            Kind::Text => Vec::new(),
            Kind::Boolean => {
                let numbers = [Int8, Int64, UInt8, Float64, Float32, Decimal(10, 2)];
                [[Boolean, Boolean].as_slice(), &numbers].concat()
            }
            Kind::Whole => {
                let signed = [Int8, Int16, Int32, Int64, Int64, Int128];
                let unsigned = [UInt8, UInt16, UInt32, UInt64];
                let others = [Float32, Float64, Decimal(38, 0), Decimal(38, 2)];
                [signed.as_slice(), &unsigned, &others].concat()
            }
            Kind::Fraction => vec![Float64, Float64, Float32, Decimal(38, 4), Decimal(38, 18)],
            Kind::Date => vec![Date, Date, time(false), time(true)],
            Kind::Timestamp => vec![time(false), time(is_free)],
            Kind::Instant => vec![time(true), time(!is_free)],
        };
        if is_free && matches!(self.kind, Kind::Timestamp | Kind::Instant) && self.is_days() {
            types.push(Date);
        }
        types
    }

    /// The type of a dictionary that is fixed; it is filled in where the texts are known.
    fn dictionary(&self) -> DataType {
        DataType::from_frozen_categories(FrozenCategories::new([""]).unwrap())
    }

    fn datetime(&self, random: &mut ChaCha8Rng, has_zone: bool) -> DataType {
        let step = |step: i64| self.times().all(|time| time % step == 0);
        let mut units = vec![TimeUnit::Nanoseconds, TimeUnit::Microseconds];
        if step(1_000) {
            units.push(TimeUnit::Milliseconds);
        }
        let zones = match self.kind {
            Kind::Instant => &["UTC", "UTC", "Europe/Berlin", "America/New_York"][..],
            _ => &["UTC"],
        };
        let zone = has_zone.then(|| *zones.choose(random).unwrap());
        let zone = TimeZone::opt_try_new(zone).unwrap();
        DataType::Datetime(*units.choose(random).unwrap(), zone)
    }

    fn times(&self) -> impl Iterator<Item = i64> {
        self.values
            .iter()
            .flatten()
            .filter_map(|value| match value {
                Value::Time(time) => Some(*time),
                _ => None,
            })
    }

    fn is_days(&self) -> bool {
        self.times().all(|time| time % DAY == 0)
    }

    /// Whether all values are the same in this type.
    fn survives(&self, dtype: &DataType) -> bool {
        use DataType::*;
        const EXACT: i64 = 9_007_199_254_740_992;
        let survives = |value: &Value| match (value, dtype) {
            (Value::Whole(n), Int8) => i8::try_from(*n).is_ok(),
            (Value::Whole(n), Int16) => i16::try_from(*n).is_ok(),
            (Value::Whole(n), Int32) => i32::try_from(*n).is_ok(),
            (Value::Whole(n), UInt8) => u8::try_from(*n).is_ok(),
            (Value::Whole(n), UInt16) => u16::try_from(*n).is_ok(),
            (Value::Whole(n), UInt32) => u32::try_from(*n).is_ok(),
            (Value::Whole(n), UInt64) => u64::try_from(*n).is_ok(),
            (Value::Whole(n), Float64) => n.abs() < EXACT,
            (Value::Whole(n), Float32) => n.abs() < EXACT && (*n as f32) as i64 == *n,
            (Value::Fraction(n), Float32) => f64::from(*n as f32) == *n,
            (Value::Fraction(n), Decimal(_, scale)) => format!("{n:.scale$}").parse() == Ok(*n),
            _ => true,
        };
        self.values.iter().flatten().all(survives)
    }

    fn spelling(
        &self,
        random: &mut ChaCha8Rng,
        taken: Option<Taken>,
        is_free: bool,
        as_text: bool,
        is_csv: bool,
    ) -> Spelling {
        let words = |(yes, no): &(&'static str, &'static str)| Spelling::Words(yes, no);
        match self.kind {
            Kind::Text => Spelling::Plain,
            Kind::Boolean => {
                let mut choices: Vec<Spelling> = vec![Spelling::Plain];
                if taken != Some(Taken::Number) || self.is_declared {
                    choices.extend(
                        WORDS
                            .iter()
                            .take(if is_csv || is_free { 3 } else { 1 })
                            .map(words),
                    );
                    if is_csv || is_free {
                        choices.extend(LETTERS.iter().map(words));
                    }
                    if is_free {
                        choices.extend(OTHER_WORDS.iter().map(words));
                    }
                }
                if is_free {
                    choices.extend(NUMBERS.iter().map(words));
                }
                *choices.choose(random).unwrap()
            }
            Kind::Whole if as_text => Spelling::Plain,
            Kind::Whole => *[
                Spelling::Plain,
                Spelling::Plain,
                Spelling::Zeros(1),
                Spelling::Zeros(2),
            ]
            .choose(random)
            .unwrap(),
            Kind::Fraction => *[
                Spelling::Plain,
                Spelling::Plain,
                Spelling::Zeros(1),
                Spelling::Exponent,
            ]
            .choose(random)
            .unwrap(),
            Kind::Date | Kind::Timestamp | Kind::Instant => self.time_spelling(random, is_free),
        }
    }

    fn time_spelling(&self, random: &mut ChaCha8Rng, is_free: bool) -> Spelling {
        let offsets: &[&str] = match (self.kind, is_free) {
            (Kind::Instant, false) => &["Z", "+00:00", "+0100", "-05:30", " UTC"],
            (Kind::Instant, true) => &["", "Z", "+00:00", "+0100", "-05:30", " UTC"],
            (_, true) => &["", "", "Z", "+00:00"],
            (_, false) => &[""],
        };
        let mut choices = vec![
            Spelling::Time(' ', offsets.choose(random).unwrap()),
            Spelling::Time('T', offsets.choose(random).unwrap()),
        ];
        if self.is_days() && (is_free || self.kind != Kind::Instant) {
            choices.push(Spelling::Day);
        }
        *choices.choose(random).unwrap()
    }
}

fn is_text(dtype: &DataType) -> bool {
    matches!(
        dtype,
        DataType::String | DataType::Categorical(..) | DataType::Enum(..)
    )
}

impl Notation {
    /// The text of a value.
    pub fn text(&self, value: &Value) -> String {
        let text = match (value, self.spelling) {
            (Value::Text(text), _) => return (*text).into(),
            (Value::Boolean(truth), Spelling::Words(yes, no)) => {
                if *truth { yes } else { no }.to_owned()
            }
            (Value::Boolean(truth), _) => u8::from(*truth).to_string(),
            (Value::Whole(number), Spelling::Zeros(zeros)) => {
                format!("{number}.{}", "0".repeat(zeros))
            }
            (Value::Whole(number), _) => number.to_string(),
            (Value::Fraction(number), Spelling::Exponent) => format!("{number:e}"),
            (Value::Fraction(number), Spelling::Zeros(zeros)) => {
                let text = format!("{number}");
                match text.contains('.') {
                    true => text + &"0".repeat(zeros),
                    false => text + "." + &"0".repeat(zeros),
                }
            }
            (Value::Fraction(number), _) => number.to_string(),
            (Value::Time(time), spelling) => return time_text(*time, spelling),
        };
        match self.decimal_mark {
            '.' => text,
            mark => text.replace('.', &mark.to_string()),
        }
    }

    /// The text of a value in JSON.
    pub fn json(&self, value: &Value) -> String {
        match self.is_quoted {
            true => serde_json::Value::from(self.text(value)).to_string(),
            false => Self {
                decimal_mark: '.',
                ..self.clone()
            }
            .text(value),
        }
    }

    /// Some values as a column of the type.
    pub fn column(&self, name: &str, values: &[Option<Value>]) -> Column {
        let name: PlSmallStr = name.into();
        if is_text(&self.dtype) {
            return self.texts(name, values);
        }
        match (&self.dtype, values.iter().flatten().next()) {
            (DataType::Boolean, _) => {
                let truth = |value: &Value| *value == Value::Boolean(true);
                let values = values.iter().map(|value| value.as_ref().map(truth));
                Column::new(name, values.collect::<Vec<_>>())
            }
            (DataType::Date | DataType::Datetime(..), _) => self.times(name, values),
            (dtype, _) if dtype.is_float() => {
                let missing = self.has_nan.then_some(f64::NAN);
                let values = values
                    .iter()
                    .map(|value| value.as_ref().map(float).or(missing));
                Column::new(name, values.collect::<Vec<_>>())
                    .strict_cast(dtype)
                    .unwrap()
            }
            (DataType::Decimal(_, scale), _) => {
                let text = |value: &Value| match value {
                    Value::Fraction(number) => format!("{number:.scale$}"),
                    Value::Whole(number) => number.to_string(),
                    value => u8::from(*value == Value::Boolean(true)).to_string(),
                };
                let values = values.iter().map(|value| value.as_ref().map(text));
                Column::new(name, values.collect::<Vec<_>>())
                    .strict_cast(&self.dtype)
                    .unwrap()
            }
            (dtype, _) => {
                let number = |value: &Value| match value {
                    Value::Whole(number) => *number,
                    value => i64::from(*value == Value::Boolean(true)),
                };
                let values = values.iter().map(|value| value.as_ref().map(number));
                Column::new(name, values.collect::<Vec<_>>())
                    .strict_cast(dtype)
                    .unwrap()
            }
        }
    }

    fn texts(&self, name: PlSmallStr, values: &[Option<Value>]) -> Column {
        let texts: Vec<Option<String>> = values
            .iter()
            .map(|value| match value {
                Some(value) => Some(self.text(value)),
                None => Some(self.missing.to_owned()).filter(|text| !text.is_empty()),
            })
            .collect();
        let dtype = match &self.dtype {
            DataType::Enum(..) => {
                let mut categories: Vec<&str> = Vec::new();
                for text in texts.iter().flatten() {
                    if !categories.contains(&text.as_str()) {
                        categories.push(text);
                    }
                }
                categories.push("never");
                DataType::from_frozen_categories(FrozenCategories::new(categories).unwrap())
            }
            dtype => dtype.clone(),
        };
        Column::new(name, texts).strict_cast(&dtype).unwrap()
    }

    fn times(&self, name: PlSmallStr, values: &[Option<Value>]) -> Column {
        let count = |value: &Value| match (value, &self.dtype) {
            (Value::Time(time), DataType::Date) => time / DAY,
            (Value::Time(time), DataType::Datetime(TimeUnit::Nanoseconds, _)) => time * 1_000,
            (Value::Time(time), DataType::Datetime(TimeUnit::Milliseconds, _)) => time / 1_000,
            (Value::Time(time), _) => *time,
            (value, _) => panic!("{value:?} is no time"),
        };
        let counts = values.iter().map(|value| value.as_ref().map(count));
        let counts = Column::new(name, counts.collect::<Vec<Option<i64>>>());
        let counts = match self.dtype {
            DataType::Date => counts.strict_cast(&DataType::Int32).unwrap(),
            _ => counts,
        };
        counts.strict_cast(&self.dtype).unwrap()
    }
}

fn float(value: &Value) -> f64 {
    match value {
        Value::Whole(number) => *number as f64,
        Value::Fraction(number) => *number,
        value => f64::from(*value == Value::Boolean(true)),
    }
}

/// A time in ISO 8601, with as many digits as it needs.
fn time_text(time: i64, spelling: Spelling) -> String {
    let (between, offset) = match spelling {
        Spelling::Time(between, offset) => (between, offset),
        _ => {
            let day = DateTime::from_timestamp_micros(time).unwrap();
            return day.format("%Y-%m-%d").to_string();
        }
    };
    let ahead = match offset {
        "+0100" => 60,
        "-05:30" => -330,
        _ => 0,
    };
    let shown = DateTime::from_timestamp_micros(time + ahead * 60_000_000).unwrap();
    let mut text = shown
        .format(&format!("%Y-%m-%d{between}%H:%M:%S"))
        .to_string();
    if time % 1_000_000 != 0 {
        text += &format!(".{:06}", time.rem_euclid(1_000_000));
    }
    text + offset
}
