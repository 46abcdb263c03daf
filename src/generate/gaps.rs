//! Which values a row lacks.

use rand::Rng;

use super::error::GenerateError;
use super::field::FEATURES;
use super::random::{Purpose, Random};
use super::row::{MISSING, Row};

const MISSING_WORK: f64 = 0.07;
const MISSING_COUNTRY: f64 = 0.02;

/// The gaps of rows: Adult's own, or gaps at random in their place.
pub(super) struct Gaps {
    /// Whether there are Adult's own.
    adult: bool,
    at_random: Option<RandomGaps>,
}

/// Gaps that depend on nothing ("missing completely at random", Rubin 1976).
struct RandomGaps {
    key: u64,
    share: f64,
    /// A bit for each feature that may be missing.
    features: u16,
}

impl Gaps {
    /// Gaps of this share of the values of all features but those that are `whole`; with a share of
    /// 0, Adult's own unless the rows are to be complete.
    pub fn new(
        seed: u64,
        share: f64,
        complete: bool,
        whole: &[&str],
    ) -> Result<Self, GenerateError> {
        if !(0.0..1.0).contains(&share) {
            return Err(GenerateError::MissingShare(share));
        }
        let is_open = |name: &str| u16::from(!whole.contains(&name));
        let names = FEATURES.iter().map(|field| field.name);
        let features = names.enumerate();
        let features = features.fold(0, |bits, (position, name)| bits | is_open(name) << position);
        Ok(Self {
            adult: share == 0.0 && !complete,
            at_random: (share > 0.0).then(|| RandomGaps {
                key: Purpose::Gaps.key(seed),
                share,
                features,
            }),
        })
    }

    /// Makes a row's gaps. Adult's are drawn from the row's own numbers, last and always, so that
    /// rows without them differ in nothing else.
    pub fn apply(&self, row: &mut Row, index: u64, random: &mut Random) {
        let lacks_work = random.random_bool(MISSING_WORK);
        let lacks_country = random.random_bool(MISSING_COUNTRY);
        if self.adult && lacks_work {
            row.workclass = MISSING;
            row.occupation = MISSING;
        }
        if self.adult && lacks_country {
            row.country = MISSING;
        }
        if let Some(gaps) = &self.at_random {
            row.gaps = gaps.of_row(index);
        }
    }
}

impl RandomGaps {
    /// A number is drawn for every feature, so that none depends on which others may be missing,
    /// and each is compared with the share, so that a larger one adds gaps and fills none.
    fn of_row(&self, index: u64) -> u16 {
        let random = &mut Random::new(self.key, index);
        let drawn = (0..FEATURES.len()).fold(0, |bits, position| {
            bits | u16::from(random.random_bool(self.share)) << position
        });
        drawn & self.features
    }
}
