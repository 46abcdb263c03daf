//! The columns that a store asks rows for, and those that it adds to them.

use std::sync::Arc;

use crate::error::SpecError;
use crate::predict::added::AddedColumns;
use crate::schema::{FeatureKind, Role};
use crate::store::Run;

/// The columns that a store asks rows for, and those that it adds to them.
pub(super) struct RowColumns {
    /// The key, then the features.
    pub asked: Vec<Asked>,
    /// In their order.
    pub added: Vec<Arc<str>>,
}

/// A column that is asked for.
pub(super) struct Asked {
    pub name: Arc<str>,
    pub role: Role,
}

impl RowColumns {
    pub fn of(run: &Run, added: &AddedColumns) -> Self {
        let key = run.dataset.key.iter().map(|name| Asked {
            name: name.as_str().into(),
            role: Role::Key,
        });
        let features = run.features.iter().map(|feature| Asked {
            name: feature.name.as_str().into(),
            role: match feature.kind {
                FeatureKind::Numeric => Role::NumericFeature,
                FeatureKind::Categorical => Role::CategoricalFeature,
            },
        });
        let added = added.names(&run.classes).into_iter();
        Self {
            asked: key.chain(features).collect(),
            added: added.map(Into::into).collect(),
        }
    }

    /// What is wrong with a header, where something is.
    pub fn check(&self, names: &[String]) -> Option<SpecError> {
        let has = |name: &str| names.iter().any(|other| other == name);
        if let Some(lacking) = self.asked.iter().find(|asked| !has(&asked.name)) {
            return Some(SpecError::UnknownColumn {
                role: lacking.role,
                column: lacking.name.to_string(),
                columns: names.to_vec(),
            });
        }
        self.refuse_added(names.iter().map(String::as_str))
    }

    /// What is wrong with fields of which one is to be added.
    pub fn refuse_added<'a>(&self, mut names: impl Iterator<Item = &'a str>) -> Option<SpecError> {
        let is_added = |name: &&str| self.added.iter().any(|added| **added == **name);
        let column = names.find(is_added)?.to_owned();
        Some(SpecError::AddedColumn { column })
    }
}
