//! The estimator of quantities.

use linfa::prelude::*;
use ndarray::{Array1, Array2, array};
use per_entity::tree::estimator::{DecisionTreeRegressor, Result, TreeNode};
use per_entity::tree::{Averaging, DecisionTreeParams, Pruning, RegressionCriterion};

use super::importance::made_up_records;

type Regression<F> = linfa::Dataset<F, F, ndarray::Ix1>;

/// The rows of scikit-learn's recorded results.
fn weighted() -> Regression<f64> {
    let (records, weights) = made_up_records();
    let targets = records.rows().into_iter().enumerate();
    let targets = targets.map(|(row, record)| record[0] + 0.5 * record[1] + (row * 17 % 23) as f64);
    let targets = targets.collect::<Array1<_>>();
    linfa::Dataset::new(records, targets).with_weights(weights)
}

#[test]
fn regressors_are_those_of_scikit_learn() -> Result<()> {
    let dataset = weighted();
    let expected = [
        (
            RegressionCriterion::SquaredError,
            [0.93314131848538, 0.06685868151462, 0.0],
            [
                17.333333333333332,
                83.87755102040816,
                117.01612903225806,
                51.65277777777778,
            ],
        ),
        (
            RegressionCriterion::AbsoluteError,
            [0.89392774788624, 0.10607225211376, 0.0],
            [13.0, 87.5, 114.25, 50.5],
        ),
        (
            RegressionCriterion::Poisson,
            [0.8594228543811, 0.1405771456189, 0.0],
            [
                14.3,
                83.87755102040816,
                117.01612903225806,
                50.64473684210526,
            ],
        ),
    ];
    for (criterion, importances, predictions) in expected {
        let params = DecisionTreeRegressor::params().regression_criterion(criterion);
        let model = params.max_depth(Some(2)).fit(&dataset)?;
        let found = model.feature_importance();
        for (found, expected) in found.iter().zip(importances) {
            assert!((found - expected).abs() < 1e-12, "{criterion:?}: {found}");
        }
        let predicted = model.predict(&dataset);
        for (found, expected) in predicted.iter().zip(predictions) {
            assert!((found - expected).abs() < 1e-10, "{criterion:?}: {found}");
        }
    }
    Ok(())
}

#[test]
fn a_regressor_tells_of_its_nodes() -> Result<()> {
    let records = array![[1.0f32, 0.0], [2.0, 0.0], [5.0, 0.0], [6.0, 0.0]];
    let dataset = linfa::Dataset::new(records, array![1.0f32, 1.0, 4.0, 6.0])
        .with_feature_names(vec!["size", "floor"]);
    let model = DecisionTreeRegressor::params().fit(&dataset)?;
    assert_eq!((model.num_leaves(), model.max_depth()), (3, 2));
    assert_eq!((model.features(), model.threshold(0)), (vec![0], 3.5));
    let root = model.root_node();
    // The variance of all, 4.5, less that of the right half, 1.
    assert_eq!(root.split(), (0, 3.5, 4.0));
    assert_eq!(root.feature_name().unwrap(), "size");
    let predictions: Vec<_> = model
        .iter_nodes()
        .filter_map(TreeNode::prediction)
        .collect();
    assert_eq!(predictions, [1.0, 4.0, 6.0]);
    assert_eq!(model.mean_impurity_decrease(), [4.5, 0.0]);
    assert_eq!(model.feature_importance(), [1.0, 0.0]);
    let predicted = model.predict(&array![[3.5, 0.0], [9.0, 9.0]]);
    assert_eq!(predicted, array![1.0, 6.0]);
    assert!(
        model
            .export_to_tikz()
            .with_legend()
            .to_string()
            .contains("size")
    );
    Ok(())
}

#[test]
fn missing_values_are_learnt() -> Result<()> {
    let nan = f64::NAN;
    let records = array![[1.0], [2.0], [nan], [nan], [8.0]];
    let dataset = linfa::Dataset::new(records.clone(), array![1.0, 1.0, 7.0, 7.0, 7.0]);
    let model = DecisionTreeRegressor::params().fit(&dataset)?;
    let predicted = model.predict(&records);
    assert_eq!(&predicted, dataset.targets());
    assert_eq!(model.root_node().missing_left(), Some(false));
    let dataset = linfa::Dataset::new(records.clone(), array![1.0, 1.0, 7.0, 7.0, 1.0]);
    let model = DecisionTreeRegressor::params().fit(&dataset)?;
    assert_eq!(model.root_node().split().1, f64::INFINITY);
    let predicted = model.predict(&records);
    assert_eq!(&predicted, dataset.targets());
    Ok(())
}

#[test]
fn an_averaged_regressor_draws_leaves_to_the_mean_and_is_written_and_read() -> Result<()> {
    let dataset = weighted();
    let averaged = Pruning::Average(Averaging::default());
    for pruning in [
        Pruning::None,
        averaged,
        Pruning::CostComplexity { alpha: 5.0 },
    ] {
        let model = DecisionTreeRegressor::params()
            .pruning(pruning)
            .fit(&dataset)?;
        let mut bytes = Vec::new();
        ciborium::into_writer(&model, &mut bytes).unwrap();
        let read: DecisionTreeRegressor<f64> = ciborium::from_reader(&bytes[..]).unwrap();
        assert_eq!(read, model);
        let predicted = read.predict(&dataset);
        let largest = predicted.fold(0.0, |one: f64, &other| one.max(other));
        let largest_target = dataset
            .targets()
            .fold(0.0, |one: f64, &other| one.max(other));
        assert_eq!(largest < largest_target, pruning != Pruning::None);
        assert!(predicted.r2(&dataset)? > 0.8);
    }
    let words = "{\"tree\":{\"criterion\":\"gini\",\"feature_names\":[],\"training_score\":null,\"nodes\":[]}}";
    let empty = serde_json::from_str::<DecisionTreeRegressor<f64>>(words);
    assert!(empty.unwrap_err().to_string().contains("lacks a child"));
    Ok(())
}

#[test]
fn targets_that_no_tree_can_be_grown_of_are_an_error_that_says_where() {
    let message = |params: DecisionTreeParams, target: f64| {
        let dataset = linfa::Dataset::new(array![[1.0], [2.0]], array![1.0, target]);
        params.fit(&dataset).unwrap_err().to_string()
    };
    for target in [f64::NAN, f64::INFINITY, -1e300] {
        let message = message(DecisionTreeRegressor::params(), target);
        let expected = format!("the target of row 1 is {target}; targets are numbers");
        assert!(message.contains(&expected), "{message}");
    }
    let poisson = DecisionTreeRegressor::params();
    let poisson = poisson.regression_criterion(RegressionCriterion::Poisson);
    let message = message(poisson, -1.0);
    assert!(
        message.contains("the target of row 1 is -1; by Poisson deviance"),
        "{message}"
    );
}

#[test]
fn shapes_that_do_not_match_are_an_error() {
    let records = array![[1.0], [2.0], [3.0]];
    let dataset = linfa::Dataset::new(records.clone(), array![0.0, 1.0]);
    assert!(matches!(
        DecisionTreeRegressor::params().fit(&dataset),
        Err(linfa::Error::MismatchedShapes(3, 2))
    ));
    let dataset = linfa::Dataset::new(records, array![0.0, 1.0, 2.0]).with_weights(array![1.0]);
    assert!(matches!(
        DecisionTreeRegressor::params().fit(&dataset),
        Err(linfa::Error::MismatchedShapes(3, 1))
    ));
    let empty = linfa::Dataset::new(Array2::<f64>::zeros((0, 2)), Array1::<f64>::zeros(0));
    assert!(matches!(
        DecisionTreeRegressor::params().fit(&empty),
        Err(linfa::Error::NotEnoughSamples)
    ));
}
