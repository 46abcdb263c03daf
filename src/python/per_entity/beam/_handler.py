"""Predictions by ``RunInference``."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import pyarrow as pa
from apache_beam.io.filesystems import FileSystems
from apache_beam.ml.inference.base import ModelHandler, PredictionResult

from .._exceptions import InputError, SpecificationError
from .._records import record_of, table_of
from .._run import LOGGER
from .._store import Store
from ._counters import METRICS_NAMESPACE, count
from ._folders import fetch_store, is_elsewhere


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
        The folder of the store, which all workers must see, on the disk or on any of Beam's file
        systems, such as ``gs://bucket/models``; or a store in memory, which is taken along to them.
        A folder is read when the pipeline runs, not before.
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
    >>> import apache_beam as beam
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
        options: dict[str, Any] = {"unknown": self._unknown, "cache": self._cache}
        if isinstance(self._store, Store):
            store = self._store
            if self._generation is not None:
                store = Store(store._place, self._generation)
            return _OpenStore(store, store.path, **options)
        if not is_elsewhere(self._store):
            return _OpenStore(Store(self._store, self._generation), self._store, **options)
        copy = tempfile.TemporaryDirectory(prefix="per-entity-")
        number = fetch_store(self._store, copy.name, self._generation)
        return _OpenStore(Store(copy.name, number), self._store, copy=copy, **options)

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
        count("rows_lacking_fields", sum(map(bool, lacking)))
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
                count("bad_rows")
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

    def __init__(
        self, store: Store, place: str | None, unknown: Any, cache: int | None, copy: Any = None
    ) -> None:
        self._store = store
        # It is removed when nothing has it any more.
        self._copy = copy
        self._unknown = unknown
        self._cache = cache
        generation = store.generation
        features = [feature["name"] for feature in generation["features"]]
        self._columns = [*generation["dataset"]["key"], *features]
        self._model_id = generation["directory"]
        if place is not None:
            self._model_id = FileSystems.join(place, self._model_id)
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
        count(f"rows_{model}", rows)


def _size(example: Any) -> int:
    nbytes = getattr(example, "nbytes", None)
    return nbytes if isinstance(nbytes, int) else sys.getsizeof(example)
