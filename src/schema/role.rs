//! What a column is wanted for.

use std::fmt::{Display, Formatter};

/// What a column is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A part of the key.
    Key,
    /// The target.
    Target,
    /// The weight of a row.
    Weight,
    /// A feature, of whichever kind.
    Feature,
    /// A feature that is compared as a number.
    NumericFeature,
    /// A feature that is compared as a category.
    CategoricalFeature,
    /// A column that is not a feature.
    Ignored,
    /// A column that rows are grouped or held out by.
    Group,
    /// A column that the filter looks at.
    Filter,
    /// A column of times that rows are held out by.
    Time,
    /// A column that the predicate for rows to be held out looks at.
    Held,
    /// A column whose type is declared, whatever else it is for.
    Declared,
}

impl Role {
    /// The role in a word.
    pub fn name(self) -> &'static str {
        match self {
            Role::Key => "key",
            Role::Target => "target",
            Role::Weight => "weight",
            Role::Feature | Role::NumericFeature | Role::CategoricalFeature => "feature",
            Role::Ignored => "ignored",
            Role::Group => "group",
            Role::Filter => "filter",
            Role::Time => "time",
            Role::Held => "holdout",
            Role::Declared => "declared",
        }
    }
}

impl Display for Role {
    fn fmt(&self, formatter: &mut Formatter) -> std::fmt::Result {
        formatter.write_str(match self {
            Role::Key => "a key",
            Role::Target => "a target",
            Role::Weight => "a weight",
            Role::Feature => "a feature",
            Role::NumericFeature => "a numeric feature",
            Role::CategoricalFeature => "a categorical feature",
            Role::Ignored => "a column to be ignored",
            Role::Group => "a column to group or hold out by",
            Role::Filter => "a column of the filter",
            Role::Time => "a time to hold out by",
            Role::Held => "a column of the predicate for rows held out",
            Role::Declared => "a column of a declared type",
        })
    }
}
