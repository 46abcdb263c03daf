//! The figures of a run over all its entities, on the rows held out.

use super::decision::Decided;
use super::outcome::{Contested, Outcome, Status, Trained};
use crate::error::Result;
use crate::metrics::{Evaluation, Metric, Pool};
use crate::schema::Holdout;
use crate::store::{ContestRun, DecisionRun, HoldoutRun, Winner};

/// Adds up how the models, and those of the generation before, did on the rows held out.
pub(super) struct Tally {
    held_out: Pool,
    contest: ContestRun,
    before: Pool,
    after: Pool,
    decision: Option<DecisionRun>,
}

impl Tally {
    /// Nothing yet, for models that are compared by a metric, whose evaluations a pool without
    /// entities takes.
    pub fn new(metric: Metric, tolerance: Option<f64>, empty: &Pool) -> Self {
        Self {
            held_out: empty.clone(),
            contest: ContestRun {
                metric,
                tolerance,
                ..ContestRun::default()
            },
            before: empty.clone(),
            after: empty.clone(),
            decision: None,
        }
    }

    /// As before, for models that are to predict a class from a threshold on.
    #[must_use]
    pub fn deciding_on(mut self, positive: Option<&str>) -> Self {
        self.decision = positive.map(|positive| DecisionRun {
            positive: positive.to_owned(),
            as_asked: 0,
            by_default: 0,
            without_positive: 0,
        });
        self
    }

    /// Notes one entity, and frees what need not be kept of it.
    pub fn note(&mut self, outcome: &mut Outcome) -> Result<()> {
        let Status::Trained(trained) = &mut outcome.status else {
            return Ok(());
        };
        if let (Some(decision), Some(decided)) = (&mut self.decision, trained.decided) {
            *match decided {
                Decided::AsAsked => &mut decision.as_asked,
                Decided::ByDefault => &mut decision.by_default,
                Decided::WithoutPositive => &mut decision.without_positive,
            } += 1;
        }
        self.note_contest(trained)?;
        if let Some(held_out) = &mut trained.held_out {
            let evaluation = take(&mut held_out.evaluation);
            self.held_out.add(&evaluation, &held_out.metrics)?;
        }
        Ok(())
    }

    fn note_contest(&mut self, trained: &mut Trained) -> Result<()> {
        let (Some(contested), Some(held_out)) = (&mut trained.contested, &trained.held_out) else {
            return Ok(());
        };
        let Contested {
            champion, scores, ..
        } = contested;
        match scores.winner {
            Some(Winner::Champion) => self.contest.champions += 1,
            Some(Winner::Challenger) => self.contest.challengers += 1,
            None => self.contest.unchanged += 1,
        }
        let evaluation = take(&mut champion.evaluation);
        self.before.add(&evaluation, &champion.metrics)?;
        self.after.add(&held_out.evaluation, &held_out.metrics)?;
        Ok(())
    }

    /// How the two generations compare.
    pub fn contest(&self) -> ContestRun {
        let score = |pool: &Pool| self.contest.metric.of(&pool.overall().micro);
        ContestRun {
            before: score(&self.before),
            after: score(&self.after),
            ..self.contest.clone()
        }
    }

    /// How the models decide on a class.
    pub fn decision(&self) -> Option<DecisionRun> {
        self.decision.clone()
    }

    /// How good the models are on rows that were `drawn`.
    pub fn holdout(&self, drawn: Holdout) -> HoldoutRun {
        let overall = self.held_out.overall();
        HoldoutRun {
            drawn,
            rows: overall.micro.rows(),
            overall,
        }
    }
}

fn take(evaluation: &mut Evaluation) -> Evaluation {
    std::mem::replace(evaluation, Evaluation::classification(0))
}
