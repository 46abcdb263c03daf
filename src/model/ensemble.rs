//! A boosted ensemble of one entity's own.

use super::asked_codes::{AskedCodes, check_loss};
use super::binned_feature::{BinnedFeature, FeatureBins};
use crate::ensemble::{AdditiveTrees, Loss};

/// A boosted ensemble of one entity's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Ensemble {
    /// What makes predictions of scores.
    pub loss: Loss,
    /// The features, at the positions that the trees ask for.
    pub features: Vec<BinnedFeature>,
    /// The trees, with as many scores as the loss has.
    pub trees: AdditiveTrees,
}

impl Ensemble {
    /// Number of classes; 0 of a quantity.
    pub fn class_count(&self) -> usize {
        match self.loss {
            Loss::Squared | Loss::Absolute | Loss::Poisson => 0,
            Loss::Logistic => 2,
            Loss::Softmax(classes) => classes,
        }
    }

    /// What trees may ask for.
    pub(super) fn asked(&self) -> AskedCodes {
        AskedCodes::of_features(&self.features)
    }

    /// Whether this is an ensemble of so many classes, none of a quantity.
    pub(super) fn check(&self, classes: usize) -> Result<(), &'static str> {
        check_loss(self.loss, classes)?;
        self.features.iter().try_for_each(BinnedFeature::check)?;
        self.asked().check(&self.trees, self.loss.outputs())
    }

    pub(super) fn memory(&self) -> usize {
        let features = self.features.iter().map(|feature| {
            let bins = match &feature.bins {
                FeatureBins::Numbers(bins) => size_of_val(bins.edges()),
                FeatureBins::Categories(categories) => categories
                    .iter()
                    .map(|text| size_of::<String>() + text.capacity())
                    .sum(),
            };
            size_of::<BinnedFeature>() + feature.name.capacity() + bins
        });
        size_of::<Self>() + features.sum::<usize>() + memory_of(&self.trees)
    }
}

/// Bytes of memory that trees take, roughly.
pub(super) fn memory_of(trees: &AdditiveTrees) -> usize {
    size_of_val(trees.values()) + size_of_val(trees.sets()) + 16 * trees.node_count()
}
