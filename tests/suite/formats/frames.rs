//! Small random frames: a key, a target, and features of every kind.

use per_entity::schema::{ColumnType, OnMissing, Unit};
use per_entity::source::{CsvOptions, DatasetSpec, TypeDeclaration};
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What is told, whatever stands for it in a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Text(&'static str),
    Boolean(bool),
    Whole(i64),
    Fraction(f64),
    /// Microseconds since 1970, at 0:00 where it is a date.
    Time(i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Boolean,
    Whole,
    Fraction,
    Date,
    Timestamp,
    Instant,
}

#[derive(Clone, Debug)]
pub struct RandomColumn {
    pub name: String,
    pub kind: Kind,
    pub values: Vec<Option<Value>>,
    /// Whether the specification says the type.
    pub is_declared: bool,
    /// Whether the specification says that whole numbers are text.
    pub is_declared_text: bool,
}

/// A frame, and what its columns are for. Its first rows are those of training; the others hold
/// values that these may lack.
#[derive(Clone, Debug)]
pub struct RandomFrame {
    pub columns: Vec<RandomColumn>,
    pub spec: DatasetSpec,
    pub training_rows: usize,
    pub rows: usize,
}

pub const DAY: i64 = 86_400_000_000;

/// The first text of each pool looks like nothing else.
const IDENTIFIERS: [&str; 9] = [
    "a7",
    "007",
    "7",
    "0070",
    "1.50",
    "A7",
    "2024-01-01",
    "x,y",
    "+7",
];
const WORDS: [&str; 14] = [
    "red",
    "Red",
    "7",
    "007",
    "7.0",
    "true",
    "NULL",
    "None",
    "é\u{1F600}",
    " blue ",
    "a;b\tc|d,e",
    "say \"hi\"",
    "two\nlines",
    "1e3",
];
const LABELS: [&str; 4] = ["yes", "no", "1", "per haps"];
const NUMBERS: [i64; 8] = [0, 1, -1, 7, 100, 40_000, -3_000_000_000, 12];
/// Whole numbers that no double holds, or only just.
const LARGE: [i64; 4] = [
    9_007_199_254_740_993,
    9_007_199_254_740_992,
    i64::MAX,
    123_456_789_012_345_678,
];
const FRACTIONS: [f64; 9] = [0.5, 0.1, 0.3, -2.25, 1e-7, 12_345.678_9, 3.0, 1e15, 99.99];

impl RandomFrame {
    pub fn of(seed: u64) -> Self {
        let random = &mut ChaCha8Rng::seed_from_u64(seed);
        let training_rows = random.random_range(6..=28);
        let rows = training_rows + random.random_range(2..=8);
        let mut spec = DatasetSpec {
            missing: match random.random_bool(0.3) {
                true => vec!["NA".into()],
                false => Vec::new(),
            },
            on_missing: match random.random_bool(0.7) {
                true => OnMissing::Learn,
                false => OnMissing::Drop,
            },
            ..DatasetSpec::default()
        };
        if random.random_bool(0.3) {
            spec.csv = CsvOptions {
                separator: Some(*[';', '|', '\t', ','].choose(random).unwrap()),
                ..CsvOptions::default()
            };
            spec.csv.decimal_comma = spec.csv.separator != Some(',') && random.random_bool(0.6);
        }
        let mut frame = Self {
            columns: Vec::new(),
            spec,
            training_rows,
            rows,
        };
        frame.add_keys(random);
        frame.add_target(random);
        frame.add_features(random);
        frame.lose_values(random);
        frame.declare(random);
        frame
    }

    /// Whether a row is trained on: no value of it is missing that must be there.
    pub fn is_kept(&self, row: usize) -> bool {
        let may_be_missing = |column: &RandomColumn| {
            self.spec.on_missing == OnMissing::Learn && column.name.starts_with("feature")
        };
        let mut columns = self.columns.iter();
        columns.all(|column| column.values[row].is_some() || may_be_missing(column))
    }

    /// The same with a quantity for a target.
    pub fn with_quantity(mut self, seed: u64) -> Self {
        let random = &mut ChaCha8Rng::seed_from_u64(seed);
        self.columns.retain(|column| column.name != "target");
        self.spec.types.remove("target");
        self.add(random, "target", Kind::Fraction, &[]);
        let target = self.columns.last_mut().unwrap();
        for value in &mut target.values[2..] {
            if random.random_bool(0.1) {
                *value = None;
            }
        }
        self
    }

    fn add_keys(&mut self, random: &mut ChaCha8Rng) {
        for number in 0..random.random_range(1..=2) {
            let kinds = [
                Kind::Text,
                Kind::Text,
                Kind::Text,
                Kind::Whole,
                Kind::Whole,
                Kind::Whole,
                Kind::Date,
                Kind::Boolean,
                Kind::Timestamp,
                Kind::Instant,
            ];
            let kind = *kinds.choose(random).unwrap();
            let name = format!("key{number}");
            self.add(random, &name, kind, &IDENTIFIERS);
            self.spec.key.push(name);
        }
    }

    fn add_target(&mut self, random: &mut ChaCha8Rng) {
        let kinds = [Kind::Text, Kind::Boolean, Kind::Whole];
        let kind = *kinds.choose(random).unwrap();
        self.add(random, "target", kind, &LABELS);
        if kind == Kind::Whole && random.random_bool(0.6) {
            for value in &mut self.columns.last_mut().unwrap().values {
                *value = Some(Value::Whole(random.random_range(0..=1)));
            }
        }
        self.spec.target = "target".into();
    }

    fn add_features(&mut self, random: &mut ChaCha8Rng) {
        use Kind::*;
        let mut kinds = [Text, Boolean, Whole, Fraction, Date, Timestamp, Instant];
        kinds.shuffle(random);
        for (number, kind) in kinds[..random.random_range(2..=6)].iter().enumerate() {
            let name = format!("feature{number}");
            self.add(random, &name, *kind, &WORDS);
            match kind {
                Text => {}
                Boolean if random.random_bool(0.2) => self.spec.numeric.push(name),
                _ if random.random_bool(0.2) => self.spec.categorical.push(name),
                _ => {}
            }
        }
    }

    fn add(&mut self, random: &mut ChaCha8Rng, name: &str, kind: Kind, texts: &[&'static str]) {
        let mut pool = pool(random, kind, texts);
        let first = pool[0].clone();
        pool.shuffle(random);
        // Few values, so that entities and branches have some rows.
        pool.truncate(random.random_range(2..=5));
        let mut values: Vec<Option<Value>> = Vec::new();
        values.resize_with(self.rows, || pool.choose(random).cloned());
        match kind {
            Kind::Text | Kind::Fraction => values[0] = Some(first),
            Kind::Boolean => {
                values[0] = Some(Value::Boolean(true));
                values[1] = Some(Value::Boolean(false));
            }
            _ => {}
        }
        self.columns.push(RandomColumn {
            name: name.into(),
            kind,
            values,
            is_declared: false,
            is_declared_text: false,
        });
    }

    /// Has values missing, but for those of the first two rows: something is left to train on, and
    /// to tell types by.
    fn lose_values(&mut self, random: &mut ChaCha8Rng) {
        for column in &mut self.columns {
            let share = *[0.0, 0.0, 0.1].choose(random).unwrap();
            for value in &mut column.values[2..] {
                if random.random_bool(share) {
                    *value = None;
                }
            }
        }
    }

    /// Declares the types of some columns.
    fn declare(&mut self, random: &mut ChaCha8Rng) {
        for column in &mut self.columns {
            column.is_declared = random.random_bool(0.25);
            if !column.is_declared {
                continue;
            }
            let is_feature = column.name.starts_with("feature");
            column.is_declared_text =
                column.kind == Kind::Whole && !is_feature && random.random_bool(0.4);
            let column_type = match column.kind {
                _ if column.is_declared_text => ColumnType::Text,
                Kind::Text => ColumnType::Text,
                Kind::Boolean => ColumnType::Boolean,
                Kind::Whole if is_feature => ColumnType::Number,
                Kind::Whole => ColumnType::Whole,
                Kind::Fraction => ColumnType::Number,
                Kind::Date => ColumnType::Date,
                Kind::Timestamp => ColumnType::timestamp(None),
                Kind::Instant => ColumnType::Timestamp {
                    unit: Unit::Microseconds,
                    zone: Some("UTC".into()),
                },
            };
            let declaration = TypeDeclaration::from(column_type);
            self.spec.types.insert(column.name.clone(), declaration);
        }
    }
}

fn pool(random: &mut ChaCha8Rng, kind: Kind, texts: &[&'static str]) -> Vec<Value> {
    let day = |random: &mut ChaCha8Rng| random.random_range(-3_000..30_000) * DAY;
    match kind {
        Kind::Text => texts.iter().map(|&text| Value::Text(text)).collect(),
        Kind::Boolean => vec![Value::Boolean(true), Value::Boolean(false)],
        Kind::Whole if random.random_bool(0.2) => LARGE.map(Value::Whole).to_vec(),
        Kind::Whole if random.random_bool(0.6) => {
            NUMBERS[..5].iter().map(|n| Value::Whole(*n)).collect()
        }
        Kind::Whole => NUMBERS.map(Value::Whole).to_vec(),
        Kind::Fraction => FRACTIONS.map(Value::Fraction).to_vec(),
        Kind::Date => (0..5).map(|_| Value::Time(day(random))).collect(),
        Kind::Timestamp | Kind::Instant => {
            // Seconds, milliseconds, microseconds; or midnights only.
            let step = *[1_000_000, 1_000, 1, DAY].choose(random).unwrap();
            let mut time = || day(random) + random.random_range(0..DAY / step) * step;
            (0..5).map(|_| Value::Time(time())).collect()
        }
    }
}
