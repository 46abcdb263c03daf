//! What models are bound to: the columns of some rows, and the classes among which theirs are found.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::binned_columns::BinnedColumns;
use super::bound_ensemble::{BoostedTrees, BoundEnsemble};
use super::bound_model::{Bound, BoundModel};
use super::bound_tree::BoundTree;
use super::decision::Decision;
use super::feature_column::FeatureColumn;
use super::model::{Content, Model};
use super::shared_model::SharedModel;
use crate::error::{Error, Result};

/// What models are bound to: the columns of some rows, and the classes among which theirs are found.
///
/// What all entities share is bound once.
pub(crate) struct Binder<'a> {
    columns: HashMap<&'a str, FeatureColumn<'a>>,
    /// By class: its position. None where quantities are told.
    classes: HashMap<&'a str, u32>,
    /// A forged manifest or model may name a class twice.
    class_count: usize,
    shared: OnceLock<(Arc<SharedModel>, BoundShared<'a>)>,
}

/// What is the same for all entities that have a share of a model.
#[derive(Clone)]
struct BoundShared<'a> {
    columns: Arc<BinnedColumns<'a>>,
    places: Arc<[u32]>,
}

impl<'a> Binder<'a> {
    /// The columns by the names of the features that they hold; the classes in their order, none
    /// where quantities are told.
    pub fn new(
        columns: impl IntoIterator<Item = (&'a str, FeatureColumn<'a>)>,
        classes: &'a [String],
    ) -> Self {
        Self {
            columns: columns.into_iter().collect(),
            classes: classes.iter().map(String::as_str).zip(0..).collect(),
            class_count: classes.len(),
            shared: OnceLock::new(),
        }
    }

    /// The position of a class.
    pub fn class(&self, class: &str) -> Option<usize> {
        self.classes.get(class).map(|&place| place as usize)
    }

    /// Number of classes, 0 where quantities are told.
    pub fn class_count(&self) -> usize {
        self.class_count
    }

    /// A model, what it asks of the columns, and its classes.
    ///
    /// # Errors
    ///
    /// [`Error::BadModel`] for a feature whose column is not there or of the other kind and for a
    /// class that is none of the classes, [`Error::OtherTask`] for a model of classes where
    /// quantities are told, or the other way round.
    pub fn bind<'m>(&self, model: &'m Model) -> Result<BoundModel<'m>>
    where
        'a: 'm,
    {
        let decision = model.decision();
        match &model.content {
            Content::Tree(tree) => {
                let places = self.places(model.classes())?;
                let tree = BoundTree::new(tree, |name| self.column(name)).map_err(other_form)?;
                Ok(self.bound(Bound::Tree(tree), places, decision))
            }
            Content::Boosted(ensemble) => {
                let places = self.places(model.classes())?;
                let columns = BinnedColumns::new(&ensemble.features, |name| self.column(name));
                let bound = BoundEnsemble {
                    trees: BoostedTrees::Own(ensemble),
                    columns: Arc::new(columns.map_err(other_form)?),
                };
                Ok(self.bound(Bound::Ensemble(bound), places, decision))
            }
            Content::Shared(shared, share) => {
                let key = model.key();
                self.bind_shared(
                    shared,
                    BoostedTrees::Shared { shared, key, share },
                    decision,
                )
            }
        }
    }

    /// What answers for entities that are not known, with the level of their parent where that is
    /// known.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    pub fn bind_unknown<'m>(
        &self,
        shared: &'m Arc<SharedModel>,
        level: Option<&'m [f64]>,
    ) -> Result<BoundModel<'m>>
    where
        'a: 'm,
    {
        self.bind_shared(shared, BoostedTrees::Unknown { shared, level }, None)
    }

    fn bind_shared<'m>(
        &self,
        shared: &Arc<SharedModel>,
        trees: BoostedTrees<'m>,
        decision: Option<Decision>,
    ) -> Result<BoundModel<'m>>
    where
        'a: 'm,
    {
        let BoundShared { columns, places } = self.shared(shared)?;
        let bound = BoundEnsemble { trees, columns };
        Ok(self.bound(Bound::Ensemble(bound), places, decision))
    }

    fn shared(&self, shared: &Arc<SharedModel>) -> Result<BoundShared<'a>> {
        if let Some((held, bound)) = self.shared.get()
            && Arc::ptr_eq(held, shared)
        {
            return Ok(bound.clone());
        }
        let columns = BinnedColumns::new(shared.features(), |name| self.column(name));
        let bound = BoundShared {
            columns: Arc::new(columns.map_err(other_form)?),
            places: self.places(shared.classes())?,
        };
        // Where another thread was faster, or another model was, this is bound once more.
        let _ = self.shared.set((shared.clone(), bound.clone()));
        Ok(bound)
    }

    fn bound<'m>(
        &self,
        bound: Bound<'m>,
        places: Arc<[u32]>,
        decision: Option<Decision>,
    ) -> BoundModel<'m> {
        BoundModel {
            bound,
            places,
            width: self.class_count().max(1),
            decision,
        }
    }

    fn column(&self, name: &str) -> Option<FeatureColumn<'a>> {
        self.columns.get(name).copied()
    }

    /// The positions of a model's classes.
    fn places(&self, classes: &[String]) -> Result<Arc<[u32]>> {
        if classes.is_empty() != self.classes.is_empty() {
            return Err(Error::OtherTask(OTHER_TASK));
        }
        let places = classes.iter().map(|class| self.classes.get(class.as_str()));
        let places: Option<Arc<[u32]>> = places.map(Option::<&u32>::copied).collect();
        places.ok_or_else(|| Error::BadModel("predicts a class that its run did not have".into()))
    }
}

/// Why a model cannot predict some rows.
const OTHER_TASK: &str = "tells classes where the target is a quantity, or the other way round";

fn other_form(feature: &str) -> Error {
    Error::BadModel(format!(
        "asks for feature '{feature}', which its run did not have in this form"
    ))
}
