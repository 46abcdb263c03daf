//! The columns that trees ask about, made of what a graph takes.

use std::collections::HashMap;

use super::graph::{GraphBuilder, bytes, integer, integer_list, text_list};
use super::proto::{ElementType, Tensor};
use crate::error::{Error, ExportError, Result};
use crate::schema::{ColumnType, Feature, FeatureKind};

/// A column that trees ask whether it is at most some number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Column {
    /// The numbers of a feature, NaN for a missing one.
    Number {
        /// Position of the feature.
        feature: usize,
    },
    /// 0 for a category of a set, 1 for any other.
    Outside {
        /// Position of the feature.
        feature: usize,
        /// The codes of the set, ascending.
        codes: Vec<u32>,
    },
    /// A score that is calculated before.
    Score(usize),
}

/// The columns that trees ask about, in the order of their first questions.
///
/// A category has its position among those of its feature that the model knows for a code; the next
/// one stands for all others, and the one behind that for a missing category.
pub(super) struct Columns<'a> {
    features: &'a [Feature],
    missing_category: &'a str,
    /// By feature, in order; none of a numeric one.
    categories: Vec<Vec<String>>,
    columns: Vec<Column>,
    places: HashMap<Column, usize>,
}

/// No table of sets takes more bytes: a graph has 2 GiB at most.
const MOST_TABLE_BYTES: usize = 1 << 30;

impl<'a> Columns<'a> {
    /// `known` are the categories of features that the model knows, ascending.
    ///
    /// # Errors
    ///
    /// [`ExportError::MissingCategory`] where one of them is the text for a missing one,
    /// [`ExportError::NoFeatures`], and [`Error::BadModel`] for a feature that is not there.
    pub fn new(
        features: &'a [Feature],
        missing_category: &'a str,
        known: Vec<(&str, Vec<String>)>,
    ) -> Result<Self> {
        if features.is_empty() {
            return Err(ExportError::NoFeatures.into());
        }
        let mut categories = vec![Vec::new(); features.len()];
        for (name, of_feature) in known {
            if of_feature.iter().any(|text| text == missing_category) {
                return Err(ExportError::MissingCategory {
                    feature: name.to_owned(),
                    text: missing_category.to_owned(),
                }
                .into());
            }
            categories[position(features, name)?] = of_feature;
        }
        Ok(Self {
            features,
            missing_category,
            categories,
            columns: Vec::new(),
            places: HashMap::new(),
        })
    }

    /// The position of a feature.
    ///
    /// # Errors
    ///
    /// [`Error::BadModel`] where there is none of this name.
    pub fn feature(&self, name: &str) -> Result<usize> {
        position(self.features, name)
    }

    /// The column that tells a set of a feature's categories, `None` for a missing one, from others.
    ///
    /// # Errors
    ///
    /// As [`feature`](Self::feature).
    pub fn outside(&self, name: &str, set: &[Option<&str>]) -> Result<Column> {
        let feature = self.feature(name)?;
        let codes = set.iter().map(|category| self.code(feature, *category));
        let mut codes: Vec<u32> = codes.collect();
        codes.sort_unstable();
        Ok(Column::Outside { feature, codes })
    }

    /// The largest code of a feature's categories, that of a missing one.
    pub fn last_code(&self, feature: usize) -> usize {
        self.categories[feature].len() + 1
    }

    fn code(&self, feature: usize, category: Option<&str>) -> u32 {
        let categories = &self.categories[feature];
        let missing = categories.len() + 1;
        let place =
            category.map(|text| categories.binary_search_by(|other| other.as_str().cmp(text)));
        place.map_or(missing, |place| place.unwrap_or(categories.len())) as u32
    }

    /// The number that a column goes by until the matrix is made.
    pub fn number(&mut self, column: Column) -> usize {
        if let Some(&place) = self.places.get(&column) {
            return place;
        }
        let place = self.columns.len();
        self.places.insert(column.clone(), place);
        self.columns.push(column);
        place
    }

    /// Declares a column for each feature, in their order.
    pub fn declare(&self, graph: &mut GraphBuilder) {
        for feature in self.features {
            let (element, description) = match feature.kind {
                FeatureKind::Numeric => {
                    (ElementType::Double, unit(&feature.column_type).to_owned())
                }
                FeatureKind::Categorical => {
                    let missing = self.missing_category;
                    (
                        ElementType::String,
                        format!("text; '{missing}' for a missing one"),
                    )
                }
            };
            graph.input(&feature.name, element, &description);
        }
    }

    /// Makes the matrix of the columns, those of scores aside, and tells where each of them is in
    /// it. Scores are to stand behind them.
    ///
    /// # Errors
    ///
    /// [`ExportError::TooLarge`].
    pub fn matrix(&mut self, graph: &mut GraphBuilder) -> Result<Matrix> {
        self.expect_one();
        let mut places = vec![0; self.columns.len()];
        let mut parts = Vec::new();
        let mut width = 0;
        for feature in 0..self.features.len() {
            let own = self.of_feature(feature);
            if own.is_empty() {
                continue;
            }
            parts.push(self.part(graph, feature, &own)?);
            for column in own {
                places[column] = width;
                width += 1;
            }
        }
        for (place, column) in places.iter_mut().zip(&self.columns) {
            if let Column::Score(score) = column {
                *place = width + score;
            }
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let value = match parts[..] {
            [part] => part.to_owned(),
            _ => graph.apply("Concat", &parts, vec![integer("axis", 1)]),
        };
        Ok(Matrix { value, places })
    }

    /// What asks nothing needs a column, too: it tells how many rows there are.
    fn expect_one(&mut self) {
        if (0..self.features.len()).any(|feature| !self.of_feature(feature).is_empty()) {
            return;
        }
        let feature = 0;
        self.number(match self.features[feature].kind {
            FeatureKind::Numeric => Column::Number { feature },
            FeatureKind::Categorical => Column::Outside {
                feature,
                codes: Vec::new(),
            },
        });
    }

    /// The columns that are made of a feature.
    fn of_feature(&self, wanted: usize) -> Vec<usize> {
        let is_own = |column: &Column| match column {
            Column::Number { feature } | Column::Outside { feature, .. } => *feature == wanted,
            Column::Score(_) => false,
        };
        let columns = self.columns.iter().enumerate();
        let own = columns.filter(|(_, column)| is_own(column));
        own.map(|(place, _)| place).collect()
    }

    /// The columns of one feature next to each other.
    fn part(&self, graph: &mut GraphBuilder, feature: usize, own: &[usize]) -> Result<String> {
        let sets = own
            .iter()
            .filter_map(|&column| match &self.columns[column] {
                Column::Outside { codes, .. } => Some(codes.as_slice()),
                _ => None,
            });
        let sets: Vec<&[u32]> = sets.collect();
        let name = &self.features[feature].name;
        match (self.features[feature].kind, sets.len() == own.len()) {
            (FeatureKind::Numeric, false) if sets.is_empty() => Ok(name.clone()),
            (FeatureKind::Categorical, true) => {
                let codes = self.codes(graph, feature);
                let table = self.table(feature, &sets)?;
                let table = graph.constant(table);
                let axis = vec![integer("axis", 0)];
                let outside = graph.apply("Gather", &[&table, &codes], axis);
                Ok(graph.cast(&outside, ElementType::Double))
            }
            _ => Err(Error::BadModel(format!(
                "asks for feature '{name}', which its run did not have in this form"
            ))),
        }
    }

    /// The codes of a feature's categories, `[rows]`.
    fn codes(&self, graph: &mut GraphBuilder, feature: usize) -> String {
        let categories = &self.categories[feature];
        let missing = self.missing_category.to_owned();
        let keys: Vec<String> = categories.iter().cloned().chain([missing]).collect();
        let known = 0..categories.len() as i64;
        let codes = known.chain([categories.len() as i64 + 1]);
        let attributes = vec![
            integer("default_int64", categories.len() as i64),
            text_list("keys_strings", keys),
            integer_list("values_int64s", codes),
        ];
        let name = &self.features[feature].name;
        let codes = graph.apply_machine_learning("LabelEncoder", name, attributes);
        graph.reshape(&codes, &[-1])
    }

    /// By code and set: 0 for a member, 1 for any other.
    fn table(&self, feature: usize, sets: &[&[u32]]) -> Result<Tensor> {
        let codes = self.categories[feature].len() + 2;
        let size = codes.saturating_mul(sets.len());
        if size > MOST_TABLE_BYTES {
            return Err(ExportError::TooLarge {
                feature: self.features[feature].name.clone(),
                bytes: size as u64,
                limit: MOST_TABLE_BYTES as u64,
            }
            .into());
        }
        let mut table = vec![1; size];
        for (set, members) in sets.iter().enumerate() {
            for &code in members.iter().filter(|&&code| (code as usize) < codes) {
                table[code as usize * sets.len() + set] = 0;
            }
        }
        Ok(bytes(&[codes, sets.len()], table))
    }
}

/// The columns that trees ask about, side by side.
pub(super) struct Matrix {
    /// The value, `[rows, columns]`.
    pub value: String,
    /// By number of a column: where it is in the matrix.
    pub places: Vec<usize>,
}

fn position(features: &[Feature], name: &str) -> Result<usize> {
    let place = features.iter().position(|feature| feature.name == name);
    place.ok_or_else(|| {
        Error::BadModel(format!(
            "asks for feature '{name}', which its run did not have"
        ))
    })
}

/// What the numbers of a column count.
fn unit(column_type: &ColumnType) -> &'static str {
    match column_type {
        ColumnType::Date => "days since 1970-01-01; NaN for a missing one",
        ColumnType::Time => "nanoseconds of the day; NaN for a missing one",
        ColumnType::Timestamp { .. } => {
            "microseconds since 1970-01-01T00:00:00; NaN for a missing one"
        }
        ColumnType::Duration { .. } => "microseconds; NaN for a missing one",
        ColumnType::Boolean => "0 for false, 1 for true; NaN for a missing one",
        ColumnType::Text | ColumnType::Whole | ColumnType::Number => {
            "a number; NaN for a missing one"
        }
    }
}
