//! Runs the library's work on a thread of its own, while Python goes on: signals are heeded, and
//! what the work says is passed on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use per_entity::Cancel;
use pyo3::prelude::*;

use crate::error;
use crate::log;

/// How often signals are looked at.
const LOOK: Duration = Duration::from_millis(50);

/// As a main thread has it.
const STACK: usize = 8 << 20;

/// What to do about a signal.
pub enum OnSignal {
    /// Ask the work to stop, and wait until it has: it writes something.
    Stop(Cancel),
    /// Let it run out unseen, for it only reads.
    Leave,
}

/// How work ended, once it has.
struct Ending<T> {
    outcome: Mutex<Option<std::thread::Result<per_entity::Result<T>>>>,
    is_there: Condvar,
}

impl<T> Ending<T> {
    fn tell(&self, outcome: std::thread::Result<per_entity::Result<T>>) {
        let mut told = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        *told = Some(outcome);
        self.is_there.notify_all();
    }

    /// The outcome, if it is there within a short time.
    fn wait(&self) -> Option<std::thread::Result<per_entity::Result<T>>> {
        let told = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .is_there
            .wait_timeout_while(told, LOOK, |told| told.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.take()
    }
}

/// Does work that may take long. `look` is called every now and then.
pub fn run<T: Send + 'static>(
    py: Python,
    on_signal: OnSignal,
    work: impl FnOnce() -> per_entity::Result<T> + Send + 'static,
    mut look: impl FnMut(Python) -> PyResult<()>,
) -> PyResult<T> {
    let ending = Arc::new(Ending {
        outcome: Mutex::new(None),
        is_there: Condvar::new(),
    });
    let of_thread = ending.clone();
    let thread = Builder::new().name("per-entity".into()).stack_size(STACK);
    let started = thread.spawn(move || of_thread.tell(catch_unwind(AssertUnwindSafe(work))));
    started.map_err(|cause| error::defect(format!("no thread can be started: {cause}")))?;
    let outcome = loop {
        if let Some(outcome) = py.detach(|| ending.wait()) {
            break outcome;
        }
        let looked = py.check_signals().and_then(|()| look(py));
        if let Err(signal) = looked.and_then(|()| log::pass_on(py)) {
            return Err(stop(py, &ending, on_signal, signal));
        }
    };
    look(py)?;
    log::pass_on(py)?;
    match outcome {
        Ok(result) => result.map_err(|error| error::exception(&error)),
        Err(_) => Err(error::defect("the work panicked")),
    }
}

/// Ends the work where it must be ended. It may have been done by then: then the signal is heeded
/// all the same.
fn stop<T: Send>(py: Python, ending: &Ending<T>, on_signal: OnSignal, signal: PyErr) -> PyErr {
    if let OnSignal::Stop(cancel) = on_signal {
        cancel.cancel();
        py.detach(|| while ending.wait().is_none() {});
    }
    signal
}
