//! The arguments that say on what and how models are trained, wherever they go.

use std::num::NonZeroUsize;

use clap::ValueEnum;
use per_entity::schema::ImportanceKind;
use per_entity::train::TrainingSpec;

use super::dataset_arguments::DatasetArguments;
use super::decision_arguments::DecisionArguments;
use super::error::CliError;
use super::holdout_arguments::HoldoutArguments;
use super::tree_arguments::TreeArguments;

#[derive(clap::Args)]
pub struct TrainingArguments {
    #[command(flatten)]
    pub dataset: DatasetArguments,

    /// Entities with fewer rows are skipped [default: 1]
    #[arg(long, value_name = "ROWS")]
    min_rows: Option<usize>,

    /// Also train one model on all entities, with the key as a feature; it can answer for entities
    /// without a model of their own
    #[arg(long)]
    pooled: bool,

    /// Also train a model for all entities with the same first values of a composite key: of
    /// country,store, one for each country; it can answer for stores without a model of their own
    #[arg(long)]
    parents: bool,

    /// How many models share a file [default: 1 for up to 1,000 entities, else packs of 64 MiB]
    #[arg(long, value_name = "MODELS")]
    models_per_file: Option<NonZeroUsize>,

    /// Threads that train [default: all cores]; Polars reads with POLARS_MAX_THREADS
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,

    #[command(flatten)]
    holdout: HoldoutArguments,

    #[command(flatten)]
    decision: DecisionArguments,

    /// Note how much each feature matters to each entity's model; `inspect --importance` tells it
    #[arg(long, value_enum, value_name = "KIND")]
    importance: Option<ImportanceArgument>,

    #[command(flatten)]
    tree: TreeArguments,
}

#[derive(Clone, Copy, ValueEnum)]
enum ImportanceArgument {
    /// Shares in the decrease of impurity by the splits
    Impurity,
    /// How much worse the model is on rows held out where a feature's values are shuffled
    Permutation,
}

impl From<ImportanceArgument> for ImportanceKind {
    fn from(importance: ImportanceArgument) -> Self {
        match importance {
            ImportanceArgument::Impurity => Self::Impurity,
            ImportanceArgument::Permutation => Self::Permutation,
        }
    }
}

impl TrainingArguments {
    /// What the specification says of the run, and what the flags say otherwise.
    pub fn spec(&self) -> Result<TrainingSpec, CliError> {
        let mut spec = self.dataset.spec()?;
        let train = &mut spec.train;
        train.min_rows = self.min_rows.unwrap_or(train.min_rows);
        train.pooled |= self.pooled;
        train.parents |= self.parents;
        if self.models_per_file.is_some() {
            train.models_per_file = self.models_per_file.into();
        }
        train.threads = self.threads.map_or(train.threads, usize::from);
        let limit = self.dataset.columns.limits.memory.given();
        train.memory_limit = limit.or(train.memory_limit);
        self.holdout.override_in(&mut train.holdout)?;
        self.decision.override_in(train);
        train.importance = self.importance.map(Into::into).or(train.importance);
        self.tree.override_in(&mut spec.tree)?;
        Ok(spec)
    }
}
