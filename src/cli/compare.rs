//! `compare`: does one model per entity pay here?

use clap::ArgMatches;
use per_entity::Error;
use per_entity::error::SpecError;
use per_entity::evaluate::{Comparer, Comparison, Scores, Strategies, Way};
use per_entity::metrics::DifferenceInterval;
use per_entity::schema::{Holdout, HoldoutTable};
use per_entity::source::Source;
use per_entity::table::MemoryBudget;
use per_entity::train::{TrainerKind, TrainerSpec, TrainingSpec};

use super::context::Context;
use super::dataset_arguments::{ASSUMES_ADULT, DatasetArguments};
use super::error::{CliError, CliResult, Exit};
use super::figures::quantity;
use super::output::{grouped, limit, note, reading};
use super::stdout::{print, print_json};
use super::table::table;
use super::time_holdout_arguments::TimeHoldoutArguments;
use super::train_command::{line, train_command};
use super::tree_arguments::TreeArguments;

/// Compare one tree per entity, one tree for all, a shared model, and each entity's most frequent
/// class or mean, and tell the command that trains the best.
///
/// Trains them on --input and compares them on --test, or on rows of --input held out. Nothing is
/// stored.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  per-entity compare --input adult.data --test adult.test --where true
  per-entity compare --input flights.csv --key origin --target late --holdout-last 8w --time date
  per-entity compare --input 'sales/*.parquet' --key country,store --target returned")]
pub struct Compare {
    #[command(flatten)]
    dataset: DatasetArguments,

    /// Files or globs to compare on [default: rows held out of the input]
    #[arg(
        long,
        num_args = 1..,
        value_name = "FILE",
        conflicts_with_all = ["test_where", "holdout_after", "holdout_last"]
    )]
    test: Vec<String>,

    /// Compare on the rows of the input for which this Polars SQL predicate holds, and train on the
    /// others
    #[arg(
        long,
        value_name = "PREDICATE",
        conflicts_with_all = ["holdout_after", "holdout_last"]
    )]
    test_where: Option<String>,

    /// The share of rows held out where nothing else says which rows to compare on
    #[arg(
        long,
        default_value_t = 0.3,
        value_name = "SHARE",
        conflicts_with_all = ["test", "test_where"]
    )]
    holdout: f64,

    /// What the draw of the rows held out depends on
    #[arg(
        long,
        default_value_t = 0,
        conflicts_with_all = ["test", "test_where", "holdout_after", "holdout_last"]
    )]
    seed: u64,

    #[command(flatten)]
    time_holdout: TimeHoldoutArguments,

    /// List at most this many entities; 0 lists all
    #[arg(long, default_value_t = 20, value_name = "ENTITIES")]
    limit: usize,

    #[command(flatten)]
    tree: TreeArguments,
}

impl Compare {
    /// `given` are the arguments as they were parsed.
    pub fn run(&self, context: &Context, given: Option<&ArgMatches>) -> CliResult {
        let budget = self.dataset.columns.limits.memory.hold()?;
        let reading = reading(context);
        let mut spec = self.dataset.spec()?;
        self.tree.override_in_all(&mut spec.tree)?;
        let comparison = self.compare(context, &spec, budget)?;
        reading.finish_and_clear();
        let command = comparison.winner.zip(given).map(|(winner, given)| {
            let rows = comparison.train_rows + comparison.test_rows + comparison.rows_without_model;
            train_command(winner, given, spec.tree.trainer, rows + 1)
        });
        if context.json {
            let mut document = serde_json::json!(comparison);
            document["command"] = serde_json::json!(command.and_then(Result::ok));
            print_json(document)?;
        } else if context.quiet {
            print(&comparison.verdict)?;
        } else {
            print(self.text(&comparison) + &command_text(&comparison, command))?;
        }
        Ok(Exit::Done)
    }

    fn compare(
        &self,
        context: &Context,
        training: &TrainingSpec,
        budget: Option<MemoryBudget>,
    ) -> Result<Comparison, CliError> {
        let (trees, shared) = trainers(&training.tree);
        let trees = trees.trainer().map_err(Error::from)?;
        let shared = shared.trainer().map_err(Error::from)?;
        let spec = &training.dataset;
        if self.dataset.columns.assumes_adult() {
            note(context, ASSUMES_ADULT);
        }
        let open = |files: &[String]| Source::open(files, self.dataset.format(), spec);
        let comparer = Comparer::new(spec.clone(), trees).shared(shared);
        let comparer = comparer.memory(budget).cancel(context.cancel.clone());
        let holdout = self.holdout()?;
        let train = open(&self.dataset.input)?;
        Ok(match self.test.is_empty() {
            true => comparer.run_held_out(train, &holdout)?,
            false => comparer.run(train, open(&self.test)?)?,
        })
    }

    fn holdout(&self) -> Result<Holdout, CliError> {
        if let Some(predicate) = &self.test_where {
            return Ok(Holdout::chosen(predicate));
        }
        let mut table = HoldoutTable::default();
        self.time_holdout.override_in(&mut table);
        if table == HoldoutTable::default() {
            table.share = Some(self.holdout);
            table.seed = Some(self.seed);
        }
        let holdout = Holdout::try_from(table).map_err(SpecError::from);
        Ok(holdout.map_err(Error::from)?)
    }

    fn text(&self, comparison: &Comparison) -> String {
        let limit = limit(self.limit);
        let header = header(&comparison.overall);
        let entities = comparison.entities.iter().take(limit);
        let mut rows: Vec<Vec<String>> = entities
            .map(|entity| row(&entity.key, entity.rows, &entity.strategies))
            .collect();
        rows.push(row("all rows", comparison.test_rows, &comparison.overall));
        let mut text = format!(
            "trained on {} rows, compared on {}\n",
            grouped(comparison.train_rows),
            grouped(comparison.test_rows)
        );
        if let Some(held_out) = &comparison.held_out {
            text += &format!("held out: {held_out}\n");
        }
        for (reason, rows) in comparison.left_out.reasons() {
            if rows > 0 {
                text += &format!("{} left out: {reason}\n", grouped(rows));
            }
        }
        // Rows of one input that are alike are no mistake.
        if comparison.shared_rows > 0 && comparison.held_out.is_none() {
            text += &format!(
                "{} of the rows to compare on are the same as rows trained on, in key, target and all features; if they are copies, the comparison favours trees that learn rows by heart\n",
                grouped(comparison.shared_rows)
            );
        }
        if comparison.rows_without_model > 0 {
            text += &format!(
                "{} rows of entities without a model are not compared\n",
                grouped(comparison.rows_without_model)
            );
        }
        text += &format!("\n{}\n", table(&header, rows));
        let more = comparison.entities.len().saturating_sub(limit);
        if more > 0 {
            text += &format!("and {} more; --limit 0 lists all\n", grouped(more as u64));
        }
        text + "\n" + &comparison.verdict
    }
}

/// What fits the trees, and what the shared model.
fn trainers(spec: &TrainerSpec) -> (TrainerSpec, TrainerSpec) {
    let mut trees = spec.clone();
    if trees.trainer == TrainerKind::Shared {
        trees.trainer = TrainerKind::Cart;
    }
    let shared = TrainerSpec {
        trainer: TrainerKind::Shared,
        class_weight: spec.class_weight.clone(),
        shared: spec.shared.clone(),
        ..TrainerSpec::default()
    };
    (trees, shared)
}

/// What trains the winner, and how it is asked.
fn command_text(comparison: &Comparison, command: Option<Result<Vec<String>, CliError>>) -> String {
    let asked = match comparison.winner {
        Some(Way::Pooled) => ", and `predict --unknown fallback` asks it",
        Some(Way::Unknown) => ", and `predict --unknown shared` asks it",
        _ => "",
    };
    match command {
        None => String::new(),
        Some(Ok(words)) => format!("\n\nThis trains it{asked}:\n  {}", line(&words)),
        Some(Err(error)) => {
            format!("\n\n`train` would refuse to train it with these arguments: {error}")
        }
    }
}

/// The ways of which there are scores, with their headings.
fn columns(overall: &Strategies) -> impl Iterator<Item = (&'static str, Way)> {
    let known = |way: &Way| overall.scores(*way).is_some();
    let known: Vec<Way> = Way::ALL.into_iter().filter(known).collect();
    known.into_iter().map(|way| {
        let heading = match way {
            Way::Pooled => "pooled",
            Way::Unknown => "unknown entity",
            Way::PerEntity => "per entity",
            Way::Shared => "shared",
        };
        (heading, way)
    })
}

fn header(overall: &Strategies) -> Vec<&'static str> {
    let (baselines, gains) = match overall.baseline {
        Scores::Classification { .. } => (
            ["accuracy: baseline", "F1: baseline"],
            ["gain per entity", "gain shared"],
        ),
        Scores::Regression { .. } => (
            ["RMSE: baseline", "R²: baseline"],
            ["gain in squares per entity", "gain in squares shared"],
        ),
    };
    let mut header = vec!["entity", "rows"];
    for baseline in baselines {
        header.push(baseline);
        header.extend(columns(overall).map(|(heading, _)| heading));
    }
    for gain in gains.iter().take(1 + usize::from(overall.shared.is_some())) {
        header.extend([gain, "95 % interval"]);
    }
    header
}

fn row(name: &str, rows: u64, strategies: &Strategies) -> Vec<String> {
    let ways = columns(strategies).filter_map(|(_, way)| strategies.scores(way));
    let all: Vec<[String; 2]> = std::iter::once(strategies.baseline)
        .chain(ways)
        .map(|scores| scores_text(&scores))
        .collect();
    let mut row = vec![name.to_owned(), grouped(rows)];
    row.extend(all.iter().map(|[first, _]| first.clone()));
    row.extend(all.iter().map(|[_, second]| second.clone()));
    for gain in [&strategies.gain, &strategies.shared_gain] {
        row.extend(gain.as_ref().map_or([const { String::new() }; 2], |gain| {
            gain_text(gain, &strategies.pooled)
        }));
    }
    row
}

/// A gain over what has these scores, and its interval.
fn gain_text(gain: &DifferenceInterval, pooled: &Scores) -> [String; 2] {
    let signed = |value: f64| match pooled {
        Scores::Classification { .. } => format!("{value:+.4}"),
        Scores::Regression { .. } if value > 0.0 => format!("+{}", quantity(value)),
        Scores::Regression { .. } => quantity(value),
    };
    [
        signed(gain.difference),
        format!("{} to {}", signed(gain.low), signed(gain.high)),
    ]
}

/// The accuracy and the F1, or the root mean squared error and R².
fn scores_text(scores: &Scores) -> [String; 2] {
    let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.4}"));
    match *scores {
        Scores::Classification { accuracy, f1 } => [number(accuracy), number(f1)],
        Scores::Regression {
            root_mean_squared_error,
            r2,
            ..
        } => [
            root_mean_squared_error.map_or(String::new(), quantity),
            number(r2),
        ],
    }
}
