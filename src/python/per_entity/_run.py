"""What is done with rows: to train on them, to compare on them, to describe them."""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

from . import _native
from ._documents import Comparison, Description
from ._exceptions import RefusedError
from ._frames import rows_of
from ._settings import ColumnOptions, TrainOptions, TreeOptions, settings_of
from ._store import Store

if TYPE_CHECKING:
    from typing_extensions import Unpack

LOGGER = logging.getLogger("per_entity")


def train(
    data: Any,
    *,
    output: str | os.PathLike[str] | None = None,
    progress: bool = False,
    **options: Unpack[TrainOptions],
) -> Store:
    """Train a model for every entity and commit them to a store.

    Parameters
    ----------
    data : frame or path or list of paths
        A frame of Polars (eager or lazy), pandas, pyarrow or DuckDB, or anything else that has
        ``__arrow_c_stream__``; or paths and patterns of CSV, TSV, Parquet, Arrow IPC or NDJSON
        files. In a frame of pandas NaN is a missing value, and the index is no column.
    output : path, optional
        The folder of the store, which is made where there is none. By default the store is kept in
        memory, for as long as it is in use.
    progress : bool, default False
        Whether to show how many entities are done: by tqdm where it is installed, else by lines.
    **options
        What the flags of ``per-entity train`` say, by the same names with underscores. Those that
        are not given, or are None, have the defaults of the command line.

        ========================================= ===================================================
        key, target                               one column or several; the column to predict
        task                                      "classification" or "regression"
        features, ignore, weight                  columns to predict from, or not; sample weights
        numeric, categorical                      features that are numbers, or categories
        text, date, timestamp                     what columns hold; dates may have a notation, as
                                                  in ``date={"sold": "%d.%m.%Y"}``
        where                                     a Polars SQL predicate: rows to keep
        on_missing, on_infinite, missing          what becomes of missing and infinite values
        columns, separator, comment, format,
        trim, strict, decimal_comma               how files are written
        spec                                      a TOML file that says all this; options override it
        holdout, seed, holdout_by, holdout_after,
        holdout_last, time, holdout_where         rows that are not trained on
        min_rows, pooled, parents                 which models are trained
        threshold, positive, importance           what they decide, and what is noted of them
        memory_limit, models_per_file, threads    what a run may take
        update, vanished, keep_better, tolerance,
        max_regression, other_dataset,
        refit_shared, commit_unchanged            what is taken from the current generation
        trainer, criterion, class_weight, pruning,
        max_depth, min_samples_leaf, shared_rounds
        and all other flags of trees              what fits the models
        ========================================= ===================================================

    Returns
    -------
    Store
        The store, with the new generation as the current one.

    Raises
    ------
    SpecificationError
        Where options are out of their range, or do not fit the data.
    InputError
        For rows that cannot be read or used.
    RefusedError
        Where the models became worse than ``max_regression`` allows.
    KeyboardInterrupt
        Where it was interrupted. Whatever is raised, the store is as it was.

    Examples
    --------
    >>> import per_entity as pe
    >>> import polars as pl
    >>> sales = pl.DataFrame({
    ...     "store": ["A"] * 6 + ["B"] * 6,
    ...     "hour": [8, 9, 10, 16, 17, 18] * 2,
    ...     "sales": [1.0, 1.0, 1.0, 5.0, 5.0, 5.0, 7.0, 7.0, 7.0, 2.0, 2.0, 2.0],
    ... })
    >>> store = pe.train(sales, key="store", target="sales", max_depth=4)
    >>> store
    <Store: 2 entities, 2 trained; generation 1 in memory>
    """
    rows = rows_of(data)
    settings = settings_of(options, TrainOptions)
    place: Any = _native.Memory() if output is None else os.fspath(output)
    said = ", ".join(f"{name}={value!r}" for name, value in options.items())
    bar = _Progress() if progress else None
    try:
        conclusion = json.loads(
            _native.train(
                rows,
                place,
                settings,
                spec=_path(options.get("spec")),
                format=options.get("format"),
                command=[f"per_entity.train({said})"],
                progress=bar,
            )
        )
    finally:
        if bar is not None:
            bar.close()
    if conclusion["conclusion"] == "refused":
        raise RefusedError(conclusion["message"])
    if conclusion["conclusion"] == "unchanged":
        LOGGER.info("nothing changed, and nothing is committed")
    return Store(place)


def compare(
    data: Any,
    *,
    test: Any = None,
    test_where: str | None = None,
    **options: Unpack[TreeOptions],
) -> Comparison:
    """Compare one tree per entity, one for all, and a shared model; nothing is stored.

    Parameters
    ----------
    data : frame or path or list of paths
        The rows to train on; see :func:`train`.
    test : frame or path or list of paths, optional
        The rows to compare on. By default rows of ``data`` are held out, as the options ``holdout``
        (0.3 by default), ``seed``, ``holdout_after`` and ``holdout_last`` say.
    test_where : str, optional
        A Polars SQL predicate: the rows of ``data`` to compare on, and not to train on.
    **options
        As of :func:`train`, but for those of a run.

    Returns
    -------
    Comparison
        The figures of every way, and a verdict.

    Examples
    --------
    >>> import per_entity as pe
    >>> import polars as pl
    >>> rows = pl.DataFrame({
    ...     "store": ["A", "B"] * 60,
    ...     "hour": [hour % 24 for hour in range(120)],
    ...     "busy": [(hour % 24 > 12) == (hour % 2 == 0) for hour in range(120)],
    ... })
    >>> comparison = pe.compare(rows, key="store", target="busy")
    >>> comparison["test_rows"] + comparison["train_rows"]
    120
    """
    if test_where is not None:
        options["holdout_where"] = test_where
    held_out = ("holdout", "holdout_after", "holdout_last", "holdout_where")
    if test is None and all(options.get(name) is None for name in held_out):
        options["holdout"] = 0.3
    document = _native.compare(
        rows_of(data),
        settings_of(options, TreeOptions),
        test=None if test is None else rows_of(test),
        spec=_path(options.get("spec")),
        format=options.get("format"),
    )
    return Comparison(json.loads(document))


def describe(data: Any, **options: Unpack[ColumnOptions]) -> Description:
    """Say what rows hold: their columns, what they are taken for, and how many rows entities have.

    Parameters
    ----------
    data : frame or path or list of paths
        The rows; see :func:`train`.
    **options
        What is known of the columns, as of :func:`train`; none of them is needed.

    Returns
    -------
    Description
        Everything about every column, and where key and target are named, a specification.

    Examples
    --------
    >>> import per_entity as pe
    >>> import polars as pl
    >>> rows = pl.DataFrame({"store": ["A", "A", "B"], "hour": [9, 17, 9]})
    >>> description = pe.describe(rows, key="store")
    >>> description["rows_per_entity"]["entities"]
    2
    """
    document = _native.describe(
        rows_of(data),
        settings_of(options, ColumnOptions),
        spec=_path(options.get("spec")),
        format=options.get("format"),
    )
    return Description(json.loads(document))


def _path(spec: Any) -> str | None:
    return None if spec is None else os.fspath(spec)


class _Progress:
    """Entities that are done, by tqdm where it is installed, else by lines."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._told = 0.0

    def __call__(self, done: int, total: int) -> None:
        if self._bar is None:
            self._bar = self._begin(total)
        if self._bar is not False:
            self._bar.update(done - self._bar.n)
        elif done - self._told >= total / 10 or done == total:
            self._told = done
            print(f"{done:,} of {total:,} entities", file=sys.stderr)

    @staticmethod
    def _begin(total: int) -> Any:
        try:
            from tqdm.auto import tqdm
        except ImportError:
            return False
        return tqdm(total=total, unit=" entities")

    def close(self) -> None:
        if self._bar:
            self._bar.close()
