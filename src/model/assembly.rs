//! Puts a model together from what was learnt of one partition: its encoder and its tree.

use super::model::{LEAF, Model, ModelFeature};
use crate::encode::{Encoder, Values};
use crate::tree::{Split, Tree, midpoint};

/// What stands for a missing category: no value equals it.
const MISSING_CATEGORY: &str = "\u{10FFFF}";

impl Model {
    /// Puts what was learnt from one partition together: `names` are its features' columns, in the
    /// order of the encoder.
    pub fn new(key: &str, names: &[&str], encoder: &Encoder, tree: &Tree) -> Self {
        let mut questions = Questions::of(encoder, tree);
        let nodes = tree.node_count();
        let mut model = Self {
            key: key.to_owned(),
            classes: encoder.classes().map(str::to_owned).collect(),
            features: questions.features(names),
            feature: Vec::with_capacity(nodes),
            operand: Vec::with_capacity(nodes),
            right: Vec::with_capacity(nodes),
            thresholds: Vec::new(),
            counts: Vec::with_capacity(tree.leaf_count() * tree.class_count()),
        };
        let mut leaves = 0;
        for node in 0..nodes {
            let (feature, operand, right) = match tree.split(node) {
                Split::Leaf => {
                    model.counts.extend_from_slice(tree.counts(node));
                    leaves += 1;
                    (LEAF, leaves - 1, 0)
                }
                split => {
                    let (feature, operand) = questions.place(split);
                    (feature, operand, tree.right(node) as u32)
                }
            };
            model.feature.push(feature);
            model.operand.push(operand);
            model.right.push(right);
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
                } => {
                    questions.asked[feature as usize] = 0;
                    let threshold = questions.threshold(feature, code, next);
                    questions.thresholds.push(threshold);
                }
                Split::Equal { feature, code } => {
                    questions.asked[feature as usize] = 0;
                    questions.codes[feature as usize].push(code);
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
            Values::Numbers(numbers) => match numbers.get(next as usize) {
                Some(&next) => midpoint(numbers[code as usize], next),
                // Beyond the largest number are only missing ones, which no threshold reaches.
                None => numbers[code as usize],
            },
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
                    let text = |&code: &u32| match codes.get(code as usize) {
                        Some(&code) => dictionary[code as usize].clone(),
                        None => MISSING_CATEGORY.to_owned(),
                    };
                    Some(self.codes[position].iter().map(text).collect())
                }
            };
            features.push(ModelFeature(names[position].to_owned(), categories));
        }
        features
    }

    /// The position of a split's feature, and that of its threshold or category.
    fn place(&self, split: Split) -> (u32, u32) {
        match split {
            Split::Leaf => (LEAF, 0),
            Split::LessOrEqual {
                feature,
                code,
                next,
            } => {
                let value = self.threshold(feature, code, next);
                let position = self.thresholds.partition_point(|other| *other < value);
                (self.asked[feature as usize], position as u32)
            }
            Split::Equal { feature, code } => {
                let codes = &self.codes[feature as usize];
                let position = codes.partition_point(|other| *other < code);
                (self.asked[feature as usize], position as u32)
            }
        }
    }
}
