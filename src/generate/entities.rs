//! How rows are shared out among entities.

use rand_distr::{Distribution, Zipf};

use super::error::GenerateError;
use super::permutation::Permutation;
use super::random::{Purpose, Random};

const ZIPF_EXPONENT: f64 = 1.4;

/// How rows are shared out among entities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Skew {
    /// Every entity has the same number of rows, give or take one.
    #[default]
    Even,
    /// Every entity has at least one row; all other rows follow Zipf's law with exponent 1.4. With
    /// many more rows than entities, and some hundred entities or more, the largest entity has
    /// about a third of the rows.
    Zipf,
}

/// Which row belongs to which entity.
pub(super) struct Assignment {
    key: u64,
    entities: u64,
    order: Permutation,
    zipf: Option<(Zipf<f64>, Permutation)>,
}

impl Assignment {
    pub fn new(rows: u64, entities: u64, skew: Skew, seed: u64) -> Result<Self, GenerateError> {
        if entities == 0 {
            return Err(GenerateError::NoEntities);
        }
        if entities > rows {
            return Err(GenerateError::TooManyEntities { entities, rows });
        }
        let zipf = match skew {
            Skew::Even => None,
            Skew::Zipf => {
                Some(Zipf::new(entities as f64, ZIPF_EXPONENT).expect("one entity at least"))
            }
        };
        let random = &mut Random::new(Purpose::Order.key(seed), 0);
        let order = Permutation::new(rows, random);
        let names = Permutation::new(entities, random);
        Ok(Self {
            key: Purpose::Entity.key(seed),
            entities,
            order,
            zipf: zipf.map(|zipf| (zipf, names)),
        })
    }

    /// The entity of a row.
    ///
    /// A row's place in a shuffled order decides: dealing the places out in turn gives everyone
    /// the same, and the first round alone gives everyone one.
    pub fn entity(&self, index: u64) -> u64 {
        let place = self.order.apply(index);
        match &self.zipf {
            Some((zipf, names)) if place >= self.entities => {
                let rank = zipf.sample(&mut Random::new(self.key, index)) as u64;
                names.apply(rank.clamp(1, self.entities) - 1)
            }
            _ => place % self.entities,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(rows: u64, entities: u64, skew: Skew, seed: u64) -> Vec<u64> {
        let assignment = Assignment::new(rows, entities, skew, seed).unwrap();
        let mut sizes = vec![0; entities as usize];
        for row in 0..rows {
            sizes[assignment.entity(row) as usize] += 1;
        }
        sizes
    }

    #[test]
    fn even_sizes_differ_by_one_at_most() {
        for (rows, entities) in [
            (1, 1),
            (10, 10),
            (1_000, 7),
            (65_536, 256),
            (100_003, 1_000),
        ] {
            let sizes = sizes(rows, entities, Skew::Even, 0);
            let (least, most) = (*sizes.iter().min().unwrap(), *sizes.iter().max().unwrap());
            assert_eq!((least, most), (rows / entities, rows.div_ceil(entities)));
        }
    }

    #[test]
    fn zipf_has_one_large_entity_and_leaves_none_empty() {
        let mut largest = Vec::new();
        for seed in 0..5 {
            let sizes = sizes(200_000, 1_000, Skew::Zipf, seed);
            assert!(sizes.iter().all(|&size| size > 0));
            let most = *sizes.iter().max().unwrap();
            assert!((0.25..0.42).contains(&(most as f64 / 200_000.0)), "{most}");
            largest.push(sizes.iter().position(|&size| size == most));
        }
        largest.dedup();
        assert!(largest.len() > 1);
        for rows in [1, 2, 3, 40] {
            let sizes = sizes(rows, rows, Skew::Zipf, 0);
            assert!(sizes.iter().all(|&size| size == 1));
        }
    }
}
