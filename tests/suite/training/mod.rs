//! What a run can be told of its models: how much classes count, from which probability on a class
//! is predicted, and that it is to note how much features matter.

mod class_weights;
mod importances;
mod rows;
mod shared;
mod shared_updates;
mod thresholds;
