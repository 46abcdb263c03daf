//! Made-up rows in the shape of the Adult census data, as many as one likes.
//!
//! A real data set has one size, one order and one number of entities. To measure an engine, or
//! to test it where no real data may go, all of these must be free to choose. The generator makes
//! rows with Adult's fifteen columns, its categories and roughly its frequencies, and an income
//! that depends on the other columns, so that a tree has something to learn. Every figure is made
//! up; no real row is used.
//!
//! A row is a function of the seed and its own number. So rows can be made in parallel, in chunks
//! of any size, in any order, and are always the same rows.
//!
//! ```
//! use per_entity::generate::{Generator, Skew};
//!
//! # fn main() -> Result<(), per_entity::generate::GenerateError> {
//! let generator = Generator::new(1_000).seed(7).entities(20).skew(Skew::Zipf);
//! let frame = generator.frame(0, 1_000)?;
//! assert_eq!(frame.shape(), (1_000, 16));
//!
//! let mut csv = Vec::new();
//! Generator::new(1_000).write_csv(&mut csv, &mut |_rows| true)?;
//! assert_eq!(csv.split(|&byte| byte == b'\n').next().unwrap().split(|&byte| byte == b',').count(), 15);
//! # Ok(())
//! # }
//! ```

use std::io::{self, Write};
use std::sync::LazyLock;
use std::sync::mpsc::sync_channel;

use polars::prelude::*;
use rand::{Rng, RngCore};
use rand_distr::weighted::WeightedAliasIndex;
use rand_distr::{Distribution, StandardNormal, Zipf};
use rayon::prelude::*;

/// Rows of a Parquet row group, and of a chunk between two reports of progress.
const CHUNK_ROWS: usize = 262_144;

/// Rows of CSV text that one task formats.
const BLOCK_ROWS: usize = 8_192;

/// Bytes to reserve for a row of CSV text; the mean is below this.
const CSV_ROW_BYTES: usize = 144;

const ZIPF_EXPONENT: f64 = 1.4;
const MALE_SHARE: f64 = 0.67;
const MISSING_WORK: f64 = 0.07;
const MISSING_COUNTRY: f64 = 0.02;

/// How rows are shared out among entities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Skew {
    /// Every entity has the same number of rows, give or take one.
    #[default]
    Even,
    /// Every entity has at least one row; all other rows follow Zipf's law with exponent 1.4. With
    /// many more rows than entities, and some hundred entities or more, the largest entity has
    /// about a third of the rows.
    Zipf,
}

/// A source of made-up rows in the shape of the Adult census data.
///
/// The columns are Adult's, in Adult's order and with Adult's names: `age`, `workclass`, `fnlwgt`,
/// `education`, `education-num`, `marital-status`, `occupation`, `relationship`, `race`, `sex`,
/// `capital-gain`, `capital-loss`, `hours-per-week`, `native-country` and `income` (`<=50K`, or
/// `>50K` for about a quarter of the rows). With [`entities`](Self::entities) a column `entity` is
/// the first, and every entity weighs schooling and working hours in its own way.
///
/// # Parameters
///
/// | Name | Default | Purpose | Range |
/// | --- | --- | --- | --- |
/// | [`rows`](Self::new) | – | Number of rows | 0 and up |
/// | [`seed`](Self::seed) | `0` | Which of all possible data sets to make | any |
/// | [`entities`](Self::entities) | none | Number of entities, numbered from 0; none for no `entity` column | 1 to `rows` |
/// | [`skew`](Self::skew) | [`Skew::Even`] | How rows are shared out among entities | – |
/// | [`complete`](Self::complete) | off | No missing values | – |
///
/// Unless complete, about 7 % of the rows lack `workclass` and `occupation`, always together, and
/// about 2 % lack `native-country`.
///
/// The same parameters give the same rows, whatever the chunks in which they are made and the
/// number of threads. `seed` alone decides a row's features; `rows`, `entities` and `skew` decide
/// its entity, and through its entity they have a part in its income.
///
/// # Errors
///
/// Every method that makes rows returns [`GenerateError::NoEntities`] or
/// [`GenerateError::TooManyEntities`] if the number of entities is out of range.
///
/// # Example
///
/// ```
/// use per_entity::generate::Generator;
///
/// # fn main() -> Result<(), per_entity::generate::GenerateError> {
/// let generator = Generator::new(100).seed(1).complete();
/// let all = generator.frame(0, 100)?;
/// assert_eq!(all.slice(40, 20), generator.frame(40, 20)?);
/// assert_eq!(all.column("occupation")?.null_count(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generator {
    rows: u64,
    seed: u64,
    entities: Option<u64>,
    skew: Skew,
    missing: bool,
}

impl Generator {
    /// A generator of `rows` rows with seed 0, no entities, and missing values.
    #[must_use]
    pub fn new(rows: u64) -> Self {
        Self {
            rows,
            seed: 0,
            entities: None,
            skew: Skew::default(),
            missing: true,
        }
    }

    /// Sets the seed: the same seed gives the same rows. Default: 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Adds the column `entity` with the numbers from 0 to `entities` - 1, every one of which has
    /// at least one row. From 1 to the number of rows. Default: no such column.
    #[must_use]
    pub fn entities(mut self, entities: u64) -> Self {
        self.entities = Some(entities);
        self
    }

    /// Sets how rows are shared out among entities; without entities it means nothing. Default:
    /// [`Skew::Even`].
    #[must_use]
    pub fn skew(mut self, skew: Skew) -> Self {
        self.skew = skew;
        self
    }

    /// Leaves no value missing. All other values stay what they were.
    #[must_use]
    pub fn complete(mut self) -> Self {
        self.missing = false;
        self
    }

    /// The rows from `start` to `start + len`, as far as there are such rows.
    ///
    /// Text is String, `age`, `education-num` and `hours-per-week` are Int16, the other numbers
    /// Int32 (`entity` Int64 if Int32 cannot hold the number of entities).
    ///
    /// # Errors
    ///
    /// [`GenerateError::NoEntities`] or [`GenerateError::TooManyEntities`] if the number of
    /// entities is out of range; [`GenerateError::Polars`] if Polars cannot build the frame.
    pub fn frame(&self, start: u64, len: usize) -> Result<DataFrame, GenerateError> {
        let sampler = Sampler::new(self)?;
        let len = (self.rows.saturating_sub(start)).min(len as u64) as usize;
        Ok(self.frame_of(&sampler.rows(start, len))?)
    }

    /// Writes all rows as CSV.
    ///
    /// Without entities the text is in the very form of Adult's own file `adult.data`: no header,
    /// a comma and a space between fields, `?` for a missing value. With entities it is plain CSV:
    /// a header, a comma between fields, nothing for a missing value. Lines end with a line feed.
    ///
    /// `progress` is called after every chunk of about 250,000 rows with the number of rows
    /// written so far, and stops the work by returning false. `writer` needs no buffer.
    ///
    /// # Errors
    ///
    /// [`GenerateError::NoEntities`] or [`GenerateError::TooManyEntities`] if the number of
    /// entities is out of range; [`GenerateError::Io`] if writing fails;
    /// [`GenerateError::Interrupted`] if `progress` returned false, the rows up to there having
    /// been written.
    pub fn write_csv(
        &self,
        mut writer: impl Write,
        progress: &mut dyn FnMut(u64) -> bool,
    ) -> Result<(), GenerateError> {
        let sampler = Sampler::new(self)?;
        let format = CsvFormat::new(self.entities.is_some());
        writer.write_all(format.header().as_bytes())?;
        self.in_chunks(
            |start, len| format.text(&sampler, start, len),
            |blocks| Ok(blocks.iter().try_for_each(|text| writer.write_all(text))?),
            progress,
        )?;
        Ok(writer.flush()?)
    }

    /// Writes all rows as Parquet, with the dtypes of [`frame`](Self::frame) and missing values as
    /// null, compressed with Zstandard, in row groups of 262,144 rows.
    ///
    /// `progress` is called after every row group with the number of rows written so far, and
    /// stops the work by returning false. `writer` needs no buffer.
    ///
    /// # Errors
    ///
    /// [`GenerateError::NoEntities`] or [`GenerateError::TooManyEntities`] if the number of
    /// entities is out of range; [`GenerateError::Polars`] if writing fails;
    /// [`GenerateError::Interrupted`] if `progress` returned false, what has been written then
    /// being no Parquet file.
    pub fn write_parquet(
        &self,
        writer: impl Write,
        progress: &mut dyn FnMut(u64) -> bool,
    ) -> Result<(), GenerateError> {
        let sampler = Sampler::new(self)?;
        let schema = self.frame_of(&[])?.schema().clone();
        let mut parquet = ParquetWriter::new(writer)
            .with_compression(ParquetCompression::Zstd(None))
            .batched(&schema)?;
        self.in_chunks(
            |start, len| self.frame_of(&sampler.rows(start, len)),
            |frame| Ok(parquet.write_batch(&frame?)?),
            progress,
        )?;
        parquet.finish()?;
        Ok(())
    }

    /// Makes chunk after chunk in a thread of its own while the caller's thread writes the one
    /// before; the channel of one holds the memory to three chunks.
    fn in_chunks<Chunk: Send>(
        &self,
        make: impl Fn(u64, usize) -> Chunk + Sync,
        mut write: impl FnMut(Chunk) -> Result<(), GenerateError>,
        progress: &mut dyn FnMut(u64) -> bool,
    ) -> Result<(), GenerateError> {
        let (sender, receiver) = sync_channel(1);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let sender = sender;
                for start in (0..self.rows).step_by(CHUNK_ROWS) {
                    let len = (self.rows - start).min(CHUNK_ROWS as u64) as usize;
                    if sender.send((start + len as u64, make(start, len))).is_err() {
                        break;
                    }
                }
            });
            for (rows, chunk) in receiver {
                write(chunk)?;
                if !progress(rows) {
                    return Err(GenerateError::Interrupted { rows });
                }
            }
            Ok(())
        })
    }

    fn frame_of(&self, rows: &[Row]) -> PolarsResult<DataFrame> {
        let entity = self.entities.map(|entities| {
            let name = PlSmallStr::from_static(ENTITY);
            if i32::try_from(entities).is_ok() {
                let numbers: Vec<i32> = rows.iter().map(|row| row.entity as i32).collect();
                Column::new(name, numbers)
            } else {
                let numbers: Vec<i64> = rows.iter().map(|row| row.entity as i64).collect();
                Column::new(name, numbers)
            }
        });
        let fields: Vec<Column> = FIELDS
            .par_iter()
            .map(|field| field.column(rows))
            .collect::<PolarsResult<_>>()?;
        DataFrame::new(rows.len(), entity.into_iter().chain(fields).collect())
    }
}

/// Why rows could not be made or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// Zero entities were asked for.
    #[error("rows cannot be shared out among 0 entities: ask for at least 1, or for none at all")]
    NoEntities,
    /// More entities than rows were asked for, so that some would have no row.
    #[error(
        "{entities} entities need at least as many rows, but there are {rows}: \
         ask for more rows or for fewer entities"
    )]
    TooManyEntities {
        /// The number of entities asked for.
        entities: u64,
        /// The number of rows asked for.
        rows: u64,
    },
    /// The progress function asked to stop.
    #[error("stopped after {rows} rows, as asked for: the output is incomplete")]
    Interrupted {
        /// The number of rows written before the stop.
        rows: u64,
    },
    /// Polars could not build a frame or write it as Parquet.
    #[error("cannot make or write a table: {0}")]
    Polars(#[from] PolarsError),
    /// The output could not be written.
    #[error("cannot write the rows: {0}")]
    Io(#[from] io::Error),
}

/// One row: numbers as they are, text as the number of its category.
#[derive(Debug, Clone, Copy)]
struct Row {
    entity: u64,
    final_weight: i32,
    capital_gain: i32,
    capital_loss: i32,
    age: i16,
    hours: i16,
    workclass: u8,
    education: u8,
    marital_status: u8,
    occupation: u8,
    relationship: u8,
    race: u8,
    sex: u8,
    country: u8,
    income: u8,
}

/// The number of a missing value's category.
const MISSING: u8 = u8::MAX;

/// Makes rows: the checked parameters with the tables and keys that follow from them.
struct Sampler {
    tables: &'static Tables,
    row_key: u64,
    entity_key: u64,
    character_key: u64,
    assignment: Option<Assignment>,
    missing: bool,
}

impl Sampler {
    fn new(generator: &Generator) -> Result<Self, GenerateError> {
        let key = |purpose| Random::new(generator.seed, purpose).next_u64();
        let assignment = generator
            .entities
            .map(|entities| Assignment::new(generator.rows, entities, generator.skew, key(0)))
            .transpose()?;
        Ok(Self {
            tables: &TABLES,
            row_key: key(1),
            entity_key: key(2),
            character_key: key(3),
            assignment,
            missing: generator.missing,
        })
    }

    fn rows(&self, start: u64, len: usize) -> Vec<Row> {
        (0..len)
            .into_par_iter()
            .map(|offset| self.row(start + offset as u64))
            .collect()
    }

    fn row(&self, index: u64) -> Row {
        let random = &mut Random::new(self.row_key, index);
        let mut row = self.person(random);
        let mut character = Character::AVERAGE;
        if let Some(assignment) = &self.assignment {
            row.entity = assignment.entity(index, &mut Random::new(self.entity_key, index));
            character = Character::new(&mut Random::new(self.character_key, row.entity));
        }
        row.income = u8::from(random.random_bool(row.chance(&character)));

        // Drawn last and always, so that a complete row differs in nothing else.
        let lacks_work = random.random_bool(MISSING_WORK);
        let lacks_country = random.random_bool(MISSING_COUNTRY);
        if self.missing && lacks_work {
            row.workclass = MISSING;
            row.occupation = MISSING;
        }
        if self.missing && lacks_country {
            row.country = MISSING;
        }
        row
    }

    /// All features, each drawn by weights that depend on some of those before it.
    fn person(&self, random: &mut Random) -> Row {
        let tables = self.tables;
        let age = YOUNGEST + tables.age.sample(random) as i16;
        let sex = usize::from(random.random_bool(MALE_SHARE));
        let education = tables.education[schooling_stage(age)].sample(random);
        let race = tables.race.sample(random);
        let origin = usize::from(RACES[race].0 == ASIAN);
        let country = tables.country[origin].sample(random);
        let marital_status = tables.marital_status[life_stage(age)][sex].sample(random);
        let household = household(marital_status, age);
        let relationship = match tables.relationship[household].sample(random) {
            HUSBAND if sex == FEMALE => WIFE,
            relationship => relationship,
        };
        let occupation = tables.occupation[schooling_level(education)][sex].sample(random);
        let employer = OCCUPATIONS[occupation].employer;
        let workclass = tables.workclass[employer].sample(random);
        let week = week(age, workclass, occupation);
        let hours = 1 + tables.hours[week].sample(random) as i16;
        let (capital_gain, capital_loss) = capital(age, education, random);
        Row {
            entity: 0,
            final_weight: final_weight(random),
            capital_gain,
            capital_loss,
            age,
            hours,
            workclass: workclass as u8,
            education: education as u8,
            marital_status: marital_status as u8,
            occupation: occupation as u8,
            relationship: relationship as u8,
            race: race as u8,
            sex: sex as u8,
            country: country as u8,
            income: 0,
        }
    }
}

/// The kind of household that a marital status leads to.
fn household(marital_status: usize, age: i16) -> usize {
    match MARITAL_STATUSES[marital_status].household {
        SINGLE if age >= 25 => OLDER_SINGLE,
        household => household,
    }
}

/// The kind of working week.
fn week(age: i16, workclass: usize, occupation: usize) -> usize {
    match (age, workclass) {
        (..20 | 65.., _) => PART_TIME,
        (_, SELF_EMPLOYED_INCORPORATED) => LONG_HOURS,
        _ => OCCUPATIONS[occupation].week,
    }
}

/// How many people a row stands for: log-normal, about 160,000 in the middle.
fn final_weight(random: &mut Random) -> i32 {
    (11.98 + 0.55 * normal(random))
        .exp()
        .clamp(12_000.0, 1_450_000.0) as i32
}

/// Gain and loss in dollars, of which at least one is zero. Amounts lie on a grid, because real
/// ones repeat.
fn capital(age: i16, education: usize, random: &mut Random) -> (i32, i32) {
    let advantage = f64::from(age.clamp(20, 50) - 20) * 0.0013 + education as f64 * 0.0062;
    let lot: f64 = random.random();
    if lot < advantage {
        let step = (((8.75 + 0.85 * normal(random)) * 20.0).round() / 20.0).exp();
        let gain = if step > 42_000.0 { 99_999.0 } else { step };
        (gain.max(110.0) as i32, 0)
    } else if lot > 0.953 {
        let step = ((1_900.0 + 330.0 * normal(random)) / 17.0).round() * 17.0;
        (0, step.clamp(155.0, 4_360.0) as i32)
    } else {
        (0, 0)
    }
}

fn normal(random: &mut Random) -> f64 {
    StandardNormal.sample(random)
}

impl Row {
    /// The probability of an income above 50K.
    fn chance(&self, character: &Character) -> f64 {
        1.0 / (1.0 + (-self.score(character)).exp())
    }

    /// The logarithm of the odds of an income above 50K. Steps and products are here so that there
    /// is more to find than one straight line.
    fn score(&self, character: &Character) -> f64 {
        let age = f64::from(self.age);
        let hours = f64::from(self.hours);
        let years = f64::from(self.education) + 1.0;
        let married = matches!(usize::from(self.relationship), HUSBAND | WIFE);
        let male = usize::from(self.sex) == MALE;
        let gain = match self.capital_gain {
            0 => 0.0,
            ..3_000 => -0.6,
            3_000..5_000 => 0.4,
            5_000..7_000 => 1.8,
            7_000.. => 6.0,
        };
        let loss = match self.capital_loss {
            0 => 0.0,
            ..1_800 => -0.4,
            1_800..2_000 => 2.4,
            _ => 1.0,
        };
        -4.3 + character.shift
            + (0.42 + character.schooling) * (years - 9.0)
            + 0.055 * (age.min(48.0) - 38.0)
            - 0.05 * (age - 58.0).max(0.0)
            - if age < 24.0 { 2.0 } else { 0.0 }
            + (0.03 + character.diligence) * (hours.min(60.0) - 40.0)
            + if married { 2.7 } else { 0.0 }
            + if married && years >= 13.0 { 0.7 } else { 0.0 }
            + if male { 0.3 } else { 0.0 }
            + OCCUPATIONS[usize::from(self.occupation)].score
            + WORKCLASSES[usize::from(self.workclass)].score
            + gain
            + loss
    }
}

/// How an entity's incomes differ from those of the others.
struct Character {
    /// Added to the score.
    shift: f64,
    /// Added to the score per year of schooling.
    schooling: f64,
    /// Added to the score per weekly hour.
    diligence: f64,
}

impl Character {
    const AVERAGE: Self = Self {
        shift: 0.0,
        schooling: 0.0,
        diligence: 0.0,
    };

    fn new(random: &mut Random) -> Self {
        Self {
            shift: 0.7 * normal(random),
            schooling: 0.12 * normal(random),
            diligence: 0.02 * normal(random),
        }
    }
}

/// Which row belongs to which entity.
struct Assignment {
    entities: u64,
    order: Permutation,
    zipf: Option<(Zipf<f64>, Permutation)>,
}

impl Assignment {
    fn new(rows: u64, entities: u64, skew: Skew, key: u64) -> Result<Self, GenerateError> {
        if entities == 0 {
            return Err(GenerateError::NoEntities);
        }
        if entities > rows {
            return Err(GenerateError::TooManyEntities { entities, rows });
        }
        let zipf = match skew {
            Skew::Even => None,
            Skew::Zipf => {
                Some(Zipf::new(entities as f64, ZIPF_EXPONENT).expect("one entity at least"))
            }
        };
        let random = &mut Random::new(key, 0);
        let order = Permutation::new(rows, random);
        let names = Permutation::new(entities, random);
        Ok(Self {
            entities,
            order,
            zipf: zipf.map(|zipf| (zipf, names)),
        })
    }

    /// A row's place in a shuffled order decides: dealing the places out in turn gives everyone
    /// the same, and the first round alone gives everyone one.
    fn entity(&self, index: u64, random: &mut Random) -> u64 {
        let place = self.order.apply(index);
        match &self.zipf {
            Some((zipf, names)) if place >= self.entities => {
                let rank = zipf.sample(random) as u64;
                names.apply(rank.clamp(1, self.entities) - 1)
            }
            _ => place % self.entities,
        }
    }
}

/// A shuffled order of 0..len, computed place by place.
///
/// Each step is invertible on numbers of so many bits: adding, multiplying by an odd number, and
/// folding the upper half onto the lower. Results beyond the end are permuted again until they
/// fall inside ("cycle walking"), which keeps the whole one-to-one and, since the range is less
/// than twice the length, takes two turns on average at most.
struct Permutation {
    len: u64,
    mask: u64,
    fold: u32,
    keys: [(u64, u64); 4],
}

impl Permutation {
    fn new(len: u64, random: &mut Random) -> Self {
        let bits = u64::BITS - len.saturating_sub(1).leading_zeros();
        Self {
            len,
            mask: 1_u64.checked_shl(bits).unwrap_or(0).wrapping_sub(1),
            fold: (bits / 2).max(1),
            keys: std::array::from_fn(|_| (random.next_u64(), random.next_u64() | 1)),
        }
    }

    fn apply(&self, index: u64) -> u64 {
        let mut place = index;
        loop {
            for (addend, factor) in self.keys {
                place = place.wrapping_add(addend).wrapping_mul(factor) & self.mask;
                place ^= place >> self.fold;
            }
            if place < self.len {
                return place;
            }
        }
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014), started anew for every row: nothing to seek, and a
/// start costs no more than a number.
struct Random {
    state: u64,
}

impl Random {
    /// The numbers that belong to `index`, for one `key`.
    fn new(key: u64, index: u64) -> Self {
        Self {
            state: mix(key ^ mix(index)),
        }
    }
}

impl RngCore for Random {
    fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.state)
    }

    fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&self.next_u64().to_le_bytes()[..part.len()]);
        }
    }
}

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

const ENTITY: &str = "entity";

/// One of Adult's columns: its name, and how to get at its values.
struct Field {
    name: &'static str,
    kind: FieldKind,
}

enum FieldKind {
    Int16(fn(&Row) -> i16),
    Int32(fn(&Row) -> i32),
    /// A row's category, and the text of a category, which is none from the last one on.
    Text(fn(&Row) -> u8, fn(usize) -> Option<&'static str>),
}

use FieldKind::{Int16, Int32, Text};

#[rustfmt::skip]
static FIELDS: [Field; 15] = [
    Field { name: "age", kind: Int16(|row| row.age) },
    Field { name: "workclass", kind: Text(|row| row.workclass, |code| WORKCLASSES.get(code).map(|workclass| workclass.name)) },
    Field { name: "fnlwgt", kind: Int32(|row| row.final_weight) },
    Field { name: "education", kind: Text(|row| row.education, |code| EDUCATIONS.get(code).map(|education| education.0)) },
    Field { name: "education-num", kind: Int16(|row| i16::from(row.education) + 1) },
    Field { name: "marital-status", kind: Text(|row| row.marital_status, |code| MARITAL_STATUSES.get(code).map(|status| status.name)) },
    Field { name: "occupation", kind: Text(|row| row.occupation, |code| OCCUPATIONS.get(code).map(|occupation| occupation.name)) },
    Field { name: "relationship", kind: Text(|row| row.relationship, |code| RELATIONSHIPS.get(code).map(|relationship| relationship.0)) },
    Field { name: "race", kind: Text(|row| row.race, |code| RACES.get(code).map(|race| race.0)) },
    Field { name: "sex", kind: Text(|row| row.sex, |code| SEXES.get(code).copied()) },
    Field { name: "capital-gain", kind: Int32(|row| row.capital_gain) },
    Field { name: "capital-loss", kind: Int32(|row| row.capital_loss) },
    Field { name: "hours-per-week", kind: Int16(|row| row.hours) },
    Field { name: "native-country", kind: Text(|row| row.country, |code| COUNTRIES.get(code).map(|country| country.0)) },
    Field { name: "income", kind: Text(|row| row.income, |code| INCOMES.get(code).copied()) },
];

impl Field {
    fn column(&self, rows: &[Row]) -> PolarsResult<Column> {
        let name = PlSmallStr::from_static(self.name);
        match self.kind {
            Int16(value) => {
                let values: Vec<i16> = rows.iter().map(value).collect();
                Ok(Column::new(name, values))
            }
            Int32(value) => {
                let values: Vec<i32> = rows.iter().map(value).collect();
                Ok(Column::new(name, values))
            }
            Text(category, text) => {
                // Gathering from a column of all categories copies views, not strings.
                let mut categories: Vec<Option<&str>> =
                    (0..).map(text).take_while(Option::is_some).collect();
                let missing = categories.len() as IdxSize;
                categories.push(None);
                let codes: Vec<IdxSize> = rows
                    .iter()
                    .map(|row| IdxSize::from(category(row)).min(missing))
                    .collect();
                Column::new(name, categories).take_slice(&codes)
            }
        }
    }
}

/// The two ways to write a line.
struct CsvFormat {
    entity: bool,
    separator: &'static [u8],
    missing: &'static [u8],
}

impl CsvFormat {
    fn new(entity: bool) -> Self {
        if entity {
            Self {
                entity,
                separator: b",",
                missing: b"",
            }
        } else {
            Self {
                entity,
                separator: b", ",
                missing: b"?",
            }
        }
    }

    fn header(&self) -> String {
        if !self.entity {
            return String::new();
        }
        let names: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
        format!("{ENTITY},{}\n", names.join(","))
    }

    fn text(&self, sampler: &Sampler, start: u64, len: usize) -> Vec<Vec<u8>> {
        (0..len.div_ceil(BLOCK_ROWS))
            .into_par_iter()
            .map(|block| {
                let from = block * BLOCK_ROWS;
                let to = len.min(from + BLOCK_ROWS);
                let mut text = Vec::with_capacity((to - from) * CSV_ROW_BYTES);
                for offset in from..to {
                    self.push_row(&sampler.row(start + offset as u64), &mut text);
                }
                text
            })
            .collect()
    }

    fn push_row(&self, row: &Row, text: &mut Vec<u8>) {
        if self.entity {
            push_number(row.entity, text);
            text.extend_from_slice(self.separator);
        }
        for (position, field) in FIELDS.iter().enumerate() {
            if position > 0 {
                text.extend_from_slice(self.separator);
            }
            match field.kind {
                Int16(value) => push_number(value(row) as u64, text),
                Int32(value) => push_number(value(row) as u64, text),
                Text(category, name) => text.extend_from_slice(
                    name(usize::from(category(row))).map_or(self.missing, str::as_bytes),
                ),
            }
        }
        text.push(b'\n');
    }
}

/// Pushes decimal digits; much quicker than `write!`.
fn push_number(mut number: u64, text: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    text.extend_from_slice(&digits[first..]);
}

/// The weighted choices, made ready for drawing in constant time.
struct Tables {
    age: Choice,
    /// By schooling stage.
    education: Vec<Choice>,
    race: Choice,
    /// By origin.
    country: Vec<Choice>,
    /// By life stage and sex.
    marital_status: Vec<Vec<Choice>>,
    /// By household.
    relationship: Vec<Choice>,
    /// By schooling level and sex.
    occupation: Vec<Vec<Choice>>,
    /// By the occupation's kind of employer.
    workclass: Vec<Choice>,
    /// By kind of week.
    hours: Vec<Choice>,
}

type Choice = WeightedAliasIndex<f64>;

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    age: choice(age_weights()),
    education: choices(3, |stage| EDUCATIONS.iter().map(move |row| row.1[stage])),
    race: choice(RACES.iter().map(|row| row.1)),
    country: choices(2, |origin| COUNTRIES.iter().map(move |row| row.1[origin])),
    marital_status: (0..5)
        .map(|stage| {
            choices(2, |sex| {
                MARITAL_STATUSES
                    .iter()
                    .map(move |row| row.weights[sex][stage])
            })
        })
        .collect(),
    relationship: choices(4, |household| {
        RELATIONSHIPS.iter().map(move |row| row.1[household])
    }),
    occupation: (0..4)
        .map(|level| {
            choices(2, |sex| {
                OCCUPATIONS
                    .iter()
                    .map(move |row| row.by_schooling[level] * row.by_sex[sex])
            })
        })
        .collect(),
    workclass: choices(4, |employer| {
        WORKCLASSES.iter().map(move |row| row.weights[employer])
    }),
    hours: choices(3, hours_weights),
});

/// One choice for each of `count` conditions.
fn choices<Weights: IntoIterator<Item = f64>>(
    count: usize,
    weights: impl Fn(usize) -> Weights,
) -> Vec<Choice> {
    (0..count)
        .map(|condition| choice(weights(condition)))
        .collect()
}

fn choice(weights: impl IntoIterator<Item = f64>) -> Choice {
    Choice::new(weights.into_iter().collect()).expect("a table has a positive weight")
}

const YOUNGEST: i16 = 17;

/// Straight lines between some ages and the weights there.
fn age_weights() -> Vec<f64> {
    const KNOTS: [(f64, f64); 14] = [
        (17.0, 40.0),
        (19.0, 70.0),
        (23.0, 87.0),
        (30.0, 86.0),
        (36.0, 89.0),
        (41.0, 81.0),
        (47.0, 70.0),
        (52.0, 52.0),
        (58.0, 36.0),
        (65.0, 18.0),
        (70.0, 9.0),
        (77.0, 4.0),
        (84.0, 1.0),
        (90.0, 1.5),
    ];
    (17..=90)
        .map(|age| {
            let age = f64::from(age);
            let right = KNOTS.partition_point(|knot| knot.0 < age).max(1);
            let (from, to) = (KNOTS[right - 1], KNOTS[right]);
            from.1 + (to.1 - from.1) * (age - from.0) / (to.0 - from.0)
        })
        .collect()
}

fn schooling_stage(age: i16) -> usize {
    match age {
        ..20 => 0,
        20..25 => 1,
        _ => 2,
    }
}

fn life_stage(age: i16) -> usize {
    match age {
        ..20 => 0,
        20..25 => 1,
        25..35 => 2,
        35..50 => 3,
        _ => 4,
    }
}

/// No diploma, high school, college, a degree.
fn schooling_level(education: usize) -> usize {
    match education {
        ..8 => 0,
        8 => 1,
        9..12 => 2,
        _ => 3,
    }
}

/// In the order of `education-num`, which is the position plus one. Weights by schooling stage:
/// under 20 years, under 25, older.
#[rustfmt::skip]
static EDUCATIONS: [(&str, [f64; 3]); 16] = [
    ("Preschool",    [ 0.1,  0.1,  0.18]),
    ("1st-4th",      [ 0.1,  0.3,  0.6]),
    ("5th-6th",      [ 0.3,  0.7,  1.1]),
    ("7th-8th",      [ 1.5,  0.8,  2.2]),
    ("9th",          [ 3.5,  1.6,  1.4]),
    ("10th",         [12.0,  2.3,  2.3]),
    ("11th",         [19.0,  3.6,  2.3]),
    ("12th",         [ 7.0,  1.7,  0.9]),
    ("HS-grad",      [30.0, 33.0, 32.8]),
    ("Some-college", [26.0, 36.0, 19.6]),
    ("Assoc-voc",    [ 0.3,  3.8,  4.8]),
    ("Assoc-acdm",   [ 0.2,  3.6,  3.5]),
    ("Bachelors",    [ 0.0, 11.9, 18.5]),
    ("Masters",      [ 0.0,  0.5,  6.3]),
    ("Prof-school",  [ 0.0,  0.1,  2.1]),
    ("Doctorate",    [ 0.0,  0.0,  1.5]),
];

const ASIAN: &str = "Asian-Pac-Islander";

static RACES: [(&str, f64); 5] = [
    ("White", 85.4),
    ("Black", 9.6),
    (ASIAN, 3.2),
    ("Amer-Indian-Eskimo", 1.0),
    ("Other", 0.8),
];

const FEMALE: usize = 0;
const MALE: usize = 1;
static SEXES: [&str; 2] = ["Female", "Male"];

static INCOMES: [&str; 2] = ["<=50K", ">50K"];

/// Weights by origin: [`ASIAN`] is the second.
#[rustfmt::skip]
static COUNTRIES: [(&str, [f64; 2]); 41] = [
    ("United-States",              [920.0, 290.0]),
    ("Mexico",                     [ 20.0,   0.0]),
    ("Philippines",                [  0.2, 185.0]),
    ("Germany",                    [  4.3,   1.0]),
    ("Canada",                     [  3.9,   1.0]),
    ("Puerto-Rico",                [  3.6,   0.0]),
    ("El-Salvador",                [  3.4,   0.0]),
    ("India",                      [  0.4,  85.0]),
    ("Cuba",                       [  3.0,   0.0]),
    ("England",                    [  2.8,   2.0]),
    ("Jamaica",                    [  2.5,   0.0]),
    ("South",                      [  0.2,  75.0]),
    ("China",                      [  0.1,  73.0]),
    ("Italy",                      [  2.3,   0.0]),
    ("Dominican-Republic",         [  2.2,   0.0]),
    ("Vietnam",                    [  0.1,  65.0]),
    ("Guatemala",                  [  2.0,   0.0]),
    ("Japan",                      [  0.6,  40.0]),
    ("Poland",                     [  1.9,   0.0]),
    ("Columbia",                   [  1.8,   0.0]),
    ("Taiwan",                     [  0.1,  48.0]),
    ("Haiti",                      [  1.4,   0.0]),
    ("Iran",                       [  1.3,   4.0]),
    ("Portugal",                   [  1.2,   0.0]),
    ("Nicaragua",                  [  1.1,   0.0]),
    ("Peru",                       [  1.0,   0.0]),
    ("France",                     [  0.9,   1.0]),
    ("Greece",                     [  0.9,   0.0]),
    ("Ecuador",                    [  0.9,   0.0]),
    ("Ireland",                    [  0.8,   0.0]),
    ("Hong",                       [  0.1,  18.0]),
    ("Cambodia",                   [  0.1,  17.0]),
    ("Trinadad&Tobago",            [  0.6,   1.0]),
    ("Laos",                       [  0.1,  16.0]),
    ("Thailand",                   [  0.1,  16.0]),
    ("Yugoslavia",                 [  0.5,   0.0]),
    ("Outlying-US(Guam-USVI-etc)", [  0.3,   6.0]),
    ("Honduras",                   [  0.4,   0.0]),
    ("Hungary",                    [  0.4,   0.0]),
    ("Scotland",                   [  0.4,   0.0]),
    ("Holand-Netherlands",         [  0.1,   0.0]),
];

/// Kinds of household; a single person of 25 or more is of a kind of its own.
const COUPLE: usize = 0;
const FORMER_COUPLE: usize = 1;
const SINGLE: usize = 2;
const OLDER_SINGLE: usize = 3;

struct MaritalStatus {
    name: &'static str,
    household: usize,
    /// By sex and life stage: under 20 years, under 25, under 35, under 50, older.
    weights: [[f64; 5]; 2],
}

#[rustfmt::skip]
static MARITAL_STATUSES: [MaritalStatus; 7] = [
    MaritalStatus { name: "Married-civ-spouse",    household: COUPLE,        weights: [[1.5,  8.0, 17.0, 19.0, 18.0], [1.5, 17.0, 53.0, 74.0, 82.0]] },
    MaritalStatus { name: "Never-married",         household: SINGLE,        weights: [[95.0, 81.0, 51.0, 21.0, 11.0], [97.5, 79.0, 36.0, 11.0, 5.0]] },
    MaritalStatus { name: "Divorced",              household: FORMER_COUPLE, weights: [[0.8,  5.0, 20.0, 43.0, 37.0], [0.3, 2.0, 8.0, 11.0, 8.5]] },
    MaritalStatus { name: "Separated",             household: FORMER_COUPLE, weights: [[0.8,  3.0, 7.0, 9.0, 5.0], [0.2, 0.8, 1.6, 2.2, 1.3]] },
    MaritalStatus { name: "Widowed",               household: FORMER_COUPLE, weights: [[0.1,  0.3, 1.0, 5.0, 27.0], [0.0, 0.1, 0.1, 0.4, 2.3]] },
    MaritalStatus { name: "Married-spouse-absent", household: FORMER_COUPLE, weights: [[1.0,  1.5, 1.9, 2.2, 1.7], [0.3, 1.0, 1.3, 1.2, 0.9]] },
    MaritalStatus { name: "Married-AF-spouse",     household: COUPLE,        weights: [[0.1,  0.3, 0.3, 0.1, 0.0], [0.0, 0.1, 0.1, 0.0, 0.0]] },
];

const HUSBAND: usize = 0;
const WIFE: usize = 4;

/// Weights by household: couple, former couple, single under 25 years, single of 25 or more. A
/// spouse is a husband until the sex is known.
#[rustfmt::skip]
static RELATIONSHIPS: [(&str, [f64; 4]); 6] = [
    ("Husband",        [97.6,  0.0,  0.0,  0.0]),
    ("Not-in-family",  [ 0.3, 55.0, 23.0, 60.0]),
    ("Own-child",      [ 1.0,  5.0, 65.0, 20.0]),
    ("Unmarried",      [ 0.0, 37.0,  5.0, 13.0]),
    ("Wife",           [ 0.0,  0.0,  0.0,  0.0]),
    ("Other-relative", [ 1.1,  3.0,  7.0,  7.0]),
];

/// Kinds of employer, which an occupation leads to.
const BUSINESS: usize = 0;
const PUBLIC: usize = 1;
const OWN: usize = 2;
const ARMED_FORCES: usize = 3;

const SELF_EMPLOYED_INCORPORATED: usize = 2;

struct Workclass {
    name: &'static str,
    /// By kind of employer.
    weights: [f64; 4],
    /// Added to the income score.
    score: f64,
}

#[rustfmt::skip]
static WORKCLASSES: [Workclass; 8] = [
    Workclass { name: "Private",          weights: [83.0,  54.0, 62.0, 0.0], score: 0.0 },
    Workclass { name: "Self-emp-not-inc", weights: [ 4.5,   7.0, 20.0, 0.0], score: -0.4 },
    Workclass { name: "Self-emp-inc",     weights: [ 1.8,   3.0,  9.0, 0.0], score: 0.4 },
    Workclass { name: "Federal-gov",      weights: [ 2.8,   5.0,  2.0, 1.0], score: 0.5 },
    Workclass { name: "Local-gov",        weights: [ 4.0,  20.0,  3.6, 0.0], score: -0.1 },
    Workclass { name: "State-gov",        weights: [ 3.6,  11.0,  3.2, 0.0], score: -0.2 },
    Workclass { name: "Without-pay",      weights: [ 0.05,  0.0,  0.1, 0.0], score: -3.0 },
    Workclass { name: "Never-worked",     weights: [ 0.04,  0.0,  0.0, 0.0], score: -4.0 },
];

const FULL_TIME: usize = 0;
const LONG_HOURS: usize = 1;
const PART_TIME: usize = 2;

/// Peaks over a wide bell around 40 hours, from 1 hour to 99.
fn hours_weights(week: usize) -> Vec<f64> {
    const PEAKS: [(usize, [f64; 3]); 17] = [
        (8, [0.1, 0.1, 3.0]),
        (10, [0.3, 0.3, 6.0]),
        (15, [0.7, 0.4, 9.0]),
        (16, [0.3, 0.2, 4.0]),
        (20, [2.5, 1.2, 20.0]),
        (24, [0.7, 0.3, 4.0]),
        (25, [1.7, 0.8, 9.0]),
        (30, [3.3, 1.5, 10.0]),
        (32, [0.8, 0.4, 2.0]),
        (35, [4.2, 1.8, 5.0]),
        (38, [1.7, 0.8, 0.8]),
        (40, [54.0, 34.0, 18.0]),
        (45, [5.0, 9.0, 1.0]),
        (48, [1.6, 1.6, 0.5]),
        (50, [7.0, 19.0, 1.2]),
        (55, [1.4, 5.0, 0.3]),
        (60, [2.8, 12.0, 0.7]),
    ];
    let mut weights: Vec<f64> = (1..=99)
        .map(|hours| 0.25 * (-((f64::from(hours) - 40.0) / 18.0).powi(2)).exp() + 0.01)
        .collect();
    for (hours, peaks) in PEAKS {
        weights[hours - 1] += peaks[week];
    }
    weights
}

struct Occupation {
    name: &'static str,
    /// No diploma, high school, college, a degree; to be multiplied by the next.
    by_schooling: [f64; 4],
    by_sex: [f64; 2],
    employer: usize,
    week: usize,
    /// Added to the income score.
    score: f64,
}

#[rustfmt::skip]
static OCCUPATIONS: [Occupation; 14] = [
    Occupation { name: "Adm-clerical",      by_schooling: [ 4.0, 14.0, 17.0,  6.0], by_sex: [2.1, 0.5],  employer: BUSINESS,     week: FULL_TIME,  score: 0.0 },
    Occupation { name: "Armed-Forces",      by_schooling: [ 0.0,  0.03, 0.04, 0.03], by_sex: [0.1, 1.0], employer: ARMED_FORCES, week: FULL_TIME,  score: -0.5 },
    Occupation { name: "Craft-repair",      by_schooling: [17.0, 18.0, 13.0,  3.0], by_sex: [0.15, 1.35], employer: BUSINESS,    week: FULL_TIME,  score: 0.1 },
    Occupation { name: "Exec-managerial",   by_schooling: [ 3.0,  8.0, 13.0, 25.0], by_sex: [0.9, 1.0],  employer: OWN,          week: LONG_HOURS, score: 0.9 },
    Occupation { name: "Farming-fishing",   by_schooling: [ 7.0,  4.0,  2.0,  1.0], by_sex: [0.2, 1.3],  employer: OWN,          week: LONG_HOURS, score: -1.0 },
    Occupation { name: "Handlers-cleaners", by_schooling: [ 9.0,  6.0,  3.0,  0.7], by_sex: [0.4, 1.2],  employer: BUSINESS,     week: FULL_TIME,  score: -0.7 },
    Occupation { name: "Machine-op-inspct", by_schooling: [13.0,  9.5,  4.0,  1.0], by_sex: [0.8, 1.0],  employer: BUSINESS,     week: FULL_TIME,  score: -0.3 },
    Occupation { name: "Other-service",     by_schooling: [18.0, 12.0, 10.0,  2.5], by_sex: [1.7, 0.65], employer: BUSINESS,     week: PART_TIME,  score: -0.8 },
    Occupation { name: "Priv-house-serv",   by_schooling: [ 1.2,  0.5,  0.3,  0.1], by_sex: [2.5, 0.1],  employer: BUSINESS,     week: PART_TIME,  score: -2.0 },
    Occupation { name: "Prof-specialty",    by_schooling: [ 1.5,  2.5,  9.0, 41.0], by_sex: [1.1, 0.95], employer: PUBLIC,       week: FULL_TIME,  score: 0.6 },
    Occupation { name: "Protective-serv",   by_schooling: [ 1.2,  2.1,  2.8,  1.7], by_sex: [0.4, 1.3],  employer: PUBLIC,       week: FULL_TIME,  score: 0.5 },
    Occupation { name: "Sales",             by_schooling: [ 7.0, 10.5, 13.0, 13.0], by_sex: [1.0, 1.0],  employer: BUSINESS,     week: FULL_TIME,  score: 0.3 },
    Occupation { name: "Tech-support",      by_schooling: [ 0.4,  1.8,  5.0,  3.5], by_sex: [1.1, 0.95], employer: BUSINESS,     week: FULL_TIME,  score: 0.6 },
    Occupation { name: "Transport-moving",  by_schooling: [ 9.0,  7.5,  4.0,  1.0], by_sex: [0.2, 1.3],  employer: BUSINESS,     week: LONG_HOURS, score: -0.1 },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn go_on(_rows: u64) -> bool {
        true
    }

    fn csv(generator: &Generator) -> String {
        let mut text = Vec::new();
        generator.write_csv(&mut text, &mut go_on).unwrap();
        String::from_utf8(text).unwrap()
    }

    fn parquet(generator: &Generator) -> DataFrame {
        let mut bytes = Vec::new();
        generator.write_parquet(&mut bytes, &mut go_on).unwrap();
        ParquetReader::new(io::Cursor::new(bytes)).finish().unwrap()
    }

    fn entity_sizes(generator: &Generator) -> Vec<u64> {
        let sampler = Sampler::new(generator).unwrap();
        let mut sizes = vec![0; generator.entities.unwrap() as usize];
        for row in sampler.rows(0, generator.rows as usize) {
            sizes[row.entity as usize] += 1;
        }
        sizes
    }

    fn share(rows: &[Row], chosen: impl Fn(&Row) -> bool) -> f64 {
        rows.iter().filter(|row| chosen(row)).count() as f64 / rows.len() as f64
    }

    fn many_rows() -> Vec<Row> {
        Sampler::new(&Generator::new(200_000))
            .unwrap()
            .rows(0, 200_000)
    }

    #[test]
    fn any_chunking_gives_the_same_rows() {
        for skew in [Skew::Even, Skew::Zipf] {
            let generator = Generator::new(1_000).seed(3).entities(30).skew(skew);
            let all = generator.frame(0, 1_000).unwrap();
            for len in [1, 7, 999, 1_000] {
                let mut pieces = generator.frame(0, 0).unwrap();
                for start in (0..1_000).step_by(len) {
                    pieces
                        .vstack_mut(&generator.frame(start, len).unwrap())
                        .unwrap();
                }
                assert!(pieces.equals_missing(&all));
            }
        }
    }

    #[test]
    fn a_frame_ends_with_the_last_row() {
        let generator = Generator::new(10);
        assert_eq!(generator.frame(8, 5).unwrap().height(), 2);
        assert_eq!(generator.frame(11, 5).unwrap().height(), 0);
    }

    #[test]
    fn features_depend_on_the_seed_and_on_nothing_else() {
        let plain = Generator::new(500).seed(5).frame(0, 500).unwrap();
        let shared = Generator::new(700)
            .seed(5)
            .entities(9)
            .frame(0, 500)
            .unwrap();
        let other = Generator::new(500).seed(6).frame(0, 500).unwrap();
        let features: Vec<&str> = FIELDS[..14].iter().map(|field| field.name).collect();
        let select = |frame: &DataFrame| frame.select(features.iter().copied()).unwrap();
        assert!(select(&plain).equals_missing(&select(&shared)));
        assert!(!select(&plain).equals_missing(&select(&other)));
    }

    #[test]
    fn complete_fills_the_gaps_and_changes_nothing_else() {
        let rows = Sampler::new(&Generator::new(5_000)).unwrap().rows(0, 5_000);
        let complete = Sampler::new(&Generator::new(5_000).complete())
            .unwrap()
            .rows(0, 5_000);
        for (row, full) in rows.iter().zip(&complete) {
            assert!(
                full.workclass != MISSING && full.occupation != MISSING && full.country != MISSING
            );
            assert_eq!(row.workclass == MISSING, row.occupation == MISSING);
            assert!(row.workclass == MISSING || row.workclass == full.workclass);
            assert!(row.country == MISSING || row.country == full.country);
            assert_eq!(
                (row.age, row.final_weight, row.income),
                (full.age, full.final_weight, full.income)
            );
        }
    }

    #[test]
    fn csv_without_entities_has_the_form_of_adult_data() {
        let text = csv(&Generator::new(20_000));
        assert!(text.ends_with("K\n"));
        assert_eq!(text.lines().count(), 20_000);
        for line in text.lines() {
            let fields: Vec<&str> = line.split(", ").collect();
            assert_eq!(fields.len(), 15);
            assert!(
                fields
                    .iter()
                    .all(|field| !field.is_empty() && !field.contains(' '))
            );
            assert!((17..=90).contains(&fields[0].parse().unwrap()));
        }
        assert!(text.contains(", ?, "));
        assert!(!text.contains("education-num"));
    }

    #[test]
    fn csv_with_entities_has_a_header() {
        let text = csv(&Generator::new(20_000).entities(10));
        let (header, lines) = text.split_once('\n').unwrap();
        assert!(header.starts_with("entity,age,workclass,fnlwgt,education,education-num,"));
        assert_eq!(lines.lines().count(), 20_000);
        assert!(text.lines().all(|line| line.split(',').count() == 16));
        assert!(lines.contains(",,") && !lines.contains('?') && !lines.contains(' '));
    }

    #[test]
    fn csv_and_parquet_hold_the_rows_of_the_frame() {
        let generator = Generator::new(3_000).entities(10).skew(Skew::Zipf);
        let frame = generator.frame(0, 3_000).unwrap();
        assert!(parquet(&generator).equals_missing(&frame));

        let from_csv = CsvReadOptions::default()
            .with_schema(Some(frame.schema().clone()))
            .into_reader_with_file_handle(io::Cursor::new(csv(&generator)))
            .finish()
            .unwrap();
        assert!(from_csv.equals_missing(&frame));
    }

    #[test]
    fn files_have_as_many_rows_as_asked_for() {
        let rows = CHUNK_ROWS as u64 + 1;
        let generator = Generator::new(rows).entities(3);
        assert_eq!(parquet(&generator).height() as u64, rows);
        assert_eq!(csv(&generator).lines().count() as u64, 1 + rows);
        assert_eq!(parquet(&Generator::new(0)).shape(), (0, 15));
        assert_eq!(csv(&Generator::new(0)), "");
    }

    #[test]
    fn categories_have_roughly_the_frequencies_of_adult() {
        let rows = many_rows();
        let near = |value: f64, wanted: f64, margin: f64| {
            assert!(
                (value - wanted).abs() < margin,
                "{value} is not near {wanted}"
            );
        };
        near(share(&rows, |row| row.income == 1), 0.24, 0.01);
        near(share(&rows, |row| row.country == 0), 0.89, 0.01);
        near(share(&rows, |row| row.country == MISSING), 0.02, 0.003);
        near(share(&rows, |row| row.workclass == MISSING), 0.07, 0.005);
        near(share(&rows, |row| row.workclass == 0), 0.70, 0.03);
        near(share(&rows, |row| row.marital_status == 0), 0.46, 0.03);
        near(share(&rows, |row| row.education == 8), 0.32, 0.02);
        near(share(&rows, |row| row.capital_gain > 0), 0.08, 0.02);
        near(share(&rows, |row| row.capital_loss > 0), 0.047, 0.005);
        near(share(&rows, |row| row.hours == 40), 0.46, 0.05);
        for field in &FIELDS {
            if let Text(category, text) = field.kind {
                let categories = (0..).map(text).take_while(Option::is_some).count();
                for code in 0..categories {
                    let found = rows.iter().any(|row| usize::from(category(row)) == code);
                    assert!(found, "{} {:?} never occurs", field.name, text(code));
                }
            }
        }
    }

    #[test]
    fn income_depends_on_the_features() {
        let rows = many_rows();
        let positive = |education| {
            let degree: Vec<Row> = rows
                .iter()
                .filter(|row| row.education == education)
                .copied()
                .collect();
            share(&degree, |row| row.income == 1)
        };
        let (preschool, doctorate) = (positive(0), positive(15));
        assert!(preschool < 0.05, "{preschool}");
        assert!(doctorate > 0.60, "{doctorate}");
    }

    #[test]
    fn income_depends_on_the_entity() {
        let generator = Generator::new(100_000).entities(50);
        let mut positive = [0; 50];
        for row in Sampler::new(&generator).unwrap().rows(0, 100_000) {
            positive[row.entity as usize] += u64::from(row.income);
        }
        let (least, most) = (
            positive.iter().min().unwrap(),
            positive.iter().max().unwrap(),
        );
        assert!(*most > 2 * least, "{least} to {most} of 2,000 rows");
    }

    #[test]
    fn even_sizes_differ_by_one_at_most() {
        for (rows, entities) in [
            (1, 1),
            (10, 10),
            (1_000, 7),
            (65_536, 256),
            (100_003, 1_000),
        ] {
            let sizes = entity_sizes(&Generator::new(rows).entities(entities));
            let (least, most) = (*sizes.iter().min().unwrap(), *sizes.iter().max().unwrap());
            assert_eq!((least, most), (rows / entities, rows.div_ceil(entities)));
        }
    }

    #[test]
    fn zipf_has_one_large_entity_and_leaves_none_empty() {
        let mut largest = Vec::new();
        for seed in 0..5 {
            let generator = Generator::new(200_000)
                .seed(seed)
                .entities(1_000)
                .skew(Skew::Zipf);
            let sizes = entity_sizes(&generator);
            assert!(sizes.iter().all(|&size| size > 0));
            let most = *sizes.iter().max().unwrap();
            assert!((0.25..0.42).contains(&(most as f64 / 200_000.0)), "{most}");
            largest.push(sizes.iter().position(|&size| size == most));
        }
        largest.dedup();
        assert!(largest.len() > 1);
        for rows in [1, 2, 3, 40] {
            let sizes = entity_sizes(&Generator::new(rows).entities(rows).skew(Skew::Zipf));
            assert!(sizes.iter().all(|&size| size == 1));
        }
    }

    #[test]
    fn a_permutation_hits_every_place_once() {
        for len in [1, 2, 3, 64, 65, 1_000] {
            let permutation = Permutation::new(len, &mut Random::new(0, len));
            let mut places: Vec<u64> = (0..len).map(|index| permutation.apply(index)).collect();
            places.sort_unstable();
            assert!(places.into_iter().eq(0..len));
        }
    }

    #[test]
    fn progress_counts_rows_and_can_stop() {
        let generator = Generator::new(2 * CHUNK_ROWS as u64 + 10);
        let mut seen = Vec::new();
        let done = generator.write_csv(io::sink(), &mut |rows| {
            seen.push(rows);
            true
        });
        done.unwrap();
        assert_eq!(
            seen,
            [CHUNK_ROWS as u64, 2 * CHUNK_ROWS as u64, generator.rows]
        );

        for stopped in [
            generator.write_csv(io::sink(), &mut |_| false),
            generator.write_parquet(io::sink(), &mut |_| false),
        ] {
            let error = stopped.unwrap_err();
            assert!(
                matches!(error, GenerateError::Interrupted { rows } if rows == CHUNK_ROWS as u64)
            );
        }
    }

    #[test]
    fn a_failing_writer_is_reported() {
        let mut room = [0; 1_000];
        let full = Generator::new(1_000).write_csv(&mut room[..], &mut go_on);
        assert!(matches!(full, Err(GenerateError::Io(_))));
    }

    #[test]
    fn the_number_of_entities_is_checked() {
        let none = Generator::new(10).entities(0).frame(0, 1);
        assert!(matches!(none, Err(GenerateError::NoEntities)));
        let many = Generator::new(10).entities(11).frame(0, 1);
        assert!(matches!(
            many,
            Err(GenerateError::TooManyEntities {
                entities: 11,
                rows: 10
            })
        ));
    }
}
