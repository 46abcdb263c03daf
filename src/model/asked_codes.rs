//! What trees may ask about a row's codes.

use crate::codes::NumberBins;
use crate::ensemble::{AdditiveTrees, CodeTest, Loss};

use super::binned_feature::{BinnedFeature, FeatureBins};

/// By position of a row's codes: the code of missing numbers; nothing where the codes are not those
/// of numbers.
pub(super) struct AskedCodes(Vec<Option<u8>>);

impl AskedCodes {
    pub fn of_features(features: &[BinnedFeature]) -> Self {
        let missing = |feature: &BinnedFeature| match &feature.bins {
            FeatureBins::Numbers(_) => Some(feature.bins.missing_code()),
            FeatureBins::Categories(_) => None,
        };
        Self(features.iter().map(missing).collect())
    }

    pub fn push_numbers(&mut self, bins: &NumberBins) {
        self.0.push(Some(bins.len() as u8));
    }

    pub fn push_categories(&mut self) {
        self.0.push(None);
    }

    /// The code of missing numbers at a position.
    pub fn missing(&self, position: u16) -> Option<u8> {
        self.0.get(usize::from(position)).copied().flatten()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether trees of so many outputs ask for nothing else.
    pub fn check(&self, trees: &AdditiveTrees, outputs: usize) -> Result<(), &'static str> {
        if trees.outputs() != outputs {
            return Err("has trees of another number of scores than its loss");
        }
        let is_known = |test: CodeTest| match test {
            CodeTest::Leaf => true,
            CodeTest::LessOrEqual {
                feature, missing, ..
            } => {
                usize::from(feature) < self.len()
                    && missing.is_none_or(|code| self.missing(feature) == Some(code))
            }
            CodeTest::Among { feature, .. } => usize::from(feature) < self.len(),
        };
        match trees.tests().all(is_known) {
            true => Ok(()),
            false => Err("asks for a feature or a code that it does not have"),
        }
    }
}

/// Whether a loss is one of so many classes, none of a quantity.
pub(super) fn check_loss(loss: Loss, classes: usize) -> Result<(), &'static str> {
    let fits = match loss {
        Loss::Squared | Loss::Absolute | Loss::Poisson => classes == 0,
        Loss::Logistic => classes == 2,
        Loss::Softmax(of_loss) => classes == of_loss && classes > 0,
    };
    match fits {
        true => Ok(()),
        false => Err("has a loss that is not one of its classes"),
    }
}
