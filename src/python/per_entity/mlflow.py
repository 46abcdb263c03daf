"""Stores as models of MLflow: logged, saved and loaded, also as its Python functions.

>>> import tempfile
>>> import mlflow
>>> import pandas as pd
>>> import per_entity as pe
>>> import per_entity.mlflow
>>> sales = pd.DataFrame({
...     "store": ["A", "A", "B", "B"], "hour": [9, 17, 9, 17], "busy": ["no", "yes", "yes", "no"],
... })
>>> store = pe.train(sales, key="store", target="busy")
>>> folder = tempfile.mkdtemp() + "/model"
>>> per_entity.mlflow.save_model(store, folder, input_example=sales[["store", "hour"]])
>>> new = pd.DataFrame({"store": ["B", "A"], "hour": [18, 18]})
>>> mlflow.pyfunc.load_model(folder).predict(new)["prediction"].to_list()
['no', 'yes']
>>> per_entity.mlflow.load_model(folder).model("A").classes
['no', 'yes']
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import pathlib
import sys
import tempfile
from typing import Any

try:
    import mlflow
    import pandas as pd
    import pyarrow as pa
    from mlflow.models import Model, ModelSignature
    from mlflow.types import ColSpec, DataType, Schema
except ImportError as error:
    raise ImportError(
        f"{error.name} is not installed: pip install 'per-entity[mlflow]'", name=error.name
    ) from error

from . import _native
from ._exceptions import SpecificationError
from ._frames import stream_of
from ._manifest import MANIFEST, of_one_generation
from ._store import Store

FLAVOR_NAME = "per_entity"

# What MLflow has no type for is given as text in ISO 8601.
_TYPES = {
    "text": DataType.string,
    "boolean": DataType.boolean,
    "whole": DataType.long,
    "number": DataType.double,
    "date": DataType.datetime,
    "timestamp": DataType.datetime,
}


def log_model(
    store: Store,
    name: str | None = None,
    *,
    registered_model_name: str | None = None,
    params: dict[str, Any] | None = None,
    tags: dict[str, Any] | None = None,
    model_type: str | None = None,
    step: int = 0,
    model_id: str | None = None,
    **options: Any,
) -> Any:
    """Log a store as a model of MLflow, of the active run where there is one.

    Parameters
    ----------
    store : Store
        The store. The generation that it was opened with is logged, and no other.
    name : str, optional
        What the model is called.
    registered_model_name : str, optional
        Under which name it is also registered.
    params, tags, model_type, step, model_id
        What MLflow notes of a model; see ``mlflow.pyfunc.log_model``.
    **options
        Those of :func:`save_model`.

    Returns
    -------
    mlflow.models.model.ModelInfo
        What became of it; ``model_uri`` is what :func:`load_model` takes.
    """
    return Model.log(
        artifact_path=None,
        name=name,
        flavor=sys.modules[__name__],
        registered_model_name=registered_model_name,
        params=params,
        tags=tags,
        model_type=model_type,
        step=step,
        model_id=model_id,
        store=store,
        **options,
    )


def save_model(
    store: Store,
    path: str | os.PathLike[str],
    *,
    unknown: str | None = None,
    signature: ModelSignature | None = None,
    input_example: Any = None,
    pip_requirements: list[str] | str | None = None,
    extra_pip_requirements: list[str] | None = None,
    conda_env: Any = None,
    code_paths: list[str] | None = None,
    metadata: dict[str, Any] | None = None,
    mlflow_model: Model | None = None,
) -> None:
    """Save a store as a model of MLflow in a new folder.

    Parameters
    ----------
    store : Store
        The store. The generation that it was opened with is saved, and no other.
    path : path
        The folder.
    unknown : {"null", "error", "fallback", "parent", "shared"}, optional
        What a row gets whose entity has no model; see :meth:`per_entity.Store.predict`. To
        ``mlflow.pyfunc.load_model`` it can be said anew by ``model_config={"unknown": ...}``.
    signature : ModelSignature, optional
        What columns there are; by default :func:`signature_of`.
    input_example : frame, optional
        Rows as they are predicted.
    pip_requirements, extra_pip_requirements, conda_env, code_paths, metadata, mlflow_model
        As of ``mlflow.pyfunc.save_model``. By default this package, pandas and pyarrow are required
        in the versions at hand.

    Raises
    ------
    SpecificationError
        For ``unknown`` that the store cannot do.
    """
    _nothing_predicted(store, unknown)
    example = None if input_example is None else _pandas_of(input_example)
    model = mlflow_model or Model()
    directory = "store"
    model.add_flavor(
        FLAVOR_NAME,
        per_entity_version=_native.__version__,
        data=f"data/{directory}",
        generation=store.generation["number"],
    )
    if conda_env is None and pip_requirements is None:
        pip_requirements = [*get_default_pip_requirements(), *(extra_pip_requirements or [])]
        extra_pip_requirements = None
    with tempfile.TemporaryDirectory() as temporary:
        data = pathlib.Path(temporary, directory)
        _copy_generation(store, data)
        mlflow.pyfunc.save_model(
            path=os.fspath(path),
            loader_module=__name__,
            data_path=str(data),
            code_paths=code_paths,
            conda_env=conda_env,
            mlflow_model=model,
            signature=signature_of(store, example) if signature is None else signature,
            input_example=example,
            pip_requirements=pip_requirements,
            extra_pip_requirements=extra_pip_requirements,
            metadata=metadata,
            model_config=None if unknown is None else {"unknown": unknown},
        )


def load_model(model_uri: str, dst_path: str | None = None) -> Store:
    """Load the store of a model.

    Parameters
    ----------
    model_uri : str
        Where the model lies: a path, or for example ``models:/sales/3`` or ``runs:/ID/sales``.
    dst_path : str, optional
        The folder that it is downloaded to; by default a temporary one.

    Returns
    -------
    Store
        The store, with the one generation that was logged.
    """
    folder = mlflow.artifacts.download_artifacts(artifact_uri=model_uri, dst_path=dst_path)
    flavor = Model.load(folder).flavors.get(FLAVOR_NAME)
    if flavor is None:
        raise SpecificationError(f"the model {model_uri} is no store: it has no {FLAVOR_NAME}")
    return Store(os.path.join(folder, flavor["data"]))


def signature_of(store: Store, example: Any = None) -> ModelSignature:
    """The columns that a store predicts from, and those that it adds.

    Types are those of the store's columns: dates and timestamps are ``datetime``, whole numbers
    are ``long``, and times of day, durations, and dates in a notation of their own are ``string``.
    MLflow refuses other types, also whole numbers as fractions, as pandas has them where one is
    missing: then give an example in which one is.

    Parameters
    ----------
    store : Store
        The store.
    example : frame, optional
        Rows as they are predicted. Whole numbers that are fractions in it are ``double``, and dates
        that are texts are ``string``.
    """
    generation = store.generation
    columns = {column["name"]: column for column in generation["columns"]}
    features = [feature["name"] for feature in generation["features"]]
    example = pd.DataFrame() if example is None else _pandas_of(example)

    def column(name: str) -> ColSpec:
        kind = _type_of(columns[name], example.get(name))
        return ColSpec(kind, name)

    inputs = Schema([column(name) for name in [*generation["dataset"]["key"], *features]])
    outputs = [_output(field) for field in _nothing_predicted(store, None).schema]
    return ModelSignature(inputs=inputs, outputs=Schema(outputs))


def _type_of(column: dict[str, Any], example: Any) -> DataType:
    # What stands behind a type, such as the unit of a timestamp, does not matter here.
    kind = _TYPES.get(column["type"].partition("[")[0], DataType.string)
    if example is None:
        # MLflow would read dates in a notation of their own as it likes.
        return DataType.string if column.get("format") else kind
    if kind == DataType.long and example.dtype.kind == "f":
        return DataType.double
    if kind == DataType.datetime and example.dtype.kind != "M":
        return DataType.string
    return kind


def get_default_pip_requirements() -> list[str]:
    """What is required where a model is loaded."""
    packages = ("mlflow-skinny", "pandas", "pyarrow")
    versions = [f"{package}=={importlib.metadata.version(package)}" for package in packages]
    return [f"per-entity=={_native.__version__}", *versions]


def _load_pyfunc(path: str, model_config: dict[str, Any] | None = None) -> _StoreFunction:
    return _StoreFunction(Store(path), **(model_config or {}))


class _StoreFunction:
    """What MLflow calls."""

    def __init__(self, store: Store, unknown: Any = None) -> None:
        _nothing_predicted(store, unknown)
        self._store = store
        self._unknown = unknown

    def get_raw_model(self) -> Store:
        return self._store

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """The columns that a prediction adds, with the index of the rows."""
        frame = pd.DataFrame(model_input)
        predicted = self._store.predict(frame, unknown=self._unknown)
        return predicted.iloc[:, frame.shape[1] :]


def _nothing_predicted(store: Store, unknown: Any) -> pa.Table:
    """What is added to no rows, or an error where the store can do nothing like ``unknown``."""
    generation = store.generation
    names = [*generation["dataset"]["key"], *(one["name"] for one in generation["features"])]
    nothing = pa.table({name: pa.nulls(0) for name in names})
    return pa.table(store._native.predict(nothing, unknown, "", None))


def _output(field: pa.Field) -> ColSpec:
    kind = DataType.double if pa.types.is_floating(field.type) else DataType.string
    # A row may have no prediction, but something or nothing has answered.
    return ColSpec(kind, field.name, required=field.name == "model")


def _pandas_of(frame: Any) -> pd.DataFrame:
    if isinstance(frame, pd.DataFrame):
        return frame
    return pa.table(stream_of(frame)).to_pandas()


def _copy_generation(store: Store, folder: pathlib.Path) -> None:
    """Makes a store of the one generation that is open."""
    generation = store.generation
    directory = generation["directory"]
    if store.path is None:
        files = store.to_bytes()
        manifest = json.loads(files[MANIFEST])
        for name, content in files.items():
            if name.startswith(f"{directory}/"):
                file = folder / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
    else:
        manifest = json.loads(_native.read_file(store.path, MANIFEST))
        (folder / directory).mkdir(parents=True)
        for name in _native.list_files(store.path, directory):
            content = _native.read_file(store.path, f"{directory}/{name}")
            (folder / directory / name).write_bytes(content)
    alone = of_one_generation(manifest, generation["number"])
    (folder / MANIFEST).write_text(alone, encoding="utf-8")
