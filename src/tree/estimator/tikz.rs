//! A tree as a drawing in TeX.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};

use linfa::Float;

use super::node::{NodeIter, TreeNode};

/// A tree as a drawing for TeX's package `forest`, which is made of `tikz`: print it, or take its
/// `to_string()`.
///
/// An inner node shows its feature, its threshold, and how much the split decreases the impurity; a
/// leaf what it predicts. `F` is the type of the records, `P` of the predictions.
///
/// | name | default | purpose |
/// | --- | --- | --- |
/// | [`complete`](Self::complete) | `true` | a document of its own, or only the picture, for another document |
/// | [`with_legend`](Self::with_legend) | without | the names of the features below the picture |
///
/// # Example
///
/// ```
/// use linfa::prelude::*;
/// use ndarray::array;
/// use per_entity::tree::DecisionTree;
///
/// let dataset = Dataset::new(array![[1.0], [2.0], [5.0]], array!["a", "a", "b"]);
/// let tree = DecisionTree::params().fit(&dataset)?;
/// let drawing = tree.export_to_tikz().complete(false).with_legend().to_string();
/// assert!(drawing.contains("feature-0"));
/// # Ok::<(), linfa::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Tikz<'a, F, P> {
    root: &'a TreeNode<F, P>,
    complete: bool,
    legend: bool,
}

impl<'a, F, P> Tikz<'a, F, P> {
    pub(super) fn of(root: &'a TreeNode<F, P>) -> Self {
        Self {
            root,
            complete: true,
            legend: false,
        }
    }

    /// Sets whether it is a document of its own.
    pub fn complete(mut self, complete: bool) -> Self {
        self.complete = complete;
        self
    }

    /// Puts the names of the features below the picture.
    pub fn with_legend(mut self) -> Self {
        self.legend = true;
        self
    }
}

const PREAMBLE: &str = r"\documentclass[margin=10pt]{standalone}
\usepackage{forest}
\begin{document}
";

impl<F: Float, P: Clone + Debug> Tikz<'_, F, P> {
    /// The nodes in nested brackets, a line for each.
    fn write_nodes(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let mut waiting = vec![Some(self.root)];
        while let Some(node) = waiting.pop() {
            let Some(node) = node else {
                writeln!(formatter, "]")?;
                continue;
            };
            match node.prediction() {
                Some(prediction) => {
                    let prediction = escaped(&format!("{prediction:?}"));
                    writeln!(formatter, "[{{{prediction}}}")?;
                }
                None => {
                    let (feature, threshold, decrease) = node.split();
                    let question = match threshold.is_finite() {
                        true => format!(r"\leq {threshold:.2}"),
                        false => r"\leq \infty".to_owned(),
                    };
                    write!(formatter, "[{{$x_{{{feature}}} {question}$")?;
                    writeln!(formatter, r"\\decrease {decrease:.2}}}")?;
                }
            }
            waiting.push(None);
            let children = node.children().into_iter().flatten();
            waiting.extend(children.rev().map(|child| Some(child.as_ref())));
        }
        Ok(())
    }

    /// The names of the features that are asked for, a line for each.
    fn write_legend(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let names: BTreeMap<usize, &String> = NodeIter::new([self.root].into())
            .filter_map(|node| Some((node.split().0, node.feature_name()?)))
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        writeln!(
            formatter,
            r"\node[anchor=north west, align=left] at (current bounding box.south west) {{"
        )?;
        for (feature, name) in names {
            writeln!(formatter, r"$x_{{{feature}}}$: {}\\", escaped(name))?;
        }
        writeln!(formatter, "}};")
    }
}

impl<F: Float, P: Clone + Debug> fmt::Display for Tikz<'_, F, P> {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        if self.complete {
            formatter.write_str(PREAMBLE)?;
        }
        writeln!(formatter, r"\begin{{forest}}")?;
        writeln!(formatter, "for tree={{draw, align=center}}")?;
        self.write_nodes(formatter)?;
        if self.legend {
            self.write_legend(formatter)?;
        }
        writeln!(formatter, r"\end{{forest}}")?;
        if self.complete {
            writeln!(formatter, r"\end{{document}}")?;
        }
        Ok(())
    }
}

/// A text as TeX prints it, with no character of a meaning of its own.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => escaped.push_str(r"\textbackslash{}"),
            '~' => escaped.push_str(r"\textasciitilde{}"),
            '^' => escaped.push_str(r"\textasciicircum{}"),
            '#' | '$' | '%' | '&' | '_' | '{' | '}' => escaped.extend(['\\', character]),
            character => escaped.push(character),
        }
    }
    escaped
}
