//! What rows amount to, each time calculated from scratch.

use per_entity::tree::{Criterion, DecisionTreeValidParams, RegressionCriterion};

use super::sample::{Sample, Target};

/// A criterion on the rows of a sample.
#[derive(Clone, Copy)]
pub struct Measure<'a> {
    pub sample: &'a Sample,
    pub criterion: Criterion,
    pub regression_criterion: RegressionCriterion,
}

impl<'a> Measure<'a> {
    pub fn new(sample: &'a Sample, params: &DecisionTreeValidParams) -> Self {
        Self {
            sample,
            criterion: params.criterion(),
            regression_criterion: params.regression_criterion(),
        }
    }

    pub fn is_poisson(&self) -> bool {
        let is_regression = matches!(self.sample.target, Target::Numbers(_));
        is_regression && self.regression_criterion == RegressionCriterion::Poisson
    }

    /// The numbers of some rows, each with its weight, ascending.
    pub fn numbers(&self, rows: &[usize]) -> Vec<(f64, f64)> {
        let Target::Numbers(numbers) = &self.sample.target else {
            unreachable!("classes are no numbers");
        };
        let rows = rows.iter();
        let mut numbers: Vec<(f64, f64)> = rows
            .map(|&row| (numbers[row], self.sample.weight(row)))
            .collect();
        numbers.sort_by(|one, other| one.0.total_cmp(&other.0));
        numbers
    }

    /// The weight of each class.
    pub fn counts(&self, rows: &[usize]) -> Vec<f64> {
        let Target::Classes { labels, count } = &self.sample.target else {
            unreachable!("numbers have no classes");
        };
        let mut counts = vec![0.0; *count];
        for &row in rows {
            counts[labels[row] as usize] += self.sample.weight(row);
        }
        counts
    }

    pub fn is_pure(&self, rows: &[usize]) -> bool {
        match &self.sample.target {
            Target::Classes { labels, .. } => {
                rows.iter().all(|&row| labels[row] == labels[rows[0]])
            }
            Target::Numbers(numbers) => rows.iter().all(|&row| numbers[row] == numbers[rows[0]]),
        }
    }

    /// The mean, around the smallest number so that no digit is lost.
    pub fn mean(&self, rows: &[usize]) -> f64 {
        let numbers = self.numbers(rows);
        let lowest = numbers[0].0;
        let sum: f64 = numbers
            .iter()
            .map(|(number, weight)| weight * (number - lowest))
            .sum();
        lowest + sum / self.sample.weight_of(rows)
    }

    /// The smallest median, and the largest one.
    pub fn medians(&self, rows: &[usize]) -> [f64; 2] {
        let numbers = self.numbers(rows);
        let half = self.sample.weight_of(rows) / 2.0;
        let slack = 1e-12 * half;
        let reaches = |least: f64| {
            let mut below = 0.0;
            let number = numbers.iter().find(|(_, weight)| {
                below += weight;
                below >= least
            });
            number.or(numbers.last()).unwrap().0
        };
        [reaches(half - slack), reaches(half + slack)]
    }

    /// The weight times the impurity.
    pub fn impurity(&self, rows: &[usize]) -> f64 {
        if rows.is_empty() {
            return 0.0;
        }
        match &self.sample.target {
            Target::Classes { .. } => self.impurity_of_classes(&self.counts(rows)),
            Target::Numbers(_) => self.impurity_of_numbers(rows),
        }
    }

    fn impurity_of_classes(&self, counts: &[f64]) -> f64 {
        let weight: f64 = counts.iter().sum();
        let of_class = |count: f64| match self.criterion {
            Criterion::Gini => count * (weight - count) / weight,
            Criterion::Entropy => count * (weight / count).log2(),
        };
        let present = counts.iter().filter(|count| **count > 0.0);
        present.map(|&count| of_class(count)).sum()
    }

    fn impurity_of_numbers(&self, rows: &[usize]) -> f64 {
        let numbers = self.numbers(rows);
        match self.regression_criterion {
            RegressionCriterion::SquaredError => {
                let mean = self.mean(rows);
                let errors = numbers
                    .iter()
                    .map(|(number, weight)| (number - mean).powi(2) * weight);
                errors.sum()
            }
            RegressionCriterion::AbsoluteError => {
                let [median, _] = self.medians(rows);
                let errors = numbers
                    .iter()
                    .map(|(number, weight)| (number - median).abs() * weight);
                errors.sum()
            }
            RegressionCriterion::Poisson => {
                let mean = self.mean(rows);
                let errors = numbers
                    .iter()
                    .map(|(number, weight)| weight * half_deviance(*number, mean));
                errors.sum()
            }
        }
    }

    /// What floating-point sums over rows cannot tell apart, in terms of impurities. Products of very
    /// small numbers vanish.
    pub fn resolution(&self, rows: &[usize]) -> f64 {
        let weight = self.sample.weight_of(rows);
        if let Target::Classes { .. } = self.sample.target {
            return 1e-12 * weight;
        }
        let numbers = self.numbers(rows);
        let [low, high] = [numbers[0].0, numbers[numbers.len() - 1].0];
        1e-12
            * weight
            * match self.regression_criterion {
                RegressionCriterion::SquaredError => (high - low).powi(2),
                RegressionCriterion::AbsoluteError => high - low,
                RegressionCriterion::Poisson => high,
            }
    }
}

/// `y ln(y / mean) - (y - mean)`, the terms of which do not cancel where they are near each other:
/// their sum is that of `y ln(y / mean)`.
fn half_deviance(number: f64, mean: f64) -> f64 {
    let excess = (number - mean) / mean;
    if mean == 0.0 {
        0.0
    } else if number == 0.0 {
        mean
    } else if excess.abs() < 1e-3 {
        let series = 0.5 - excess / 6.0 + excess.powi(2) / 12.0 - excess.powi(3) / 20.0
            + excess.powi(4) / 30.0;
        mean * excess * excess * series
    } else {
        number * (number / mean).ln() - (number - mean)
    }
}
