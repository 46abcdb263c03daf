//! Files that hold a stream of Arrow IPC, copied into the format of files, which Polars reads.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use polars::prelude::{PolarsResult, polars_bail};
use polars_arrow::io::ipc::read::{StreamReader, StreamState, read_stream_metadata};
use polars_arrow::io::ipc::write::{FileWriter, WriteOptions};
use tempfile::{Builder, TempPath};

use super::ipc_check::check_message;

/// What a file begins with that is no stream.
const FILE: &[u8] = b"ARROW1";

/// What is wrong with a file.
const NEITHER: &str = "this is neither a file nor a stream of Arrow IPC";
const CUT: &str = "the stream ends within a message";

/// What stands before the length of a message, since version 0.15 of the format.
const CONTINUATION: [u8; 4] = [0xFF; 4];

/// A copy in the format of files, where a file holds a stream. It vanishes when the path is dropped.
///
/// # Errors
///
/// What is damaged, and what cannot be written.
pub(super) fn file_of_stream(path: &Path) -> PolarsResult<Option<TempPath>> {
    let mut stream = BufReader::new(File::open(path)?);
    let mut start = [0; FILE.len()];
    if stream.read_exact(&mut start).is_err() || start == FILE {
        return Ok(None);
    }
    stream.rewind()?;
    let length = stream.get_ref().metadata()?.len();
    check(&mut stream, length)?;
    stream.rewind()?;
    let builder = Builder::new()
        .prefix("per-entity-")
        .suffix(".arrow")
        .tempfile()?;
    let (file, copy) = builder.into_parts();
    copy_batches(&mut stream, BufWriter::with_capacity(1 << 20, file))?;
    Ok(Some(copy))
}

fn copy_batches(stream: &mut BufReader<File>, to: BufWriter<File>) -> PolarsResult<()> {
    let metadata = read_stream_metadata(stream)?;
    let schema = metadata.schema.clone().into();
    let options = WriteOptions { compression: None };
    let mut writer = FileWriter::try_new(to, schema, None, options)?;
    for batch in StreamReader::new(stream, metadata, None) {
        match batch? {
            StreamState::Some(batch) => writer.write(&batch, None)?,
            // The writer of a file that ends here does not go on.
            StreamState::Waiting => break,
        }
    }
    writer.finish()?;
    writer.into_inner().flush()?;
    Ok(())
}

/// Checks all messages before anything is made of them, as those of a file are.
fn check(stream: &mut BufReader<File>, length: u64) -> PolarsResult<()> {
    let mut is_schema = true;
    while let Some(head) = message_length(stream)? {
        let mut message = Vec::new();
        stream.by_ref().take(head).read_to_end(&mut message)?;
        if (message.len() as u64) < head {
            match is_schema {
                true => polars_bail!(ComputeError: "{NEITHER}"),
                false => polars_bail!(ComputeError: "{CUT}"),
            }
        }
        // The first one has no body.
        let start = stream.stream_position()?;
        let body = match is_schema {
            true => 0,
            false => check_message(stream, &message, start, length - start)?,
        };
        is_schema = false;
        stream.seek(SeekFrom::Start(start + body))?;
    }
    match stream.stream_position()? == length {
        true => Ok(()),
        false => {
            polars_bail!(ComputeError: "something follows the end of the stream; give each stream a file of its own")
        }
    }
}

/// The length of the next message; nothing at the end of the stream.
fn message_length(stream: &mut BufReader<File>) -> PolarsResult<Option<u64>> {
    let mut bytes = Vec::new();
    for _ in 0..2 {
        bytes.clear();
        stream.take(4).read_to_end(&mut bytes)?;
        if bytes != CONTINUATION {
            break;
        }
    }
    if bytes.is_empty() {
        // A writer may leave the mark out, but then nobody can tell whether it was done.
        polars_bail!(ComputeError: "the stream has no end: it was cut off, or its writer did not finish it");
    }
    let Ok(bytes) = <[u8; 4]>::try_from(bytes.as_slice()) else {
        polars_bail!(ComputeError: "{CUT}");
    };
    match u64::try_from(i32::from_le_bytes(bytes)) {
        Ok(0) => Ok(None),
        Ok(length) => Ok(Some(length)),
        Err(_) => polars_bail!(ComputeError: "{NEITHER}"),
    }
}
