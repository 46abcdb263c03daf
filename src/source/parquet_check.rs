//! A look at what a Parquet file says of its own lengths, before Polars makes room for them. A file
//! of a few bytes could ask for all memory there is, and a process that gets none is ended.

use std::io::{Read, Seek, SeekFrom};

use polars::prelude::{PolarsResult, polars_bail, polars_ensure, polars_err};
use polars_parquet::parquet::compression::Compression;
use polars_parquet::parquet::metadata::{ColumnChunkMetadata, FileMetadata};
use polars_parquet::parquet::read::read_metadata;
use polars_parquet::parquet::schema::types::PhysicalType;

use super::thrift::{Flaw, walk};

/// Levels of a schema.
const MOST_LEVELS: usize = 256;

/// Bytes of a page.
const MOST_OF_PAGE: u64 = 512 << 20;

/// Bytes that the values of a row group may take in memory without any in the file: values that are
/// the same or null take next to none there.
const WITHOUT_BYTES: u64 = 4 << 30;

/// Bytes of a page's head that are read first.
const HEAD: u64 = 1 << 10;

/// Checks that all parts of a file lie within it, and that it tells of no more values than its bytes
/// can hold.
///
/// # Errors
///
/// What is damaged.
pub(crate) fn check_parquet(file: &mut (impl Read + Seek)) -> PolarsResult<()> {
    check_columns(file, |_| true)
}

/// The same of the description and of some columns, by their names.
///
/// # Errors
///
/// What is damaged.
pub(super) fn check_columns(
    file: &mut (impl Read + Seek),
    is_checked: impl Fn(&str) -> bool,
) -> PolarsResult<()> {
    let length = file.seek(SeekFrom::End(0))?;
    check_footer(file, length)?;
    let metadata = read_metadata(file)?;
    let mut rows = 0_usize;
    for group in &metadata.row_groups {
        rows = rows.saturating_add(group.num_rows());
        let mut without_bytes = 0_u64;
        for column in group.parquet_columns() {
            check_rows(column, group.num_rows())?;
            let chunk = Chunk::of(column, length)?;
            let name = column.descriptor().path_in_schema.first();
            if !name.is_some_and(|name| is_checked(name)) {
                continue;
            }
            let values = chunk.check(file)?;
            without_bytes = without_bytes.saturating_add(values);
        }
        polars_ensure!(
            without_bytes <= WITHOUT_BYTES,
            ComputeError: "a row group has values without bytes that take {} MiB of memory, and {} are the most; write it in smaller row groups, or without the columns that are empty",
            without_bytes >> 20, WITHOUT_BYTES >> 20
        );
    }
    check_sum(&metadata, rows)
}

fn check_sum(metadata: &FileMetadata, rows: usize) -> PolarsResult<()> {
    polars_ensure!(
        metadata.num_rows == rows,
        ComputeError: "tells of {} rows, but has {rows}", metadata.num_rows
    );
    Ok(())
}

/// Checks that the description of the file tells of nothing that does not stand in it.
fn check_footer(file: &mut (impl Read + Seek), length: u64) -> PolarsResult<()> {
    let Some(end) = length.checked_sub(8) else {
        return Ok(());
    };
    let mut told = [0; 4];
    file.seek(SeekFrom::Start(end))?;
    file.read_exact(&mut told)?;
    let Some(start) = end.checked_sub(u32::from_le_bytes(told).into()) else {
        polars_bail!(ComputeError: "its description begins before the file does");
    };
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    file.take(end - start).read_to_end(&mut bytes)?;
    // By element of the schema: how many stand below it.
    let mut children: Vec<i64> = Vec::new();
    let walked = walk(&bytes, &mut |path, value| match path {
        [SCHEMA, NAME] => children.push(0),
        [SCHEMA, CHILDREN] => {
            if let Some(last) = children.last_mut() {
                *last = value;
            }
        }
        _ => {}
    });
    walked.map_err(|_| polars_err!(ComputeError: "its description is damaged"))?;
    polars_ensure!(
        levels(&children) <= MOST_LEVELS,
        ComputeError: "its columns are nested more than {MOST_LEVELS} levels deep"
    );
    Ok(())
}

/// Fields of the description and of an element of the schema.
const SCHEMA: i16 = 2;
const NAME: i16 = 4;
const CHILDREN: i16 = 5;

/// The levels of a tree in preorder, by how many stand below each of its nodes.
fn levels(children: &[i64]) -> usize {
    let mut waiting: Vec<i64> = Vec::new();
    let mut most = 0;
    for &below in children {
        if let Some(last) = waiting.last_mut() {
            *last -= 1;
        }
        waiting.push(below);
        most = most.max(waiting.len());
        while waiting.last().is_some_and(|&last| last <= 0) {
            waiting.pop();
        }
    }
    most
}

fn check_rows(column: &ColumnChunkMetadata, rows: usize) -> PolarsResult<()> {
    let values = usize::try_from(column.num_values());
    let is_nested = column.descriptor().descriptor.max_rep_level > 0;
    let is_fine = values.is_ok_and(|values| match is_nested {
        true => rows <= values,
        false => rows == values,
    });
    polars_ensure!(is_fine, ComputeError: "a column has another number of rows than its row group");
    Ok(())
}

/// The pages of a column in a row group.
struct Chunk {
    start: u64,
    end: u64,
    values: u64,
    codec: Compression,
    /// Bytes of a value in memory.
    width: u64,
}

impl Chunk {
    fn of(column: &ColumnChunkMetadata, length: u64) -> PolarsResult<Self> {
        let first = column.dictionary_page_offset().filter(|offset| *offset > 0);
        let first = first.unwrap_or(i64::MAX).min(column.data_page_offset());
        let places = [first, column.compressed_size(), column.num_values()];
        let [start, size, values] = places.map(|part| u64::try_from(part).unwrap_or(u64::MAX));
        let end = start.saturating_add(size);
        polars_ensure!(end <= length, ComputeError: "a column lies beyond the end of the file");
        Ok(Self {
            start,
            end,
            values,
            codec: column.compression(),
            width: width(column.physical_type()),
        })
    }

    /// Returns the bytes that the values take in memory beyond those that can come out of the file.
    fn check(&self, file: &mut (impl Read + Seek)) -> PolarsResult<u64> {
        let (mut place, mut values, mut bytes) = (self.start, 0_u64, 0_u64);
        while place < self.end && values < self.values {
            let (head, page) = Page::read(file, place, self.end)?;
            place = place.saturating_add(head).saturating_add(page.compressed);
            page.check(self.codec)?;
            polars_ensure!(
                place <= self.end,
                ComputeError: "a page lies beyond the end of its column"
            );
            values = values.saturating_add(page.values);
            bytes = bytes.saturating_add(page.size(self.codec));
        }
        polars_ensure!(
            values == self.values,
            ComputeError: "a column tells of {} values, but its pages of {values}", self.values
        );
        // A value takes a bit or more, unless many are the same.
        let of_bytes = bytes.saturating_mul(8).saturating_mul(self.width);
        Ok(values.saturating_mul(self.width).saturating_sub(of_bytes))
    }
}

/// What the head of a page tells.
#[derive(Default)]
struct Page {
    compressed: u64,
    uncompressed: u64,
    values: u64,
    /// Values of a dictionary.
    entries: u64,
}

impl Page {
    /// The head of the page at a place, and its length.
    fn read(file: &mut (impl Read + Seek), place: u64, end: u64) -> PolarsResult<(u64, Self)> {
        let mut read = HEAD;
        loop {
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(place))?;
            file.take(read.min(end - place)).read_to_end(&mut bytes)?;
            let mut page = Self::default();
            let walked = walk(&bytes, &mut |path, value| page.note(path, value));
            match walked {
                Ok(head) => return Ok((head as u64, page)),
                // It may hold a long text.
                Err(Flaw::Short) if read < end - place => read = read.saturating_mul(16),
                Err(_) => polars_bail!(ComputeError: "the head of a page is damaged"),
            }
        }
    }

    fn note(&mut self, path: &[i16], value: i64) {
        let value = u64::try_from(value).unwrap_or(u64::MAX);
        match path {
            [2] => self.uncompressed = value,
            [3] => self.compressed = value,
            [5, 1] | [8, 1] => self.values = value,
            [7, 1] => self.entries = value,
            _ => {}
        }
    }

    /// Its bytes, once they are uncompressed.
    fn size(&self, codec: Compression) -> u64 {
        match codec {
            Compression::Uncompressed => self.compressed,
            _ => self.uncompressed,
        }
    }

    fn check(&self, codec: Compression) -> PolarsResult<()> {
        let size = self.size(codec);
        let most = self.compressed.saturating_mul(most_compressed(codec));
        polars_ensure!(
            size <= most.saturating_add(HEAD) && size <= MOST_OF_PAGE,
            ComputeError: "a page of {} bytes tells of {size} uncompressed ones, which it cannot have",
            self.compressed
        );
        polars_ensure!(
            self.entries <= size.max(1),
            ComputeError: "a dictionary of {size} bytes tells of {} values", self.entries
        );
        Ok(())
    }
}

/// How many times its own length a compressed page may have.
fn most_compressed(codec: Compression) -> u64 {
    match codec {
        Compression::Uncompressed => 1,
        // 64 bytes are copied by 3.
        Compression::Snappy => 32,
        // Each byte of a length is 255 more.
        Compression::Lz4 | Compression::Lz4Raw | Compression::Lzo => 256,
        // 258 bytes are copied by 2 bits.
        Compression::Gzip => 1_040,
        // A block of 4 bytes repeats one up to 128 KiB times.
        Compression::Zstd => 1 << 15,
        // A few bytes copy up to 16 MiB.
        Compression::Brotli => 1 << 22,
    }
}

fn width(physical: PhysicalType) -> u64 {
    match physical {
        PhysicalType::Boolean => 1,
        PhysicalType::Int32 | PhysicalType::Float => 4,
        PhysicalType::Int64 | PhysicalType::Double | PhysicalType::Int96 => 8,
        PhysicalType::ByteArray => 16,
        PhysicalType::FixedLenByteArray(bytes) => (bytes as u64).max(16),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use polars::prelude::*;

    use super::*;

    fn frame() -> DataFrame {
        let rows = 0..3_000_i64;
        let lists = rows.clone().map(|row| match row % 3 {
            0 => Series::new_empty("".into(), &DataType::Int64),
            few => Series::new("".into(), (0..few).collect::<Vec<_>>()),
        });
        df!(
            "number" => rows.clone().collect::<Vec<_>>(),
            "text" => rows.clone().map(|row| "x".repeat(row as usize % 50)).collect::<Vec<_>>(),
            "few" => rows.clone().map(|row| (row % 5 > 0).then_some("few")).collect::<Vec<_>>(),
            "nothing" => rows.clone().map(|_| None::<f64>).collect::<Vec<_>>(),
            "truth" => rows.clone().map(|row| row > 7).collect::<Vec<_>>(),
            "list" => lists.collect::<Vec<_>>(),
        )
        .unwrap()
    }

    fn written(compression: ParquetCompression, row_group: usize, frame: &DataFrame) -> Vec<u8> {
        let mut bytes = Vec::new();
        let writer = ParquetWriter::new(&mut bytes).with_compression(compression);
        let writer = writer.with_row_group_size(Some(row_group));
        writer.finish(&mut frame.clone()).unwrap();
        bytes
    }

    fn check(bytes: &[u8]) -> PolarsResult<()> {
        crate::guard::guarded(|| check_parquet(&mut Cursor::new(bytes)))
    }

    #[test]
    fn files_as_they_are_written_are_whole() {
        for compression in [
            ParquetCompression::Uncompressed,
            ParquetCompression::Snappy,
            ParquetCompression::Gzip(None),
            ParquetCompression::Zstd(None),
            ParquetCompression::Lz4Raw,
        ] {
            for row_group in [70, 10_000] {
                let bytes = written(compression, row_group, &frame());
                check(&bytes).unwrap();
                check(&written(compression, row_group, &frame().head(Some(0)))).unwrap();
                // A page, a column or the description ends before it should.
                for cut in [1, 100, bytes.len() / 2] {
                    assert!(check(&bytes[..bytes.len() - cut]).is_err());
                    assert!(check(&[&bytes[..4], &bytes[4 + cut..]].concat()).is_err());
                }
            }
        }
    }

    #[test]
    fn what_tells_of_more_than_it_holds_is_refused() {
        let told = include_bytes!("../../fixtures/hostile/values.parquet");
        assert!(check(told).is_err());
        // A list of 2³¹ elements in the description.
        let list = [0x15, 2, 0x19, 0xFC, 0x80, 0x80, 0x80, 0x80, 8, 0];
        let length = (list.len() as u32).to_le_bytes();
        let bytes = [b"PAR1", &list[..], &length, b"PAR1"].concat();
        let error = check(&bytes).unwrap_err().to_string();
        assert!(error.contains("its description is damaged"), "{error}");
    }

    #[test]
    fn every_number_that_is_changed_is_told_of_or_does_no_harm() {
        let bytes = written(ParquetCompression::Snappy, 10_000, &frame());
        let rows = |bytes: &[u8]| ParquetReader::new(Cursor::new(bytes.to_vec())).finish();
        for place in (4..bytes.len()).step_by(41) {
            let mut changed = bytes.clone();
            changed[place] ^= 0x7F;
            if check(&changed).is_ok() {
                // What is asked for is what the machine has.
                let read = crate::guard::guarded(|| rows(&changed));
                assert!(read.is_err() || read.is_ok_and(|frame| frame.height() == 3_000));
            }
        }
    }

    #[test]
    fn levels_are_those_of_the_deepest_element() {
        assert_eq!(levels(&[]), 0);
        assert_eq!(levels(&[2, 1, 0, 0]), 3);
        assert_eq!(levels(&[1; 1_000]), 1_000);
    }
}
