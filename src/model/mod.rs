//! One entity's model: everything that a prediction needs, in the data's own units; its bytes, and
//! what is noted beside them.
//!
//! A model is a tree, a boosted ensemble of the entity's own, or a share of a model of all entities.
//! Whatever predicts binds models to columns by a `Binder`, and asks the `BoundModel`.

mod asked_codes;
mod assembly;
mod binder;
mod binned_columns;
mod binned_feature;
mod boosted_record;
mod bound_ensemble;
mod bound_model;
mod bound_tree;
mod cbor;
mod decision;
mod ensemble;
mod feature_column;
mod format;
mod frame_column;
#[cfg(test)]
pub(crate) mod hand_made;
mod importances;
#[allow(clippy::module_inception)]
mod model;
mod predict;
mod question;
mod share;
mod share_settings;
mod shared_model;
mod shared_record;
mod summary;
#[cfg(test)]
mod tests;
mod tree_model;
mod tree_record;
mod trees_record;
mod typed_array;

pub(crate) use binder::Binder;
pub use binned_feature::{BinnedFeature, FeatureBins, MAX_CATEGORIES};
pub(crate) use bound_model::BoundModel;
pub use decision::Decision;
pub use ensemble::Ensemble;
pub use format::MODEL_VERSION;
pub(crate) use frame_column::{FrameColumn, MISSING, column};
pub use model::Model;
pub use share::{Share, Verdict};
pub use share_settings::ShareSettings;
pub use shared_model::{EntityNumber, MAX_PARENTS, Member, ParentLevel, SharedModel, SharedParts};
pub use summary::{FINGERPRINT_BYTES, Fingerprint, ModelSummary};
pub use tree_model::{Leaf, ModelFeature, Test, TreeModel};
