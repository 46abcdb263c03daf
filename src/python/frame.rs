//! Frames as streams of Arrow, by which columns are handed over and not copied.

use std::ffi::CStr;

use polars::prelude::*;
use polars_arrow::array::{Array, StructArray};
use polars_arrow::datatypes::{ArrowDataType, Field as ArrowField};
use polars_arrow::ffi::{ArrowArrayStream, ArrowArrayStreamReader, export_iterator};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::error;

const STREAM: &CStr = c"arrow_array_stream";

/// A frame that whoever reads Arrow takes, by its `__arrow_c_stream__`.
#[pyclass(frozen, module = "per_entity")]
pub struct Frame(DataFrame);

impl From<DataFrame> for Frame {
    fn from(frame: DataFrame) -> Self {
        Self(frame)
    }
}

#[pymethods]
impl Frame {
    /// The frame as a stream of Arrow. Another schema than its own cannot be asked for.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema;
        PyCapsule::new_with_value(py, export(&self.0), STREAM)
    }

    fn __len__(&self) -> usize {
        self.0.height()
    }
}

fn export(frame: &DataFrame) -> ArrowArrayStream {
    let level = CompatLevel::oldest();
    let fields = frame.columns().iter();
    let fields = fields.map(|column| column.dtype().to_arrow_field(column.name().clone(), level));
    let dtype = ArrowDataType::Struct(fields.collect());
    let field = ArrowField::new(PlSmallStr::EMPTY, dtype.clone(), false);
    let mut frame = frame.clone();
    frame.align_chunks_par();
    let batches: Vec<PolarsResult<Box<dyn Array>>> = frame
        .iter_chunks(level, false)
        .map(|batch| {
            let (length, arrays) = (batch.len(), batch.into_arrays());
            Ok(StructArray::new(dtype.clone(), length, arrays, None).boxed())
        })
        .collect();
    export_iterator(Box::new(batches.into_iter()), field)
}

/// The frame behind an object with `__arrow_c_stream__`.
pub fn import(object: &Bound<PyAny>) -> PyResult<DataFrame> {
    let capsule = object.call_method0("__arrow_c_stream__")?;
    let capsule = capsule.cast_into::<PyCapsule>()?;
    let pointer = capsule.pointer_checked(Some(STREAM))?;
    // Safety: a capsule of this name holds a stream. Whoever takes it leaves an empty one.
    let stream = unsafe {
        let pointer = pointer.cast::<ArrowArrayStream>();
        std::ptr::replace(pointer.as_ptr(), ArrowArrayStream::empty())
    };
    // Whoever makes the stream may need Python for it.
    let frame = object.py().detach(|| read(stream));
    frame.map_err(|cause| error::input(format!("the frame cannot be read: {cause}")))
}

fn read(stream: ArrowArrayStream) -> PolarsResult<DataFrame> {
    // Safety: it is a stream by the Arrow C stream interface.
    let mut reader = unsafe { ArrowArrayStreamReader::try_new(Box::new(stream))? };
    let ArrowDataType::Struct(fields) = reader.field().dtype().clone() else {
        polars_bail!(InvalidOperation: "it is a stream of one column, and no frame");
    };
    let mut columns: Vec<Vec<Box<dyn Array>>> = vec![Vec::new(); fields.len()];
    let mut height = 0;
    // Safety: as above.
    while let Some(batch) = unsafe { reader.next() } {
        let batch = batch?;
        let Some(batch) = batch.as_any().downcast_ref::<StructArray>() else {
            polars_bail!(InvalidOperation: "a batch has no columns");
        };
        if batch.len() == 0 {
            continue;
        }
        height += batch.len();
        for (column, values) in columns.iter_mut().zip(batch.values()) {
            column.push(values.clone());
        }
    }
    let columns = fields.iter().zip(columns).map(|(field, chunks)| {
        let series = match chunks.is_empty() {
            true => {
                let empty = polars_arrow::array::new_empty_array(field.dtype().clone());
                Series::try_from((field, vec![empty]))
            }
            false => Series::try_from((field, chunks)),
        };
        series.map(Column::from)
    });
    DataFrame::new(height, columns.collect::<PolarsResult<_>>()?)
}
