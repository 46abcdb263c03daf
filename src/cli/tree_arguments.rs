//! The arguments that say how trees are grown.

use clap::ValueEnum;
use per_entity::train::{TrainerKind, TrainerSpec};
use per_entity::tree::Criterion;

#[derive(clap::Args)]
#[command(next_help_heading = "Trees")]
pub struct TreeArguments {
    /// What fits the trees [default: cart]
    #[arg(long, value_enum)]
    trainer: Option<TrainerArgument>,

    /// The impurity that splits decrease [default: gini]
    #[arg(long, value_enum)]
    criterion: Option<CriterionArgument>,

    /// The largest depth of a leaf [default: no limit]
    #[arg(long)]
    max_depth: Option<usize>,

    /// The fewest rows of a node that may be split; 2 or more [default: 2]
    #[arg(long)]
    min_samples_split: Option<usize>,

    /// The fewest rows on either side of a split; 1 or more [default: 1]
    #[arg(long)]
    min_samples_leaf: Option<usize>,

    /// The least weighted impurity decrease of a split; 0 or more [default: 0]
    #[arg(long)]
    min_impurity_decrease: Option<f64>,
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
    /// Sets what is given.
    pub fn override_in(&self, spec: &mut TrainerSpec) {
        if let Some(trainer) = self.trainer {
            spec.trainer = match trainer {
                TrainerArgument::Cart => TrainerKind::Cart,
                TrainerArgument::Linfa => TrainerKind::Linfa,
            };
        }
        let mut params = spec.params.clone();
        if let Some(criterion) = self.criterion {
            params = params.criterion(match criterion {
                CriterionArgument::Gini => Criterion::Gini,
                CriterionArgument::Entropy => Criterion::Entropy,
            });
        }
        if self.max_depth.is_some() {
            params = params.max_depth(self.max_depth);
        }
        if let Some(rows) = self.min_samples_split {
            params = params.min_samples_split(rows);
        }
        if let Some(rows) = self.min_samples_leaf {
            params = params.min_samples_leaf(rows);
        }
        if let Some(decrease) = self.min_impurity_decrease {
            params = params.min_impurity_decrease(decrease);
        }
        spec.params = params;
    }
}
