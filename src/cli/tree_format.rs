//! A tree as rules, as JSON and as Graphviz.

use std::fmt::Write;

use ndarray::Array2;
use per_entity::model::{Model, Test, TreeModel};
use per_entity::schema::Feature;
use serde_json::{Value, json};

/// A tree, and what the columns that it asks about hold.
pub struct TreeView<'a> {
    pub model: &'a Model,
    /// The model's tree.
    pub tree: &'a TreeModel,
    pub features: &'a [Feature],
}

/// What a missing category is called.
const MISSING: &str = "(missing)";

impl TreeView<'_> {
    /// One line a node: what its parent's answer was, what it asks, and what its training rows were.
    pub fn text(&self) -> String {
        let tree = self.tree;
        let counts = tree.node_counts();
        let mut text = String::new();
        let mut stack = vec![(0, 0, "")];
        while let Some((node, depth, answer)) = stack.pop() {
            let question = match tree.test(node) {
                Test::Leaf(_) => format!("=> {}", self.prediction(&counts, node)),
                test => {
                    stack.push((tree.right(node), depth + 1, "no: "));
                    stack.push((tree.left(node), depth + 1, "yes: "));
                    self.test(&test)
                }
            };
            let indent = "  ".repeat(depth);
            let rows = self.rows(&counts, node).join(", ");
            writeln!(text, "{indent}{answer}{question}  ({rows})")
                .expect("writing to memory does not fail");
        }
        text
    }

    /// The nodes, children by their positions.
    pub fn json(&self) -> Value {
        let (model, tree) = (self.model, self.tree);
        let counts = tree.node_counts();
        let nodes: Vec<_> = (0..tree.node_count())
            .map(|node| {
                let mut json = self.question_json(node);
                match model.is_regression() {
                    false => json["counts"] = counts.row(node).mapv(json_number).to_vec().into(),
                    true => {
                        json["weight"] = json_number(counts[[node, 0]]);
                        json["mean"] = json_number(counts[[node, 1]]);
                    }
                }
                if matches!(tree.test(node), Test::Leaf(_)) {
                    json["prediction"] = match model.is_regression() {
                        false => self.prediction(&counts, node).into(),
                        true => json_number(counts[[node, 1]]),
                    };
                } else {
                    json["left"] = tree.left(node).into();
                    json["right"] = tree.right(node).into();
                }
                json
            })
            .collect();
        let mut json = json!({ "key": model.key(), "classes": model.classes(), "nodes": nodes });
        if let Some(decision) = model.decision() {
            json["positive"] = model.classes()[decision.positive as usize].as_str().into();
            json["threshold"] = decision.threshold.into();
        }
        json
    }

    fn question_json(&self, node: usize) -> Value {
        match self.tree.test(node) {
            Test::LessOrEqual {
                feature,
                threshold,
                missing_left,
            } => {
                let mut node = json!({
                    "feature": feature, "operator": "<=", "value": json_number(threshold),
                    "missing": if missing_left { "left" } else { "right" },
                });
                if let Some(time) = self.time(feature, threshold) {
                    node["value"] = time.into();
                    node["threshold"] = json_number(threshold);
                }
                if threshold.is_infinite() {
                    node["operator"] = "has a value".into();
                }
                node
            }
            Test::Equal { feature, category } => json!({
                "feature": feature, "operator": "=", "value": category,
            }),
            Test::Among {
                feature,
                categories,
            } => json!({
                "feature": feature, "operator": "in", "value": categories,
            }),
            Test::Leaf(_) => json!({}),
        }
    }

    /// A graph for Graphviz.
    pub fn dot(&self) -> String {
        let tree = self.tree;
        let counts = tree.node_counts();
        let escape = |text: &str| {
            text.replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\n', "\\n")
        };
        let mut text =
            String::from("digraph tree {\n  node [shape=box, fontname=\"sans-serif\"];\n");
        for node in 0..tree.node_count() {
            let weights = counts.row(node).mapv(rounded).to_vec();
            let test = tree.test(node);
            let label = match test {
                Test::Leaf(_) => self.prediction(&counts, node),
                _ => self.test(&test),
            };
            let label = escape(&label);
            let _ = writeln!(
                text,
                "  {node} [label=\"{label}\\n{}\"];",
                weights.join(" / ")
            );
            if !matches!(test, Test::Leaf(_)) {
                let _ = writeln!(text, "  {node} -> {} [label=\"yes\"];", tree.left(node));
                let _ = writeln!(text, "  {node} -> {} [label=\"no\"];", tree.right(node));
            }
        }
        text.push_str("}\n");
        text
    }

    fn test(&self, test: &Test) -> String {
        let name = |category: &Option<&str>| category.unwrap_or(MISSING).to_owned();
        match test {
            Test::LessOrEqual {
                feature,
                threshold,
                missing_left,
            } => {
                if threshold.is_infinite() {
                    return format!("{feature} has a value");
                }
                let time = self.time(feature, *threshold);
                let threshold = time.unwrap_or_else(|| number(*threshold));
                let missing = if *missing_left { " or is missing" } else { "" };
                format!("{feature} <= {threshold}{missing}")
            }
            Test::Equal { feature, category } => format!("{feature} = {}", name(category)),
            Test::Among {
                feature,
                categories,
            } => {
                let categories: Vec<String> = categories.iter().map(name).collect();
                format!("{feature} in {}", categories.join(", "))
            }
            Test::Leaf(_) => String::new(),
        }
    }

    /// What the training rows of a node were.
    fn rows(&self, counts: &Array2<f64>, node: usize) -> Vec<String> {
        let row = counts.row(node);
        if self.model.is_regression() {
            return vec![
                format!("weight {}", rounded(row[0])),
                format!("mean {}", rounded(row[1])),
            ];
        }
        let classes = self.model.classes().iter().zip(row);
        classes
            .map(|(class, count)| format!("{class} {}", rounded(*count)))
            .collect()
    }

    fn prediction(&self, counts: &Array2<f64>, node: usize) -> String {
        let row = counts.row(node).to_vec();
        match self.model.is_regression() {
            true => rounded(row[1]),
            false => self.model.class_of(&row).to_owned(),
        }
    }

    /// The threshold of a column of dates, times or durations as such.
    fn time(&self, feature: &str, threshold: f64) -> Option<String> {
        let mut features = self.features.iter();
        let feature = features.find(|other| other.name == feature)?;
        feature.column_type.threshold_text(threshold)
    }
}

/// The shortest text that is read back as the very same number.
pub(super) fn number(number: f64) -> String {
    // With an exponent where that many zeros would be no help.
    let text = format!("{number:?}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// As [`number`], with no more digits than one reads: of what was averaged, all would be shown.
pub(super) fn rounded(value: f64) -> String {
    let digits = format!("{value:.5e}");
    match value.fract() == 0.0 {
        true => number(value),
        false => number(digits.parse().unwrap_or(value)),
    }
}

/// As [`number`]: a whole number has no fraction.
pub(super) fn json_number(number: f64) -> Value {
    const LAST_WHOLE: f64 = (1_u64 << 53) as f64;
    match number.fract() == 0.0 && number.abs() < LAST_WHOLE {
        true => (number as i64).into(),
        false => number.into(),
    }
}
