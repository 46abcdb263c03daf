//! What a graph predicts, and how it makes that of scores.

use super::graph::{GraphBuilder, doubles, integer, integers, texts};
use super::proto::ElementType;
use crate::ensemble::Loss;
use crate::model::{Decision, Model};

/// What a graph predicts.
pub(super) enum Prediction {
    /// Numbers, `[rows]`.
    Numbers(String),
    /// The probability of each class, `[rows, classes]`, and the class that is predicted, `[rows]`.
    Classes {
        probabilities: String,
        classes: String,
    },
}

impl Prediction {
    /// What rows have that end in these leaves, given the position of each row's leaf.
    pub fn of_leaves(
        graph: &mut GraphBuilder,
        model: &Model,
        leaves: &[&[f64]],
        places: &str,
    ) -> Self {
        let shares = leaves.iter().flat_map(|weights| {
            let total: f64 = weights.iter().sum();
            weights.iter().map(move |weight| weight / total)
        });
        let shares: Vec<f64> = shares.collect();
        let shares = graph.constant(doubles(&[leaves.len(), model.classes().len()], &shares));
        let classes = leaves.iter().map(|weights| model.class_of(weights));
        let classes: Vec<&str> = classes.collect();
        let classes = graph.constant(texts(&classes));
        let by_row = || vec![integer("axis", 0)];
        Prediction::Classes {
            probabilities: graph.apply("Gather", &[&shares, places], by_row()),
            classes: graph.apply("Gather", &[&classes, places], by_row()),
        }
    }

    /// What a loss makes of scores, `[rows, scores]`.
    pub fn of_scores(graph: &mut GraphBuilder, model: &Model, loss: Loss, scores: &str) -> Self {
        let probabilities = match loss {
            Loss::Squared | Loss::Absolute => {
                return Prediction::Numbers(graph.reshape(scores, &[-1]));
            }
            Loss::Poisson => {
                let means = graph.apply("Exp", &[scores], vec![]);
                return Prediction::Numbers(graph.reshape(&means, &[-1]));
            }
            Loss::Logistic => logistic(graph, scores),
            Loss::Softmax(_) => softmax(graph, scores),
        };
        let places = match model.decision() {
            None => most_probable(graph, &probabilities),
            Some(decision) => decided(graph, model.classes().len(), decision, &probabilities),
        };
        let classes: Vec<&str> = model.classes().iter().map(String::as_str).collect();
        let classes = graph.constant(texts(&classes));
        Prediction::Classes {
            classes: graph.apply("Gather", &[&classes, &places], vec![integer("axis", 0)]),
            probabilities,
        }
    }

    /// Gives it out.
    pub fn output(&self, graph: &mut GraphBuilder, classes: usize) {
        const NAME: &str = "prediction";
        match self {
            Prediction::Numbers(numbers) => {
                graph.output(NAME, numbers, ElementType::Double, None);
            }
            Prediction::Classes {
                probabilities,
                classes: predicted,
            } => {
                graph.output(NAME, predicted, ElementType::String, None);
                let width = Some(classes);
                graph.output("probabilities", probabilities, ElementType::Double, width);
            }
        }
    }
}

/// The probabilities of both classes: `1 / (1 + exp(-score))` is that of the second.
fn logistic(graph: &mut GraphBuilder, scores: &str) -> String {
    let one = graph.constant(doubles(&[1], &[1.0]));
    let negative = graph.apply("Neg", &[scores], vec![]);
    let power = graph.apply("Exp", &[&negative], vec![]);
    let sum = graph.apply("Add", &[&one, &power], vec![]);
    let second = graph.apply("Div", &[&one, &sum], vec![]);
    let first = graph.apply("Sub", &[&one, &second], vec![]);
    graph.apply("Concat", &[&first, &second], vec![integer("axis", 1)])
}

/// The probability of each class: its share of the exponentials.
fn softmax(graph: &mut GraphBuilder, scores: &str) -> String {
    let axis = graph.constant(integers(&[1], &[1]));
    let most = graph.apply("ReduceMax", &[scores, &axis], vec![]);
    let below = graph.apply("Sub", &[scores, &most], vec![]);
    let powers = graph.apply("Exp", &[&below], vec![]);
    let sum = graph.apply("ReduceSum", &[&powers, &axis], vec![]);
    graph.apply("Div", &[&powers, &sum], vec![])
}

/// The position of the most probable class, the first of them on a tie.
fn most_probable(graph: &mut GraphBuilder, probabilities: &str) -> String {
    let attributes = vec![integer("axis", 1), integer("keepdims", 0)];
    graph.apply("ArgMax", &[probabilities], attributes)
}

/// The position of the positive class from its threshold on, below it of the most probable other
/// one.
fn decided(
    graph: &mut GraphBuilder,
    classes: usize,
    decision: Decision,
    probabilities: &str,
) -> String {
    let positive = graph.constant(integers(&[], &[decision.positive.into()]));
    let axis = vec![integer("axis", 1)];
    let of_positive = graph.apply("Gather", &[probabilities, &positive], axis);
    let threshold = graph.constant(doubles(&[], &[decision.threshold]));
    let is_positive = graph.apply("GreaterOrEqual", &[&of_positive, &threshold], vec![]);
    // Less than any probability.
    let mut handicap = vec![0.0; classes];
    handicap[decision.positive as usize] = -2.0;
    let handicap = graph.constant(doubles(&[classes], &handicap));
    let others = graph.apply("Add", &[probabilities, &handicap], vec![]);
    let other = most_probable(graph, &others);
    graph.apply("Where", &[&is_positive, &positive, &other], vec![])
}
