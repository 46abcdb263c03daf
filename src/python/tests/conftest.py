"""Rows that many tests use."""

import polars as pl
import pytest

import per_entity as pe


@pytest.fixture
def sales() -> pl.DataFrame:
    """Store A is busy in the afternoon, store B in the morning."""
    hours = list(range(8, 20))
    busy = [hour > 13 for hour in hours]
    return pl.DataFrame(
        {
            "store": ["A"] * 12 + ["B"] * 12,
            "hour": hours * 2,
            "weather": ["sun", "rain", None] * 8,
            "sales": [10.5 if yes else 2.25 for yes in busy + [not b for b in busy]],
            "busy": ["yes" if yes else "no" for yes in busy + [not b for b in busy]],
        }
    )


@pytest.fixture
def store(sales: pl.DataFrame) -> pe.Store:
    """A tree for each store, in memory."""
    return pe.train(sales, key="store", target="busy", ignore="sales")
