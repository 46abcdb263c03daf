//! Models whose trees are added up.

use super::columns::{Column, Columns, Matrix};
use super::forest::{Asked, Forest, INSIDE};
use super::graph::{GraphBuilder, doubles, integer};
use super::prediction::Prediction;
use crate::codes::NumberBins;
use crate::ensemble::{AdditiveTrees, CodeTest};
use crate::error::{Error, Result};
use crate::model::{BinnedFeature, Ensemble, FeatureBins, Model, Share, SharedModel};

/// Adds a boosted ensemble of an entity's own to a graph.
pub(super) fn predict_ensemble(
    graph: &mut GraphBuilder,
    columns: &mut Columns,
    model: &Model,
    ensemble: &Ensemble,
) -> Result<Prediction> {
    let codes = Codes::of_features(columns, &ensemble.features)?;
    let mut scores = Scores::new(ensemble.loss.outputs());
    scores.push(columns, &codes, &ensemble.trees, 1.0)?;
    let matrix = columns.matrix(graph)?;
    let scores = scores.apply(graph, &matrix);
    Ok(Prediction::of_scores(graph, model, ensemble.loss, &scores))
}

/// Adds what all entities share and what one has of its own to a graph.
pub(super) fn predict_share(
    graph: &mut GraphBuilder,
    columns: &mut Columns,
    model: &Model,
    shared: &SharedModel,
    share: &Share,
) -> Result<Prediction> {
    let outputs = shared.loss().outputs();
    let mut codes = Codes::of_features(columns, shared.features())?;
    let entity = shared.entity_codes(model.key(), &share.numbers);
    codes.0.extend(entity.into_iter().map(Code::Known));
    let mut of_all = Scores::new(outputs);
    for member in &shared.parts().members {
        let weight = member.weight / member.trees.len() as f64;
        for trees in &member.trees {
            of_all.push(columns, &codes, trees, weight)?;
        }
    }
    let bins = shared.parts().score_bins.iter().enumerate();
    codes.0.extend(bins.map(|(score, bins)| Code::Number {
        column: columns.number(Column::Score(score)),
        bins,
    }));
    let mut own = Scores::new(outputs);
    own.start.copy_from_slice(&share.level);
    own.push(columns, &codes, &share.trees, 1.0)?;

    let matrix = columns.matrix(graph)?;
    let of_all = of_all.apply(graph, &matrix);
    let with_scores = [matrix.value.as_str(), &of_all];
    let with_scores = Matrix {
        value: graph.apply("Concat", &with_scores, vec![integer("axis", 1)]),
        ..matrix
    };
    let own = own.apply(graph, &with_scores);
    let scores = graph.apply("Add", &[&of_all, &own], vec![]);
    Ok(Prediction::of_scores(graph, model, shared.loss(), &scores))
}

/// What stands at each position of a row's codes.
struct Codes<'a>(Vec<Code<'a>>);

enum Code<'a> {
    /// That of a column of numbers.
    Number { column: usize, bins: &'a NumberBins },
    /// That of a feature's categories, as columns have it.
    Category { feature: usize },
    /// The same in all rows of the entity.
    Known(u8),
}

impl<'a> Codes<'a> {
    fn of_features(columns: &mut Columns, features: &'a [BinnedFeature]) -> Result<Self> {
        let code = |binned: &'a BinnedFeature| {
            let feature = columns.feature(binned.name())?;
            Ok(match &binned.bins {
                FeatureBins::Categories(_) => Code::Category { feature },
                FeatureBins::Numbers(bins) => Code::Number {
                    column: columns.number(Column::Number { feature }),
                    bins,
                },
            })
        };
        features.iter().map(code).collect::<Result<_>>().map(Self)
    }

    /// What a node asks of the columns; `next` are its children.
    fn ask(
        &self,
        columns: &mut Columns,
        trees: &AdditiveTrees,
        test: CodeTest,
        [left, right]: [usize; 2],
    ) -> Result<Asked> {
        let (CodeTest::LessOrEqual { feature, .. } | CodeTest::Among { feature, .. }) = test else {
            return Err(Error::Defect("a leaf asks something".into()));
        };
        let (column, threshold, missing_left) = match (&self.0[usize::from(feature)], test) {
            (&Code::Known(code), _) => {
                return Ok(Asked::Always(match test.goes_left(trees.sets(), code) {
                    true => left,
                    false => right,
                }));
            }
            (&Code::Number { column, bins }, CodeTest::LessOrEqual { code, missing, .. }) => {
                // Numbers are in the first bin whose edge is not below them.
                let edge = bins.edges().get(usize::from(code)).copied();
                let missing_left = missing.is_some() || usize::from(code) >= bins.len();
                (column, edge.unwrap_or(f64::INFINITY), missing_left)
            }
            (Code::Number { .. }, _) => {
                return Err(Error::BadModel("asks for a set of numbers".into()));
            }
            (&Code::Category { feature }, _) => {
                let last = columns.last_code(feature).min(u8::MAX.into()) as u8;
                let codes = (0..=last).filter(|&code| test.goes_left(trees.sets(), code));
                let codes = codes.map(u32::from).collect();
                let column = columns.number(Column::Outside { feature, codes });
                (column, INSIDE, false)
            }
        };
        Ok(Asked::LessOrEqual {
            column,
            threshold,
            missing_left,
            left,
            right,
        })
    }
}

/// Scores that trees are added up to.
struct Scores {
    start: Vec<f64>,
    forest: Forest,
}

impl Scores {
    fn new(outputs: usize) -> Self {
        Self {
            start: vec![0.0; outputs],
            forest: Forest::default(),
        }
    }

    /// Adds trees, times `weight`.
    fn push(
        &mut self,
        columns: &mut Columns,
        codes: &Codes,
        trees: &AdditiveTrees,
        weight: f64,
    ) -> Result<()> {
        for (score, start) in self.start.iter_mut().zip(trees.start()) {
            *score += weight * start;
        }
        for (tree, root) in trees.roots().enumerate() {
            let score = tree % self.start.len();
            self.forest.push(root, score, |node| {
                let asked = trees.node(node);
                let next = asked.next as usize;
                match asked.test {
                    CodeTest::Leaf => Ok(Asked::Leaf(weight * f64::from(trees.values()[next]))),
                    test => codes.ask(columns, trees, test, [node + 1, next]),
                }
            })?;
        }
        Ok(())
    }

    /// The scores of rows, `[rows, scores]`.
    fn apply(mut self, graph: &mut GraphBuilder, matrix: &Matrix) -> String {
        let outputs = self.start.len();
        self.forest.expect_one();
        let start = graph.constant(doubles(&[outputs], &self.start));
        let of_trees = self.forest.scores(graph, matrix, outputs);
        graph.apply("Add", &[&of_trees, &start], vec![])
    }
}
