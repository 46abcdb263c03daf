//! `train`: from files to a store.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use linfa::ParamGuard;
use per_entity::dataset::{DatasetSpec, Holdout, Query, Source, Table};
use per_entity::evaluate::{Evaluation, Pool};
use per_entity::store::{
    EntityRecord, Generation, HoldoutRun, MANIFEST, ModelsPerFile, Run, Store, Writer,
};
use per_entity::train::{CartTrainer, Engine, LinfaTrainer, Outcome, Status, Trainer};
use per_entity::tree::{Criterion, DecisionTreeParams};
use serde_json::json;

use super::dataset::DatasetArguments;
use super::output::{bytes, grouped, percent, print, progress, seconds, table};
use super::{CliError, CliResult, Context, Exit};

/// Train one decision tree per entity and commit them to a store.
///
/// Without --key, --target, --preset or --spec the input is taken for the Adult census data.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  per-entity train --input adult.data --output-dir models
  per-entity train --input adult.data --where true --max-depth 8 --output-dir models
  per-entity train --input 'sales/*.parquet' --key country,store --target returned \\
    --ignore order-id --min-rows 20 --output-dir models")]
pub struct Train {
    #[command(flatten)]
    dataset: DatasetArguments,

    /// The store: a new or empty directory, or an earlier store
    #[arg(long, value_name = "DIRECTORY", required_unless_present = "explain")]
    output_dir: Option<PathBuf>,

    /// Train only entities that are new or changed since the store's current generation
    #[arg(long)]
    update: bool,

    /// What becomes of entities of the current generation that are not in the input
    #[arg(long, value_enum, default_value_t = Vanished::Drop, requires = "update")]
    vanished: Vanished,

    /// Print the query's optimized plan and stop
    #[arg(long)]
    explain: bool,

    /// Entities with fewer rows are skipped
    #[arg(long, default_value_t = 1, value_name = "ROWS")]
    min_rows: usize,

    /// Also train one model on all entities, with the key as a feature; it can answer for entities
    /// without a model of their own
    #[arg(long)]
    pooled: bool,

    /// How many models share a file [default: 1 for up to 1,000 entities, else packs of 64 MiB]
    #[arg(long, value_name = "MODELS", value_parser = clap::value_parser!(u32).range(1..))]
    models_per_file: Option<u32>,

    /// Threads that train [default: all cores]; Polars reads with POLARS_MAX_THREADS
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,

    /// Hold out this share of each entity's rows and report how good its model is on them
    #[arg(long, value_name = "SHARE")]
    holdout: Option<f64>,

    /// Hold out whole values of this column, say of customers, instead of single rows
    #[arg(long, value_name = "COLUMN", requires = "holdout")]
    holdout_by: Option<String>,

    /// What the draw of the rows held out depends on
    #[arg(long, default_value_t = 0, requires = "holdout")]
    seed: u64,

    #[command(flatten)]
    tree: TreeArguments,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Trees")]
pub struct TreeArguments {
    /// What fits the trees
    #[arg(long, value_enum, default_value_t = TrainerArgument::Cart)]
    trainer: TrainerArgument,

    /// The impurity that splits decrease
    #[arg(long, value_enum, default_value_t = CriterionArgument::Gini)]
    criterion: CriterionArgument,

    /// The largest depth of a leaf [default: no limit]
    #[arg(long)]
    max_depth: Option<usize>,

    /// The fewest rows of a node that may be split; 2 or more
    #[arg(long, default_value_t = 2)]
    min_samples_split: usize,

    /// The fewest rows on either side of a split; 1 or more
    #[arg(long, default_value_t = 1)]
    min_samples_leaf: usize,

    /// The least weighted impurity decrease of a split; 0 or more
    #[arg(long, default_value_t = 0.0)]
    min_impurity_decrease: f64,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Vanished {
    /// They stay as they are
    Keep,
    /// The new generation does not have them
    Drop,
}

#[derive(Clone, Copy, ValueEnum)]
enum TrainerArgument {
    /// The exact tree of this project
    Cart,
    /// linfa-trees, for comparison
    Linfa,
}

#[derive(Clone, Copy, ValueEnum)]
enum CriterionArgument {
    Gini,
    Entropy,
}

impl TreeArguments {
    pub fn trainer(&self) -> Result<Box<dyn Trainer>, CliError> {
        let criterion = match self.criterion {
            CriterionArgument::Gini => Criterion::Gini,
            CriterionArgument::Entropy => Criterion::Entropy,
        };
        let params = DecisionTreeParams::new()
            .criterion(criterion)
            .max_depth(self.max_depth)
            .min_samples_split(self.min_samples_split)
            .min_samples_leaf(self.min_samples_leaf)
            .min_impurity_decrease(self.min_impurity_decrease)
            .check()
            .map_err(per_entity::Error::from)?;
        Ok(match self.trainer {
            TrainerArgument::Cart => Box::new(CartTrainer::new(params)),
            TrainerArgument::Linfa => Box::new(LinfaTrainer::new(params)),
        })
    }
}

impl Train {
    pub fn run(&self, context: &Context) -> CliResult {
        let started = Instant::now();
        let spec = self.dataset.spec()?;
        let trainer = self.tree.trainer()?;
        let holdout = self.holdout()?;
        let source = Source::open(&self.dataset.input, self.dataset.format(), &spec)?;
        let Some(output_dir) = self.output_dir.as_ref().filter(|_| !self.explain) else {
            print(Query::new(&source, &spec)?.explain()?)?;
            return Ok(Exit::Done);
        };
        report_ragged(&source);
        Writer::check(output_dir)?;
        let carried: Vec<String> = self.holdout_by.iter().cloned().collect();
        let query = Query::new_carrying(&source, &spec, &carried)?;
        let table = Table::load_query(&source, &query, &spec, context.interrupt.flag())?;
        log::info!(
            "{} rows loaded in {}",
            grouped(table.rows() as u64),
            seconds(started.elapsed())
        );

        let (table, held_out) = match &holdout {
            Some(holdout) => {
                let (table, held_out) = holdout.split(&table);
                (table, Some(held_out))
            }
            None => (table, None),
        };
        let models_per_file = match self.models_per_file {
            None => ModelsPerFile::Automatic,
            Some(models) => ModelsPerFile::Fixed(models as usize),
        };
        let base = self.base(output_dir)?;
        let vanished = self.vanished(base.as_ref(), &table)?;
        let keys: Vec<&str> = table
            .partitions()
            .map(|partition| partition.key())
            .chain(vanished.iter().map(|record| record.key.as_str()))
            .collect();
        let mut writer = Writer::create(output_dir, models_per_file, keys.into_iter())?;
        let mut earlier = writer.earlier();
        if let Some(base) = &base {
            earlier.add_store(base)?;
        }
        let mut summary = Summary::default();
        let bar = progress(context, table.len() as u64, "entities");
        // Drawing by a column may take all rows of an entity.
        let min_rows = self.min_rows.max(usize::from(holdout.is_some()));
        let mut engine =
            Engine::new(trainer.as_ref(), min_rows, context.interrupt.flag()).known(&earlier);
        if let Some(held_out) = &held_out {
            engine = engine.evaluating_on(held_out);
        }
        let mut pool = Pool::new(table.classes().len());
        let mut vanished = vanished.iter().peekable();
        let mut put = |outcome: Outcome| {
            summary.note(&outcome);
            writer.put(outcome)
        };
        self.pool()?.install(|| {
            engine.run(&table, |mut outcome| {
                bar.inc(1);
                pool_held_out(&mut pool, &mut outcome)?;
                while let Some(record) = vanished.next_if(|record| record.key < outcome.key) {
                    base.iter()
                        .try_for_each(|base| put(base.outcome(record)?))?;
                }
                put(outcome)
            })
        })?;
        for record in vanished {
            base.iter()
                .try_for_each(|base| put(base.outcome(record)?))?;
        }
        if context.interrupt.is_requested() {
            return Err(per_entity::Error::Interrupted.into());
        }
        if self.pooled {
            let pooled = table.pooled(&spec.key.join(","));
            let engine = Engine::new(trainer.as_ref(), 1, context.interrupt.flag());
            self.pool()?
                .install(|| engine.run(&pooled, |outcome| writer.put_pooled(outcome)))?;
        }
        summary.carried = earlier.taken();
        bar.finish_and_clear();
        log::info!("all entities trained after {}", seconds(started.elapsed()));
        let mut run = self.describe(&source, &query, spec, &table, trainer.as_ref());
        run.holdout = holdout.map(|drawn| {
            let overall = pool.overall();
            HoldoutRun {
                drawn,
                rows: overall.micro.rows,
                overall,
            }
        });
        let generation = writer.commit(run)?;
        summary.print(context, &generation, started.elapsed())?;
        Ok(if generation.failed > 0 {
            Exit::SomeFailed
        } else {
            Exit::Done
        })
    }

    fn holdout(&self) -> Result<Option<Holdout>, CliError> {
        let by = || self.holdout_by.clone();
        let holdout = self
            .holdout
            .map(|share| Holdout::new(share, self.seed, by()));
        Ok(holdout.transpose()?)
    }

    /// The current generation, where it is to be updated. The first update of all starts afresh.
    fn base(&self, output_dir: &Path) -> Result<Option<Store>, CliError> {
        if !self.update || !output_dir.join(MANIFEST).exists() {
            return Ok(None);
        }
        Ok(Some(Store::open(output_dir)?))
    }

    /// The entities of the current generation that are to be kept although the input lacks them.
    fn vanished(&self, base: Option<&Store>, table: &Table) -> Result<Vec<EntityRecord>, CliError> {
        let Some(base) = base.filter(|_| self.vanished == Vanished::Keep) else {
            return Ok(Vec::new());
        };
        let present: HashSet<&str> = table
            .partitions()
            .map(|partition| partition.key())
            .collect();
        let mut records = base.records()?;
        records.retain(|record| !present.contains(record.key.as_str()));
        Ok(records)
    }

    fn pool(&self) -> Result<rayon::ThreadPool, CliError> {
        rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads.map_or(0, usize::from))
            // linfa-trees recurses as deep as its trees are.
            .stack_size(64 << 20)
            .build()
            .map_err(|error| CliError::Usage(format!("cannot start threads: {error}")))
    }

    fn describe(
        &self,
        source: &Source,
        query: &Query,
        dataset: DatasetSpec,
        table: &Table,
        trainer: &dyn Trainer,
    ) -> Run {
        Run {
            inputs: source
                .paths()
                .iter()
                .map(|path| path.display().to_string())
                .collect(),
            command: std::env::args().collect(),
            dataset,
            features: table.features().to_vec(),
            classes: table.classes().to_vec(),
            target_is_integer: query.target_is_integer(),
            trainer: trainer.description(),
            min_rows: self.min_rows,
            rows_read: table.rows_read(),
            left_out: table.left_out(),
            holdout: None,
        }
    }
}

/// Adds an entity's predictions for the rows held out to those of all, and frees them.
fn pool_held_out(pool: &mut Pool, outcome: &mut Outcome) -> per_entity::Result<()> {
    if let Status::Trained(trained) = &mut outcome.status
        && let Some(held_out) = &mut trained.held_out
    {
        let evaluation = std::mem::replace(&mut held_out.evaluation, Evaluation::new(0));
        pool.add(&evaluation, &held_out.metrics)?;
    }
    Ok(())
}

pub fn report_ragged(source: &Source) {
    if let Some((path, line, fields, wanted)) = source.first_ragged() {
        log::warn!(
            "{}:{line}: {fields} fields instead of {wanted}; {} such rows are left out (--strict makes them an error)",
            path.display(),
            grouped(source.ragged())
        );
    }
}

/// Entities that the summary shows one by one.
const SHOWN: usize = 20;

/// What a user wants to know at the end of a run.
#[derive(Default)]
struct Summary {
    first: Vec<Vec<String>>,
    one_class: u64,
    /// Models that were taken over and not trained again.
    carried: u64,
    failures: Vec<(String, String)>,
    entities: u64,
}

impl Summary {
    fn note(&mut self, outcome: &Outcome) {
        self.entities += 1;
        match &outcome.status {
            Status::Trained(trained) if trained.classes == 1 => self.one_class += 1,
            Status::Failed(error) if self.failures.len() < SHOWN => {
                self.failures.push((outcome.key.clone(), error.clone()));
            }
            _ => {}
        }
        if self.first.len() < SHOWN {
            self.first.push(row(outcome));
        }
    }

    fn print(
        &self,
        context: &Context,
        generation: &Generation,
        elapsed: Duration,
    ) -> std::io::Result<()> {
        for (key, error) in &self.failures {
            log::error!("entity '{key}': {error}");
        }
        if context.json {
            return print(json!({
                "generation": generation,
                "one_class": self.one_class,
                "carried": self.carried,
                "seconds": elapsed.as_secs_f64(),
            }));
        }
        if context.quiet {
            return Ok(());
        }
        print(self.text(generation, elapsed))
    }

    fn text(&self, generation: &Generation, elapsed: Duration) -> String {
        let mut text = format!("{} rows read\n", grouped(generation.run.rows_read));
        for (reason, rows) in generation.run.left_out.reasons() {
            if rows > 0 {
                text += &format!("{} left out: {reason}\n", grouped(rows));
            }
        }
        let mut header = vec!["entity", "rows", "classes", "nodes", "depth"];
        header.push("training accuracy");
        let mut rows = self.first.clone();
        if generation.run.holdout.is_some() {
            header.push("holdout accuracy");
        } else {
            for row in &mut rows {
                row.remove(HOLDOUT_COLUMN);
            }
        }
        header.push("status");
        text += &format!("\n{}\n", table(&header, rows));
        if self.entities > SHOWN as u64 {
            let more = grouped(self.entities - SHOWN as u64);
            text += &format!("and {more} more; `per-entity inspect` lists them\n");
        }
        let mut one_class = String::new();
        if self.one_class > 0 {
            one_class = format!(" ({} with one class only)", grouped(self.one_class));
        }
        if self.carried > 0 {
            let carried = grouped(self.carried);
            text += &format!("\n{carried} unchanged models were taken over\n");
        }
        text += &format!(
            "\n{} trained{one_class}, {} skipped, {} failed in {}; {} of models in {}",
            grouped(generation.trained),
            grouped(generation.skipped),
            grouped(generation.failed),
            seconds(elapsed),
            bytes(generation.model_bytes),
            generation.directory,
        );
        if let Some(holdout) = &generation.run.holdout {
            let accuracy = holdout.overall.micro.accuracy;
            text += &format!(
                "\n{} rows held out, accuracy on them {}",
                grouped(holdout.rows),
                accuracy.map_or("undefined".into(), percent)
            );
        }
        text
    }
}

/// Where [`row`] has the accuracy on the rows held out.
const HOLDOUT_COLUMN: usize = 6;

fn row(outcome: &Outcome) -> Vec<String> {
    let mut row = vec![outcome.key.clone(), grouped(outcome.rows as u64)];
    row.extend(match &outcome.status {
        Status::Trained(trained) => [
            grouped(trained.classes as u64),
            grouped(trained.nodes as u64),
            grouped(trained.depth as u64),
            percent(trained.training_accuracy),
            trained
                .held_out
                .as_ref()
                .and_then(|held_out| held_out.metrics.accuracy)
                .map_or(String::new(), percent),
        ],
        _ => Default::default(),
    });
    row.push(outcome.status.name().to_owned());
    row
}
