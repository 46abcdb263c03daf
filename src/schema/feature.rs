//! A feature of the dataset.

use serde::{Deserialize, Serialize};

use super::feature_kind::FeatureKind;
use super::value_type::ValueType;

/// A feature of the dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feature {
    /// The column's name.
    pub name: String,
    /// How its values are compared.
    pub kind: FeatureKind,
    /// The type of its values in the input.
    #[serde(rename = "dtype")]
    pub value_type: ValueType,
}

impl Feature {
    /// Whether a column of this type holds what the feature held at training. Text stands for any
    /// category, and any number for any other.
    pub fn accepts(&self, found: &ValueType) -> bool {
        let trained = &self.value_type;
        if found == trained || found.is_null() || trained.is_null() {
            return true;
        }
        match self.kind {
            FeatureKind::Numeric => found.is_number() && trained.is_number(),
            FeatureKind::Categorical => {
                found.is_text() || found.is_boolean() || found.is_whole() && trained.is_whole()
            }
        }
    }

    /// Whether both are the same feature of two inputs whose files may have been read as other
    /// types: the same numbers, or categories with the same texts.
    pub fn is_like(&self, other: &Self) -> bool {
        let types = [&self.value_type, &other.value_type];
        let is_read_as_number = |found: &&ValueType| found.is_number() || found.is_text();
        let same = match self.kind {
            FeatureKind::Numeric => types.iter().all(is_read_as_number),
            FeatureKind::Categorical => self.accepts(types[1]) || other.accepts(types[0]),
        };
        let is_null = types.iter().any(|found| found.is_null());
        self.name == other.name
            && self.kind == other.kind
            && (types[0] == types[1] || is_null || same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_accepts_what_it_was_trained_on_and_its_like() {
        let accepts = |kind, trained: &str, found: &str| {
            let feature = Feature {
                name: "x".into(),
                kind,
                value_type: trained.into(),
            };
            feature.accepts(&found.into())
        };
        use FeatureKind::{Categorical, Numeric};
        assert!(accepts(Numeric, "i64", "f32"));
        assert!(accepts(Numeric, "decimal[38,2]", "bool"));
        assert!(accepts(Numeric, "date", "date"));
        assert!(accepts(Numeric, "date", "null"));
        assert!(!accepts(Numeric, "date", "i64"));
        assert!(!accepts(Numeric, "datetime[ms]", "datetime[μs]"));
        assert!(!accepts(Numeric, "f64", "str"));
        assert!(accepts(Categorical, "i64", "u8"));
        assert!(accepts(Categorical, "i64", "str"));
        assert!(!accepts(Categorical, "i64", "f64"));
        assert!(!accepts(Categorical, "str", "i64"));
    }

    #[test]
    fn features_are_alike_whatever_numbers_and_texts_they_were_read_as() {
        let is_like = |kind, one: &str, other: &str| {
            let feature = |found: &str| Feature {
                name: "x".into(),
                kind,
                value_type: found.into(),
            };
            let both = [feature(one), feature(other)];
            assert_eq!(both[0].is_like(&both[1]), both[1].is_like(&both[0]));
            both[0].is_like(&both[1])
        };
        use FeatureKind::{Categorical, Numeric};
        for (kind, one, other) in [
            (Numeric, "i64", "f64"),
            (Numeric, "str", "i64"),
            (Numeric, "date", "date"),
            (Numeric, "date", "null"),
            (Categorical, "i64", "str"),
            (Categorical, "bool", "str"),
        ] {
            assert!(is_like(kind, one, other), "{one} {other}");
        }
        assert!(!is_like(Numeric, "date", "i64"));
        assert!(!is_like(Categorical, "i64", "f64"));
    }
}
