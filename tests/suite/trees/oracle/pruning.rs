//! Minimal cost-complexity pruning, against all prunings there are.

use linfa::ParamGuard;
use per_entity::tree::{DecisionTreeParams, Pruning, Tree};
use proptest::prelude::*;

use super::super::strategies::cases;
use super::measure::Measure;
use super::prunings::all_prunings;
use super::sample::Sample;
use super::strategies::{full, sample_and};

/// The impurity and the number of leaves of every pruning, and below what differences impurities are
/// the same.
fn costs(sample: &Sample, params: &DecisionTreeParams, tree: &Tree) -> (Vec<(f64, usize)>, f64) {
    let measure = Measure::new(sample, params.check_ref().unwrap());
    let all: Vec<usize> = (0..sample.rows()).collect();
    let total = sample.weight_of(&all);
    let rows = sample.rows_of_nodes(tree);
    let costs: Vec<f64> = rows
        .iter()
        .map(|rows| measure.impurity(rows) / total)
        .collect();
    let prunings = all_prunings(tree).into_iter();
    let costs_of_prunings = prunings.map(|pruning| {
        let impurity = pruning.leaves.iter().map(|&leaf| costs[leaf]).sum();
        (impurity, pruning.leaves.len())
    });
    let resolution = 1e-9 * costs[0] + measure.resolution(&all) / total;
    (costs_of_prunings.collect(), resolution)
}

fn prune(params: &DecisionTreeParams, alpha: f64) -> DecisionTreeParams {
    params.clone().pruning(Pruning::CostComplexity { alpha })
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn a_pruned_tree_is_the_smallest_of_the_least_cost_of_all_prunings(
        (sample, params) in sample_and(12, full()),
        share in 1e-4..0.6,
    ) {
        let params = params.max_depth(Some(4));
        let tree = sample.fit(&params);
        let (costs, resolution) = costs(&sample, &params, &tree);
        let root = costs[0].0;
        prop_assume!(root > 1e3 * resolution);
        let alpha = share * root;
        let cost = |&(impurity, leaves): &(f64, usize)| impurity + alpha * leaves as f64;
        let least = costs.iter().map(cost).min_by(f64::total_cmp).unwrap();
        let of_least = costs.iter().filter(|costs| cost(costs) <= least + resolution);
        let smallest = of_least.map(|&(_, leaves)| leaves).min().unwrap();
        prop_assert_eq!(sample.fit(&prune(&params, alpha)).leaf_count(), smallest);
    }

    #[test]
    fn the_path_of_prunings_ascends_and_names_the_prunings_at_its_alphas(
        (sample, params) in sample_and(12, full()),
    ) {
        let params = params.max_depth(Some(4));
        let tree = sample.fit(&params);
        let path = tree.cost_complexity_path(params.check_ref().unwrap().criterion());
        let (costs, resolution) = costs(&sample, &params, &tree);
        let root = costs[0].0;
        prop_assert_eq!((path[0].alpha, path[0].leaves), (0.0, tree.leaf_count()));
        prop_assert_eq!(path.last().unwrap().leaves, 1);
        prop_assert!((path.last().unwrap().impurity - root).abs() <= resolution);
        prop_assert!(path.is_sorted_by(|one, next| one.alpha <= next.alpha && one.leaves > next.leaves));
        for pair in path.windows(2) {
            let middle = pair[0].alpha / 2.0 + pair[1].alpha / 2.0;
            if pair[1].alpha - pair[0].alpha > resolution && middle > 0.0 {
                prop_assert_eq!(sample.fit(&prune(&params, middle)).leaf_count(), pair[0].leaves);
            }
        }
        for (place, step) in path.iter().enumerate().skip(1) {
            let is_last = path.get(place + 1).is_none_or(|next| next.alpha - step.alpha > resolution);
            if is_last && step.alpha > resolution {
                prop_assert_eq!(sample.fit(&prune(&params, step.alpha)).leaf_count(), step.leaves);
            }
        }
    }
}
