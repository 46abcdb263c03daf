//! Panics of a library that reads untrusted data, as errors.

use std::panic::{AssertUnwindSafe, catch_unwind};

use polars::prelude::{PolarsResult, polars_err};

/// Runs Polars on data that may be damaged or out of range, over which it may panic; here that is
/// one more error.
pub(crate) fn guarded<T>(polars: impl FnOnce() -> PolarsResult<T>) -> PolarsResult<T> {
    catch_unwind(AssertUnwindSafe(polars)).unwrap_or_else(|panic| {
        let message = panic_message(&*panic);
        Err(polars_err!(
            ComputeError: "a value is damaged or out of range: {message}"
        ))
    })
}

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("for an unknown reason")
}
