//! Runs a lazy frame, and hands its rows on as they come.

use std::sync::{Arc, Mutex};

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::guard::guarded;

/// Rows of one batch: enough to share its columns among threads, few enough to stay small.
const BATCH_ROWS: usize = 1 << 18;

/// Gives the rows of a lazy frame to `state`, in their order and a bounded number at a time, until
/// `take` says that it is enough; then gives the state back. `context` says what failed.
pub(super) fn stream<S: Send + 'static>(
    frame: LazyFrame,
    state: S,
    take: impl Fn(&mut S, DataFrame) -> PolarsResult<bool> + Send + Sync + 'static,
    context: &str,
) -> Result<S> {
    let shared = Arc::new(Mutex::new(Some(state)));
    let sink = shared.clone();
    let callback = move |batch: DataFrame| {
        let state = sink.lock();
        let mut state =
            state.map_err(|_| polars_err!(ComputeError: "a batch could not be taken in"))?;
        state.as_mut().map_or(Ok(true), |state| take(state, batch))
    };
    guarded(|| {
        frame
            .sink_batches(
                PlanCallback::new(callback),
                true,
                BATCH_ROWS.try_into().ok(),
            )?
            .collect_with_engine(Engine::Streaming)
    })
    .map_err(Error::polars(context))?;
    let state = shared.lock().ok().and_then(|mut state| state.take());
    state.ok_or_else(|| Error::Defect("the rows that were read are lost".into()))
}
