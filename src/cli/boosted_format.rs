//! A boosted model in words and as JSON: what is shared, and what is the entity's own.

use std::fmt::Write;

use per_entity::codes::NumberBins;
use per_entity::ensemble::{AdditiveTrees, CodeTest};
use per_entity::model::{BinnedFeature, FeatureBins, Model, Share, SharedModel};
use per_entity::schema::Feature;
use serde_json::{Value, json};

use super::tree_format::{json_number, number, rounded};

/// A boosted model, and what the columns that it asks about hold.
pub struct BoostedView<'a> {
    pub model: &'a Model,
    pub features: &'a [Feature],
}

/// What stands at a position of a row's codes.
struct Asked<'a> {
    name: String,
    codes: Codes<'a>,
}

enum Codes<'a> {
    Numbers(&'a NumberBins),
    /// Behind these are other categories, and then missing ones.
    Categories(&'a [String]),
}

const OTHER: &str = "(other)";
const MISSING: &str = "(missing)";

impl BoostedView<'_> {
    /// What is shared and what is the entity's own; own trees as indented rules.
    pub fn text(&self) -> String {
        if let Some((shared, share)) = self.model.share() {
            return self.share_text(shared, share);
        }
        let mut text = String::new();
        if let Some(ensemble) = self.model.ensemble() {
            let trees = ensemble.trees.tree_count();
            let _ = writeln!(text, "own boosted trees: {trees}");
            self.start_text(&ensemble.trees, &mut text);
            self.trees_text(&asked_of(&ensemble.features), &ensemble.trees, &mut text);
        }
        text
    }

    fn share_text(&self, shared: &SharedModel, share: &Share) -> String {
        let evidence = match share.evidence {
            None => String::new(),
            Some(evidence) => format!(
                "; the log Bayes factor of an own tree is {}",
                rounded(evidence)
            ),
        };
        let mut text = format!("verdict: {}{evidence}\n", share.verdict.name());
        let _ = writeln!(text, "shared by all entities: {}", members_text(shared));
        for (place, own) in share.numbers.iter().enumerate() {
            let _ = writeln!(text, "{}: {}", number_name(place), rounded(*own));
        }
        for (output, level) in share.level.iter().enumerate() {
            let score = self.score_name(output, shared.loss().outputs());
            let _ = writeln!(text, "own level: {} to the {score}", signed(*level));
        }
        if shared.classes().is_empty() {
            let spread = rounded(share.spread);
            let _ = writeln!(text, "standard deviation of what is left: {spread}");
        }
        let _ = writeln!(text, "weight of the entity's rows: {}", rounded(share.rows));
        let _ = writeln!(text, "own trees: {}", share.trees.tree_count());
        self.trees_text(&self.asked_of_share(shared), &share.trees, &mut text);
        text
    }

    fn start_text(&self, trees: &AdditiveTrees, text: &mut String) {
        for (output, start) in trees.start().iter().enumerate() {
            let score = self.score_name(output, trees.outputs());
            let _ = writeln!(text, "the {score} begins with {}", rounded(*start));
        }
    }

    /// What a score is called.
    fn score_name(&self, output: usize, outputs: usize) -> String {
        match (outputs, self.model.classes()) {
            (1, [_, positive]) => format!("score of {positive}"),
            (1, _) => "score".to_owned(),
            (_, classes) => format!("score of {}", classes[output]),
        }
    }

    /// What an entity's own trees may ask for.
    fn asked_of_share<'s>(&self, shared: &'s SharedModel) -> Vec<Asked<'s>> {
        let parts = shared.parts();
        let mut asked = asked_of(&parts.features);
        let numbers = parts.numbers.iter().enumerate();
        asked.extend(numbers.map(|(place, number)| Asked {
            name: number_name(place),
            codes: Codes::Numbers(&number.bins),
        }));
        asked.push(Asked {
            name: "entity".to_owned(),
            codes: Codes::Categories(&parts.categories),
        });
        let scores = parts.score_bins.iter().enumerate();
        asked.extend(scores.map(|(output, bins)| Asked {
            name: format!("shared {}", self.score_name(output, parts.loss.outputs())),
            codes: Codes::Numbers(bins),
        }));
        asked
    }

    /// One line a node, as of a single tree.
    fn trees_text(&self, asked: &[Asked], trees: &AdditiveTrees, text: &mut String) {
        for (tree, root) in trees.roots().enumerate() {
            let score = self.score_name(tree % trees.outputs(), trees.outputs());
            let _ = writeln!(text, "\ntree {}, to the {score}:", tree + 1);
            let mut waiting = vec![(root, 0, "")];
            while let Some((place, depth, answer)) = waiting.pop() {
                let node = trees.node(place);
                let line = match node.test {
                    CodeTest::Leaf => {
                        format!("=> {}", signed(trees.values()[node.next as usize].into()))
                    }
                    test => {
                        waiting.push((node.next as usize, depth + 1, "no: "));
                        waiting.push((place + 1, depth + 1, "yes: "));
                        self.rule(asked, trees, test)
                    }
                };
                let _ = writeln!(text, "{}{answer}{line}", "  ".repeat(depth));
            }
        }
    }

    fn rule(&self, asked: &[Asked], trees: &AdditiveTrees, test: CodeTest) -> String {
        match test {
            CodeTest::Leaf => String::new(),
            CodeTest::LessOrEqual {
                feature,
                code,
                missing,
            } => {
                let Asked { name, codes } = &asked[usize::from(feature)];
                let missing = if missing.is_some() {
                    " or is missing"
                } else {
                    ""
                };
                match codes.edge(code) {
                    Some(edge) => format!("{name} <= {}{missing}", self.threshold(name, edge)),
                    None => format!("{name} has a value{missing}"),
                }
            }
            CodeTest::Among { feature, set } => {
                let Asked { name, codes } = &asked[usize::from(feature)];
                let members = codes.members(&trees.sets()[set as usize]);
                format!("{name} in {}", members.join(", "))
            }
        }
    }

    /// A threshold, of dates and times as such.
    fn threshold(&self, feature: &str, threshold: f64) -> String {
        let time = self.time(feature, threshold);
        time.unwrap_or_else(|| number(threshold))
    }

    /// The threshold of a column of dates, times or durations as such.
    fn time(&self, feature: &str, threshold: f64) -> Option<String> {
        let mut features = self.features.iter();
        let feature = features.find(|other| other.name == feature)?;
        feature.column_type.threshold_text(threshold)
    }

    /// The same as JSON.
    pub fn json(&self) -> Value {
        let model = self.model;
        let mut json = json!({ "key": model.key(), "classes": model.classes() });
        if let Some(decision) = model.decision() {
            json["positive"] = model.classes()[decision.positive as usize].as_str().into();
            json["threshold"] = decision.threshold.into();
        }
        if let Some((shared, share)) = model.share() {
            json["shared"] = shared_json(shared);
            json["numbers"] = json!(share.numbers);
            json["level"] = json!(share.level);
            json["rows"] = json_number(share.rows);
            json["spread"] = json!(share.spread);
            json["evidence"] = json!(share.evidence);
            json["verdict"] = share.verdict.name().into();
            json["trees"] = self.trees_json(&self.asked_of_share(shared), &share.trees);
        }
        if let Some(ensemble) = model.ensemble() {
            json["loss"] = json!(ensemble.loss);
            json["start"] = json!(ensemble.trees.start());
            json["trees"] = self.trees_json(&asked_of(&ensemble.features), &ensemble.trees);
        }
        json
    }

    /// Each tree as a list of nodes, children by their positions in it.
    fn trees_json(&self, asked: &[Asked], trees: &AdditiveTrees) -> Value {
        let roots: Vec<usize> = trees.roots().collect();
        let ends = roots.iter().skip(1).copied().chain([trees.node_count()]);
        let trees = roots.iter().zip(ends).map(|(&root, end)| {
            let nodes = (root..end).map(|place| {
                let node = trees.node(place);
                if node.test == CodeTest::Leaf {
                    let value: f64 = trees.values()[node.next as usize].into();
                    return json!({ "adds": value });
                }
                let mut json = self.test_json(asked, trees, node.test);
                json["left"] = (place + 1 - root).into();
                json["right"] = (node.next as usize - root).into();
                json
            });
            nodes.collect::<Vec<_>>()
        });
        trees.collect::<Vec<_>>().into()
    }

    fn test_json(&self, asked: &[Asked], trees: &AdditiveTrees, test: CodeTest) -> Value {
        match test {
            CodeTest::Leaf => Value::Null,
            CodeTest::LessOrEqual {
                feature,
                code,
                missing,
            } => {
                let Asked { name, codes } = &asked[usize::from(feature)];
                let edge = codes.edge(code);
                let mut json = json!({
                    "feature": name,
                    "operator": if edge.is_some() { "<=" } else { "has a value" },
                    "value": edge.map(json_number),
                    "missing": if missing.is_some() { "left" } else { "right" },
                });
                if let Some(time) = edge.and_then(|edge| self.time(name, edge)) {
                    json["threshold"] = json["value"].take();
                    json["value"] = time.into();
                }
                json
            }
            CodeTest::Among { feature, set } => {
                let Asked { name, codes } = &asked[usize::from(feature)];
                let members = codes.members(&trees.sets()[set as usize]);
                json!({ "feature": name, "operator": "in", "value": members })
            }
        }
    }
}

impl Codes<'_> {
    /// Where the bin of a code ends; nothing for the last one, and beyond.
    fn edge(&self, code: u8) -> Option<f64> {
        match self {
            Codes::Numbers(bins) => bins.edges().get(usize::from(code)).copied(),
            Codes::Categories(_) => None,
        }
    }

    /// What the codes of a set stand for.
    fn members(&self, set: &[u64; 4]) -> Vec<String> {
        let is_member = |code: usize| set[code / 64] >> (code % 64) & 1 == 1;
        let name = |code: usize| match self {
            Codes::Categories(categories) => match code.checked_sub(categories.len()) {
                None => Some(categories[code].clone()),
                Some(0) => Some(OTHER.to_owned()),
                Some(1) => Some(MISSING.to_owned()),
                Some(_) => None,
            },
            Codes::Numbers(bins) => (code <= bins.len()).then(|| format!("bin {code}")),
        };
        (0..256)
            .filter(|&code| is_member(code))
            .filter_map(name)
            .collect()
    }
}

fn asked_of(features: &[BinnedFeature]) -> Vec<Asked<'_>> {
    let asked = features.iter().map(|feature| Asked {
        name: feature.name.clone(),
        codes: match &feature.bins {
            FeatureBins::Numbers(bins) => Codes::Numbers(bins),
            FeatureBins::Categories(categories) => Codes::Categories(categories),
        },
    });
    asked.collect()
}

/// The members of what is shared, each with its weight and its trees.
pub fn members_text(shared: &SharedModel) -> String {
    let members = shared.parts().members.iter().map(|member| {
        let trees: usize = member.trees.iter().map(AdditiveTrees::tree_count).sum();
        let weight = rounded(member.weight);
        match member.trees.len() {
            1 => format!("{} (weight {weight}, {trees} trees)", member.name),
            ensembles => format!(
                "{} (weight {weight}, {trees} trees in {ensembles} ensembles)",
                member.name
            ),
        }
    });
    members.collect::<Vec<_>>().join(", ")
}

/// What is shared, but for its trees.
pub fn shared_json(shared: &SharedModel) -> Value {
    let members = shared.parts().members.iter().map(|member| {
        let trees: usize = member.trees.iter().map(AdditiveTrees::tree_count).sum();
        json!({
            "name": member.name, "weight": member.weight, "ensembles": member.trees.len(),
            "trees": trees,
        })
    });
    json!({ "loss": shared.loss(), "members": members.collect::<Vec<_>>() })
}

fn number_name(place: usize) -> String {
    format!("number {} of the entity", place + 1)
}

fn signed(value: f64) -> String {
    match value < 0.0 {
        true => rounded(value),
        false => format!("+{}", rounded(value)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use per_entity::ensemble::Loss;
    use per_entity::model::{Ensemble, EntityNumber, Member, ShareSettings, SharedParts, Verdict};

    use super::*;

    fn numeric(name: &str, numbers: &[f64]) -> BinnedFeature {
        BinnedFeature {
            name: name.into(),
            bins: FeatureBins::Numbers(NumberBins::of(numbers, 10)),
        }
    }

    fn at_most(feature: u16, code: u8, missing: Option<u8>) -> CodeTest {
        CodeTest::LessOrEqual {
            feature,
            code,
            missing,
        }
    }

    fn features() -> Vec<BinnedFeature> {
        let day = BinnedFeature {
            name: "day".into(),
            bins: FeatureBins::Categories(vec!["Mon".into(), "Tue".into()]),
        };
        vec![numeric("hour", &[8.0, 10.0, 14.0]), day]
    }

    /// One tree on the hour, the day, the shared score and the entity.
    fn model() -> Model {
        let none = || AdditiveTrees::new(vec![0.0]);
        let parts = SharedParts {
            classes: Arc::new(["no".into(), "yes".into()]),
            loss: Loss::Logistic,
            features: features(),
            numbers: vec![EntityNumber {
                of_unknown: 0.5,
                prior_rows: 1.0,
                bins: NumberBins::of(&[0.25, 0.75], 10),
            }],
            categories: vec!["Oslo".into()],
            members: vec![
                Member {
                    name: "numbers".into(),
                    weight: 0.75,
                    trees: vec![none(), none()],
                },
                Member {
                    name: "categories".into(),
                    weight: 0.25,
                    trees: vec![none()],
                },
            ],
            unknown: vec![none()],
            score_bins: vec![NumberBins::of(&[-1.0, 1.0], 10)],
            own: ShareSettings {
                weight_scale: 1.0,
                precisions: vec![1.0],
                variance: 1.0,
                tree_rounds: 1,
                tree_prior_rows: 20.0,
                tree_split_penalty: 0.5,
            },
            parents: Vec::new(),
        };
        let among = |feature, set| CodeTest::Among { feature, set };
        let tests = [
            at_most(0, 0, Some(3)),
            CodeTest::Leaf,
            among(1, 0),
            at_most(4, 0, None),
            CodeTest::Leaf,
            CodeTest::Leaf,
            at_most(2, 1, None),
            among(3, 1),
            CodeTest::Leaf,
            CodeTest::Leaf,
            CodeTest::Leaf,
        ];
        let values = vec![0.5, -0.25, 0.125, 1.0, 2.0, 3.0];
        let sets = vec![[0b1101, 0, 0, 0], [0b11, 0, 0, 0]];
        let trees = AdditiveTrees::from_preorder(vec![0.0], tests, sets, values).unwrap();
        let share = Share {
            numbers: vec![0.75],
            level: vec![-0.5],
            trees,
            rows: 120.0,
            spread: 0.3,
            evidence: Some(4.25),
            verdict: Verdict::Own,
        };
        let shared = SharedModel::new(parts).unwrap().into();
        Model::shared("Oslo", &shared, share)
    }

    #[test]
    fn a_share_is_told_in_words_and_its_trees_as_rules_in_the_data_s_units() {
        let model = model();
        let view = BoostedView {
            model: &model,
            features: &[],
        };
        let expected = "\
verdict: own; the log Bayes factor of an own tree is 4.25
shared by all entities: numbers (weight 0.75, 0 trees in 2 ensembles), categories (weight 0.25, 0 trees)
number 1 of the entity: 0.75
own level: -0.5 to the score of yes
weight of the entity's rows: 120
own trees: 1

tree 1, to the score of yes:
hour <= 9 or is missing
  yes: => +0.5
  no: day in Mon, (other), (missing)
    yes: shared score of yes <= 0
      yes: => -0.25
      no: => +0.125
    no: number 1 of the entity has a value
      yes: entity in Oslo, (other)
        yes: => +1
        no: => +2
      no: => +3
";
        assert_eq!(view.text(), expected);
        let json = view.json();
        assert_eq!(json["verdict"], "own");
        assert_eq!(json["shared"]["members"][0]["ensembles"], 2);
        let nodes = &json["trees"][0];
        let first = json!({
            "feature": "hour", "operator": "<=", "value": 9, "missing": "left", "left": 1,
            "right": 2,
        });
        assert_eq!(nodes[0], first);
        assert_eq!(nodes[2]["value"], json!(["Mon", "(other)", "(missing)"]));
        assert_eq!(nodes[10], json!({ "adds": 3.0 }));
    }

    #[test]
    fn an_ensemble_is_told_with_what_its_scores_begin_with() {
        let tests = [at_most(0, 1, None), CodeTest::Leaf, CodeTest::Leaf];
        let trees = AdditiveTrees::from_preorder(vec![20.5], tests, vec![], vec![-1.5, 1.5]);
        let ensemble = Ensemble {
            loss: Loss::Squared,
            features: features(),
            trees: trees.unwrap(),
        };
        let model = Model::boosted("Oslo", [], ensemble);
        let view = BoostedView {
            model: &model,
            features: &[],
        };
        let expected = "\
own boosted trees: 1
the score begins with 20.5

tree 1, to the score:
hour <= 12
  yes: => -1.5
  no: => +1.5
";
        assert_eq!(view.text(), expected);
        assert_eq!(view.json()["start"], json!([20.5]));
    }
}
