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

try:
    import apache_beam as apache_beam
    import pyarrow as pyarrow
except ImportError as error:
    raise ImportError(
        f"{error.name} is not installed: pip install 'per-entity[beam]'", name=error.name
    ) from error

from ._handler import StoreModelHandler
from ._training import TrainEntities

__all__ = ["StoreModelHandler", "TrainEntities"]
