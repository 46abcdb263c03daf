//! One entity's model: everything that a prediction needs, in the data's own units; its bytes, and
//! what is noted beside them.

mod assembly;
mod bind;
mod format;
mod importances;
#[allow(clippy::module_inception)]
mod model;
mod predict;
mod question;
mod summary;

pub(crate) use bind::{BoundModel, FrameColumn, MISSING, column};
pub use format::MODEL_VERSION;
pub use model::{Decision, Leaf, Model, ModelFeature, Test};
pub(crate) use question::AskedCategories;
pub use summary::{FINGERPRINT_BYTES, Fingerprint, ModelSummary};
