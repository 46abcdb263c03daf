//! What scikit-learn does. `benches/python/record_trees.py` made the golden file.

use per_entity::schema::FeatureKind;
use per_entity::tree::midpoint;
use per_entity::tree::{Criterion, DecisionTreeParams, Split};
use serde::Deserialize;

use super::data::{Data, numeric, ranks};

#[derive(Deserialize)]
struct Recorded {
    name: String,
    parameters: RecordedParams,
    kinds: Vec<FeatureKind>,
    features: Vec<Vec<serde_json::Value>>,
    labels: Vec<u32>,
    weights: Option<Vec<f64>>,
    tree: RecordedTree,
}

#[derive(Deserialize)]
struct RecordedParams {
    criterion: Criterion,
    max_depth: Option<usize>,
    min_samples_split: usize,
    min_samples_leaf: usize,
    min_impurity_decrease: f64,
}

#[derive(Deserialize)]
struct RecordedTree {
    feature: Vec<i64>,
    category: Vec<Option<String>>,
    threshold: Vec<f64>,
    left: Vec<i64>,
    right: Vec<i64>,
    counts: Vec<Vec<f64>>,
    impurity: Vec<f64>,
}

/// The distinct values of a recorded feature, ascending.
enum Distinct {
    Numbers(Vec<f64>),
    Words(Vec<String>),
}

impl Recorded {
    fn params(&self) -> DecisionTreeParams {
        let recorded = &self.parameters;
        DecisionTreeParams::new()
            .criterion(recorded.criterion)
            .max_depth(recorded.max_depth)
            .min_samples_split(recorded.min_samples_split)
            .min_samples_leaf(recorded.min_samples_leaf)
            .min_impurity_decrease(recorded.min_impurity_decrease)
    }

    fn encode(&self) -> (Data, Vec<Distinct>) {
        let (mut columns, mut distinct) = (Vec::new(), Vec::new());
        for (feature, kind) in self.kinds.iter().enumerate() {
            let values = self.features.iter().map(|row| &row[feature]);
            let (codes, values) = match kind {
                FeatureKind::Numeric => {
                    let numbers = values.map(|value| value.as_f64().unwrap()).collect();
                    let (codes, numbers) = ranks(numbers, f64::total_cmp);
                    (codes, Distinct::Numbers(numbers))
                }
                FeatureKind::Categorical => {
                    let words = values
                        .map(|value| value.as_str().unwrap().to_owned())
                        .collect();
                    let (codes, words) = ranks(words, String::cmp);
                    (codes, Distinct::Words(words))
                }
            };
            columns.push(codes);
            distinct.push(values);
        }
        let data = Data {
            kinds: self.kinds.clone(),
            cardinalities: columns
                .iter()
                .map(|codes| codes.iter().max().unwrap() + 1)
                .collect(),
            columns,
            class_count: *self.labels.iter().max().unwrap() as usize + 1,
            labels: self.labels.clone(),
            weights: self.weights.clone(),
        };
        (data, distinct)
    }
}

fn recorded() -> Vec<Recorded> {
    serde_json::from_str(include_str!("../../golden/trees.json")).expect("the golden file is valid")
}

#[test]
fn trees_are_those_of_scikit_learn() {
    for case in recorded() {
        let (data, distinct) = case.encode();
        let tree = data.fit(&case.params());
        let expected = &case.tree;
        assert_eq!(
            tree.node_count(),
            expected.feature.len(),
            "{}: number of nodes",
            case.name
        );
        for node in 0..tree.node_count() {
            let place = format!("{}, node {node}", case.name);
            let (feature, category, threshold) = match tree.split(node) {
                Split::Leaf | Split::Among { .. } => (-1, None, 0.0),
                Split::LessOrEqual {
                    feature,
                    code,
                    next,
                    ..
                } => {
                    let Distinct::Numbers(numbers) = &distinct[feature as usize] else {
                        panic!("{place}: a category is compared with a threshold");
                    };
                    let threshold = midpoint(numbers[code as usize], numbers[next as usize]);
                    (feature.into(), None, threshold)
                }
                Split::Equal { feature, code } => {
                    let Distinct::Words(words) = &distinct[feature as usize] else {
                        panic!("{place}: a number is compared with a category");
                    };
                    (feature.into(), Some(words[code as usize].clone()), 0.0)
                }
            };
            assert_eq!(feature, expected.feature[node], "{place}: feature");
            assert_eq!(category, expected.category[node], "{place}: category");
            assert_eq!(threshold, expected.threshold[node], "{place}: threshold");
            assert_eq!(
                tree.counts(node),
                &expected.counts[node][..],
                "{place}: counts"
            );
            let impurity = case.parameters.criterion.impurity(tree.counts(node));
            let difference = (impurity - expected.impurity[node]).abs();
            assert!(difference < 1e-12, "{place}: impurity {impurity}");
            if feature >= 0 {
                assert_eq!(
                    tree.left(node) as i64,
                    expected.left[node],
                    "{place}: left child"
                );
                assert_eq!(
                    tree.right(node) as i64,
                    expected.right[node],
                    "{place}: right child"
                );
            }
        }
    }
}

#[test]
fn a_split_without_gain_is_taken_while_no_decrease_is_asked_for() {
    let case = recorded()
        .into_iter()
        .find(|case| case.name == "split_without_gain")
        .unwrap();
    let (data, _) = case.encode();
    assert_eq!(data.fit(&case.params()).node_count(), 3);
    assert_eq!(
        data.fit(&case.params().min_impurity_decrease(1e-9))
            .node_count(),
        1
    );
}

#[test]
fn a_decrease_that_is_just_enough_is_enough() {
    let data = numeric(vec![0, 0, 1, 1], vec![0, 0, 1, 1]);
    let nodes = |least| {
        data.fit(&DecisionTreeParams::new().min_impurity_decrease(least))
            .node_count()
    };
    assert_eq!(nodes(0.5), 3);
    assert_eq!(nodes(0.500001), 1);
}
