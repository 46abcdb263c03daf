//! The arguments that say how trees are grown.

use clap::ValueEnum;
use per_entity::train::{CartTrainer, LinfaTrainer, Trainer};
use per_entity::tree::{Criterion, DecisionTreeParams};

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
    pub fn trainer(&self) -> per_entity::Result<Box<dyn Trainer>> {
        let criterion = match self.criterion {
            CriterionArgument::Gini => Criterion::Gini,
            CriterionArgument::Entropy => Criterion::Entropy,
        };
        let params = DecisionTreeParams::new()
            .criterion(criterion)
            .max_depth(self.max_depth)
            .min_samples_split(self.min_samples_split)
            .min_samples_leaf(self.min_samples_leaf)
            .min_impurity_decrease(self.min_impurity_decrease);
        Ok(match self.trainer {
            TrainerArgument::Cart => Box::new(CartTrainer::new(params)?),
            TrainerArgument::Linfa => Box::new(LinfaTrainer::new(params)?),
        })
    }
}
