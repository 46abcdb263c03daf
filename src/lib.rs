//! One model per entity: a columnar engine that trains a model for every store, customer, machine
//! or country in one pass over the data.
//!
//! ```
//! use per_entity::store::MemoryDirectory;
//! use per_entity::{CartTrainer, DatasetSpec, Predictor, Store, Training};
//! use polars::prelude::*;
//!
//! let sales = df!("store" => ["A", "A", "B", "B"], "hour" => [9, 17, 9, 17], "busy" => ["no", "yes", "yes", "no"]).unwrap();
//! let directory = MemoryDirectory::new(); // or a path: "models"
//! Training::new(DatasetSpec::new(["store"], "busy"), CartTrainer::default()).run(sales, &directory)?;
//!
//! let new = df!("store" => ["B", "A"], "hour" => [18, 18]).unwrap();
//! let predicted = Predictor::new(Store::open(&directory)?)?.predict(&new)?;
//! let busy: Vec<_> = predicted.column("prediction").unwrap().str().unwrap().iter().collect();
//! assert_eq!(busy, [Some("no"), Some("yes")]);
//! # Ok::<(), per_entity::Error>(())
//! ```
//!
//! Data flows one way, and each module is one room of it; a room imports only those above it here:
//!
//! | room | what it holds |
//! | --- | --- |
//! | [`schema`] | what the others share: features, types, roles, reasons for leaving rows out |
//! | [`error`] | everything that can go wrong, grouped by what was being done |
//! | [`codes`] | columns of small integer codes |
//! | [`source`] | files, and how they are read |
//! | [`table`] | one table sorted by entity, each entity a slice |
//! | [`encode`] | a slice as compact codes, or as a dense one-hot matrix |
//! | [`tree`] | exact CART trees on codes |
//! | [`ensemble`] | trees that are added up: boosting |
//! | [`model`] | one entity's model in the data's own units, and its bytes |
//! | [`onnx`] | models in a form that others run |
//! | [`metrics`] | figures of predictions |
//! | [`store`] | generations of models, committed at once |
//! | [`train`] | a training run, and what fits a model |
//! | [`predict`] | rows of many entities, each by its own entity's model |
//! | [`evaluate`] | how good the models of a store are, and whether they pay |
//! | [`generate`] | made-up rows to try it all on |
#![warn(missing_docs)]

mod cancel;
mod cloud;
pub mod codes;
pub mod describe;
pub mod encode;
pub mod ensemble;
pub mod error;
pub mod evaluate;
pub mod generate;
mod guard;
pub mod metrics;
pub mod model;
pub mod onnx;
pub mod predict;
pub mod schema;
mod score;
pub mod source;
pub mod store;
pub mod table;
pub mod train;
pub mod tree;

pub use cancel::Cancel;
pub use error::{Error, Result};
pub use model::Model;
pub use predict::Predictor;
pub use source::DatasetSpec;
pub use store::Store;
pub use train::{CartTrainer, Training};
