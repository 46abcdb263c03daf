//! Boosted trees against brute force, and what must not matter to them.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::booster::{BoostedRows, Booster, BoosterSettings};
use super::moments::{EntitySums, Moments};
use super::{AdditiveTrees, Loss, SharedSettings};
use crate::codes::{CodeColumn, CodeMatrix};
use crate::schema::FeatureKind;
use crate::tree::{GradientTreeParams, Split};

struct Made {
    columns: Vec<CodeColumn>,
    targets: Vec<f64>,
}

/// Rows of a number with gaps, a number without, and categories.
fn made(seed: u64, rows: usize) -> Made {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut codes =
        |most: u32| -> Vec<u32> { (0..rows).map(|_| random.random_range(0..most)).collect() };
    let (gaps, whole, categories) = (codes(9), codes(6), codes(7));
    let targets = (0..rows)
        .map(|row| {
            let own = f64::from(gaps[row] % 4) - f64::from(whole[row]) * 0.5;
            own + f64::from(categories[row] == 3) * 2.0 + random.random_range(-1.0..1.0)
        })
        .collect();
    let column = |kind, codes: Vec<u32>, most| match kind {
        FeatureKind::Numeric => CodeColumn::with_missing(kind, most, codes.into_iter()),
        FeatureKind::Categorical => CodeColumn::new(kind, most, codes.into_iter()),
    };
    Made {
        columns: vec![
            column(FeatureKind::Numeric, gaps, 9),
            column(FeatureKind::Numeric, whole, 7),
            column(FeatureKind::Categorical, categories, 7),
        ],
        targets,
    }
}

fn settings(loss: Loss, max_leaves: usize) -> BoosterSettings {
    let tree = SharedSettings {
        min_samples_leaf: 3,
        category_l2: 0.0,
        category_smoothing: 0.0,
        ..SharedSettings::default()
    }
    .tree(max_leaves);
    BoosterSettings {
        loss,
        tree,
        learning_rate: 1.0,
        rows_per_tree: usize::MAX,
    }
}

fn boosted(made: &Made, settings: BoosterSettings, rows: Vec<u32>, rounds: usize) -> Booster<'_> {
    let data = BoostedRows {
        targets: &made.targets,
        weights: None,
    };
    let mut booster = Booster::new(settings, &made.columns[..], data, rows);
    for _ in 0..rounds {
        booster.round(|_| &[]);
    }
    booster.score_others();
    booster
}

/// The least squared error of any split of all rows by one threshold, with missing values on either
/// side or alone, or by one set of categories.
fn least_error(made: &Made, params: &GradientTreeParams) -> f64 {
    let rows = made.targets.len();
    let mut least = f64::INFINITY;
    let mut consider = |is_left: &dyn Fn(usize) -> bool| {
        let (left, right): (Vec<usize>, Vec<usize>) = (0..rows).partition(|&row| is_left(row));
        if left.len().min(right.len()) < params.min_samples_leaf {
            return;
        }
        let error = |side: &[usize]| -> f64 {
            let mean = side.iter().map(|&row| made.targets[row]).sum::<f64>() / side.len() as f64;
            side.iter()
                .map(|&row| (made.targets[row] - mean).powi(2))
                .sum()
        };
        least = least.min(error(&left) + error(&right));
    };
    for column in &made.columns {
        let code = |row: usize| column.codes.get(row);
        let missing = column.missing_code();
        match column.kind {
            FeatureKind::Categorical => {
                for set in 1..1_u32 << column.cardinality {
                    consider(&|row| set >> code(row) & 1 == 1);
                }
            }
            FeatureKind::Numeric => {
                for last in 0..column.cardinality {
                    consider(&|row| code(row) <= last && Some(code(row)) != missing);
                    consider(&|row| code(row) <= last || Some(code(row)) == missing);
                }
            }
        }
    }
    least
}

#[test]
fn the_first_split_is_the_best_of_all() {
    for seed in 0..60 {
        let made = made(seed, 20 + seed as usize * 3);
        let settings = settings(Loss::Squared, 2);
        let all: Vec<u32> = (0..made.targets.len() as u32).collect();
        let booster = boosted(&made, settings, all, 1);
        let scores = booster.scores().iter().zip(&made.targets);
        let error: f64 = scores.map(|(score, target)| (score - target).powi(2)).sum();
        let least = least_error(&made, &settings.tree);
        assert!(
            (error - least).abs() <= 1e-4 * least,
            "{seed}: {error} and {least}"
        );
    }
}

#[test]
fn the_order_of_rows_does_not_matter() {
    for loss in [Loss::Squared, Loss::Logistic] {
        let mut made = made(7, 400);
        if loss == Loss::Logistic {
            made.targets
                .iter_mut()
                .for_each(|target| *target = f64::from(*target > 0.0));
        }
        let rows = made.targets.len();
        let mut order: Vec<u32> = (0..rows as u32).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(1));
        let shuffled = Made {
            columns: made
                .columns
                .iter()
                .map(|column| column.gather(&order))
                .collect(),
            targets: order
                .iter()
                .map(|&row| made.targets[row as usize])
                .collect(),
        };
        let all = || (0..rows as u32).collect();
        let settings = BoosterSettings {
            learning_rate: 0.3,
            ..settings(loss, 6)
        };
        let one = boosted(&made, settings, all(), 8);
        let other = boosted(&shuffled, settings, all(), 8);
        // Where all rows begin is a mean, whose rounding hangs on their order.
        for (place, &row) in order.iter().enumerate() {
            let difference = one.scores()[row as usize] - other.scores()[place];
            assert!(difference.abs() < 1e-9, "{loss:?}: {difference}");
        }
    }
}

#[test]
fn trees_add_up_to_the_same_wherever_rows_are_scored() {
    for loss in [Loss::Squared, Loss::Absolute, Loss::Softmax(3)] {
        let mut made = made(11, 300);
        if loss == Loss::Softmax(3) {
            made.targets
                .iter_mut()
                .for_each(|target| *target = target.clamp(-1.0, 1.4).round() + 1.0);
            made.targets
                .iter_mut()
                .for_each(|target| *target = target.clamp(0.0, 2.0));
        }
        let some: Vec<u32> = (0..300).filter(|row| row % 3 != 0).collect();
        let booster = boosted(&made, settings(loss, 5), some, 4);
        let trees = booster.additive(4);
        assert_eq!(trees.tree_count(), 4 * loss.outputs());
        let scores = scored(&trees, &made.columns, 300);
        for (one, other) in scores.iter().zip(booster.scores()) {
            assert!((one - other).abs() < 1e-12, "{loss:?}");
        }
    }
}

#[test]
fn many_rows_are_scored_as_single_ones_are() {
    let made = made(17, 700);
    // Masks of 8, 32 and 64 leaves, and trees that have too many for any.
    for max_leaves in [1, 2, 8, 9, 32, 33, 64, 65, 90] {
        for loss in [Loss::Squared, Loss::Absolute] {
            let some: Vec<u32> = (0..700).filter(|row| row % 4 != 0).collect();
            let booster = boosted(&made, settings(loss, max_leaves), some, 3);
            let trees = booster.additive(3);
            let mut kept = trees.clone();
            kept.expect_many_rows();
            let all = scored(&trees, &made.columns, 700);
            assert_eq!(scored(&kept, &made.columns, 700), all);
            for row in 0..700 {
                let columns: Vec<CodeColumn> =
                    made.columns.iter().map(|c| c.gather(&[row])).collect();
                let alone = [all[row as usize]];
                assert_eq!(scored(&trees, &columns, 1), alone, "{max_leaves} leaves");
                assert_eq!(scored(&kept, &columns, 1), alone, "{max_leaves} leaves");
                assert_eq!(
                    booster.scores()[row as usize],
                    alone[0],
                    "{max_leaves} leaves"
                );
            }
        }
    }
}

#[test]
fn trees_on_parts_of_the_rows_see_all_of_them_in_turns() {
    let made = made(5, 600);
    let all: Vec<u32> = (0..600).collect();
    let parts = BoosterSettings {
        rows_per_tree: 200,
        learning_rate: 0.3,
        ..settings(Loss::Squared, 6)
    };
    let data = BoostedRows {
        targets: &made.targets,
        weights: None,
    };
    let mut booster = Booster::new(parts, &made.columns[..], data, all);
    let loss = |booster: &Booster| {
        let errors = booster.scores().iter().zip(&made.targets);
        errors
            .map(|(score, target)| (score - target).powi(2))
            .sum::<f64>()
    };
    let before = loss(&booster);
    for turn in 0..6 {
        booster.begin_turn(turn);
        booster.round(|_| &[]);
        booster.round(|_| &[]);
        assert_eq!(booster.trees().last().unwrap().weight(0), 200.0);
        booster.score_others();
    }
    assert!(loss(&booster) < 0.5 * before);
    let scores = scored(&booster.additive(12), &made.columns, 600);
    for (one, other) in scores.iter().zip(booster.scores()) {
        assert!((one - other).abs() < 1e-12);
    }
}

fn scored(trees: &AdditiveTrees, columns: &[CodeColumn], rows: usize) -> Vec<f64> {
    let codes: Vec<u8> = (0..rows)
        .flat_map(|row| {
            columns
                .iter()
                .map(move |column| column.codes.get(row) as u8)
        })
        .collect();
    let mut scores = vec![0.0; rows * trees.outputs()];
    trees.add(&codes, columns.len(), 1.0, &mut scores);
    scores
}

#[test]
fn leaves_are_as_many_as_allowed_and_large_enough() {
    let made = made(3, 500);
    let all: Vec<u32> = (0..500).collect();
    for max_leaves in [1, 2, 7, 40] {
        let settings = settings(Loss::Squared, max_leaves);
        let booster = boosted(&made, settings, all.clone(), 1);
        let tree = &booster.trees()[0];
        assert!(tree.leaf_count() <= max_leaves);
        assert!(max_leaves > 7 || tree.leaf_count() == max_leaves);
        let matrix = CodeMatrix::new(made.columns.clone(), 500);
        let leaves = tree.apply(&matrix);
        for node in (0..tree.node_count()).filter(|&node| tree.split(node) == Split::Leaf) {
            let rows = leaves.iter().filter(|&&leaf| leaf == node).count();
            assert_eq!(rows as f64, tree.weight(node));
            assert!(rows >= 3);
        }
    }
}

#[test]
fn entities_that_do_not_differ_are_shrunk_to_the_mean_of_all() {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let mut entities = |spread: f64| -> Vec<EntitySums> {
        let entity = |_| {
            let own = random.random_range(-spread..=spread);
            let mut sums = EntitySums::default();
            for _ in 0..40 {
                sums.add(own + random.random_range(-1.0..1.0), 1.0);
            }
            sums
        };
        (0..200).map(entity).collect()
    };
    let alike = Moments::of(&entities(0.0));
    let different = Moments::of(&entities(2.0));
    // Variances 1/3 within and 4/3 between.
    assert!((different.prior_rows - 0.25).abs() < 0.08, "{different:?}");
    assert!(alike.prior_rows > 100.0, "{alike:?}");
    assert!((alike.within - 1.0 / 3.0).abs() < 0.02);
}
