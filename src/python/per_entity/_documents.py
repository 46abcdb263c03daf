"""What the library tells: documents with the names that the command line's JSON has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ._frames import frame_of_records


class Document(Mapping[str, Any]):
    """Figures by their names, which can be read but not changed."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields

    def __getitem__(self, name: str) -> Any:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def to_dict(self) -> dict[str, Any]:
        """All fields, as Python's own lists and dictionaries."""
        return dict(self._fields)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._summary()}>"

    def _summary(self) -> str:
        return ", ".join(self._fields)


class Report(Document):
    """How good the models of a store are; see :meth:`Store.evaluate`.

    Its fields are those of ``per-entity evaluate --json``: ``rows``, ``rows_without_model``,
    ``left_out``, ``overall``, ``confusion``, ``calibration``, ``fairness``, ``entities`` and more.
    """

    @property
    def metrics(self) -> dict[str, Any]:
        """The figures of all rows together, by name, such as ``accuracy`` or ``r2``."""
        return dict(self["overall"]["micro"])

    def entities(self, backend: str | None = None) -> Any:
        """The figures of every entity, as a frame with one row each.

        Parameters
        ----------
        backend : {"polars", "pandas", "pyarrow"}, optional
            The kind of the frame; by default the first of these that is installed.

        Returns
        -------
        frame
            The columns ``key``, ``model``, ``rows``, and one for each figure; those of an entity
            that could not be evaluated are null.
        """
        of_all = self.metrics.items()
        names = [name for name, value in of_all if not isinstance(value, (dict, list))]
        records = []
        for entity in self["entities"]:
            figures = entity["metrics"] or {}
            record = {"key": entity["key"], "model": entity["model"]["status"]}
            record.update({name: figures.get(name) for name in names})
            record["rows"] = entity["rows"]
            records.append(record)
        return frame_of_records(records, backend)

    def _summary(self) -> str:
        shown = ("accuracy", "log_loss", "root_mean_squared_error", "r2")
        figures = self.metrics
        known = [name for name in shown if figures.get(name) is not None]
        text = "".join(f", {name} {figures[name]:.4f}" for name in known)
        return f"{self['rows']} rows of {len(self['entities'])} entities{text}"


class Comparison(Document):
    """Whether one model per entity pays; see :func:`compare`.

    Its fields are those of ``per-entity compare --json``.
    """

    @property
    def verdict(self) -> str:
        """The result in words."""
        return str(self["verdict"])

    @property
    def winner(self) -> str | None:
        """The way to train that is best: one tree per entity, one for all, or a shared model."""
        return self["winner"]

    def _summary(self) -> str:
        return self.verdict


class Description(Document):
    """What rows hold; see :func:`describe`.

    Its fields are those of ``per-entity describe --json``, and where key and target are named,
    ``specification``: all of this in TOML, for ``spec=``.
    """

    def columns(self, backend: str | None = None) -> Any:
        """What every column holds, as a frame with one row each; see :meth:`Report.entities`."""
        columns = [
            {**column, "examples": ", ".join(column["examples"])}
            for column in self["columns"]
        ]
        return frame_of_records(columns, backend)

    def _summary(self) -> str:
        return f"{self['rows']} rows, {len(self['columns'])} columns"


class Verification(Document):
    """Whether a store is what it says it is; see :meth:`Store.verify`."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is damaged."""
        return not self["problems"]

    def _summary(self) -> str:
        return f"{self['models']} models, {len(self['problems'])} problems"
