//! How far apart a figure of several groups is.

/// The smallest and the largest figure of the groups that have one.
pub(super) struct Extremes {
    smallest: f64,
    largest: f64,
    /// The number of groups that have one.
    pub defined: usize,
}

impl Extremes {
    pub fn of(figures: impl Iterator<Item = Option<f64>>) -> Self {
        let start = Self {
            smallest: f64::INFINITY,
            largest: f64::NEG_INFINITY,
            defined: 0,
        };
        figures.flatten().fold(start, |extremes, figure| Self {
            smallest: extremes.smallest.min(figure),
            largest: extremes.largest.max(figure),
            defined: extremes.defined + 1,
        })
    }

    /// `None` for fewer than two groups.
    pub fn difference(&self) -> Option<f64> {
        (self.defined >= 2).then_some(self.largest - self.smallest)
    }

    /// The smallest over the largest; `None` for fewer than two groups, or where all are 0.
    pub fn ratio(&self) -> Option<f64> {
        (self.defined >= 2 && self.largest > 0.0).then(|| self.smallest / self.largest)
    }
}
