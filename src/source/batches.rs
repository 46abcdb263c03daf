//! The rows of a lazy frame, a bounded number at a time.

use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::guard::guarded;

/// Yields the rows of a lazy frame in their order; while one batch is worked on, Polars' streaming
/// engine reads the next.
///
/// The last item is an error where reading failed. Dropping the batches stops the reading.
pub(super) struct Batches {
    batches: Receiver<DataFrame>,
    reader: Option<JoinHandle<Result<()>>>,
}

impl Batches {
    /// Starts to read `frame`, at most `rows` of it at a time.
    pub fn new(frame: LazyFrame, rows: NonZeroUsize) -> Self {
        let (sender, batches) = sync_channel(1);
        // A failed send means that nobody wants more.
        let take = move |batch| Ok(sender.send(batch).is_err());
        let read = move || {
            let read = guarded(|| {
                frame
                    .sink_batches(PlanCallback::new(take), true, Some(rows))?
                    .collect_with_engine(Engine::Streaming)
            });
            read.map(|_| ())
                .map_err(Error::polars("cannot read the input"))
        };
        Self {
            batches,
            reader: Some(std::thread::spawn(read)),
        }
    }
}

impl Iterator for Batches {
    type Item = Result<DataFrame>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Ok(batch) = self.batches.recv() {
            return Some(Ok(batch));
        }
        // The reader has ended; whether well, it says itself.
        let ended = self.reader.take()?.join();
        ended.unwrap_or_else(|_| Err(broken())).err().map(Err)
    }
}

fn broken() -> Error {
    Error::Polars {
        context: "cannot read the input".into(),
        cause: polars_err!(ComputeError: "the reader broke down over a damaged file"),
    }
}
