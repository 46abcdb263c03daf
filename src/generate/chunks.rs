//! Chunk after chunk of rows, made while the one before is written.

use std::sync::mpsc::sync_channel;

use super::error::GenerateError;

/// Rows of a Parquet row group, and of a chunk between two reports of progress.
pub(super) const CHUNK_ROWS: usize = 262_144;

/// Makes chunk after chunk in a thread of its own while the caller's thread writes the one
/// before; the channel of one holds the memory to three chunks.
///
/// `progress` is called with the number of rows written so far and stops the work by returning
/// false.
pub(super) fn in_chunks<Chunk: Send>(
    rows: u64,
    make: impl Fn(u64, usize) -> Chunk + Sync,
    mut write: impl FnMut(Chunk) -> Result<(), GenerateError>,
    progress: &mut dyn FnMut(u64) -> bool,
) -> Result<(), GenerateError> {
    let (sender, receiver) = sync_channel(1);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let sender = sender;
            for start in (0..rows).step_by(CHUNK_ROWS) {
                let len = (rows - start).min(CHUNK_ROWS as u64) as usize;
                if sender.send((start + len as u64, make(start, len))).is_err() {
                    break;
                }
            }
        });
        for (rows, chunk) in receiver {
            write(chunk)?;
            if !progress(rows) {
                return Err(GenerateError::Interrupted { rows });
            }
        }
        Ok(())
    })
}
