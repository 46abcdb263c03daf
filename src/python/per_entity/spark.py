"""Training, prediction and evaluation on Spark, with the engine in the Python workers.

One shuffle brings the rows of each entity together, and each task trains its entities as a single
process would, so the store is the same to the byte; only of a shared model of more than a million
rows another sample is drawn. It runs on Spark Connect and on Sail, too.

>>> from per_entity import spark as pe_spark
>>> store = pe_spark.train(
...     frame, key="store", target="sales", output="/shared/models"
... )  # doctest: +SKIP
>>> pe_spark.predict(new, "/shared/models").show()  # doctest: +SKIP
"""

from __future__ import annotations

import io
import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal

from . import _native, cluster
from ._documents import Report
from ._exceptions import Error, SpecificationError
from ._run import LOGGER
from ._settings import TrainOptions, names_of
from ._store import Store

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["evaluate", "predict", "train"]

# The columns of outcomes, by Arrow's names of types that all readers of Parquet know.
OUTCOMES = {
    "part": "string",
    "key": "string",
    "status": "string",
    "error": "string",
    "rows": "int64",
    "left_out": "int64",
    "training_score": "float64",
    "fingerprint": "binary",
    "outcome": "binary",
    "digest": "binary",
}

# More different whole numbers are a quantity.
WHOLE_NUMBER_CLASSES = 20

# Rows by which columns are taken for what they are, and about how many a shared model is trained on.
SAMPLE = 1_000
SHARED_SAMPLE = 1_000_000

WHOLE = ("byte", "short", "integer", "long")
NUMBERS = (*WHOLE, "float", "double", "decimal")

# Bytes of rows that are written to a file.
FILE_BYTES = 256 << 20

# Options by which keys are read otherwise than as they are.
READING = ("where", "missing", "trim", "text", "date", "timestamp", "spec")


def train(
    frame: Any,
    *,
    output: str | os.PathLike[str],
    partitions: int | None = None,
    staging: str | os.PathLike[str] | None = None,
    **options: Unpack[TrainOptions],
) -> Store:
    """Train a model for every entity of a frame of Spark, and commit them to a store.

    Nothing but a sample of the rows, the classes of the target and counts goes through the driver.
    Tasks that are retried or run twice do no harm: what became of an entity counts once, and nothing
    is committed unless rows and entities are as many as Spark counts.

    Parameters
    ----------
    frame : pyspark.sql.DataFrame
        The rows. It is computed several times: for its classes, its counts, and to train. Cache it
        where that takes long.
    output : path
        The folder of the store, which the driver writes; or an address such as ``s3://bucket/models``.
    partitions : int, optional
        Into how many parts the entities are divided; by default ``spark.sql.shuffle.partitions``.
        The rows of a part must fit into the memory of a Python worker.
    staging : path, optional
        A folder that the driver and all executors see, or an address in a bucket, for what became of
        the entities until it is committed; by default beside ``output``.
    **options
        As of :func:`per_entity.train`; ``threads`` are those of each task, by default 1. What needs
        all rows at once is refused; see :func:`per_entity.cluster.plan`. What entities share is
        trained on the driver, on a million rows at most.

    Returns
    -------
    Store
        The store, with the new generation as the current one.

    Raises
    ------
    ClusterError
        Where what the tasks wrote is not whole; then the store is as it was.
    """
    given: dict[str, Any] = dict(options)
    threads = int(given.pop("threads", None) or 1)
    key = names_of(_required(given, "key"))
    target = str(_required(given, "target"))
    _check_columns(frame, [*key, target])
    plan, schema = _plan(frame, target, given)
    if partitions is None:
        conf = frame.sparkSession.conf
        partitions = int(conf.get("spark.sql.shuffle.partitions", "200"))
    parts = frame.repartition(partitions, *key)
    with _staging(staging or _beside(output)) as folder:
        work = _work(plan, schema, key, threads)
        return cluster.commit(
            plan,
            _written(parts, work, folder),
            output,
            rows=frame.count(),
            entities=_entities(frame, key, given),
        )


def predict(
    frame: Any,
    store: Store | str | os.PathLike[str],
    *,
    unknown: Literal["null", "error", "fallback", "parent", "shared"] | None = None,
    prefix: str = "",
) -> Any:
    """Predict the rows of a frame of Spark, each by its own entity's model.

    Parameters
    ----------
    frame : pyspark.sql.DataFrame
        The rows.
    store : Store or path
        A store in a folder that the driver and all executors see, or in a bucket. It is opened once by each worker,
        which reads the models that its rows ask for; where entities are many, a frame that is
        partitioned by the key reads each model once.
    unknown, prefix
        As of :meth:`per_entity.Store.predict`.

    Returns
    -------
    pyspark.sql.DataFrame
        The rows with more columns, as of :meth:`per_entity.Store.predict`.
    """
    from pyspark.sql.types import DoubleType, StringType, StructField, StructType

    path, generation, made = _place(store)
    told = Store(path, generation).predict(
        frame.limit(0).toArrow(), unknown=unknown, prefix=prefix
    )
    added = told.schema.names[len(frame.columns) :]
    kinds = {name: _is_number(told.schema.field(name)) for name in added}
    fields = [
        StructField(name, DoubleType() if kinds[name] else StringType())
        for name in added
    ]

    def answer(batches: Iterable[Any]) -> Iterator[Any]:
        import pyarrow

        opened = _opened(path, generation, made)
        for batch in batches:
            table = pyarrow.Table.from_batches([batch])
            rows = opened.predict(table, unknown=unknown, prefix=prefix)
            for name, is_number in kinds.items():
                kind = pyarrow.float64() if is_number else pyarrow.string()
                place = rows.schema.get_field_index(name)
                rows = rows.set_column(place, name, rows[name].cast(kind))
            yield from rows.to_batches()

    return frame.mapInArrow(answer, StructType([*frame.schema.fields, *fields]))


def evaluate(
    frame: Any,
    store: Store | str | os.PathLike[str],
    *,
    group_by: Any = (),
    positive: Any = None,
    where: str | None = None,
    staging: str | os.PathLike[str] | None = None,
) -> Report:
    """How good every entity's model is on its rows of a frame of Spark.

    The rows are written by the executors and evaluated on the driver.

    Parameters
    ----------
    frame : pyspark.sql.DataFrame
        Rows whose target is known.
    store : Store or path
        A store in a folder, or in a bucket.
    group_by, positive, where
        As of :meth:`per_entity.Store.evaluate`.
    staging : path, optional
        A folder that the driver and all executors see, or an address in a bucket, for the rows until
        they are evaluated; by default beside the store.
    """
    path, generation, _ = _place(store)
    with _staging(staging or _beside(path)) as folder:
        return Store(path, generation).evaluate(
            _written(frame, _several, folder) or frame.limit(0).toArrow(),
            group_by=group_by,
            positive=positive,
            where=where,
        )


def _written(
    frame: Any, work: Callable[[Iterable[Any]], Iterator[Any]], folder: str
) -> list[str]:
    """The files in which the tasks of a frame leave the tables that some work makes of their rows."""

    def write(batches: Iterable[Any]) -> Iterator[Any]:
        import pyarrow
        from pyarrow import parquet

        for table in work(batches):
            written = io.BytesIO()
            parquet.write_table(table, written)
            # A task that is done again, or twice at a time, writes files of its own.
            name = f"{uuid.uuid4().hex}.parquet"
            _native.put_file(folder, name, written.getvalue())
            yield pyarrow.record_batch({"file": [f"{folder}/{name}"]})

    told = frame.mapInArrow(write, "file string").collect()
    return sorted(row[0] for row in told)


def _several(batches: Iterable[Any]) -> Iterator[Any]:
    """The rows of batches, many at a time."""
    import pyarrow

    waiting: list[Any] = []
    for batch in batches:
        waiting.append(batch)
        if sum(batch.nbytes for batch in waiting) >= FILE_BYTES:
            yield pyarrow.Table.from_batches(waiting)
            waiting = []
    if any(batch.num_rows for batch in waiting):
        yield pyarrow.Table.from_batches(waiting)


def _work(
    plan: bytes, schema: Any, key: list[str], threads: int
) -> Callable[[Iterable[Any]], Iterator[Any]]:
    """What each task does."""

    def work(batches: Iterable[Any]) -> Iterator[Any]:
        import pyarrow
        from pyarrow import compute

        # Whether a column may have nulls, and how a zone is spelled, may differ from the sample.
        given = list(batches)
        rows = pyarrow.Table.from_batches(given) if given else schema.empty_table()
        # Of its own entities the least one tells a part from the others, and a task that is done
        # again has the same ones.
        order = [(name, "ascending") for name in key]
        least = rows.select(key).take(
            compute.select_k_unstable(rows, k=1, sort_keys=order)
        )
        part = str([column[0].as_py() for column in least] if rows.num_rows else [])
        told = pyarrow.table(_native.work(plan, part, rows, threads))
        named = OUTCOMES.items()
        fields = [(name, pyarrow.type_for_alias(kind)) for name, kind in named]
        yield told.cast(pyarrow.schema(fields))

    return work


def _plan(
    frame: Any, target: str, options: Mapping[str, Any]
) -> tuple[bytes, Any]:
    """The plan of a run on a frame, and the types of its columns."""
    from pyspark.sql import functions

    given = dict(options)
    classes = _classes(frame, target, given)
    known = frame.where(functions.col(target).isNotNull())
    if given.get("trainer") == "shared":
        share = min(1.0, SHARED_SAMPLE / max(1, known.count()))
        sample = known if share == 1.0 else known.sample(share, seed=0)
        rows = sample.toArrow()
    else:
        rows = known.limit(SAMPLE).toArrow()
    return cluster.plan(rows, classes=classes, **given), rows.schema


def _classes(frame: Any, target: str, options: dict[str, Any]) -> list[Any] | None:
    """The classes of a target; sets what it is taken for, by all of its values."""
    from pyspark.sql import functions

    task = options.get("task")
    if task == "regression":
        return None
    kind = frame.schema[target].dataType.typeName()
    known = frame.select(target).where(functions.col(target).isNotNull()).distinct()
    is_open = task is None and kind in NUMBERS
    if is_open and any(options.get(name) for name in READING):
        raise SpecificationError(
            "task: say whether the target is classes or a quantity, for it would be told by numbers that "
            "may be left out or read otherwise"
        )
    if is_open:
        # NaN is a missing value.
        known = known.limit(WHOLE_NUMBER_CLASSES + 2)
    values = [row[0] for row in known.collect() if row[0] == row[0]]
    if is_open and (
        len(values) > WHOLE_NUMBER_CLASSES or any(value % 1 != 0 for value in values)
    ):
        # A sample may have few enough.
        options["task"] = "regression"
        return None
    return values


def _entities(frame: Any, key: list[str], options: Mapping[str, Any]) -> int | None:
    """How many entities there are, where keys are read as they are."""
    from pyspark.sql import functions

    kinds = [frame.schema[name].dataType.typeName() for name in key]
    if any(options.get(name) for name in READING) or not all(
        kind == "string" or kind in WHOLE for kind in kinds
    ):
        return None
    keys = frame.select(*key)
    for name in key:
        keys = keys.where(functions.col(name).isNotNull())
    return int(keys.distinct().count())


@contextmanager
def _staging(parent: str | os.PathLike[str]) -> Iterator[str]:
    """A folder that is there for a while, and with it its parent where that was not."""
    name = uuid.uuid4().hex
    parent = _absolute(parent)
    if _native.is_address(parent):
        try:
            yield f"{parent}/{name}"
        finally:
            try:
                _native.remove_folder(parent, name)
            except Error as error:
                LOGGER.warning("%s/%s stays, for it could not be removed: %s", parent, name, error)
        return
    is_new = not os.path.exists(parent)
    folder = os.path.join(parent, name)
    os.makedirs(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if is_new:
            # Another run may use it by now.
            with suppress(OSError):
                os.rmdir(parent)


def _absolute(path: str | os.PathLike[str]) -> str:
    """A path from the root, or an address in a bucket."""
    path = os.fspath(path)
    return path.rstrip("/") if _native.is_address(path) else os.path.abspath(path)


def _beside(store: str | os.PathLike[str]) -> str:
    """Where what lies beside a store goes."""
    path = _absolute(store)
    if _native.is_address(path) and "/" not in path.partition("://")[2]:
        raise SpecificationError(
            f"staging: nothing lies beside {path}, which is a whole bucket; say where to put what is "
            f"needed for a while, such as {path}-staging/run in a bucket of yours"
        )
    return f"{path}-staging"


OPENED: dict[tuple[str, int, str], Store] = {}


def _opened(path: str, generation: int, made: str) -> Store:
    """A store that this process keeps open; another one in its place was made at another time."""
    place = (path, generation, made)
    if place not in OPENED:
        OPENED[place] = Store(path, generation)
    return OPENED[place]


def _place(store: Store | str | os.PathLike[str]) -> tuple[str, int, str]:
    """The folder of a store, the number of its generation, and when this was made."""
    opened = store if isinstance(store, Store) else Store(store)
    if opened.path is None:
        raise SpecificationError(
            "store: one in memory is not seen by executors; train it with output=, in a folder that "
            "they see"
        )
    generation = opened.generation
    return _absolute(opened.path), generation["number"], generation["created"]


def _is_number(field: Any) -> bool:
    import pyarrow

    return bool(pyarrow.types.is_floating(field.type))


def _required(options: Mapping[str, Any], name: str) -> Any:
    if options.get(name) is None:
        raise SpecificationError(f"{name}: say which column it is")
    return options[name]


def _check_columns(frame: Any, names: list[str]) -> None:
    for name in names:
        if name not in frame.columns:
            there = ", ".join(frame.columns)
            raise SpecificationError(f"there is no column '{name}'; there are {there}")
