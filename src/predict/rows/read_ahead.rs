//! Rows that are read on a thread of their own, a bounded number and size of them ahead.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::time::Duration;

use super::columns::RowColumns;
use super::row::Row;
use super::row_input::Origins;
use super::row_reader::RowReader;
use crate::error::{Error, Result};
use crate::source::{DatasetSpec, Format};

/// Rows that are read ahead, and bytes of them; a single row may have more.
const AHEAD: usize = 1_024;
const AHEAD_BYTES: usize = 32 << 20;

/// How long the thread sleeps before it looks again whether there is room.
const NAP: Duration = Duration::from_millis(1);

/// Rows as they come, so that waiting for them holds up nothing else. The last item is an error
/// where reading failed.
pub(super) struct ReadAhead {
    rows: Receiver<Result<Row>>,
    /// Of the rows that wait.
    bytes: Arc<AtomicUsize>,
}

impl ReadAhead {
    /// Begins to read.
    pub fn new(
        mut origins: Origins,
        format: Format,
        spec: DatasetSpec,
        columns: Arc<RowColumns>,
    ) -> Self {
        let (sender, rows) = sync_channel(AHEAD);
        let bytes = Arc::new(AtomicUsize::new(0));
        let waiting = bytes.clone();
        std::thread::spawn(move || {
            let mut read_all = || {
                while let Some((reader, name, folders)) = origins.next()? {
                    let reader = RowReader::new(reader, &name, format, &spec, columns.clone());
                    let mut reader = reader.folders(&folders);
                    while let Some(row) = reader.next()? {
                        if !send(&sender, row, &waiting) {
                            return Ok(());
                        }
                    }
                }
                Ok(())
            };
            if let Err(error) = read_all() {
                report(&sender, error);
            }
        });
        Self { rows, bytes }
    }

    /// The next row, where one waits.
    pub fn try_next(&self) -> std::result::Result<Result<Row>, TryRecvError> {
        self.rows.try_recv().inspect(|row| self.took(row))
    }

    /// The next row, where one comes in time.
    pub fn next_within(
        &self,
        patience: Duration,
    ) -> std::result::Result<Result<Row>, RecvTimeoutError> {
        let row = self.rows.recv_timeout(patience);
        row.inspect(|row| self.took(row))
    }

    fn took(&self, row: &Result<Row>) {
        if let Ok(row) = row {
            self.bytes.fetch_sub(row.bytes(), Ordering::Relaxed);
        }
    }
}

/// Sends a row once there is room for it. Returns whether anybody wants more.
fn send(sender: &SyncSender<Result<Row>>, row: Row, waiting: &Arc<AtomicUsize>) -> bool {
    let bytes = row.bytes();
    while waiting.load(Ordering::Relaxed) > AHEAD_BYTES {
        if Arc::strong_count(waiting) == 1 {
            return false;
        }
        std::thread::sleep(NAP);
    }
    waiting.fetch_add(bytes, Ordering::Relaxed);
    sender.send(Ok(row)).is_ok()
}

fn report(sender: &SyncSender<Result<Row>>, error: Error) {
    // Nobody listens where the work has ended already.
    let _ = sender.send(Err(error));
}
