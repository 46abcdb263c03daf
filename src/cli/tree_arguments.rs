//! The arguments that say how trees are grown.

use clap::ValueEnum;
use per_entity::train::{AnyCriterion, ClassWeight, TrainerKind, TrainerSpec};
use per_entity::tree::{
    Averaging, CategorySplits, Criterion, DecisionTreeParams, Pruning, RegressionCriterion,
};

use super::error::CliError;
use super::shared_arguments::SharedArguments;

#[derive(clap::Args)]
#[command(next_help_heading = "Trees")]
pub struct TreeArguments {
    /// What fits the trees [default: cart]
    #[arg(long, value_enum)]
    trainer: Option<TrainerArgument>,

    /// What splits decrease [default: gini of classes, squared-error of quantities]
    #[arg(long, value_enum)]
    criterion: Option<CriterionArgument>,

    /// How much each class counts, beside the weights of rows: `balanced`, or as in `yes=5,no=1`
    /// [default: all the same]
    #[arg(long, value_name = "WEIGHTS")]
    class_weight: Option<ClassWeight>,

    /// What categories are split from others [default: set]
    #[arg(long, value_enum)]
    category_splits: Option<CategorySplitsArgument>,

    /// What becomes of a tree that was grown [default: average]
    #[arg(long, value_enum)]
    pruning: Option<PruningArgument>,

    /// With --pruning ccp: what a leaf costs, as scikit-learn's ccp_alpha; 0 or more [default: 0]
    #[arg(long, value_name = "ALPHA")]
    ccp_alpha: Option<f64>,

    /// How much a choice among many splits is held against a split; 0 or more [default: 0.5]
    #[arg(long, value_name = "PENALTY")]
    split_penalty: Option<f64>,

    /// Rows that the entity's shares of the classes count for; above 0 [default: 0.5]
    #[arg(long, value_name = "ROWS")]
    class_prior: Option<f64>,

    /// Rows that the entity's mean counts for; above 0 [default: 0.3]
    #[arg(long, value_name = "ROWS")]
    mean_prior: Option<f64>,

    /// Rows that the variance expected in a leaf counts for; above 0 [default: 3]
    #[arg(long, value_name = "ROWS")]
    variance_prior: Option<f64>,

    /// The variance expected in a leaf, as a share of the entity's; above 0 [default: 0.2]
    #[arg(long, value_name = "SHARE")]
    variance_share: Option<f64>,

    /// The largest depth of a leaf [default: no limit]
    #[arg(long)]
    max_depth: Option<usize>,

    /// The fewest rows of a node that may be split; 2 or more [default: 2]
    #[arg(long)]
    min_samples_split: Option<usize>,

    /// The fewest rows on either side of a split; 1 or more [default: 1]
    #[arg(long)]
    min_samples_leaf: Option<usize>,

    /// The least weight of a node that may be split; 0 or more [default: 0]
    #[arg(long)]
    min_weight_split: Option<f64>,

    /// The least weight on either side of a split; 0 or more [default: 0]
    #[arg(long)]
    min_weight_leaf: Option<f64>,

    /// The least weighted impurity decrease of a split; 0 or more [default: 0]
    #[arg(long)]
    min_impurity_decrease: Option<f64>,

    // What follows would stand under its heading.
    #[command(flatten)]
    shared: SharedArguments,
}

#[derive(Clone, Copy, ValueEnum)]
enum TrainerArgument {
    /// The exact tree of this project
    Cart,
    /// linfa-trees, for comparison
    Linfa,
    /// A boosted ensemble of each entity's own, for entities of many rows
    Boosted,
    /// One boosted model of all entities, and each entity's own share
    Shared,
}

#[derive(Clone, Copy, ValueEnum)]
enum CriterionArgument {
    Gini,
    Entropy,
    SquaredError,
    AbsoluteError,
    Poisson,
}

#[derive(Clone, Copy, ValueEnum)]
enum CategorySplitsArgument {
    /// The best of all sets of categories
    Set,
    /// One category, as with one-hot columns
    One,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum PruningArgument {
    /// Leaves predict the average over all prunings
    Average,
    /// It stays as it is
    None,
    /// Minimal cost-complexity pruning, with --ccp-alpha
    Ccp,
}

impl TreeArguments {
    /// Sets what is given.
    pub fn override_in(&self, spec: &mut TrainerSpec) -> Result<(), CliError> {
        self.override_in_all(spec)?;
        self.shared.check(spec.trainer)
    }

    /// Sets what is given, of shared models whatever the trainer is.
    pub fn override_in_all(&self, spec: &mut TrainerSpec) -> Result<(), CliError> {
        if let Some(trainer) = self.trainer {
            spec.trainer = match trainer {
                TrainerArgument::Cart => TrainerKind::Cart,
                TrainerArgument::Linfa => TrainerKind::Linfa,
                TrainerArgument::Boosted => TrainerKind::Boosted,
                TrainerArgument::Shared => TrainerKind::Shared,
            };
        }
        if let Some(criterion) = self.criterion {
            spec.criterion = Some(criterion.into());
        }
        if self.class_weight.is_some() {
            spec.class_weight.clone_from(&self.class_weight);
        }
        self.shared.override_in(&mut spec.shared);
        let params = self.limits(spec.params.clone());
        spec.params = match self.pruning(params.current_pruning())? {
            None => params,
            Some(pruning) => params.pruning(pruning),
        };
        Ok(())
    }

    fn limits(&self, mut params: DecisionTreeParams) -> DecisionTreeParams {
        if let Some(splits) = self.category_splits {
            params = params.category_splits(match splits {
                CategorySplitsArgument::Set => CategorySplits::Set,
                CategorySplitsArgument::One => CategorySplits::One,
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
        if let Some(weight) = self.min_weight_split {
            params = params.min_weight_split(weight);
        }
        if let Some(weight) = self.min_weight_leaf {
            params = params.min_weight_leaf(weight);
        }
        if let Some(decrease) = self.min_impurity_decrease {
            params = params.min_impurity_decrease(decrease);
        }
        params
    }

    /// What is said of pruning, where something is; what a way of pruning has no use for is an
    /// error.
    fn pruning(&self, before: Pruning) -> Result<Option<Pruning>, CliError> {
        let of_averaging = [
            ("--split-penalty", self.split_penalty),
            ("--class-prior", self.class_prior),
            ("--mean-prior", self.mean_prior),
            ("--variance-prior", self.variance_prior),
            ("--variance-share", self.variance_share),
        ];
        let mut of_averaging = of_averaging.iter().filter(|(_, given)| given.is_some());
        let first = of_averaging.next().map(|(flag, _)| *flag);
        let pruning = match (self.pruning, before) {
            (Some(PruningArgument::None), _) => Pruning::None,
            (Some(PruningArgument::Ccp), Pruning::CostComplexity { alpha }) => {
                Pruning::CostComplexity { alpha }
            }
            (Some(PruningArgument::Ccp), _) => Pruning::CostComplexity { alpha: 0.0 },
            (Some(PruningArgument::Average), Pruning::Average(averaging)) => {
                Pruning::Average(averaging)
            }
            (Some(PruningArgument::Average), _) => Pruning::Average(Averaging::default()),
            (None, before) => before,
        };
        let useless = |flag: &str, pruning: &str| {
            Err(CliError::Usage(format!(
                "{flag} is for --pruning {pruning}: say that, too, or leave it out"
            )))
        };
        match (pruning, first, self.ccp_alpha) {
            (Pruning::Average(_), _, Some(_)) | (Pruning::None, _, Some(_)) => {
                useless("--ccp-alpha", "ccp")
            }
            (Pruning::CostComplexity { .. } | Pruning::None, Some(flag), _) => {
                useless(flag, "average")
            }
            (Pruning::CostComplexity { alpha }, None, given) => {
                let alpha = given.unwrap_or(alpha);
                Ok(Some(Pruning::CostComplexity { alpha }))
            }
            (Pruning::Average(averaging), _, None) => Ok(Some(Pruning::Average(Averaging {
                split_penalty: self.split_penalty.unwrap_or(averaging.split_penalty),
                class_prior: self.class_prior.unwrap_or(averaging.class_prior),
                mean_prior: self.mean_prior.unwrap_or(averaging.mean_prior),
                variance_prior: self.variance_prior.unwrap_or(averaging.variance_prior),
                variance_share: self.variance_share.unwrap_or(averaging.variance_share),
            }))),
            (Pruning::None, None, None) => Ok(self.pruning.map(|_| Pruning::None)),
        }
    }
}

impl From<CriterionArgument> for AnyCriterion {
    fn from(criterion: CriterionArgument) -> Self {
        use AnyCriterion::{Classification, Regression};
        match criterion {
            CriterionArgument::Gini => Classification(Criterion::Gini),
            CriterionArgument::Entropy => Classification(Criterion::Entropy),
            CriterionArgument::SquaredError => Regression(RegressionCriterion::SquaredError),
            CriterionArgument::AbsoluteError => Regression(RegressionCriterion::AbsoluteError),
            CriterionArgument::Poisson => Regression(RegressionCriterion::Poisson),
        }
    }
}
