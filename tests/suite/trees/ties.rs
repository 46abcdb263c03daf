//! Of equal splits, which one is taken.

use per_entity::schema::FeatureKind;
use per_entity::tree::{Criterion, DecisionTreeParams, Split};

use super::data::{Data, numeric};

#[test]
fn of_equal_splits_the_lowest_threshold_of_the_first_feature_wins() {
    let codes = vec![0, 1, 2, 3];
    let labels = vec![0, 1, 1, 0];
    let data = Data {
        kinds: vec![FeatureKind::Numeric; 3],
        columns: vec![vec![0; 4], codes.clone(), codes],
        cardinalities: vec![1, 4, 4],
        labels,
        class_count: 2,
        weights: None,
    };
    for criterion in [Criterion::Gini, Criterion::Entropy] {
        let tree = data.fit(&DecisionTreeParams::new().criterion(criterion));
        assert_eq!(
            tree.split(0),
            Split::LessOrEqual {
                feature: 1,
                code: 0,
                next: 1,
                missing_left: false,
            }
        );
    }
}

#[test]
fn of_equal_splits_the_lowest_category_wins() {
    let data = Data {
        kinds: vec![FeatureKind::Categorical],
        ..numeric(vec![3, 1, 3, 1], vec![0, 1, 0, 1])
    };
    let tree = data.fit(&DecisionTreeParams::new());
    assert_eq!(
        tree.split(0),
        Split::Equal {
            feature: 0,
            code: 1
        }
    );
}

#[test]
fn splits_that_floating_point_takes_for_equal_are_told_apart() {
    // Cutting a near half off rows that are nearly evenly mixed gains next to nothing, and one row
    // more or less next to nothing of that.
    let rows = 200_000u32;
    let labels: Vec<u32> = (0..rows).map(|row| u32::from(row % 2 == 0)).collect();
    let data = |cuts: [u32; 2]| Data {
        kinds: vec![FeatureKind::Numeric; 2],
        columns: cuts
            .iter()
            .map(|&cut| (0..rows).map(|row| u32::from(row >= cut)).collect())
            .collect(),
        cardinalities: vec![2, 2],
        labels: labels.clone(),
        class_count: 2,
        weights: None,
    };
    // An odd number of rows on the left gains 1 / (2 l r) of the rows: more, the nearer the end.
    let (worse, better) = (99_997, 99_995);
    let decrease = |left: u32| {
        let (left, right) = (f64::from(left), f64::from(rows - left));
        (left + right) / (2.0 * left * right)
    };
    assert!((decrease(better) - decrease(worse)) / f64::from(rows) < 1e-12);
    let stump = DecisionTreeParams::new().max_depth(Some(1));
    let split = |feature| Split::LessOrEqual {
        feature,
        code: 0,
        next: 1,
        missing_left: false,
    };
    assert_eq!(data([worse, better]).fit(&stump).split(0), split(1));
    assert_eq!(data([better, worse]).fit(&stump).split(0), split(0));
}

#[test]
fn weights_of_very_different_sizes_do_no_harm() {
    let data = Data {
        weights: Some(vec![1.0, 0.1, 1e-18, 1e-17, 0.2, 0.3]),
        ..numeric(vec![0, 1, 4, 5, 2, 3], vec![0, 1, 0, 1, 0, 1])
    };
    for criterion in [Criterion::Gini, Criterion::Entropy] {
        let tree = data.fit(&DecisionTreeParams::new().criterion(criterion));
        assert_eq!(tree.training_score(), 1.0);
    }
}
