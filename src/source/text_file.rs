//! Files of text, uncompressed.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, ErrorKind, Read};
use std::path::Path;

use crate::cloud::{Address, Bucket, ObjectReader};
use crate::error::{Error, Result};

/// Opens a file, or an object, for reading, uncompressed by its first bytes.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read + Send>> {
    let mut file: Box<dyn Read + Send> = match Address::of(path) {
        Some(address) => {
            let bucket = Bucket::connect(&address)?;
            Box::new(ObjectReader::open(&bucket, &address.key)?)
        }
        None => Box::new(File::open(path).map_err(Error::io(path))?),
    };
    let mut magic = [0; 4];
    let length = fill(&mut file, &mut magic).map_err(Error::io(path))?;
    let file = Cursor::new(magic).take(length as u64).chain(file);
    Ok(match &magic[..length] {
        [0x1F, 0x8B, ..] => Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(file))),
        [0x28, 0xB5, 0x2F, 0xFD] => {
            Box::new(zstd::stream::read::Decoder::new(file).map_err(Error::io(path))?)
        }
        _ => Box::new(file),
    })
}

/// Reads until the buffer is full or nothing comes; returns the bytes read.
pub(super) fn fill(reader: &mut impl Read, mut buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut total = 0;
    while !buffer.is_empty() {
        match reader.read(buffer) {
            Ok(0) => break,
            Ok(read) => {
                total += read;
                buffer = &mut buffer[read..];
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(total)
}

/// Adds the next line with its end to `line`, and returns its bytes: 0 at the end, and nothing where
/// it has more than `longest`, of which no more are read.
///
/// # Errors
///
/// As the reader.
pub(crate) fn read_line(
    reader: &mut impl BufRead,
    line: &mut Vec<u8>,
    longest: usize,
) -> std::io::Result<Option<usize>> {
    let most = u64::try_from(longest).unwrap_or(u64::MAX).saturating_add(1);
    let read = reader.take(most).read_until(b'\n', line)?;
    Ok((read <= longest).then_some(read))
}
