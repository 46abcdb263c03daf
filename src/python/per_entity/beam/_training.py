"""A store from a collection of rows."""

from __future__ import annotations

import os
import re
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import apache_beam as beam
import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as parquet
from apache_beam.io.filesystems import FileSystems
from apache_beam.ml.inference.base import ModelMetadata
from apache_beam.transforms.window import GlobalWindows

from .._exceptions import InputError, MissingStoreError, SpecificationError
from .._frames import stream_of
from .._records import record_of, table_of
from .._run import LOGGER, train
from .._settings import TrainOptions, names_of, settings_of
from .._store import Store
from . import _folders
from ._counters import count

if TYPE_CHECKING:
    from typing_extensions import Unpack

ROWS_PER_FILE = 50_000


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
        The folder of the store, which is made where there is none; on the disk, or on any of Beam's
        file systems, such as ``gs://bucket/models``.
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

    A store that does not lie on the disk is trained there and put where it belongs, its manifest
    last. Nothing keeps two pipelines from doing so at once, as the lock of a folder does.

    Which rows ``holdout`` draws depends on their order, and a collection has none. Where the same
    rows are to be held out again, say them by ``holdout_by``, a time or a predicate.

    The counters ``rows_read``, ``rows``, ``entities``, ``trained``, ``skipped`` and ``failed`` in
    the namespace ``BeamML_PerEntity`` say what became of them; ``Store(output).generation`` has
    everything.

    Examples
    --------
    >>> import tempfile
    >>> import apache_beam as beam
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
        self._output = _folders.absolute(output)
        self._temp_directory = _folders.absolute(temp_directory or os.path.dirname(self._output))
        self._options = options

    def expand(self, rows: Any) -> Any:
        """Write the rows, then train on them."""
        if not rows.is_bounded:
            raise SpecificationError(
                "a collection without an end cannot be trained on: take a part of it that ends"
            )
        name = f".{os.path.basename(self._output)}-rows-{uuid.uuid4().hex}"
        folder = FileSystems.join(self._temp_directory, name)
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
        # No other attempt at this bundle writes to the same file.
        name = f"{uuid.uuid4().hex}.parquet"
        with _folders.create(self._folder, name) as file:
            parquet.write_table(table, file)
        return str(FileSystems.join(self._folder, name))


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
    with tempfile.TemporaryDirectory(prefix="per-entity-") as scratch:
        here = _folders.fetched_store(output, scratch)
        generation = _trained_before(here, paths)
        if generation is None:
            try:
                rows = _folders.fetched(paths, scratch)
                _unite_files(rows)
                generation = train(rows, output=here, **options).generation
                _folders.put_store(here, output, generation["directory"])
            except Exception:
                LOGGER.warning("the rows are kept in %s for the next attempt", folder)
                raise
    _folders.remove(folder)
    for name in ("rows_read", "rows", "entities", "trained", "skipped", "failed"):
        count(name, generation[name])
    directory = generation["directory"]
    return ModelMetadata(FileSystems.join(output, directory), directory)


def _trained_before(store: str, paths: Sequence[str]) -> dict[str, Any] | None:
    """The generation that an earlier attempt made of these files, where it did."""
    try:
        history = Store(store).history()
    except MissingStoreError:
        return None
    wanted = sorted(map(_name, paths))
    found = [one for one in history if sorted(map(_name, one["inputs"])) == wanted]
    return found[-1] if found else None


def _name(path: str) -> str:
    # It is of one file only, wherever that lies or was copied to.
    return re.split(r"[/\\]", path)[-1]


def _unite_files(paths: Sequence[str]) -> None:
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
