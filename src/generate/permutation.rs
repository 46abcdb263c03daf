//! A shuffled order that takes no memory.

use rand::RngCore;

use super::random::Random;

/// A shuffled order of 0..len, computed place by place.
///
/// Each step is invertible on numbers of so many bits: adding, multiplying by an odd number, and
/// folding the upper half onto the lower. Results beyond the end are permuted again until they
/// fall inside ("cycle walking"), which keeps the whole one-to-one and, since the range is less
/// than twice the length, takes two turns on average at most.
pub(super) struct Permutation {
    len: u64,
    mask: u64,
    fold: u32,
    keys: [(u64, u64); 4],
}

impl Permutation {
    pub fn new(len: u64, random: &mut Random) -> Self {
        let bits = u64::BITS - len.saturating_sub(1).leading_zeros();
        Self {
            len,
            mask: 1_u64.checked_shl(bits).unwrap_or(0).wrapping_sub(1),
            fold: (bits / 2).max(1),
            keys: std::array::from_fn(|_| (random.next_u64(), random.next_u64() | 1)),
        }
    }

    /// The place of an index, below the length as the index must be.
    pub fn apply(&self, index: u64) -> u64 {
        let mut place = index;
        loop {
            for (addend, factor) in self.keys {
                place = place.wrapping_add(addend).wrapping_mul(factor) & self.mask;
                place ^= place >> self.fold;
            }
            if place < self.len {
                return place;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permutation_hits_every_place_once() {
        for len in [1, 2, 3, 64, 65, 1_000] {
            let permutation = Permutation::new(len, &mut Random::new(0, len));
            let mut places: Vec<u64> = (0..len).map(|index| permutation.apply(index)).collect();
            places.sort_unstable();
            assert!(places.into_iter().eq(0..len));
        }
    }
}
