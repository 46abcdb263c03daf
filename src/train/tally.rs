//! The figures of a run over all its entities, on the rows held out.

use super::outcome::{Contested, Outcome, Status, Trained};
use super::update::Update;
use crate::error::Result;
use crate::metrics::{Evaluation, Pool};
use crate::schema::Holdout;
use crate::store::{ContestRun, HoldoutRun, Winner};

/// Adds up how the models, and those of the generation before, did on the rows held out.
pub(super) struct Tally {
    held_out: Pool,
    contest: ContestRun,
    before: Pool,
    after: Pool,
}

impl Tally {
    pub fn new(update: &Update, class_count: usize) -> Self {
        Self {
            held_out: Pool::new(class_count),
            contest: ContestRun {
                metric: update.metric(),
                tolerance: update.allowance(),
                ..ContestRun::default()
            },
            before: Pool::new(class_count),
            after: Pool::new(class_count),
        }
    }

    /// Notes one entity, and frees what need not be kept of it.
    pub fn note(&mut self, outcome: &mut Outcome) -> Result<()> {
        let Status::Trained(trained) = &mut outcome.status else {
            return Ok(());
        };
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

    /// How good the models are on rows that were `drawn`.
    pub fn holdout(&self, drawn: Holdout) -> HoldoutRun {
        let overall = self.held_out.overall();
        HoldoutRun {
            drawn,
            rows: overall.micro.rows,
            overall,
        }
    }
}

fn take(evaluation: &mut Evaluation) -> Evaluation {
    std::mem::replace(evaluation, Evaluation::new(0))
}
