//! Outcomes as the columns of a frame, which engines move.

use polars::prelude::*;

use super::outcome_row::{OutcomeContent, OutcomeRow};

/// Names of the columns. `outcome` is all that the commit reads, and `digest` is its BLAKE3 digest;
/// the others are for those who look.
const PART: &str = "part";
const OUTCOME: &str = "outcome";
const DIGEST: &str = "digest";

/// Rows of outcomes, and their bytes.
#[derive(Default)]
pub(super) struct OutcomeColumns {
    part: Vec<String>,
    key: Vec<Option<String>>,
    status: Vec<&'static str>,
    error: Vec<Option<String>>,
    rows: Vec<u64>,
    left_out: Vec<u64>,
    training_score: Vec<Option<f64>>,
    fingerprint: Vec<Option<Vec<u8>>>,
    outcome: Vec<Vec<u8>>,
    digest: Vec<Vec<u8>>,
    bytes: usize,
}

impl OutcomeColumns {
    pub fn len(&self) -> usize {
        self.part.len()
    }

    /// Bytes of all outcomes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn push(&mut self, row: &OutcomeRow) {
        let mut bytes = Vec::new();
        ciborium::into_writer(row, &mut bytes).expect("a vector takes all that is written");
        self.bytes += bytes.len();
        self.part.push(row.part.clone());
        self.digest.push(blake3::hash(&bytes).as_bytes().to_vec());
        self.outcome.push(bytes);
        match &row.content {
            OutcomeContent::Entity(entity) => {
                let summary = entity.model.as_ref().map(|model| &model.summary);
                self.key.push(Some(entity.key.clone()));
                self.status.push(entity.status.name());
                self.error.push(entity.error.clone());
                self.rows.push(entity.rows);
                self.left_out.push(entity.left_out);
                self.training_score
                    .push(summary.map(|summary| summary.training_score));
                self.fingerprint
                    .push(summary.map(|summary| summary.fingerprint.to_vec()));
            }
            OutcomeContent::Part(account) => {
                self.key.push(None);
                self.status.push("part");
                self.error.push(None);
                self.rows.push(account.entity_rows);
                self.left_out.push(account.left_out.total());
                self.training_score.push(None);
                self.fingerprint.push(None);
            }
        }
    }

    pub fn frame(self) -> PolarsResult<DataFrame> {
        let columns = vec![
            Column::new(PART.into(), &self.part),
            Column::new("key".into(), &self.key),
            Column::new("status".into(), &self.status),
            Column::new("error".into(), &self.error),
            Column::new("rows".into(), &self.rows),
            Column::new("left_out".into(), &self.left_out),
            Column::new("training_score".into(), &self.training_score),
            Column::new("fingerprint".into(), &self.fingerprint),
            Column::new(OUTCOME.into(), &self.outcome),
            Column::new(DIGEST.into(), &self.digest),
        ];
        DataFrame::new(self.part.len(), columns)
    }
}

/// The columns that a commit reads.
pub(super) const READ: [&str; 3] = [PART, OUTCOME, DIGEST];

/// A row as it was read.
pub(super) struct ReadRow<'a> {
    /// What it says it is a part of.
    pub part: Option<&'a str>,
    /// The outcome and its digest, where this is that of it.
    pub outcome: Option<(&'a [u8], [u8; 32])>,
}

/// The rows of a frame.
pub(super) fn read_rows(frame: &DataFrame) -> PolarsResult<Vec<ReadRow<'_>>> {
    let parts = frame.column(PART)?.str()?.iter();
    let outcomes = frame.column(OUTCOME)?.binary()?.iter();
    let digests = frame.column(DIGEST)?.binary()?.iter();
    let rows = parts.zip(outcomes.zip(digests));
    let rows = rows.map(|(part, (outcome, digest))| ReadRow {
        part,
        outcome: outcome.and_then(|bytes| {
            let found = *blake3::hash(bytes).as_bytes();
            (digest == Some(found.as_slice())).then_some((bytes, found))
        }),
    });
    Ok(rows.collect())
}
