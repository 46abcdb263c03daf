//! A look at what a file of Arrow IPC says of its own lengths, before Polars makes room for them. A
//! file of a few bytes could ask for all memory there is, and a process that gets none is ended.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use polars::prelude::{PolarsResult, polars_bail, polars_err};
use polars_arrow::io::ipc::format::ipc::planus::{Error as Damage, ReadAsRoot};
use polars_arrow::io::ipc::format::ipc::{Block, MessageHeaderRef, MessageRef, RecordBatchRef};
use polars_arrow::io::ipc::read::read_file_metadata;

/// Rows of a batch without a byte of values: nothing but nulls.
const ROWS_WITHOUT_BYTES: u64 = 1 << 20;

/// How many times its own length a compressed buffer may have: a block of Zstandard repeats one byte
/// up to 128 KiB times, and takes 4 bytes.
const MOST_COMPRESSED: u64 = 1 << 15;

/// Checks that all parts of a file lie within it, and that no batch tells of more values than its
/// bytes can hold.
///
/// # Errors
///
/// What is damaged.
pub(super) fn check_ipc(path: &Path) -> PolarsResult<()> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut file = BufReader::new(file);
    let metadata = read_file_metadata(&mut file)?;
    let blocks = metadata.blocks.iter();
    for block in blocks.chain(metadata.dictionaries.iter().flatten()) {
        check_block(&mut file, block, length)?;
    }
    Ok(())
}

fn check_block(file: &mut BufReader<File>, block: &Block, length: u64) -> PolarsResult<()> {
    let parts = [
        block.offset,
        block.meta_data_length.into(),
        block.body_length,
    ];
    let [offset, head, body] = parts.map(|part| u64::try_from(part).unwrap_or(u64::MAX));
    let start = offset.saturating_add(head);
    if start.saturating_add(body) > length {
        polars_bail!(ComputeError: "a batch lies beyond the end of the file");
    }
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(head).read_to_end(&mut bytes)?;
    // Since version 0.15 of the format, a mark stands before the length.
    let prefix = if bytes.starts_with(&[0xFF; 4]) { 8 } else { 4 };
    let message = bytes.get(prefix..).unwrap_or_default();
    check_message(file, message, start, body).map(|_| ())
}

/// Checks a message, the body of which begins at `start` of the file and has at most so many bytes;
/// returns how many it says that it has.
pub(super) fn check_message(
    file: &mut BufReader<File>,
    message: &[u8],
    start: u64,
    room: u64,
) -> PolarsResult<u64> {
    let message = MessageRef::read_as_root(message).map_err(damaged)?;
    let body = message.body_length().map_err(damaged)?;
    let body = u64::try_from(body).unwrap_or(u64::MAX);
    if body > room {
        polars_bail!(ComputeError: "a batch lies beyond the end of the file");
    }
    let batch = match message.header().map_err(damaged)? {
        Some(MessageHeaderRef::RecordBatch(batch)) => Some(batch),
        Some(MessageHeaderRef::DictionaryBatch(batch)) => batch.data().map_err(damaged)?,
        _ => None,
    };
    match batch {
        Some(batch) => Batch { start, body: room }.check(file, &batch)?,
        None => polars_bail!(ComputeError: "a batch has no rows where it should"),
    }
    Ok(body)
}

fn damaged(damage: Damage) -> polars::prelude::PolarsError {
    polars_err!(ComputeError: "a batch is damaged: {damage}")
}

/// Where the values of a batch lie in the file, and how many bytes they take there.
struct Batch {
    start: u64,
    body: u64,
}

impl Batch {
    fn check(&self, file: &mut BufReader<File>, batch: &RecordBatchRef) -> PolarsResult<()> {
        let is_compressed = batch.compression().map_err(damaged)?.is_some();
        let mut bytes = 0_u64;
        for buffer in batch.buffers().map_err(damaged)?.into_iter().flatten() {
            let place = [buffer.offset(), buffer.length()];
            let [offset, length] = place.map(|part| u64::try_from(part).unwrap_or(u64::MAX));
            if offset.saturating_add(length) > self.body {
                polars_bail!(ComputeError: "values lie beyond the end of their batch");
            }
            bytes = bytes.saturating_add(match is_compressed {
                true => uncompressed(file, self.start + offset, length)?,
                false => length,
            });
        }
        let most = bytes.saturating_mul(8).saturating_add(ROWS_WITHOUT_BYTES);
        let is_told = |values: i64| u64::try_from(values).is_ok_and(|values| values <= most);
        let mut is_fine = is_told(batch.length().map_err(damaged)?);
        for node in batch.nodes().map_err(damaged)?.into_iter().flatten() {
            is_fine &= is_told(node.length()) && (0..=node.length()).contains(&node.null_count());
        }
        let counts = batch.variadic_buffer_counts().map_err(damaged)?;
        is_fine &= counts.into_iter().flatten().all(is_told);
        match is_fine {
            true => Ok(()),
            false => {
                polars_bail!(ComputeError: "a batch tells of more values than it has bytes for")
            }
        }
    }
}

/// The bytes that a compressed buffer tells of: its first 8 say them, or that it is as it is.
fn uncompressed(file: &mut BufReader<File>, start: u64, length: u64) -> PolarsResult<u64> {
    if length == 0 {
        return Ok(0);
    }
    let mut told = [0; 8];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut told)?;
    match i64::from_le_bytes(told) {
        -1 => Ok(length),
        told => match u64::try_from(told) {
            Ok(told) if told <= length.saturating_mul(MOST_COMPRESSED) => Ok(told),
            _ => {
                polars_bail!(ComputeError: "a compressed buffer tells of {told} bytes, which it cannot have")
            }
        },
    }
}
