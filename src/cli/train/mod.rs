//! `train`: from files to a store.

mod beside;
mod rows;
mod summary;
mod update;

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::ValueEnum;
use linfa::ParamGuard;
use per_entity::dataset::{DatasetSpec, Holdout, MemoryLimit, Query, Source};
use per_entity::evaluate::{Evaluation, Pool};
use per_entity::store::{
    ContestRun, EntityRecord, HoldoutRun, ModelsPerFile, Reigning, Run, Store, Writer,
};
use per_entity::train::{CartTrainer, Contest, Engine, LinfaTrainer, Outcome, Status, Trainer};
use per_entity::tree::{Criterion, DecisionTreeParams};
use serde_json::json;

use super::dataset::DatasetArguments;
use super::output::{grouped, print, progress, seconds};
use super::{CliError, CliResult, Context, Exit};
use beside::Beside;
use rows::Rows;
use summary::Summary;
use update::{Contests, UpdateArguments, Vanished};

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

    /// Where the rows take more memory than this, they are written to files in the store's
    /// directory and trained in parts; `2GiB`, `900MB`
    #[arg(long, value_name = "SIZE", value_parser = super::size::parse)]
    memory_limit: Option<u64>,

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
    update: UpdateArguments,

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
        let (mut begun, limit) = self.memory_limit(output_dir)?;
        let interrupt = context.interrupt.flag();
        let rows = Rows::load(&source, &query, &spec, limit.as_ref(), interrupt)?;
        log::info!(
            "{} rows loaded in {}",
            grouped(rows.count()),
            seconds(started.elapsed())
        );
        if rows.is_spilled() && self.pooled {
            return Err(CliError::Usage(
                "--pooled needs all rows in memory at once; give a higher --memory-limit, or leave one of the two away".into(),
            ));
        }

        let base = self.update.base(output_dir)?;
        if let Some(base) = &base {
            self.update.check_alike(base, query.features(), &spec)?;
        }
        let mut keys = rows.keys();
        let entities = keys.len() as u64;
        let (present, vanished) = self.records(base.as_ref(), &keys)?;
        keys.extend(vanished.iter().map(|record| record.key.as_str()));
        let mut writer = match begun.take() {
            Some(writer) => writer,
            None => Writer::begin(output_dir)?,
        };
        writer.lay_out(self.models_per_file(), keys.into_iter());
        let mut earlier = writer.earlier();
        if let Some(base) = &base {
            earlier.add_store(base, present);
        }
        let reigning = match &base {
            Some(base) if self.update.is_contest() => Some(Reigning::new(base)?),
            _ => None,
        };
        let contest = reigning.as_ref().map(|champions| Contest {
            champions,
            metric: self.update.metric(),
            tolerance: self.update.tolerance(),
        });
        let mut contests = Contests::new(&self.update, rows.classes().len());
        let mut held_out_rows = Pool::new(rows.classes().len());
        let mut summary = Summary::default();
        let bar = progress(context, entities, "entities");
        let carried = base.iter().flat_map(|base| base.outcomes(&vanished));
        let mut beside = Beside::new(query.key_order(), carried, rows.too_large().map(Ok));
        let threads = self.pool()?;
        for table in rows.tables(interrupt) {
            let table = table?;
            let (table, held_out) = match &holdout {
                Some(holdout) => {
                    let (table, held_out) = holdout.split(&table);
                    (Cow::Owned(table), Some(held_out))
                }
                None => (table, None),
            };
            // Drawing by a column may take all rows of an entity.
            let min_rows = self.min_rows.max(usize::from(holdout.is_some()));
            let mut engine = Engine::new(trainer.as_ref(), min_rows, interrupt).known(&earlier);
            if let Some(held_out) = &held_out {
                engine = engine.evaluating_on(held_out);
            }
            if let Some(contest) = contest {
                engine = engine.contest(contest);
            }
            threads.install(|| {
                engine.run(&table, |mut outcome| {
                    bar.inc(1);
                    contests.note(&mut outcome)?;
                    pool_held_out(&mut held_out_rows, &mut outcome)?;
                    while let Some(other) = beside.next_before(Some(&outcome.key)) {
                        put(&mut writer, &mut summary, other?)?;
                    }
                    put(&mut writer, &mut summary, outcome)
                })
            })?;
            if self.pooled {
                let pooled = table.pooled(&spec.key.join(","));
                let engine = Engine::new(trainer.as_ref(), 1, interrupt);
                threads.install(|| engine.run(&pooled, |outcome| writer.put_pooled(outcome)))?;
            }
        }
        while let Some(other) = beside.next_before(None) {
            put(&mut writer, &mut summary, other?)?;
        }
        if context.interrupt.is_requested() {
            return Err(per_entity::Error::Interrupted.into());
        }
        summary.carried = earlier.taken();
        bar.finish_and_clear();
        log::info!("all entities trained after {}", seconds(started.elapsed()));

        let contest = contest.map(|_| contests.run());
        if let Some(refusal) = contest
            .as_ref()
            .and_then(|contest| self.update.refusal(contest))
        {
            writer.discard()?;
            return self.refuse(context, &refusal, contest.as_ref());
        }
        let mut run = self.describe(&source, &query, spec, &rows, trainer.as_ref());
        if let Some(base) = base.as_ref().filter(|_| self.update.keeps_models()) {
            run.add_classes(&base.generation().run.classes);
        }
        run.contest = contest;
        run.holdout = holdout.map(|drawn| {
            let overall = held_out_rows.overall();
            HoldoutRun {
                drawn,
                rows: overall.micro.rows,
                overall,
            }
        });
        drop(beside);
        drop(rows);
        let generation = writer.commit(run)?;
        let unopposed = !contests.failures.is_empty();
        summary.failures.append(&mut contests.failures);
        summary.print(context, &generation, started.elapsed())?;
        Ok(if generation.failed > 0 || unopposed {
            Exit::SomeFailed
        } else {
            Exit::Done
        })
    }

    /// The memory that the rows may take. Their files lie in the store's staging area, so the
    /// writer is begun before they are loaded.
    fn memory_limit(
        &self,
        output_dir: &Path,
    ) -> Result<(Option<Writer>, Option<MemoryLimit>), CliError> {
        let Some(bytes) = self.memory_limit else {
            return Ok((None, None));
        };
        // A limit that is too low touches nothing.
        MemoryLimit::new(bytes, PathBuf::new())?;
        let writer = Writer::begin(output_dir)?;
        let limit = MemoryLimit::new(bytes, writer.scratch_directory())?;
        Ok((Some(writer), Some(limit)))
    }

    fn models_per_file(&self) -> ModelsPerFile {
        match self.models_per_file {
            None => ModelsPerFile::Automatic,
            Some(models) => ModelsPerFile::Fixed(models as usize),
        }
    }

    /// The store stays as it is.
    fn refuse(&self, context: &Context, refusal: &str, contest: Option<&ContestRun>) -> CliResult {
        if context.json {
            print(json!({ "error": refusal, "contest": contest }))?;
        }
        log::error!("{refusal}");
        Ok(Exit::SomeFailed)
    }

    fn holdout(&self) -> Result<Option<Holdout>, CliError> {
        let by = || self.holdout_by.clone();
        let holdout = self
            .holdout
            .map(|share| Holdout::new(share, self.seed, by()));
        Ok(holdout.transpose()?)
    }

    /// The entities of the current generation: those whose models may be taken over, and those
    /// that are kept although the input lacks them.
    fn records(
        &self,
        base: Option<&Store>,
        keys: &[&str],
    ) -> Result<(Vec<EntityRecord>, Vec<EntityRecord>), CliError> {
        let records = base.map_or(Ok(Vec::new()), Store::records)?;
        Ok(match self.update.vanished {
            Vanished::Drop => (records, Vec::new()),
            Vanished::Keep => {
                let present: HashSet<&str> = keys.iter().copied().collect();
                let is_present = |record: &EntityRecord| present.contains(record.key.as_str());
                records.into_iter().partition(is_present)
            }
        })
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
        rows: &Rows,
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
            features: query.features().to_vec(),
            classes: rows.classes().to_vec(),
            target_is_integer: query.target_is_integer(),
            trainer: trainer.description(),
            min_rows: self.min_rows,
            rows_read: rows.rows_read(),
            left_out: rows.left_out(),
            holdout: None,
            contest: None,
        }
    }
}

fn put(writer: &mut Writer, summary: &mut Summary, outcome: Outcome) -> per_entity::Result<()> {
    summary.note(&outcome);
    writer.put(outcome)
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
