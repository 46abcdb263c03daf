"""A store of models, and one of its models."""

from __future__ import annotations

import json
import os
from functools import partial
from typing import Any, Callable, Literal

from . import _native
from ._documents import Report, Verification
from ._exceptions import InputError
from ._frames import frame_of, rows_of, with_columns
from ._settings import names_of


class Store:
    """A store of models, one for each entity, as it was when it was opened.

    Pickled, it takes along its files where it lies in memory, else its path.

    Parameters
    ----------
    path : path
        The folder of the store.
    generation : int, optional
        The number of a generation; by default the current one.

    Raises
    ------
    MissingStoreError
        For a folder that holds no store.
    StoreError
        For a store that is damaged, or has no such generation.

    Examples
    --------
    >>> import tempfile
    >>> import per_entity as pe
    >>> import polars as pl
    >>> rows = pl.DataFrame({"store": ["A", "A"], "hour": [9, 17], "busy": ["no", "yes"]})
    >>> folder = tempfile.mkdtemp()
    >>> _ = pe.train(rows, key="store", target="busy", output=folder)
    >>> pe.Store(folder).model("A").classes
    ['no', 'yes']
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | _native.Memory,
        generation: int | None = None,
    ) -> None:
        self._place = path if isinstance(path, _native.Memory) else os.fspath(path)
        self._native = _native.Store(self._place, generation)

    @property
    def path(self) -> str | None:
        """The folder of the store; None where it is in memory."""
        return None if isinstance(self._place, _native.Memory) else self._place

    @property
    def generation(self) -> dict[str, Any]:
        """All that is noted of the generation: its number, what was trained, and how."""
        return json.loads(self._native.generation())

    def history(self) -> list[dict[str, Any]]:
        """All generations of the store, the oldest first, each as :attr:`generation` has it."""
        return json.loads(self._native.history())["generations"]

    def entities(self, backend: str | None = None) -> Any:
        """What is noted of every entity, as a frame with one row each.

        Parameters
        ----------
        backend : {"polars", "pandas", "pyarrow"}, optional
            The kind of the frame; by default the first of these that is installed.
        """
        return frame_of(self._native.entities(), backend)

    def model(self, key: Any) -> Model:
        """The model of an entity.

        Parameters
        ----------
        key : str or number or tuple
            The key of the entity; of a composite key, the values in their order.

        Raises
        ------
        UnknownEntityError
            For an entity that the store does not know, or that has no model.
        """
        text = _key(key)
        return Model(*self._native.model(text), partial(self._native.onnx, text))

    def importances(self, key: Any = None) -> dict[str, float] | None:
        """How much each feature matters, by feature: to one entity's model, or on average.

        Parameters
        ----------
        key : str or number or tuple, optional
            The key of the entity.

        Returns
        -------
        dict or None
            As ``train(importance=...)`` noted it, else by impurity; None where it is not known.
        """
        told = json.loads(
            self._native.importances(None if key is None else _key(key))
        )
        if told["importances"] is None:
            return None
        return dict(zip(told["features"], told["importances"]))

    def predict(
        self,
        data: Any,
        *,
        unknown: Literal["null", "error", "fallback", "parent", "shared"] | None = None,
        prefix: str = "",
        cache: int | None = None,
    ) -> Any:
        """Predict rows, each by its own entity's model.

        Parameters
        ----------
        data : frame
            A frame of Polars (eager or lazy), pandas, pyarrow or DuckDB, or anything else that has
            ``__arrow_c_stream__``. Columns that are no features stay as they are.
        unknown : {"null", "error", "fallback", "parent", "shared"}, optional
            What a row gets whose entity has no model. By default null, or where the models share
            something, what is shared.
        prefix : str, default ""
            Stands before the names of the added columns.
        cache : int, default 256 MiB
            How many bytes of models are held at a time.

        Returns
        -------
        frame
            The rows, of the kind that came in and in their order, with more columns:
            ``prediction``; ``probability_C`` for each class ``C``; and ``model``, which says what
            answered: own, parent, fallback, shared or none. What Arrow knows and narwhals does not
            comes back as a table of pyarrow.

        Raises
        ------
        InputError
            For a frame that cannot be read, or a value that cannot be what it was at training.
        SpecificationError
            For a frame without the key or a feature, or with a column that is to be added.

        Examples
        --------
        >>> import pandas as pd
        >>> import per_entity as pe
        >>> rows = pd.DataFrame({"store": ["A", "A"], "hour": [9, 17], "sales": [2.5, 7.5]})
        >>> store = pe.train(rows, key="store", target="sales", task="regression", pruning="none")
        >>> store.predict(pd.DataFrame({"store": ["A"], "hour": [18]}, index=["x"]))
          store  hour  prediction model
        x     A    18         7.5   own
        """
        rows = rows_of(data)
        if isinstance(rows, list):
            raise InputError(
                "predict takes a frame; read the file first, or use `per-entity predict` for files"
            )
        if not _is_frame(rows):
            # Such a stream can be read but once.
            import pyarrow

            rows = pyarrow.table(rows)
        added = self._native.predict(rows, unknown, prefix, cache)
        return with_columns(data, rows, added)

    def evaluate(
        self,
        data: Any,
        *,
        group_by: Any = (),
        positive: Any = None,
        where: str | None = None,
        format: str | None = None,
    ) -> Report:
        """How good every entity's model is on its rows.

        Parameters
        ----------
        data : frame or path or list of paths
            Rows whose target is known; see :func:`train`. Texts are read as at training.
        group_by : str or list of str, optional
            Columns whose values, all of them together, make the groups that are compared.
        positive : str, optional
            The class that is worth having, by which groups are compared; by default the second of
            two.
        where : str, optional
            A Polars SQL predicate: rows to keep. By default that of training; ``"true"`` is all.
        format : str, optional
            The format of files; by default their extensions tell.

        Examples
        --------
        >>> import per_entity as pe
        >>> import polars as pl
        >>> rows = pl.DataFrame({
        ...     "store": ["A", "A", "B", "B"], "hour": [9, 17, 9, 17],
        ...     "busy": ["no", "yes", "yes", "no"],
        ... })
        >>> report = pe.train(rows, key="store", target="busy").evaluate(rows)
        >>> report.metrics["accuracy"]
        1.0
        """
        positive = None if positive is None else str(positive)
        document = self._native.evaluate(
            rows_of(data), names_of(group_by), positive, where, format
        )
        return Report(json.loads(document))

    def rollback(self, generation: int) -> Store:
        """Make another generation the current one, and open it.

        Parameters
        ----------
        generation : int
            Its number; :meth:`history` lists them.
        """
        self._native.rollback(generation)
        return Store(self._place)

    def verify(self) -> Verification:
        """Check every digest and decode every model of all generations."""
        return Verification(json.loads(self._native.verify()))

    def to_bytes(self) -> dict[str, bytes]:
        """The files of a store in memory, by their names; :meth:`from_bytes` opens it again."""
        if not isinstance(self._place, _native.Memory):
            raise InputError(
                f"the store lies in {self._place}: take its files from there"
            )
        return self._place.files()

    @classmethod
    def from_bytes(cls, files: dict[str, bytes]) -> Store:
        """A store in memory of these files."""
        return cls(_native.Memory(files))

    def __getstate__(self) -> dict[str, Any]:
        generation = self.generation["number"]
        if isinstance(self._place, _native.Memory):
            return {"files": self._place.files(), "generation": generation}
        return {"path": self._place, "generation": generation}

    def __setstate__(self, state: dict[str, Any]) -> None:
        files = state.get("files")
        place = state["path"] if files is None else _native.Memory(files)
        self.__init__(place, state["generation"])  # type: ignore[misc]

    def __repr__(self) -> str:
        generation = self.generation
        return (
            f"<Store: {generation['entities']} entities, {generation['trained']} trained; "
            f"generation {generation['number']} in {self.path or 'memory'}>"
        )


class Model:
    """The model of one entity; see :meth:`Store.model`."""

    def __init__(
        self, text: str, document: str, graph: str | None, onnx: Callable[[str], bytes]
    ) -> None:
        self._text = text
        self._document = json.loads(document)
        self._graph = graph
        self._onnx = onnx

    @property
    def key(self) -> str:
        """The key of the entity; of a composite key, its values as one CSV record."""
        return self._document["key"]

    @property
    def classes(self) -> list[str]:
        """The classes; none of a quantity."""
        return self._document["classes"]

    def rules(self) -> str:
        """The model as indented rules in the data's own units."""
        return self._text

    def to_dict(self) -> dict[str, Any]:
        """The model as ``per-entity inspect --format json`` has it."""
        return self._document

    def to_dot(self) -> str | None:
        """The tree as a graph for Graphviz; None where the model is no single tree."""
        return self._graph

    def to_onnx(self, missing_category: str = "") -> bytes:
        """The model as a file of ONNX, which onnxruntime runs from 1.20 on.

        The graph takes a column for each feature of the store, by its name and of the shape
        ``[rows, 1]``: numbers as float64, NaN for a missing one; dates as days, and timestamps as
        microseconds, since 1970; durations as microseconds; categories as texts, ``true`` and ``false`` too. It gives
        ``prediction``, ``[rows]``, and of classes ``probabilities``, ``[rows, classes]``, in the
        order of :attr:`classes`. All numbers are of double precision, thresholds too.

        Parameters
        ----------
        missing_category : str, default ""
            The text that stands for a missing category, for texts of ONNX cannot be missing.

        Raises
        ------
        SpecificationError
            For a model that knows a category of that text, and for one that cannot be expressed.

        Examples
        --------
        >>> import per_entity as pe
        >>> import polars as pl
        >>> rows = pl.DataFrame({"store": ["A", "A"], "hour": [9, 17], "busy": ["no", "yes"]})
        >>> model = pe.train(rows, key="store", target="busy").model("A")
        >>> type(model.to_onnx())
        <class 'bytes'>
        """
        return self._onnx(missing_category)

    def __repr__(self) -> str:
        return f"<Model of {self.key}>\n{self._text}"


def _key(key: Any) -> str:
    """A key as the store has it: several values are one CSV record."""
    if isinstance(key, (tuple, list)):
        return ",".join(_field(str(value)) for value in key)
    return str(key)


def _field(text: str) -> str:
    if any(character in text for character in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _is_frame(rows: Any) -> bool:
    import narwhals as nw

    return isinstance(nw.from_native(rows, pass_through=True), nw.DataFrame)
