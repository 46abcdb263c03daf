//! Trees are exact: they agree node for node with a naive reference that calculates in fractions,
//! and with scikit-learn. `benches/python/record_trees.py` made the golden file.

use linfa::prelude::*;
use ndarray::{Array1, Array2, ArrayView1, array};
use per_entity::encode::{CodeColumn, CodeMatrix, FeatureKind, midpoint};
use per_entity::tree::{
    Criterion, DecisionTree, DecisionTreeParams, DecisionTreeValidParams, ParamsError, Split, Tree,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

/// What a tree is fitted to.
#[derive(Clone, Debug)]
struct Data {
    kinds: Vec<FeatureKind>,
    /// The codes of each feature, column by column.
    columns: Vec<Vec<u32>>,
    cardinalities: Vec<u32>,
    labels: Vec<u32>,
    class_count: usize,
    weights: Option<Vec<f64>>,
}

impl Data {
    fn matrix(&self) -> CodeMatrix {
        let columns = self
            .kinds
            .iter()
            .zip(&self.columns)
            .zip(&self.cardinalities)
            .map(|((&kind, codes), &cardinality)| {
                CodeColumn::new(kind, cardinality, codes.iter().copied())
            })
            .collect();
        CodeMatrix::new(columns, self.labels.len())
    }

    fn fit(&self, params: &DecisionTreeParams) -> Tree {
        let params: DecisionTreeValidParams = params.clone().check().unwrap();
        params.fit_codes(
            &self.matrix(),
            &self.labels,
            self.class_count,
            self.weights.as_deref(),
        )
    }

    fn weight(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[row])
    }

    fn code(&self, feature: u32, row: usize) -> u32 {
        self.columns[feature as usize][row]
    }

    /// The same rows in another order.
    fn reordered(&self, order: &[usize]) -> Data {
        let reorder = |values: &Vec<u32>| order.iter().map(|&row| values[row]).collect();
        Data {
            columns: self.columns.iter().map(reorder).collect(),
            labels: reorder(&self.labels),
            weights: self
                .weights
                .as_ref()
                .map(|weights| order.iter().map(|&row| weights[row]).collect()),
            ..self.clone()
        }
    }
}

fn goes_left(data: &Data, split: Split, row: usize) -> bool {
    match split {
        Split::Leaf => unreachable!("a leaf asks nothing"),
        Split::LessOrEqual { feature, code, .. } => data.code(feature, row) <= code,
        Split::Equal { feature, code } => data.code(feature, row) == code,
    }
}

// The reference: every split of every node, each scored from scratch, in fractions.

/// Weights are whole multiples of this, so that the reference can count in whole numbers.
const WEIGHT_UNIT: f64 = 0.25;

/// Entropies of a node closer than this are a tie.
const ENTROPY_RESOLUTION: f64 = 1e-12;

/// A fraction with a positive denominator.
#[derive(Clone, Copy, Debug)]
struct Fraction(i128, i128);

impl Fraction {
    fn plus(self, other: Fraction) -> Fraction {
        Fraction(self.0 * other.1 + other.0 * self.1, self.1 * other.1)
    }

    fn exceeds(self, other: Fraction) -> bool {
        self.0 * other.1 > other.0 * self.1
    }

    fn value(self) -> f64 {
        self.0 as f64 / self.1 as f64
    }
}

/// A node's weight times its impurity, to be made small.
#[derive(Clone, Copy, Debug)]
enum Impurity {
    Gini(Fraction),
    Entropy { value: f64, weight: f64 },
}

impl Impurity {
    fn of(criterion: Criterion, counts: &[i128]) -> Impurity {
        let total: i128 = counts.iter().sum();
        match criterion {
            // W (1 - sum (w / W)²) = (W² - sum w²) / W
            Criterion::Gini => {
                let squares: i128 = counts.iter().map(|count| count * count).sum();
                Impurity::Gini(Fraction(total * total - squares, total))
            }
            Criterion::Entropy => {
                let total = total as f64;
                let value = counts
                    .iter()
                    .filter(|&&count| count > 0)
                    .map(|&count| count as f64 * (total / count as f64).log2())
                    .sum();
                Impurity::Entropy {
                    value,
                    weight: total,
                }
            }
        }
    }

    fn plus(self, other: Impurity) -> Impurity {
        match (self, other) {
            (Impurity::Gini(one), Impurity::Gini(two)) => Impurity::Gini(one.plus(two)),
            (
                Impurity::Entropy {
                    value: one,
                    weight: left,
                },
                Impurity::Entropy {
                    value: two,
                    weight: right,
                },
            ) => Impurity::Entropy {
                value: one + two,
                weight: left + right,
            },
            _ => unreachable!("a tree has one criterion"),
        }
    }

    fn is_less_than(self, other: Impurity) -> bool {
        match (self, other) {
            (Impurity::Gini(one), Impurity::Gini(two)) => two.exceeds(one),
            (Impurity::Entropy { value: one, weight }, Impurity::Entropy { value: two, .. }) => {
                two - one > ENTROPY_RESOLUTION * weight
            }
            _ => unreachable!("a tree has one criterion"),
        }
    }

    fn value(self) -> f64 {
        match self {
            Impurity::Gini(fraction) => fraction.value(),
            Impurity::Entropy { value, .. } => value,
        }
    }
}

#[derive(Debug, PartialEq)]
struct Node {
    split: Split,
    right: usize,
    counts: Vec<f64>,
}

struct Reference<'a> {
    data: &'a Data,
    params: &'a DecisionTreeValidParams,
    nodes: Vec<Node>,
}

impl Reference<'_> {
    fn fit(data: &Data, params: &DecisionTreeParams) -> Vec<Node> {
        let params = params.clone().check().unwrap();
        let mut reference = Reference {
            data,
            params: &params,
            nodes: Vec::new(),
        };
        reference.grow((0..data.labels.len()).collect(), 0);
        reference.nodes
    }

    /// The weight of each class, in weight units.
    fn counts(&self, rows: &[usize]) -> Vec<i128> {
        let mut counts = vec![0; self.data.class_count];
        for &row in rows {
            counts[self.data.labels[row] as usize] += (self.data.weight(row) / WEIGHT_UNIT) as i128;
        }
        counts
    }

    fn impurity(&self, rows: &[usize]) -> Impurity {
        Impurity::of(self.params.criterion(), &self.counts(rows))
    }

    fn grow(&mut self, rows: Vec<usize>, depth: usize) {
        let split = self.best_split(&rows, depth);
        let counts = self.counts(&rows);
        let node = self.nodes.len();
        self.nodes.push(Node {
            split: split.unwrap_or(Split::Leaf),
            right: 0,
            counts: counts
                .iter()
                .map(|&count| count as f64 * WEIGHT_UNIT)
                .collect(),
        });
        let Some(split) = split else { return };
        let (left, right) = rows
            .into_iter()
            .partition(|&row| goes_left(self.data, split, row));
        self.grow(left, depth + 1);
        self.nodes[node].right = self.nodes.len();
        self.grow(right, depth + 1);
    }

    fn best_split(&self, rows: &[usize], depth: usize) -> Option<Split> {
        let classes = self.counts(rows).iter().filter(|&&count| count > 0).count();
        if classes < 2
            || rows.len() < self.params.min_samples_split()
            || self.params.max_depth().is_some_and(|limit| depth >= limit)
        {
            return None;
        }
        let mut best: Option<(Impurity, Split)> = None;
        for split in self.splits(rows) {
            let (left, right): (Vec<usize>, Vec<usize>) = rows
                .iter()
                .partition(|&&row| goes_left(self.data, split, row));
            if left.len().min(right.len()) < self.params.min_samples_leaf() {
                continue;
            }
            let impurity = self.impurity(&left).plus(self.impurity(&right));
            if best.is_none_or(|(best, _)| impurity.is_less_than(best)) {
                best = Some((impurity, split));
            }
        }
        let (impurity, split) = best?;
        let all: Vec<usize> = (0..self.data.labels.len()).collect();
        let total = self.counts(&all).iter().sum::<i128>() as f64;
        let decrease = (self.impurity(rows).value() - impurity.value()) / total;
        let limit = self.params.min_impurity_decrease();
        (limit == 0.0 || decrease >= limit).then_some(split)
    }

    /// All splits that leave a row on either side, in the order in which ties are decided.
    fn splits(&self, rows: &[usize]) -> Vec<Split> {
        let mut splits = Vec::new();
        for (feature, kind) in (0..).zip(&self.data.kinds) {
            let mut codes: Vec<u32> = rows
                .iter()
                .map(|&row| self.data.code(feature, row))
                .collect();
            codes.sort_unstable();
            codes.dedup();
            match kind {
                FeatureKind::Numeric => {
                    splits.extend(codes.windows(2).map(|pair| Split::LessOrEqual {
                        feature,
                        code: pair[0],
                        next: pair[1],
                    }))
                }
                FeatureKind::Categorical if codes.len() > 1 => {
                    splits.extend(codes.iter().map(|&code| Split::Equal { feature, code }));
                }
                FeatureKind::Categorical => {}
            }
        }
        splits
    }
}

fn nodes(tree: &Tree) -> Vec<Node> {
    (0..tree.node_count())
        .map(|node| Node {
            split: tree.split(node),
            right: tree.right(node),
            counts: tree.counts(node).to_vec(),
        })
        .collect()
}

// Small random datasets: ties, duplicates, constant columns, missing codes, single rows.

fn column(rows: usize) -> impl Strategy<Value = (FeatureKind, u32, Vec<u32>)> {
    let kind = prop_oneof![Just(FeatureKind::Numeric), Just(FeatureKind::Categorical)];
    // The cardinality may be much larger than the number of codes that occur.
    let cardinality = prop_oneof![
        1 => Just(1u32),
        3 => Just(2),
        4 => 3u32..8,
        2 => 8u32..60,
        1 => Just(300),
        1 => Just(70_000),
    ];
    (kind, cardinality, 1u32..6).prop_flat_map(move |(kind, cardinality, step)| {
        let code = (0..cardinality).prop_map(move |code| code / step * step);
        (Just(kind), Just(cardinality), vec(code, rows))
    })
}

fn weights(rows: usize) -> impl Strategy<Value = Option<Vec<f64>>> {
    let weight = (1u32..9).prop_map(|units| f64::from(units) * WEIGHT_UNIT);
    prop_oneof![2 => Just(None), 1 => vec(weight, rows).prop_map(Some)]
}

fn data() -> impl Strategy<Value = Data> {
    (1usize..40, 1usize..9, 0usize..5).prop_flat_map(|(rows, class_count, features)| {
        (
            vec(column(rows), features),
            vec(0..class_count as u32, rows),
            weights(rows),
        )
            .prop_map(move |(columns, labels, weights)| Data {
                kinds: columns.iter().map(|column| column.0).collect(),
                cardinalities: columns.iter().map(|column| column.1).collect(),
                columns: columns.into_iter().map(|column| column.2).collect(),
                labels,
                class_count,
                weights,
            })
    })
}

prop_compose! {
    fn params()(
        criterion in prop_oneof![Just(Criterion::Gini), Just(Criterion::Entropy)],
        max_depth in proptest::option::weighted(0.3, 0usize..6),
        min_samples_split in prop_oneof![2 => Just(2usize), 1 => 2usize..12],
        min_samples_leaf in prop_oneof![2 => Just(1usize), 1 => 1usize..7],
        min_impurity_decrease in prop_oneof![2 => Just(0.0), 1 => 1e-6..0.1],
    ) -> DecisionTreeParams {
        DecisionTreeParams::new()
            .criterion(criterion)
            .max_depth(max_depth)
            .min_samples_split(min_samples_split)
            .min_samples_leaf(min_samples_leaf)
            .min_impurity_decrease(min_impurity_decrease)
    }
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(8_000))]

    #[test]
    fn a_tree_is_the_best_that_trying_every_split_finds(data in data(), params in params()) {
        prop_assert_eq!(nodes(&data.fit(&params)), Reference::fit(&data, &params));
    }
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn a_nodes_counts_are_the_sum_of_its_childrens(data in data(), params in params()) {
        let tree = data.fit(&params);
        let mut is_child = vec![false; tree.node_count()];
        for node in 0..tree.node_count() {
            if tree.split(node) != Split::Leaf {
                let (left, right) = (tree.left(node), tree.right(node));
                let sum: Vec<f64> = (0..data.class_count)
                    .map(|class| tree.counts(left)[class] + tree.counts(right)[class])
                    .collect();
                prop_assert_eq!(tree.counts(node), &sum[..]);
                is_child[left] = true;
                is_child[right] = true;
            }
        }
        prop_assert_eq!(is_child.iter().position(|child| !child), Some(0));
        prop_assert_eq!(is_child.iter().filter(|&&child| !child).count(), 1);
        prop_assert_eq!(tree.leaf_count() * 2 - 1, tree.node_count());
    }

    #[test]
    fn a_leafs_counts_are_those_of_the_rows_that_end_in_it(data in data(), params in params()) {
        let tree = data.fit(&params);
        let mut counts = vec![vec![0.0; data.class_count]; tree.node_count()];
        for (row, &label) in data.labels.iter().enumerate() {
            let leaf = tree.leaf(|feature| data.code(feature, row));
            prop_assert_eq!(tree.split(leaf), Split::Leaf);
            counts[leaf][label as usize] += data.weight(row);
        }
        for node in (0..tree.node_count()).filter(|&node| tree.split(node) == Split::Leaf) {
            prop_assert_eq!(tree.counts(node), &counts[node][..]);
        }
    }

    #[test]
    fn the_order_of_the_rows_does_not_matter(
        (data, order) in data().prop_flat_map(|data| {
            let order: Vec<usize> = (0..data.labels.len()).collect();
            (Just(data), Just(order).prop_shuffle())
        }),
        params in params(),
    ) {
        let (tree, reordered) = (data.fit(&params), data.reordered(&order));
        prop_assert_eq!(&tree, &reordered.fit(&params));
        let predictions = tree.predict(&data.matrix());
        let expected: Vec<usize> = order.iter().map(|&row| predictions[row]).collect();
        prop_assert_eq!(tree.predict(&reordered.matrix()), expected);
    }

    #[test]
    fn the_training_accuracy_is_the_share_of_weight_predicted_correctly(
        data in data(), params in params(),
    ) {
        let tree = data.fit(&params);
        let (mut correct, mut total) = (0.0, 0.0);
        for (row, predicted) in tree.predict(&data.matrix()).into_iter().enumerate() {
            total += data.weight(row);
            if predicted == data.labels[row] as usize {
                correct += data.weight(row);
            }
        }
        prop_assert_eq!(tree.training_accuracy(), correct / total);
    }

    #[test]
    fn a_weight_of_two_is_a_row_twice(data in data(), criterion in params().prop_map(|params| {
        params.check().unwrap().criterion()
    })) {
        // Only the weights of whole rows: the numbers of rows are not limited.
        let params = DecisionTreeParams::new().criterion(criterion);
        let order: Vec<usize> = (0..data.labels.len()).flat_map(|row| {
            std::iter::repeat_n(row, (data.weight(row) / WEIGHT_UNIT) as usize)
        }).collect();
        let repeated = Data { weights: None, ..data.reordered(&order) };
        let weighted = Data {
            weights: Some(
                (0..data.labels.len()).map(|row| data.weight(row) / WEIGHT_UNIT).collect(),
            ),
            ..data
        };
        prop_assert_eq!(weighted.fit(&params), repeated.fit(&params));
    }

    #[test]
    fn the_scale_of_the_weights_does_not_matter(
        data in data(), params in params(), exponent in -200i32..200,
    ) {
        let weights: Vec<f64> = (0..data.labels.len()).map(|row| data.weight(row)).collect();
        let scaled = weights.iter().map(|weight| weight * 2f64.powi(exponent)).collect();
        let original = Data { weights: Some(weights), ..data.clone() };
        let scaled = Data { weights: Some(scaled), ..data };
        let splits = |tree: &Tree| -> Vec<Split> {
            (0..tree.node_count()).map(|node| tree.split(node)).collect()
        };
        prop_assert_eq!(splits(&scaled.fit(&params)), splits(&original.fit(&params)));
    }
}

// What scikit-learn does.

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

/// Each value's position among the distinct values, and these.
fn ranks<V: Clone + PartialEq>(
    values: Vec<V>,
    compare: impl Fn(&V, &V) -> std::cmp::Ordering,
) -> (Vec<u32>, Vec<V>) {
    let mut distinct = values.clone();
    distinct.sort_by(compare);
    distinct.dedup();
    let position = |value| distinct.iter().position(|other| other == value).unwrap() as u32;
    (values.iter().map(position).collect(), distinct)
}

fn recorded() -> Vec<Recorded> {
    serde_json::from_str(include_str!("../golden/trees.json")).expect("the golden file is valid")
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
                Split::Leaf => (-1, None, 0.0),
                Split::LessOrEqual {
                    feature,
                    code,
                    next,
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

// Ties.

fn numeric(codes: Vec<u32>, labels: Vec<u32>) -> Data {
    Data {
        kinds: vec![FeatureKind::Numeric],
        cardinalities: vec![codes.iter().max().map_or(0, |code| code + 1)],
        columns: vec![codes],
        class_count: labels.iter().max().map_or(0, |label| *label as usize + 1),
        labels,
        weights: None,
    }
}

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
                next: 1
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
        assert_eq!(tree.training_accuracy(), 1.0);
    }
}

// Special shapes.

#[test]
fn nothing_to_learn_from_makes_a_single_leaf() {
    let no_rows = numeric(vec![], vec![]);
    let tree = no_rows.fit(&DecisionTreeParams::new());
    assert_eq!(
        (tree.node_count(), tree.leaf_count(), tree.depth()),
        (1, 1, 0)
    );
    assert_eq!(tree.training_accuracy(), 1.0);
    assert!(tree.predict(&no_rows.matrix()).is_empty());

    let no_features = Data {
        kinds: vec![],
        columns: vec![],
        cardinalities: vec![],
        ..numeric(vec![0, 0, 0], vec![1, 0, 1])
    };
    let tree = no_features.fit(&DecisionTreeParams::new());
    assert_eq!((tree.node_count(), tree.counts(0)), (1, &[1.0, 2.0][..]));
    assert_eq!(tree.predict(&no_features.matrix()), [1, 1, 1]);

    let one_row = numeric(vec![0], vec![2]);
    let tree = one_row.fit(&DecisionTreeParams::new());
    assert_eq!(
        (tree.node_count(), tree.counts(0)),
        (1, &[0.0, 0.0, 1.0][..])
    );
}

#[test]
#[should_panic(expected = "one label per row")]
fn a_missing_label_is_refused() {
    let data = numeric(vec![0, 1], vec![0, 1]);
    let params: DecisionTreeValidParams = DecisionTreeParams::new().check().unwrap();
    params.fit_codes(&data.matrix(), &[0], 2, None);
}

#[test]
#[should_panic(expected = "one weight per row")]
fn a_missing_weight_is_refused() {
    let data = Data {
        weights: Some(vec![1.0]),
        ..numeric(vec![0, 1], vec![0, 1])
    };
    data.fit(&DecisionTreeParams::new());
}

#[test]
#[should_panic(expected = "column 0 has a code beyond its cardinality")]
fn a_code_beyond_the_cardinality_is_refused() {
    CodeMatrix::new(
        vec![CodeColumn::new(FeatureKind::Numeric, 3, [0, 3].into_iter())],
        2,
    );
}

#[test]
#[should_panic(expected = "column 0 has the wrong length")]
fn a_column_of_another_length_is_refused() {
    CodeMatrix::new(
        vec![CodeColumn::new(FeatureKind::Numeric, 3, [0, 2].into_iter())],
        3,
    );
}

/// Runs a test where recursion over the nodes of a deep tree would not go far.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new()
        .stack_size(256 * 1024)
        .spawn(test)
        .unwrap();
    thread.join().unwrap();
}

#[test]
fn a_deep_tree_does_not_overflow_the_stack() {
    on_a_small_stack(|| {
        // Classes that alternate: each split cuts the outermost row off.
        let rows = 10_000;
        let data = numeric((0..rows).collect(), (0..rows).map(|row| row % 2).collect());
        let tree = data.fit(&DecisionTreeParams::new());
        assert_eq!(tree.training_accuracy(), 1.0);
        assert_eq!(tree.node_count(), 2 * rows as usize - 1);
        assert!(tree.depth() > 1_000, "depth {}", tree.depth());
        assert_eq!(tree.predict(&data.matrix())[..4], [0, 1, 0, 1]);
    });
}

#[test]
fn a_long_chain_of_categories_does_not_overflow_the_stack() {
    on_a_small_stack(|| {
        let rows = 3_000;
        let data = Data {
            kinds: vec![FeatureKind::Categorical],
            ..numeric((0..rows).collect(), (0..rows).map(|row| row % 2).collect())
        };
        let tree = data.fit(&DecisionTreeParams::new());
        assert_eq!(tree.training_accuracy(), 1.0);
        assert!(tree.depth() >= rows as usize / 2, "depth {}", tree.depth());
    });
}

// Threads.

/// More rows than one thread would be given, of every width of codes.
fn many_rows(class_count: u32, weighted: bool) -> Data {
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

fn fit_with_threads(data: &Data, params: &DecisionTreeParams, threads: usize) -> Tree {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(|| data.fit(params))
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

// In the place of linfa's own tree.

fn training_accuracy_is_1<F, L>(records: Array2<F>, targets: Array1<L>)
where
    F: linfa::Float,
    L: linfa::Label + Ord + Sync + Send + Default + std::fmt::Debug,
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
            next: 2
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
    let fit = |params: DecisionTreeParams<usize>| message_of(params.fit(&dataset));
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
