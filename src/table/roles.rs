//! Which columns of an input have which role.

use std::collections::HashMap;

use crate::error::{Error, Result, SpecError};
use crate::schema::{Feature, Role};
use crate::source::{DatasetSpec, InputColumn};

/// The columns of a query beside key, target and weight.
pub(crate) struct Roles {
    pub features: Vec<String>,
    /// Columns that no model sees.
    pub carried: Vec<String>,
    /// Columns that the filter looks at.
    pub filter: Vec<String>,
    /// Columns by which rows are held out.
    held: (Role, Vec<String>),
    /// Columns that number the rows and are no features therefore.
    pub row_numbers: Vec<String>,
}

impl Roles {
    /// The roles that a specification gives to the columns of an input.
    ///
    /// # Errors
    ///
    /// [`SpecError::UnknownColumn`] for a column that the input lacks, and
    /// [`SpecError::NoFeatures`].
    pub fn new(
        found: &[InputColumn],
        spec: &DatasetSpec,
        carried: &[String],
        filter: &[String],
        held: (Role, Vec<String>),
    ) -> Result<Self> {
        let mut roles = Self::named(found, spec, carried, filter)?;
        if let Some(column) = held.1.iter().find(|name| !is_there(found, name)) {
            return Err(unknown(held.0, column, found));
        }
        roles.held = held;
        match roles.features.is_empty() {
            true => Err(SpecError::NoFeatures.into()),
            false => Ok(roles),
        }
    }

    /// The same of a specification that may lack key, target and features.
    ///
    /// # Errors
    ///
    /// [`SpecError::UnknownColumn`] for a column that the input lacks.
    pub fn named(
        found: &[InputColumn],
        spec: &DatasetSpec,
        carried: &[String],
        filter: &[String],
    ) -> Result<Self> {
        let target = std::slice::from_ref(&spec.target);
        let roles: [(Role, &[String]); 9] = [
            (Role::Key, &spec.key),
            (
                Role::Target,
                if spec.target.is_empty() { &[] } else { target },
            ),
            (Role::Weight, spec.weight.as_slice()),
            (Role::Feature, &spec.features),
            (Role::Ignored, &spec.ignore),
            (Role::NumericFeature, &spec.numeric),
            (Role::CategoricalFeature, &spec.categorical),
            (Role::Filter, filter),
            (Role::Group, carried),
        ];
        let by_name = InputColumn::by_name(found);
        let is_there = |name: &String| by_name.contains_key(name.as_str());
        for (role, columns) in roles {
            if let Some(column) = columns.iter().find(|column| !is_there(column)) {
                return Err(unknown(role, column, found));
            }
        }
        let mut roles = Self {
            features: spec.features.clone(),
            carried: carried.to_vec(),
            filter: filter.to_vec(),
            held: (Role::Held, Vec::new()),
            row_numbers: Vec::new(),
        };
        if spec.features.is_empty() {
            roles.take_others(found, spec);
        }
        Ok(roles)
    }

    /// Puts features in the order that they have in another list; others stand behind them.
    pub fn order_features(&mut self, order: &[Feature]) {
        let order = order.iter().enumerate();
        let places: HashMap<&str, usize> = order
            .map(|(place, feature)| (feature.name.as_str(), place))
            .collect();
        let place = |name: &String| places.get(name.as_str()).copied();
        self.features
            .sort_by_cached_key(|name| place(name).unwrap_or(usize::MAX));
    }

    /// What the columns that have a role are for; all others, and one that numbers the rows, are
    /// ignored.
    pub fn by_name<'a>(&'a self, spec: &'a DatasetSpec) -> HashMap<&'a str, Role> {
        self.columns(spec).collect()
    }

    /// All columns without another role are features, but for those that number the rows.
    fn take_others(&mut self, found: &[InputColumn], spec: &DatasetSpec) {
        let is_taken = |name: &String| {
            spec.key.contains(name)
                || spec.target == *name
                || spec.weight.as_ref() == Some(name)
                || spec.ignore.contains(name)
        };
        let names = found.iter().map(|column| &column.name);
        for name in names.filter(|name| !is_taken(name)) {
            match is_row_number(name) && !spec.names(name) {
                true => self.row_numbers.push(name.clone()),
                false => self.features.push(name.clone()),
            }
        }
    }

    /// Every column that has a role, once, with the first of its roles.
    pub fn columns<'a>(
        &'a self,
        spec: &'a DatasetSpec,
    ) -> impl Iterator<Item = (&'a str, Role)> + 'a {
        let roles: [(Role, &[String]); 7] = [
            (Role::Key, spec.key.as_slice()),
            (Role::Target, std::slice::from_ref(&spec.target)),
            (Role::Weight, spec.weight.as_slice()),
            (Role::Feature, &self.features),
            (Role::Filter, &self.filter),
            (Role::Group, &self.carried),
            (self.held.0, &self.held.1),
        ];
        let mut seen = std::collections::HashSet::new();
        let columns = roles
            .into_iter()
            .flat_map(|(role, names)| names.iter().map(move |name| (name.as_str(), role)));
        columns.filter(move |(name, _)| seen.insert(*name))
    }
}

fn is_there(found: &[InputColumn], name: &str) -> bool {
    found.iter().any(|column| column.name == name)
}

/// Whether a column is what pandas writes for the index of a frame.
fn is_row_number(name: &str) -> bool {
    name.is_empty() || name.starts_with("Unnamed: ") || name.starts_with("__index_level_")
}

/// A column that is not there.
pub(super) fn unknown(role: Role, column: &str, found: &[InputColumn]) -> Error {
    SpecError::UnknownColumn {
        role,
        column: column.to_owned(),
        columns: found.iter().map(|column| column.name.clone()).collect(),
    }
    .into()
}
