//! Boosted models made by hand, for tests.

use std::sync::Arc;

use super::binned_feature::{BinnedFeature, FeatureBins};
use super::ensemble::Ensemble;
use super::share::{Share, Verdict};
use super::share_settings::ShareSettings;
use super::shared_model::{EntityNumber, Member, ParentLevel, SharedModel, SharedParts};
use crate::codes::NumberBins;
use crate::ensemble::{AdditiveTrees, CodeTest, Loss};

/// Draws that depend on nothing but a seed (Steele, Lea & Flood 2014, splitmix64).
pub(crate) struct Draws(pub u64);

/// What may be asked for at a position: the code of missing numbers, or nothing for categories.
type Asked = Vec<Option<u8>>;

impl Draws {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) % limit as u64) as usize
    }

    /// A number from -1 to 1 that single precision does not hold.
    fn number(&mut self) -> f64 {
        self.below(20_001) as f64 / 10_000.0 - 1.0
    }

    fn bins(&mut self) -> NumberBins {
        let numbers: Vec<f64> = (0..self.below(7)).map(|_| self.number()).collect();
        NumberBins::of(&numbers, 4)
    }

    fn features(&mut self) -> Vec<BinnedFeature> {
        let numbers = FeatureBins::Numbers(NumberBins::of(&[-0.5, 0.0, 0.25, 0.75], 4));
        let categories = ["b", "d", "é"].map(str::to_owned);
        let features = [
            ("x", numbers),
            ("c", FeatureBins::Categories(categories.into())),
            ("y", FeatureBins::Numbers(self.bins())),
        ];
        let features = features.map(|(name, bins)| BinnedFeature {
            name: name.to_owned(),
            bins,
        });
        features.into()
    }

    fn trees(&mut self, asked: &Asked, outputs: usize, starts: bool) -> AdditiveTrees {
        let start = (0..outputs).map(|_| if starts { self.number() } else { 0.0 });
        let start = start.collect();
        let (mut tests, mut sets) = (Vec::new(), Vec::new());
        for _ in 0..self.below(4 * outputs + 1) {
            self.tree(asked, 0, &mut tests, &mut sets);
        }
        let leaves = tests.iter().filter(|test| **test == CodeTest::Leaf).count();
        let values = (0..leaves).map(|_| self.number() as f32).collect();
        AdditiveTrees::from_preorder(start, tests, sets, values).unwrap()
    }

    fn tree(
        &mut self,
        asked: &Asked,
        depth: usize,
        tests: &mut Vec<CodeTest>,
        sets: &mut Vec<[u64; 4]>,
    ) {
        if asked.is_empty() || self.below(5) < depth {
            tests.push(CodeTest::Leaf);
            return;
        }
        let position = self.below(asked.len());
        let feature = position as u16;
        tests.push(match asked[position] {
            Some(missing) => CodeTest::LessOrEqual {
                feature,
                code: self.below(usize::from(missing) + 1) as u8,
                missing: [None, Some(missing)][self.below(2)],
            },
            None => {
                sets.push([self.below(32) as u64, 0, 0, self.below(2) as u64]);
                CodeTest::Among {
                    feature,
                    set: sets.len() as u32 - 1,
                }
            }
        });
        self.tree(asked, depth + 1, tests, sets);
        self.tree(asked, depth + 1, tests, sets);
    }
}

fn asked_of(features: &[BinnedFeature]) -> Asked {
    let asked = features.iter().map(|feature| match &feature.bins {
        FeatureBins::Numbers(bins) => Some(bins.len() as u8),
        FeatureBins::Categories(_) => None,
    });
    asked.collect()
}

/// The classes of a loss.
pub(crate) fn classes(loss: Loss) -> Vec<String> {
    let count = match loss {
        Loss::Logistic => 2,
        Loss::Softmax(classes) => classes,
        _ => 0,
    };
    ["no", "yes", "so so"][..count]
        .iter()
        .map(|class| class.to_string())
        .collect()
}

/// An entity's own ensemble.
pub(crate) fn ensemble(seed: u64, loss: Loss) -> Ensemble {
    let mut draws = Draws(seed);
    let features = draws.features();
    let trees = draws.trees(&asked_of(&features), loss.outputs(), true);
    Ensemble {
        loss,
        features,
        trees,
    }
}

/// What all entities share; "a" and "k" are categories.
pub(crate) fn shared(seed: u64, loss: Loss) -> Arc<SharedModel> {
    let mut draws = Draws(seed);
    let outputs = loss.outputs();
    let features = draws.features();
    let numbers: Vec<EntityNumber> = (0..draws.below(3))
        .map(|_| EntityNumber {
            of_unknown: draws.number(),
            prior_rows: 0.01 + draws.number().abs(),
            bins: draws.bins(),
        })
        .collect();
    let of_features = asked_of(&features);
    let mut asked = of_features.clone();
    asked.extend(numbers.iter().map(|number| Some(number.bins.len() as u8)));
    asked.push(None);
    let members = ["numbers", "categories"].map(|name| Member {
        name: name.to_owned(),
        weight: draws.number(),
        trees: (0..=draws.below(2))
            .map(|_| draws.trees(&asked, outputs, true))
            .collect(),
    });
    let parts = SharedParts {
        classes: classes(loss).into(),
        loss,
        features,
        numbers,
        categories: vec!["a".into(), "k".into()],
        members: members.into(),
        unknown: (0..=draws.below(2))
            .map(|_| draws.trees(&of_features, outputs, true))
            .collect(),
        score_bins: (0..outputs).map(|_| draws.bins()).collect(),
        own: ShareSettings {
            precisions: (0..outputs).map(|_| 0.01 + draws.number().abs()).collect(),
            variance: draws.number().abs(),
            weight_scale: 0.5,
            tree_rounds: draws.below(3),
            tree_prior_rows: draws.number().abs(),
            tree_split_penalty: draws.number().abs(),
        },
        parents: ["k", "n"][..draws.below(3)]
            .iter()
            .map(|key| ParentLevel {
                key: (*key).to_owned(),
                level: (0..outputs).map(|_| draws.number()).collect(),
            })
            .collect(),
    };
    SharedModel::new(parts).unwrap().into()
}

/// What an entity has of its own.
pub(crate) fn share(seed: u64, shared: &SharedModel) -> Share {
    let mut draws = Draws(seed);
    let parts = shared.parts();
    let mut asked = asked_of(&parts.features);
    asked.extend(parts.numbers.iter().map(|n| Some(n.bins.len() as u8)));
    asked.push(None);
    asked.extend(parts.score_bins.iter().map(|bins| Some(bins.len() as u8)));
    let outputs = parts.loss.outputs();
    Share {
        numbers: parts.numbers.iter().map(|_| draws.number()).collect(),
        level: (0..outputs).map(|_| draws.number()).collect(),
        trees: draws.trees(&asked, outputs, false),
        rows: draws.below(1_000) as f64,
        spread: draws.number().abs(),
        evidence: [None, Some(draws.number())][draws.below(2)],
        verdict: [Verdict::Own, Verdict::Level, Verdict::Undecided][draws.below(3)],
    }
}
