//! How good every model of a store is on some rows.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use polars::prelude::LazyFrame;
use rayon::prelude::*;
use serde::Serialize;

use super::judge::Judge;
use super::{
    ConfusionMatrix, Disparity, Evaluation, GroupCounts, Metrics, Overall, Pool, wilson_interval,
};
use crate::dataset::{Column, LeftOut, Partition, Query, Table};
use crate::store::{EntityRecord, Store};
use crate::{Error, Result};

/// An entity stands out only with at least so many rows, and a group only counts then.
pub const ENOUGH_ROWS: u64 = 30;

/// Entities that stand out, by each measure.
const STANDING_OUT: usize = 3;

/// Standard normal deviates of an interval with a confidence of 95 %.
const DEVIATES: f64 = 1.959_963_984_540_054;

/// What is to be evaluated besides the predictions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvaluateOptions {
    /// Columns whose values, all of them together, make the groups to be compared; empty for no
    /// comparison.
    pub group_by: Vec<String>,
    /// The class that is worth having; by default the second of two.
    pub positive: Option<String>,
}

/// How good the models are, per entity and together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The classes, in the order of all figures by class.
    pub classes: Vec<String>,
    /// The columns that groups are made by.
    pub group_by: Vec<String>,
    /// The class that groups are compared by.
    pub positive: Option<String>,
    /// Rows of entities with a model: those of all figures.
    pub rows: u64,
    /// Rows of entities without one.
    pub rows_without_model: u64,
    /// Rows left out before, by reason.
    pub left_out: LeftOut,
    /// Target values that training did not see, each with its rows; they count as wrong.
    pub unseen_targets: BTreeMap<String, u64>,
    /// All entities of the input, sorted by key.
    pub entities: Vec<EntityReport>,
    /// All entities together.
    pub overall: Overall,
    /// The confusion matrix of all rows.
    pub confusion: ConfusionMatrix,
    /// The groups over all entities.
    pub fairness: Option<Fairness>,
    /// The entities of the lowest accuracy, worst first: of those with enough rows and an accuracy
    /// below that of all rows.
    pub worst: Vec<Worst>,
    /// The entities of the largest parity gap between groups with enough rows, largest first.
    pub largest_gaps: Vec<Gap>,
}

/// How good the model of one entity is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EntityReport {
    /// The key.
    pub key: String,
    /// Rows of the input.
    pub rows: u64,
    /// Whether it has a model.
    pub model: ModelStatus,
    /// The figures, where there is a model.
    pub metrics: Option<Metrics>,
    /// The counts behind them.
    pub confusion: Option<ConfusionMatrix>,
    /// The groups, where some were asked for.
    pub fairness: Option<Fairness>,
}

/// Whether an entity could be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "status", content = "reason")]
pub enum ModelStatus {
    /// It was.
    Evaluated,
    /// The store does not know it.
    Unknown,
    /// It was skipped or failed at training, for this reason.
    Missing(String),
    /// Its model cannot be read, for this reason.
    Damaged(String),
}

/// The groups of some rows, and how far apart they are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fairness {
    /// The groups, sorted by their values.
    pub groups: Vec<Group>,
    /// How far apart they are.
    pub disparity: Disparity,
}

/// One group's rates. See the methods of the same names of [`GroupCounts`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// One value for each column that groups are made by.
    pub values: Vec<String>,
    /// Its rows.
    pub rows: u64,
    /// The share of rows predicted as positive.
    pub selection_rate: Option<f64>,
    /// The share of positive rows predicted as positive.
    pub true_positive_rate: Option<f64>,
    /// The share of other rows predicted as positive.
    pub false_positive_rate: Option<f64>,
    /// The share of rows whose class was predicted.
    pub accuracy: Option<f64>,
    /// What the rates are made of.
    pub counts: GroupCounts,
}

/// An entity of low accuracy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Worst {
    /// The key.
    pub key: String,
    /// Rows of the input.
    pub rows: u64,
    /// The share of them that was predicted.
    pub accuracy: f64,
    /// The lower end of the accuracy's 95 % interval, after Wilson.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// An entity whose groups are far apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gap {
    /// The key.
    pub key: String,
    /// The demographic parity difference of its groups with enough rows.
    pub difference: f64,
    /// The group that is predicted as positive most often.
    pub most: Vec<String>,
    /// The group that is least often.
    pub least: Vec<String>,
}

/// Evaluates the models of a store on the rows of a lazy frame, read as the training data was,
/// filter included.
///
/// ```no_run
/// use per_entity::evaluate::evaluate;
/// use per_entity::store::Store;
/// use polars::prelude::*;
///
/// let frame = LazyFrame::scan_parquet(PlRefPath::new("test.parquet"), Default::default()).unwrap();
/// let report = evaluate(&Store::open("models")?, frame)?;
/// println!("{:?}", report.overall.micro.accuracy);
/// # Ok::<(), per_entity::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::UnknownColumn`] and [`Error::UnsupportedType`] for a feature that is missing or of
/// another type than at training, [`Error::NoRows`] for an empty frame, and those of a store that
/// cannot be read. A damaged model is no error but a [`ModelStatus`].
pub fn evaluate(store: &Store, frame: LazyFrame) -> Result<Report> {
    let run = &store.generation().run;
    let query = Query::from_frame(frame, &run.dataset.as_trained(&run.features))?;
    query.check_types(&run.features)?;
    let table = Table::collect(&query, &Arc::new(AtomicBool::new(false)))?;
    evaluate_table(store, &table, &EvaluateOptions::default())
}

/// Evaluates the models of a store on the rows of a table, which carries the columns to group by.
///
/// # Errors
///
/// [`Error::Spec`] for a positive class that is not one of the classes or is not given where there
/// are more than two, [`Error::BadStore`] for a table of entities that cannot be read.
pub fn evaluate_table(store: &Store, table: &Table, options: &EvaluateOptions) -> Result<Report> {
    let classes = &store.generation().run.classes;
    let positive = positive_class(classes, options)?;
    let judge = Judge::new(table, classes);
    let records: HashMap<String, EntityRecord> = store
        .records()?
        .into_iter()
        .map(|record| (record.key.clone(), record))
        .collect();
    let evaluator = Evaluator {
        store,
        table,
        judge: &judge,
        positive,
    };
    let partitions: Vec<Partition> = table.partitions().collect();
    let evaluated: Vec<Evaluated> = partitions
        .par_iter()
        .map(|partition| evaluator.evaluate(partition, records.get(partition.key())))
        .collect::<Result<_>>()?;

    let mut pool = Pool::new(classes.len());
    let mut confusion = ConfusionMatrix::new(classes.len());
    let mut groups = Groups::new();
    let mut entities = Vec::with_capacity(evaluated.len());
    for entity in evaluated {
        if let (Some(evaluation), Some(metrics)) = (&entity.evaluation, &entity.report.metrics) {
            pool.add(evaluation, metrics)?;
            confusion.merge(evaluation.confusion())?;
        }
        for (values, counts) in entity.groups {
            groups.entry(values).or_default().merge(&counts);
        }
        entities.push(entity.report);
    }
    let rows = confusion.total();
    let mut report = Report {
        classes: classes.clone(),
        group_by: options.group_by.clone(),
        positive: positive.map(|class| classes[class].clone()),
        rows,
        rows_without_model: table.rows() as u64 - rows,
        left_out: table.left_out(),
        unseen_targets: unseen_targets(table, &judge),
        overall: pool.overall(),
        confusion,
        fairness: positive.map(|_| Fairness::of(table, &groups)),
        worst: Vec::new(),
        largest_gaps: Vec::new(),
        entities,
    };
    report.worst = worst(&report.entities, report.confusion.accuracy());
    report.largest_gaps = largest_gaps(&report.entities);
    Ok(report)
}

impl Report {
    /// Entities whose model is damaged, each with what is wrong.
    pub fn damaged(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entities
            .iter()
            .filter_map(|entity| match &entity.model {
                ModelStatus::Damaged(reason) => Some((entity.key.as_str(), reason.as_str())),
                _ => None,
            })
    }

    /// The number of entities without a model, damaged ones included.
    pub fn without_model(&self) -> usize {
        let evaluated = |entity: &&EntityReport| entity.model != ModelStatus::Evaluated;
        self.entities.iter().filter(evaluated).count()
    }
}

/// The positive class, where groups are to be compared.
fn positive_class(classes: &[String], options: &EvaluateOptions) -> Result<Option<usize>> {
    if options.group_by.is_empty() {
        return Ok(None);
    }
    let known = || format!("the classes are '{}'", classes.join("', '"));
    match (&options.positive, classes) {
        (Some(positive), _) => match classes.iter().position(|class| class == positive) {
            Some(class) => Ok(Some(class)),
            None => Err(Error::Spec(format!(
                "--positive '{positive}' is not a class of these models; {}",
                known()
            ))),
        },
        (None, [_, _]) => Ok(Some(1)),
        (None, _) => Err(Error::Spec(format!(
            "--group-by compares groups on one class; say --positive CLASS: {}",
            known()
        ))),
    }
}

/// Counts by the codes of the columns carried.
type Groups = BTreeMap<Vec<u32>, GroupCounts>;

struct Evaluator<'a> {
    store: &'a Store,
    table: &'a Table,
    judge: &'a Judge<'a>,
    positive: Option<usize>,
}

struct Evaluated {
    report: EntityReport,
    evaluation: Option<Evaluation>,
    groups: Groups,
}

impl Evaluator<'_> {
    fn evaluate(&self, partition: &Partition, record: Option<&EntityRecord>) -> Result<Evaluated> {
        let mut groups = Groups::new();
        let result = match record {
            None => Err(ModelStatus::Unknown),
            Some(record) => self.predict(partition, record, &mut groups),
        };
        let (model, evaluation) = match result {
            Ok(evaluation) => (ModelStatus::Evaluated, Some(evaluation)),
            Err(status) => (status, None),
        };
        let fairness = evaluation.as_ref().and(self.positive);
        Ok(Evaluated {
            report: EntityReport {
                key: partition.key().to_owned(),
                rows: partition.rows() as u64,
                model,
                metrics: evaluation.as_ref().map(Evaluation::metrics),
                confusion: evaluation.as_ref().map(|e| e.confusion().clone()),
                fairness: fairness.map(|_| Fairness::of(self.table, &groups)),
            },
            evaluation,
            groups,
        })
    }

    fn predict(
        &self,
        partition: &Partition,
        record: &EntityRecord,
        groups: &mut Groups,
    ) -> std::result::Result<Evaluation, ModelStatus> {
        let damaged = |error: Error| ModelStatus::Damaged(error.to_string());
        let model = self.store.model_of(record).map_err(|error| match error {
            Error::NoModel { reason, .. } => ModelStatus::Missing(reason),
            error => damaged(error),
        })?;
        let count = |row, predicted| {
            if let Some(positive) = self.positive {
                let counts = groups.entry(group_of(self.table, row)).or_default();
                counts.push(self.judge.truth(row), predicted, positive);
            }
        };
        self.judge
            .bind(&model)
            .and_then(|model| self.judge.evaluate(&model, partition.range(), count))
            .map_err(damaged)
    }
}

fn group_of(table: &Table, row: usize) -> Vec<u32> {
    let code = |column: &Column| match column {
        Column::Categories { codes, .. } => codes.get(row),
        Column::Numbers(_) => 0,
    };
    table.carried().iter().map(code).collect()
}

impl Fairness {
    fn of(table: &Table, groups: &Groups) -> Self {
        let text = |(column, &code): (&Column, &u32)| match column {
            Column::Categories { dictionary, .. } => dictionary[code as usize].clone(),
            Column::Numbers(_) => String::new(),
        };
        Self {
            groups: groups
                .iter()
                .map(|(codes, counts)| Group {
                    values: table.carried().iter().zip(codes).map(text).collect(),
                    rows: counts.rows(),
                    selection_rate: counts.selection_rate(),
                    true_positive_rate: counts.true_positive_rate(),
                    false_positive_rate: counts.false_positive_rate(),
                    accuracy: counts.accuracy(),
                    counts: *counts,
                })
                .collect(),
            disparity: Disparity::between_groups(groups.values()),
        }
    }

    /// The groups of the highest and the lowest selection rate among those with enough rows.
    fn extremes(&self) -> Option<(&Group, &Group)> {
        let rate = |group: &&Group| group.selection_rate.unwrap_or_default();
        let enough = || self.groups.iter().filter(|group| group.rows >= ENOUGH_ROWS);
        let most = enough().max_by(|a, b| rate(a).total_cmp(&rate(b)))?;
        let least = enough().min_by(|a, b| rate(a).total_cmp(&rate(b)))?;
        Some((most, least))
    }
}

fn unseen_targets(table: &Table, judge: &Judge) -> BTreeMap<String, u64> {
    let mut unseen = BTreeMap::new();
    for row in 0..table.rows() {
        if judge.truth(row).is_none() {
            let class = table.labels().get(row) as usize;
            *unseen.entry(table.classes()[class].clone()).or_default() += 1;
        }
    }
    unseen
}

/// `overall` is the accuracy that an entity must be below to stand out.
fn worst(entities: &[EntityReport], overall: Option<f64>) -> Vec<Worst> {
    let mut worst: Vec<Worst> = entities
        .iter()
        .filter(|entity| entity.rows >= ENOUGH_ROWS)
        .filter_map(|entity| {
            let confusion = entity.confusion.as_ref()?;
            let (low, high) = wilson_interval(confusion.correct(), confusion.total(), DEVIATES);
            Some(Worst {
                key: entity.key.clone(),
                rows: entity.rows,
                accuracy: confusion.accuracy()?,
                low,
                high,
            })
        })
        .filter(|worst| Some(worst.accuracy) < overall)
        .collect();
    worst.sort_by(|a, b| a.accuracy.total_cmp(&b.accuracy));
    worst.truncate(STANDING_OUT);
    worst
}

fn largest_gaps(entities: &[EntityReport]) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = entities
        .iter()
        .filter_map(|entity| {
            let (most, least) = entity.fairness.as_ref()?.extremes()?;
            Some(Gap {
                key: entity.key.clone(),
                difference: most.selection_rate? - least.selection_rate?,
                most: most.values.clone(),
                least: least.values.clone(),
            })
        })
        .filter(|gap| gap.difference > 0.0)
        .collect();
    gaps.sort_by(|a, b| b.difference.total_cmp(&a.difference));
    gaps.truncate(STANDING_OUT);
    gaps
}
