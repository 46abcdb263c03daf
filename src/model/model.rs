//! One entity's model: everything that a prediction needs.

use std::sync::Arc;

use super::decision::{Decision, decide};
use super::ensemble::Ensemble;
use super::share::Share;
use super::shared_model::SharedModel;
use super::tree_model::{ModelFeature, TreeModel};

/// One entity's model.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    pub(super) key: String,
    /// Empty where the model tells a quantity.
    pub(super) classes: Arc<[String]>,
    pub(super) decision: Option<Decision>,
    pub(super) content: Content,
}

/// What a model predicts by.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    /// A tree.
    Tree(TreeModel),
    /// A boosted ensemble of the entity's own.
    Boosted(Box<Ensemble>),
    /// What all entities share, and what this one has of its own.
    Shared(Arc<SharedModel>, Share),
}

impl Model {
    /// The model of an entity that has a boosted ensemble of its own; without classes it tells a
    /// quantity.
    ///
    /// # Panics
    ///
    /// If the ensemble is not one of these classes, or asks for features or codes that it does not
    /// have.
    pub fn boosted(key: &str, classes: impl Into<Arc<[String]>>, ensemble: Ensemble) -> Self {
        let classes = classes.into();
        if let Err(problem) = ensemble.check(classes.len()) {
            panic!("the ensemble of '{key}' {problem}");
        }
        Self {
            key: key.to_owned(),
            classes,
            decision: None,
            content: Content::Boosted(ensemble.into()),
        }
    }

    /// The model of an entity that has a share of a model of all entities.
    ///
    /// # Panics
    ///
    /// If the share does not fit what is shared.
    pub fn shared(key: &str, shared: &Arc<SharedModel>, share: Share) -> Self {
        if let Err(problem) = share.check(shared) {
            panic!("the share of '{key}' {problem}");
        }
        Self {
            key: key.to_owned(),
            classes: shared.classes().clone(),
            decision: None,
            content: Content::Shared(shared.clone(), share),
        }
    }

    /// The entity's key, as in the store.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The classes, in the order of probabilities and counts; none where the model tells a
    /// quantity.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Whether the model tells a quantity, and not a class.
    pub fn is_regression(&self) -> bool {
        self.classes.is_empty()
    }

    /// The tree, where the model is one.
    pub fn tree(&self) -> Option<&TreeModel> {
        match &self.content {
            Content::Tree(tree) => Some(tree),
            _ => None,
        }
    }

    /// The boosted ensemble of the entity's own, where it has one.
    pub fn ensemble(&self) -> Option<&Ensemble> {
        match &self.content {
            Content::Boosted(ensemble) => Some(ensemble),
            _ => None,
        }
    }

    /// What all entities share and what this one has of its own, where that is the model.
    pub fn share(&self) -> Option<(&Arc<SharedModel>, &Share)> {
        match &self.content {
            Content::Shared(shared, share) => Some((shared, share)),
            _ => None,
        }
    }

    /// The names of the features that the model asks about, of a shared model all that are binned.
    pub fn feature_names(&self) -> Vec<&str> {
        match &self.content {
            Content::Tree(tree) => tree.features().iter().map(ModelFeature::name).collect(),
            Content::Boosted(ensemble) => ensemble.features.iter().map(|f| f.name()).collect(),
            Content::Shared(shared, _) => shared.features().iter().map(|f| f.name()).collect(),
        }
    }

    /// Number of nodes of the entity's own trees, leaves included.
    pub fn node_count(&self) -> usize {
        match &self.content {
            Content::Tree(tree) => tree.node_count(),
            Content::Boosted(ensemble) => ensemble.trees.node_count(),
            Content::Shared(_, share) => share.trees.node_count(),
        }
    }

    /// Depth of the deepest leaf of the entity's own trees; a tree of one leaf has depth 0.
    pub fn depth(&self) -> usize {
        match &self.content {
            Content::Tree(tree) => tree.depth(),
            Content::Boosted(ensemble) => ensemble.trees.depth(),
            Content::Shared(_, share) => share.trees.depth(),
        }
    }

    /// The class that is predicted from some probability on, where that is not the most probable
    /// one.
    pub fn decision(&self) -> Option<Decision> {
        self.decision
    }

    /// The same model with another way to decide on a class.
    ///
    /// # Panics
    ///
    /// If the model does not have the class.
    #[must_use]
    pub fn with_decision(mut self, decision: Option<Decision>) -> Self {
        let has_class = |decision: &Decision| (decision.positive as usize) < self.classes.len();
        assert!(
            decision.as_ref().is_none_or(has_class),
            "a class of the model"
        );
        self.decision = decision;
        self
    }

    /// The class that is predicted where the classes have these weights, in the order of
    /// [`classes`](Self::classes).
    ///
    /// # Panics
    ///
    /// If there is not one weight for each class, or the model tells a quantity.
    pub fn class_of(&self, weights: &[f64]) -> &str {
        assert_eq!(
            weights.len(),
            self.classes.len(),
            "one weight for each class"
        );
        &self.classes[decide(self.decision, weights, weights.iter().sum())]
    }

    /// Bytes of memory that the model takes, as near as its own arrays tell; what all entities
    /// share aside.
    pub(crate) fn memory(&self) -> u64 {
        let text = |text: &String| size_of::<String>() + text.capacity();
        let classes = || self.classes.iter().map(text).sum::<usize>();
        let content = match &self.content {
            Content::Tree(tree) => classes() + tree.memory(),
            Content::Boosted(ensemble) => classes() + ensemble.memory(),
            Content::Shared(_, share) => share.memory(),
        };
        (size_of::<Self>() + self.key.capacity() + content) as u64
    }
}
