//! The table of entities: its columns, declared once for those who write and those who read it.

use std::sync::Arc;

use polars::prelude::*;

use super::record::{ContestScores, EntityRecord, EntityStatus, HoldoutScores, Place, Winner};
use crate::metrics::Metric;
use crate::model::ModelSummary;

/// Rows that are read together when one key is looked up.
const ROW_GROUP: usize = 1 << 15;

/// A column: how its value is taken from a record, and how a record's draft takes it.
struct EntityColumn {
    name: &'static str,
    presence: Presence,
    access: Access,
}

/// Which tables have a column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    /// All.
    Always,
    /// Those of newer programs.
    Newer,
    /// Those of a run that compared models with earlier ones.
    Contest,
}

#[allow(clippy::type_complexity)] // one line for each type of a column
enum Access {
    Text(fn(&EntityRecord) -> Option<&str>, fn(&mut Draft, &str)),
    Bytes(fn(&EntityRecord) -> Option<&[u8]>, fn(&mut Draft, &[u8])),
    Whole32(fn(&EntityRecord) -> Option<u32>, fn(&mut Draft, u32)),
    Whole64(fn(&EntityRecord) -> Option<u64>, fn(&mut Draft, u64)),
    Fraction(fn(&EntityRecord) -> Option<f64>, fn(&mut Draft, f64)),
    /// The figure of this metric on the rows held out, by its position among all.
    Score(usize),
}

/// A record whose values come column by column.
#[derive(Default)]
struct Draft {
    key: String,
    status: Option<EntityStatus>,
    error: Option<String>,
    rows: u64,
    classes: Option<u32>,
    nodes: Option<u32>,
    depth: Option<u32>,
    training_accuracy: Option<f64>,
    fingerprint: Option<Vec<u8>>,
    file: Option<Arc<str>>,
    offset: u64,
    length: u32,
    digest: Vec<u8>,
    holdout: HoldoutScores,
    is_held_out: bool,
    contest: Option<ContestScores>,
}

macro_rules! column {
    ($name:literal, $presence:ident, $access:ident, $get:expr, $take:expr) => {
        EntityColumn {
            name: $name,
            presence: Presence::$presence,
            access: Access::$access($get, $take),
        }
    };
}

/// All columns but the figures on the rows held out, which follow those that are always there.
const COLUMNS: [EntityColumn; 17] = [
    column!("key", Always, Text, |r| Some(r.key.as_str()), |d, text| d
        .key =
        text.to_owned()),
    column!(
        "status",
        Always,
        Text,
        |r| Some(r.status.name()),
        |d, text| {
            let status = EntityStatus::ALL.into_iter();
            d.status = status.into_iter().find(|status| status.name() == text);
        }
    ),
    column!("error", Always, Text, |r| r.error.as_deref(), |d, text| {
        d.error = Some(text.to_owned())
    }),
    column!("rows", Always, Whole64, |r| Some(r.rows), |d, rows| d
        .rows =
        rows),
    column!(
        "classes",
        Always,
        Whole32,
        |r| r.summary.map(|s| s.classes),
        |d, classes| d.classes = Some(classes)
    ),
    column!(
        "nodes",
        Always,
        Whole32,
        |r| r.summary.map(|s| s.nodes),
        |d, nodes| d.nodes = Some(nodes)
    ),
    column!(
        "depth",
        Always,
        Whole32,
        |r| r.summary.map(|s| s.depth),
        |d, depth| d.depth = Some(depth)
    ),
    column!(
        "training_accuracy",
        Always,
        Fraction,
        |r| r.summary.map(|s| s.training_accuracy),
        |d, accuracy| d.training_accuracy = Some(accuracy)
    ),
    column!("file", Always, Text, |r| r.file(), |d, file| d.file =
        Some(file.into())),
    column!(
        "offset",
        Always,
        Whole64,
        |r| r.place.as_ref().map(|p| p.offset),
        |d, offset| d.offset = offset
    ),
    column!(
        "length",
        Always,
        Whole32,
        |r| r.place.as_ref().map(|p| p.length),
        |d, length| d.length = length
    ),
    column!(
        "digest",
        Always,
        Bytes,
        |r| r.place.as_ref().map(|p| p.digest.as_slice()),
        |d, digest| d.digest = digest.to_vec()
    ),
    column!(
        "fingerprint",
        Always,
        Bytes,
        |r| r.summary.as_ref().map(|s| s.fingerprint.as_slice()),
        |d, fingerprint| d.fingerprint = Some(fingerprint.to_vec())
    ),
    column!(
        "holdout_rows",
        Newer,
        Whole64,
        |r| r.holdout.as_ref().map(|h| h.rows),
        |d, rows| {
            d.holdout.rows = rows;
            d.is_held_out = true;
        }
    ),
    column!(
        "winner",
        Contest,
        Text,
        |r| Some(r.contest.as_ref()?.winner?.name()),
        |d, text| {
            let winner = Winner::ALL.into_iter().find(|w| w.name() == text);
            d.contest.get_or_insert_default().winner = winner;
        }
    ),
    column!(
        "champion_score",
        Contest,
        Fraction,
        |r| r.contest.as_ref()?.champion,
        |d, score| d.contest.get_or_insert_default().champion = Some(score)
    ),
    column!(
        "challenger_score",
        Contest,
        Fraction,
        |r| r.contest.as_ref()?.challenger,
        |d, score| d.contest.get_or_insert_default().challenger = Some(score)
    ),
];

/// All columns in the order of the table.
fn columns() -> impl Iterator<Item = EntityColumn> {
    let scores = Metric::ALL.iter().enumerate();
    let scores = scores.map(|(position, metric)| EntityColumn {
        name: metric.key(),
        presence: Presence::Newer,
        access: Access::Score(position),
    });
    let (contest, others): (Vec<_>, Vec<_>) = COLUMNS
        .into_iter()
        .partition(|column| column.presence == Presence::Contest);
    others.into_iter().chain(scores).chain(contest)
}

/// The table in Parquet, made a row group at a time, for there may be millions.
pub(super) fn encode(records: &[EntityRecord]) -> PolarsResult<Vec<u8>> {
    let is_contest = records.iter().any(|record| record.contest.is_some());
    let columns: Vec<EntityColumn> = columns()
        .filter(|column| is_contest || column.presence != Presence::Contest)
        .collect();
    let frame = |records: &[EntityRecord]| {
        let columns = columns.iter().map(|column| column.write(records));
        DataFrame::new(records.len(), columns.collect())
    };
    let mut bytes = Vec::new();
    let mut writer = ParquetWriter::new(&mut bytes).batched(frame(&[])?.schema())?;
    for records in records.chunks(ROW_GROUP) {
        writer.write_batch(&frame(records)?)?;
    }
    writer.finish()?;
    Ok(bytes)
}

/// The records that a table holds.
pub(super) fn records(table: &DataFrame) -> PolarsResult<Vec<EntityRecord>> {
    let mut drafts: Vec<Draft> = Vec::new();
    drafts.resize_with(table.height(), Draft::default);
    for column in columns() {
        match table.column(column.name) {
            Ok(values) => column.read(values, &mut drafts)?,
            Err(error) if column.presence == Presence::Always => return Err(error),
            Err(_) => {}
        }
    }
    drafts.into_iter().map(Draft::finish).collect()
}

impl EntityColumn {
    fn write(&self, records: &[EntityRecord]) -> Column {
        fn values<'a, T>(
            records: &'a [EntityRecord],
            get: impl Fn(&'a EntityRecord) -> Option<T>,
        ) -> Vec<Option<T>> {
            records.iter().map(get).collect()
        }
        let name = self.name.into();
        match self.access {
            Access::Text(get, _) => Column::new(name, values(records, get)),
            Access::Bytes(get, _) => Column::new(name, values(records, get)),
            Access::Whole32(get, _) => Column::new(name, values(records, get)),
            Access::Whole64(get, _) => Column::new(name, values(records, get)),
            Access::Fraction(get, _) => Column::new(name, values(records, get)),
            Access::Score(position) => Column::new(
                name,
                values(records, |r| r.holdout.as_ref()?.scores[position]),
            ),
        }
    }

    fn read(&self, column: &Column, drafts: &mut [Draft]) -> PolarsResult<()> {
        fn take<T>(
            values: impl Iterator<Item = Option<T>>,
            drafts: &mut [Draft],
            take: impl Fn(&mut Draft, T),
        ) {
            for (draft, value) in drafts.iter_mut().zip(values) {
                if let Some(value) = value {
                    take(draft, value);
                }
            }
        }
        match self.access {
            Access::Text(_, set) => take(column.str()?.iter(), drafts, set),
            Access::Bytes(_, set) => take(column.binary()?.iter(), drafts, set),
            Access::Whole32(_, set) => take(column.u32()?.iter(), drafts, set),
            Access::Whole64(_, set) => take(column.u64()?.iter(), drafts, set),
            Access::Fraction(_, set) => take(column.f64()?.iter(), drafts, set),
            Access::Score(position) => take(column.f64()?.iter(), drafts, |draft, score| {
                draft.holdout.scores[position] = Some(score);
            }),
        }
        Ok(())
    }
}

impl Draft {
    fn finish(self) -> PolarsResult<EntityRecord> {
        let summary = self.summary();
        let place = match self.file {
            None => None,
            Some(file) => Some(Place {
                file,
                offset: self.offset,
                length: self.length,
                digest: self.digest.as_slice().try_into().map_err(
                    |_| polars_err!(ComputeError: "a digest has {} bytes", self.digest.len()),
                )?,
            }),
        };
        let unknown = || polars_err!(ComputeError: "an entity has a status that is not known");
        Ok(EntityRecord {
            key: self.key,
            status: self.status.ok_or_else(unknown)?,
            error: self.error,
            rows: self.rows,
            summary,
            holdout: self.is_held_out.then(|| Box::new(self.holdout)),
            contest: self.contest.map(Box::new),
            place,
        })
    }

    /// Nothing where a part of it is missing.
    fn summary(&self) -> Option<ModelSummary> {
        Some(ModelSummary {
            classes: self.classes?,
            nodes: self.nodes?,
            depth: self.depth?,
            training_accuracy: self.training_accuracy?,
            fingerprint: self.fingerprint.as_deref()?.try_into().ok()?,
        })
    }
}

/// The table in these bytes, whatever they are; or those of its rows that are `wanted`.
pub(super) fn decode(bytes: Vec<u8>, wanted: Option<Expr>) -> PolarsResult<DataFrame> {
    let source = ScanSources::Buffers([bytes.into()].into_iter().collect());
    let mut arguments = ScanArgsParquet::default();
    // There is no path to take columns from.
    arguments.hive_options.enabled = Some(false);
    let mut frame = LazyFrame::scan_parquet_sources(source, arguments)?;
    if let Some(wanted) = wanted {
        frame = frame.filter(wanted);
    }
    let table = frame.collect_with_engine(Engine::Streaming)?;
    Ok(table.unwrap_single())
}
