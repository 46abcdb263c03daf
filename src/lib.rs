//! One decision tree per entity: a columnar engine that trains a model for every store, customer,
//! machine or country in one pass over the data.
//!
//! Data flows one way, and each module is one stage of it:
//!
//! | stage | module | in | out |
//! | --- | --- | --- | --- |
//! | dataset | [`dataset`] | files | one table, sorted by entity, each entity a slice |
//! | encode | [`encode`] | a slice | compact codes, or a dense one-hot matrix |
//! | tree | [`tree`] | codes | an exact CART tree |
//! | train | [`train`] | the table | a model for each entity, in parallel |
//! | store | [`store`] | models | CBOR files and a manifest, committed at once |
//! | predict | [`predict`] | rows of many entities | each row's class, by its own entity's model |
//! | evaluate | [`evaluate`] | predictions | metrics, confusion, fairness |
//!
//! Below the stages lie what they share: [`schema`], what is known of a column, and [`codes`],
//! columns of small integers. [`generate`] makes up data of any size to try it all on.
//!
//! ```
//! use std::sync::{Arc, atomic::AtomicBool};
//!
//! use linfa::ParamGuard;
//! use per_entity::dataset::{DatasetSpec, Source, Table};
//! use per_entity::store::{ModelsPerFile, Run, Store, Writer};
//! use per_entity::train::{CartTrainer, Engine};
//! use per_entity::tree::DecisionTreeParams;
//!
//! # let directory = std::env::temp_dir().join(format!("per-entity-example-{}", std::process::id()));
//! let spec = DatasetSpec::adult();
//! let source = Source::open(&["fixtures/adult-sample.csv".into()], None, &spec)?;
//! let interrupt = Arc::new(AtomicBool::new(false));
//! let table = Table::load(&source, &spec, &interrupt)?;
//!
//! let trainer = CartTrainer::new(DecisionTreeParams::new().max_depth(Some(5)).check()?);
//! let keys = table.partitions().map(|partition| partition.key());
//! let mut writer = Writer::create(&directory, ModelsPerFile::Automatic, keys)?;
//! Engine::new(&trainer, 1, &interrupt).run(&table, |outcome| writer.put(outcome))?;
//! writer.commit(Run::default())?;
//!
//! let model = Store::open(&directory)?.model("Bachelors")?;
//! assert!(model.depth() <= 5);
//! # std::fs::remove_dir_all(&directory).unwrap();
//! # Ok::<(), per_entity::Error>(())
//! ```
#![warn(missing_docs)]

pub mod codes;
pub mod dataset;
pub mod encode;
mod error;
pub mod evaluate;
pub mod generate;
mod model;
pub mod predict;
pub mod schema;
pub mod store;
pub mod train;
pub mod tree;

pub(crate) use error::panic_message;
pub use error::{Error, Result, guarded};
pub use model::{MODEL_VERSION, Model, ModelFeature, Test};
