"""Rows of Python, each with its fields by name, as tables of Arrow."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from ._exceptions import InputError


def record_of(row: Any) -> Mapping[str, Any] | None:
    """The fields of a dictionary, a named tuple or a row of Beam; None of anything else."""
    if isinstance(row, Mapping):
        return row
    if isinstance(row, tuple) and hasattr(row, "_asdict"):
        return dict(row._asdict())
    if hasattr(row, "as_dict"):
        return dict(row.as_dict())
    return None


def table_of(records: Sequence[Mapping[str, Any]], names: Iterable[str] | None = None) -> pa.Table:
    """A table with a row for each record; a field that a record lacks is missing in its row.

    ``names`` are the columns; by default all that there are.
    """
    if names is None:
        names = dict.fromkeys(name for record in records for name in record)
    return pa.table(
        {name: _array(name, [record.get(name) for record in records]) for name in names}
    )


def _array(name: str, values: list[Any]) -> pa.Array:
    kinds = {_kind(value) for value in set(map(type, values))} - {None}
    if len(kinds) > 1:
        values = [None if _is_nan(value) else value for value in values]
        kinds = {_kind(value) for value in set(map(type, values))} - {None}
    if len(kinds) > 1:
        # Arrow would make dates of dates with times.
        told = " and ".join(sorted(map(str, kinds)))
        raise InputError(f"column '{name}' holds values of different types: {told}")
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        raise InputError(f"column '{name}' cannot be read: {error}") from error


def _kind(type_of_value: type) -> str | None:
    """What values may stand in a column together; None of missing ones."""
    name = type_of_value.__name__
    if name in ("NoneType", "NAType", "NaTType"):
        return None
    if issubclass(type_of_value, bool) or not issubclass(type_of_value, numbers.Real):
        return name
    return "number"


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
