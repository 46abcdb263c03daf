//! Evaluates the models of a store, each on its own entity's rows.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use super::confidence::ENOUGH_ROWS;
use super::entity_report::{EntityReport, ModelStatus};
use super::fairness::{Fairness, Groups};
use super::report::Report;
use super::standing_out::{largest_gaps, worst};
use crate::cancel::Cancel;
use crate::error::{Error, Result, SpecError, StoreError};
use crate::metrics::{Evaluation, Pool};
use crate::schema::Task;
use crate::score::{Scorer, positive_class};
use crate::source::{DatasetSpec, ReadLimits};
use crate::store::{EntityRecord, Store};
use crate::table::{Column, Input, MemoryBudget, Partition, Query, Table};

/// Evaluates the models of a store on rows that are read as the training data was.
///
/// | name | default | purpose |
/// | --- | --- | --- |
/// | [`group_by`](Self::group_by) | none | columns whose values, all of them together, make the groups to be compared |
/// | [`positive`](Self::positive) | the second of two | the class that is worth having, by which groups are compared; groups of a quantity are compared by its errors |
/// | [`filter`](Self::filter) | that of training | a Polars SQL predicate; only rows for which it holds are evaluated |
/// | [`memory`](Self::memory) | no limit | what the process may take; more rows than fit are an error |
/// | [`limits`](Self::limits) | see [`ReadLimits`] | how much input files may ask for |
/// | [`cancel`](Self::cancel) | never | a request to stop |
///
/// ```
/// use per_entity::store::MemoryDirectory;
/// use per_entity::evaluate::Evaluator;
/// use per_entity::metrics::Metric;
/// use per_entity::{CartTrainer, DatasetSpec, Store, Training};
/// use polars::prelude::*;
///
/// let frame = df!(
///     "store" => ["A", "A", "B", "B"],
///     "hour" => [9, 17, 9, 17],
///     "busy" => ["no", "yes", "no", "no"],
/// ).unwrap();
/// let directory = MemoryDirectory::new();
/// let spec = DatasetSpec::new(["store"], "busy");
/// Training::new(spec, CartTrainer::default()).run(frame.clone(), &directory)?;
///
/// let report = Evaluator::new(Store::open(&directory)?).run(frame)?;
/// assert_eq!(Metric::Accuracy.of(&report.overall.micro), Some(1.0));
/// # Ok::<(), per_entity::Error>(())
/// ```
pub struct Evaluator {
    store: Store,
    group_by: Vec<String>,
    positive: Option<String>,
    filter: Option<String>,
    limits: ReadLimits,
    memory: Option<MemoryBudget>,
    cancel: Cancel,
}

impl Evaluator {
    /// Evaluates a store's generation with the defaults of the table above.
    pub fn new(store: Store) -> Self {
        Self {
            filter: store.generation().run.dataset.predicate.clone(),
            store,
            group_by: Vec::new(),
            positive: None,
            limits: ReadLimits::default(),
            memory: None,
            cancel: Cancel::new(),
        }
    }

    /// Sets the columns to group by.
    #[must_use]
    pub fn group_by(mut self, columns: Vec<String>) -> Self {
        self.group_by = columns;
        self
    }

    /// Sets the class that groups are compared by.
    #[must_use]
    pub fn positive(mut self, class: impl Into<Option<String>>) -> Self {
        self.positive = class.into();
        self
    }

    /// Sets which rows are evaluated; `true` is all.
    #[must_use]
    pub fn filter(mut self, predicate: impl Into<String>) -> Self {
        self.filter = Some(predicate.into());
        self
    }

    /// Sets how much input files may ask for.
    #[must_use]
    pub fn limits(mut self, limits: ReadLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets how much memory the process may take.
    #[must_use]
    pub fn memory(mut self, budget: impl Into<Option<MemoryBudget>>) -> Self {
        self.memory = budget.into();
        self
    }

    /// Sets the request to stop that reading heeds.
    #[must_use]
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.cancel = cancel;
        self
    }

    /// How input files are to be opened: as those of training were.
    pub fn spec(&self) -> DatasetSpec {
        let run = &self.store.generation().run;
        DatasetSpec {
            predicate: self.filter.clone(),
            limits: self.limits,
            ..run
                .dataset
                .as_trained(&run.features, &run.columns, run.task)
        }
    }

    /// Evaluates every entity's model on its rows. A damaged model is not an error but a
    /// [`ModelStatus`].
    ///
    /// # Errors
    ///
    /// [`SpecError`] for a feature that is missing or of another type than at training, and for a
    /// positive class that is not one of the classes, is not given where there are more than two,
    /// or is given where the target is a quantity, and for more rows than the memory holds;
    /// [`Error::NoRows`] for an input without any; and those of a store that cannot be read.
    pub fn run(&self, input: impl Into<Input>) -> Result<Report> {
        let input = input.into();
        let query = Query::as_trained(&input, &self.spec(), &self.group_by)?;
        if let Some(memory) = self.memory {
            memory.check_rows(&input, &query, 1)?;
        }
        let table = Table::load_query(&input, &query, &self.cancel)?;
        // Sums do not follow the order of the input.
        self.assess(&table.in_value_order())
    }

    fn assess(&self, table: &Table) -> Result<Report> {
        let classes = &self.store.generation().run.classes;
        let assessment = Assessment {
            store: &self.store,
            table,
            scorer: &Scorer::new(table, classes),
            no_groups: self.no_groups(table.task(), classes)?,
        };
        let records = self.store.records()?.into_iter();
        let records: HashMap<String, EntityRecord> =
            records.map(|record| (record.key.clone(), record)).collect();
        let partitions: Vec<Partition> = table.partitions().collect();
        let assessed: Vec<Assessed> = partitions
            .par_iter()
            .map(|partition| assessment.entity(partition, records.get(partition.key())))
            .collect();
        let mut report = assessment.sum_up(assessed, classes)?;
        report.group_by.clone_from(&self.group_by);
        Ok(report)
    }

    /// How groups are compared, where they are to be.
    fn no_groups(&self, task: Task, classes: &[String]) -> Result<Option<Groups>> {
        match (task, &self.positive) {
            _ if self.group_by.is_empty() => Ok(None),
            (Task::Classification, _) => Ok(Some(Groups::by_class(positive_class(
                self.positive.as_deref(),
                classes,
            )?))),
            (Task::Regression, None) => Ok(Some(Groups::by_errors())),
            (Task::Regression, Some(class)) => Err(SpecError::PositiveQuantity {
                class: class.clone(),
            }
            .into()),
        }
    }
}

/// The models of a store on the rows of a table.
struct Assessment<'a> {
    store: &'a Store,
    table: &'a Table,
    scorer: &'a Scorer<'a>,
    /// How groups are compared, where they are.
    no_groups: Option<Groups>,
}

struct Assessed {
    report: EntityReport,
    evaluation: Option<Evaluation>,
    groups: Option<Groups>,
}

impl Assessment<'_> {
    fn entity(&self, partition: &Partition, record: Option<&EntityRecord>) -> Assessed {
        let mut groups = self.no_groups.clone();
        let result = match record {
            None => Err(ModelStatus::Unknown),
            Some(record) => self.score(partition, record, groups.as_mut()),
        };
        let (model, evaluation) = match result {
            Ok(evaluation) => (ModelStatus::Evaluated, Some(evaluation)),
            Err(status) => (status, None),
        };
        let groups = groups.filter(|_| evaluation.is_some());
        let classes = evaluation.as_ref().and_then(Evaluation::as_classification);
        let are_enough = partition.rows() as u64 >= ENOUGH_ROWS;
        Assessed {
            report: EntityReport {
                key: partition.key().to_owned(),
                rows: partition.rows() as u64,
                model,
                metrics: evaluation.as_ref().map(Evaluation::metrics),
                confusion: classes.map(|classes| classes.confusion().clone()),
                calibration: classes
                    .filter(|_| are_enough)
                    .map(|classes| classes.calibration()),
                fairness: groups.as_ref().map(|groups| self.fairness(groups)),
            },
            evaluation,
            groups,
        }
    }

    /// Evaluates a model, and adds its rows to their groups.
    fn score(
        &self,
        partition: &Partition,
        record: &EntityRecord,
        mut groups: Option<&mut Groups>,
    ) -> std::result::Result<Evaluation, ModelStatus> {
        let damaged = |error: Error| ModelStatus::Damaged(error.to_string());
        let model = self.store.model_of(record).map_err(|error| match error {
            Error::Store(StoreError::NoModel { reason, .. }) => ModelStatus::Missing(reason),
            error => damaged(error),
        })?;
        let add = |row, prediction| {
            if let Some(groups) = &mut groups {
                groups.push(self.group_of(row), prediction);
            }
        };
        self.scorer
            .bind(&model)
            .and_then(|model| self.scorer.evaluate(&model, partition.range(), add))
            .map_err(damaged)
    }

    fn group_of(&self, row: usize) -> Vec<u32> {
        let code = |column: &Column| match column {
            Column::Categories { codes, .. } => codes.get(row),
            Column::Numbers(_) => 0,
        };
        self.table.carried().iter().map(code).collect()
    }

    fn fairness(&self, groups: &Groups) -> Fairness {
        let text = |(column, &code): (&Column, &u32)| match column {
            Column::Categories { dictionary, .. } => dictionary[code as usize].clone(),
            Column::Numbers(_) => String::new(),
        };
        let carried = self.table.carried();
        groups.fairness(|group| carried.iter().zip(group).map(text).collect())
    }

    fn sum_up(&self, assessed: Vec<Assessed>, classes: &[String]) -> Result<Report> {
        let task = self.table.task();
        let mut pool = match task {
            Task::Classification => Pool::classification(classes.len()),
            Task::Regression => Pool::regression(),
        };
        let mut groups = self.no_groups.clone();
        let mut entities = Vec::with_capacity(assessed.len());
        for entity in assessed {
            if let (Some(evaluation), Some(metrics)) = (&entity.evaluation, &entity.report.metrics)
            {
                pool.add(evaluation, metrics)?;
            }
            if let (Some(groups), Some(more)) = (&mut groups, &entity.groups) {
                groups.merge(more);
            }
            entities.push(entity.report);
        }
        let overall = pool.overall();
        let rows = pool.evaluation().rows();
        let of_classes = pool.evaluation().as_classification();
        let positive = groups.as_ref().and_then(Groups::positive);
        Ok(Report {
            task,
            classes: classes.to_vec(),
            group_by: Vec::new(),
            positive: positive.map(|class| classes[class].clone()),
            rows,
            rows_without_model: self.table.rows() as u64 - rows,
            left_out: self.table.left_out().clone(),
            unseen_targets: self.unseen_targets(),
            worst: worst(&entities, &overall.micro),
            largest_gaps: largest_gaps(&entities),
            overall,
            confusion: of_classes.map(|rows| rows.confusion().clone()),
            calibration: of_classes.map(|rows| rows.calibration()),
            fairness: groups.as_ref().map(|groups| self.fairness(groups)),
            entities,
        })
    }

    /// Nothing of a quantity.
    fn unseen_targets(&self) -> Option<BTreeMap<String, u64>> {
        let labels = self.table.target().labels()?;
        let mut unseen = BTreeMap::new();
        for row in 0..self.table.rows() {
            if self.scorer.truth(row).is_none() {
                let class = labels.get(row) as usize;
                let class = self.table.classes()[class].clone();
                *unseen.entry(class).or_default() += 1;
            }
        }
        Some(unseen)
    }
}
