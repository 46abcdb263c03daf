//! The number of threads does not matter.

use per_entity::schema::FeatureKind;
use per_entity::tree::{Criterion, DecisionTreeParams, Tree};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::data::Data;

/// More rows than one thread would be given, of every width of codes.
pub fn many_rows(class_count: u32, weighted: bool) -> Data {
    const ROWS: usize = 80_000;
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let cardinalities = [2, 9, 41, 73, 300, 70_000, 1];
    let columns: Vec<Vec<u32>> = cardinalities
        .iter()
        .map(|&cardinality| {
            (0..ROWS)
                .map(|_| random.random_range(0..cardinality))
                .collect()
        })
        .collect();
    let labels = (0..ROWS)
        .map(|row| {
            let is_high = columns[1][row] == 3 || columns[3][row] > 40 || columns[5][row] < 9_000;
            let is_noise = random.random_bool(0.2);
            if is_noise {
                random.random_range(0..class_count)
            } else {
                u32::from(is_high)
            }
        })
        .collect();
    let weights = (0..ROWS)
        .map(|_| f64::from(random.random_range(1..20)) / 7.0)
        .collect();
    Data {
        kinds: [FeatureKind::Categorical; 3]
            .into_iter()
            .chain([FeatureKind::Numeric; 4])
            .collect(),
        columns,
        cardinalities: cardinalities.to_vec(),
        labels,
        class_count: class_count as usize,
        weights: weighted.then_some(weights),
    }
}

pub fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap()
}

fn fit_with_threads(data: &Data, params: &DecisionTreeParams, threads: usize) -> Tree {
    pool(threads).install(|| data.fit(params))
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let full = DecisionTreeParams::new();
    let limited = DecisionTreeParams::new()
        .criterion(Criterion::Entropy)
        .max_depth(Some(7))
        .min_samples_leaf(20)
        .min_impurity_decrease(1e-5);
    for (params, class_count, weighted) in [
        (&full, 2, false),
        (&full, 3, false),
        (&limited, 3, false),
        (&limited, 2, true),
    ] {
        let data = many_rows(class_count, weighted);
        let sequential = fit_with_threads(&data, params, 1);
        assert!(sequential.node_count() > 50);
        for threads in [2, 4] {
            let parallel = fit_with_threads(&data, params, threads);
            assert_eq!(parallel.depth(), sequential.depth());
            assert!(parallel == sequential, "{threads} threads");
        }
    }
}

/// With weights, every node counts its own rows; without, most nodes get their counts from their
/// parents.
#[test]
fn many_rows_of_weight_one_are_rows_without_weights() {
    for class_count in [2, 3] {
        let data = many_rows(class_count, false);
        let weighted = Data {
            weights: Some(vec![1.0; data.labels.len()]),
            ..many_rows(class_count, false)
        };
        for threads in [1, 2] {
            let params = DecisionTreeParams::new();
            let tree = fit_with_threads(&data, &params, threads);
            assert!(tree == fit_with_threads(&weighted, &params, threads));
        }
    }
}

#[test]
fn many_rows_without_a_split_make_one_leaf_with_any_number_of_threads() {
    let mut data = many_rows(2, false);
    data.labels.fill(1);
    for threads in [1, 2] {
        let tree = fit_with_threads(&data, &DecisionTreeParams::new(), threads);
        assert_eq!(
            (tree.node_count(), tree.counts(0)),
            (1, &[0.0, 80_000.0][..])
        );
    }
}
