"""Options of Python as the settings of a specification."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Union

from ._exceptions import SpecificationError

if TYPE_CHECKING:
    import datetime
    import os

Names = Union[str, "list[str]", "tuple[str, ...]"]
Formats = Union[Names, "dict[str, str]"]


class ColumnOptions(TypedDict, total=False):
    """What the columns are for, and how text files are read."""

    key: Names
    target: str
    task: Literal["classification", "regression"] | None
    features: Names | None
    ignore: Names | None
    weight: str | None
    numeric: Names | None
    categorical: Names | None
    where: str | None
    on_missing: Literal["learn", "drop"] | None
    on_infinite: Literal["error", "missing"] | None
    missing: Names | None
    trim: bool | None
    strip_label_stop: bool | None
    strict: bool | None
    text: Names | None
    date: Formats | None
    timestamp: Formats | None
    columns: Names | None
    separator: str | None
    comment: str | None
    decimal_comma: bool | None
    spec: str | os.PathLike[str] | None
    format: Literal["csv", "tsv", "parquet", "ipc", "ndjson"] | None


class TreeOptions(ColumnOptions, total=False):
    """The same, and what fits the models, on which rows."""

    trainer: Literal["cart", "linfa", "boosted", "shared"] | None
    criterion: (
        Literal["gini", "entropy", "squared-error", "absolute-error", "poisson"] | None
    )
    class_weight: Literal["balanced"] | dict[Any, float] | None
    category_splits: Literal["set", "one"] | None
    pruning: Literal["average", "ccp", "none"] | None
    ccp_alpha: float | None
    split_penalty: float | None
    class_prior: float | None
    mean_prior: float | None
    variance_prior: float | None
    variance_share: float | None
    max_depth: int | None
    min_samples_split: int | None
    min_samples_leaf: int | None
    min_weight_split: float | None
    min_weight_leaf: float | None
    min_impurity_decrease: float | None
    shared_members: str | None
    shared_models: str | None
    shared_rounds: int | None
    shared_rows: int | None
    shared_seed: int | None
    holdout: float | None
    seed: int | None
    holdout_by: str | None
    holdout_after: str | datetime.date | None
    holdout_last: str | None
    holdout_where: str | None
    time: str | None


class TrainOptions(TreeOptions, total=False):
    """The same, and how a run trains."""

    min_rows: int | None
    pooled: bool | None
    parents: bool | None
    memory_limit: str | int | None
    models_per_file: int | None
    threads: int | None
    threshold: float | str | None
    positive: Any
    importance: Literal["impurity", "permutation"] | None
    update: bool | None
    other_dataset: bool | None
    refit_shared: bool | None
    commit_unchanged: bool | None
    vanished: Literal["keep", "drop"] | None
    keep_better: str | None
    tolerance: float | None
    max_regression: float | None


LISTS = ("key", "features", "ignore", "numeric", "categorical", "missing")
ROOT = LISTS + (
    "target",
    "task",
    "weight",
    "where",
    "on_missing",
    "on_infinite",
    "trim",
    "strip_label_stop",
    "strict",
)
CSV = ("columns", "separator", "comment", "decimal_comma")
TYPES = ("text", "date", "timestamp")
HOLDOUT = {
    "holdout": "share",
    "seed": "seed",
    "holdout_by": "by",
    "holdout_after": "from",
    "holdout_last": "last",
    "holdout_where": "where",
    "time": "time",
}
UPDATE = (
    "other_dataset",
    "refit_shared",
    "commit_unchanged",
    "vanished",
    "keep_better",
    "tolerance",
    "max_regression",
)
TRAIN = (
    "min_rows",
    "pooled",
    "parents",
    "memory_limit",
    "models_per_file",
    "threads",
    "threshold",
    "positive",
    "importance",
)
OTHER = ("spec", "format")


def settings_of(options: Mapping[str, Any], kind: type) -> str:
    """The settings as JSON, in the tables of a specification."""
    _check_names(options, kind)
    given = {name: value for name, value in options.items() if value is not None}
    settings: dict[str, Any] = {}
    train: dict[str, Any] = {}
    tree: dict[str, Any] = {}
    for name, value in given.items():
        if name in ROOT:
            value = names_of(value) if name in LISTS else value
            settings[_kebab(name)] = value
        elif name in CSV:
            value = names_of(value) if name == "columns" else value
            settings.setdefault("csv", {})[_kebab(name)] = value
        elif name in TYPES:
            settings.setdefault("types", {}).update(_types(name, value))
        elif name in HOLDOUT:
            train.setdefault("holdout", {})[HOLDOUT[name]] = value
        elif name in TRAIN:
            train[_kebab(name)] = str(value) if name == "positive" else value
        elif name == "class_weight" and isinstance(value, Mapping):
            tree["class-weight"] = {str(label): w for label, w in value.items()}
        elif name not in UPDATE + OTHER + ("update",):
            tree[_kebab(name)] = value
    _add_update(train, given)
    if train:
        settings["train"] = train
    if tree:
        settings["tree"] = tree
    return json.dumps(settings, default=_plain)


def _add_update(train: dict[str, Any], given: Mapping[str, Any]) -> None:
    update = {_kebab(name): given[name] for name in UPDATE if name in given}
    if given.get("update"):
        train["update"] = update
    elif update:
        raise SpecificationError(
            f"{next(name for name in UPDATE if name in given)} without update: "
            "say update=True, too"
        )


def _check_names(options: Mapping[str, Any], kind: type) -> None:
    known = kind.__annotations__
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise TypeError(f"'{name}' is no option{hint}")


def names_of(names: Any) -> list[str]:
    """One name or several, as a list."""
    return [names] if isinstance(names, str) else [str(name) for name in names]


def _types(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {column: {name: notation} for column, notation in value.items()}
    return {column: name for column in names_of(value)}


def _kebab(name: str) -> str:
    return name.replace("_", "-")


def _plain(value: Any) -> Any:
    """A value of NumPy as one of Python, and dates and times as text."""
    if hasattr(value, "item"):
        return value.item()
    if hasattr(value, "isoformat"):
        return value.isoformat(" ") if hasattr(value, "hour") else value.isoformat()
    raise SpecificationError(f"{value!r} cannot be the value of a setting")
