"""Runs on Spark, and on Sail, which speaks its protocol: the same store as of a single process."""

import os
import random
import shutil
import signal
import sys
from pathlib import Path

import polars as pl
import pytest

import per_entity as pe

pytest.importorskip("pyspark", reason="pyspark is not installed")

from pyspark.sql import SparkSession  # noqa: E402

from per_entity import spark as spark_of  # noqa: E402

# Its workers are of this Python, too.
os.environ["PYSPARK_PYTHON"] = sys.executable


def classic():
    """Spark in this process, with two tasks at a time, each of which may fail twice."""
    if shutil.which("java") is None:
        pytest.skip("there is no Java, which Spark needs")
    builder = SparkSession.builder.master("local[2,3]").appName("per-entity")
    for name, value in {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.session.timeZone": "UTC",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
    }.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


def sail():
    """Sail, behind Spark Connect."""
    server = pytest.importorskip("pysail.spark", reason="pysail is not installed")
    running = server.SparkConnectServer()
    running.start(background=True)
    _, port = running.listening_address
    session = SparkSession.builder.remote(f"sc://localhost:{port}").getOrCreate()
    session.conf.set("spark.sql.shuffle.partitions", "4")
    yield session
    session.stop()
    running.stop()


@pytest.fixture(scope="module", params=[classic, sail], ids=["spark", "sail"])
def engine(request):
    yield from request.param()


@pytest.fixture
def sales() -> pl.DataFrame:
    """Rows of 30 stores in two countries, one of which has a third of all rows."""
    draw = random.Random(3)
    rows = []
    for _ in range(1500):
        store = 0 if draw.random() < 0.33 else draw.randrange(30)
        hour = draw.randrange(24)
        rows.append(
            {
                "country": "NL" if store % 2 else "BE",
                "store": store,
                "hour": None if draw.random() < 0.05 else hour,
                "sky": draw.choice(["sun", "rain", None]),
                "busy": (hour > 10 + store % 7) ^ (draw.random() < 0.1),
                "sales": hour * 1.5 + store + draw.random(),
            }
        )
    return pl.DataFrame(rows)


def files(store: pe.Store) -> dict[str, bytes]:
    folder = Path(store.path) / store.generation["directory"]
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("target", "more"),
    [
        ("busy", {}),
        ("sales", {"min_rows": 30, "task": "regression"}),
        ("busy", {"trainer": "shared", "holdout": 0.3, "holdout_by": "hour"}),
    ],
)
def test_the_store_is_that_of_a_single_process(engine, sales, tmp_path, target, more):
    options = {
        "key": ["country", "store"],
        "target": target,
        "ignore": "sales" if target == "busy" else "busy",
        **more,
    }
    frame = engine.createDataFrame(sales.to_arrow())
    store = spark_of.train(frame, output=tmp_path / "spark", **options)
    alone = pe.train(sales, output=tmp_path / "alone", **options)
    assert files(store) == files(alone)
    told, expected = store.generation, alone.generation
    for name in ["created", "command", "inputs"]:
        del told[name], expected[name]
    assert told == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alone", "spark"]


def test_predictions_and_figures_are_those_of_a_single_process(engine, sales, tmp_path):
    options = {"key": "store", "target": "busy", "ignore": ["sales", "country"]}
    store = pe.train(sales, output=tmp_path / "models", **options)
    frame = engine.createDataFrame(sales.to_arrow())
    answered = spark_of.predict(frame, store)
    expected = store.predict(sales)
    assert answered.columns == expected.columns
    got = pl.DataFrame(answered.toArrow()).select(expected.columns)
    texts = expected.with_columns(pl.col("prediction").cast(pl.String))
    got = got.with_columns(pl.col("prediction").cast(pl.String))
    assert got.sort(pl.all()).equals(texts.select(got.columns).sort(pl.all()))
    report = spark_of.evaluate(frame, store, group_by="country")
    assert report.metrics == store.evaluate(sales, group_by="country").metrics
    assert [path.name for path in tmp_path.iterdir()] == ["models"]


def test_a_worker_that_is_killed_does_no_harm(engine, sales, tmp_path):
    """Each of the first tasks kills its own process."""
    if type(engine).__module__.startswith("pyspark.sql.connect"):
        pytest.skip("Sail runs Python in its own process")
    marks = tmp_path / "marks"
    marks.mkdir()

    def killed_once(batches):
        from pyspark import TaskContext

        mark = marks / str(TaskContext.get().partitionId())
        for batch in batches:
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            yield batch

    frame = engine.createDataFrame(sales.to_arrow())
    frame = frame.mapInArrow(killed_once, frame.schema)
    options = {"key": ["country", "store"], "target": "busy", "ignore": "sales"}
    store = spark_of.train(frame, output=tmp_path / "spark", **options)
    assert any(marks.iterdir())
    assert files(store) == files(pe.train(sales, output=tmp_path / "alone", **options))


def test_a_store_in_a_bucket_is_that_of_a_single_process(engine, sales, s3, bucket, tmp_path):
    options = {"key": ["country", "store"], "target": "busy", "ignore": "sales"}
    frame = engine.createDataFrame(sales.to_arrow())
    store = spark_of.train(frame, output=f"s3a://{bucket}/models", **options)
    alone = pe.train(sales, output=tmp_path / "alone", **options)
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"]
    got = {
        name.partition("gen-")[2].partition("/")[2]: s3.get_object(Bucket=bucket, Key=name)
        for name in (entry["Key"] for entry in listed)
        if "gen-" in name
    }
    assert {name: answer["Body"].read() for name, answer in got.items()} == files(alone)
    assert {entry["Key"].partition("/")[0] for entry in listed} == {"models"}
    answered = spark_of.predict(frame, store).toArrow()
    assert pl.DataFrame(answered)["prediction"].null_count() == 0
    report = spark_of.evaluate(frame, f"s3://{bucket}/models")
    assert report.metrics == alone.evaluate(sales).metrics


def test_what_is_wrong_is_told_and_nothing_is_left(engine, sales, tmp_path):
    frame = engine.createDataFrame(sales.to_arrow())
    output = tmp_path / "models"
    for options, problem in [
        ({"key": "shop", "target": "busy"}, "no column 'shop'"),
        ({"target": "busy"}, "key"),
        ({"key": "store", "target": "busy", "pooled": True}, "run in parts"),
        ({"key": "store", "target": "busy", "holdout": 0.2}, "draw by a column"),
    ]:
        with pytest.raises(pe.Error, match=problem):
            spark_of.train(frame, output=output, **options)
    with pytest.raises(pe.SpecificationError, match="in memory"):
        spark_of.predict(frame, pe.train(sales, key="store", target="busy"))
    assert list(tmp_path.iterdir()) == []
