//! The table of entities: its columns, declared once for those who write and those who read it.

use std::io::Cursor;
use std::sync::{Arc, LazyLock};

use polars::prelude::*;

use super::extent::Extent;
use super::record::{ContestScores, EntityRecord, EntityStatus, HoldoutScores, Place, Winner};
use crate::metrics::Metric;
use crate::model::{Fingerprint, ModelSummary};
use crate::schema::Task;
use crate::source::check_parquet;
use Access::{Bytes, Fraction, Importance, Score, Text, Whole32, Whole64};
use Presence::{Always, Contest, HeldOut, Important, Newer, Quantities};

/// Rows that are read together when one key is looked up.
const ROW_GROUP: usize = 1 << 15;

/// A column: how its value is taken from a record, and how a record's draft takes it.
#[derive(Clone, Copy)]
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
    /// Those that have a model which some rows were held out of.
    HeldOut,
    /// Those of a run that noted how much features matter.
    Important,
    /// Those of models of a quantity.
    Quantities,
}

#[allow(clippy::type_complexity)] // one line for each type of a column
#[derive(Clone, Copy)]
enum Access {
    Text(fn(&EntityRecord) -> Option<&str>, fn(&mut Draft, &str)),
    Bytes(fn(&EntityRecord) -> Option<&[u8]>, fn(&mut Draft, &[u8])),
    Whole32(fn(&EntityRecord) -> Option<u32>, fn(&mut Draft, u32)),
    Whole64(fn(&EntityRecord) -> Option<u64>, fn(&mut Draft, u64)),
    Fraction(fn(&EntityRecord) -> Option<f64>, fn(&mut Draft, f64)),
    /// The figure of this metric on the rows held out, by its position among all.
    Score(usize),
    /// How much each feature matters.
    Importance,
}

/// A record whose values come column by column.
#[derive(Default)]
struct Draft {
    key: String,
    status: Option<EntityStatus>,
    error: Option<String>,
    rows: u64,
    left_out: u64,
    classes: Option<u32>,
    nodes: Option<u32>,
    depth: Option<u32>,
    training_score: Option<f64>,
    fingerprint: Option<Fingerprint>,
    file: Option<Arc<str>>,
    offset: u64,
    length: u32,
    digest: Option<[u8; 32]>,
    held_out: Option<Arc<str>>,
    holdout: HoldoutScores,
    is_held_out: bool,
    contest: Option<ContestScores>,
    importance: Option<Box<[f32]>>,
}

/// The columns before the figures on the rows held out.
static FIRST: [EntityColumn; 16] = [
    always(
        "key",
        Text(|r| Some(&r.key), |d, text| text.clone_into(&mut d.key)),
    ),
    always("status", Text(|r| Some(r.status.name()), Draft::set_status)),
    always(
        "error",
        Text(
            |r| r.error.as_deref(),
            |d, text| d.error = Some(text.into()),
        ),
    ),
    always("rows", Whole64(|r| Some(r.rows), |d, rows| d.rows = rows)),
    column(
        "left_out",
        Newer,
        Whole64(|r| Some(r.left_out), |d, rows| d.left_out = rows),
    ),
    always(
        "classes",
        Whole32(|r| Some(r.summary?.classes), |d, n| d.classes = Some(n)),
    ),
    always(
        "nodes",
        Whole32(|r| Some(r.summary?.nodes), |d, n| d.nodes = Some(n)),
    ),
    always(
        "depth",
        Whole32(|r| Some(r.summary?.depth), |d, n| d.depth = Some(n)),
    ),
    always(
        "training_accuracy",
        Fraction(
            |r| r.summary?.training_score_of(Task::Classification),
            |d, share| d.training_score = Some(share),
        ),
    ),
    column(
        "training_r2",
        Quantities,
        Fraction(
            |r| r.summary?.training_score_of(Task::Regression),
            |d, share| d.training_score = Some(share),
        ),
    ),
    always(
        "file",
        Text(|r| r.file(), |d, file| d.file = Some(file.into())),
    ),
    always(
        "offset",
        Whole64(|r| Some(r.extent()?.offset), |d, n| d.offset = n),
    ),
    always(
        "length",
        Whole32(|r| Some(r.extent()?.length), |d, n| d.length = n),
    ),
    always(
        "digest",
        Bytes(|r| Some(&r.extent()?.digest), Draft::set_digest),
    ),
    always(
        "fingerprint",
        Bytes(
            |r| Some(&r.summary.as_ref()?.fingerprint),
            |d, bytes| d.fingerprint = bytes.try_into().ok(),
        ),
    ),
    column(
        "holdout_rows",
        Newer,
        Whole64(|r| Some(r.holdout.as_ref()?.rows), Draft::set_holdout_rows),
    ),
];

/// The columns behind the figures on the rows held out.
static LAST: [EntityColumn; 5] = [
    column(
        "held_out",
        HeldOut,
        Text(
            |r| r.held_out.as_deref(),
            |d, text| d.held_out = Some(text.into()),
        ),
    ),
    column(
        "winner",
        Contest,
        Text(
            |r| Some(r.contest.as_ref()?.winner?.name()),
            Draft::set_winner,
        ),
    ),
    column(
        "champion_score",
        Contest,
        Fraction(
            |r| r.contest.as_ref()?.champion,
            |d, score| d.contest.get_or_insert_default().champion = Some(score),
        ),
    ),
    column(
        "challenger_score",
        Contest,
        Fraction(
            |r| r.contest.as_ref()?.challenger,
            |d, score| d.contest.get_or_insert_default().challenger = Some(score),
        ),
    ),
    column("importance", Important, Importance),
];

/// All columns in the order of the table.
static COLUMNS: LazyLock<Vec<EntityColumn>> = LazyLock::new(|| {
    let scores = Metric::ALL.iter().enumerate();
    let scores = scores.map(|(position, metric)| {
        let presence = match metric.task() {
            Task::Classification => Newer,
            Task::Regression => Quantities,
        };
        column(metric.key(), presence, Score(position))
    });
    FIRST.into_iter().chain(scores).chain(LAST).collect()
});

const fn always(name: &'static str, access: Access) -> EntityColumn {
    column(name, Always, access)
}

const fn column(name: &'static str, presence: Presence, access: Access) -> EntityColumn {
    EntityColumn {
        name,
        presence,
        access,
    }
}

/// The table in Parquet, made a row group at a time, for there may be millions.
pub(super) fn encode(records: &[EntityRecord]) -> PolarsResult<Vec<u8>> {
    let is_contest = records.iter().any(|record| record.contest.is_some());
    let is_held_out = records.iter().any(|record| record.held_out.is_some());
    let task = |record: &EntityRecord| record.summary.map(|summary| summary.task());
    let mut tasks = records.iter().map(task);
    let is_of_quantities = tasks.any(|task| task == Some(Task::Regression));
    let is_important = records.iter().any(|record| record.importance.is_some());
    let is_present = |column: &&EntityColumn| match column.presence {
        Always | Newer => true,
        Contest => is_contest,
        HeldOut => is_held_out,
        Important => is_important,
        Quantities => is_of_quantities,
    };
    let columns: Vec<&EntityColumn> = COLUMNS.iter().filter(is_present).collect();
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
    for column in COLUMNS.iter() {
        match table.column(column.name) {
            Ok(values) => column.read(values, &mut drafts)?,
            Err(error) if column.presence == Always => return Err(error),
            Err(_) => {}
        }
    }
    share_texts(drafts.iter_mut().filter_map(|draft| draft.file.as_mut()));
    share_texts(
        drafts
            .iter_mut()
            .filter_map(|draft| draft.held_out.as_mut()),
    );
    drafts.into_iter().map(Draft::finish).collect()
}

/// Texts that are the same in a row become one, such as the file of all models of a pack.
fn share_texts<'a>(texts: impl Iterator<Item = &'a mut Arc<str>>) {
    let mut last: Option<Arc<str>> = None;
    for text in texts {
        match &last {
            Some(last) if **last == **text => *text = last.clone(),
            _ => last = Some(text.clone()),
        }
    }
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
            Text(get, _) => Column::new(name, values(records, get)),
            Bytes(get, _) => Column::new(name, values(records, get)),
            Whole32(get, _) => Column::new(name, values(records, get)),
            Whole64(get, _) => Column::new(name, values(records, get)),
            Fraction(get, _) => Column::new(name, values(records, get)),
            Score(position) => Column::new(
                name,
                values(records, |r| r.holdout.as_ref()?.scores[position]),
            ),
            Importance => write_lists(name, values(records, |r| r.importance.as_deref())),
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
            Text(_, set) => take(column.str()?.iter(), drafts, set),
            Bytes(_, set) => take(column.binary()?.iter(), drafts, set),
            Whole32(_, set) => take(column.u32()?.iter(), drafts, set),
            Whole64(_, set) => take(column.u64()?.iter(), drafts, set),
            Fraction(_, set) => take(column.f64()?.iter(), drafts, set),
            Score(position) => take(column.f64()?.iter(), drafts, |draft, score| {
                draft.holdout.scores[position] = Some(score);
            }),
            Importance => take(
                read_lists(column)?.into_iter(),
                drafts,
                |draft, importance| draft.importance = Some(importance),
            ),
        }
        Ok(())
    }
}

/// A column of lists of 32-bit floats.
fn write_lists(name: PlSmallStr, lists: Vec<Option<&[f32]>>) -> Column {
    let values = lists.iter().flatten().map(|list| list.len()).sum();
    let mut builder = ListPrimitiveChunkedBuilder::<Float32Type>::new(
        name,
        lists.len(),
        values,
        DataType::Float32,
    );
    for list in lists {
        builder.append_opt_slice(list);
    }
    builder.finish().into_column()
}

fn read_lists(column: &Column) -> PolarsResult<Vec<Option<Box<[f32]>>>> {
    let no_number = || polars_err!(ComputeError: "an importance is no number");
    let list = |list: Option<Series>| {
        let Some(list) = list else { return Ok(None) };
        let numbers = list.f32()?.iter();
        let numbers = numbers.map(|number| number.ok_or_else(no_number));
        numbers.collect::<PolarsResult<_>>().map(Some)
    };
    let lists = column.list()?;
    (0..lists.len())
        .map(|row| list(lists.get_as_series(row)))
        .collect()
}

impl Draft {
    fn set_status(&mut self, text: &str) {
        let mut all = EntityStatus::ALL.into_iter();
        self.status = all.find(|status| status.name() == text);
    }

    fn set_digest(&mut self, bytes: &[u8]) {
        self.digest = bytes.try_into().ok();
    }

    fn set_holdout_rows(&mut self, rows: u64) {
        self.holdout.rows = rows;
        self.is_held_out = true;
    }

    fn set_winner(&mut self, text: &str) {
        let mut all = Winner::ALL.into_iter();
        let winner = all.find(|winner| winner.name() == text);
        self.contest.get_or_insert_default().winner = winner;
    }

    fn finish(self) -> PolarsResult<EntityRecord> {
        let summary = self.summary();
        let place = match self.file {
            None => None,
            Some(file) => Some(Place {
                file,
                extent: Extent {
                    offset: self.offset,
                    length: self.length,
                    digest: self.digest.ok_or_else(
                        || polars_err!(ComputeError: "a model has no digest of 32 bytes"),
                    )?,
                },
            }),
        };
        let unknown = || polars_err!(ComputeError: "an entity has a status that is not known");
        Ok(EntityRecord {
            key: self.key,
            status: self.status.ok_or_else(unknown)?,
            error: self.error,
            rows: self.rows,
            left_out: self.left_out,
            summary,
            holdout: self.is_held_out.then(|| Box::new(self.holdout)),
            contest: self.contest.map(Box::new),
            importance: self.importance,
            held_out: self.held_out,
            place,
        })
    }

    /// Nothing where a part of it is missing.
    fn summary(&self) -> Option<ModelSummary> {
        Some(ModelSummary {
            classes: self.classes?,
            nodes: self.nodes?,
            depth: self.depth?,
            training_score: self.training_score?,
            fingerprint: self.fingerprint?,
        })
    }
}

/// The table in these bytes, whatever they are; or those of its rows that are `wanted`.
pub(super) fn decode(bytes: Vec<u8>, wanted: Option<Expr>) -> PolarsResult<DataFrame> {
    check_parquet(&mut Cursor::new(&bytes))?;
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
