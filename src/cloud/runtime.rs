//! The threads that wait for what comes from elsewhere.

use std::sync::LazyLock;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::{Error, Result};
use crate::guard::panic_message;

static RUNTIME: LazyLock<std::io::Result<Runtime>> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("per-entity-cloud")
        .enable_all()
        .build()
});

/// The threads that wait for answers.
///
/// # Errors
///
/// [`Error::Threads`].
pub(crate) fn runtime() -> Result<&'static Runtime> {
    let runtime = RUNTIME.as_ref();
    runtime.map_err(|error| Error::Threads(error.to_string()))
}

/// Runs what must be waited for. Within a runtime of somebody else's, a thread of its own does, for that
/// one's must not wait.
///
/// # Errors
///
/// [`Error::Threads`].
pub(crate) fn wait_for<T: Send>(future: impl Future<Output = T> + Send) -> Result<T> {
    let runtime = runtime()?;
    if Handle::try_current().is_err() {
        return Ok(runtime.block_on(future));
    }
    let waited = std::thread::scope(|scope| scope.spawn(|| runtime.block_on(future)).join());
    waited.map_err(|panic| Error::Defect(panic_message(&*panic).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for_within_a_runtime_comes() {
        let outer = Builder::new_current_thread().build().unwrap();
        let inner = || wait_for(async { tokio::task::yield_now().await }).map(|()| 7);
        assert_eq!(outer.block_on(async { inner() }).unwrap(), 7);
        assert_eq!(inner().unwrap(), 7);
    }
}
