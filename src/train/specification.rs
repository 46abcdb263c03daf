//! All that a run is told: the dataset, how it trains, and what fits the models.

use std::path::Path;

use serde_json::{Value, json};

use super::settings::TrainingSettings;
use super::shared::SharedParams;
use super::trainer_spec::{TrainerKind, TrainerSpec};
use super::training::Training;
use crate::error::{Error, Result, SpecError};
use crate::schema::Task;
use crate::source::{DatasetSpec, SpecTable};
use crate::store::Run;

/// A training run as a specification: the dataset, how it trains, and what fits the models.
///
/// In TOML, what [`DatasetSpec`] lists stands at the root, the settings of [`TrainingSettings`] in
/// the table `[train]`, and those of [`TrainerSpec`] in the table `[tree]`. All names are written in
/// kebab-case, whatever is not there has its default, and a name that is not known is an error.
///
/// ```
/// use per_entity::train::TrainingSpec;
///
/// let spec = TrainingSpec::from_toml(r#"
///     key = ["country", "store"]
///     target = "returned"
///
///     [train]
///     min-rows = 20
///     pooled = true
///     holdout = { share = 0.2, seed = 1 }
///
///     [tree]
///     max-depth = 8
/// "#)?;
/// assert_eq!(spec.train.min_rows, 20);
/// let training = spec.training()?;
/// # Ok::<(), per_entity::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainingSpec {
    /// What the columns of the dataset are for.
    pub dataset: DatasetSpec,
    /// How the run trains.
    pub train: TrainingSettings,
    /// What fits the models.
    pub tree: TrainerSpec,
}

impl From<DatasetSpec> for TrainingSpec {
    /// A run on this dataset, with everything else by default.
    fn from(dataset: DatasetSpec) -> Self {
        Self {
            dataset,
            ..Self::default()
        }
    }
}

impl TrainingSpec {
    /// The training run.
    ///
    /// # Errors
    ///
    /// [`ParamsError`](crate::error::ParamsError) for a hyperparameter out of its range.
    pub fn training(&self) -> Result<Training> {
        let training = Training::new(self.dataset.clone(), self.tree.trainer()?);
        Ok(training.settings(self.train.clone()))
    }

    /// Reads a specification in TOML.
    ///
    /// # Errors
    ///
    /// [`SpecError::Unreadable`] for text that is not TOML or has a value that cannot be,
    /// [`SpecError::UnknownSetting`] for a name that is not known.
    pub fn from_toml(text: &str) -> Result<Self> {
        Ok(Self::parse(text, None)?)
    }

    /// Reads a specification from a TOML file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the file cannot be read, and those of [`from_toml`](Self::from_toml).
    pub fn from_file(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
        Ok(Self::parse(&text, Some(path))?)
    }

    fn parse(text: &str, path: Option<&Path>) -> std::result::Result<Self, SpecError> {
        let mut root = SpecTable::parse(text, path)?;
        let train = root.take_table("train")?.read()?;
        let mut tree = root.take_table("tree")?;
        let trainer = tree.take("trainer")?.unwrap_or_default();
        let criterion = tree.take("criterion")?;
        let class_weight = tree.take("class-weight")?;
        let shared = shared_params(&mut tree)?;
        let params = tree.read()?;
        Ok(Self {
            dataset: root.read()?,
            train,
            tree: TrainerSpec {
                trainer,
                criterion,
                class_weight,
                params,
                shared,
            },
        })
    }

    /// The specification in TOML.
    ///
    /// # Errors
    ///
    /// [`SpecError::Unreadable`] where it cannot be written, which is a defect.
    pub fn to_toml(&self) -> Result<String> {
        let unreadable = |error: toml::ser::Error| SpecError::Unreadable {
            path: None,
            problem: error.to_string(),
        };
        let train = toml::Table::try_from(&self.train).map_err(unreadable)?;
        let params = toml::Table::try_from(&self.tree.params).map_err(unreadable)?;
        let trainer = toml::Value::try_from(self.tree.trainer).map_err(unreadable)?;
        let criterion = self.tree.criterion.map(toml::Value::try_from).transpose();
        let criterion = criterion.map_err(unreadable)?;
        let criterion = criterion.map(|criterion| ("criterion".to_owned(), criterion));
        let class_weight = self.tree.class_weight.as_ref().map(toml::Value::try_from);
        let class_weight = class_weight.transpose().map_err(unreadable)?;
        let class_weight = class_weight.map(|weight| ("class-weight".to_owned(), weight));
        let params = params
            .into_iter()
            .filter(|(name, _)| !CRITERIA.contains(&name.as_str()));
        let params = params.map(|(name, value)| (name.replace('_', "-"), value));
        let shared = toml::Table::try_from(&self.tree.shared).map_err(unreadable)?;
        let shared = shared
            .into_iter()
            .filter(|_| self.tree.trainer.is_boosted());
        let shared = shared.map(|(name, value)| (format!("shared-{name}"), value));
        let tree = [("trainer".to_owned(), trainer)].into_iter().chain(shared);
        let tree = tree.chain(criterion).chain(class_weight).chain(params);
        let tables = toml::Table::from_iter([
            ("train".to_owned(), train.into()),
            ("tree".to_owned(), toml::Value::Table(tree.collect())),
        ]);
        let tables = toml::to_string(&tables).map_err(unreadable)?;
        Ok(format!("{}\n{tables}", self.dataset.to_toml()?))
    }

    /// The specification of the run that made a generation, by which it can be repeated.
    ///
    /// Of generations of earlier versions, the fewest rows and the rows held out are known, and
    /// all other settings of `[train]` have their defaults.
    ///
    /// # Errors
    ///
    /// [`SpecError::NotRepeatable`] where the trainer is none that a specification can name, or
    /// has a hyperparameter of a later version.
    pub fn of_run(run: &Run) -> Result<Self> {
        let not_repeatable = |error: serde_json::Error| SpecError::NotRepeatable {
            problem: error.to_string(),
        };
        let train = match &run.settings {
            Value::Null => TrainingSettings {
                min_rows: run.min_rows,
                holdout: run.holdout.as_ref().map(|holdout| holdout.drawn.clone()),
                ..TrainingSettings::default()
            },
            settings => serde_json::from_value(settings.clone()).map_err(not_repeatable)?,
        };
        let trainer = run.trainer["trainer"].clone();
        let trainer: TrainerKind = serde_json::from_value(trainer).map_err(not_repeatable)?;
        let class_weight = run.trainer["class_weight"].clone();
        let (params, shared) = match trainer {
            trainer if trainer.is_boosted() => (json!({}), run.trainer["params"].clone()),
            _ => (params_of(run), json!({})),
        };
        Ok(Self {
            dataset: run.dataset.clone(),
            train,
            tree: TrainerSpec {
                trainer,
                criterion: serde_json::from_value(criterion_of(run)).map_err(not_repeatable)?,
                class_weight: serde_json::from_value(class_weight).map_err(not_repeatable)?,
                params: serde_json::from_value(params).map_err(not_repeatable)?,
                shared: serde_json::from_value(shared).map_err(not_repeatable)?,
            },
        })
    }
}

/// The parameters of a shared model.
fn shared_params(tree: &mut SpecTable) -> std::result::Result<SharedParams, SpecError> {
    let defaults = SharedParams::default();
    Ok(SharedParams {
        members: tree.take("shared-members")?,
        models: tree.take("shared-models")?,
        rounds: tree.take("shared-rounds")?.unwrap_or(defaults.rounds),
        rows: tree.take("shared-rows")?.unwrap_or(defaults.rows),
        seed: tree.take("shared-seed")?.unwrap_or(defaults.seed),
    })
}

/// The names of the hyperparameters that a specification has as one.
const CRITERIA: [&str; 2] = ["criterion", "regression_criterion"];

/// The hyperparameters of a run as a specification has them. A run of an earlier version pruned
/// nothing, and split categories one by one.
fn params_of(run: &Run) -> Value {
    let earlier = [
        ("pruning", json!("none")),
        ("category-splits", json!("one")),
    ];
    let mut params: serde_json::Map<String, Value> = earlier
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let recorded = run.trainer["params"].as_object();
    let recorded = recorded.into_iter().flatten();
    let recorded = recorded.filter(|(name, _)| !CRITERIA.contains(&name.as_str()));
    params.extend(recorded.map(|(name, value)| (name.replace('_', "-"), value.clone())));
    Value::Object(params)
}

/// What the splits of a run decreased.
fn criterion_of(run: &Run) -> Value {
    let name = match run.task {
        Task::Classification => "criterion",
        Task::Regression => "regression_criterion",
    };
    run.trainer["params"][name].clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ParamsError;
    use crate::metrics::{Metric, ThresholdMetric};
    use crate::schema::{ByteSize, Holdout, ImportanceKind};
    use crate::store::ModelsPerFile;
    use crate::train::{AnyCriterion, Threshold, Update, Vanished};
    use crate::tree::{CategorySplits, Criterion, DecisionTreeParams, Pruning};

    const EVERYTHING: &str = r#"
key = ["shop"]
target = "busy"
ignore = ["id"]

[csv]
separator = ";"

[train]
min-rows = 20
pooled = true
parents = true
memory-limit = "2GiB"
models-per-file = 7
threads = 3
threshold = "balanced-accuracy"
positive = "yes"
importance = "permutation"
holdout = { time = "day", from = 2013-10-01 }

[train.update]
vanished = "keep"
keep-better = "roc-auc"
tolerance = 0.01
max-regression = 0.02
other-dataset = true
refit-shared = true
commit-unchanged = true

[tree]
trainer = "linfa"
criterion = "entropy"
class-weight = { yes = 5, no = 0.5 }
max-depth = 8
min-samples-split = 4
min-samples-leaf = 3
min-impurity-decrease = 0.001
category-splits = "one"
pruning = "ccp"
ccp-alpha = 0.01
"#;

    fn everything() -> TrainingSpec {
        let mut dataset = DatasetSpec::new(["shop"], "busy");
        dataset.ignore = vec!["id".into()];
        dataset.csv.separator = Some(';');
        let update = Update::new()
            .vanished(Vanished::Keep)
            .keep_better(Metric::RocAuc, 0.01)
            .max_regression(0.02)
            .other_dataset(true)
            .refit_shared(true)
            .commit_unchanged(true);
        let params = DecisionTreeParams::averaging()
            .pruning(Pruning::CostComplexity { alpha: 0.01 })
            .category_splits(CategorySplits::One)
            .max_depth(Some(8))
            .min_samples_split(4)
            .min_samples_leaf(3)
            .min_impurity_decrease(0.001);
        TrainingSpec {
            dataset,
            train: TrainingSettings {
                min_rows: 20,
                pooled: true,
                parents: true,
                memory_limit: Some(ByteSize(2 << 30)),
                models_per_file: ModelsPerFile::Fixed(7),
                threads: 3,
                threshold: Some(Threshold::Best(ThresholdMetric::BalancedAccuracy)),
                positive: Some("yes".into()),
                importance: Some(ImportanceKind::Permutation),
                holdout: Some(Holdout::after("day", "2013-10-01".parse().unwrap())),
                update: Some(update),
            },
            tree: TrainerSpec {
                trainer: TrainerKind::Linfa,
                criterion: Some(AnyCriterion::Classification(Criterion::Entropy)),
                class_weight: Some("yes=5,no=0.5".parse().unwrap()),
                params,
                shared: SharedParams::default(),
            },
        }
    }

    #[test]
    fn every_setting_has_its_name() {
        assert_eq!(TrainingSpec::from_toml(EVERYTHING).unwrap(), everything());
    }

    #[test]
    fn what_is_not_there_has_its_default() {
        let spec = TrainingSpec::from_toml("key = ['shop']\ntarget = 'busy'").unwrap();
        assert_eq!(spec, DatasetSpec::new(["shop"], "busy").into());
        assert_eq!(spec.tree.params, DecisionTreeParams::averaging());
    }

    #[test]
    fn a_specification_is_the_same_read_back() {
        for spec in [everything(), DatasetSpec::adult().into()] {
            let text = spec.to_toml().unwrap();
            assert_eq!(TrainingSpec::from_toml(&text).unwrap(), spec, "{text}");
        }
    }

    #[test]
    fn a_dataset_passes_over_the_tables_of_a_run() {
        let dataset = DatasetSpec::from_toml(EVERYTHING).unwrap();
        assert_eq!(dataset, everything().dataset);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_the_nearest_name() {
        for (text, parts) in [
            ("kye = ['shop']", ["line 1", "'kye'", "'key'?"]),
            (
                "\n[train]\nmin_rows = 2",
                ["line 3", "'min_rows'", "'min-rows'?"],
            ),
            (
                "[train]\nholdout = { shore = 0.2 }",
                ["line 2", "'shore'", "'share'?"],
            ),
            (
                "[train.update]\nvanish = 'keep'",
                ["line 2", "'vanish'", "'vanished'?"],
            ),
            (
                "[tree]\nmax-dept = 2",
                ["line 2", "'max-dept'", "'max-depth'?"],
            ),
            (
                "[tree]\n\ntrainr = 'cart'",
                ["line 3", "'trainr'", "'trainer'?"],
            ),
            (
                "[csv]\nseperator = ';'",
                ["line 2", "'seperator'", "'separator'?"],
            ),
            ("[trian]\nmin-rows = 2", ["line 1", "'trian'", "'train'?"]),
            ("train = 3", ["line 1", "'train'", "[train]"]),
            (
                "[tree]\ntrainer = 'forest'",
                ["line 2", "`forest`", "`cart`"],
            ),
            (
                "[tree]\nmax-depth = -2",
                ["line 2", "max-depth", "integer `-2`"],
            ),
            (
                "[train]\nmemory-limit = 'much'",
                ["line 2", "memory-limit", "'much' is not"],
            ),
            (
                "[train]\nmodels-per-file = 0",
                ["line 2", "models-per-file", "nonzero"],
            ),
            (
                "[train]\nholdout = { share = 2 }",
                ["line 2", "holdout", "strictly between"],
            ),
            (
                "[train]\nholdout = { by = 'x' }",
                ["line 2", "holdout", "only where a share"],
            ),
        ] {
            let error = TrainingSpec::from_toml(text).unwrap_err().to_string();
            for part in parts {
                assert!(error.contains(part), "{part} in {error}");
            }
        }
    }

    #[test]
    fn hyperparameters_are_checked() {
        let spec = TrainingSpec::from_toml("[tree]\nmin-samples-split = 1").unwrap();
        let error = spec.training().map(|_| ()).unwrap_err();
        assert!(matches!(
            error,
            Error::Params(ParamsError::MinSamplesSplit(1))
        ));
    }
}
