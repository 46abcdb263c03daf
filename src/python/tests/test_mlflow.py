"""Stores as models of MLflow, by a file store."""

import datetime
import os
import subprocess
import sys

import pandas as pd
import polars as pl
import pytest

mlflow = pytest.importorskip("mlflow", reason="MLflow is not there for this Python")

import per_entity as pe
import per_entity.mlflow
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema


@pytest.fixture(autouse=True)
def tracking(tmp_path, monkeypatch):
    """A file store, which MLflow 3 wants to be asked for, and nothing of other runs."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri((tmp_path / "tracking").as_uri())
    yield
    mlflow.set_tracking_uri(None)


@pytest.fixture
def rows(sales) -> pd.DataFrame:
    return sales.drop("busy", "sales").to_pandas().set_index(pd.Index(range(7, 31)))


@pytest.mark.parametrize("where", ["memory", "folder"])
def test_a_store_that_is_logged_and_loaded_predicts_the_same(sales, rows, tmp_path, where):
    output = None if where == "memory" else tmp_path / "models"
    store = pe.train(sales, key="store", target="busy", ignore="sales", output=output)
    expected = store.predict(rows)
    with mlflow.start_run():
        logged = per_entity.mlflow.log_model(
            store, "sales", input_example=rows, registered_model_name="sales", tags={"team": "a"}
        )
    for uri in (logged.model_uri, "models:/sales/1"):
        function = mlflow.pyfunc.load_model(uri)
        pd.testing.assert_frame_equal(function.predict(rows), expected.iloc[:, 3:])
        loaded = per_entity.mlflow.load_model(uri)
        pd.testing.assert_frame_equal(loaded.predict(rows), expected)
        assert loaded.verify().is_whole
        assert loaded.generation == store.generation
    assert isinstance(function.get_raw_model(), pe.Store)
    assert set(logged.flavors) == {"per_entity", "python_function"}
    pd.testing.assert_frame_equal(
        mlflow.models.Model.load(logged.model_uri).load_input_example(),
        rows.reset_index(drop=True),
        check_dtype=False,
    )


def test_the_generation_that_is_open_is_saved_and_no_other(sales, rows, tmp_path):
    folder = tmp_path / "models"
    first = pe.train(sales, key="store", target="busy", ignore="sales", output=folder)
    never = sales.with_columns(busy=pl.lit("never"))
    pe.train(never, key="store", target="busy", ignore="sales", output=folder)
    per_entity.mlflow.save_model(first, tmp_path / "saved", input_example=rows)
    loaded = per_entity.mlflow.load_model(str(tmp_path / "saved"))
    assert [generation["number"] for generation in loaded.history()] == [1]
    assert loaded.model("A").classes == ["no", "yes"]
    names = os.listdir(tmp_path / "saved/data/store")
    assert sorted(names) == ["gen-000001", "manifest.json"]


def test_a_model_says_what_it_requires(store, rows, tmp_path):
    per_entity.mlflow.save_model(
        store, tmp_path / "saved", input_example=rows, extra_pip_requirements=["tqdm"]
    )
    required = (tmp_path / "saved/requirements.txt").read_text().split()
    assert f"per-entity=={pe.__version__}" in required and "tqdm" in required
    assert any(requirement.startswith("pandas==") for requirement in required)


def types(schema):
    return {column.name: column.type.name for column in schema}


def test_the_signature_is_that_of_the_store_s_columns(sales):
    moment = datetime.datetime(2024, 1, 1, 12)
    rows = sales.with_columns(
        number=pl.lit(7),
        price=pl.lit(1.5),
        open=pl.Series([True, False] * 12),
        day=pl.lit(moment.date()),
        sold=pl.lit("31.12.2024"),
        seen=pl.lit(moment),
        waited=pl.lit(datetime.timedelta(hours=1)),
    )
    store = pe.train(
        rows, key=["store", "number"], target="busy", ignore="sales", date={"sold": "%d.%m.%Y"}
    )
    signature = per_entity.mlflow.signature_of(store)
    assert types(signature.inputs) == {
        "store": "string", "number": "long", "hour": "long", "weather": "string",
        "price": "double", "open": "boolean", "day": "datetime", "sold": "string",
        "seen": "datetime", "waited": "string",
    }  # fmt: skip
    assert types(signature.outputs) == {
        "prediction": "string", "probability_no": "double", "probability_yes": "double",
        "model": "string",
    }  # fmt: skip
    quantity = pe.train(sales, key="store", target="sales", ignore="busy")
    outputs = per_entity.mlflow.signature_of(quantity).outputs
    assert types(outputs) == {"prediction": "double", "model": "string"}


def test_columns_that_miss_whole_numbers_or_have_dates_as_texts_are_told_by_the_example(
    sales, tmp_path
):
    days = sales.with_columns(day=pl.lit(datetime.date(2024, 1, 1)))
    store = pe.train(days, key="store", target="busy", ignore="sales")
    rows = days.drop("busy", "sales").to_pandas()
    rows["hour"] = rows["hour"].where(rows["hour"] != 9)
    rows["day"] = "2024-01-01"
    expected = store.predict(rows).iloc[:, 4:]
    per_entity.mlflow.save_model(store, tmp_path / "saved", input_example=rows)
    predicted = mlflow.pyfunc.load_model(str(tmp_path / "saved")).predict(rows)
    pd.testing.assert_frame_equal(predicted, expected)


def test_wrong_rows_are_refused(store, rows, tmp_path):
    per_entity.mlflow.save_model(store, tmp_path / "saved", input_example=pl.DataFrame(rows))
    function = mlflow.pyfunc.load_model(str(tmp_path / "saved"))
    with pytest.raises(MlflowException, match="hour"):
        function.predict(rows.drop(columns="hour"))
    with pytest.raises(MlflowException, match="hour"):
        function.predict(rows.assign(hour="noon"))
    # A schema that lets everything pass leaves it to the store.
    schema = ModelSignature(inputs=Schema([ColSpec("string", "hour")]))
    per_entity.mlflow.save_model(store, tmp_path / "open", signature=schema)
    function = mlflow.pyfunc.load_model(str(tmp_path / "open"))
    with pytest.raises(pe.SpecificationError, match="no column 'store'"):
        function.predict(rows.assign(hour="9"))


def test_no_rows_have_no_predictions(store, rows, tmp_path):
    per_entity.mlflow.save_model(store, tmp_path / "saved", input_example=rows)
    predicted = mlflow.pyfunc.load_model(str(tmp_path / "saved")).predict(rows[:0])
    assert len(predicted) == 0 and "prediction" in predicted.columns


def test_unknown_entities_get_what_was_said(sales, rows, tmp_path, caplog):
    store = pe.train(sales, key="store", target="busy", ignore="sales", pooled=True)
    strange = rows.assign(store="Z")
    path = tmp_path / "saved"
    per_entity.mlflow.save_model(store, path, unknown="fallback", input_example=rows)
    function = mlflow.pyfunc.load_model(str(path))
    assert set(function.predict(strange)["model"]) == {"fallback"}
    function = mlflow.pyfunc.load_model(str(path), model_config={"unknown": "null"})
    assert set(function.predict(strange)["model"]) == {"none"}
    assert "unknown are 'Z'" in caplog.text
    with pytest.raises(pe.SpecificationError, match="parents"):
        per_entity.mlflow.save_model(store, tmp_path / "other", unknown="parent")
    assert not (tmp_path / "other").exists()


def test_what_is_no_store_is_told(tmp_path):
    mlflow.models.Model().save(str(tmp_path / "MLmodel"))
    with pytest.raises(pe.SpecificationError, match="is no store"):
        per_entity.mlflow.load_model(str(tmp_path))
    with pytest.raises(MlflowException):
        per_entity.mlflow.load_model(str(tmp_path / "nowhere" / "model"))


def test_without_mlflow_the_way_to_install_it_is_told():
    script = "import sys; sys.modules['mlflow'] = None; import per_entity.mlflow"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "pip install 'per-entity[mlflow]'" in ended.stderr
