//! A feature of the dataset.

use serde::{Deserialize, Serialize};

use super::column_type::ColumnType;
use super::feature_kind::FeatureKind;

/// A feature of the dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feature {
    /// The column's name.
    pub name: String,
    /// How its values are compared.
    pub kind: FeatureKind,
    /// What its values are.
    #[serde(rename = "type", alias = "dtype")]
    pub column_type: ColumnType,
}

impl Feature {
    /// The type that its column is read as: where values are compared as numbers, a fraction is as
    /// good as a whole number.
    pub(crate) fn read_as(&self) -> ColumnType {
        match (self.kind, &self.column_type) {
            (FeatureKind::Numeric, ColumnType::Whole | ColumnType::Text) => ColumnType::Number,
            (_, column_type) => column_type.clone(),
        }
    }

    /// Whether both are the same feature, compared in the same way.
    pub fn is_like(&self, other: &Self) -> bool {
        self.name == other.name && self.kind == other.kind && self.read_as() == other.read_as()
    }
}
