"""Frames of any kind, in and out by Arrow, whose columns are handed over and not copied."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from typing import Any

import narwhals as nw

from ._exceptions import InputError, SpecificationError

BACKENDS = ("polars", "pandas", "pyarrow")


def rows_of(data: Any) -> Any:
    """Paths as a list of texts, or something that has ``__arrow_c_stream__``."""
    if isinstance(data, (str, os.PathLike)):
        return [os.fspath(data)]
    if isinstance(data, (list, tuple)) and all(
        isinstance(path, (str, os.PathLike)) for path in data
    ):
        return [os.fspath(path) for path in data]
    return stream_of(data)


def stream_of(data: Any) -> Any:
    """Something that has ``__arrow_c_stream__``: the frame, or what it was turned into."""
    data = nw.to_native(data, pass_through=True)
    if nw.dependencies.is_pandas_dataframe(data):
        return _arrow_of_pandas(data)
    frame = nw.from_native(data, pass_through=True)
    if isinstance(frame, nw.LazyFrame):
        if nw.dependencies.is_polars_lazyframe(data):
            return frame.collect(backend="polars").to_native()
        return frame.collect(backend="pyarrow").to_native()
    if hasattr(data, "__arrow_c_stream__"):
        return data
    if isinstance(frame, nw.DataFrame):
        return frame.to_arrow()
    raise InputError(
        f"an object of type {type(data).__name__} is no frame: give one of Polars, pandas, "
        "pyarrow or DuckDB, anything that has __arrow_c_stream__, or paths of files"
    )


def _arrow_of_pandas(data: Any) -> Any:
    pyarrow = _required("pyarrow", "frames of pandas are handed over by it")
    try:
        # The index is no column, and NaN is a missing value.
        return pyarrow.Table.from_pandas(data, preserve_index=False)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, ValueError) as error:
        raise InputError(f"the frame of pandas cannot be read: {error}") from error


def with_columns(data: Any, stream: Any, added: Any) -> Any:
    """``data`` with more columns, of its own kind where that holds rows, its index kept.

    ``stream`` is what :func:`stream_of` made of it.
    """
    data = nw.to_native(data, pass_through=True)
    if nw.dependencies.is_pandas_dataframe(data):
        return _with_columns_pandas(data, added)
    if nw.dependencies.is_polars_dataframe(stream):
        import polars

        whole = stream.hstack(polars.DataFrame(added))
        return whole.lazy() if nw.dependencies.is_polars_lazyframe(data) else whole
    pyarrow = _required("pyarrow", f"a {type(data).__name__} is given back by it")
    table, more = pyarrow.table(stream), pyarrow.table(added)
    for name in more.column_names:
        table = table.append_column(name, more[name])
    return _duckdb_relation(data, table)


def _with_columns_pandas(data: Any, added: Any) -> Any:
    import pandas

    added = _required("pyarrow", "frames of pandas are given back by it").table(added)
    added = added.to_pandas()
    added.index = data.index
    return pandas.concat([data, added], axis=1)


def _duckdb_relation(data: Any, table: Any) -> Any:
    duckdb = sys.modules.get("duckdb")
    if duckdb is not None and isinstance(data, duckdb.DuckDBPyRelation):
        return duckdb.from_arrow(table)
    return table


def frame_of(stream: Any, backend: str | None) -> Any:
    """A frame of a backend, of the first that is installed where none is named."""
    backend = _backend(backend)
    if backend == "polars":
        import polars

        return polars.DataFrame(stream)
    table = _required("pyarrow", f"frames of {backend} are made by it").table(stream)
    return table if backend == "pyarrow" else table.to_pandas()


def frame_of_records(records: Sequence[dict[str, Any]], backend: str | None) -> Any:
    """The same of records, which all have the same fields."""
    backend = _backend(backend)
    records = list(records)
    if backend == "polars":
        import polars

        return polars.DataFrame(records, infer_schema_length=None)
    if backend == "pandas":
        import pandas

        return pandas.DataFrame(records)
    import pyarrow

    return pyarrow.Table.from_pylist(records)


def _backend(backend: str | None) -> str:
    if backend is None:
        for name in BACKENDS:
            if importlib.util.find_spec(name) is not None:
                return name
        raise SpecificationError(
            "a table needs Polars, pandas or pyarrow: install one of them"
        )
    if backend not in BACKENDS:
        raise SpecificationError(
            f"backend: '{backend}' is none of {', '.join(BACKENDS)}"
        )
    return backend


def _required(module: str, why: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f"{module} is not installed: {why}") from error
