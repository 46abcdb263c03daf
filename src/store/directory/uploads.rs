//! Objects that are on their way, while their writer goes on.

use std::collections::{BTreeMap, HashSet};
use std::fmt::{Debug, Formatter};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};

use crate::cloud::{Bucket, runtime, wait_for};
use crate::error::{Error, Result};

/// MiB that may be on their way.
const MOST: usize = 64;

/// Objects that are on their way, and those that arrived.
pub(super) struct Uploads {
    room: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Each ends with the key of what was sent.
    tasks: JoinSet<(String, Result<()>)>,
    /// Keys of what is on its way.
    under_way: HashSet<String>,
    /// What was sent, and its length.
    sent: BTreeMap<String, u64>,
    /// The first error. What was sent since then is of no use.
    failed: Option<Error>,
}

impl State {
    fn end(&mut self, ended: std::result::Result<(String, Result<()>), JoinError>) {
        let error = match ended {
            Ok((key, result)) => {
                self.under_way.remove(&key);
                result.err()
            }
            Err(error) => Some(Error::Defect(format!("an upload ended: {error}"))),
        };
        self.failed = self.failed.take().or(error);
    }

    /// Tells of the first error, as often as anybody asks.
    fn check(&self) -> Result<()> {
        match &self.failed {
            None => Ok(()),
            Some(Error::Io { path, cause }) => {
                let cause = std::io::Error::new(cause.kind(), cause.to_string());
                Err(Error::io(path)(cause))
            }
            Some(error) => Err(Error::Defect(error.to_string())),
        }
    }
}

impl Debug for Uploads {
    fn fmt(&self, formatter: &mut Formatter) -> std::fmt::Result {
        formatter.write_str("Uploads")
    }
}

impl Default for Uploads {
    fn default() -> Self {
        Self {
            room: Arc::new(Semaphore::new(MOST)),
            state: Mutex::default(),
        }
    }
}

impl Uploads {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends an object once there is room for it.
    ///
    /// # Errors
    ///
    /// Of what was sent before.
    pub fn put(&self, bucket: &Bucket, key: &str, bytes: &[u8]) -> Result<()> {
        // Of the same key, the later one must arrive later.
        self.wait_below(key)?;
        self.state().check()?;
        let size = bytes.len().div_ceil(1 << 20).clamp(1, MOST) as u32;
        let room = wait_for(self.room.clone().acquire_many_owned(size))?;
        let (bucket, key, bytes) = (bucket.clone(), key.to_owned(), bytes.to_vec());
        let mut state = self.state();
        state.sent.insert(key.clone(), bytes.len() as u64);
        state.under_way.insert(key.clone());
        let send = async move {
            let _room = room;
            let sent = bucket.put(&key, bytes).await;
            (key, sent)
        };
        state.tasks.spawn_on(send, runtime()?.handle());
        Ok(())
    }

    /// Waits until everything has arrived.
    ///
    /// # Errors
    ///
    /// The first of what was sent.
    pub fn wait(&self) -> Result<()> {
        let mut state = self.state();
        let mut tasks = std::mem::take(&mut state.tasks);
        while let Some(ended) = wait_for(tasks.join_next())? {
            state.end(ended);
        }
        state.check()
    }

    /// Begins anew, whatever became of what was sent before.
    pub fn begin(&self) {
        self.state().failed = None;
    }

    /// Waits if something at a key or below it has not arrived.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait), where it waits.
    pub fn wait_below(&self, key: &str) -> Result<()> {
        let is_under_way = {
            let mut state = self.state();
            while let Some(ended) = state.tasks.try_join_next() {
                state.end(ended);
            }
            let mut under_way = state.under_way.iter();
            under_way.any(|other| other == key || is_below(other, key))
        };
        match is_under_way {
            true => self.wait(),
            false => Ok(()),
        }
    }

    /// The keys below one that were sent, and their lengths.
    pub fn sent_below(&self, below: &str) -> Vec<(String, u64)> {
        let state = self.state();
        let sent = state.sent.iter();
        sent.filter(|(key, _)| is_below(key, below))
            .map(|(key, length)| (key.clone(), *length))
            .collect()
    }

    /// What lies at a key, and below it, is not there any more.
    pub fn forget(&self, key: &str) {
        let mut state = self.state();
        state
            .sent
            .retain(|sent, _| sent != key && !is_below(sent, key));
    }
}

fn is_below(key: &str, folder: &str) -> bool {
    let rest = key.strip_prefix(folder);
    rest.is_some_and(|rest| folder.is_empty() || rest.starts_with('/'))
}
