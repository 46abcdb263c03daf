//! The losses that there are.

use serde::{Deserialize, Serialize};

use super::function::LossFunction;
use super::{logistic, softmax};

/// A loss that boosting minimizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Half the squared error; scores are means.
    Squared,
    /// The absolute error; scores are medians.
    Absolute,
    /// The negative log likelihood of counts after Poisson; scores are logarithms of means. Targets
    /// are not negative.
    Poisson,
    /// The log loss of two classes; scores are log odds of the second.
    Logistic,
    /// The log loss of so many classes, of which there is a score each.
    Softmax(usize),
}

/// The same expression for the function of every loss.
macro_rules! with_loss {
    ($loss:expr, $function:ident => $body:expr) => {
        match $loss {
            $crate::ensemble::Loss::Squared => {
                let $function = $crate::ensemble::loss::Squared;
                $body
            }
            $crate::ensemble::Loss::Absolute => {
                let $function = $crate::ensemble::loss::Absolute;
                $body
            }
            $crate::ensemble::Loss::Poisson => {
                let $function = $crate::ensemble::loss::Poisson;
                $body
            }
            $crate::ensemble::Loss::Logistic => {
                let $function = $crate::ensemble::loss::Logistic;
                $body
            }
            $crate::ensemble::Loss::Softmax(classes) => {
                let $function = $crate::ensemble::loss::Softmax { classes };
                $body
            }
        }
    };
}
pub(crate) use with_loss;

impl Loss {
    /// The log loss of so many classes.
    pub fn of_classes(classes: usize) -> Self {
        match classes {
            2 => Loss::Logistic,
            classes => Loss::Softmax(classes),
        }
    }

    /// Scores of a row.
    pub fn outputs(self) -> usize {
        with_loss!(self, loss => loss.outputs())
    }

    /// The loss of a row.
    ///
    /// # Panics
    ///
    /// If there are not as many scores as [`outputs`](Self::outputs).
    pub fn of(self, target: f64, scores: &[f64]) -> f64 {
        assert_eq!(scores.len(), self.outputs(), "one score for each output");
        with_loss!(self, loss => loss.of(target, scores))
    }

    /// Makes of a row's scores what is predicted: a number, or the probability of each class.
    ///
    /// # Panics
    ///
    /// If there are not as many scores as [`outputs`](Self::outputs), or not as many predictions as
    /// classes.
    #[inline]
    pub fn predict(self, scores: &[f64], predictions: &mut [f64]) {
        match self {
            Loss::Squared | Loss::Absolute => predictions[0] = scores[0],
            Loss::Poisson => predictions[0] = scores[0].exp(),
            Loss::Logistic => {
                let probability = logistic::probability(scores[0]);
                predictions[0] = 1.0 - probability;
                predictions[1] = probability;
            }
            Loss::Softmax(_) => softmax::probabilities(scores, predictions),
        }
    }
}
