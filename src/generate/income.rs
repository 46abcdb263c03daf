//! How a row's income depends on its other columns and on its entity.

use super::random::{Random, normal};
use super::row::Row;
use super::tables::household::{HUSBAND, WIFE};
use super::tables::person::MALE;
use super::tables::work::{OCCUPATIONS, WORKCLASSES};

/// A row's income is one of these.
pub(super) static INCOMES: [&str; 2] = ["<=50K", ">50K"];

/// The income in dollars that lies between the two.
const THRESHOLD: f64 = 50_000.0;

/// By how much the logarithm of an income grows with the logarithm of the odds that it is above the
/// threshold.
const SPREAD: f64 = 0.2;

/// How an entity's incomes differ from those of the others.
pub(super) struct Character {
    /// Added to the score.
    shift: f64,
    /// Added to the score per year of schooling.
    schooling: f64,
    /// Added to the score per weekly hour.
    diligence: f64,
}

impl Character {
    pub const AVERAGE: Self = Self {
        shift: 0.0,
        schooling: 0.0,
        diligence: 0.0,
    };

    pub fn new(random: &mut Random) -> Self {
        Self {
            shift: 0.7 * normal(random),
            schooling: 0.12 * normal(random),
            diligence: 0.02 * normal(random),
        }
    }
}

impl Row {
    /// The income in cents. `lot` is a number drawn at random from all of 64 bits.
    ///
    /// The income in dollars is `50,000 exp(0.2 (score + noise))`, with noise of the standard
    /// logistic distribution. So for given features and entity it follows Fisk's distribution of
    /// incomes (Fisk 1961, "The graduation of income distributions"), and it is above 50,000
    /// exactly where the same lot draws the class `>50K`.
    pub fn income_cents(&self, character: &Character, lot: u64) -> u64 {
        let (below, above) = (lot as f64 + 0.5, !lot as f64 + 0.5);
        let noise = (above / below).ln();
        let dollars = THRESHOLD * (SPREAD * (self.score(character) + noise)).exp();
        (100.0 * dollars).round() as u64
    }

    /// The probability of an income above 50K.
    pub fn chance(&self, character: &Character) -> f64 {
        1.0 / (1.0 + (-self.score(character)).exp())
    }

    /// The logarithm of the odds of an income above 50K. Steps and products are here so that there
    /// is more to find than one straight line.
    fn score(&self, character: &Character) -> f64 {
        let age = f64::from(self.age);
        let hours = f64::from(self.hours);
        let years = f64::from(self.education) + 1.0;
        let married = matches!(usize::from(self.relationship), HUSBAND | WIFE);
        let male = usize::from(self.sex) == MALE;
        let gain = match self.capital_gain {
            0 => 0.0,
            ..3_000 => -0.6,
            3_000..5_000 => 0.4,
            5_000..7_000 => 1.8,
            7_000.. => 6.0,
        };
        let loss = match self.capital_loss {
            0 => 0.0,
            ..1_800 => -0.4,
            1_800..2_000 => 2.4,
            _ => 1.0,
        };
        -4.3 + character.shift
            + (0.42 + character.schooling) * (years - 9.0)
            + 0.055 * (age.min(48.0) - 38.0)
            - 0.05 * (age - 58.0).max(0.0)
            - if age < 24.0 { 2.0 } else { 0.0 }
            + (0.03 + character.diligence) * (hours.min(60.0) - 40.0)
            + if married { 2.7 } else { 0.0 }
            + if married && years >= 13.0 { 0.7 } else { 0.0 }
            + if male { 0.3 } else { 0.0 }
            + OCCUPATIONS[usize::from(self.occupation)].score
            + WORKCLASSES[usize::from(self.workclass)].score
            + gain
            + loss
    }
}
