//! Frames of the same columns, written one after another in any format.

use std::io::Write;

use polars::io::csv::write::BatchedWriter as CsvBatches;
use polars::io::ipc::BatchedWriter as IpcBatches;
use polars::io::json::BatchedWriter as JsonBatches;
use polars::io::parquet::write::BatchedWriter as ParquetBatches;
use polars::prelude::*;
use polars_arrow::io::ipc::write::default_ipc_fields;

use crate::source::Format;

pub(super) enum FrameWriter<W: Write> {
    Csv(CsvBatches<W>),
    Ipc(Box<IpcBatches<W>>),
    Ndjson(JsonBatches<W>),
    Parquet(Box<ParquetBatches<W>>),
}

impl<W: Write> FrameWriter<W> {
    pub fn new(writer: W, format: Format, schema: &Schema) -> PolarsResult<Self> {
        Ok(match format {
            Format::Csv => Self::Csv(CsvWriter::new(writer).batched(schema)?),
            Format::Tsv => Self::Csv(
                CsvWriter::new(writer)
                    .with_separator(b'\t')
                    .batched(schema)?,
            ),
            Format::Ipc => {
                let schema = &without_dictionaries(schema);
                let columns = schema.to_arrow(CompatLevel::newest());
                let fields = default_ipc_fields(columns.iter_values());
                Self::Ipc(Box::new(IpcWriter::new(writer).batched(schema, fields)?))
            }
            Format::Ndjson => Self::Ndjson(JsonBatches::new(writer)),
            Format::Parquet => Self::Parquet(Box::new(ParquetWriter::new(writer).batched(schema)?)),
        })
    }

    pub fn write(&mut self, frame: &mut DataFrame) -> PolarsResult<()> {
        frame.rechunk_mut();
        match self {
            Self::Csv(writer) => writer.write_batch(frame),
            Self::Ipc(writer) => {
                let texts = without_dictionaries(frame.schema());
                let columns = frame.columns().iter().zip(texts.iter_values());
                let columns = columns.map(|(column, dtype)| column.cast(dtype));
                let columns = columns.collect::<PolarsResult<_>>()?;
                writer.write_batch(&DataFrame::new(frame.height(), columns)?)
            }
            Self::Ndjson(writer) => writer.write_batch(frame),
            Self::Parquet(writer) => writer.write_batch(frame),
        }
    }

    /// Writes what stands at the end of a file.
    pub fn finish(self) -> PolarsResult<()> {
        match self {
            Self::Csv(mut writer) => writer.finish(),
            Self::Ipc(mut writer) => writer.finish(),
            Self::Ndjson(_) => Ok(()),
            Self::Parquet(writer) => writer.finish().map(|_| ()),
        }
    }
}

/// Categoricals as text: a file of Arrow IPC has one dictionary per column, and each batch another.
fn without_dictionaries(schema: &Schema) -> Schema {
    let fields = schema.iter().map(|(name, dtype)| match dtype {
        DataType::Categorical(..) => Field::new(name.clone(), DataType::String),
        other => Field::new(name.clone(), other.clone()),
    });
    fields.collect()
}
