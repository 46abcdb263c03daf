//! A tree as rules, as JSON and as Graphviz.

use std::fmt::Write;

use ndarray::Array2;
use per_entity::model::{Model, Test};
use per_entity::schema::Feature;
use serde_json::{Value, json};

/// A tree, and what the columns that it asks about hold.
pub struct TreeView<'a> {
    pub model: &'a Model,
    pub features: &'a [Feature],
}

impl TreeView<'_> {
    /// One line a node: what its parent's answer was, what it asks, and its training weight by class.
    pub fn text(&self) -> String {
        let model = self.model;
        let counts = model.node_counts();
        let mut text = String::new();
        let mut stack = vec![(0, 0, "")];
        while let Some((node, depth, answer)) = stack.pop() {
            let weights: Vec<String> = model
                .classes()
                .iter()
                .zip(counts.row(node))
                .map(|(class, count)| format!("{class} {}", number(*count)))
                .collect();
            let question = match model.test(node) {
                Test::Leaf(_) => format!("=> {}", prediction(model, &counts, node)),
                test => {
                    stack.push((model.right(node), depth + 1, "no: "));
                    stack.push((model.left(node), depth + 1, "yes: "));
                    self.test(&test)
                }
            };
            let indent = "  ".repeat(depth);
            writeln!(text, "{indent}{answer}{question}  ({})", weights.join(", "))
                .expect("writing to memory does not fail");
        }
        text
    }

    /// The nodes, children by their positions.
    pub fn json(&self) -> Value {
        let model = self.model;
        let counts = model.node_counts();
        let nodes: Vec<_> = (0..model.node_count())
            .map(|node| {
                let weights = counts.row(node).mapv(json_number).to_vec();
                let children = (model.left(node), model.right(node));
                match model.test(node) {
                    Test::LessOrEqual { feature, threshold } => {
                        let mut node = json!({
                            "feature": feature, "operator": "<=", "value": json_number(threshold),
                            "left": children.0, "right": children.1, "counts": weights,
                        });
                        if let Some(time) = self.time(feature, threshold) {
                            node["value"] = time.into();
                            node["threshold"] = json_number(threshold);
                        }
                        node
                    }
                    Test::Equal { feature, category } => json!({
                        "feature": feature, "operator": "=", "value": category,
                        "left": children.0, "right": children.1, "counts": weights,
                    }),
                    Test::Leaf(_) => json!({
                        "prediction": prediction(model, &counts, node), "counts": weights,
                    }),
                }
            })
            .collect();
        json!({ "key": model.key(), "classes": model.classes(), "nodes": nodes })
    }

    /// A graph for Graphviz.
    pub fn dot(&self) -> String {
        let model = self.model;
        let counts = model.node_counts();
        let escape = |text: &str| {
            text.replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\n', "\\n")
        };
        let mut text =
            String::from("digraph tree {\n  node [shape=box, fontname=\"sans-serif\"];\n");
        for node in 0..model.node_count() {
            let weights = counts.row(node).mapv(number).to_vec();
            let test = model.test(node);
            let label = match test {
                Test::Leaf(_) => prediction(model, &counts, node).to_owned(),
                _ => self.test(&test),
            };
            let label = escape(&label);
            let _ = writeln!(
                text,
                "  {node} [label=\"{label}\\n{}\"];",
                weights.join(" / ")
            );
            if !matches!(test, Test::Leaf(_)) {
                let _ = writeln!(text, "  {node} -> {} [label=\"yes\"];", model.left(node));
                let _ = writeln!(text, "  {node} -> {} [label=\"no\"];", model.right(node));
            }
        }
        text.push_str("}\n");
        text
    }

    fn test(&self, test: &Test) -> String {
        match test {
            Test::LessOrEqual { feature, threshold } => {
                let time = self.time(feature, *threshold);
                format!(
                    "{feature} <= {}",
                    time.unwrap_or_else(|| number(*threshold))
                )
            }
            Test::Equal { feature, category } => format!("{feature} = {category}"),
            Test::Leaf(_) => String::new(),
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
fn number(number: f64) -> String {
    // With an exponent where that many zeros would be no help.
    let text = format!("{number:?}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// As [`number`]: a whole number has no fraction.
fn json_number(number: f64) -> Value {
    const LAST_WHOLE: f64 = (1_u64 << 53) as f64;
    match number.fract() == 0.0 && number.abs() < LAST_WHOLE {
        true => (number as i64).into(),
        false => number.into(),
    }
}

fn prediction<'a>(model: &'a Model, counts: &Array2<f64>, node: usize) -> &'a str {
    let row = counts.row(node);
    let mut best = 0;
    for (class, count) in row.iter().enumerate() {
        if *count > row[best] {
            best = class;
        }
    }
    &model.classes()[best]
}
