//! How much the features of a run matter to one model.

use std::ops::Range;

use super::settings::TrainingSettings;
use crate::error::Result;
use crate::model::Model;
use crate::schema::{HoldoutKind, ImportanceKind};
use crate::score::Scorer;

/// What tells how much the features of a run matter to one model.
#[derive(Clone, Copy)]
pub(crate) struct Importance {
    kind: ImportanceKind,
    /// What shuffles depend on.
    seed: u64,
}

impl Importance {
    /// That of a run, where its settings ask for it.
    pub fn of(settings: &TrainingSettings) -> Option<Self> {
        let seed = match settings.holdout.as_ref().map(|holdout| &holdout.0) {
            Some(HoldoutKind::Drawn { seed, .. }) => *seed,
            _ => 0,
        };
        let kind = settings.importance?;
        Some(Self { kind, seed })
    }

    /// The importances of the features of these names, 0 for those that the model does not ask for.
    /// Nothing where there are no rows to tell them by, or where one is beyond 32 bits.
    ///
    /// # Errors
    ///
    /// [`Error::BadModel`](crate::error::Error::BadModel) for a model that does not fit the rows.
    pub fn of_model(
        &self,
        model: &Model,
        names: &[&str],
        held_out: Option<(&Scorer, Range<usize>)>,
    ) -> Result<Option<Box<[f32]>>> {
        let asked = match (self.kind, held_out) {
            (ImportanceKind::Impurity, _) => Some(model.importances()),
            (ImportanceKind::Permutation, None) => None,
            (ImportanceKind::Permutation, Some((scorer, rows))) => {
                scorer.permutation_importances(model, rows, self.seed)?
            }
        };
        let asked = asked.filter(|asked| asked.iter().all(|&number| (number as f32).is_finite()));
        Ok(asked.map(|asked| {
            let asked = model.importances_among(&asked, names.iter().copied());
            asked.into_iter().map(|number| number as f32).collect()
        }))
    }
}
