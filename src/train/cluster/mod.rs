//! A training run in parts, on as many machines as there are: what is global is settled once, in a
//! [`Plan`]; a [`Worker`] trains the entities of one part of the rows; a [`Commit`] makes a
//! generation of what became of all of them. Any engine fits between the two that brings all rows of
//! an entity to one worker: it moves frames, and knows nothing of models.

mod commit;
mod outcome_frame;
mod outcome_row;
mod outcome_stream;
mod outcomes;
mod plan;
mod worker;

pub use commit::Commit;
pub use outcome_stream::OutcomeStream;
pub use plan::{Plan, Planner};
pub use worker::{PartReport, Worker};
