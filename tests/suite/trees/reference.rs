//! The reference: every split of every node, each scored from scratch, in fractions.

use linfa::ParamGuard;
use per_entity::schema::FeatureKind;
use per_entity::tree::{Criterion, DecisionTreeParams, DecisionTreeValidParams, Split, Tree};
use proptest::prelude::*;

use super::data::{Data, WEIGHT_UNIT, goes_left};
use super::strategies::{cases, data, params};

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
pub struct Node {
    pub split: Split,
    pub right: usize,
    pub counts: Vec<f64>,
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
    fn is_heavier_on_the_left(&self, rows: &[usize], feature: u32, code: u32) -> bool {
        let weight = |is_left: bool| -> f64 {
            let rows = rows.iter();
            let rows = rows.filter(|&&row| (self.data.code(feature, row) <= code) == is_left);
            rows.map(|&row| self.data.weight(row)).sum()
        };
        weight(true) > weight(false)
    }

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
                        missing_left: self.is_heavier_on_the_left(rows, feature, pair[0]),
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

pub fn nodes(tree: &Tree) -> Vec<Node> {
    (0..tree.node_count())
        .map(|node| Node {
            split: tree.split(node),
            right: tree.right(node),
            counts: tree.counts(node).to_vec(),
        })
        .collect()
}

proptest! {
    #![proptest_config(cases(8_000))]

    #[test]
    fn a_tree_is_the_best_that_trying_every_split_finds(data in data(), params in params()) {
        prop_assert_eq!(nodes(&data.fit(&params)), Reference::fit(&data, &params));
    }
}
