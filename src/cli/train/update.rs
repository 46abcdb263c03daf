//! What an update takes from the generation before, and how the new models compare with it.

use std::path::Path;

use clap::ValueEnum;
use per_entity::dataset::{DatasetSpec, Feature};
use per_entity::evaluate::{Evaluation, Metric, Pool};
use per_entity::store::{ContestRun, MANIFEST, Store};
use per_entity::train::{Contested, Outcome, Status, Trained, Winner};

use crate::cli::CliError;
use crate::cli::output::grouped;

#[derive(clap::Args)]
#[command(next_help_heading = "Update")]
pub struct UpdateArguments {
    /// Train only entities that are new or changed since the store's current generation
    #[arg(long)]
    pub update: bool,

    /// What becomes of entities of the current generation that are not in the input
    #[arg(long, value_enum, default_value_t = Vanished::Drop, requires = "update")]
    pub vanished: Vanished,

    /// A new model replaces the current one only if this metric of it, on the rows held out, is
    /// not worse
    #[arg(long, value_enum, value_name = "METRIC", requires_all = ["update", "holdout"])]
    keep_better: Option<MetricArgument>,

    /// By how much a new model may be worse, in the metric's units
    #[arg(long, default_value_t = 0.0, requires = "keep_better")]
    tolerance: f64,

    /// Commit nothing if the metric (accuracy, without --keep-better) of all rows held out becomes
    /// worse by more than this
    #[arg(long, value_name = "DROP", requires_all = ["update", "holdout"])]
    max_regression: Option<f64>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Vanished {
    /// They stay as they are
    Keep,
    /// The new generation does not have them
    Drop,
}

#[derive(Clone, Copy, ValueEnum)]
enum MetricArgument {
    Accuracy,
    BalancedAccuracy,
    Precision,
    Recall,
    F1,
    RocAuc,
    LogLoss,
    BrierScore,
}

impl From<MetricArgument> for Metric {
    fn from(metric: MetricArgument) -> Self {
        match metric {
            MetricArgument::Accuracy => Metric::Accuracy,
            MetricArgument::BalancedAccuracy => Metric::BalancedAccuracy,
            MetricArgument::Precision => Metric::Precision,
            MetricArgument::Recall => Metric::Recall,
            MetricArgument::F1 => Metric::F1,
            MetricArgument::RocAuc => Metric::RocAuc,
            MetricArgument::LogLoss => Metric::LogLoss,
            MetricArgument::BrierScore => Metric::BrierScore,
        }
    }
}

impl UpdateArguments {
    /// The current generation, where it is to be updated. The first update of all starts afresh.
    pub fn base(&self, output_dir: &Path) -> Result<Option<Store>, CliError> {
        for (name, value) in [
            ("--tolerance", Some(self.tolerance)),
            ("--max-regression", self.max_regression),
        ] {
            if value.is_some_and(|value| !(value >= 0.0 && value.is_finite())) {
                let problem = format!("{name} is a difference of the metric: 0 or more");
                return Err(CliError::Usage(problem));
            }
        }
        if !self.update || !output_dir.join(MANIFEST).exists() {
            return Ok(None);
        }
        Ok(Some(Store::open(output_dir)?))
    }

    /// Whether old models are compared with new ones.
    pub fn is_contest(&self) -> bool {
        self.keep_better.is_some() || self.max_regression.is_some()
    }

    /// Whether models may stay that this run would not train again.
    pub fn keeps_models(&self) -> bool {
        self.vanished == Vanished::Keep || self.is_contest()
    }

    pub fn metric(&self) -> Metric {
        self.keep_better.map(Metric::from).unwrap_or_default()
    }

    /// By how much a challenger may be worse; nothing where all champions are replaced.
    pub fn tolerance(&self) -> Option<f64> {
        self.keep_better.map(|_| self.tolerance)
    }

    /// Models of another generation can serve beside new ones only if they are made alike.
    pub fn check_alike(
        &self,
        base: &Store,
        features: &[Feature],
        spec: &DatasetSpec,
    ) -> Result<(), CliError> {
        if !self.keeps_models() {
            return Ok(());
        }
        let run = &base.generation().run;
        let kinds = |features: &[Feature]| -> Vec<_> {
            let kinds = features.iter().map(|f| (f.name.clone(), f.kind));
            kinds.collect()
        };
        let differs = if run.dataset.key != spec.key {
            "key"
        } else if run.dataset.target != spec.target {
            "target"
        } else if kinds(&run.features) != kinds(features) {
            "features"
        } else {
            return Ok(());
        };
        Err(CliError::Usage(format!(
            "the current generation has another {differs} than this run, so its models cannot stand beside new ones; leave --vanished keep, --keep-better and --max-regression away"
        )))
    }

    /// Whether what would be committed is worse than what there is, and how to say so.
    pub fn refusal(&self, contest: &ContestRun) -> Option<String> {
        let (limit, before, after) = (self.max_regression?, contest.before?, contest.after?);
        let loss = contest.metric.loss(before, after);
        (loss > limit).then(|| {
            format!(
                "nothing is committed: on the rows held out the {} would go from {before:.6} to {after:.6}, which is worse by {loss:.6} and more than --max-regression {limit}",
                contest.metric.name()
            )
        })
    }
}

/// How the models of the generation before and the new ones did together.
pub struct Contests {
    run: ContestRun,
    before: Pool,
    after: Pool,
    /// Entities whose training failed and whose earlier model stays, and why.
    pub failures: Vec<(String, String)>,
}

impl Contests {
    pub fn new(update: &UpdateArguments, class_count: usize) -> Self {
        Self {
            run: ContestRun {
                metric: update.metric(),
                tolerance: update.tolerance(),
                ..ContestRun::default()
            },
            before: Pool::new(class_count),
            after: Pool::new(class_count),
            failures: Vec::new(),
        }
    }

    /// Notes one entity, and frees what need not be kept of it.
    pub fn note(&mut self, outcome: &mut Outcome) -> per_entity::Result<()> {
        let Status::Trained(Trained {
            contested: Some(contested),
            held_out: Some(held_out),
            ..
        }) = &mut outcome.status
        else {
            return Ok(());
        };
        let Contested {
            champion, winner, ..
        } = contested.as_mut();
        match winner {
            Some(Winner::Champion) => self.run.champions += 1,
            Some(Winner::Challenger) => self.run.challengers += 1,
            None => self.run.unchanged += 1,
        }
        let evaluation = std::mem::replace(&mut champion.evaluation, Evaluation::new(0));
        self.before.add(&evaluation, &champion.metrics)?;
        self.after.add(&held_out.evaluation, &held_out.metrics)?;
        if let Some(error) = &contested.error {
            self.failures.push((outcome.key.clone(), error.clone()));
        }
        Ok(())
    }

    pub fn run(&self) -> ContestRun {
        let score = |pool: &Pool| self.run.metric.of(&pool.overall().micro);
        ContestRun {
            before: score(&self.before),
            after: score(&self.after),
            ..self.run.clone()
        }
    }
}

/// How the contest ended, in a sentence.
pub fn describe(contest: &ContestRun) -> String {
    let mut text = format!(
        "{} new models replaced earlier ones, {} earlier ones stayed, {} are the same",
        grouped(contest.challengers),
        grouped(contest.champions),
        grouped(contest.unchanged),
    );
    if let (Some(before), Some(after)) = (contest.before, contest.after) {
        let metric = contest.metric.name();
        text += &format!("; {metric} on the rows held out {before:.4} -> {after:.4}");
    }
    text
}
