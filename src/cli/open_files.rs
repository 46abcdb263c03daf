//! How many files may be open at once.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::error::CliError;

/// Files that a command may have open at once: standard streams, inputs, the store's, and those by
/// which Polars' threads are woken.
const NEEDED: u64 = 64;

/// Files that are asked for where fewer are allowed.
const WANTED: u64 = 1_024;

/// Raises the limit of open files where it is low and may be raised.
///
/// # Errors
///
/// That it is too low to work with; Polars would panic somewhere.
pub fn allow_open_files() -> Result<(), CliError> {
    let limit = getrlimit(Resource::Nofile);
    let (current, maximum) = (
        limit.current.unwrap_or(u64::MAX),
        limit.maximum.unwrap_or(u64::MAX),
    );
    let raised = WANTED.min(maximum);
    if current >= raised {
        return check(current);
    }
    let wanted = Rlimit {
        current: Some(raised),
        maximum: limit.maximum,
    };
    check(match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => raised,
        Err(_) => current,
    })
}

fn check(allowed: u64) -> Result<(), CliError> {
    match allowed >= NEEDED {
        true => Ok(()),
        false => Err(CliError::Usage(format!(
            "only {allowed} files may be open at once, and {NEEDED} are needed; allow more: ulimit -n {WANTED}"
        ))),
    }
}
