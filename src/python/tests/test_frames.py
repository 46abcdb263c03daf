"""Frames of every kind go in, and come back as what they were."""

import subprocess
import sys
import textwrap

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import per_entity as pe


def frames(rows: pl.DataFrame):
    return {
        "polars": rows,
        "lazy": rows.lazy(),
        "pandas": rows.to_pandas(),
        "pyarrow": rows.to_arrow(),
        "batches": rows.to_arrow().to_reader(),
        "duckdb": duckdb.from_arrow(rows.to_arrow()),
    }


KINDS = ["polars", "lazy", "pandas", "pyarrow", "batches", "duckdb"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_frame_trains_the_same_models(sales, store, kind):
    other = pe.train(frames(sales)[kind], key="store", target="busy", ignore="sales")
    assert other.model("A").to_dict() == store.model("A").to_dict()
    assert other.model("B").to_dict() == store.model("B").to_dict()


@pytest.mark.parametrize("kind", KINDS)
def test_a_frame_comes_back_as_what_it_was(sales, store, kind):
    frame = frames(sales)[kind]
    predicted = store.predict(frame)
    wanted = {"batches": pa.Table}.get(kind, type(frame))
    assert isinstance(predicted, wanted)
    match kind:
        case "lazy":
            predicted = predicted.collect()
        case "duckdb":
            predicted = predicted.to_arrow_table()
    predicted = pl.DataFrame(predicted)
    expected = store.predict(sales)
    assert predicted.columns == sales.columns + [
        "prediction",
        "probability_no",
        "probability_yes",
        "model",
    ]
    assert predicted["prediction"].to_list() == sales["busy"].to_list()
    assert predicted["probability_yes"].equals(expected["probability_yes"])


def test_an_index_and_types_of_pandas_are_kept(store):
    frame = pd.DataFrame(
        {
            "store": pd.Categorical(["B", "A", "B"]),
            "hour": np.array([9, 17, 18], dtype="int16"),
            "weather": ["sun", None, "rain"],
            "note": [{"any": 1}, {"any": 2}, {"any": 3}],
        },
        index=pd.Index([7, 3, 5], name="row"),
    )
    predicted = store.predict(frame)
    assert predicted.index.equals(frame.index) and predicted.index.name == "row"
    assert predicted.dtypes[list(frame.columns)].equals(frame.dtypes)
    assert predicted["prediction"].tolist() == ["yes", "yes", "no"]


def test_numeric_columns_of_pandas_are_missing_where_they_are_nan(sales, store):
    frame = sales.to_pandas()
    frame["hour"] = frame["hour"].astype(float)
    frame.loc[0, "hour"] = np.nan
    gaps = sales.with_columns(
        hour=pl.when(pl.int_range(pl.len()) > 0).then("hour").cast(pl.Float64)
    )
    options = {"key": "store", "target": "busy", "ignore": "sales"}
    of_pandas, of_polars = pe.train(frame, **options), pe.train(gaps, **options)
    assert of_pandas.model("A").to_dict() == of_polars.model("A").to_dict()


def test_frames_of_many_chunks_and_of_no_rows(sales, store):
    chunks = pl.concat([sales[:5], sales[5:6], sales[6:]], rechunk=False)
    assert store.predict(chunks).equals(store.predict(sales))
    assert store.predict(sales[:0]).height == 0
    with pytest.raises(pe.InputError, match="no row is left"):
        pe.train(sales[:0], key="store", target="busy")


def test_paths_and_patterns_are_files(sales, store, tmp_path):
    for place, part in enumerate([sales[:10], sales[10:]]):
        part.write_parquet(tmp_path / f"{place}.parquet")
    for data in [
        str(tmp_path / "*.parquet"),
        [tmp_path / "0.parquet", tmp_path / "1.parquet"],
    ]:
        trained = pe.train(data, key="store", target="busy", ignore="sales")
        assert trained.model("B").to_dict() == store.model("B").to_dict()
    with pytest.raises(pe.InputError, match="read the file first"):
        store.predict(tmp_path / "0.parquet")


def test_what_is_no_frame_is_refused_with_its_type():
    with pytest.raises(pe.InputError, match="type int is no frame"):
        pe.train(5, key="store", target="busy")
    with pytest.raises(pe.InputError, match="no frame"):
        pe.train(pl.Series([1, 2]), key="store", target="busy")


def test_tables_come_as_what_is_asked_for(store):
    assert isinstance(store.entities(), pl.DataFrame)
    assert isinstance(store.entities("pandas"), pd.DataFrame)
    assert isinstance(store.entities("pyarrow"), pa.Table)
    assert store.entities()["key"].to_list() == ["A", "B"]
    with pytest.raises(pe.SpecificationError, match="none of polars"):
        store.entities("excel")


@pytest.mark.parametrize("kind", ["polars", "pandas", "pyarrow"])
def test_columns_are_handed_over_and_not_copied(kind):
    script = f"""
        import resource
        import numpy as np, pandas, polars, pyarrow
        import per_entity as pe

        def peak():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

        random = np.random.default_rng(0)
        columns = {{f"x{{i}}": random.normal(size=200_000) for i in range(200)}}
        columns["store"] = random.integers(0, 4, 200_000)
        columns["busy"] = columns["x0"] > 0
        frame = polars.DataFrame(columns)
        frame = {{"polars": lambda: frame, "pandas": lambda: pandas.DataFrame(columns, copy=False),
                  "pyarrow": frame.to_arrow}}[{kind!r}]()
        store = pe.train(
            polars.DataFrame(columns)[:500], key="store", target="busy", features=["x0", "x1"]
        )
        before = peak()
        assert len(store.predict(frame)) == 200_000
        print(round(peak() - before))
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True
    )
    # The frame has 320 MB.
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) < 150
