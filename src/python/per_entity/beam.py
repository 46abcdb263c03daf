"""Transforms for Apache Beam: train a store from a collection of rows, and predict rows with it.

>>> import tempfile
>>> import apache_beam as beam
>>> from apache_beam.ml.inference.base import RunInference
>>> from per_entity.beam import StoreModelHandler, TrainEntities
>>> folder = tempfile.mkdtemp()
>>> sales = [
...     {"store": "A", "hour": 9, "busy": "no"}, {"store": "A", "hour": 17, "busy": "yes"},
...     {"store": "B", "hour": 9, "busy": "yes"}, {"store": "B", "hour": 17, "busy": "no"},
... ]
>>> with beam.Pipeline() as pipeline:
...     _ = (pipeline | beam.Create(sales)
...         | TrainEntities(folder + "/models", key="store", target="busy"))
>>> with beam.Pipeline() as pipeline:
...     _ = (pipeline | beam.Create([{"store": "B", "hour": 18}])
...         | RunInference(StoreModelHandler(folder + "/models"))
...         | beam.Map(lambda result: print(result.inference["prediction"])))
no
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

try:
    import apache_beam as beam
    import narwhals as nw
    import pyarrow as pa
    import pyarrow.parquet as parquet
    from apache_beam.metrics import Metrics
    from apache_beam.ml.inference.base import ModelHandler, ModelMetadata, PredictionResult
    from apache_beam.transforms.window import GlobalWindows
except ImportError as error:
    raise ImportError(
        f"{error.name} is not installed: pip install 'per-entity[beam]'", name=error.name
    ) from error

from ._exceptions import InputError, MissingStoreError, SpecificationError
from ._frames import stream_of
from ._records import record_of, table_of
from ._run import LOGGER, train
from ._settings import TrainOptions, names_of, settings_of
from ._store import Store

if TYPE_CHECKING:
    from typing_extensions import Unpack

METRICS_NAMESPACE = "BeamML_PerEntity"
ROWS_PER_FILE = 50_000


class StoreModelHandler(ModelHandler[Any, PredictionResult, Any]):
    """Predicts rows of all entities of a store, for Beam's ``RunInference``.

    One handler stands for all models: the store is opened once in each process, and a model is
    read when a row needs it. Beam's own ``KeyedModelHandler`` around this one passes keys of
    elements on; the columns of the store's key are fields of the rows.

    An element is one row (a dictionary, a ``beam.Row`` or a named tuple) or many (a frame of
    pandas or Polars, a table or batch of pyarrow). The ``inference`` of a row is a dictionary of
    what a prediction adds: ``prediction``; ``probability_C`` for each class ``C``; and ``model``,
    which says what answered: own, parent, fallback, shared or none. That of a frame is the frame
    with these columns, as of :meth:`per_entity.Store.predict`. ``model_id`` is the folder of the
    generation that predicted.

    A field that a row lacks is missing, as in NDJSON. A row whose entity has no model has a
    prediction of None; it is counted, and named in a warning. The metrics are those of
    ``RunInference`` and, in the namespace ``BeamML_PerEntity``, the counters ``rows_own``,
    ``rows_parent``, ``rows_fallback``, ``rows_shared``, ``rows_none``, ``rows_lacking_fields`` and
    ``bad_rows``.

    Parameters
    ----------
    store : path or Store
        The folder of the store, which all workers must see, or a store in memory, which is taken
        along to them. A folder is read when the pipeline runs, not before.
    generation : int, optional
        The number of a generation; by default the one that is current when the store is opened.
    unknown : {"null", "error", "fallback", "parent", "shared"}, optional
        What a row gets whose entity has no model; see :meth:`per_entity.Store.predict`.
    on_bad_row : {"error", "null"}, default "error"
        What becomes of a row of which a value cannot be what it was at training: it fails the
        bundle, or has no prediction, ``model`` being none, and the reason in the field ``error``.
        A frame with such a value always fails.
    cache : int, default 256 MiB
        How many bytes of models are held at a time.
    min_batch_size, max_batch_size : int, optional
        How many elements are predicted at once; Beam finds out by itself.
    max_batch_duration_secs : int, optional
        How long a stream may wait for a batch to be full.
    large_model : bool, default False
        Whether the processes of a machine share one store, which costs handing rows over. It pays
        where the entities are so many that their list is large.
    model_copies : int, optional
        How many of these there are on a machine.
    env_vars : dict, optional
        Variables of the environment to be set before the store is opened.

    Notes
    -----
    ``RunInference(..., model_metadata_pcoll=...)`` takes what :class:`TrainEntities` returns, or
    any other folder of a store or of a generation, and goes on with that.
    ``watch_model_pattern="models/gen-*/entities.parquet"`` goes on with each new generation.

    Examples
    --------
    >>> import per_entity as pe
    >>> import polars as pl
    >>> from apache_beam.ml.inference.base import RunInference
    >>> from per_entity.beam import StoreModelHandler
    >>> rows = pl.DataFrame({"store": ["A", "A"], "hour": [9, 17], "sales": [2.5, 7.5]})
    >>> store = pe.train(rows, key="store", target="sales", task="regression", pruning="none")
    >>> with beam.Pipeline() as pipeline:
    ...     _ = (pipeline | beam.Create([beam.Row(store="A", hour=18)])
    ...         | RunInference(StoreModelHandler(store))
    ...         | beam.Map(lambda result: print(result.inference)))
    {'prediction': 7.5, 'model': 'own'}
    """

    def __init__(
        self,
        store: str | os.PathLike[str] | Store,
        generation: int | None = None,
        *,
        unknown: Literal["null", "error", "fallback", "parent", "shared"] | None = None,
        on_bad_row: Literal["error", "null"] = "error",
        cache: int | None = None,
        min_batch_size: int | None = None,
        max_batch_size: int | None = None,
        max_batch_duration_secs: int | None = None,
        large_model: bool = False,
        model_copies: int | None = None,
        env_vars: dict[str, str] | None = None,
    ) -> None:
        if on_bad_row not in ("error", "null"):
            raise SpecificationError(f"on_bad_row: '{on_bad_row}' is none of error, null")
        self._store = store if isinstance(store, Store) else os.fspath(store)
        self._generation = generation
        self._unknown = unknown
        self._on_bad_row = on_bad_row
        self._cache = cache
        batching = {
            "min_batch_size": min_batch_size,
            "max_batch_size": max_batch_size,
            "max_batch_duration_secs": max_batch_duration_secs,
        }
        self._batching = {name: size for name, size in batching.items() if size is not None}
        self._large_model = large_model
        self._model_copies = model_copies
        self._env_vars = env_vars or {}
        self._told: set[str] = set()

    def load_model(self) -> _OpenStore:
        """Open the store."""
        store = self._store
        if not isinstance(store, Store):
            store = Store(store, self._generation)
        elif self._generation is not None:
            store = Store(store._place, self._generation)
        return _OpenStore(store, self._unknown, self._cache)

    def update_model_path(self, model_path: str | None = None) -> None:
        """Go on with the store in this folder, or with the generation that the path is of."""
        if not model_path:
            return
        of_generation = re.fullmatch(r"(.*)[/\\]gen-(\d+)([/\\].*)?", model_path)
        if of_generation is None:
            self._store, self._generation = model_path, None
        else:
            self._store, self._generation = of_generation[1], int(of_generation[2])

    def run_inference(
        self,
        batch: Sequence[Any],
        model: _OpenStore,
        inference_args: dict[str, Any] | None = None,
    ) -> list[PredictionResult]:
        """Predict a batch of rows or frames, in their order."""
        inferences: list[Any] = [None] * len(batch)
        rows = {}
        for place, example in enumerate(batch):
            record = record_of(example)
            if record is None:
                inferences[place] = model.predict(example)
                _count_answers(inferences[place]["model"])
            else:
                rows[place] = record
        for place, answer in zip(rows, self._answers(list(rows.values()), model)):
            inferences[place] = answer
        model_id = model.model_id()
        return [
            PredictionResult(example, inference, model_id)
            for example, inference in zip(batch, inferences)
        ]

    def _answers(
        self, records: list[Mapping[str, Any]], model: _OpenStore
    ) -> list[dict[str, Any]]:
        if not records:
            return []
        columns = model.columns()
        self._tell_of_lacking(records, columns)
        answers = list(self._found(records, columns, model))
        _count_answers(answer["model"] for answer in answers)
        return answers

    def _tell_of_lacking(self, records: list[Mapping[str, Any]], columns: list[str]) -> None:
        lacking = [
            [name for name in columns if name not in record] for record in records
        ]
        _count("rows_lacking_fields", sum(map(bool, lacking)))
        new = dict.fromkeys(name for names in lacking for name in names if name not in self._told)
        if new:
            self._told.update(new)
            LOGGER.warning(
                "rows have no field '%s', which counts as missing; this is said once",
                "', '".join(new),
            )

    def _found(
        self, records: list[Mapping[str, Any]], columns: list[str], model: _OpenStore
    ) -> Iterator[dict[str, Any]]:
        """The answers to rows, each of the bad ones found by halving."""
        try:
            yield from model.answers(table_of(records, columns))
        except (InputError, SpecificationError) as error:
            if len(records) > 1:
                middle = len(records) // 2
                yield from self._found(records[:middle], columns, model)
                yield from self._found(records[middle:], columns, model)
            elif self._on_bad_row == "error":
                raise InputError(f"{error}; the row is {dict(records[0])}") from error
            else:
                _count("bad_rows")
                yield {**model.no_answer(), "error": str(error)}

    def get_num_bytes(self, batch: Sequence[Any]) -> int:
        """The bytes of a batch, those of its rows without what their fields hold."""
        return sum(_size(example) for example in batch)

    def get_metrics_namespace(self) -> str:
        """The namespace of the metrics, ``BeamML_PerEntity``."""
        return METRICS_NAMESPACE

    def validate_inference_args(self, inference_args: dict[str, Any] | None) -> None:
        """Refuse them: what there is to say is said to the handler."""
        if inference_args:
            raise SpecificationError(
                f"inference_args: {', '.join(inference_args)}: StoreModelHandler has options of "
                "its own for what predictions depend on"
            )

    def batch_elements_kwargs(self) -> Mapping[str, Any]:
        """How many elements are predicted at once."""
        return self._batching

    def share_model_across_processes(self) -> bool:
        """Whether the processes of a machine share one store."""
        return self._large_model or self._model_copies is not None

    def model_copies(self) -> int:
        """How many of these there are."""
        return self._model_copies or 1


class _OpenStore:
    """A store that predicts, perhaps in another process."""

    def __init__(self, store: Store, unknown: Any, cache: int | None) -> None:
        self._store = store
        self._unknown = unknown
        self._cache = cache
        generation = store.generation
        features = [feature["name"] for feature in generation["features"]]
        self._columns = [*generation["dataset"]["key"], *features]
        self._model_id = generation["directory"]
        if store.path is not None:
            self._model_id = os.path.join(store.path, self._model_id)
        # What cannot be asked of this store is told at once, and not of a row.
        nothing = self._added(table_of([], self._columns))
        self._no_answer = {**dict.fromkeys(nothing.column_names), "model": "none"}

    def columns(self) -> list[str]:
        """The key and the features."""
        return self._columns

    def model_id(self) -> str:
        return str(self._model_id)

    def no_answer(self) -> dict[str, Any]:
        """What a row gets that cannot be predicted."""
        return self._no_answer

    def answers(self, table: pa.Table) -> list[dict[str, Any]]:
        """What is added to each row of a table."""
        return self._added(table).to_pylist()

    def predict(self, frame: Any) -> Any:
        return self._store.predict(frame, unknown=self._unknown, cache=self._cache)

    def _added(self, table: pa.Table) -> pa.Table:
        return pa.table(self._store._native.predict(table, self._unknown, "", self._cache))


def _count_answers(models: Any) -> None:
    values = models.to_pylist() if hasattr(models, "to_pylist") else models
    for model, rows in Counter(values).items():
        _count(f"rows_{model}", rows)


def _count(name: str, by: int = 1) -> None:
    Metrics.counter(METRICS_NAMESPACE, name).inc(by)


def _size(example: Any) -> int:
    nbytes = getattr(example, "nbytes", None)
    return nbytes if isinstance(nbytes, int) else sys.getsizeof(example)


class TrainEntities(beam.PTransform):
    """Trains a model for every entity of a collection of rows, and commits them to a store.

    Elements are what :class:`StoreModelHandler` takes, one row or many each, or a pair of an
    entity's key and a row: the key's values then become the columns of ``key``. All rows of an
    entity need not be together, so no ``GroupByKey`` stands before.

    It returns a collection of one ``ModelMetadata``, once the store is committed, whose
    ``model_id`` is the folder of the new generation. As ``model_metadata_pcoll`` of
    ``RunInference`` it lets predictions wait for the training in the same pipeline.

    Parameters
    ----------
    output : path
        The folder of the store, which is made where there is none.
    temp_directory : path, optional
        A folder for the rows, which all workers must see. By default the one that the store's
        folder lies in.
    **options
        Those of :func:`per_entity.train`, such as ``key``, ``target``, ``holdout``, ``trainer`` and
        ``memory_limit``.

    Raises
    ------
    SpecificationError
        For a collection without an end.
    TypeError
        For an unknown option. What else :func:`per_entity.train` raises ends the pipeline.

    Notes
    -----
    A store is committed at once or not at all, so the models are trained by one process, which
    takes all cores of its machine. What Beam spreads over the workers is what comes before. Each
    bundle of rows is written to Parquet files of its own, of 50,000 rows each, and no more are
    held; the names of the files are what is collected. Then the files are trained on, in bounded
    memory with ``memory_limit``, and removed. A million entities of 50 rows are trained in a minute
    or two; it is reading and preparing rows that wants a cluster.

    Bundles may be tried again: files of an attempt that failed are in no list and are removed with
    the others, and where the store has a generation of the very same files, it is not trained
    again. Where training fails, the store is as it was, and the rows stay for the next attempt.

    Which rows ``holdout`` draws depends on their order, and a collection has none. Where the same
    rows are to be held out again, say them by ``holdout_by``, a time or a predicate.

    The counters ``rows_read``, ``rows``, ``entities``, ``trained``, ``skipped`` and ``failed`` in
    the namespace ``BeamML_PerEntity`` say what became of them; ``Store(output).generation`` has
    everything.

    Examples
    --------
    >>> import tempfile
    >>> import per_entity as pe
    >>> from per_entity.beam import TrainEntities
    >>> folder = tempfile.mkdtemp() + "/models"
    >>> keyed = [("A", {"hour": 9, "busy": "no"}), ("A", {"hour": 17, "busy": "yes"})]
    >>> with beam.Pipeline() as pipeline:
    ...     _ = (pipeline | beam.Create(keyed)
    ...         | TrainEntities(folder, key="store", target="busy"))
    >>> pe.Store(folder).model("A").classes
    ['no', 'yes']
    """

    def __init__(
        self,
        output: str | os.PathLike[str],
        *,
        temp_directory: str | os.PathLike[str] | None = None,
        **options: Unpack[TrainOptions],
    ) -> None:
        super().__init__()
        settings_of(options, TrainOptions)
        self._output = os.path.abspath(output)
        self._temp_directory = os.path.abspath(temp_directory or os.path.dirname(self._output))
        self._options = options

    def expand(self, rows: Any) -> Any:
        """Write the rows, then train on them."""
        if not rows.is_bounded:
            raise SpecificationError(
                "a collection without an end cannot be trained on: take a part of it that ends"
            )
        name = f".{os.path.basename(self._output)}-rows-{uuid.uuid4().hex}"
        folder = os.path.join(self._temp_directory, name)
        key = names_of(self._options.get("key") or [])
        paths = (
            rows
            | "As one" >> beam.WindowInto(GlobalWindows())
            | "Write rows" >> beam.ParDo(_WriteRows(folder, key))
        )
        return (
            rows.pipeline
            | "Once" >> beam.Create([None])
            | "Train"
            >> beam.Map(
                _train, beam.pvalue.AsList(paths), folder, self._output, self._options
            ).with_output_types(ModelMetadata)
        )


class _WriteRows(beam.DoFn):
    """Writes the rows of a bundle to files, and returns their names."""

    def __init__(self, folder: str, key: list[str]) -> None:
        self._folder = folder
        self._key = key

    def start_bundle(self) -> None:
        self._records: list[Mapping[str, Any]] = []
        self._tables: list[pa.Table] = []
        self._rows = 0

    def process(self, element: Any) -> Iterator[str]:
        if isinstance(element, tuple) and len(element) == 2 and not hasattr(element, "_fields"):
            element = _with_key(self._key, *element)
        record = record_of(element)
        if record is None:
            self._tables.append(_table_of_frame(element))
            self._rows += self._tables[-1].num_rows
        else:
            self._records.append(record)
            self._rows += 1
        if self._rows >= ROWS_PER_FILE:
            yield self._write()

    def finish_bundle(self) -> Iterator[Any]:
        if self._rows > 0:
            yield GlobalWindows.windowed_value(self._write())

    def _write(self) -> str:
        if self._records:
            self._tables.append(table_of(self._records))
        table = _united(self._tables, "rows")
        self.start_bundle()
        os.makedirs(self._folder, exist_ok=True)
        # No other attempt at this bundle writes to the same file.
        path = os.path.join(self._folder, f"{uuid.uuid4().hex}.parquet")
        parquet.write_table(table, path)
        return path


def _with_key(key: list[str], values: Any, row: Any) -> dict[str, Any]:
    """A row with the columns of the key that it came with."""
    record = record_of(row)
    if record is None:
        raise InputError(
            f"key {values!r} stands before an object of type {type(row).__name__}: give each key "
            "one row, as a dictionary, a beam.Row or a named tuple"
        )
    values = values if isinstance(values, tuple) else (values,)
    if len(values) != len(key):
        raise InputError(
            f"key {values!r} has {len(values)} values, and {len(key)} are wanted: "
            + ", ".join(key)
        )
    for name, value in zip(key, values):
        if name in record and record[name] != value:
            raise InputError(
                f"column '{name}' holds {record[name]!r} in a row that came with the key {value!r}"
            )
    return {**record, **dict(zip(key, values))}


def _train(
    _: None, paths: Sequence[str], folder: str, output: str, options: TrainOptions
) -> ModelMetadata:
    """Trains on files of rows and removes them."""
    if not paths:
        raise InputError("there are no rows to train on")
    paths = sorted(paths)
    store = _trained_before(output, paths)
    if store is None:
        try:
            _unite_files(paths)
            store = train(paths, output=output, **options)
        except Exception:
            LOGGER.warning("the rows are kept in %s for the next attempt", folder)
            raise
    shutil.rmtree(folder, ignore_errors=True)
    generation = store.generation
    for name in ("rows_read", "rows", "entities", "trained", "skipped", "failed"):
        _count(name, generation[name])
    directory = generation["directory"]
    return ModelMetadata(os.path.join(output, directory), directory)


def _trained_before(output: str, paths: list[str]) -> Store | None:
    """The generation that an earlier attempt made of these files, where it did."""
    try:
        store = Store(output)
    except MissingStoreError:
        return None
    for generation in reversed(store.history()):
        if generation["inputs"] == paths:
            return Store(output, generation["number"])
    return None


def _unite_files(paths: list[str]) -> None:
    """Gives all files the same columns, of the same types."""
    schemas = {path: parquet.read_schema(path) for path in paths}
    empty = [schema.empty_table() for schema in schemas.values()]
    whole = _united(empty, "bundles of rows").schema
    for path, schema in schemas.items():
        if not schema.equals(whole):
            table = _united([whole.empty_table(), parquet.read_table(path)], "rows")
            parquet.write_table(table, path + ".united")
            os.replace(path + ".united", path)


def _table_of_frame(frame: Any) -> pa.Table:
    """A table without dictionaries, so that the texts of other frames fit to its own."""
    stream = stream_of(frame)
    told = nw.from_native(stream, pass_through=True)
    # Polars by itself would give texts a type that Arrow can do little with.
    table = told.to_arrow() if isinstance(told, nw.DataFrame) else pa.table(stream)
    fields = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def _united(tables: list[pa.Table], what: str) -> pa.Table:
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise InputError(f"{what} have columns of different types: {error}") from error
