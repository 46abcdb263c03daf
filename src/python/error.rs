//! Errors of the library as exceptions of the package.

use per_entity::Error;
use per_entity::error::StoreError;
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::types::PyType;

/// The exception of an error, with the library's words.
pub fn exception(error: &Error) -> PyErr {
    let class = match error {
        Error::Interrupted => return PyKeyboardInterrupt::new_err(error.to_string()),
        Error::Store(StoreError::UnknownEntity { .. } | StoreError::NoModel { .. }) => {
            "UnknownEntityError"
        }
        Error::Store(StoreError::Missing { .. }) => "MissingStoreError",
        Error::Store(_) => "StoreError",
        Error::Spec(_) | Error::Params(_) | Error::Export(_) => "SpecificationError",
        Error::Cluster(_) => "ClusterError",
        Error::Input(_) | Error::NoRows(_) | Error::NullKey { .. } => "InputError",
        Error::Io { .. } => "FileError",
        _ => "Error",
    };
    of_class(class, error.to_string())
}

/// A setting that cannot be.
pub fn specification(message: impl Into<String>) -> PyErr {
    of_class("SpecificationError", message.into())
}

/// Data that cannot be taken.
pub fn input(message: impl Into<String>) -> PyErr {
    of_class("InputError", message.into())
}

/// What should not happen.
pub fn defect(message: impl Into<String>) -> PyErr {
    exception(&Error::Defect(message.into()))
}

fn of_class(class: &str, message: String) -> PyErr {
    Python::attach(|py| {
        let class = py
            .import("per_entity._exceptions")
            .and_then(|module| module.getattr(class));
        let class = class.and_then(|class| Ok(class.cast_into::<PyType>()?));
        match class {
            Ok(class) => PyErr::from_type(class, message),
            Err(error) => error,
        }
    })
}
