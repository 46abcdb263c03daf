//! What is settled once for all parts of a run.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::cancel::Cancel;
use crate::error::{ClusterError, Error, Result};
use crate::model::SharedModel;
use crate::schema::{
    ColumnSchema, Feature, Holdout, HoldoutKind, KeyOrder, KeyType, LeftOut, Task,
};
use crate::source::DatasetSpec;
use crate::store::Run;
use crate::table::{Input, MemoryBudget, MemoryLimit, Query, ScratchFolder};
use crate::train::decision::DecisionRule;
use crate::train::rows::Rows;
use crate::train::session::Session;
use crate::train::specification::TrainingSpec;
use crate::train::trainer::Trainer;

/// What a file of a plan begins with; the digest of all behind it follows.
const MAGIC: &[u8] = b"per-entity plan\n";

const VERSION: u64 = 1;

/// Bytes of a digest.
const DIGEST: usize = 32;

/// What is settled once for all parts of a run: what columns are taken for, the classes, the order of
/// keys, all settings, and what the entities share.
///
/// ```
/// use per_entity::train::TrainingSpec;
/// use per_entity::train::cluster::{Commit, Plan, Planner, Worker};
/// use per_entity::store::MemoryDirectory;
/// use per_entity::{Cancel, DatasetSpec, Store};
/// use polars::prelude::*;
///
/// let a = df!("store" => ["A", "A"], "hour" => [9, 17], "busy" => ["no", "yes"])?;
/// let b = df!("store" => ["B", "B"], "hour" => [9, 17], "busy" => ["yes", "no"])?;
///
/// let spec = TrainingSpec::from(DatasetSpec::new(["store"], "busy"));
/// let plan = Planner::new(spec).plan(a.clone())?.to_bytes();
///
/// // On any machine, in any order, perhaps more than once:
/// let mut outcomes = Vec::new();
/// for (part, rows) in [("0", a), ("1", b)] {
///     let worker = Worker::new(Plan::from_bytes(&plan)?, part)?;
///     worker.run(rows, |frame| Ok(outcomes.push(frame)))?;
/// }
///
/// let models = MemoryDirectory::new();
/// Commit::new(Plan::from_bytes(&plan)?).rows(4).run(outcomes, &models)?;
/// assert_eq!(Store::open(&models)?.generation().trained, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    content: Content,
    digest: [u8; DIGEST],
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    version: u64,
    /// The specification, in TOML.
    specification: String,
    inputs: Vec<String>,
    features: Vec<Feature>,
    columns: Vec<ColumnSchema>,
    key: Vec<KeyType>,
    task: Task,
    target_is_integer: bool,
    classes: Vec<String>,
    /// What all entities share, as a store has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shared: Option<ByteBuf>,
}

impl Plan {
    /// The bytes of a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let content = self.content.encode();
        [MAGIC, &self.digest, &content].concat()
    }

    /// The plan in these bytes.
    ///
    /// # Errors
    ///
    /// [`ClusterError::NotAPlan`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let bad = |problem: &str| ClusterError::NotAPlan(problem.to_owned());
        let digested = bytes.strip_prefix(MAGIC);
        let digested = digested.ok_or_else(|| bad("it does not begin as one"))?;
        let (digest, content) = digested
            .split_first_chunk::<DIGEST>()
            .ok_or_else(|| bad("it is cut off"))?;
        if blake3::hash(content).as_bytes() != digest {
            return Err(bad("its digest does not match: it is damaged or cut off").into());
        }
        let content: Content =
            ciborium::from_reader(content).map_err(|error| bad(&error.to_string()))?;
        if content.version != VERSION {
            return Err(bad("it is of another version").into());
        }
        Ok(Self {
            content,
            digest: *digest,
        })
    }

    /// The specification of the run.
    ///
    /// # Errors
    ///
    /// As [`TrainingSpec::from_toml`].
    pub fn specification(&self) -> Result<TrainingSpec> {
        TrainingSpec::from_toml(&self.content.specification)
    }

    /// All classes; none of a quantity.
    pub fn classes(&self) -> &[String] {
        &self.content.classes
    }

    /// Whether targets are classes or a quantity.
    pub fn task(&self) -> Task {
        self.content.task
    }

    /// The features, in their order.
    pub fn features(&self) -> &[Feature] {
        &self.content.features
    }

    /// What the digest of the plan is: outcomes tell by it which plan they are of.
    pub fn digest(&self) -> &[u8; DIGEST] {
        &self.digest
    }

    pub(super) fn key_order(&self) -> KeyOrder {
        KeyOrder(self.content.key.clone())
    }

    /// The query for the rows of a part: its features are those of the plan, whatever else the part
    /// has, and its columns are taken for what the plan says.
    pub(super) fn query(&self, spec: &TrainingSpec, input: &Input) -> Result<Query> {
        let content = &self.content;
        let features = content.features.iter();
        let dataset = DatasetSpec {
            features: features.map(|feature| feature.name.clone()).collect(),
            ignore: Vec::new(),
            ..spec.dataset.clone()
        };
        let known = (
            content.features.as_slice(),
            content.columns.as_slice(),
            Some(content.task),
        );
        let query = Query::new_updating(input, &dataset, spec.train.holdout.as_ref(), known)?;
        let pairs = || query.features().iter().zip(&content.features);
        let is_same = query.features().len() == content.features.len()
            && pairs().all(|(found, planned)| found.is_like(planned));
        match is_same {
            true => Ok(query),
            false => Err(Error::Defect(
                "a part has other features than its plan".into(),
            )),
        }
    }

    /// What all entities share.
    pub(super) fn shared(&self) -> Result<Option<SharedModel>> {
        let shared = self.content.shared.as_ref();
        shared.map(|bytes| SharedModel::decode(bytes)).transpose()
    }

    /// What a generation notes of the run.
    pub(super) fn run(
        &self,
        spec: &TrainingSpec,
        trainer: &dyn Trainer,
        (rows_read, left_out): (u64, LeftOut),
    ) -> Run {
        let content = &self.content;
        Run {
            inputs: content.inputs.clone(),
            command: Vec::new(),
            dataset: spec.dataset.clone(),
            features: content.features.clone(),
            columns: content.columns.clone(),
            task: content.task,
            target_is_integer: content.target_is_integer,
            classes: content.classes.clone(),
            trainer: trainer.description(),
            min_rows: spec.train.min_rows,
            settings: serde_json::json!(spec.train),
            rows_read,
            left_out,
            holdout: None,
            decision: None,
            importance: spec.train.importance,
            contest: None,
        }
    }
}

impl Content {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        ciborium::into_writer(self, &mut bytes).expect("a vector takes all that is written");
        bytes
    }
}

/// Settles what is global of a run, by its rows or a sample of them.
///
/// | name | default | purpose |
/// | --- | --- | --- |
/// | [`classes`](Self::classes) | those of the rows | all classes, where the rows are a sample |
/// | [`cancel`](Self::cancel) | never | a request to stop |
///
/// What columns are taken for follows from the rows given, so of files of text they should be all of
/// them, and of typed files and frames a sample will do, or no row at all where the classes are told
/// or the target is said to be a quantity. What the entities share is trained on the rows given.
pub struct Planner {
    spec: TrainingSpec,
    classes: Option<Vec<String>>,
    cancel: Cancel,
}

impl Planner {
    /// For a run by a specification.
    pub fn new(spec: TrainingSpec) -> Self {
        Self {
            spec,
            classes: None,
            cancel: Cancel::new(),
        }
    }

    /// Sets all classes of the target, in any order.
    #[must_use]
    pub fn classes(mut self, classes: impl Into<Option<Vec<String>>>) -> Self {
        self.classes = classes.into();
        self
    }

    /// Sets the request to stop that is heeded.
    #[must_use]
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.cancel = cancel;
        self
    }

    /// The plan for a run on these rows, or on all of which they are a sample.
    ///
    /// # Errors
    ///
    /// [`ClusterError::NotInParts`] for what needs all rows at once; else as
    /// [`Training::run`](crate::Training::run) does before any entity is trained.
    pub fn plan(&self, input: impl Into<Input>) -> Result<Plan> {
        let input = input.into();
        self.check()?;
        let training = self.spec.training()?.cancel(self.cancel.clone());
        training.check()?;
        input.check_declared(&self.spec.dataset)?;
        let holdout = self.spec.train.holdout.as_ref();
        let query = Query::new_holding_out(&input, &self.spec.dataset, holdout)?;
        let limit = memory_limit(&self.spec)?;
        let mut rows = Rows::load_any(&input, &query, limit.as_ref(), &self.cancel)?;
        let (task, _) = rows.task();
        let is_settled = self.classes.is_some() || query.declared_task() == Some(Task::Regression);
        if rows.count() == 0 && (training.trainer.is_shared() || !is_settled) {
            return Err(Error::NoRows(rows.left_out().describe()));
        }
        if let Some(classes) = &self.classes {
            let classes = self.all_classes(classes, &rows, &query)?;
            rows = rows.among(&classes);
        }
        training.trainer.check(task, rows.classes())?;
        let rule = DecisionRule::of(&self.spec.train, task, rows.classes())?;
        let session = Session {
            trainer: &*training.trainer,
            settings: &self.spec.train,
            cancel: &self.cancel,
            query: &query,
            rows: &rows,
            rule: rule.as_ref(),
            base: None,
        };
        let prepared = self
            .spec
            .train
            .thread_pool()?
            .install(|| session.prepare())?;
        let shared = prepared.map(|prepared| {
            let mut bytes = Vec::new();
            prepared.shared.encode(&mut bytes);
            bytes.into()
        });
        let content = Content {
            version: VERSION,
            specification: self.spec.to_toml()?,
            inputs: input.paths(),
            features: query.features().to_vec(),
            columns: query.columns_taken(task),
            key: query.key_order().0,
            task,
            target_is_integer: task == Task::Classification && query.has_numeric_target(),
            classes: rows.classes().to_vec(),
            shared,
        };
        let digest = *blake3::hash(&content.encode()).as_bytes();
        Ok(Plan { content, digest })
    }

    /// Refuses what a part cannot do by itself.
    fn check(&self) -> Result<()> {
        let train = &self.spec.train;
        let what = if train.pooled {
            "a model of all entities"
        } else if train.parents {
            "models of parents"
        } else if train.update.is_some() {
            "an update of a store"
        } else {
            match train.holdout.as_ref().map(|Holdout(kind)| kind) {
                Some(HoldoutKind::Drawn { by: None, .. }) => {
                    "a holdout drawn row by row, for the order of the rows would matter: draw by a column, or hold out by time or by a predicate; it"
                }
                Some(HoldoutKind::Last { .. }) => {
                    "a holdout of the last span of time: say from which time on; it"
                }
                _ => return Ok(()),
            }
        };
        Err(ClusterError::NotInParts(what).into())
    }

    /// The classes given, in the order of classes.
    fn all_classes(&self, given: &[String], rows: &Rows, query: &Query) -> Result<Vec<String>> {
        let order = KeyOrder(vec![match query.has_numeric_target() {
            true => KeyType::Integer,
            false => KeyType::Text,
        }]);
        let mut classes = given.to_vec();
        classes.sort_by(|one, other| order.compare(one, other));
        classes.dedup();
        check_planned(rows.classes(), &classes)?;
        Ok(classes)
    }
}

/// Whether all classes of some rows are among those of the plan.
pub(super) fn check_planned(found: &[String], planned: &[String]) -> Result<()> {
    let is_planned = |class: &&String| planned.contains(class);
    match found.iter().find(|class| !is_planned(class)) {
        None => Ok(()),
        Some(class) => Err(ClusterError::UnplannedClass(class.clone()).into()),
    }
}

/// The memory that rows may take.
pub(super) fn memory_limit(spec: &TrainingSpec) -> Result<Option<MemoryLimit>> {
    let budget = spec.train.memory_limit.map(MemoryBudget::new).transpose()?;
    Ok(budget.map(|budget| MemoryLimit::new(budget, ScratchFolder::temporary())))
}
