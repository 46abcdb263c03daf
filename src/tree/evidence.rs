//! How well a node's rows agree with being one leaf, and what it then predicts.

use libm::lgamma;

use super::{Averaging, RegressionCriterion, Tree};

/// The log evidence of a node as a leaf, up to a term that adds up over rows: it is the same for
/// all prunings of a tree.
pub(super) trait Evidence {
    /// Numbers that a leaf predicts.
    fn outputs(&self) -> usize;

    /// What differences of predictions are measured by.
    fn unit(&self) -> f64;

    /// The log evidence of a node's rows as one leaf; writes what that leaf would predict.
    fn of(&self, tree: &Tree, node: usize, prediction: &mut [f64]) -> f64;
}

/// Classes, after Dirichlet and the multinomial distribution.
pub(super) struct ClassEvidence {
    /// What each class counts for before any row is seen.
    prior: Vec<f64>,
    prior_total: f64,
    scale: f64,
}

impl ClassEvidence {
    /// `scale` is what weights are multiplied by.
    pub fn new(averaging: &Averaging, tree: &Tree, scale: f64) -> Self {
        let counts = tree.counts(0);
        // Half a row more of each class, so that none is impossible (Jeffreys 1946).
        let total = tree.weight(0) * scale + 0.5 * counts.len() as f64;
        let share = |count: &f64| (count * scale + 0.5) / total;
        Self {
            prior: counts
                .iter()
                .map(|count| averaging.class_prior * share(count))
                .collect(),
            prior_total: averaging.class_prior,
            scale,
        }
    }
}

impl Evidence for ClassEvidence {
    fn outputs(&self) -> usize {
        self.prior.len()
    }

    fn unit(&self) -> f64 {
        1.0
    }

    fn of(&self, tree: &Tree, node: usize, prediction: &mut [f64]) -> f64 {
        let counts = tree.counts(node);
        let mut rows = 0.0;
        let mut evidence = 0.0;
        for (&count, &prior) in counts.iter().zip(&self.prior) {
            let count = count * self.scale;
            rows += count;
            evidence += ln_rising(prior, count);
        }
        for ((share, &count), &prior) in prediction.iter_mut().zip(counts).zip(&self.prior) {
            *share = (count * self.scale + prior) / (rows + self.prior_total);
        }
        evidence - ln_rising(self.prior_total, rows)
    }
}

/// Quantities, after the conjugate priors of normal, Laplace and Poisson distributions.
pub(super) struct NumberEvidence {
    criterion: RegressionCriterion,
    /// Rows that the root's prediction counts for.
    prior_rows: f64,
    root: f64,
    /// The error of a row at the root.
    spread: f64,
    /// Shape and rate of the prior of the precision.
    shape: f64,
    rate: f64,
    scale: f64,
}

impl NumberEvidence {
    /// `scale` is what weights are multiplied by.
    pub fn new(
        averaging: &Averaging,
        criterion: RegressionCriterion,
        tree: &Tree,
        scale: f64,
    ) -> Self {
        let spread = tree.error(0) / tree.weight(0);
        let shape = match criterion {
            RegressionCriterion::AbsoluteError => averaging.variance_prior,
            _ => averaging.variance_prior / 2.0,
        };
        Self {
            criterion,
            prior_rows: averaging.mean_prior,
            root: tree.value(0),
            spread,
            shape,
            rate: shape * spread * averaging.variance_share,
            scale,
        }
    }

    /// Of a distribution whose precision is unknown, `shape` and `rate` being what the rows add to
    /// those of its prior.
    fn of_precision(&self, shape: f64, rate: f64, rows: f64) -> f64 {
        ln_rising(self.shape, shape)
            - (self.shape + shape) * (1.0 + rate / self.rate).ln()
            - shape * self.rate.ln()
            - 0.5 * (1.0 + rows / self.prior_rows).ln()
    }
}

impl Evidence for NumberEvidence {
    fn outputs(&self) -> usize {
        1
    }

    fn unit(&self) -> f64 {
        match self.criterion {
            RegressionCriterion::SquaredError => self.spread.sqrt(),
            RegressionCriterion::AbsoluteError => self.spread,
            RegressionCriterion::Poisson => self.root.sqrt(),
        }
    }

    fn of(&self, tree: &Tree, node: usize, prediction: &mut [f64]) -> f64 {
        let rows = tree.weight(node) * self.scale;
        let error = tree.error(node) * self.scale;
        let distance = tree.value(node) - self.root;
        prediction[0] = self.root + distance * rows / (rows + self.prior_rows);
        let shrunk = rows * self.prior_rows / (rows + self.prior_rows);
        match self.criterion {
            RegressionCriterion::SquaredError => {
                let rate = 0.5 * (error + shrunk * distance * distance);
                self.of_precision(0.5 * rows, rate, rows)
            }
            RegressionCriterion::AbsoluteError => {
                let rate = error + shrunk * distance.abs();
                self.of_precision(rows, rate, rows)
            }
            RegressionCriterion::Poisson => {
                let shape = self.root * self.prior_rows;
                let sum = tree.value(node) * rows;
                lgamma(shape + sum)
                    - lgamma(shape)
                    - (shape + sum) * (1.0 + rows / self.prior_rows).ln()
                    - sum * self.prior_rows.ln()
            }
        }
    }
}

/// Steps of a tree that was grown on gradients: normal, around none, with the precision that leaves
/// have in addition to their hessian (Buntine 1992; Chen and Guestrin 2016).
pub(super) struct StepEvidence {
    precision: f64,
    unit: f64,
}

impl StepEvidence {
    /// `precision` is that of the prior, in hessians.
    pub fn new(tree: &Tree, precision: f64) -> Self {
        // What a row's target varies by where scores are.
        let hessian_of_row = tree.error(0) / tree.weight(0).max(1.0);
        Self {
            precision,
            unit: hessian_of_row.max(f64::MIN_POSITIVE).sqrt().recip(),
        }
    }
}

impl Evidence for StepEvidence {
    fn outputs(&self) -> usize {
        1
    }

    fn unit(&self) -> f64 {
        self.unit
    }

    fn of(&self, tree: &Tree, node: usize, prediction: &mut [f64]) -> f64 {
        let (step, hessian) = (tree.value(node), tree.error(node));
        prediction[0] = step;
        0.5 * step * step * (hessian + self.precision) - 0.5 * (hessian / self.precision).ln_1p()
    }
}

/// `ln(Gamma(start + count) / Gamma(start))`: for a whole `count` the logarithm of the rising
/// factorial `start (start + 1) … (start + count - 1)`.
fn ln_rising(start: f64, count: f64) -> f64 {
    /// The product of so many factors neither overflows nor vanishes.
    const FEW: f64 = 12.0;
    if count == 0.0 {
        return 0.0;
    }
    if count <= FEW && count.fract() == 0.0 && (1e-12..1e12).contains(&start) {
        let factors = (0..count as usize).map(|place| start + place as f64);
        return factors.product::<f64>().ln();
    }
    lgamma(start + count) - lgamma(start)
}
