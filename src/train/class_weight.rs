//! How much the classes count, beside the weights of rows.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fitted::Fitted;
use super::trainer::{Prepared, SharedInput, TrainError, Trainer, TrainerScratch};
use crate::encode::{EncodedPartition, EncodedTarget};
use crate::error::{self, ParamsError};
use crate::model::SharedModel;
use crate::schema::Task;

/// How much each class counts in training: what the weights of its rows are multiplied by, as
/// scikit-learn's `class_weight` (`sklearn.utils.class_weight.compute_class_weight`).
///
/// Written as `balanced`, or as `yes=5,no=1`; in a specification also as a table,
/// `{ yes = 5, no = 1 }`. Leaves hold the weights so multiplied, so the probabilities of a model
/// are those among rows whose classes are as frequent as that makes them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum ClassWeight {
    /// `n / (classes * n_class)`, so that all classes that an entity has count the same: `n` is
    /// the weight of its rows, `n_class` that of its rows of the class.
    Balanced,
    /// A number from 1e-9 to 1e9 for each class that is named, and 1 for the others.
    ByClass(BTreeMap<String, f64>),
}

/// A text that does not say how much classes count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' does not say how much classes count; write balanced, or the classes with their weights, as in yes=5,no=1"
)]
pub struct ClassWeightError(
    /// The text.
    pub String,
);

/// The weights of a class with which those of rows stay numbers to reckon with.
const CLASS_WEIGHTS: RangeInclusive<f64> = 1e-9..=1e9;

const BALANCED: &str = "balanced";

impl ClassWeight {
    fn check(&self) -> Result<(), ParamsError> {
        let Self::ByClass(weights) = self else {
            return Ok(());
        };
        let mut weights = weights.iter();
        match weights.find(|(_, weight)| !CLASS_WEIGHTS.contains(weight)) {
            None => Ok(()),
            Some((class, &weight)) => Err(ParamsError::ClassWeight {
                class: class.clone(),
                weight,
            }),
        }
    }

    fn check_classes(&self, classes: &[String]) -> Result<(), ParamsError> {
        let Self::ByClass(weights) = self else {
            return Ok(());
        };
        match weights.keys().find(|class| !classes.contains(class)) {
            None => Ok(()),
            Some(class) => Err(ParamsError::WeightOfNoClass {
                class: class.clone(),
                classes: classes.to_vec(),
            }),
        }
    }

    /// What the weights of the rows of each class of a partition are multiplied by.
    fn factors(&self, partition: &EncodedPartition, labels: &[u32]) -> Vec<f64> {
        match self {
            Self::Balanced => {
                let mut weights = vec![0.0; partition.encoder().class_count()];
                for (row, &label) in labels.iter().enumerate() {
                    weights[label as usize] += weight_of(partition, row);
                }
                let mean = weights.iter().sum::<f64>() / weights.len() as f64;
                weights.iter().map(|weight| mean / weight).collect()
            }
            Self::ByClass(weights) => {
                let classes = partition.encoder().classes();
                classes
                    .map(|class| weights.get(class).copied().unwrap_or(1.0))
                    .collect()
            }
        }
    }

    /// The weight of each row of a partition; nothing where it has no classes.
    fn weights(&self, partition: &EncodedPartition) -> Option<Vec<f64>> {
        let EncodedTarget::Classes { labels } = partition.target() else {
            return None;
        };
        let factors = self.factors(partition, labels);
        let labels = labels.iter().enumerate();
        let weights =
            labels.map(|(row, &label)| weight_of(partition, row) * factors[label as usize]);
        Some(weights.collect())
    }

    /// As manifests have it, in which the names of classes are values.
    fn description(&self) -> Value {
        match self {
            Self::Balanced => json!(BALANCED),
            Self::ByClass(weights) => weights
                .iter()
                .map(|(class, weight)| json!({ "class": class, "weight": weight }))
                .collect(),
        }
    }
}

fn weight_of(partition: &EncodedPartition, row: usize) -> f64 {
    partition.weights().map_or(1.0, |weights| weights[row])
}

impl FromStr for ClassWeight {
    type Err = ClassWeightError;

    fn from_str(text: &str) -> Result<Self, ClassWeightError> {
        if text == BALANCED {
            return Ok(Self::Balanced);
        }
        let unreadable = || ClassWeightError(text.to_owned());
        let mut weights = BTreeMap::new();
        for pair in text.split(',') {
            let (class, weight) = pair.rsplit_once('=').ok_or_else(unreadable)?;
            let weight = weight.trim().parse().map_err(|_| unreadable())?;
            if weights.insert(class.trim().to_owned(), weight).is_some() {
                return Err(unreadable());
            }
        }
        Ok(Self::ByClass(weights))
    }
}

/// The forms that class weights have in specifications and manifests.
#[derive(Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "'balanced', classes with their weights as in 'yes=5,no=1', or a table of them"
)]
enum Written {
    Text(String),
    ByClass(BTreeMap<String, f64>),
    Listed(Vec<Listed>),
}

#[derive(Serialize, Deserialize)]
struct Listed {
    class: String,
    weight: f64,
}

impl TryFrom<Written> for ClassWeight {
    type Error = ClassWeightError;

    fn try_from(written: Written) -> Result<Self, ClassWeightError> {
        Ok(match written {
            Written::Text(text) => text.parse()?,
            Written::ByClass(weights) => Self::ByClass(weights),
            Written::Listed(weights) => {
                let weights = weights.into_iter();
                Self::ByClass(
                    weights
                        .map(|listed| (listed.class, listed.weight))
                        .collect(),
                )
            }
        })
    }
}

impl From<ClassWeight> for Written {
    fn from(class_weight: ClassWeight) -> Self {
        match class_weight {
            ClassWeight::Balanced => Self::Text(BALANCED.into()),
            ClassWeight::ByClass(weights) => Self::ByClass(weights),
        }
    }
}

/// A trainer to which classes count as a [`ClassWeight`] says.
///
/// ```
/// use per_entity::CartTrainer;
/// use per_entity::train::{ClassWeight, ClassWeighted};
///
/// let trainer = ClassWeighted::new(Box::new(CartTrainer::default()), ClassWeight::Balanced)?;
/// # Ok::<(), per_entity::error::ParamsError>(())
/// ```
pub struct ClassWeighted {
    trainer: Box<dyn Trainer>,
    class_weight: ClassWeight,
}

impl ClassWeighted {
    /// The trainer with weights of the classes.
    ///
    /// # Errors
    ///
    /// [`ParamsError::ClassWeight`] for one out of its range.
    pub fn new(trainer: Box<dyn Trainer>, class_weight: ClassWeight) -> Result<Self, ParamsError> {
        class_weight.check()?;
        Ok(Self {
            trainer,
            class_weight,
        })
    }

    /// What trains the entities with the same weights.
    fn weighed(&self, prepared: Prepared) -> Prepared {
        Prepared {
            trainer: Box::new(Self {
                trainer: prepared.trainer,
                class_weight: self.class_weight.clone(),
            }),
            ..prepared
        }
    }
}

impl Trainer for ClassWeighted {
    fn check(&self, task: Task, classes: &[String]) -> Result<(), ParamsError> {
        if task == Task::Regression {
            return Err(ParamsError::ClassWeightOfQuantity);
        }
        self.class_weight.check_classes(classes)?;
        self.trainer.check(task, classes)
    }

    fn is_shared(&self) -> bool {
        self.trainer.is_shared()
    }

    /// What all entities share is fitted to the same weights as they are themselves.
    fn prepare(&self, input: &SharedInput) -> error::Result<Option<Prepared>> {
        let class_weight = self.class_weight.clone();
        let input = SharedInput {
            weigh: Some(Arc::new(move |partition| class_weight.weights(partition))),
            ..*input
        };
        let prepared = self.trainer.prepare(&input)?;
        Ok(prepared.map(|prepared| self.weighed(prepared)))
    }

    fn resume(
        &self,
        shared: Arc<SharedModel>,
        input: &SharedInput,
    ) -> error::Result<Option<Prepared>> {
        let prepared = self.trainer.resume(shared, input)?;
        Ok(prepared.map(|prepared| self.weighed(prepared)))
    }

    fn train(
        &self,
        partition: &EncodedPartition,
        scratch: &mut TrainerScratch,
    ) -> Result<Fitted, TrainError> {
        let Some(weights) = self.class_weight.weights(partition) else {
            return Err(TrainError::quantity("a trainer with weights of classes"));
        };
        self.trainer.train(&partition.reweighted(weights), scratch)
    }

    fn description(&self) -> Value {
        let mut description = self.trainer.description();
        description["class_weight"] = self.class_weight.description();
        description
    }
}
