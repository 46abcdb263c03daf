"""Exported models: onnxruntime predicts with them what the store predicts."""

import json
import os
import random
import subprocess
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import polars as pl
import pytest

import per_entity as pe

ADULT = Path(os.environ.get("PER_ENTITY_ADULT_DIR", "../shared/data/adult"))


# Of the files of Adult, which have no header.
COLUMNS = [
    *["age", "workclass", "fnlwgt", "education", "education-num", "marital-status"],
    *["occupation", "relationship", "race", "sex", "capital-gain", "capital-loss"],
    *["hours-per-week", "native-country", "income"],
]


def columns_of(session, rows: pl.DataFrame, missing: str = "") -> dict[str, np.ndarray]:
    """The columns that a graph takes, each `[rows, 1]`."""
    columns = {}
    for taken in session.get_inputs():
        column = rows[taken.name]
        if taken.type == "tensor(string)":
            texts = column.cast(pl.String).fill_null(missing)
            columns[taken.name] = texts.to_numpy().astype(object).reshape(-1, 1)
            continue
        if column.dtype == pl.Date:
            column = column.cast(pl.Int32)
        elif column.dtype.is_temporal():
            column = column.dt.cast_time_unit("us").cast(pl.Int64)
        numbers = column.cast(pl.Float64).fill_null(float("nan"))
        columns[taken.name] = numbers.to_numpy().reshape(-1, 1)
    return columns


def assert_alike(store: pe.Store, rows: pl.DataFrame, key: str, missing: str = "") -> int:
    """Exports the model of each entity and compares what it predicts; returns how many there are."""
    predicted = store.predict(rows)
    models = 0
    for (value,), told in predicted.group_by(key, maintain_order=True):
        if told["model"][0] != "own":
            continue
        model = store.model(value)
        content = model.to_onnx(missing)
        session = onnxruntime.InferenceSession(content)
        got = session.run(None, columns_of(session, told, missing))
        if model.classes:
            expected = told["prediction"].cast(pl.String)
            assert got[0].tolist() == [
                _spelled(text, model.classes) for text in expected.to_list()
            ], value
            for place, name in enumerate(model.classes):
                numbers = told[f"probability_{name}"].to_numpy()
                np.testing.assert_allclose(got[1][:, place], numbers, rtol=1e-12, atol=1e-14)
        else:
            numbers = told["prediction"].to_numpy()
            np.testing.assert_allclose(got[0], numbers, rtol=1e-12, atol=1e-12)
        models += 1
    return models


def _spelled(text: str, classes: list[str]) -> str:
    return text if text in classes else text.lower()


def made_up(seed: int, rows: int = 400) -> pl.DataFrame:
    """Rows with gaps, with numbers that 32 bits cannot tell apart, and with many categories."""
    draw = random.Random(seed)
    close = [1.0, np.nextafter(1.0, 2.0), 1.0 + 2**-30, -0.0, 0.0, 1e300, -1e300, 16777217.0]
    words = ["red", "Blue", "é", "a,b", '"', "naïve", "7", "x" * 40] + [f"c{i}" for i in range(30)]

    def maybe(value):
        return None if draw.random() < 0.12 else value

    start = datetime(2024, 2, 28, 23, 59, 59, 123456)
    frame = pl.DataFrame(
        {
            "shop": [draw.choice(["A", "B", "a b", "Ü"]) for _ in range(rows)],
            "close": [maybe(draw.choice(close)) for _ in range(rows)],
            "whole": [maybe(draw.randrange(-5, 60)) for _ in range(rows)],
            "part": [maybe(draw.gauss(0, 1)) for _ in range(rows)],
            "word": [maybe(draw.choice(words)) for _ in range(rows)],
            "few": [maybe(draw.choice(words[:3])) for _ in range(rows)],
            "flag": [maybe(draw.random() < 0.5) for _ in range(rows)],
            "day": [maybe(date(2024, 1, 1) + timedelta(draw.randrange(400))) for _ in range(rows)],
            "at": [maybe(start + timedelta(seconds=draw.random() * 1e7)) for _ in range(rows)],
        }
    )
    score = (
        pl.col("close").fill_null(2).gt(1).cast(pl.Float64)
        + pl.col("word").is_in(words[2:9]).fill_null(True).cast(pl.Float64)
        + pl.col("part").fill_null(0.7)
        + pl.col("whole").fill_null(0) / 30 * pl.col("shop").eq("A")
        + pl.col("day").is_null()
    )
    frame = frame.with_columns(score=score + pl.Series([draw.gauss(0, 0.3) for _ in range(rows)]))
    return frame.with_columns(
        two=pl.when(pl.col("score") > 1.3).then(pl.lit("yes")).otherwise(pl.lit("no")),
        three=pl.col("score").clip(0, 2.9).floor().cast(pl.Int64),
        count=pl.col("score").clip(0, 9).round(),
    )


TARGETS = ["two", "three", "score", "count"]
SETTINGS = {
    "tree": {},
    "tree of single categories": {"category_splits": "one"},
    "whole tree": {"pruning": "none"},
    "boosted": {"trainer": "boosted"},
    "shared": {"trainer": "shared"},
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
def test_exported_models_predict_what_the_store_predicts(target, settings):
    for seed in range(3):
        rows = made_up(seed)
        others = [name for name in ["two", "three", "score", "count"] if name != target]
        task = "regression" if target in ("score", "count") else "classification"
        store = pe.train(
            rows, key="shop", target=target, ignore=others, task=task, **settings
        )
        new = made_up(seed + 100).with_columns(
            # Categories that training never saw.
            word=pl.when(pl.col("whole") == 7).then(pl.lit("new")).otherwise(pl.col("word"))
        )
        assert assert_alike(store, pl.concat([rows, new]), "shop", "<missing>") == 4


def test_a_threshold_decides_as_in_the_store():
    rows = made_up(5, 900)
    store = pe.train(
        rows,
        key="shop",
        target="two",
        ignore=["three", "score", "count"],
        threshold=0.8,
        positive="yes",
    )
    assert assert_alike(store, rows, "shop") == 4
    shared = pe.train(
        rows,
        key="shop",
        target="two",
        ignore=["three", "score", "count"],
        trainer="shared",
        threshold=0.2,
        positive="no",
    )
    assert assert_alike(shared, rows, "shop") == 4


def test_every_row_of_adult_is_predicted_as_in_the_store(tmp_path):
    if not (ADULT / "adult.test").exists():
        pytest.skip(f"no Adult data in {ADULT}")
    program = os.environ.get("PER_ENTITY")
    if program is None:
        pytest.skip("PER_ENTITY does not name the program")
    for trainer in ["cart", "shared"]:
        models = tmp_path / trainer
        train = [program, "train", "--input", str(ADULT / "adult.data"), "--trainer", trainer]
        subprocess.run([*train, "--output-dir", str(models), "--quiet"], check=True)
        store = pe.Store(models)
        features = store.generation["features"]
        rows = pl.read_csv(
            ADULT / "adult.test",
            has_header=False,
            new_columns=COLUMNS,
            skip_rows=1,
            infer_schema=False,
        )
        rows = rows.with_columns(pl.all().str.strip_chars().replace("?", None))
        numbers = [feature["name"] for feature in features if feature["kind"] == "numeric"]
        rows = rows.with_columns(pl.col(numbers).cast(pl.Float64))
        rows = rows.filter(pl.col("education").is_in(["Bachelors", "Masters", "Doctorate"]))
        assert assert_alike(store, rows.drop("income"), "education") == 3


def test_a_graph_says_what_it_takes_and_what_it_is(sales):
    rows = sales.with_columns(day=pl.date(2024, 1, 1), at=pl.datetime(2024, 1, 1))
    store = pe.train(rows, key="store", target="busy", ignore="sales")
    content = store.model("A").to_onnx()
    model = onnx.load_from_string(content)
    onnx.checker.check_model(model, full_check=True)
    assert model.producer_name == "per-entity"
    about = {entry.key: entry.value for entry in model.metadata_props}
    assert about["entity"] == "A" and json.loads(about["classes"]) == ["no", "yes"]
    assert [taken.name for taken in model.graph.input] == ["hour", "weather", "day", "at"]
    assert "days since" in model.graph.input[2].doc_string
    assert [given.name for given in model.graph.output] == ["prediction", "probabilities"]
    assert content == store.model("A").to_onnx()


def test_names_of_features_do_not_matter():
    rows = pl.DataFrame(
        {
            "k": ["A"] * 8,
            "prediction": [1, 2, 3, 4, 5, 6, 7, 8],
            "Concat": ["a", "b"] * 4,
            "probabilities": [1.5, None] * 4,
            "constant": [0, 1, 1, 0] * 2,
            "y": ["n", "y", "n", "y", "y", "n", "y", "n"],
        }
    )
    store = pe.train(rows, key="k", target="y", pruning="none")
    session = onnxruntime.InferenceSession(store.model("A").to_onnx())
    got = session.run(None, columns_of(session, rows))
    assert got[0].tolist() == rows["y"].to_list()
    assert [given.name for given in session.get_outputs()] == [
        "prediction_2",
        "probabilities_2",
    ]


def test_one_row_and_none_and_a_model_that_asks_nothing():
    rows = pl.DataFrame({"k": ["A", "A"], "word": ["a", "b"], "y": ["n", "n"]})
    store = pe.train(rows, key="k", target="y")
    session = onnxruntime.InferenceSession(store.model("A").to_onnx())
    for count in [0, 1, 2]:
        labels, probabilities = session.run(None, columns_of(session, rows.head(count)))
        assert labels.tolist() == ["n"] * count
        assert probabilities.shape == (count, 1)


def test_what_cannot_be_expressed_is_told():
    rows = pl.DataFrame({"k": ["A"] * 4, "word": ["", "b"] * 2, "y": ["n", "m"] * 2})
    store = pe.train(rows, key="k", target="y", min_samples_leaf=1, pruning="none")
    with pytest.raises(pe.SpecificationError, match="feature 'word' has a category ''"):
        store.model("A").to_onnx()
    session = onnxruntime.InferenceSession(store.model("A").to_onnx("?"))
    got = session.run(None, columns_of(session, rows, "?"))
    assert got[0].tolist() == rows["y"].to_list()
    with pytest.raises(pe.UnknownEntityError):
        store.model("B")
    bare = pe.train(rows.drop("word").with_columns(z=1), key="k", target="y", features="z")
    assert bare.model("A").to_onnx()
