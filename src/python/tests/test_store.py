"""A store: models, predictions, figures, generations."""

import pickle

import polars as pl
import pytest

import per_entity as pe


def test_a_model_is_told_as_rules_as_a_dictionary_and_as_a_graph(store):
    model = store.model("A")
    assert model.key == "A" and model.classes == ["no", "yes"]
    assert model.rules().startswith("hour <= 13.5")
    assert model.to_dict()["nodes"][0]["feature"] == "hour"
    assert model.to_dot().startswith("digraph tree {")
    shared = pe.train(
        pl.DataFrame({"store": ["A", "B"] * 40, "hour": list(range(80))}).with_columns(
            busy=pl.col("hour") > 30
        ),
        key="store",
        target="busy",
        trainer="shared",
    )
    assert shared.model("A").rules().startswith("verdict: ")
    assert shared.model("A").to_dot() is None


def test_a_composite_key_is_a_tuple(sales):
    rows = sales.with_columns(country=pl.lit("No, way"), number=pl.lit(7))
    store = pe.train(rows, key=["country", "number", "store"], target="busy")
    assert store.model(("No, way", 7, "B")).key == '"No, way",7,B'


def test_unknown_entities_are_told(sales, store, caplog):
    with pytest.raises(pe.UnknownEntityError, match="no entity 'Z' in the store"):
        store.model("Z")
    with pytest.raises(KeyError):
        store.model("Z")
    new = sales.with_columns(store=pl.lit("Z"))
    assert store.predict(new)["model"].unique().to_list() == ["none"]
    assert "no model answered for 24 of 24 rows; unknown are 'Z'" in caplog.text
    with pytest.raises(pe.StoreError):
        store.predict(new, unknown="error")
    with pytest.raises(pe.SpecificationError, match="pooled"):
        store.predict(new, unknown="fallback")
    with pytest.raises(pe.SpecificationError, match="'all' is none of null"):
        store.predict(new, unknown="all")


def test_predictions_say_what_is_wrong_with_a_frame(sales, store):
    with pytest.raises(pe.SpecificationError, match="no column 'hour'"):
        store.predict(sales.drop("hour"))
    with pytest.raises(pe.InputError, match="noon"):
        store.predict(sales.with_columns(hour=pl.lit("noon")))
    taken = sales.with_columns(prediction=pl.lit(1))
    with pytest.raises(pe.SpecificationError, match="prediction"):
        store.predict(taken)
    assert "p_model" in store.predict(taken, prefix="p_").columns


def test_figures_are_those_of_the_rows(sales, store):
    report = store.evaluate(sales, group_by="weather", positive="yes")
    assert report.metrics["accuracy"] == 1.0
    entities = report.entities()
    assert entities["key"].to_list() == ["A", "B"]
    assert entities["model"].to_list() == ["evaluated"] * 2
    assert entities["accuracy"].to_list() == [1.0, 1.0]
    assert len(report["fairness"]["groups"]) == 3
    assert "24 rows of 2 entities" in repr(report)
    wrong = sales.with_columns(busy=pl.lit("no"))
    assert store.evaluate(wrong).metrics["accuracy"] == 0.5
    assert store.evaluate(sales, where="store = 'A'")["rows"] == 12


def test_quantities_have_their_figures(sales):
    store = pe.train(sales, key="store", target="sales", ignore="busy")
    report = store.evaluate(sales)
    assert report.metrics["r2"] > 0.9
    assert report.entities()["r2"].min() > 0.9
    assert store.model("A").classes == []


def test_generations_are_listed_and_rolled_back(sales, tmp_path):
    folder = tmp_path / "models"
    pe.train(sales, key="store", target="busy", output=folder)
    second = pe.train(sales[:12], key="store", target="busy", output=folder)
    assert [generation["number"] for generation in second.history()] == [1, 2]
    assert "per_entity.train(key='store'" in second.history()[0]["command"][0]
    assert second.entities().height == 1
    first = second.rollback(1)
    assert first.generation["number"] == 1 and first.entities().height == 2
    assert pe.Store(folder, generation=2).entities().height == 1
    with pytest.raises(pe.StoreError, match="7"):
        second.rollback(7)


def test_damage_is_found(sales, tmp_path):
    folder = tmp_path / "models"
    store = pe.train(sales, key="store", target="busy", output=folder)
    assert store.verify().is_whole
    model = folder / "gen-000001" / "A.cbor"
    model.write_bytes(model.read_bytes()[:-1] + b"\x00")
    assert not store.verify().is_whole
    with pytest.raises(pe.StoreError, match="entity 'A'"):
        store.model("A")
    with pytest.raises(pe.MissingStoreError):
        pe.Store(tmp_path)
    with pytest.raises(FileNotFoundError):
        pe.Store(tmp_path / "nowhere")


def test_a_store_in_memory_is_pickled_with_its_files(sales, store, tmp_path):
    again = pickle.loads(pickle.dumps(store))
    assert again.predict(sales).equals(store.predict(sales))
    assert pe.Store.from_bytes(store.to_bytes()).predict(sales).equals(store.predict(sales))
    on_disk = pe.train(sales, key="store", target="busy", output=tmp_path / "models")
    assert pickle.loads(pickle.dumps(on_disk)).path == on_disk.path
    with pytest.raises(pe.InputError, match="the store lies in"):
        on_disk.to_bytes()


def test_importances_are_by_feature(store):
    importances = store.importances("A")
    assert set(importances) == {"hour", "weather"}
    assert importances["hour"] > 0.9
    assert sum(store.importances().values()) == pytest.approx(1.0)


def test_a_comparison_has_a_verdict(sales):
    rows = pl.concat([sales] * 10)
    comparison = pe.compare(rows, key="store", target="busy", ignore="sales", seed=1)
    assert comparison["train_rows"] + comparison["test_rows"] == 240
    assert comparison.verdict and comparison.verdict in repr(comparison)
    against = pe.compare(rows, test=sales, key="store", target="busy", ignore="sales")
    assert against["test_rows"] == 24
    options = {"key": "store", "target": "busy", "ignore": "sales"}
    odd = pe.compare(rows, test_where="hour = 9", **options)
    assert odd["test_rows"] == 20
    with pytest.raises(pe.SpecificationError, match="either"):
        pe.compare(rows, test=sales, key="store", target="busy", holdout=0.3)


def test_a_description_makes_a_specification(sales, tmp_path):
    description = pe.describe(sales, key="store", target="busy", ignore="sales")
    assert description["rows_per_entity"]["median"] == 12
    columns = description.columns()
    assert columns["column"].to_list() == sales.columns
    assert columns["missing"].to_list() == [0, 0, 8, 0, 0]
    path = tmp_path / "sales.toml"
    path.write_text(description["specification"])
    store = pe.train(sales, spec=path)
    assert store.entities()["key"].to_list() == ["A", "B"]
    assert pe.describe(sales)["specification"] is None
