//! How sure an accuracy is, and a difference of two accuracies or two mean losses.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution};
use serde::{Deserialize, Serialize};

use super::confusion::ratio;
use super::moments::Moments;
use super::quantile::quantile;
use crate::error::EvaluationError;

/// The score interval of a proportion, such as an accuracy: the proportions that a test at `z`
/// standard normal deviates does not reject (1.96 for a confidence of 95 %).
///
/// It contains `successes / trials` and stays within 0..=1, also for few trials and for
/// proportions of 0 and 1; without trials it is `(0.0, 1.0)`. The formula is from E. B. Wilson
/// (1927), "Probable inference, the law of succession, and statistical inference", Journal of the
/// American Statistical Association 22(158), 209–212.
///
/// ```
/// let (low, high) = per_entity::metrics::wilson_interval(9, 10, 1.96);
/// assert!((low - 0.5958).abs() < 1e-4);
/// assert!((high - 0.9821).abs() < 1e-4);
/// ```
///
/// # Panics
/// If there are more successes than trials, or if `z` is not a positive, finite number.
#[must_use]
pub fn wilson_interval(successes: u64, trials: u64, z: f64) -> (f64, f64) {
    assert!(successes <= trials, "{successes} successes of {trials}");
    assert!(z.is_finite() && z > 0.0, "{z} standard normal deviates");
    let Some(proportion) = ratio(successes, trials) else {
        return (0.0, 1.0);
    };
    let trials = trials as f64;
    let shrink = 1.0 + z * z / trials;
    let centre = (proportion + z * z / (2.0 * trials)) / shrink;
    let variance = proportion * (1.0 - proportion) / trials;
    let half_width = z / shrink * (variance + z * z / (4.0 * trials * trials)).sqrt();
    (
        (centre - half_width).max(0.0).min(proportion),
        (centre + half_width).min(1.0).max(proportion),
    )
}

/// A difference of two models' figures on the same rows and its confidence interval: of two
/// accuracies, all in -1..=1, or of two mean losses, in their units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DifferenceInterval {
    /// The first model's figure minus the second's.
    pub difference: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

/// On how many of some rows one of two models was right and the other wrong. Rows are added one by
/// one, or collected from pairs that say whether the first and the second model was right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairedOutcomes {
    /// All rows.
    pub rows: u64,
    /// Rows on which only the first model was right.
    pub wins: u64,
    /// Rows on which only the second model was right.
    pub losses: u64,
}

impl PairedOutcomes {
    /// Adds a row.
    pub fn add(&mut self, first_is_right: bool, second_is_right: bool) {
        self.rows += 1;
        self.wins += u64::from(first_is_right && !second_is_right);
        self.losses += u64::from(second_is_right && !first_is_right);
    }

    /// Adds other rows.
    pub fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.wins += other.wins;
        self.losses += other.losses;
    }
}

impl FromIterator<(bool, bool)> for PairedOutcomes {
    fn from_iter<I: IntoIterator<Item = (bool, bool)>>(rows: I) -> Self {
        let mut outcomes = Self::default();
        rows.into_iter()
            .for_each(|(first, second)| outcomes.add(first, second));
        outcomes
    }
}

/// How sure it is that one of two models is better, from their predictions for the same rows:
/// the percentile interval of the difference of their accuracies.
///
/// `resamples` (2,000 is usual) times as many rows as given are drawn with replacement, both
/// models' rows together, and the interval leaves out an equal share of the smallest and the
/// largest differences, so that `confidence` (such as 0.95) remains; see B. Efron and
/// R. J. Tibshirani (1993), "An Introduction to the Bootstrap", chapter 13. A row matters only by
/// who alone was right on it, so the numbers of wins and losses among the rows drawn are all that
/// is drawn: a multinomial variate, by two binomial ones. A quantile between two differences is
/// interpolated linearly. The same arguments give the same interval.
///
/// Takes time in proportion to the resamples, whatever the number of rows.
///
/// ```
/// use per_entity::metrics::{PairedOutcomes, paired_bootstrap};
///
/// let outcomes: PairedOutcomes = (0..50).map(|row| (true, row % 5 > 0)).collect();
/// let interval = paired_bootstrap(outcomes, 2_000, 0.95, 1)?;
/// assert!((interval.difference - 0.2).abs() < 1e-12);
/// assert!(interval.low > 0.05 && interval.high < 0.35);
/// # Ok::<(), per_entity::error::EvaluationError>(())
/// ```
///
/// # Errors
/// If there are no rows or no resamples ([`EvaluationError::Resamples`]), if there are more wins
/// and losses than rows ([`EvaluationError::Outcomes`]), or if `confidence` is not strictly between
/// 0 and 1 ([`EvaluationError::Confidence`]).
pub fn paired_bootstrap(
    outcomes: PairedOutcomes,
    resamples: usize,
    confidence: f64,
    seed: u64,
) -> Result<DifferenceInterval, EvaluationError> {
    let PairedOutcomes { rows, wins, losses } = outcomes;
    if rows == 0 || resamples == 0 {
        return Err(EvaluationError::Resamples { rows, resamples });
    }
    if wins
        .checked_add(losses)
        .is_none_or(|unequal| unequal > rows)
    {
        return Err(EvaluationError::Outcomes { rows, wins, losses });
    }
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(EvaluationError::Confidence(confidence));
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut differences: Vec<f64> = (0..resamples)
        .map(|_| {
            let won = successes(rows, wins, rows, &mut random);
            let lost = successes(rows - won, losses, rows - wins, &mut random);
            won as f64 - lost as f64
        })
        .collect();
    differences.sort_unstable_by(f64::total_cmp);

    let rows = rows as f64;
    let tail = (1.0 - confidence) / 2.0;
    Ok(DifferenceInterval {
        difference: (wins as f64 - losses as f64) / rows,
        low: quantile(&differences, tail) / rows,
        high: quantile(&differences, 1.0 - tail) / rows,
    })
}

/// A binomial variate: the successes of some trials with a probability of `part / whole`.
fn successes(trials: u64, part: u64, whole: u64, random: &mut impl Rng) -> u64 {
    let probability = ratio(part, whole).unwrap_or(0.0);
    Binomial::new(trials, probability).map_or(0, |binomial| binomial.sample(random))
}

/// What two models lose on the same rows: row by row the first model's loss minus the second's. A
/// loss is the squared error or the size of the error, the same for all rows and both models.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PairedLosses {
    differences: Moments,
}

impl PairedLosses {
    /// Adds a row: each model's loss on it, a finite number.
    pub fn add(&mut self, first: f64, second: f64) {
        self.differences.add(first - second);
    }

    /// Adds other rows.
    pub fn merge(&mut self, other: &Self) {
        self.differences.merge(&other.differences);
    }

    /// The number of rows so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.differences.count()
    }
}

impl FromIterator<(f64, f64)> for PairedLosses {
    fn from_iter<I: IntoIterator<Item = (f64, f64)>>(rows: I) -> Self {
        let mut losses = Self::default();
        rows.into_iter()
            .for_each(|(first, second)| losses.add(first, second));
        losses
    }
}

/// How sure it is that one of two models loses less, from their losses on the same rows: the mean
/// of the rows' differences, plus and minus `z` of its standard errors (1.96 for a confidence of
/// 95 %). The difference of squared errors is that of the two mean squared errors; below 0, the
/// first model is the better one.
///
/// That the mean of the differences is normally distributed about its expectation is a matter of
/// many rows, not of how losses are distributed; of few rows, say below 30, the interval is too
/// narrow. See F. X. Diebold and R. S. Mariano (1995), "Comparing predictive accuracy", Journal of
/// Business & Economic Statistics 13(3), 253–263, for rows that do not depend on one another. What
/// is kept are three sums, whatever the number of rows.
///
/// `None` below two rows, where nothing is known of the spread, and where the losses exceed the
/// numbers that 64 bits can hold.
///
/// ```
/// use per_entity::metrics::{PairedLosses, paired_interval};
///
/// let losses: PairedLosses = (0..50).map(|row| (1.0, f64::from(row % 5))).collect();
/// let interval = paired_interval(&losses, 1.96).unwrap();
/// assert!((interval.difference + 1.0).abs() < 1e-12);
/// assert!(interval.low > -1.5 && interval.high < -0.5);
/// ```
///
/// # Panics
/// If `z` is not a positive, finite number.
#[must_use]
pub fn paired_interval(losses: &PairedLosses, z: f64) -> Option<DifferenceInterval> {
    assert!(z.is_finite() && z > 0.0, "{z} standard normal deviates");
    let rows = losses.rows() as f64;
    if rows < 2.0 {
        return None;
    }
    let difference = losses.differences.mean();
    let variance = losses.differences.squared_deviations() / (rows - 1.0);
    let half_width = z * (variance / rows).sqrt();
    let interval = DifferenceInterval {
        difference,
        low: difference - half_width,
        high: difference + half_width,
    };
    (interval.low.is_finite() && interval.high.is_finite()).then_some(interval)
}
