//! Puts a model together from what was learnt of one partition: its encoder and its tree.

use super::model::{Content, Model};
use super::tree_model::{LEAF, ModelFeature, TreeModel};
use crate::encode::{Encoder, Values};
use crate::tree::{Split, Tree, midpoint};

impl Model {
    /// Puts what was learnt from one partition together: `names` are its features' columns, in the
    /// order of the encoder.
    pub fn new(key: &str, names: &[&str], encoder: &Encoder, tree: &Tree) -> Self {
        Self {
            key: key.to_owned(),
            classes: encoder.classes().map(str::to_owned).collect(),
            decision: None,
            content: Content::Tree(TreeModel::new(names, encoder, tree)),
        }
    }
}

impl TreeModel {
    fn new(names: &[&str], encoder: &Encoder, tree: &Tree) -> Self {
        let mut questions = Questions::of(encoder, tree);
        let nodes = tree.node_count();
        let mut model = Self {
            class_count: tree.class_count(),
            features: questions.features(names),
            feature: Vec::with_capacity(nodes),
            operand: Vec::with_capacity(nodes),
            right: Vec::with_capacity(nodes),
            missing_left: Vec::with_capacity(nodes),
            thresholds: Vec::new(),
            sets: Vec::new(),
            counts: Vec::with_capacity(tree.leaf_count() * tree.class_count().max(1)),
            values: Vec::new(),
        };
        let mut leaves = 0;
        for node in 0..nodes {
            let (feature, operand, right) = match tree.split(node) {
                Split::Leaf => {
                    match tree.is_regression() {
                        false => model.counts.extend_from_slice(tree.counts(node)),
                        true => {
                            model.counts.push(tree.weight(node));
                            model.values.push(tree.value(node));
                        }
                    }
                    leaves += 1;
                    (LEAF, leaves - 1, 0)
                }
                split => {
                    let (feature, operand) = questions.place(split, tree, &mut model.sets);
                    (feature, operand, tree.right(node) as u32)
                }
            };
            model.feature.push(feature);
            model.operand.push(operand);
            model.right.push(right);
            let missing_left = matches!(
                tree.split(node),
                Split::LessOrEqual {
                    missing_left: true,
                    ..
                }
            );
            model.missing_left.push(missing_left);
        }
        model.thresholds = questions.thresholds;
        model
    }
}

/// What a tree asks, each question once.
struct Questions<'a> {
    values: &'a [Values<'a>],
    /// By feature of the encoder: its position among those that are asked about, or [`LEAF`].
    asked: Vec<u32>,
    /// By feature of the encoder: the codes that are asked for, ascending.
    codes: Vec<Vec<u32>>,
    /// Ascending.
    thresholds: Vec<f64>,
}

impl<'a> Questions<'a> {
    fn of(encoder: &'a Encoder, tree: &Tree) -> Self {
        let values = encoder.values();
        let mut questions = Self {
            values,
            asked: vec![LEAF; values.len()],
            codes: vec![Vec::new(); values.len()],
            thresholds: Vec::new(),
        };
        for node in 0..tree.node_count() {
            match tree.split(node) {
                Split::Leaf => {}
                Split::LessOrEqual {
                    feature,
                    code,
                    next,
                    ..
                } => {
                    questions.asked[feature as usize] = 0;
                    let threshold = questions.threshold(feature, code, next);
                    questions.thresholds.push(threshold);
                }
                Split::Equal { feature, code } => {
                    questions.asked[feature as usize] = 0;
                    questions.codes[feature as usize].push(code);
                }
                Split::Among { feature, set } => {
                    questions.asked[feature as usize] = 0;
                    questions.codes[feature as usize].extend_from_slice(tree.set(set));
                }
            }
        }
        questions.thresholds.sort_unstable_by(f64::total_cmp);
        questions.thresholds.dedup();
        for codes in &mut questions.codes {
            codes.sort_unstable();
            codes.dedup();
        }
        questions
    }

    fn threshold(&self, feature: u32, code: u32, next: u32) -> f64 {
        match &self.values[feature as usize] {
            // Every value goes left, and rows without one go right.
            Values::Numbers(numbers) if next as usize == numbers.len() => f64::INFINITY,
            Values::Numbers(numbers) => midpoint(numbers[code as usize], numbers[next as usize]),
            Values::Categories { .. } => f64::NAN,
        }
    }

    /// The features that are asked about, with the texts of their categories; gives each its
    /// position.
    fn features(&mut self, names: &[&str]) -> Vec<ModelFeature> {
        let mut features = Vec::new();
        for (position, asked) in self.asked.iter_mut().enumerate() {
            if *asked == LEAF {
                continue;
            }
            *asked = features.len() as u32;
            let categories = match &self.values[position] {
                Values::Numbers(_) => None,
                Values::Categories { codes, dictionary } => {
                    // The code behind the last one is that of rows without a value.
                    let text = |&code: &u32| {
                        let position = codes.get(code as usize)?;
                        Some(dictionary[*position as usize].clone())
                    };
                    Some(self.codes[position].iter().map(text).collect())
                }
            };
            features.push(ModelFeature(names[position].to_owned(), categories));
        }
        features
    }

    /// The position of a split's feature, and that of its threshold, its category or, behind the
    /// categories, its set, which is put among `sets`.
    fn place(&self, split: Split, tree: &Tree, sets: &mut Vec<Vec<u8>>) -> (u32, u32) {
        match split {
            Split::Leaf => (LEAF, 0),
            Split::LessOrEqual {
                feature,
                code,
                next,
                ..
            } => {
                let value = self.threshold(feature, code, next);
                let position = self.thresholds.partition_point(|other| *other < value);
                (self.asked[feature as usize], position as u32)
            }
            Split::Equal { feature, code } => (
                self.asked[feature as usize],
                self.position(feature, code) as u32,
            ),
            Split::Among { feature, set } => {
                let operand = match tree.set(set) {
                    [code] => self.position(feature, *code),
                    codes => {
                        let categories = self.codes[feature as usize].len();
                        let mut bits = vec![0; categories.div_ceil(8)];
                        for &code in codes {
                            let position = self.position(feature, code);
                            bits[position / 8] |= 1 << (position % 8);
                        }
                        // Bytes of zeros at the end say nothing.
                        while bits.last() == Some(&0) {
                            bits.pop();
                        }
                        let place = sets.iter().position(|other| *other == bits);
                        categories
                            + place.unwrap_or_else(|| {
                                sets.push(bits);
                                sets.len() - 1
                            })
                    }
                };
                (self.asked[feature as usize], operand as u32)
            }
        }
    }

    /// The position of a code among those of its feature that are asked for.
    fn position(&self, feature: u32, code: u32) -> usize {
        self.codes[feature as usize].partition_point(|other| *other < code)
    }
}
