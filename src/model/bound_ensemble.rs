//! Boosted trees, and the columns that they ask about.

use std::sync::Arc;

use super::binned_columns::BinnedColumns;
use super::binned_feature::BinnedFeature;
use super::ensemble::Ensemble;
use super::share::Share;
use super::shared_model::SharedModel;
use crate::ensemble::Loss;

/// Boosted trees, and the columns that they ask about.
pub(super) struct BoundEnsemble<'a> {
    pub trees: BoostedTrees<'a>,
    pub columns: Arc<BinnedColumns<'a>>,
}

/// Boosted trees that predict rows of one entity, or of none that is known.
pub(super) enum BoostedTrees<'a> {
    Own(&'a Ensemble),
    Shared {
        shared: &'a SharedModel,
        key: &'a str,
        share: &'a Share,
    },
    Unknown {
        shared: &'a SharedModel,
        /// That of the nearest parent that is known.
        level: Option<&'a [f64]>,
    },
}

/// Rows whose codes are made at a time.
const BLOCK: usize = 256;

impl BoundEnsemble<'_> {
    /// Predicts as many rows as there is room for. `row_of` gives the row that a feature, by its
    /// position, takes its value for a row from; `take` is given each row and its prediction: the
    /// probability of each class, or a number.
    pub fn predict(
        &self,
        rows: usize,
        row_of: impl Fn(usize, usize) -> usize,
        mut take: impl FnMut(usize, &[f64]),
    ) {
        let trees = &self.trees;
        let (width, loss) = (trees.width(), trees.loss());
        let outputs = loss.outputs();
        let block = rows.min(BLOCK);
        let mut codes = vec![0; block * width];
        let mut scores = vec![0.0; block * outputs];
        let mut prediction = vec![0.0; outputs.max(2)];
        if loss != Loss::Logistic {
            prediction.truncate(outputs);
        }
        trees.write_entity(&mut codes);
        for first in (0..rows).step_by(BLOCK) {
            let count = (rows - first).min(BLOCK);
            let (codes, scores) = (&mut codes[..count * width], &mut scores[..count * outputs]);
            let row_of = |feature, row| row_of(feature, first + row);
            self.columns.write(trees.features(), row_of, width, codes);
            scores.fill(0.0);
            trees.add(codes, scores);
            for (row, scores) in scores.chunks_exact(outputs).enumerate() {
                loss.predict(scores, &mut prediction);
                take(first + row, &prediction);
            }
        }
    }
}

impl BoostedTrees<'_> {
    fn features(&self) -> &[BinnedFeature] {
        match self {
            Self::Own(ensemble) => &ensemble.features,
            Self::Shared { shared, .. } | Self::Unknown { shared, .. } => shared.features(),
        }
    }

    fn loss(&self) -> Loss {
        match self {
            Self::Own(ensemble) => ensemble.loss,
            Self::Shared { shared, .. } | Self::Unknown { shared, .. } => shared.loss(),
        }
    }

    /// Codes of a row; trees that ask nothing have one, too.
    fn width(&self) -> usize {
        match self {
            Self::Own(ensemble) => ensemble.features.len().max(1),
            Self::Shared { shared, .. } | Self::Unknown { shared, .. } => shared.width(),
        }
    }

    fn write_entity(&self, codes: &mut [u8]) {
        if let Self::Shared { shared, key, share } = self {
            shared.write_entity(key, &share.numbers, codes);
        }
    }

    fn add(&self, codes: &mut [u8], scores: &mut [f64]) {
        match self {
            Self::Own(ensemble) => ensemble.trees.add(codes, self.width(), 1.0, scores),
            Self::Shared { shared, share, .. } => {
                shared.add(codes, scores);
                share.add(codes, shared.width(), scores);
            }
            Self::Unknown { shared, level } => shared.add_unknown(codes, *level, scores),
        }
    }
}
