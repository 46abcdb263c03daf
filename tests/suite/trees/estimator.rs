//! In the place of linfa's own tree.

use std::fmt::Debug;

use linfa::prelude::*;
use ndarray::{Array1, Array2, ArrayView1, array};
use per_entity::codes::{CodeColumn, CodeMatrix};
use per_entity::error::ParamsError;
use per_entity::schema::FeatureKind;
use per_entity::tree::{DecisionTree, DecisionTreeParams, DecisionTreeValidParams, Split};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::data::ranks;

fn training_accuracy_is_1<F, L>(records: Array2<F>, targets: Array1<L>)
where
    F: linfa::Float,
    L: linfa::Label + Ord + Sync + Send + Default + Debug,
{
    let dataset = linfa::Dataset::new(records, targets.clone());
    let tree = DecisionTree::params().fit(&dataset).unwrap();
    assert_eq!(tree.predict(&dataset), targets);
}

#[test]
fn linfa_datasets_of_any_number_and_label_fit() {
    let records = array![[0.0, 3.5], [1.5, -2.0], [1.5, 7.25], [-4.0, 0.125]];
    let narrow = records.mapv(|value: f64| value as f32);
    training_accuracy_is_1(records.clone(), array![3usize, 1, 3, 0]);
    training_accuracy_is_1(narrow.clone(), array![3usize, 1, 3, 0]);
    training_accuracy_is_1(records.clone(), array![true, false, true, true]);
    training_accuracy_is_1(narrow.clone(), array![true, false, true, true]);
    let words = array!["no", "yes", "yes", "maybe"];
    training_accuracy_is_1(records, words.mapv(str::to_owned));
    training_accuracy_is_1(narrow, words);
}

#[test]
fn a_fitted_estimator_tells_its_thresholds_and_classes() {
    let dataset = linfa::Dataset::new(array![[1.0], [2.0], [5.0]], array!["a", "a", "b"]);
    let fitted = DecisionTree::params().fit(&dataset).unwrap();
    assert_eq!(fitted.classes(), ["a", "b"]);
    assert_eq!(
        fitted.tree().split(0),
        Split::LessOrEqual {
            feature: 0,
            code: 1,
            next: 2,
            missing_left: true,
        }
    );
    assert_eq!(fitted.threshold(0), 3.5);
    // A row on the threshold goes left.
    assert_eq!(
        fitted.predict(&array![[3.5], [3.5000001], [-9.0]]),
        array!["a", "b", "a"]
    );
}

#[test]
fn linfas_sample_weights_count() {
    let records = array![[1.0], [1.0], [1.0]];
    let dataset = linfa::Dataset::new(records.clone(), array![false, false, true]);
    let majority = |dataset: &linfa::Dataset<f64, bool, ndarray::Ix1>| {
        let tree = DecisionTree::params().fit(dataset).unwrap();
        tree.predict(&records)[0]
    };
    assert!(!majority(&dataset));
    assert!(majority(&dataset.with_weights(array![0.5, 0.25, 1.0])));
}

#[test]
fn linfas_iris_like_blobs_are_separated() {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let targets = Array1::from_shape_fn(300, |row| row % 3);
    let records = Array2::from_shape_fn((300, 4), |(row, column)| {
        let center = if column == 1 {
            10.0 * (row % 3) as f64
        } else {
            0.0
        };
        center + random.random_range(-4.0..4.0)
    });
    let dataset = linfa::Dataset::new(records, targets);
    let tree = DecisionTree::params().fit(&dataset).unwrap();
    let confusion = tree.predict(&dataset).confusion_matrix(&dataset).unwrap();
    assert_eq!(confusion.accuracy(), 1.0);
    assert_eq!(tree.tree().leaf_count(), 3);
}

fn message_of<E: std::error::Error>(result: Result<DecisionTree<usize>, E>) -> String {
    result.expect_err("the fit is refused").to_string()
}

#[test]
fn a_parameter_out_of_its_range_is_an_error_that_names_it() {
    let dataset = linfa::Dataset::new(array![[1.0], [2.0]], array![0usize, 1]);
    let fit = |params: DecisionTreeParams| message_of(params.fit(&dataset));
    let params = DecisionTree::params;
    assert!(fit(params().min_samples_split(1)).contains("min_samples_split is 1"));
    assert!(fit(params().min_samples_leaf(0)).contains("min_samples_leaf is 0"));
    for decrease in [-0.1, f64::NAN, f64::INFINITY] {
        let message = fit(params().min_impurity_decrease(decrease));
        assert!(
            message.contains(&format!("min_impurity_decrease is {decrease}")),
            "{message}"
        );
    }
    assert_eq!(
        params().min_samples_split(0).check_ref().unwrap_err(),
        ParamsError::MinSamplesSplit(0)
    );
}

#[test]
fn a_record_that_is_not_a_finite_number_is_an_error() {
    for value in [f64::NAN, f64::INFINITY] {
        let dataset = linfa::Dataset::new(array![[1.0, 2.0], [2.0, value]], array![0usize, 1]);
        let message = message_of(DecisionTree::params().fit(&dataset));
        assert!(
            message.contains("column 1 holds a value that is not finite"),
            "{message}"
        );
    }
}

#[test]
fn a_weight_that_sums_cannot_hold_is_an_error() {
    for weight in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        let dataset = linfa::Dataset::new(array![[1.0], [2.0]], array![0usize, 1])
            .with_weights(array![1.0, weight]);
        let message = message_of(DecisionTree::params().fit(&dataset));
        assert!(
            message.contains("a sample weight is not between 1e-100 and 1e100"),
            "{message}"
        );
    }
}

#[test]
fn records_targets_and_weights_of_different_lengths_are_an_error() {
    let records = array![[1.0], [2.0], [3.0]];
    let dataset = linfa::Dataset::new(records.clone(), array![0usize, 1]);
    assert!(matches!(
        DecisionTree::params().fit(&dataset),
        Err(linfa::Error::MismatchedShapes(3, 2))
    ));
    let dataset = linfa::Dataset::new(records, array![0usize, 1, 1]).with_weights(array![1.0]);
    assert!(matches!(
        DecisionTree::params().fit(&dataset),
        Err(linfa::Error::MismatchedShapes(3, 1))
    ));
}

#[test]
fn a_dataset_without_rows_is_an_error() {
    let dataset = linfa::Dataset::new(Array2::<f64>::zeros((0, 2)), Array1::<usize>::zeros(0));
    assert!(matches!(
        DecisionTree::params().fit(&dataset),
        Err(linfa::Error::NotEnoughSamples)
    ));
}

#[test]
fn the_estimators_tree_is_that_of_its_codes() {
    let records = array![[0.5, 3.0], [0.5, 1.0], [2.5, 1.0], [9.0, 2.0], [-1.0, 2.0]];
    let targets = array![1usize, 0, 1, 0, 1];
    let codes = |column: ArrayView1<f64>| ranks(column.to_vec(), f64::total_cmp);
    let columns = records.columns().into_iter().map(|column| {
        let (codes, distinct) = codes(column);
        CodeColumn::new(
            FeatureKind::Numeric,
            distinct.len() as u32,
            codes.into_iter(),
        )
    });
    let matrix = CodeMatrix::new(columns.collect(), records.nrows());
    let labels: Vec<u32> = targets.iter().map(|&target| target as u32).collect();
    let params: DecisionTreeValidParams = DecisionTreeParams::new().check().unwrap();
    let dataset = linfa::Dataset::new(records, targets);
    let fitted = DecisionTree::params().fit(&dataset).unwrap();
    assert_eq!(fitted.tree(), &params.fit_codes(&matrix, &labels, 2, None));
}
