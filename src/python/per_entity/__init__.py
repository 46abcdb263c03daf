"""A model for every store, customer, machine or country, trained in one pass over the data.

>>> import per_entity as pe
>>> import polars as pl
>>> sales = pl.DataFrame({
...     "store": ["A", "A", "B", "B"], "hour": [9, 17, 9, 17], "busy": ["no", "yes", "yes", "no"],
... })
>>> store = pe.train(sales, key="store", target="busy")
>>> new = pl.DataFrame({"store": ["B", "A"], "hour": [18, 18]})
>>> store.predict(new)["prediction"].to_list()
['no', 'yes']
"""

from ._documents import Comparison, Description, Report, Verification
from ._exceptions import (
    ClusterError,
    Error,
    FileError,
    InputError,
    MissingStoreError,
    RefusedError,
    SpecificationError,
    StoreError,
    UnknownEntityError,
)
from ._native import __version__
from ._run import compare, describe, train
from ._store import Model, Store

__all__ = [
    "ClusterError",
    "Comparison",
    "Description",
    "Error",
    "FileError",
    "InputError",
    "MissingStoreError",
    "Model",
    "RefusedError",
    "Report",
    "SpecificationError",
    "Store",
    "StoreError",
    "UnknownEntityError",
    "Verification",
    "__version__",
    "compare",
    "describe",
    "train",
]
