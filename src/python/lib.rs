//! The extension module `per_entity._native`: what the package of Python calls. It takes and gives
//! frames as streams of Arrow, settings and figures as JSON, and lets Python run meanwhile.

// Of the command line: a model is told in the same words.
#[path = "../cli/boosted_format.rs"]
#[allow(dead_code)]
mod boosted_format;
#[path = "../cli/tree_format.rs"]
mod tree_format;

mod cluster;
mod compare;
mod describe;
mod error;
mod files;
mod frame;
mod input;
mod log;
mod note;
mod specification;
mod store;
mod train;
mod work;

use pyo3::prelude::*;

// As the command line has it: training allocates much in small pieces.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::cluster::{commit, plan, work};
    #[pymodule_export]
    use super::compare::compare;
    #[pymodule_export]
    use super::describe::describe;
    #[pymodule_export]
    use super::files::{Memory, is_address, list_files, put_file, read_file, remove_folder};
    #[pymodule_export]
    use super::frame::Frame;
    #[pymodule_export]
    use super::store::Store;
    #[pymodule_export]
    use super::train::train;

    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::log::install();
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
