//! The generator: what rows to make, and the forms in which they come.

use std::io::Write;

use polars::prelude::*;

use super::chunks::in_chunks;
use super::csv::CsvFormat;
use super::entities::{Assignment, Skew};
use super::error::GenerateError;
use super::frame::frame;
use super::sampler::Sampler;

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
        let sampler = self.sampler()?;
        let len = (self.rows.saturating_sub(start)).min(len as u64) as usize;
        Ok(frame(&sampler.rows(start, len), self.entities)?)
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
        let sampler = self.sampler()?;
        let format = CsvFormat::new(self.entities.is_some());
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
    /// [`GenerateError::NoEntities`] or [`GenerateError::TooManyEntities`] if the number of
    /// entities is out of range; [`GenerateError::Polars`] if writing fails;
    /// [`GenerateError::Interrupted`] if `progress` returned false, what has been written then
    /// being no Parquet file.
    pub fn write_parquet(
        &self,
        writer: impl Write,
        progress: &mut dyn FnMut(u64) -> bool,
    ) -> Result<(), GenerateError> {
        let sampler = self.sampler()?;
        let schema = frame(&[], self.entities)?.schema().clone();
        let mut parquet = ParquetWriter::new(writer)
            .with_compression(ParquetCompression::Zstd(None))
            .batched(&schema)?;
        in_chunks(
            self.rows,
            |start, len| frame(&sampler.rows(start, len), self.entities),
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
        Ok(Sampler::new(self.seed, assignment, self.missing))
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::super::chunks::CHUNK_ROWS;
    use super::super::field::FIELDS;
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
