//! What an update takes from the generation before.

use crate::error::SpecError;
use crate::metrics::Metric;
use crate::schema::Feature;
use crate::source::DatasetSpec;
use crate::store::Store;

/// What a run takes from the store's current generation: models of entities whose data and settings
/// are the same are taken over without training.
///
/// | name | default | purpose | range |
/// | --- | --- | --- | --- |
/// | [`vanished`](Self::vanished) | [`Vanished::Drop`] | what becomes of entities that the input lacks | |
/// | [`keep_better`](Self::keep_better) | none | a new model replaces the current one only if this metric of it, on the rows held out, is worse by no more than the tolerance | tolerance: 0 or more |
/// | [`max_regression`](Self::max_regression) | none | nothing is committed if the metric (accuracy, without `keep_better`) of all rows held out becomes worse by more than this | 0 or more |
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Update {
    vanished: Vanished,
    keep_better: Option<(Metric, f64)>,
    max_regression: Option<f64>,
}

/// What becomes of entities of the current generation that are not in the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Vanished {
    /// They stay as they are.
    Keep,
    /// The new generation does not have them.
    #[default]
    Drop,
}

impl Update {
    /// The defaults of the table above.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what becomes of entities that the input lacks.
    #[must_use]
    pub fn vanished(mut self, vanished: Vanished) -> Self {
        self.vanished = vanished;
        self
    }

    /// Lets a new model replace the current one only if this metric of it is not worse by more than
    /// the tolerance, in the metric's units.
    #[must_use]
    pub fn keep_better(mut self, metric: Metric, tolerance: f64) -> Self {
        self.keep_better = Some((metric, tolerance));
        self
    }

    /// Commits nothing if the metric of all rows held out becomes worse by more than this.
    #[must_use]
    pub fn max_regression(mut self, max_regression: f64) -> Self {
        self.max_regression = Some(max_regression);
        self
    }

    pub(super) fn check(&self, has_holdout: bool) -> Result<(), SpecError> {
        let tolerance = self.keep_better.map(|(_, tolerance)| tolerance);
        for (name, value) in [
            ("tolerance", tolerance),
            ("max_regression", self.max_regression),
        ] {
            if let Some(value) = value
                && !(value >= 0.0 && value.is_finite())
            {
                return Err(SpecError::Difference { name, value });
            }
        }
        match self.is_contest() && !has_holdout {
            true => Err(SpecError::ContestWithoutHoldout),
            false => Ok(()),
        }
    }

    pub(super) fn keeps_vanished(&self) -> bool {
        self.vanished == Vanished::Keep
    }

    /// Whether old models are compared with new ones.
    pub(super) fn is_contest(&self) -> bool {
        self.keep_better.is_some() || self.max_regression.is_some()
    }

    /// Whether models may stay that this run would not train again.
    pub(super) fn keeps_models(&self) -> bool {
        self.keeps_vanished() || self.is_contest()
    }

    pub(super) fn metric(&self) -> Metric {
        self.keep_better
            .map_or_else(Metric::default, |(metric, _)| metric)
    }

    /// By how much a challenger may be worse; nothing where all champions are replaced.
    pub(super) fn tolerance(&self) -> Option<f64> {
        self.keep_better.map(|(_, tolerance)| tolerance)
    }

    /// The largest regression, where there is a limit.
    pub(super) fn regression_limit(&self) -> Option<f64> {
        self.max_regression
    }

    /// Models of another generation can serve beside new ones only if they are made alike.
    pub(super) fn check_alike(
        &self,
        base: &Store,
        features: &[Feature],
        spec: &DatasetSpec,
    ) -> Result<(), SpecError> {
        if !self.keeps_models() {
            return Ok(());
        }
        let run = &base.generation().run;
        let kinds = |features: &[Feature]| -> Vec<_> {
            let kinds = features.iter().map(|f| (f.name.clone(), f.kind));
            kinds.collect()
        };
        let differs = if run.dataset.key != spec.key {
            "key"
        } else if run.dataset.target != spec.target {
            "target"
        } else if kinds(&run.features) != kinds(features) {
            "features"
        } else {
            return Ok(());
        };
        Err(SpecError::NotAlike { differs })
    }
}
