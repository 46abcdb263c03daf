//! What every node of a grown tree holds and asks.

use linfa::ParamGuard;
use per_entity::tree::{
    DecisionTreeParams, DecisionTreeValidParams, RegressionCriterion, Split, Tree,
};
use proptest::prelude::*;

use super::super::strategies::cases;
use super::measure::Measure;
use super::sample::{Sample, Target};
use super::sides::{Admission, Sides, admission, all_sides, at_least};
use super::strategies::{limited, sample_and};

/// A grown tree, and the rows of each of its nodes.
struct Grown<'a> {
    params: DecisionTreeValidParams,
    measure: Measure<'a>,
    tree: Tree,
    rows: Vec<Vec<usize>>,
    depths: Vec<usize>,
}

impl<'a> Grown<'a> {
    fn new(sample: &'a Sample, params: &DecisionTreeParams) -> Self {
        let tree = sample.fit(params);
        let params = params.clone().check().unwrap();
        let mut depths = vec![0; tree.node_count()];
        for node in 0..tree.node_count() {
            if tree.split(node) != Split::Leaf {
                for child in [tree.left(node), tree.right(node)] {
                    depths[child] = depths[node] + 1;
                }
            }
        }
        Self {
            rows: sample.rows_of_nodes(&tree),
            measure: Measure::new(sample, &params),
            params,
            tree,
            depths,
        }
    }

    fn splits(&self) -> impl Iterator<Item = (usize, Split)> {
        let splits = (0..self.tree.node_count()).map(|node| (node, self.tree.split(node)));
        splits.filter(|(_, split)| *split != Split::Leaf)
    }

    /// The rows of the two children.
    fn sides(&self, node: usize) -> Sides {
        [self.tree.left(node), self.tree.right(node)].map(|child| self.rows[child].clone())
    }

    fn decrease(&self, node: usize, sides: &Sides) -> f64 {
        let [left, right] = sides.each_ref().map(|side| self.measure.impurity(side));
        self.measure.impurity(&self.rows[node]) - left - right
    }

    /// Decreases of a node nearer than this are the same.
    fn resolution(&self, node: usize) -> f64 {
        let rows = &self.rows[node];
        1e-9 * self.measure.impurity(rows) + self.measure.resolution(rows)
    }

    /// Whether the node may be split, whatever splits there are.
    fn may_be_split(&self, node: usize) -> Admission {
        let rows = &self.rows[node];
        let limit = self.params.max_depth();
        if self.measure.is_pure(rows)
            || rows.len() < self.params.min_samples_split()
            || limit.is_some_and(|limit| self.depths[node] >= limit)
        {
            return Admission::No;
        }
        let weight = self.measure.sample.weight_of(rows);
        at_least(weight, self.params.min_weight_split(), 1e-12 * weight)
    }

    /// Whether a decrease is enough.
    fn is_worthwhile(&self, node: usize, decrease: f64) -> Admission {
        let all: Vec<usize> = (0..self.measure.sample.rows()).collect();
        let total = self.measure.sample.weight_of(&all);
        let slack = 1e-12 + self.resolution(node) / total;
        at_least(decrease / total, self.params.min_impurity_decrease(), slack)
    }

    fn check_statistics(&self, node: usize) -> Result<(), TestCaseError> {
        let rows = &self.rows[node];
        prop_assert!(!rows.is_empty());
        let weight = self.measure.sample.weight_of(rows);
        prop_assert!(is_near(self.tree.weight(node), weight, 1e-12 * weight));
        if let Target::Classes { .. } = self.measure.sample.target {
            let counts = self.measure.counts(rows);
            for (count, expected) in self.tree.counts(node).iter().zip(counts) {
                prop_assert!(is_near(*count, expected, 1e-12 * expected));
            }
            return Ok(());
        }
        let value = self.tree.value(node);
        let numbers = self.measure.numbers(rows);
        let largest = numbers[0].0.abs().max(numbers[numbers.len() - 1].0.abs());
        match self.params.regression_criterion() {
            RegressionCriterion::AbsoluteError => {
                let [low, high] = self.measure.medians(rows);
                let slack = f64::EPSILON * largest;
                prop_assert!(
                    low - slack <= value && value <= high + slack,
                    "{:e} {:e} {:e}",
                    low,
                    value,
                    high
                );
                if self.measure.sample.weights.is_none() {
                    prop_assert_eq!(value, low / 2.0 + high / 2.0);
                }
            }
            _ => {
                let mean = self.measure.mean(rows);
                prop_assert!(
                    is_near(value, mean, 1e-9 * mean.abs() + 1e-12 * largest + 1e-300),
                    "{:e} {:e}",
                    value,
                    mean
                );
            }
        }
        let error = self.measure.impurity(rows);
        prop_assert!(
            is_near(self.tree.error(node), error, self.resolution(node)),
            "{:e} {:e}",
            self.tree.error(node),
            error
        );
        Ok(())
    }

    fn check_split(&self, node: usize) -> Result<(), TestCaseError> {
        let sides = self.sides(node);
        prop_assert!(self.may_be_split(node) != Admission::No);
        prop_assert!(admission(&self.measure, &self.params, &sides) != Admission::No);
        let decrease = self.decrease(node, &sides);
        prop_assert!(self.is_worthwhile(node, decrease) != Admission::No);
        let best = self.best_decrease(node).unwrap_or(f64::NEG_INFINITY);
        prop_assert!(
            decrease >= best - self.resolution(node),
            "{:e} of {:e}",
            decrease,
            best
        );
        Ok(())
    }

    fn check_leaf(&self, node: usize) -> Result<(), TestCaseError> {
        if self.may_be_split(node) == Admission::Yes
            && let Some(best) = self.best_decrease(node)
        {
            prop_assert!(
                self.is_worthwhile(node, best) != Admission::Yes,
                "{:e} is left",
                best
            );
        }
        Ok(())
    }

    /// The largest decrease of all splits that there are to choose from.
    fn best_decrease(&self, node: usize) -> Option<f64> {
        let all = all_sides(&self.measure, &self.params, &self.rows[node]).into_iter();
        all.filter(|sides| admission(&self.measure, &self.params, sides) == Admission::Yes)
            .map(|sides| self.decrease(node, &sides))
            .max_by(f64::total_cmp)
    }
}

fn is_near(number: f64, expected: f64, slack: f64) -> bool {
    (number - expected).abs() <= slack
}

proptest! {
    #![proptest_config(cases(4_000))]

    #[test]
    fn a_node_holds_the_statistics_of_the_rows_that_reach_it(
        (sample, params) in sample_and(30, limited()),
    ) {
        let grown = Grown::new(&sample, &params);
        for node in 0..grown.tree.node_count() {
            grown.check_statistics(node)?;
        }
    }

    #[test]
    fn a_split_is_the_best_of_all_that_are_admitted(
        (sample, params) in sample_and(20, limited()),
    ) {
        let grown = Grown::new(&sample, &params);
        for (node, _) in grown.splits() {
            grown.check_split(node)?;
        }
    }

    #[test]
    fn a_leaf_is_pure_or_limited_or_has_no_split_to_choose_from(
        (sample, params) in sample_and(20, limited()),
    ) {
        let grown = Grown::new(&sample, &params);
        for node in 0..grown.tree.node_count() {
            if grown.tree.split(node) == Split::Leaf {
                grown.check_leaf(node)?;
            }
        }
    }

    #[test]
    fn where_no_row_of_a_node_lacks_the_value_others_would_go_with_the_heavier_child(
        (sample, params) in sample_and(30, limited()),
    ) {
        let grown = Grown::new(&sample, &params);
        for (node, split) in grown.splits() {
            let Split::LessOrEqual { feature, missing_left, .. } = split else { continue };
            let column = &sample.columns[feature as usize];
            if grown.rows[node].iter().any(|&row| column.is_missing(row)) {
                continue;
            }
            let [left, right] = grown.sides(node).map(|side| sample.weight_of(&side));
            if sample.weights.is_none() || !is_near(left, right, 1e-12 * (left + right)) {
                prop_assert_eq!(missing_left, left > right);
            }
        }
    }

    #[test]
    fn a_split_names_the_codes_between_which_it_cuts(
        (sample, params) in sample_and(30, limited()),
    ) {
        let grown = Grown::new(&sample, &params);
        for (node, split) in grown.splits() {
            if let Split::LessOrEqual { feature, code, next, .. } = split {
                let codes = sample.codes(feature as usize, &grown.rows[node]);
                let place = codes.iter().position(|&other| other == code);
                prop_assert_eq!(place.and_then(|place| codes.get(place + 1)), Some(&next));
            }
        }
    }

    #[test]
    fn a_set_holds_the_categories_of_the_lighter_child(
        (sample, params) in sample_and(30, limited()),
    ) {
        let grown = Grown::new(&sample, &params);
        for (node, split) in grown.splits() {
            if let Split::Among { feature, set } = split {
                let [left, right] = grown.sides(node);
                prop_assert_eq!(grown.tree.set(set), sample.codes(feature as usize, &left));
                let [left, right] = [left, right].map(|side| sample.weight_of(&side));
                let slack = if sample.weights.is_some() { 1e-12 * right } else { 0.0 };
                prop_assert!(left <= right + slack);
            }
        }
    }
}
