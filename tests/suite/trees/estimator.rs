//! In the place of linfa's own tree.

use std::collections::{HashSet, VecDeque};
use std::fmt::Debug;

use linfa::prelude::*;
use ndarray::{Array1, Array2, ArrayView1, array};
use per_entity::codes::{CodeColumn, CodeMatrix};
use per_entity::schema::FeatureKind;
use per_entity::tree::estimator::{
    self, DecisionTree, DecisionTreeParams, DecisionTreeValidParams, NodeIter, SplitQuality, Tikz,
    TreeNode,
};
use per_entity::tree::{self, Averaging, Pruning, Split};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::data::ranks;
use super::strategies::cases;

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

fn message_of<E: std::error::Error>(result: Result<DecisionTree<f64, usize>, E>) -> String {
    result.expect_err("the fit is refused").to_string()
}

#[test]
fn a_parameter_out_of_its_range_is_an_error_that_names_it() {
    let dataset = linfa::Dataset::new(array![[1.0], [2.0]], array![0usize, 1]);
    let fit = |params: DecisionTreeParams<f64, usize>| message_of(params.fit(&dataset));
    let params = DecisionTree::params;
    assert!(fit(params().min_samples_split(1)).contains("min_samples_split is 1"));
    assert!(fit(params().min_samples_leaf(0)).contains("min_samples_leaf is 0"));
    assert!(fit(params().min_weight_split(-1.0)).contains("min_weight_split is -1"));
    assert!(fit(params().min_weight_leaf(f32::NAN)).contains("min_weight_leaf is NaN"));
    for decrease in [0.0, -0.1, 1e-20, f64::NAN, f64::INFINITY] {
        let message = fit(params().min_impurity_decrease(decrease));
        assert!(
            message.contains(&format!(
                "min_impurity_decrease is {decrease}; use a finite number"
            )),
            "{message}"
        );
    }
    let narrow = DecisionTree::<f32, usize>::params();
    assert!(narrow.min_impurity_decrease(1e-8).check().is_err());
}

#[test]
fn an_infinite_record_is_an_error_that_says_where() {
    let dataset = linfa::Dataset::new(
        array![[1.0, 2.0], [2.0, f64::NEG_INFINITY]],
        array![0usize, 1],
    );
    let message = message_of(DecisionTree::params().fit(&dataset));
    assert!(message.contains("feature-1 is -inf in row 1"), "{message}");
    let dataset = dataset.with_feature_names(vec!["sun", "rain"]);
    let message = message_of(DecisionTree::params().fit(&dataset));
    assert!(message.contains("rain is -inf in row 1"), "{message}");
}

#[test]
fn a_weight_that_sums_cannot_hold_is_an_error() {
    for weight in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        let dataset = linfa::Dataset::new(array![[1.0], [2.0]], array![0usize, 1])
            .with_weights(array![1.0, weight]);
        let message = message_of(DecisionTree::params().fit(&dataset));
        assert!(
            message.contains("the sample weight of row 1 is")
                && message.contains("not between 1e-100 and 1e100"),
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
    let params = tree::DecisionTreeParams::new().check().unwrap();
    let dataset = linfa::Dataset::new(records, targets);
    let fitted = DecisionTree::params().fit(&dataset).unwrap();
    assert_eq!(
        fitted.tree(),
        &params.fit_codes(&matrix, &labels, 2, None).unwrap()
    );
}

#[test]
fn whatever_is_named_can_be_sent_to_other_threads() {
    fn is_sent<T: Send + Sync + Sized + Unpin>() {}
    is_sent::<DecisionTree<f64, bool>>();
    is_sent::<TreeNode<f64, bool>>();
    is_sent::<DecisionTreeParams<f64, bool>>();
    is_sent::<DecisionTreeValidParams<f64, bool>>();
    is_sent::<NodeIter<f64, bool>>();
    is_sent::<Tikz<f64, bool>>();
}

/// Rows of 0 and 1, told apart by one column among noise.
fn one_telling_column() -> linfa::Dataset<f64, bool, ndarray::Ix1> {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let records = Array2::from_shape_fn((60, 7), |(row, column)| match column {
        4 => (row % 2) as f64,
        _ => random.random_range(-3.0..3.0),
    });
    linfa::Dataset::new(records, Array1::from_shape_fn(60, |row| row % 2 == 1))
}

#[test]
fn all_importance_is_that_of_the_column_that_tells_the_classes() -> estimator::Result<()> {
    let dataset = one_telling_column();
    let model = DecisionTree::params().max_depth(Some(2)).fit(&dataset)?;
    assert_eq!(&model.features(), &[4]);
    assert_eq!(
        model.feature_importance(),
        [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]
    );
    assert_eq!(
        model.relative_impurity_decrease(),
        model.feature_importance()
    );
    assert_eq!(model.mean_impurity_decrease()[4], 0.5);
    let confusion = model
        .predict(dataset.records())
        .confusion_matrix(&dataset)?;
    assert_eq!(confusion.accuracy(), 1.0);
    Ok(())
}

#[test]
fn a_tree_grows_to_the_depth_that_it_is_given() -> estimator::Result<()> {
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let records = Array2::from_shape_fn((40, 30), |_| random.random_range(-1.0..1.0));
    let dataset = linfa::Dataset::new(records, (0..40usize).collect::<Array1<_>>());
    let params = DecisionTree::params()
        .min_impurity_decrease(1e-10f64)
        .min_weight_split(1e-10);
    for max_depth in [0, 1, 4, 9, 18] {
        let model = params.max_depth(Some(max_depth)).fit(&dataset)?;
        assert_eq!(model.max_depth(), max_depth);
        let depths = model.iter_nodes().map(TreeNode::depth);
        assert_eq!(depths.max(), Some(max_depth));
    }
    Ok(())
}

#[test]
fn records_and_datasets_are_predicted_borrowed_and_owned() -> estimator::Result<()> {
    let records = array![[0., 1., 7.], [0., 1., 8.], [0., 9., 7.5]];
    let dataset = linfa::Dataset::new(records.clone(), array![2, 2, 5]);
    let model = DecisionTree::params().max_depth(Some(1)).fit(&dataset)?;
    assert_eq!(model.predict(&records), array![2, 2, 5]);
    assert_eq!(model.predict(&dataset), array![2, 2, 5]);
    let predicted = model.predict(records);
    assert_eq!(predicted.confusion_matrix(&dataset)?.accuracy(), 1.0);
    let viewed = DecisionTree::params().fit(&dataset.view())?;
    assert_eq!(viewed.predict(&dataset), array![2, 2, 5]);
    Ok(())
}

#[test]
fn a_split_is_not_worth_it_where_it_decreases_its_nodes_impurity_too_little() {
    // Neither column alone tells anything of the other's parity.
    let records = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let parity = linfa::Dataset::new(records, array![0usize, 1, 1, 0]);
    let leaves = |params: DecisionTreeParams<f64, usize>| params.fit(&parity).unwrap().num_leaves();
    assert_eq!(leaves(DecisionTree::params()), 1);
    assert_eq!(
        leaves(DecisionTree::params().min_impurity_decrease(f64::EPSILON)),
        4
    );

    // Of 1000 rows the two that stand apart are split perfectly: 0.5 of their node, 0.001 of all.
    let records = Array2::from_shape_fn((1000, 1), |(row, _)| row as f64);
    let targets = Array1::from_shape_fn(1000, |row| {
        usize::from(row == 999) + 2 * usize::from(row < 998)
    });
    let apart = linfa::Dataset::new(records, targets);
    let leaves = |decrease: f64| {
        let params = DecisionTree::params().min_impurity_decrease(decrease);
        params.fit(&apart).unwrap().num_leaves()
    };
    assert_eq!(leaves(0.002), 3);
    assert_eq!(leaves(0.51), 1);
}

#[test]
fn nodes_tell_what_they_ask_level_by_level() {
    let records = array![
        [1.0, 5.0],
        [1.0, 5.0],
        [1.0, 9.0],
        [4.0, 5.0],
        [4.0, 5.0],
        [4.0, 5.0]
    ];
    let dataset = linfa::Dataset::new(records, array!["a", "a", "b", "c", "c", "c"])
        .with_feature_names(vec!["left", "right"]);
    let model = DecisionTree::params().fit(&dataset).unwrap();
    assert_eq!(model.feature_names(), ["left", "right"]);
    assert_eq!(model.features(), [0, 1]);
    let root = model.root_node();
    assert!(!root.is_leaf());
    assert_eq!((root.depth(), root.prediction()), (0, None));
    assert_eq!(root.feature_name().unwrap(), "left");
    let (feature, threshold, decrease): (usize, f64, f64) = root.split();
    assert_eq!((feature, threshold), (0, 2.5));
    // 1 - (4 + 1 + 9) / 36, less half of 4 / 9.
    assert!((decrease - (22.0 / 36.0 - 2.0 / 9.0)).abs() < 1e-15);
    let [Some(below), Some(above)] = root.children()[..] else {
        panic!("a split has two children");
    };
    assert_eq!(below.split(), (1, 7.0, 4.0 / 9.0));
    assert_eq!(above.prediction(), Some("c"));
    assert_eq!(above.split(), (0, 0.0, 0.0));
    assert_eq!((above.feature_name(), above.missing_left()), (None, None));
    assert!(above.children().into_iter().all(Option::is_none));

    let predictions: Vec<_> = model.iter_nodes().map(TreeNode::prediction).collect();
    assert_eq!(predictions, [None, None, Some("c"), Some("a"), Some("b")]);
    let again = NodeIter::new(VecDeque::from([root]));
    assert_eq!(again, model.iter_nodes());
    assert_eq!(model.iter_nodes().collect::<HashSet<_>>().len(), 5);
}

#[test]
fn missing_values_go_where_they_did_best() {
    let nan = f64::NAN;
    let records = array![[1.0], [2.0], [nan], [7.0], [8.0], [nan]];
    let dataset = linfa::Dataset::new(records.clone(), array![0usize, 0, 1, 1, 1, 1]);
    let model = DecisionTree::params().fit(&dataset).unwrap();
    assert_eq!((model.num_leaves(), model.threshold(0)), (2, 4.5));
    assert_eq!(model.root_node().missing_left(), Some(false));
    assert_eq!(model.predict(&records), array![0, 0, 1, 1, 1, 1]);
    let dataset = linfa::Dataset::new(records, array![0usize, 0, 0, 1, 1, 0]);
    let model = DecisionTree::params().fit(&dataset).unwrap();
    assert_eq!(model.predict(&array![[nan], [9.0]]), array![0, 1]);
}

/// Few values, so that many rows share one, and some that are missing.
fn records_with_gaps() -> impl Strategy<Value = (Array2<f64>, Array1<usize>)> {
    let value = prop_oneof![3 => (-3i32..3).prop_map(f64::from), 1 => Just(f64::NAN)];
    (1usize..30, 1usize..4).prop_flat_map(move |(rows, columns)| {
        let records = vec(value.clone(), rows * columns);
        let records = records
            .prop_map(move |values| Array2::from_shape_vec((rows, columns), values).unwrap());
        (records, vec(0usize..3, rows).prop_map(Array1::from))
    })
}

/// The records as codes, those of missing values behind all others.
fn codes_with_gaps(records: &Array2<f64>) -> CodeMatrix {
    let columns = records.columns().into_iter().map(|column| {
        let (codes, distinct) = ranks(column.mapv(f64::to_bits).to_vec(), |one, other| {
            f64::from_bits(*one).total_cmp(&f64::from_bits(*other))
        });
        let make = match column.iter().any(|value| value.is_nan()) {
            true => CodeColumn::with_missing,
            false => CodeColumn::new,
        };
        make(
            FeatureKind::Numeric,
            distinct.len() as u32,
            codes.into_iter(),
        )
    });
    CodeMatrix::new(columns.collect(), records.nrows())
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn records_are_predicted_as_their_codes_are((records, targets) in records_with_gaps()) {
        let dataset = linfa::Dataset::new(records, targets);
        let params = DecisionTree::params().min_impurity_decrease(f64::EPSILON);
        let model = params.fit(&dataset).unwrap();
        let matrix = codes_with_gaps(dataset.records());
        let by_codes = model.tree().predict(&matrix).into_iter();
        let by_codes: Vec<usize> = by_codes.map(|class| model.classes()[class]).collect();
        prop_assert_eq!(model.predict(&dataset).to_vec(), by_codes);
        let most_likely = model.predict_proba(dataset.records());
        for (probabilities, class) in most_likely.rows().into_iter().zip(model.predict(&dataset)) {
            let class = model.classes().iter().position(|&other| other == class).unwrap();
            prop_assert!(probabilities.iter().all(|&share| share <= probabilities[class]));
        }
        prop_assert_eq!(model.iter_nodes().count(), model.tree().node_count());
    }
}

#[test]
fn a_missing_value_may_tell_all_there_is() {
    let nan = f64::NAN;
    let records = array![[1.0, nan], [nan, nan], [8.0, nan], [nan, nan]];
    let dataset = linfa::Dataset::new(records.clone(), array![0usize, 1, 0, 1]);
    let model = DecisionTree::params().fit(&dataset).unwrap();
    assert_eq!(model.predict(&records), array![0, 1, 0, 1]);
    assert_eq!(model.root_node().split(), (0, f64::INFINITY, 0.5));
    assert_eq!(model.predict(&array![[f64::INFINITY, 0.0]]), array![0]);
    assert_eq!(written_and_read(&model), model);
}

#[test]
fn probabilities_are_the_shares_of_the_leaf() {
    let records = array![[0.0], [0.0], [0.0], [5.0]];
    let dataset = linfa::Dataset::new(records.clone(), array!["b", "a", "a", "c"])
        .with_weights(array![2.0, 1.0, 1.0, 4.0]);
    let model = DecisionTree::params().fit(&dataset).unwrap();
    assert_eq!(
        model.predict_proba(&array![[-1.0], [9.0]]),
        array![[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]
    );
    // On a tie, the first class.
    assert_eq!(model.predict(&records)[0], "a");
}

#[test]
fn an_averaged_tree_is_less_sure_and_as_right() {
    let dataset = one_telling_column();
    let params = DecisionTree::params();
    let grown = params.fit(&dataset).unwrap();
    let averaged = params.pruning(Pruning::Average(Averaging::default()));
    let averaged = averaged.fit(&dataset).unwrap();
    assert_eq!(averaged.predict(&dataset), grown.predict(&dataset));
    let probabilities = averaged.predict_proba(dataset.records());
    assert!(
        probabilities
            .iter()
            .all(|&share| 0.0 < share && share < 1.0)
    );
    for row in probabilities.rows() {
        assert!((row.sum() - 1.0).abs() < 1e-6);
    }
    // What is left of the decrease of the whole impurity, 0.5.
    let decrease = averaged.mean_impurity_decrease()[4];
    assert!((0.3..0.5).contains(&decrease), "{decrease}");
    assert_eq!(written_and_read(&averaged), averaged);
    let pruned = params.pruning(Pruning::CostComplexity { alpha: 1.0 });
    assert_eq!(pruned.fit(&dataset).unwrap().num_leaves(), 1);
}

#[test]
fn a_tree_of_one_leaf_has_no_importances() {
    let dataset = linfa::Dataset::new(array![[1.0f32, 2.0], [1.0, 2.0]], array![true, true]);
    let model = DecisionTree::params().fit(&dataset).unwrap();
    assert_eq!((model.num_leaves(), model.max_depth()), (1, 0));
    assert_eq!(model.features(), [0usize; 0]);
    assert_eq!(model.feature_importance(), [0.0, 0.0]);
    assert_eq!(model.root_node().prediction(), Some(true));
}

#[test]
fn a_threshold_divides_neighbours_of_single_precision() {
    let low = 1.0f32;
    let high = low.next_up();
    let dataset = linfa::Dataset::new(array![[low], [high]], array![0usize, 1]);
    let model = DecisionTree::params().fit(&dataset).unwrap();
    assert_eq!(model.predict(&dataset), array![0, 1]);
    assert_eq!(model.root_node().split().1, low);
}

#[test]
fn a_deep_tree_needs_no_deep_stack() {
    // Classes that alternate: each split cuts the outermost row off.
    let rows = 10_000;
    let records = Array2::from_shape_fn((rows, 1), |(row, _)| row as f64);
    let dataset = linfa::Dataset::new(records, Array1::from_shape_fn(rows, |row| row % 2));
    let work = move || {
        let params = DecisionTree::params().min_impurity_decrease(f64::EPSILON);
        let model = params.fit(&dataset).unwrap();
        assert!(model.max_depth() > 1_000, "depth {}", model.max_depth());
        assert_eq!(model.iter_nodes().count(), 2 * rows - 1);
        assert!(model.export_to_tikz().to_string().len() > rows);
        assert_eq!(written_and_read(&model), model);
        drop(model);
    };
    let thread = std::thread::Builder::new().stack_size(128 << 10);
    thread.spawn(work).unwrap().join().unwrap();
}

fn written_and_read<F, L>(model: &DecisionTree<F, L>) -> DecisionTree<F, L>
where
    F: linfa::Float + serde::Serialize + serde::de::DeserializeOwned,
    L: linfa::Label + serde::Serialize + serde::de::DeserializeOwned,
{
    let mut bytes = Vec::new();
    ciborium::into_writer(model, &mut bytes).unwrap();
    ciborium::from_reader(&bytes[..]).unwrap()
}

#[test]
fn parameters_and_trees_are_written_and_read() {
    let params = DecisionTree::params()
        .split_quality(SplitQuality::Entropy)
        .min_impurity_decrease(0.25)
        .max_depth(Some(3));
    let text = serde_json::to_string(&params).unwrap();
    let read: DecisionTreeParams<f64, bool> = serde_json::from_str(&text).unwrap();
    assert_eq!(read, params);
    let checked = read.check().unwrap();
    assert_eq!(checked.split_quality(), SplitQuality::Entropy);
    assert_eq!(checked.min_impurity_decrease(), 0.25);
    assert_eq!(
        (checked.min_weight_split(), checked.min_weight_leaf()),
        (2.0, 1.0)
    );

    let dataset = one_telling_column();
    let model = checked.fit(&dataset).unwrap();
    let read = written_and_read(&model);
    assert_eq!(read, model);
    assert_eq!(read.predict(&dataset), model.predict(&dataset));
    assert_eq!(read.root_node(), model.root_node());
    let mut node = Vec::new();
    ciborium::into_writer(model.root_node(), &mut node).unwrap();
    let node: TreeNode<f64, bool> = ciborium::from_reader(&node[..]).unwrap();
    assert_eq!(&node, model.root_node());
}

#[test]
fn what_is_no_tree_is_not_read() {
    let dataset = linfa::Dataset::new(array![[1.0], [2.0]], array![0usize, 1]);
    let model = DecisionTree::params().fit(&dataset).unwrap();
    let good = serde_json::to_value(&model).unwrap();
    let refused = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        let read = serde_json::from_value::<DecisionTree<f64, usize>>(bad);
        read.unwrap_err().to_string()
    };
    let cut = refused(&|bad| drop(bad["tree"]["nodes"].as_array_mut().unwrap().pop()));
    assert!(cut.contains("a split lacks a child"), "{cut}");
    let long = refused(&|bad| {
        let nodes = bad["tree"]["nodes"].as_array_mut().unwrap();
        nodes.push(nodes[1].clone());
    });
    assert!(long.contains("belong to no split"), "{long}");
    let feature = refused(&|bad| bad["tree"]["nodes"][0]["split"]["feature"] = 1.into());
    assert!(feature.contains("a feature that there is not"), "{feature}");
    let counts = refused(&|bad| bad["tree"]["nodes"][1]["statistics"] = vec![1.0].into());
    assert!(counts.contains("weights"), "{counts}");
    let classes = refused(&|bad| bad["classes"] = Vec::<usize>::new().into());
    assert!(classes.contains("no classes"), "{classes}");
}

#[test]
fn a_drawing_has_every_node_and_every_name() {
    let records = array![[1.0, 5.0], [1.0, 9.0], [4.0, 5.0], [4.0, 5.0]];
    let dataset = linfa::Dataset::new(records, array!["a", "b", "50 %", "50 %"])
        .with_feature_names(vec!["wind_speed", "rain"]);
    let model = DecisionTree::params().fit(&dataset).unwrap();
    let drawing = model.export_to_tikz().with_legend().to_string();
    assert!(drawing.starts_with("\\documentclass") && drawing.ends_with("\\end{document}\n"));
    for part in [
        r"$x_{0} \leq 2.50$",
        r"$x_{1} \leq 7.00$",
        r#"{"50 \%"}"#,
        r"wind\_speed",
        "rain",
    ] {
        assert!(drawing.contains(part), "{part} is not in {drawing}");
    }
    let count = |bracket: &str| {
        drawing
            .lines()
            .filter(|line| line.starts_with(bracket))
            .count()
    };
    assert_eq!((count("[{"), count("]")), (5, 5));
    let picture = Tikz::new(&model).complete(false).to_string();
    assert!(picture.starts_with("\\begin{forest}") && !picture.contains("rain"));
}

#[test]
fn records_of_other_columns_are_refused() {
    let dataset = linfa::Dataset::new(array![[1.0, 2.0], [2.0, 3.0]], array![0usize, 1]);
    let model = DecisionTree::params().fit(&dataset).unwrap();
    let refused = std::panic::catch_unwind(|| model.predict(&array![[1.0]])).unwrap_err();
    let message = refused.downcast_ref::<String>().unwrap();
    assert!(message.contains("as many columns"), "{message}");
}
