//! A model that is one tree.

use super::columns::{Column, Columns};
use super::forest::{Asked, Forest, INSIDE};
use super::graph::GraphBuilder;
use super::prediction::Prediction;
use super::proto::ElementType;
use crate::error::Result;
use crate::model::{Leaf, Model, Test, TreeModel};

/// Adds a tree to a graph.
pub(super) fn predict(
    graph: &mut GraphBuilder,
    columns: &mut Columns,
    model: &Model,
    tree: &TreeModel,
) -> Result<Prediction> {
    let mut forest = Forest::default();
    // Those of classes are told by their numbers, and looked up.
    let mut leaves = Vec::new();
    forest.push(0, 0, |node| {
        let (column, threshold, missing_left) = match tree.test(node) {
            Test::Leaf(Leaf::Number { value, .. }) => return Ok(Asked::Leaf(value)),
            Test::Leaf(Leaf::Classes(weights)) => {
                leaves.push(weights);
                return Ok(Asked::Leaf((leaves.len() - 1) as f64));
            }
            Test::LessOrEqual {
                feature,
                threshold,
                missing_left,
            } => {
                let feature = columns.feature(feature)?;
                (Column::Number { feature }, threshold, missing_left)
            }
            Test::Equal { feature, category } => {
                (columns.outside(feature, &[category])?, INSIDE, false)
            }
            Test::Among {
                feature,
                categories,
            } => (columns.outside(feature, &categories)?, INSIDE, false),
        };
        Ok(Asked::LessOrEqual {
            column: columns.number(column),
            threshold,
            missing_left,
            left: tree.left(node),
            right: tree.right(node),
        })
    })?;
    let matrix = columns.matrix(graph)?;
    let scores = forest.scores(graph, &matrix, 1);
    let scores = graph.reshape(&scores, &[-1]);
    if model.is_regression() {
        return Ok(Prediction::Numbers(scores));
    }
    let places = graph.cast(&scores, ElementType::Int64);
    Ok(Prediction::of_leaves(graph, model, &leaves, &places))
}
