//! Fits the shares of entities, once what all of them share is known.

use std::sync::Arc;

use serde_json::{Value, json};

use super::binner::Binner;
use super::entity_rows::{EntityRows, check_targets};
use super::params::{FOLDS, SharedParams};
use crate::codes::CodeColumn;
use crate::encode::EncodedPartition;
use crate::ensemble::{AdditiveTrees, EntitySums, Loss, OwnRows, OwnShare, OwnShareSettings};
use crate::model::{Share, SharedModel, Verdict};
use crate::schema::FeatureKind;
use crate::train::fitted::Fitted;
use crate::train::trainer::{TrainError, Trainer, TrainerScratch};

/// Fits the shares of entities.
pub(super) struct ShareTrainer {
    pub params: SharedParams,
    pub binner: Binner,
    pub shared: Arc<SharedModel>,
    /// A digest of what is shared.
    pub digest: String,
    /// The members: their weights, and their models without each of the folds; where these are not
    /// known any more, the only one.
    pub members: Vec<(f64, Vec<AdditiveTrees>)>,
    pub own: OwnShareSettings,
}

impl Trainer for ShareTrainer {
    fn train(
        &self,
        partition: &EncodedPartition,
        scratch: &mut TrainerScratch,
    ) -> Result<Fitted, TrainError> {
        let rows = EntityRows::new(
            &self.binner,
            partition,
            self.folds(),
            self.params.seed,
            usize::MAX,
        );
        let weight_scale = self.shared.parts().own.weight_scale;
        let rows = rows.weighed(weight_scale);
        check_targets(&rows.targets).map_err(|error| TrainError(error.to_string()))?;
        let numbers = self.entity_numbers(&rows);
        let scores = self.scores(partition.key(), &rows, &numbers);
        let columns = self.own_columns(&rows, &scores);
        let all: Vec<u32> = (0..rows.len() as u32).collect();
        let own_rows = OwnRows {
            columns: &columns,
            features: self.binner.features().len(),
            data: rows.data(),
            scores: &scores,
            rows: &all,
        };
        let own = self.own.fit(own_rows, &mut scratch.shares);
        let score = self
            .own
            .loss
            .score(rows.data(), self.own.scores(&scratch.shares));
        Ok(Fitted::Share {
            shared: self.shared.clone(),
            share: Box::new(self.share(&rows, numbers, own, &columns)),
            training_score: score,
        })
    }

    fn description(&self) -> Value {
        json!({ "trainer": "shared", "params": self.params, "shared": self.digest })
    }
}

/// The numbers of an entity: by output, by all rows and without those of each fold.
struct OwnNumbers {
    whole: Vec<f64>,
    without: Vec<Vec<f64>>,
}

impl ShareTrainer {
    /// The folds of an entity's rows: as many as there are models of a member, each without one.
    fn folds(&self) -> usize {
        let models = self.members.iter().map(|(_, models)| models.len());
        models.max().filter(|&folds| folds > 1).unwrap_or(FOLDS)
    }

    fn entity_numbers(&self, rows: &EntityRows) -> OwnNumbers {
        let is_class = matches!(self.own.loss, Loss::Softmax(_));
        let mut numbers = OwnNumbers {
            whole: Vec::new(),
            without: Vec::new(),
        };
        for (output, number) in self.shared.parts().numbers.iter().enumerate() {
            let mut sums = vec![EntitySums::default(); self.folds()];
            for (row, &fold) in rows.fold.iter().enumerate() {
                let value = match is_class {
                    true => f64::from(rows.targets[row] == output as f64),
                    false => rows.targets[row],
                };
                sums[usize::from(fold)].add(value, rows.data().weight(row));
            }
            let shrunk = |without: Option<usize>| {
                let kept = sums.iter().enumerate();
                let kept = kept.filter(|(fold, _)| Some(*fold) != without);
                let (weight, sum) = kept.fold((0.0, 0.0), |(weight, sum), (_, own)| {
                    (weight + own.weight, sum + own.sum)
                });
                number.shrunk(weight, sum)
            };
            numbers.whole.push(shrunk(None));
            let folds = 0..sums.len();
            numbers
                .without
                .push(folds.map(|fold| shrunk(Some(fold))).collect());
        }
        numbers
    }

    /// By row and output: what the members say of a row, each by the model that was trained without
    /// its fold.
    fn scores(&self, key: &str, rows: &EntityRows, numbers: &OwnNumbers) -> Vec<f64> {
        let (outputs, width) = (self.own.precisions.len(), self.shared.width());
        let mut scores = vec![0.0; rows.len() * outputs];
        for fold in 0..self.folds() {
            let of_fold = (0..rows.len()).filter(|&row| usize::from(rows.fold[row]) == fold);
            let of_fold: Vec<usize> = of_fold.collect();
            let mut codes = vec![0; of_fold.len() * width];
            for (row, codes) in of_fold.iter().zip(codes.chunks_exact_mut(width)) {
                for (code, column) in codes.iter_mut().zip(&rows.columns) {
                    *code = column.codes.get(*row) as u8;
                }
            }
            let own: Vec<f64> = numbers
                .without
                .iter()
                .map(|by_fold| by_fold[fold])
                .collect();
            self.shared.write_entity(key, &own, &mut codes);
            let mut sums = vec![0.0; of_fold.len() * outputs];
            for (weight, models) in &self.members {
                let model = models.get(fold).unwrap_or(&models[0]);
                model.add(&codes, width, *weight, &mut sums);
            }
            for (row, sums) in of_fold.iter().zip(sums.chunks_exact(outputs)) {
                scores[row * outputs..][..outputs].copy_from_slice(sums);
            }
        }
        scores
    }

    /// The features and, at the positions that own trees ask for, shared scores.
    fn own_columns(&self, rows: &EntityRows, scores: &[f64]) -> Vec<CodeColumn> {
        let mut columns = rows.columns.clone();
        let others = self.shared.parts().numbers.len() + 1;
        for _ in 0..others {
            let codes = std::iter::repeat_n(0, rows.len());
            columns.push(CodeColumn::new(FeatureKind::Numeric, 1, codes));
        }
        let bins = &self.shared.parts().score_bins;
        columns.extend(bins.iter().enumerate().map(|(output, own)| {
            own.column(scores.iter().skip(output).step_by(bins.len()).copied())
        }));
        columns
    }

    fn share(
        &self,
        rows: &EntityRows,
        numbers: OwnNumbers,
        own: OwnShare,
        columns: &[CodeColumn],
    ) -> Share {
        let mut trees = AdditiveTrees::new(vec![0.0; self.own.precisions.len()]);
        for tree in &own.trees {
            trees.push(tree, |feature| columns[feature].missing_code());
        }
        let is_certain = rows.len() > 1;
        Share {
            numbers: numbers.whole,
            level: own.level,
            trees,
            rows: (0..rows.len())
                .map(|row| rows.data().weight(row))
                .sum::<f64>()
                / self.shared.parts().own.weight_scale,
            spread: own.spread,
            evidence: is_certain.then_some(own.evidence),
            verdict: match own.evidence {
                evidence if evidence > OWN_EVIDENCE => Verdict::Own,
                evidence if evidence > 0.0 || !is_certain => Verdict::Undecided,
                _ => Verdict::Level,
            },
        }
    }
}

/// An entity has something of its own where the log Bayes factor of its tree is above this.
const OWN_EVIDENCE: f64 = 3.0;
