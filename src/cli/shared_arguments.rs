//! The arguments that say how a shared model is trained.

use clap::ValueEnum;
use per_entity::train::{SharedMembers, SharedModels, SharedParams, TrainerKind};

use super::error::CliError;

#[derive(clap::Args)]
#[command(next_help_heading = "Shared models (--trainer shared)")]
pub struct SharedArguments {
    /// Whether the members of the shared model are mixed, or the best is taken [default: stack; of
    /// more than 100,000 rows best]
    #[arg(long, value_enum)]
    shared_members: Option<SharedMembersArgument>,

    /// Which models of a member predict [default: folds; of more than 100,000 rows one]
    #[arg(long, value_enum)]
    shared_models: Option<SharedModelsArgument>,

    /// The most trees one after another, of --trainer boosted, too; rows left out tell how many it
    /// becomes [default: 1500]
    #[arg(long, value_name = "ROUNDS")]
    shared_rounds: Option<usize>,

    /// The most rows that the shared model is trained on; of more a sample of entities is taken
    /// [default: 1000000]
    #[arg(long, value_name = "ROWS")]
    shared_rows: Option<usize>,

    /// Which rows are in which fold, of --trainer boosted, too, and which entities in the sample
    /// [default: 0]
    #[arg(long, value_name = "SEED")]
    shared_seed: Option<u64>,
}

#[derive(Clone, Copy, ValueEnum)]
enum SharedMembersArgument {
    /// The one that loses least on rows left out
    Best,
    /// A mixture of all that help
    Stack,
}

#[derive(Clone, Copy, ValueEnum)]
enum SharedModelsArgument {
    /// Five, each trained without a fifth of the rows
    Folds,
    /// One, trained on all rows: faster, and a little worse
    One,
}

impl SharedArguments {
    /// Refuses what is given for a trainer that has no use for it.
    pub fn check(&self, trainer: TrainerKind) -> Result<(), CliError> {
        let is_shared = trainer == TrainerKind::Shared;
        let is_boosted = trainer.is_boosted();
        let given = [
            ("--shared-members", self.shared_members.is_some(), is_shared),
            ("--shared-models", self.shared_models.is_some(), is_shared),
            ("--shared-rounds", self.shared_rounds.is_some(), is_boosted),
            ("--shared-rows", self.shared_rows.is_some(), is_shared),
            ("--shared-seed", self.shared_seed.is_some(), is_boosted),
        ];
        let mut useless = given
            .iter()
            .filter(|(_, is_given, is_used)| *is_given && !is_used);
        if let Some((flag, ..)) = useless.next() {
            return Err(CliError::Usage(format!(
                "{flag} is for --trainer shared: say that, too, or leave it out"
            )));
        }
        Ok(())
    }

    /// Sets what is given.
    pub fn override_in(&self, shared: &mut SharedParams) {
        if let Some(members) = self.shared_members {
            shared.members = Some(match members {
                SharedMembersArgument::Best => SharedMembers::Best,
                SharedMembersArgument::Stack => SharedMembers::Stack,
            });
        }
        if let Some(models) = self.shared_models {
            shared.models = Some(match models {
                SharedModelsArgument::Folds => SharedModels::Folds,
                SharedModelsArgument::One => SharedModels::One,
            });
        }
        shared.rounds = self.shared_rounds.unwrap_or(shared.rounds);
        shared.rows = self.shared_rows.unwrap_or(shared.rows);
        shared.seed = self.shared_seed.unwrap_or(shared.seed);
    }
}
