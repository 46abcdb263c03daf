//! What scikit-learn does with numbers: regression, missing values, pruning by cost complexity.
//! `benches/python/record_numeric_trees.py` made the golden files.

use linfa::ParamGuard;
use per_entity::codes::{CodeColumn, CodeMatrix};
use per_entity::schema::FeatureKind;
use per_entity::tree::{
    Criterion, DecisionTreeParams, Pruning, RegressionCriterion, Split, TrainingRows, Tree,
    TreeScratch, midpoint,
};
use serde::Deserialize;

use super::data::ranks;

/// `None` is a missing value.
type Row = Vec<Option<f64>>;

#[derive(Deserialize)]
struct Recorded {
    name: String,
    parameters: RecordedParams,
    features: Vec<Row>,
    targets: Vec<f64>,
    weights: Option<Vec<f64>>,
    probe: Vec<Row>,
    tree: RecordedTree,
    /// The least `alpha` with which each subtree is pruned, ascending.
    #[serde(default)]
    alphas: Vec<f64>,
    #[serde(default)]
    pruned: Vec<RecordedPruning>,
}

#[derive(Deserialize)]
struct RecordedParams {
    criterion: RecordedCriterion,
    max_depth: Option<usize>,
    min_samples_split: usize,
    min_samples_leaf: usize,
    min_impurity_decrease: f64,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RecordedCriterion {
    Gini,
    Entropy,
    SquaredError,
    AbsoluteError,
    Poisson,
}

#[derive(Deserialize)]
struct RecordedTree {
    feature: Vec<i64>,
    /// `None` where all numbers go left and missing values right.
    threshold: Vec<Option<f64>>,
    missing_left: Vec<bool>,
    value: Vec<Value>,
    weight: Vec<f64>,
    probe_leaves: Vec<usize>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Counts(Vec<f64>),
    Number(f64),
}

#[derive(Deserialize)]
struct RecordedPruning {
    ccp_alpha: f64,
    tree: RecordedTree,
}

fn recorded(json: &str) -> Vec<Recorded> {
    serde_json::from_str(json).expect("the golden file is valid")
}

/// A tree in the data's own units.
struct Fitted {
    tree: Tree,
    /// The distinct values of each feature, ascending.
    values: Vec<Vec<f64>>,
}

impl Recorded {
    fn fit(&self, pruning: Pruning) -> Fitted {
        let (matrix, values) = self.encode();
        let recorded = &self.parameters;
        let params = DecisionTreeParams::new()
            .max_depth(recorded.max_depth)
            .min_samples_split(recorded.min_samples_split)
            .min_samples_leaf(recorded.min_samples_leaf)
            .min_impurity_decrease(recorded.min_impurity_decrease)
            .pruning(pruning);
        let tree = match recorded.criterion {
            RecordedCriterion::Gini => self.fit_classes(&matrix, params, Criterion::Gini),
            RecordedCriterion::Entropy => self.fit_classes(&matrix, params, Criterion::Entropy),
            RecordedCriterion::SquaredError => {
                self.fit_numbers(&matrix, params, RegressionCriterion::SquaredError)
            }
            RecordedCriterion::AbsoluteError => {
                self.fit_numbers(&matrix, params, RegressionCriterion::AbsoluteError)
            }
            RecordedCriterion::Poisson => {
                self.fit_numbers(&matrix, params, RegressionCriterion::Poisson)
            }
        };
        Fitted { tree, values }
    }

    fn fit_classes(
        &self,
        matrix: &CodeMatrix,
        params: DecisionTreeParams,
        criterion: Criterion,
    ) -> Tree {
        let labels: Vec<u32> = self.targets.iter().map(|&target| target as u32).collect();
        let class_count = *labels.iter().max().unwrap() as usize + 1;
        let rows = TrainingRows::new(matrix, &labels, class_count).weights(self.weights.as_deref());
        let params = params.criterion(criterion).check().unwrap();
        params.fit_rows(rows, &mut TreeScratch::default()).unwrap()
    }

    fn fit_numbers(
        &self,
        matrix: &CodeMatrix,
        params: DecisionTreeParams,
        criterion: RegressionCriterion,
    ) -> Tree {
        let rows = TrainingRows::of_numbers(matrix, &self.targets).weights(self.weights.as_deref());
        let params = params.regression_criterion(criterion).check().unwrap();
        params.fit_rows(rows, &mut TreeScratch::default()).unwrap()
    }

    fn encode(&self) -> (CodeMatrix, Vec<Vec<f64>>) {
        let (mut columns, mut values) = (Vec::new(), Vec::new());
        for feature in 0..self.features[0].len() {
            let column = || self.features.iter().map(move |row| row[feature]);
            let (_, distinct) = ranks(column().flatten().collect(), f64::total_cmp);
            let missing = distinct.len() as u32;
            let code = |value| distinct.partition_point(|&other| other < value) as u32;
            let codes = column().map(|value| value.map_or(missing, code));
            columns.push(match column().all(|value| value.is_some()) {
                true => CodeColumn::new(FeatureKind::Numeric, missing, codes),
                false => CodeColumn::with_missing(FeatureKind::Numeric, missing + 1, codes),
            });
            values.push(distinct);
        }
        (CodeMatrix::new(columns, self.features.len()), values)
    }

    /// Says where a tree is not the recorded one.
    fn assert_is(&self, expected: &RecordedTree, fitted: &Fitted, place: &str) {
        let tree = &fitted.tree;
        let nodes = expected.feature.len();
        assert_eq!(tree.node_count(), nodes, "{place}: number of nodes");
        for node in 0..nodes {
            let place = format!("{place}, node {node}");
            let (feature, threshold, missing_left) = fitted.question(node);
            assert_eq!(feature, expected.feature[node], "{place}: feature");
            assert_eq!(threshold, expected.threshold[node], "{place}: threshold");
            // Where a node has no missing value, scikit-learn counts rows and not weights.
            if self.weights.is_none() || fitted.has_missing(node, self) {
                let expected = expected.missing_left[node];
                assert_eq!(missing_left, expected, "{place}: missing values go left");
            }
            assert_eq!(tree.weight(node), expected.weight[node], "{place}: weight");
            match &expected.value[node] {
                Value::Counts(counts) => assert_eq!(tree.counts(node), counts, "{place}: counts"),
                Value::Number(number) => {
                    let difference = (tree.value(node) - number).abs();
                    assert!(difference <= 1e-12 * number.abs(), "{place}: value");
                }
            }
        }
        for (row, &leaf) in self.probe.iter().zip(&expected.probe_leaves) {
            if self.weights.is_none() || row.iter().all(Option::is_some) {
                assert_eq!(
                    fitted.path(row).last(),
                    Some(&leaf),
                    "{place}: leaf of {row:?}"
                );
            }
        }
    }
}

impl Fitted {
    /// The feature, the threshold, and whether missing values go left.
    fn question(&self, node: usize) -> (i64, Option<f64>, bool) {
        match self.tree.split(node) {
            Split::Leaf => (-1, Some(0.0), false),
            Split::LessOrEqual {
                feature,
                code,
                next,
                missing_left,
            } => {
                let values = &self.values[feature as usize];
                let next = values.get(next as usize);
                let threshold = next.map(|&next| midpoint(values[code as usize], next));
                (feature.into(), threshold, missing_left)
            }
            split => panic!("numbers are split by {split:?}"),
        }
    }

    /// The nodes that a row comes by, from the root to its leaf.
    fn path(&self, row: &Row) -> Vec<usize> {
        let mut path = vec![0];
        loop {
            let node = path[path.len() - 1];
            let (feature, threshold, missing_left) = self.question(node);
            if feature < 0 {
                return path;
            }
            let goes_left = row[feature as usize].map_or(missing_left, |value| {
                threshold.is_none_or(|threshold| value <= threshold)
            });
            path.push(match goes_left {
                true => self.tree.left(node),
                false => self.tree.right(node),
            });
        }
    }

    /// Whether a training row that reaches the node has no value of the feature it asks for.
    fn has_missing(&self, node: usize, recorded: &Recorded) -> bool {
        let (feature, ..) = self.question(node);
        let is_missing = |row: &&Row| feature >= 0 && row[feature as usize].is_none();
        let mut rows = recorded.features.iter().filter(is_missing);
        rows.any(|row| self.path(row).contains(&node))
    }
}

fn trees_are_those_recorded(json: &str) {
    for case in recorded(json) {
        case.assert_is(&case.tree, &case.fit(Pruning::None), &case.name);
    }
}

#[test]
fn regression_trees_are_those_of_scikit_learn() {
    trees_are_those_recorded(include_str!("../../golden/regression_trees.json"));
}

#[test]
fn trees_on_missing_values_are_those_of_scikit_learn() {
    trees_are_those_recorded(include_str!("../../golden/missing_trees.json"));
}

#[test]
fn trees_pruned_by_cost_complexity_are_those_of_scikit_learn() {
    for case in recorded(include_str!("../../golden/pruned_trees.json")) {
        case.assert_is(&case.tree, &case.fit(Pruning::None), &case.name);
        for RecordedPruning { ccp_alpha, tree } in &case.pruned {
            let alpha = *ccp_alpha;
            let fitted = case.fit(Pruning::CostComplexity { alpha });
            case.assert_is(tree, &fitted, &format!("{}, alpha {alpha}", case.name));
        }
    }
}

#[test]
fn trees_lose_subtrees_at_the_alphas_of_scikit_learn_alone() {
    for case in recorded(include_str!("../../golden/pruned_trees.json")) {
        let nodes = |alpha| {
            let fitted = case.fit(Pruning::CostComplexity { alpha });
            fitted.tree.node_count()
        };
        // All alphas are further apart.
        let slack = 1e-6 * case.alphas[case.alphas.len() - 1];
        let mut before = case.tree.feature.len();
        for alpha in &case.alphas {
            let place = format!("{}, alpha {alpha}", case.name);
            assert_eq!(nodes(alpha - slack), before, "{place}: too early");
            let after = nodes(alpha + slack);
            assert!(after < before, "{place}: too late");
            before = after;
        }
        assert_eq!(before, 1, "{}: the last alpha leaves the root", case.name);
    }
}
