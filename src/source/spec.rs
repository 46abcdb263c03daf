//! Which column is key, target, feature, weight; and how text files are to be read.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::format::Format;
use super::limits::ReadLimits;
use super::observation::Texts;
use super::spec_table::SpecTable;
use super::type_declaration::TypeDeclaration;
use crate::error::{Error, Result, SpecError};
use crate::schema::{ColumnSchema, Feature, FeatureKind, OnInfinite, OnMissing, Role, Task};

/// What the columns of a dataset are for.
///
/// As a TOML file, names are written in kebab-case; a name that is not listed is an error. The
/// tables `train` and `tree`, which say how a run trains, are passed over: see
/// [`TrainingSpec`](crate::train::TrainingSpec).
///
/// | name | default | purpose |
/// | --- | --- | --- |
/// | `key` | | one column or several; a model is trained for each of their values |
/// | `target` | | the column to predict |
/// | `task` | by the target | `classification` or `regression`: whether the target is classes or a quantity. Text, true and false, and times are classes, numbers with fractions are a quantity; whole numbers are classes where there are up to [`WHOLE_NUMBER_CLASSES`](crate::schema::WHOLE_NUMBER_CLASSES) different ones, else a quantity |
/// | `features` | all other columns | the columns to predict from |
/// | `ignore` | none | columns that are not features |
/// | `weight` | none | a column of sample weights, from 1e-100 to 1e100 |
/// | `numeric`, `categorical` | by type | features to be taken as numbers, or as categories |
/// | `where` | none | a Polars SQL predicate; only rows that it holds for are kept |
/// | `on-missing` | `learn` | what becomes of rows with missing features: `learn` keeps them, `drop` leaves them out |
/// | `on-infinite` | `error` | what becomes of infinite numbers in numeric features: `error`, or `missing`, as which they count |
/// | `missing` | none | texts that stand for a missing value, besides null and the empty CSV field |
/// | `trim` | false | strip white space around texts |
/// | `strip-label-stop` | false | strip one full stop at the end of a label |
/// | `types` | by the file, or from all rows | what columns hold, see [`TypeDeclaration`] |
/// | `strict` | false | a row with the wrong number of fields is an error, not left out |
/// | `csv` | see [`CsvOptions`] | how CSV and TSV files are written |
///
/// ```
/// use per_entity::source::DatasetSpec;
///
/// let spec = DatasetSpec::from_toml(r#"
///     key = ["country", "store"]
///     target = "returned"
///     ignore = ["order-id"]
///     missing = ["NA"]
/// "#)?;
/// assert_eq!(spec.key, ["country", "store"]);
/// # Ok::<(), per_entity::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct DatasetSpec {
    /// The key columns.
    pub key: Vec<String>,
    /// The target column.
    pub target: String,
    /// Whether the target is classes or a quantity; nothing where its values are to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
    /// The feature columns; empty for all that have no other role.
    pub features: Vec<String>,
    /// Columns that are not features.
    pub ignore: Vec<String>,
    /// The column of sample weights.
    pub weight: Option<String>,
    /// Features to be taken as numbers whatever their type.
    pub numeric: Vec<String>,
    /// Features to be taken as categories whatever their type.
    pub categorical: Vec<String>,
    /// A Polars SQL predicate on the columns.
    #[serde(rename = "where")]
    pub predicate: Option<String>,
    /// What becomes of rows with missing features.
    pub on_missing: OnMissing,
    /// What becomes of infinite numbers in numeric features.
    pub on_infinite: OnInfinite,
    /// Texts that stand for a missing value.
    pub missing: Vec<String>,
    /// Whether white space around texts is stripped.
    pub trim: bool,
    /// Whether one full stop at the end of a label is stripped.
    pub strip_label_stop: bool,
    /// Whether a row with the wrong number of fields is an error.
    pub strict: bool,
    /// What the values of columns are, whatever they look like.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, TypeDeclaration>,
    /// How CSV and TSV files are written.
    pub csv: CsvOptions,
    /// How much an input may ask for; not read from a file.
    #[serde(skip)]
    pub limits: ReadLimits,
}

/// How a CSV or TSV file is written.
///
/// | name | default | purpose |
/// | --- | --- | --- |
/// | `columns` | from the header | the column names of a file without a header |
/// | `separator` | `,`, or a tab in TSV | one ASCII character |
/// | `comment` | none | lines that begin with this text are skipped |
/// | `decimal-comma` | false | numbers are written as `1,5` |
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct CsvOptions {
    /// Column names of a file without a header; empty where the first line is a header.
    pub columns: Vec<String>,
    /// The character between fields.
    pub separator: Option<char>,
    /// What comment lines begin with.
    pub comment: Option<String>,
    /// Whether a comma stands between the whole part and the fraction of a number.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub decimal_comma: bool,
}

/// The columns of the Adult census data (Becker and Kohavi 1996), in file order.
pub(crate) const ADULT_COLUMNS: [&str; 15] = [
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education-num",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital-gain",
    "capital-loss",
    "hours-per-week",
    "native-country",
    "income",
];

const ADULT_NUMERIC: [&str; 6] = [
    "age",
    "fnlwgt",
    "education-num",
    "capital-gain",
    "capital-loss",
    "hours-per-week",
];

impl DatasetSpec {
    /// A dataset with this key and target, and everything else by default.
    pub fn new<K: Into<String>>(
        key: impl IntoIterator<Item = K>,
        target: impl Into<String>,
    ) -> Self {
        Self {
            key: key.into_iter().map(Into::into).collect(),
            target: target.into(),
            ..Self::default()
        }
    }

    /// The Adult census data as published: no header, fields separated by a comma and a space, `?`
    /// for missing, lines that begin with `|` skipped, labels with or without a final full stop.
    /// Key `education`, target `income`, and only the complete rows of the three higher degrees.
    pub fn adult() -> Self {
        let strings = |names: &[&str]| {
            names
                .iter()
                .map(|&name| name.to_owned())
                .collect::<Vec<_>>()
        };
        Self {
            predicate: Some("education IN ('Bachelors', 'Masters', 'Doctorate')".into()),
            categorical: ADULT_COLUMNS
                .iter()
                .filter(|name| !ADULT_NUMERIC.contains(name))
                .map(|&name| name.into())
                .collect(),
            numeric: strings(&ADULT_NUMERIC),
            on_missing: OnMissing::Drop,
            missing: vec!["?".into()],
            trim: true,
            strip_label_stop: true,
            csv: CsvOptions {
                columns: strings(&ADULT_COLUMNS),
                separator: Some(','),
                comment: Some("|".into()),
                decimal_comma: false,
            },
            ..Self::new(["education"], "income")
        }
    }

    /// The Adult data as Apache Beam's `per_entity_training.py` takes it: nothing is ever missing,
    /// and every feature is a category, the numbers too.
    pub fn adult_as_beam() -> Self {
        let adult = Self::adult();
        Self {
            categorical: adult
                .categorical
                .iter()
                .chain(&adult.numeric)
                .cloned()
                .collect(),
            numeric: Vec::new(),
            missing: Vec::new(),
            ..adult
        }
    }

    /// The same, with columns and target taken for what they were taken for before where nothing
    /// else is declared.
    #[must_use]
    pub(crate) fn with_types_of(
        &self,
        features: &[Feature],
        columns: &[ColumnSchema],
        task: Option<Task>,
    ) -> Self {
        let mut types = recorded(features, columns);
        types.extend(self.types.clone());
        Self {
            types,
            task: self.task.or(task),
            ..self.clone()
        }
    }

    /// How data is read for models that were trained on these features for this task: the very same
    /// columns, as what they were taken for at training, whatever else the data has, and without
    /// weights.
    #[must_use]
    pub fn as_trained(&self, features: &[Feature], columns: &[ColumnSchema], task: Task) -> Self {
        let names = |kind: Option<FeatureKind>| -> Vec<String> {
            let features = features.iter();
            let features = features.filter(|feature| kind.is_none_or(|kind| feature.kind == kind));
            features.map(|feature| feature.name.clone()).collect()
        };
        let mut trained = Self {
            features: names(None),
            numeric: names(Some(FeatureKind::Numeric)),
            categorical: names(Some(FeatureKind::Categorical)),
            ignore: Vec::new(),
            weight: None,
            task: Some(task),
            ..self.clone()
        };
        trained.types.extend(recorded(features, columns));
        trained
    }

    /// Whether a column is named in any role.
    pub(crate) fn names(&self, column: &str) -> bool {
        let lists = [
            &self.key,
            &self.features,
            &self.ignore,
            &self.numeric,
            &self.categorical,
        ];
        let is = |name: &String| name == column;
        lists.into_iter().any(|list| list.iter().any(is))
            || is(&self.target)
            || self.weight.as_ref().is_some_and(is)
            || self.types.contains_key(column)
    }

    /// Whether the values of a column are compared for equality alone: it is a key, the target, or
    /// a category.
    pub(crate) fn is_discrete(&self, column: &str) -> bool {
        let is = |name: &String| name == column;
        self.key.iter().any(is) || is(&self.target) || self.categorical.iter().any(is)
    }

    /// What becomes of infinite numbers in numeric features; nothing where they stay, for their rows
    /// are left out and told apart from those with missing values.
    pub(crate) fn infinite_features(&self) -> Option<OnInfinite> {
        match (self.on_infinite, self.on_missing) {
            (OnInfinite::Missing, OnMissing::Drop) => None,
            (on_infinite, _) => Some(on_infinite),
        }
    }

    /// How texts stand for values.
    pub(crate) fn texts(&self) -> Texts {
        Texts {
            missing: self.missing.clone(),
            trim: self.trim,
            decimal_mark: if self.csv.decimal_comma { b',' } else { b'.' },
            stopped: self.strip_label_stop.then(|| self.target.clone()),
        }
    }

    /// The same in files of a format: JSON has numbers of its own.
    pub(crate) fn texts_in(&self, format: Format) -> Texts {
        let decimal_mark = match format {
            Format::Ndjson => b'.',
            _ => self.texts().decimal_mark,
        };
        Texts {
            decimal_mark,
            ..self.texts()
        }
    }

    /// Reads a specification in TOML.
    ///
    /// # Errors
    ///
    /// [`SpecError::Unreadable`] for text that is not TOML or has a value that cannot be,
    /// [`SpecError::UnknownSetting`] for a name that is not known.
    pub fn from_toml(text: &str) -> Result<Self> {
        Ok(Self::parse(text, None)?)
    }

    /// Reads a specification from a TOML file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the file cannot be read, and those of [`from_toml`](Self::from_toml).
    pub fn from_file(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
        Ok(Self::parse(&text, Some(path))?)
    }

    /// The specification in TOML.
    ///
    /// # Errors
    ///
    /// [`SpecError::Unreadable`] where it cannot be written, which is a defect.
    pub fn to_toml(&self) -> Result<String> {
        let text = toml::to_string(self).map_err(|error| SpecError::Unreadable {
            path: None,
            problem: error.to_string(),
        });
        Ok(text?)
    }

    fn parse(text: &str, path: Option<&Path>) -> std::result::Result<Self, SpecError> {
        let mut root = SpecTable::parse(text, path)?;
        root.take_table("train")?;
        root.take_table("tree")?;
        root.read()
    }

    /// Checks what can be checked without the data: a key and a target are named, and no column
    /// has two roles that exclude each other.
    ///
    /// # Errors
    ///
    /// [`SpecError`].
    pub fn check(&self) -> Result<()> {
        if self.key.is_empty() {
            return Err(SpecError::NoKey.into());
        }
        if self.target.is_empty() {
            return Err(SpecError::NoTarget.into());
        }
        self.check_roles()?;
        self.check_csv()?;
        Ok(())
    }

    fn check_roles(&self) -> std::result::Result<(), SpecError> {
        let roles: [(Role, &[String]); 4] = [
            (Role::Key, &self.key),
            (Role::Target, std::slice::from_ref(&self.target)),
            (Role::Weight, self.weight.as_slice()),
            (Role::Feature, &self.features),
        ];
        for (position, (first, columns)) in roles.iter().enumerate() {
            for (second, others) in &roles[position + 1..] {
                one_role(*first, columns, *second, others)?;
            }
            if let Some(column) = repeated(columns) {
                return Err(SpecError::NamedTwice {
                    column: column.clone(),
                    role: *first,
                });
            }
        }
        for (role, columns) in roles {
            one_role(role, columns, Role::Ignored, &self.ignore)?;
        }
        one_role(
            Role::NumericFeature,
            &self.numeric,
            Role::CategoricalFeature,
            &self.categorical,
        )
    }

    fn check_csv(&self) -> std::result::Result<(), SpecError> {
        let separator = self.csv.separator.unwrap_or(',');
        if !separator.is_ascii() || matches!(separator, '"' | '\n' | '\r') {
            return Err(SpecError::Separator(separator));
        }
        match repeated(&self.csv.columns) {
            Some(column) => Err(SpecError::ColumnNamedTwice(column.clone())),
            None => Ok(()),
        }
    }
}

/// What columns are read as that were recorded at training.
fn recorded(features: &[Feature], columns: &[ColumnSchema]) -> BTreeMap<String, TypeDeclaration> {
    let recorded = columns.iter();
    let recorded = recorded.map(|column| (column.name.clone(), column.into()));
    let mut types: BTreeMap<String, TypeDeclaration> = recorded.collect();
    for feature in features {
        let declaration = || TypeDeclaration::from(feature.column_type.clone());
        let declared = types
            .entry(feature.name.clone())
            .or_insert_with(declaration);
        declared.column_type = feature.read_as();
    }
    types
}

fn one_role(
    first: Role,
    columns: &[String],
    second: Role,
    others: &[String],
) -> std::result::Result<(), SpecError> {
    match columns.iter().find(|column| others.contains(column)) {
        None => Ok(()),
        Some(column) => Err(SpecError::TwoRoles {
            column: column.clone(),
            first,
            second,
        }),
    }
}

fn repeated(columns: &[String]) -> Option<&String> {
    columns
        .iter()
        .enumerate()
        .find(|(position, column)| columns[..*position].contains(column))
        .map(|(_, column)| column)
}
