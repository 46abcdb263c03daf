//! The generator: what rows to make, and the forms in which they come.

use std::io::Write;

use polars::prelude::*;

use super::chunks::in_chunks;
use super::csv::CsvFormat;
use super::entities::{Assignment, Skew};
use super::error::GenerateError;
use super::frame::frame;
use super::gaps::Gaps;
use super::sampler::Sampler;
use crate::schema::Task;

/// A source of made-up rows in the shape of the Adult census data.
///
/// The columns are Adult's, in Adult's order and with Adult's names: `age`, `workclass`, `fnlwgt`,
/// `education`, `education-num`, `marital-status`, `occupation`, `relationship`, `race`, `sex`,
/// `capital-gain`, `capital-loss`, `hours-per-week`, `native-country` and `income` (`<=50K`, or
/// `>50K` for about a quarter of the rows). With [`entities`](Self::entities) a column `entity` is
/// the first, and every entity has its own level of income and weighs schooling and working hours
/// in its own way.
///
/// # Parameters
///
/// | Name | Default | Purpose | Range |
/// | --- | --- | --- | --- |
/// | [`rows`](Self::new) | – | Number of rows | 0 and up |
/// | [`seed`](Self::seed) | `0` | Which of all possible data sets to make | any |
/// | [`entities`](Self::entities) | none | Number of entities, numbered from 0; none for no `entity` column | 1 to `rows` |
/// | [`skew`](Self::skew) | [`Skew::Even`] | How rows are shared out among entities | – |
/// | [`task`](Self::task) | [`Task::Classification`] | Whether `income` is a class or a quantity | – |
/// | [`missing`](Self::missing) | `0.0` | Share of the values of features that are missing at random, in place of Adult's own gaps; 0 for these | 0 to less than 1 |
/// | [`complete`](Self::complete) | off | No missing values but those of `missing` | – |
///
/// The same parameters give the same rows, whatever the chunks in which they are made and the
/// number of threads. `seed` alone decides a row's features, and with `missing` and `complete`
/// which of them are missing; `rows`, `entities` and `skew` decide its entity, and through its
/// entity they have a part in its income.
///
/// # Income as a quantity
///
/// For [`Task::Regression`], `income` is an amount of dollars with two decimals,
///
/// ```text
/// income = 50,000 exp(0.2 (score + noise))
/// score  = -4.3 + shift
///        + (0.42 + schooling) (education-num - 9)
///        + (0.03 + diligence) (min(hours-per-week, 60) - 40)
///        + steps of age, marriage, sex, occupation, workclass, capital-gain and capital-loss
/// ```
///
/// where an entity's `shift`, `schooling` and `diligence` are normal with mean 0 and standard
/// deviations 0.7, 0.12 and 0.02 (0 without entities), and the noise is standard logistic. Such
/// incomes follow Fisk's distribution (Fisk 1961, "The graduation of income distributions",
/// Econometrica 29) for given features and entity; they are skewed, with a median of about 30,000
/// and a mean of about 40,000. The score is the logarithm of the odds of the class `>50K`, and the
/// same seed gives an income above 50,000 to the very rows that it gives this class.
///
/// Noise is about 30 % of the variance of the income, so that no model is expected to have an R² of
/// more than about 0.7; of the variance of its logarithm, it is about 25 %, and what is peculiar to
/// the entities is about 5 %.
///
/// # Missing values
///
/// By default about 7 % of the rows lack `workclass` and `occupation`, always together, and about
/// 2 % lack `native-country`, as in Adult. With a share of [`missing`](Self::missing), every value
/// of a feature is missing with this probability instead, whatever it is and whatever else is
/// missing ("missing completely at random", Rubin 1976, "Inference and missing data", Biometrika
/// 63). All columns are such features but the key (`entity`, and `education` where there are no
/// entities, for that is the key by which Adult is split), the target `income`, and the weight
/// `fnlwgt`. What is missing with a share is missing with every larger one, too. An income depends
/// on what the values were before.
///
/// # Errors
///
/// Every method that makes rows returns [`GenerateError::NoEntities`] or
/// [`GenerateError::TooManyEntities`] if the number of entities is out of range, and
/// [`GenerateError::MissingShare`] if the share of missing values is.
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
#[derive(Debug, Clone, PartialEq)]
pub struct Generator {
    rows: u64,
    seed: u64,
    entities: Option<u64>,
    skew: Skew,
    task: Task,
    missing: f64,
    complete: bool,
}

impl Generator {
    /// A generator of `rows` rows with the defaults of the table above.
    #[must_use]
    pub fn new(rows: u64) -> Self {
        Self {
            rows,
            seed: 0,
            entities: None,
            skew: Skew::default(),
            task: Task::default(),
            missing: 0.0,
            complete: false,
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

    /// Sets whether `income` is a class or a quantity; see above for how it is made. Default:
    /// [`Task::Classification`].
    #[must_use]
    pub fn task(mut self, task: Task) -> Self {
        self.task = task;
        self
    }

    /// Sets the share of the values of features that are missing at random, in place of Adult's own
    /// gaps. From 0 to less than 1; 0 leaves Adult's own. All other values stay what they were.
    /// Default: 0.
    #[must_use]
    pub fn missing(mut self, share: f64) -> Self {
        self.missing = share;
        self
    }

    /// Leaves no value missing but those of [`missing`](Self::missing). All other values stay what
    /// they were.
    #[must_use]
    pub fn complete(mut self) -> Self {
        self.complete = true;
        self
    }

    /// The rows from `start` to `start + len`, as far as there are such rows.
    ///
    /// Text is String, `age`, `education-num` and `hours-per-week` are Int16, the other numbers
    /// Int32 (`entity` Int64 if Int32 cannot hold the number of entities), an `income` that is a
    /// quantity Float64.
    ///
    /// # Errors
    ///
    /// Those of a parameter out of range; [`GenerateError::Polars`] if Polars cannot build the
    /// frame.
    pub fn frame(&self, start: u64, len: usize) -> Result<DataFrame, GenerateError> {
        let sampler = self.sampler()?;
        let len = (self.rows.saturating_sub(start)).min(len as u64) as usize;
        Ok(frame(&sampler.rows(start, len), self.entities, self.task)?)
    }

    /// Writes all rows as CSV.
    ///
    /// Without entities the text is in the very form of Adult's own file `adult.data`: no header,
    /// a comma and a space between fields, `?` for a missing value. With entities it is plain CSV:
    /// a header, a comma between fields, nothing for a missing value. Lines end with a line feed.
    /// An `income` that is a quantity has two decimals.
    ///
    /// `progress` is called after every chunk of about 250,000 rows with the number of rows
    /// written so far, and stops the work by returning false. `writer` needs no buffer.
    ///
    /// # Errors
    ///
    /// Those of a parameter out of range; [`GenerateError::Io`] if writing fails;
    /// [`GenerateError::Interrupted`] if `progress` returned false, the rows up to there having
    /// been written.
    pub fn write_csv(
        &self,
        mut writer: impl Write,
        progress: &mut dyn FnMut(u64) -> bool,
    ) -> Result<(), GenerateError> {
        let sampler = self.sampler()?;
        let format = CsvFormat::new(self.entities.is_some(), self.task);
        writer.write_all(format.header().as_bytes())?;
        in_chunks(
            self.rows,
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
    /// Those of a parameter out of range; [`GenerateError::Polars`] if writing fails;
    /// [`GenerateError::Interrupted`] if `progress` returned false, what has been written then
    /// being no Parquet file.
    pub fn write_parquet(
        &self,
        writer: impl Write,
        progress: &mut dyn FnMut(u64) -> bool,
    ) -> Result<(), GenerateError> {
        let sampler = self.sampler()?;
        let schema = frame(&[], self.entities, self.task)?.schema().clone();
        let mut parquet = ParquetWriter::new(writer)
            .with_compression(ParquetCompression::Zstd(None))
            .batched(&schema)?;
        in_chunks(
            self.rows,
            |start, len| frame(&sampler.rows(start, len), self.entities, self.task),
            |frame| Ok(parquet.write_batch(&frame?)?),
            progress,
        )?;
        parquet.finish()?;
        Ok(())
    }

    fn sampler(&self) -> Result<Sampler, GenerateError> {
        let assignment = self
            .entities
            .map(|entities| Assignment::new(self.rows, entities, self.skew, self.seed))
            .transpose()?;
        // The key and the weight.
        let whole: &[&str] = match self.entities {
            Some(_) => &["fnlwgt"],
            None => &["fnlwgt", "education"],
        };
        let gaps = Gaps::new(self.seed, self.missing, self.complete, whole)?;
        Ok(Sampler::new(self.seed, self.task, assignment, gaps))
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::super::chunks::CHUNK_ROWS;
    use super::super::field::FEATURES;
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

    #[test]
    fn rows_stay_what_they_were_in_earlier_versions() {
        let generator = Generator::new(2_000);
        for (generator, digest) in [
            (
                generator.clone(),
                "4667dbfb5f383196c57f2e4f66abba202fc05dc241505dd436560d8d8772790b",
            ),
            (
                generator.clone().seed(7).complete(),
                "e1ca369357974ff4cdbf5f6a73b031738829be9da71efcd872eee9372c94deb7",
            ),
            (
                generator.clone().seed(1).entities(50),
                "0932ed4f6befeb363cb40c94c4d051747fdb4b225bbf1beac0a206fbf720fa04",
            ),
            (
                generator.seed(2).entities(50).skew(Skew::Zipf),
                "8f3992437fa39a1d51fcef46e098adde5fd24512ce5b31c80f54f3609e1c83d4",
            ),
        ] {
            let found = blake3::hash(csv(&generator).as_bytes());
            assert_eq!(found.to_hex().as_str(), digest, "{generator:?}");
        }
    }

    #[test]
    fn any_chunking_gives_the_same_rows() {
        for skew in [Skew::Even, Skew::Zipf] {
            let generator = Generator::new(1_000).seed(3).entities(30).skew(skew);
            let generator = generator.task(Task::Regression).missing(0.1);
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
        let features: Vec<&str> = FEATURES.iter().map(|field| field.name).collect();
        let select = |frame: &DataFrame| frame.select(features.iter().copied()).unwrap();
        assert!(select(&plain).equals_missing(&select(&shared)));
        assert!(!select(&plain).equals_missing(&select(&other)));
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
        for generator in [
            generator.clone(),
            generator.clone().missing(0.2),
            generator.task(Task::Regression).missing(0.05),
        ] {
            let frame = generator.frame(0, 3_000).unwrap();
            assert!(parquet(&generator).equals_missing(&frame));

            let from_csv = CsvReadOptions::default()
                .with_schema(Some(frame.schema().clone()))
                .into_reader_with_file_handle(io::Cursor::new(csv(&generator)))
                .finish()
                .unwrap();
            assert!(from_csv.equals_missing(&frame));
        }
    }

    #[test]
    fn the_number_of_threads_leaves_the_bytes_as_they_are() {
        let generator = Generator::new(20_000).seed(4).entities(30);
        let generator = generator.task(Task::Regression).missing(0.1);
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let one = one.unwrap().install(|| generator.frame(0, 20_000).unwrap());
        let many = rayon::ThreadPoolBuilder::new().num_threads(5).build();
        let many = many
            .unwrap()
            .install(|| generator.frame(0, 20_000).unwrap());
        assert!(one.equals_missing(&many));
    }

    #[test]
    fn an_income_as_a_quantity_has_two_decimals() {
        let text = csv(&Generator::new(2_000).task(Task::Regression));
        for line in text.lines() {
            let (_, income) = line.rsplit_once(", ").unwrap();
            let (dollars, cents) = income.split_once('.').unwrap();
            assert!(dollars.parse::<u64>().is_ok() && cents.len() == 2, "{line}");
            assert!(cents.parse::<u64>().is_ok(), "{line}");
        }
    }

    #[test]
    fn features_lack_the_share_of_values_that_is_asked_for() {
        let height = 40_000;
        let generator = Generator::new(height).missing(0.1).task(Task::Regression);
        for (generator, whole) in [
            (generator.clone(), vec!["fnlwgt", "education", "income"]),
            (generator.entities(20), vec!["entity", "fnlwgt", "income"]),
        ] {
            let frame = generator.frame(0, height as usize).unwrap();
            for column in frame.columns() {
                let share = column.null_count() as f64 / height as f64;
                match whole.contains(&column.name().as_str()) {
                    true => assert_eq!(share, 0.0, "{}", column.name()),
                    // Seven standard deviations.
                    false => assert!((share - 0.1).abs() < 0.0105, "{} {share}", column.name()),
                }
            }
        }
    }

    #[test]
    fn gaps_change_nothing_but_what_is_missing() {
        let generator = Generator::new(2_000).entities(20);
        let all = generator.clone().complete().frame(0, 2_000).unwrap();
        let few = generator.clone().missing(0.1).frame(0, 2_000).unwrap();
        let many = generator.clone().missing(0.5).frame(0, 2_000).unwrap();
        for ((all, few), many) in all.columns().iter().zip(few.columns()).zip(many.columns()) {
            let or = |column: &Column, other: &Column| {
                column.zip_with(&column.is_not_null(), other).unwrap()
            };
            assert!(or(few, all).equals_missing(all));
            assert!(or(many, all).equals_missing(all));
            assert!(or(few, many).equals_missing(few), "{}", few.name());
        }
        assert!(all.equals(&generator.complete().frame(0, 2_000).unwrap()));
    }

    #[test]
    fn the_share_of_missing_values_is_checked() {
        for share in [-0.1, 1.0, 2.0, f64::NAN] {
            let result = Generator::new(10).missing(share).frame(0, 1);
            assert!(matches!(result, Err(GenerateError::MissingShare(_))));
        }
        let none = Generator::new(10).missing(0.0).frame(0, 10).unwrap();
        assert!(none.equals_missing(&Generator::new(10).frame(0, 10).unwrap()));
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
