//! Random numbers that are a function of a key and an index.

use rand::RngCore;
use rand_distr::{Distribution, StandardNormal};

/// What numbers are drawn for: each purpose has numbers of its own.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// The order in which entities are dealt out to rows.
    Order,
    /// A row's features and income.
    Row,
    /// A row's entity.
    Entity,
    /// An entity's character.
    Character,
    /// Which values a row lacks at random.
    Gaps,
}

impl Purpose {
    /// The key of this purpose's numbers, for one seed.
    pub fn key(self, seed: u64) -> u64 {
        Random::new(seed, self as u64).next_u64()
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014), started anew for every row: nothing to seek, and a
/// start costs no more than a number.
pub(super) struct Random {
    state: u64,
}

impl Random {
    /// The numbers that belong to `index`, for one `key`.
    pub fn new(key: u64, index: u64) -> Self {
        Self {
            state: mix(key ^ mix(index)),
        }
    }
}

impl RngCore for Random {
    fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.state)
    }

    fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&self.next_u64().to_le_bytes()[..part.len()]);
        }
    }
}

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// A number of the standard normal distribution.
pub(super) fn normal(random: &mut Random) -> f64 {
    StandardNormal.sample(random)
}
