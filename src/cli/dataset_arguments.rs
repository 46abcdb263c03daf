//! The arguments that say what the data is.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use per_entity::schema::{ColumnType, OnInfinite, OnMissing, Task};
use per_entity::source::{DatasetSpec, Format, TypeDeclaration};
use per_entity::train::TrainingSpec;
use per_entity::tree::DecisionTreeParams;

use super::error::CliError;
use super::limit_arguments::LimitArguments;

#[derive(clap::Args)]
#[command(next_help_heading = "Data")]
pub struct DatasetArguments {
    /// Files or globs, also in buckets (s3://, gs://, az://): CSV, TSV (gzip or zstd too), Parquet,
    /// Arrow IPC, NDJSON
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    pub input: Vec<String>,

    #[command(flatten)]
    pub columns: ColumnArguments,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Data")]
pub struct ColumnArguments {
    /// The files' format [default: by extension]
    #[arg(long, value_enum)]
    format: Option<FormatArgument>,

    /// A known dataset [default: adult, unless --key, --target or --spec say otherwise]
    #[arg(long, value_enum)]
    preset: Option<Preset>,

    /// A TOML file that says which column is what, and how to train; the other flags override it
    #[arg(long, value_name = "FILE", conflicts_with = "preset")]
    spec: Option<PathBuf>,

    /// One model is trained for each value of these columns
    #[arg(long, value_delimiter = ',', value_name = "COLUMN")]
    key: Vec<String>,

    /// The column to predict
    #[arg(long, value_name = "COLUMN")]
    target: Option<String>,

    /// Whether the target is classes or a quantity [default: by its values; whole numbers are
    /// classes where there are up to 20 different ones]
    #[arg(long, value_enum)]
    task: Option<TaskArgument>,

    /// The columns to predict from [default: all others]
    #[arg(long, value_delimiter = ',', value_name = "COLUMN")]
    features: Vec<String>,

    /// Columns that are not features
    #[arg(long, value_delimiter = ',', value_name = "COLUMN")]
    ignore: Vec<String>,

    /// A column of sample weights, from 1e-100 to 1e100
    #[arg(long, value_name = "COLUMN")]
    weight: Option<String>,

    /// Features to be taken as numbers
    #[arg(long, value_delimiter = ',', value_name = "COLUMN")]
    numeric: Vec<String>,

    /// Features to be taken as categories
    #[arg(long, value_delimiter = ',', value_name = "COLUMN")]
    categorical: Vec<String>,

    /// Columns that are text, whatever they look like
    #[arg(long, value_delimiter = ',', value_name = "COLUMN")]
    text: Vec<String>,

    /// Columns of dates, and how texts in them are written, ISO 8601 by default: `opened=%d.%m.%Y`
    #[arg(long, value_name = "COLUMN[=FORMAT]")]
    date: Vec<String>,

    /// Columns of dates with times, and how texts in them are written, ISO 8601 by default:
    /// `seen=%d.%m.%Y %H:%M`
    #[arg(long, value_name = "COLUMN[=FORMAT]")]
    timestamp: Vec<String>,

    /// Numbers in text files are written with a comma: `1,5`
    #[arg(long)]
    decimal_comma: bool,

    /// Keep the rows for which this Polars SQL predicate holds; `true` keeps all
    #[arg(long = "where", value_name = "PREDICATE")]
    predicate: Option<String>,

    /// What becomes of rows with missing features [default: learn]
    #[arg(long, value_enum)]
    on_missing: Option<OnMissingArgument>,

    /// What becomes of infinite numbers in numeric features [default: error]
    #[arg(long, value_enum)]
    on_infinite: Option<OnInfiniteArgument>,

    /// Texts that stand for a missing value
    #[arg(long, value_delimiter = ',', value_name = "TEXT")]
    missing: Vec<String>,

    /// Strip white space around texts
    #[arg(long)]
    trim: bool,

    /// Column names of a CSV file that has no header
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    columns: Vec<String>,

    /// The character between the fields of a CSV file [default: a comma; a tab in TSV]
    #[arg(long, value_name = "CHARACTER")]
    separator: Option<char>,

    /// Skip the lines of a CSV file that begin with this text
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,

    /// Make a row with the wrong number of fields an error
    #[arg(long)]
    strict: bool,

    /// Treat the data exactly as another program does
    #[arg(long, value_enum, conflicts_with_all = ["preset", "spec", "key", "target"])]
    compat: Option<Compat>,

    #[command(flatten)]
    pub limits: LimitArguments,
}

/// What is to be said where nothing says what the input is.
pub const ASSUMES_ADULT: &str = "without --key, --target, --spec or --preset, the input is taken for the Adult census data (key education, target income); --preset adult says so";

#[derive(Clone, Copy, ValueEnum)]
pub enum FormatArgument {
    Csv,
    Tsv,
    Parquet,
    Ipc,
    Ndjson,
}

impl From<FormatArgument> for Format {
    fn from(format: FormatArgument) -> Self {
        match format {
            FormatArgument::Csv => Format::Csv,
            FormatArgument::Tsv => Format::Tsv,
            FormatArgument::Parquet => Format::Parquet,
            FormatArgument::Ipc => Format::Ipc,
            FormatArgument::Ndjson => Format::Ndjson,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum TaskArgument {
    /// Predict classes
    Classification,
    /// Predict a quantity
    Regression,
}

impl From<TaskArgument> for Task {
    fn from(task: TaskArgument) -> Self {
        match task {
            TaskArgument::Classification => Task::Classification,
            TaskArgument::Regression => Task::Regression,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum OnMissingArgument {
    /// They are kept, and models learn what a missing value means
    Learn,
    /// They are left out
    Drop,
}

impl From<OnMissingArgument> for OnMissing {
    fn from(on_missing: OnMissingArgument) -> Self {
        match on_missing {
            OnMissingArgument::Learn => OnMissing::Learn,
            OnMissingArgument::Drop => OnMissing::Drop,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum OnInfiniteArgument {
    /// They are errors
    Error,
    /// They count as missing
    Missing,
}

impl From<OnInfiniteArgument> for OnInfinite {
    fn from(on_infinite: OnInfiniteArgument) -> Self {
        match on_infinite {
            OnInfiniteArgument::Error => OnInfinite::Error,
            OnInfiniteArgument::Missing => OnInfinite::Missing,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Preset {
    /// The Adult census data: key education, target income, Bachelors, Masters and Doctorate only
    Adult,
}

#[derive(Clone, Copy, ValueEnum)]
enum Compat {
    /// Apache Beam's per_entity_training.py on Adult: nothing is missing, all is categorical
    Beam,
}

impl DatasetArguments {
    pub fn format(&self) -> Option<Format> {
        self.columns.format()
    }

    /// The specification that the arguments make together; what it says of the run is as it stands
    /// in the file.
    pub fn spec(&self) -> Result<TrainingSpec, CliError> {
        let mut spec = self.columns.base(TrainingSpec::from_file)?;
        if self.columns.compat.is_some() {
            // scikit-learn's trees on one-hot columns.
            spec.tree.params = DecisionTreeParams::new();
        }
        spec.dataset = self.columns.override_in(spec.dataset)?;
        spec.dataset.check()?;
        Ok(spec)
    }
}

impl ColumnArguments {
    pub fn format(&self) -> Option<Format> {
        self.format.map(Into::into)
    }

    /// The specification that the arguments make together, which may lack key and target.
    pub fn partial_spec(&self) -> Result<DatasetSpec, CliError> {
        let is_other = self.spec.is_some() || self.preset.is_some() || self.compat.is_some();
        self.override_in(match is_other {
            true => self.base(DatasetSpec::from_file)?,
            false => DatasetSpec::default(),
        })
    }

    fn override_in(&self, mut spec: DatasetSpec) -> Result<DatasetSpec, CliError> {
        let lists = [
            (&self.key, &mut spec.key),
            (&self.features, &mut spec.features),
            (&self.ignore, &mut spec.ignore),
            (&self.missing, &mut spec.missing),
            (&self.columns, &mut spec.csv.columns),
        ];
        for (given, list) in lists {
            if !given.is_empty() {
                list.clone_from(given);
            }
        }
        if let Some(target) = &self.target {
            spec.target.clone_from(target);
        }
        spec.on_missing = self.on_missing.map_or(spec.on_missing, Into::into);
        spec.on_infinite = self.on_infinite.map_or(spec.on_infinite, Into::into);
        spec.task = self.task.map(Into::into).or(spec.task);
        // A column that changes its kind loses the one it had.
        spec.numeric
            .retain(|column| !self.categorical.contains(column));
        spec.categorical
            .retain(|column| !self.numeric.contains(column));
        spec.numeric.extend(self.numeric.iter().cloned());
        spec.categorical.extend(self.categorical.iter().cloned());
        let options = [
            (&self.weight, &mut spec.weight),
            (&self.predicate, &mut spec.predicate),
            (&self.comment, &mut spec.csv.comment),
        ];
        for (given, option) in options {
            if given.is_some() {
                option.clone_from(given);
            }
        }
        spec.csv.separator = self.separator.or(spec.csv.separator);
        spec.csv.decimal_comma |= self.decimal_comma;
        self.declare_types(&mut spec)?;
        spec.trim |= self.trim;
        spec.strict |= self.strict;
        spec.limits = (&self.limits).into();
        Ok(spec)
    }

    fn declare_types(&self, spec: &mut DatasetSpec) -> Result<(), CliError> {
        let texts = self.text.iter().cloned();
        let texts = texts.map(|column| (column, ColumnType::Text.into()));
        spec.types.extend(texts);
        let timestamp = |format: &str| TypeDeclaration::timestamp(format);
        let date = |format: &str| TypeDeclaration::date(format);
        let plain = |column_type: ColumnType| move || column_type.clone().into();
        spec.types
            .extend(declared(&self.date, plain(ColumnType::Date), date)?);
        let is_timestamp = plain(ColumnType::timestamp(None));
        spec.types
            .extend(declared(&self.timestamp, is_timestamp, timestamp)?);
        Ok(())
    }

    /// Whether the Adult data is assumed because nothing says what the input is.
    pub fn assumes_adult(&self) -> bool {
        let is_said = self.preset.is_some() || self.spec.is_some() || self.compat.is_some();
        !is_said && self.key.is_empty() && self.target.is_none()
    }

    /// What the specification says, or the preset.
    fn base<Spec: From<DatasetSpec>>(
        &self,
        read: impl Fn(&Path) -> per_entity::Result<Spec>,
    ) -> Result<Spec, CliError> {
        match &self.spec {
            Some(path) => Ok(read(path)?),
            None => Ok(self.preset()?.into()),
        }
    }

    fn preset(&self) -> Result<DatasetSpec, CliError> {
        match (self.compat, self.preset) {
            (Some(Compat::Beam), _) => Ok(DatasetSpec::adult_as_beam()),
            (None, Some(Preset::Adult)) => Ok(DatasetSpec::adult()),
            (None, None) => {
                let named = (!self.key.is_empty(), self.target.is_some());
                match named {
                    (true, true) => Ok(DatasetSpec::default()),
                    (false, false) => Ok(DatasetSpec::adult()),
                    (true, false) => Err(CliError::Usage(
                        "--key without --target: say --target COLUMN, or --preset adult to take the rest from there".into(),
                    )),
                    (false, true) => Err(CliError::Usage(
                        "--target without --key: say --key COLUMN, or --preset adult to take the rest from there".into(),
                    )),
                }
            }
        }
    }
}

/// Columns with or without a notation of their texts.
fn declared(
    columns: &[String],
    plain: impl Fn() -> TypeDeclaration,
    formatted: impl Fn(&str) -> Result<TypeDeclaration, String>,
) -> Result<Vec<(String, TypeDeclaration)>, CliError> {
    let declare = |column: &String| match column.split_once('=') {
        None => Ok((column.clone(), plain())),
        Some((column, format)) => {
            let declaration = formatted(format).map_err(CliError::Usage)?;
            Ok((column.to_owned(), declaration))
        }
    };
    columns.iter().map(declare).collect()
}
