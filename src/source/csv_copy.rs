//! A copy of a CSV file as RFC 4180 has it, for a reader that takes any quote for an opening one,
//! as Polars does.

use std::io::{BufWriter, Write};
use std::path::Path;

use tempfile::TempPath;

use super::csv_lines::{CsvLine, CsvLines};
use super::dialect::Dialect;
use super::input_file::InputFile;
use super::temporary_file::temporary;
use crate::error::{Error, Result};

/// Writes the header, where there is one, and all rows of `width` fields, and returns their number.
/// Neither comments, blank lines nor other rows are written.
///
/// # Errors
///
/// What is wrong with the file, and [`Error::Io`] under the name `to` where nothing can be written.
pub(super) fn write_plain(
    file: &InputFile,
    dialect: &Dialect,
    width: usize,
    (to, output): (&Path, &mut impl Write),
) -> Result<u64> {
    let mut lines = CsvLines::open(file, dialect)?;
    let mut is_header = dialect.columns.is_empty();
    let mut rows = 0;
    let mut plain = Vec::new();
    while let Some(line) = lines.next()? {
        let CsvLine::Record(record) = line else {
            continue;
        };
        if record.width() != width {
            continue;
        }
        rows += u64::from(!std::mem::take(&mut is_header));
        plain.clear();
        record.write_plain(&mut plain);
        output.write_all(&plain).map_err(Error::io(to))?;
    }
    Ok(rows)
}

/// The same into a file that vanishes when the path is dropped, and the number of rows in it.
///
/// # Errors
///
/// As [`write_plain`].
pub(super) fn plain_copy(
    file: &InputFile,
    dialect: &Dialect,
    width: usize,
) -> Result<(TempPath, u64)> {
    let (plain, copy) = temporary()?.into_parts();
    let mut output = BufWriter::with_capacity(1 << 20, plain);
    let rows = write_plain(file, dialect, width, (&copy, &mut output))?;
    output.flush().map_err(Error::io(&copy))?;
    Ok((copy, rows))
}
