//! The format of a file, and the types and notations that a program chooses for it, make no
//! difference: a store that was trained on one predicts the same from all others, and an update
//! finds the same rows in them.

mod frames;
mod writing;

use std::fmt::Write as _;
use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use per_entity::predict::{Destination, OnBadRow, RowInput};
use per_entity::source::{DatasetSpec, Format, Source};
use per_entity::store::MemoryDirectory;
use per_entity::table::{Input, Table, Target};
use per_entity::train::{Conclusion, Update};
use per_entity::{Cancel, CartTrainer, Predictor, Store, Training};
use polars::prelude::*;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value as Json;

use crate::support::place::Place;
use frames::RandomFrame;
use writing::{Notation, Taken};

/// What rows come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    File(Format),
    Frame,
}

const FORMS: [Form; 6] = [
    Form::File(Format::Csv),
    Form::File(Format::Tsv),
    Form::File(Format::Ndjson),
    Form::File(Format::Parquet),
    Form::File(Format::Ipc),
    Form::Frame,
];

impl Form {
    fn is_typed(self) -> bool {
        match self {
            Form::File(format) => !format.is_text(),
            Form::Frame => true,
        }
    }

    fn is_csv(self) -> bool {
        matches!(self, Form::File(Format::Csv | Format::Tsv))
    }
}

/// A frame as it is written once: how each column is written, in which order, and which rows.
struct Writing<'a> {
    frame: &'a RandomFrame,
    form: Form,
    /// Positions of columns, in the order of the file.
    order: Vec<usize>,
    notations: Vec<Notation>,
    rows: usize,
}

impl<'a> Writing<'a> {
    fn new(
        random: &mut ChaCha8Rng,
        frame: &'a RandomFrame,
        form: Form,
        taken: Option<&[Taken]>,
        rows: usize,
    ) -> Self {
        let mut order: Vec<usize> = (0..frame.columns.len()).collect();
        order.shuffle(random);
        let mark = if frame.spec.csv.decimal_comma {
            ','
        } else {
            '.'
        };
        let notations = frame.columns.iter().enumerate().map(|(position, column)| {
            let taken = taken.map(|taken| taken[position]);
            let is_csv = form.is_csv();
            column.notation(random, taken, is_csv, &frame.spec.missing, mark)
        });
        Self {
            notations: notations.collect(),
            frame,
            form,
            order,
            rows,
        }
    }

    /// What the columns are taken for where this is trained on.
    fn taken(&self) -> Vec<Taken> {
        let columns = self.frame.columns.iter().zip(&self.notations);
        let taken = columns.map(|(column, notation)| match self.form.is_csv() {
            // Nothing is in quotes there.
            true => column.taken(
                &Notation {
                    is_quoted: false,
                    ..notation.clone()
                },
                false,
            ),
            false => column.taken(notation, self.form.is_typed()),
        });
        taken.collect()
    }

    fn columns(&self) -> impl Iterator<Item = (&frames::RandomColumn, &Notation)> {
        self.order
            .iter()
            .map(|&position| (&self.frame.columns[position], &self.notations[position]))
    }

    fn as_frame(&self) -> DataFrame {
        let columns = self
            .columns()
            .map(|(column, notation)| notation.column(&column.name, &column.values[..self.rows]));
        DataFrame::new(self.rows, columns.collect()).unwrap()
    }

    fn as_csv(&self, random: &mut ChaCha8Rng) -> Vec<u8> {
        let default = if self.form == Form::File(Format::Tsv) {
            '\t'
        } else {
            ','
        };
        let separator = self.frame.spec.csv.separator.unwrap_or(default) as u8;
        let mut writer = csv::WriterBuilder::new()
            .delimiter(separator)
            .quote_style(
                *[csv::QuoteStyle::Necessary, csv::QuoteStyle::Always]
                    .choose(random)
                    .unwrap(),
            )
            .terminator(
                *[csv::Terminator::Any(b'\n'), csv::Terminator::CRLF]
                    .choose(random)
                    .unwrap(),
            )
            .from_writer(Vec::new());
        writer
            .write_record(self.columns().map(|(column, _)| &column.name))
            .unwrap();
        for row in 0..self.rows {
            let fields = self
                .columns()
                .map(|(column, notation)| match &column.values[row] {
                    Some(value) => notation.text(value),
                    None => notation.missing.to_owned(),
                });
            writer.write_record(fields).unwrap();
        }
        writer.into_inner().unwrap()
    }

    fn as_ndjson(&self, random: &mut ChaCha8Rng) -> Vec<u8> {
        let mut text = String::new();
        for row in 0..self.rows {
            let mut fields: Vec<String> = Vec::new();
            for (column, notation) in self.columns() {
                let name = &column.name;
                match &column.values[row] {
                    Some(value) => fields.push(format!("\"{name}\":{}", notation.json(value))),
                    None if !notation.missing.is_empty() => {
                        fields.push(format!("\"{name}\": \"{}\"", notation.missing))
                    }
                    None if random.random_bool(0.5) => fields.push(format!("\"{name}\":null")),
                    None => {}
                }
            }
            // The first row has them all, and says in which order columns are.
            if row > 0 && random.random_bool(0.2) {
                fields.shuffle(random);
            }
            writeln!(text, "{{{}}}", fields.join(",")).unwrap();
        }
        text.into_bytes()
    }

    /// The bytes of a text format.
    fn as_text(&self, random: &mut ChaCha8Rng) -> Vec<u8> {
        match self.form {
            Form::File(Format::Ndjson) => self.as_ndjson(random),
            _ => self.as_csv(random),
        }
    }

    fn write(&self, random: &mut ChaCha8Rng, path: &Path) {
        if !self.form.is_typed() {
            return std::fs::write(path, self.as_text(random)).unwrap();
        }
        let mut frame = self.as_frame();
        let file = std::fs::File::create(path).unwrap();
        match self.form {
            Form::File(Format::Parquet) => drop(
                ParquetWriter::new(file)
                    .with_compression(ParquetCompression::Uncompressed)
                    .finish(&mut frame)
                    .unwrap(),
            ),
            _ => IpcWriter::new(file).finish(&mut frame).unwrap(),
        }
    }

    /// As an input that is read with this specification.
    fn input(
        &self,
        random: &mut ChaCha8Rng,
        place: &Place,
        spec: &DatasetSpec,
    ) -> Result<Input, String> {
        match self.form {
            Form::Frame => Ok(self.as_frame().into()),
            Form::File(format) => {
                let path = place.path(&format!(
                    "rows.{}",
                    if format == Format::Ipc {
                        "arrow"
                    } else {
                        format.name()
                    }
                ));
                self.write(random, &path);
                let source = Source::open(&[path.display().to_string()], None, spec);
                Ok(source.map_err(|error| error.to_string())?.into())
            }
        }
    }

    /// What the rows look like, for a message.
    fn describe(&self) -> String {
        let mut text = format!("{:?}\n", self.form);
        for (column, notation) in self.columns() {
            writeln!(
                text,
                "  {} {:?}{} as {:?} {:?} quoted {} missing {:?} nan {}: {:?}",
                column.name,
                column.kind,
                if column.is_declared {
                    " (declared)"
                } else {
                    ""
                },
                notation.dtype,
                notation.spelling,
                notation.is_quoted,
                notation.missing,
                notation.has_nan,
                &column.values[..self.rows.min(6)]
            )
            .unwrap();
        }
        text
    }
}

/// What was predicted for a row: the class, the probabilities of all classes, and by which model.
type Predicted = (Option<String>, Vec<Option<f64>>, Option<String>);

fn of_frame(frame: &DataFrame) -> Vec<Predicted> {
    let text = |name: &str| {
        let texts = frame.column(name).unwrap().cast(&DataType::String).unwrap();
        let texts = texts.str().unwrap().clone();
        texts
            .iter()
            .map(|text| text.map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let probabilities = frame
        .columns()
        .iter()
        .filter(|column| column.name().starts_with("probability_"));
    let probabilities: Vec<Vec<Option<f64>>> = probabilities
        .map(|column| column.f64().unwrap().iter().map(rounded).collect())
        .collect();
    let models = text("model").into_iter();
    let rows = text("prediction").into_iter().zip(models).enumerate();
    rows.map(|(row, (prediction, model))| {
        let probabilities = probabilities.iter().map(|column| column[row]);
        (prediction, probabilities.collect(), model)
    })
    .collect()
}

/// A probability as far as a reader of JSON keeps it.
fn rounded(probability: Option<f64>) -> Option<f64> {
    probability.map(|probability| (probability * 1e12).round() / 1e12)
}

/// What was written as NDJSON.
fn of_ndjson(text: &[u8]) -> Vec<Predicted> {
    let rows = text
        .split(|byte| *byte == b'\n')
        .filter(|row| !row.is_empty());
    let row = |row| {
        let row: serde_json::Map<String, Json> = serde_json::from_slice(row).unwrap();
        let text = |value: &Json| match value {
            Json::Null => None,
            Json::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        let probabilities = row
            .iter()
            .filter(|(name, _)| name.starts_with("probability_"));
        let probabilities = probabilities.map(|(_, value)| rounded(value.as_f64()));
        (
            text(&row["prediction"]),
            probabilities.collect(),
            text(&row["model"]),
        )
    };
    rows.map(row).collect()
}

/// Bytes that are written by one and read by another.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A frame that was trained on once, and its store.
struct Trained<'a> {
    frame: &'a RandomFrame,
    /// As it was written for training.
    writing: Writing<'a>,
    /// What its columns were taken for.
    taken: Vec<Taken>,
    store: MemoryDirectory,
    predictor: Predictor,
    models: u64,
    place: &'a Place,
    random: ChaCha8Rng,
}

impl<'a> Trained<'a> {
    fn new(
        frame: &'a RandomFrame,
        form: Form,
        place: &'a Place,
        mut random: ChaCha8Rng,
    ) -> Result<Self, String> {
        let writing = Writing::new(&mut random, frame, form, None, frame.training_rows);
        let store = MemoryDirectory::new();
        let input = writing.input(&mut random, place, &frame.spec)?;
        let report = training(&frame.spec).run(input, &store);
        let Conclusion::Committed(report) = report.map_err(in_words)? else {
            panic!("there was nothing before");
        };
        Ok(Self {
            frame,
            taken: writing.taken(),
            writing,
            predictor: Predictor::new(Store::open(&store).unwrap()).unwrap(),
            store,
            models: report.generation.trained,
            place,
            random,
        })
    }

    /// The frame in another form, its first rows.
    fn rewritten(&mut self, form: Form, rows: usize) -> Writing<'a> {
        Writing::new(&mut self.random, self.frame, form, Some(&self.taken), rows)
    }

    /// Predicts rows that are written as files, or a frame.
    fn predict(&mut self, writing: &Writing) -> Result<Vec<Predicted>, String> {
        let spec = self.predictor.spec();
        let Input::Files(source) = writing.input(&mut self.random, self.place, &spec)? else {
            let predicted = self.predictor.predict(&writing.as_frame());
            return Ok(of_frame(&predicted.map_err(in_words)?));
        };
        let output = Shared::default();
        let destination = Destination::Writer(Box::new(output.clone()));
        let never = Cancel::new();
        let predictor = &mut self.predictor;
        let predicted = predictor.predict_files(&source, destination, Format::Ipc, &never);
        predicted.map_err(in_words)?;
        let written = IpcReader::new(Cursor::new(output.bytes())).finish();
        Ok(of_frame(&written.unwrap()))
    }

    /// Predicts rows one by one.
    fn stream(&mut self, writing: &Writing) -> Result<Vec<Predicted>, String> {
        let Form::File(format) = writing.form else {
            panic!("a frame is no stream");
        };
        let output = Shared::default();
        let rows = Cursor::new(writing.as_text(&mut self.random));
        let account = self.predictor.predict_rows(
            RowInput::new(rows, "rows", format).on_bad_row(OnBadRow::Error),
            Destination::Writer(Box::new(output.clone())),
            Format::Ndjson,
            &Cancel::new(),
        );
        account.map_err(in_words)?;
        Ok(of_ndjson(&output.bytes()))
    }

    /// Trains on the rows once more, as an update, which is to carry all models over.
    fn update(&mut self, writing: &Writing) -> Result<(), String> {
        let input = writing.input(&mut self.random, self.place, &self.predictor.spec())?;
        let update = training(&self.frame.spec).update(Update::new());
        let carried = match update.run(input, &self.store).map_err(in_words)? {
            Conclusion::Unchanged(unchanged) => unchanged.carried,
            Conclusion::Committed(report) => report.carried,
            Conclusion::Refused(refusal) => return Err(refusal.to_string()),
        };
        match carried == self.models {
            true => Ok(()),
            false => Err(format!("{carried} of {} models carried over", self.models)),
        }
    }

    /// Checks that what is predicted is the same in other forms, and that rows that were trained
    /// on have a model; and that the same is predicted row by row, or that an update finds nothing
    /// new.
    fn check(&mut self) -> Result<(), String> {
        let mut forms = FORMS;
        forms.shuffle(&mut self.random);
        let mut expected = None;
        for form in forms.into_iter().take(FORMS_OF_A_FRAME) {
            let writing = self.rewritten(form, self.frame.rows);
            let predicted = self.predict(&writing);
            let checked = predicted.and_then(|predicted| self.compare(&mut expected, predicted));
            checked.map_err(|error| self.tell(&error, "predicted from", &writing))?;
        }
        match self.random.random_bool(0.5) {
            true => self.check_stream(&mut expected),
            false => self.check_update(),
        }
    }

    fn check_stream(&mut self, expected: &mut Option<Vec<Predicted>>) -> Result<(), String> {
        let form = *FORMS[..3].choose(&mut self.random).unwrap();
        let writing = self.rewritten(form, self.frame.rows);
        let streamed = self.stream(&writing);
        let checked = streamed.and_then(|predicted| self.compare(expected, predicted));
        checked.map_err(|error| self.tell(&error, "streamed from", &writing))
    }

    fn check_update(&mut self) -> Result<(), String> {
        let form = *FORMS.choose(&mut self.random).unwrap();
        let mut writing = self.rewritten(form, self.frame.training_rows);
        // Of splits that are as good, a tree takes that of the first column.
        writing.order.clone_from(&self.writing.order);
        let updated = self.update(&writing);
        updated.map_err(|error| self.tell(&error, "updated from", &writing))
    }

    fn compare(
        &self,
        expected: &mut Option<Vec<Predicted>>,
        found: Vec<Predicted>,
    ) -> Result<(), String> {
        let Some(expected) = expected else {
            let own = Some("own".to_owned());
            let rows = found.iter().take(self.frame.training_rows).enumerate();
            let mut kept = rows.filter(|(row, _)| self.frame.is_kept(*row));
            let lost = kept.find(|(_, (_, _, model))| *model != own);
            *expected = Some(found.clone());
            return lost.map_or(Ok(()), |(row, _)| Err(format!("row {row} has no model")));
        };
        if expected.len() != found.len() {
            return Err(format!("{} rows, not {}", found.len(), expected.len()));
        }
        let mut rows = expected.iter().zip(&found).enumerate();
        match rows.find(|(_, (expected, found))| expected != found) {
            None => Ok(()),
            Some((row, (expected, found))) => {
                Err(format!("row {row}: {found:?}, not {expected:?}"))
            }
        }
    }

    fn tell(&self, error: &str, what: &str, writing: &Writing) -> String {
        let trained = self.writing.describe();
        format!("{error}\ntrained on {trained}{what} {}", writing.describe())
    }
}

fn training(spec: &DatasetSpec) -> Training {
    Training::new(spec.clone(), CartTrainer::default()).threads(1)
}

fn in_words(error: per_entity::Error) -> String {
    error.to_string()
}

/// What is wrong with the frame of this number.
fn check(seed: u64, place: &Place) -> Result<(), String> {
    let frame = RandomFrame::of(seed);
    let form = FORMS[seed as usize % FORMS.len()];
    let random = ChaCha8Rng::seed_from_u64(!seed);
    Trained::new(&frame, form, place, random)?.check()
}

/// The quantities of the rows that are kept, ascending, and how many rows are left out for want of
/// one.
fn quantities(writing: &Writing, random: &mut ChaCha8Rng, place: &Place) -> (Vec<f64>, u64) {
    let spec = &writing.frame.spec;
    let input = writing.input(random, place, spec).unwrap();
    let table = Table::load(&input, spec, &Cancel::new()).unwrap();
    let left_out = table.left_out();
    assert_eq!(table.rows() as u64 + left_out.total(), table.rows_read());
    let Target::Numbers(numbers) = table.target() else {
        panic!("classes:\n{}", writing.describe());
    };
    let mut numbers = numbers.clone();
    numbers.sort_by(f64::total_cmp);
    (numbers, left_out.null_target)
}

#[test]
fn a_quantity_is_the_same_in_all_formats_and_types() {
    let place = Place::new();
    for seed in 0..200 {
        let frame = RandomFrame::of(seed).with_quantity(seed);
        let random = &mut ChaCha8Rng::seed_from_u64(!seed);
        let mut expected = None;
        for form in FORMS {
            let writing = Writing::new(random, &frame, form, None, frame.rows);
            let found = quantities(&writing, random, &place);
            let expected = expected.get_or_insert_with(|| found.clone());
            assert_eq!(*expected, found, "frame {seed}:\n{}", writing.describe());
        }
    }
}

const FRAMES: u64 = 2_000;

/// The forms that rows of a frame are predicted in, before they are streamed or trained on again.
const FORMS_OF_A_FRAME: usize = 2;

#[test]
fn the_format_of_a_file_and_its_types_make_no_difference() {
    let halves = [0, 1].map(|half| {
        std::thread::spawn(move || {
            let place = Place::new();
            for seed in (half..FRAMES).step_by(2) {
                if let Err(error) = check(seed, &place) {
                    panic!("frame {seed}: {error}");
                }
            }
        })
    });
    for half in halves {
        half.join().unwrap();
    }
}
