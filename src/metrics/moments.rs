//! The mean and the spread of numbers that come one by one.

use serde::{Deserialize, Serialize};

/// How many numbers there are, their mean, and the sum of their squared deviations from it.
///
/// Each number is taken in as it comes: B. P. Welford (1962), "Note on a method for calculating
/// corrected sums of squares and products", Technometrics 4(3), 419–420. Two sets are merged after
/// T. F. Chan, G. H. Golub and R. J. LeVeque (1983), "Algorithms for computing the sample
/// variance: analysis and recommendations", The American Statistician 37(3), 242–247. All is
/// relative to the first number, so that what is common to all of them costs no digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Moments {
    count: u64,
    origin: f64,
    /// Relative to the origin.
    mean: f64,
    squared_deviations: f64,
}

impl Moments {
    pub fn add(&mut self, number: f64) {
        if self.count == 0 {
            self.origin = number;
        }
        self.count += 1;
        let number = number - self.origin;
        let before = number - self.mean;
        self.mean += before / self.count as f64;
        self.squared_deviations += before * (number - self.mean);
    }

    pub fn merge(&mut self, other: &Self) {
        if self.count == 0 {
            *self = *other;
            return;
        }
        let (count, other_count) = (self.count as f64, other.count as f64);
        let difference = (other.origin - self.origin) + (other.mean - self.mean);
        let other_share = other_count / (count + other_count);
        self.count += other.count;
        self.mean += difference * other_share;
        self.squared_deviations +=
            other.squared_deviations + difference * difference * count * other_share;
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// 0 where there are no numbers.
    pub fn mean(&self) -> f64 {
        self.origin + self.mean
    }

    /// Exactly 0 where all numbers are the same.
    pub fn squared_deviations(&self) -> f64 {
        self.squared_deviations
    }
}
