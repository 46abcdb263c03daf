"""A training run in parts, under any engine that brings all rows of an entity together.

What is global is settled once, in a plan; a worker trains the entities of one part of the rows; and
a generation is made of what became of all of them: the very one that :func:`per_entity.train` would
have made of all rows.

>>> import polars as pl
>>> from per_entity import cluster
>>> rows = pl.DataFrame({
...     "store": ["A", "A", "B", "B"], "hour": [9, 17, 9, 17], "busy": ["no", "yes", "yes", "no"],
... })
>>> plan = cluster.plan(rows, key="store", target="busy")
>>> parts = rows.partition_by("store")  # by whatever engine, on whatever machine
>>> outcomes = [cluster.work(plan, str(part), rows) for part, rows in enumerate(parts)]
>>> cluster.commit(plan, pl.concat(map(pl.DataFrame, outcomes)), rows=4)
<Store: 2 entities, 2 trained; generation 1 in memory>

:mod:`per_entity.spark` does this on Spark.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from . import _native
from ._frames import rows_of
from ._settings import TrainOptions, settings_of
from ._store import Store

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["commit", "plan", "work"]


def plan(
    data: Any,
    *,
    classes: Iterable[Any] | None = None,
    **options: Unpack[TrainOptions],
) -> bytes:
    """Settle what is global of a run: types, classes, all settings, and what entities share.

    Parameters
    ----------
    data : frame or path or list of paths
        All rows, or of frames and typed files a sample of them.
    classes : list, optional
        All classes of the target, where the rows are a sample.
    **options
        As of :func:`per_entity.train`; what needs all rows at once is refused: ``pooled``,
        ``parents``, ``update``, and rows held out by a draw without ``holdout_by``, or by
        ``holdout_last``.

    Returns
    -------
    bytes
        The plan, for :func:`work` and :func:`commit`.
    """
    return _native.plan(
        rows_of(data),
        settings_of(options, TrainOptions),
        None if classes is None else [_text(value) for value in _known(classes)],
        None if options.get("spec") is None else os.fspath(options["spec"]),  # type: ignore[arg-type]
        options.get("format"),
    )


def work(
    plan: bytes,
    part: str,
    data: Any,
    *,
    threads: int = 0,
    memory_limit: int | None = None,
) -> Any:
    """Train the entities of one part.

    Parameters
    ----------
    plan : bytes
        The plan.
    part : str
        The name of the part: another one for each, and the same where it is done again.
    data : frame or path or list of paths
        All rows of each of its entities, in any order.
    threads : int, default 0
        Threads that train; 0 is one for each core.
    memory_limit : int, optional
        Where the rows take so many bytes that the process would take more than this, they are
        written to temporary files and trained in parts.

    Returns
    -------
    object
        What became of the entities, which has ``__arrow_c_stream__``: rows with ``part``, ``key``,
        ``status``, ``error``, ``rows``, ``left_out``, ``training_score``, ``fingerprint``, and for
        :func:`commit`, ``outcome`` and its ``digest``.
    """
    return _native.work(plan, part, rows_of(data), threads, memory_limit)


def commit(
    plan: bytes,
    outcomes: Any,
    output: str | os.PathLike[str] | None = None,
    *,
    format: str | None = None,
    rows: int | None = None,
    entities: int | None = None,
    parts: int | None = None,
) -> Store:
    """Make a generation of the outcomes of all parts.

    Parameters
    ----------
    plan : bytes
        The plan.
    outcomes : frame or path or list of paths
        What :func:`work` returned, all of it, in any order; what is there twice counts once.
    output : path, optional
        The folder of the store; by default it is kept in memory.
    format : str, optional
        The format of files: "parquet" or "ipc"; by default their extensions tell.
    rows, entities, parts : int, optional
        How many there must be of all parts together, as counted in another way.

    Raises
    ------
    ClusterError
        For outcomes that are lost, cut, damaged, of another plan, or say two things of an entity;
        then the store is as it was.
    """
    place: Any = _native.Memory() if output is None else os.fspath(output)
    command = ["per_entity.cluster.commit"]
    _native.commit(
        plan, rows_of(outcomes), place, format, rows, entities, parts, command
    )
    return Store(place)


def _known(classes: Iterable[Any]) -> Iterable[Any]:
    """The classes without a missing one, which is none."""
    # NaN is not equal to itself.
    return (value for value in classes if value is not None and value == value)


def _text(value: Any) -> str:
    """A class as the store has it."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (float, Decimal)) and value % 1 == 0:
        return str(int(value))
    return str(value)
