"""Beam's transforms: one handler for all entities, and a store from a collection of rows."""

import datetime
import importlib.util
import json
import os
import pathlib
import pickle
import subprocess
import sys
import typing

import pandas as pd
import polars as pl
import pytest

beam = pytest.importorskip("apache_beam", reason="Apache Beam is not there for this Python")

from apache_beam.io.filesystem import FileMetadata
from apache_beam.io.localfilesystem import LocalFileSystem
from apache_beam.ml.inference.base import KeyedModelHandler, ModelMetadata, RunInference
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms.periodicsequence import PeriodicImpulse

import per_entity as pe
from per_entity._records import record_of
from per_entity.beam import StoreModelHandler, TrainEntities
from per_entity.beam._training import _train, _WriteRows

ROOT = pathlib.Path(__file__).parents[3]
OPTIONS = {"key": "store", "target": "busy", "ignore": "sales"}


@pytest.fixture
def folder(sales, tmp_path) -> str:
    """A store in a folder."""
    pe.train(sales, output=tmp_path / "models", **OPTIONS)
    return str(tmp_path / "models")


class Collected:
    """A check of a collection that keeps what it saw, outside of itself as it is pickled."""

    seen: typing.ClassVar[dict] = {}

    def __init__(self):
        self.name = str(id(self))

    def __call__(self, actual):
        Collected.seen[self.name] = list(actual)

    def taken(self):
        return Collected.seen.pop(self.name)


def predictions(elements, handler):
    """What comes out of RunInference, in any order, and the counters."""
    with beam.Pipeline() as pipeline:
        predicted = pipeline | beam.Create(elements) | RunInference(handler)
        assert_that(predicted, collected := Collected())
    return collected.taken(), counters(pipeline)


def counters(pipeline):
    return {
        counter.key.metric.name: counter.committed
        for counter in pipeline.result.metrics().query()["counters"]
    }


def train(elements, output, **options):
    """Trains in a pipeline; what came of it, and the counters."""
    with beam.Pipeline() as pipeline:
        trained = pipeline | beam.Create(elements) | TrainEntities(output, **options)
        assert_that(trained, collected := Collected())
    return collected.taken(), counters(pipeline)


def answers(elements, handler):
    """What the handler says of one batch, without a pipeline."""
    return [result.inference for result in handler.run_inference(elements, handler.load_model())]


def bundle(rows, folder):
    """The files that one attempt at a bundle writes."""
    write = _WriteRows(str(folder), ["store"])
    write.start_bundle()
    paths = [path for row in rows for path in write.process(row)]
    return paths + [last.value for last in write.finish_bundle()]


class Sale(typing.NamedTuple):
    store: str
    hour: int
    weather: typing.Optional[str]


def test_rows_of_any_kind_are_predicted_as_a_frame_is(sales, folder):
    frame = sales.drop("busy", "sales")
    expected = pe.Store(folder).predict(frame)
    added = expected.select(expected.columns[3:]).to_dicts()
    records = frame.to_dicts()
    for elements in (
        records,
        [beam.Row(**record) for record in records],
        [Sale(**record) for record in records],
    ):
        results, counted = predictions(elements, StoreModelHandler(folder))
        results.sort(key=lambda result: records.index(record_of(result.example)))
        assert [record_of(result.example) for result in results] == records
        assert [result.inference for result in results] == added
        assert {result.model_id for result in results} == {folder + "/gen-000001"}
        assert counted["rows_own"] == counted["num_inferences"] == 24


def test_a_frame_is_predicted_as_a_whole(sales, folder):
    frame = sales.to_pandas().set_index(pd.Index(range(100, 124)))
    table = sales.to_arrow()
    batch = table.to_batches()[0]
    whole, indexed, *tables = answers([sales, frame, table, batch], StoreModelHandler(folder))
    assert whole.equals(pe.Store(folder).predict(sales))
    assert indexed.index.equals(frame.index)
    assert indexed["prediction"].to_list() == sales["busy"].to_list()
    assert [pl.DataFrame(table).equals(whole) for table in tables] == [True, True]
    results, counted = predictions([frame, {"store": "A", "hour": 9}], StoreModelHandler(folder))
    assert counted["rows_own"] == 25 and counted["rows_lacking_fields"] == 1
    assert len(results) == 2


def test_unknown_entities_are_counted_and_told(sales, folder, caplog):
    rows = [{"store": name, "hour": 9, "weather": None} for name in ("A", "Z", None)]
    results, counted = predictions(rows, StoreModelHandler(folder))
    told = {result.example["store"]: result.inference for result in results}
    assert told["A"]["prediction"] == "no"
    assert told["Z"] == told[None]
    assert told["Z"] == {
        "prediction": None, "probability_no": None, "probability_yes": None, "model": "none",
    }  # fmt: skip
    assert counted["rows_own"] == 1 and counted["rows_none"] == 2
    assert "no model answered for" in caplog.text and "unknown are 'Z'" in caplog.text
    with pytest.raises(pe.StoreError, match="'Z'"):
        answers(rows, StoreModelHandler(folder, unknown="error"))
    with pytest.raises(pe.SpecificationError, match="pooled"):
        StoreModelHandler(folder, unknown="fallback", on_bad_row="null").load_model()
    pooled = StoreModelHandler(pe.train(sales, pooled=True, **OPTIONS), unknown="fallback")
    assert [answer["model"] for answer in answers(rows, pooled)] == ["own", "fallback", "fallback"]


def test_a_field_that_is_lacking_is_missing(folder, caplog):
    rows = [{"store": "A", "hour": hour} for hour in (9, 17)]
    results, counted = predictions(rows, StoreModelHandler(folder))
    assert sorted(result.inference["prediction"] for result in results) == ["no", "yes"]
    assert counted["rows_lacking_fields"] == 2
    assert caplog.text.count("rows have no field 'weather'") == 1
    [answer] = answers([{"hour": 9, "weather": "sun"}], StoreModelHandler(folder))
    assert answer["model"] == "none"
    with pytest.raises(pe.SpecificationError, match="no column 'hour'"):
        answers([pl.DataFrame({"store": ["A"], "weather": ["sun"]})], StoreModelHandler(folder))


@pytest.mark.parametrize("bad", ["noon", float("inf"), [9], 2**70, object])
def test_a_bad_row_fails_or_is_marked_and_harms_no_other(folder, bad):
    rows = [{"store": "A", "hour": hour, "weather": "sun"} for hour in range(8, 20)]
    broken = [*rows[:5], {"store": "A", "hour": bad, "weather": "sun"}, *rows[5:]]
    handler = StoreModelHandler(folder, on_bad_row="null", min_batch_size=13)
    store = handler.load_model()
    alone = handler.run_inference(rows, store)
    results = handler.run_inference(broken, store)
    marked = results.pop(5)
    assert results == alone
    assert marked.example is broken[5] and "'hour'" in marked.inference["error"]
    assert marked.inference["prediction"] is None and marked.inference["model"] == "none"
    with pytest.raises(pe.InputError, match=r"'hour'.*; the row is \{'store': 'A'"):
        StoreModelHandler(folder).run_inference(broken, store)


def test_what_a_row_gets_does_not_depend_on_its_batch(folder):
    hours = [9, "9", 9.5, True, None, float("nan"), "17"]
    rows = [{"store": "A", "hour": hour, "weather": None} for hour in hours]
    handler = StoreModelHandler(folder)
    together = answers(rows, handler)
    alone = [answers([row], handler)[0] for row in rows]
    assert together == alone
    assert [answer["prediction"] for answer in alone[:2]] == ["no", "no"]


def test_bad_rows_are_counted_and_dead_letters_are_beam_s(folder):
    rows = [{"store": "A", "hour": "noon"}, {"store": "A", "hour": 9}]
    _, counted = predictions(rows, StoreModelHandler(folder, on_bad_row="null"))
    assert counted["bad_rows"] == 1 and counted["rows_none"] == 1 and counted["rows_own"] == 1
    with beam.Pipeline() as pipeline:
        handler = StoreModelHandler(folder, max_batch_size=1)
        good, bad = (
            pipeline
            | beam.Create(rows)
            | RunInference(handler).with_exception_handling()
        )
        assert_that(good | beam.Map(lambda result: result.example["hour"]), equal_to([9]))
        reasons = bad.failed_inferences | beam.Map(lambda failed: "noon" in str(failed[1]))
        assert_that(reasons, equal_to([True]), label="reasons")


def test_what_is_no_row_is_refused(folder):
    handler = StoreModelHandler(folder)
    for element in (7, ["A", 9], ("A", {"hour": 9})):
        with pytest.raises(pe.Error):
            answers([element], handler)
    with pytest.raises(pe.SpecificationError, match="on_bad_row: 'skip'"):
        StoreModelHandler(folder, on_bad_row="skip")
    with pytest.raises(pe.SpecificationError, match="options of its own"):
        RunInference(handler, inference_args={"unknown": "null"}).expand(None)


def test_a_store_that_is_not_there_is_told_when_the_pipeline_runs(tmp_path):
    handler = StoreModelHandler(tmp_path / "nowhere")
    with pytest.raises(pe.MissingStoreError, match="nowhere"):
        predictions([{"store": "A"}], handler)


def test_of_no_rows_there_are_no_predictions(folder, tmp_path):
    results, counted = predictions([], StoreModelHandler(folder))
    assert results == [] and "rows_own" not in counted
    with pytest.raises(pe.InputError, match="no rows to train on"):
        train([], tmp_path / "none", **OPTIONS)
    assert not (tmp_path / "none").exists()


def test_a_handler_is_pickled_with_its_store_or_its_path(sales, store, folder):
    row = {"store": "B", "hour": 9, "weather": None}
    for of in (store, folder):
        handler = pickle.loads(pickle.dumps(StoreModelHandler(of, cache=1 << 20)))
        assert answers([row], handler)[0]["prediction"] == "yes"


def test_keys_pass_through_beam_s_keyed_handler(folder):
    rows = [(number, {"store": "A", "hour": number}) for number in (9, 17)]
    results, _ = predictions(rows, KeyedModelHandler(StoreModelHandler(folder)))
    assert {key: result.inference["prediction"] for key, result in results} == {
        9: "no", 17: "yes",
    }  # fmt: skip


def test_workers_are_processes_of_their_own(sales, tmp_path):
    workers = PipelineOptions(direct_running_mode="multi_processing", direct_num_workers=2)
    output = str(tmp_path / "models")
    with beam.Pipeline(options=workers) as pipeline:
        rows = pipeline | "Sales" >> beam.Create(sales.to_dicts())
        trained = rows | TrainEntities(output, **OPTIONS)
        _ = (
            pipeline
            | "New" >> beam.Create([{"store": "B", "hour": 9, "weather": "sun"}])
            | RunInference(StoreModelHandler("not yet there"), model_metadata_pcoll=trained)
            | beam.Map(lambda result: result.inference["prediction"] + " " + result.model_id)
            | beam.io.WriteToText(str(tmp_path / "told"), shard_name_template="")
        )
    assert (tmp_path / "told").read_text() == f"yes {output}/gen-000001\n"


def test_processes_can_share_a_store(folder):
    rows = [{"store": "A", "hour": 9}, {"store": "A", "hour": "noon"}]
    handler = StoreModelHandler(folder, large_model=True, on_bad_row="null")
    assert handler.share_model_across_processes()
    assert not StoreModelHandler(folder).share_model_across_processes()
    results, _ = predictions(rows, handler)
    assert sorted(str(result.inference["prediction"]) for result in results) == ["None", "no"]


def test_another_generation_can_be_gone_on_with(sales, folder):
    other = sales.with_columns(busy=pl.lit("never"))
    pe.train(other, output=folder, **OPTIONS)
    row = {"store": "A", "hour": 9, "weather": None}

    def prediction(handler):
        return answers([row], handler)[0]["prediction"]

    handler = StoreModelHandler(folder)
    assert prediction(handler) == "never"
    assert prediction(StoreModelHandler(folder, generation=1)) == "no"
    handler.update_model_path(folder + "/gen-000001/entities.parquet")
    assert prediction(handler) == "no"
    handler.update_model_path("")
    assert prediction(handler) == "no"
    handler.update_model_path(folder)
    assert prediction(handler) == "never"


class Shelf(LocalFileSystem):
    """A file system that is not the disk's, though it lies there."""

    root = ""

    @classmethod
    def scheme(cls):
        return "shelf"

    @classmethod
    def here(cls, path):
        return path.replace("shelf:/", cls.root, 1)

    def join(self, basepath, *paths):
        return "/".join([basepath.rstrip("/"), *paths])

    def split(self, path):
        return tuple(path.rsplit("/", 1))

    def mkdirs(self, path):
        super().mkdirs(self.here(path))

    def exists(self, path):
        return super().exists(self.here(path))

    def create(self, path, *options, **more):
        return super().create(self.here(path), *options, **more)

    def open(self, path, *options, **more):
        return super().open(self.here(path), *options, **more)

    def delete(self, paths):
        super().delete([self.here(path) for path in paths])

    def _list(self, folder):
        for found in super()._list(self.here(folder)):
            yield FileMetadata(found.path.replace(self.root, "shelf:/", 1), found.size_in_bytes)


def test_a_store_may_lie_on_any_of_beam_s_file_systems(sales, tmp_path, monkeypatch):
    monkeypatch.setattr(Shelf, "root", str(tmp_path))
    output = "shelf://bucket/models"
    with pytest.raises(pe.MissingStoreError, match="shelf://bucket/models holds no store"):
        StoreModelHandler(output).load_model()
    [first], _ = train(sales.to_dicts(), output, **OPTIONS)
    assert first.model_id == "shelf://bucket/models/gen-000001"
    never = sales.with_columns(busy=pl.lit("never"))
    [second], _ = train([never], output, **OPTIONS)
    assert second.model_id == "shelf://bucket/models/gen-000002"
    [third], _ = train([never], output, update=True, **OPTIONS)
    assert third == second
    store = pe.Store(tmp_path / "bucket/models")
    assert store.verify().is_whole and len(store.history()) == 2
    assert os.listdir(tmp_path / "bucket") == ["models"]
    rows = [{"store": "A", "hour": 9, "weather": None}]
    results, _ = predictions(rows, StoreModelHandler(output))
    assert results[0].inference["prediction"] == "never"
    assert results[0].model_id == second.model_id
    assert answers(rows, StoreModelHandler(output, generation=1))[0]["prediction"] == "no"
    with pytest.raises(pe.StoreError, match="no generation 7; there are 1, 2"):
        StoreModelHandler(output, generation=7).load_model()


def test_training_is_that_of_all_rows_together(sales, folder, tmp_path):
    output = tmp_path / "beam" / "models"
    [trained], counted = train(sales.to_dicts(), output, **OPTIONS)
    assert trained == ModelMetadata(str(output / "gen-000001"), "gen-000001")
    assert counted["rows"] == 24 and counted["entities"] == counted["trained"] == 2
    assert os.listdir(tmp_path / "beam") == ["models"]
    for name in ("A.cbor", "B.cbor"):
        model = pathlib.Path(folder, "gen-000001", name)
        assert (output / "gen-000001" / name).read_bytes() == model.read_bytes()


def test_rows_of_any_kind_are_trained_on(sales, folder, tmp_path):
    records = sales.to_dicts()
    categorical = sales.to_pandas().astype({"store": "category"})
    keyed = [
        (row["store"], {name: value for name, value in row.items() if name != "store"})
        for row in records
    ]
    kinds = {
        "rows": [beam.Row(**record) for record in records],
        "keyed": keyed,
        "keyed_too": [(row["store"], row) for row in records],
        "frames": [sales[:9], categorical[9:15], sales[15:].to_arrow()],
        "mixed": [*records[:12], sales[12:].to_arrow().to_batches()[0]],
    }
    expected = pe.Store(folder).predict(sales)
    for name, elements in kinds.items():
        train(elements, tmp_path / name, **OPTIONS)
        assert pe.Store(tmp_path / name).predict(sales).equals(expected), name


def test_a_composite_key_is_a_tuple(sales, tmp_path):
    rows = [
        (("No, way", row["store"]), {"hour": row["hour"], "busy": row["busy"]})
        for row in sales.to_dicts()
    ]
    options = {"key": ["country", "store"], "target": "busy"}
    train(rows, tmp_path / "models", **options)
    store = pe.Store(tmp_path / "models")
    assert store.model(("No, way", "B")).key == '"No, way",B'
    results, _ = predictions(
        [{"country": "No, way", "store": "B", "hour": 9}], StoreModelHandler(store.path)
    )
    assert results[0].inference["prediction"] == "yes"
    with pytest.raises(pe.InputError, match="has 1 values, and 2 are wanted: country, store"):
        train([("B", {"hour": 9, "busy": "no"})], tmp_path / "other", **options)


def test_quantities_are_trained_and_predicted(sales, tmp_path):
    options = {"key": "store", "target": "sales", "ignore": "busy", "pruning": "none"}
    train(sales.to_dicts(), tmp_path / "models", **options)
    results, _ = predictions(
        [{"store": "A", "hour": 9, "weather": None}], StoreModelHandler(tmp_path / "models")
    )
    assert results[0].inference == {"prediction": 2.25, "model": "own"}


def test_columns_are_of_one_type_over_all_bundles(sales, tmp_path, monkeypatch):
    # A file for every second row: whole numbers here, fractions or nothing there.
    monkeypatch.setattr("per_entity.beam._training.ROWS_PER_FILE", 2)
    rows = sales.to_dicts()
    for row in rows[::3]:
        row["hour"] += 0.5
    for row in rows[4:8]:
        row["hour"] = None
    for row in rows[8:12]:
        del row["weather"]
    train(rows, tmp_path / "models", **OPTIONS)
    frame = pl.DataFrame(rows, infer_schema_length=None)
    same = pe.train(frame, **OPTIONS)
    store = pe.Store(tmp_path / "models")
    assert len(store.generation["inputs"]) == 12
    assert store.predict(frame).equals(same.predict(frame))
    rows[5]["hour"] = "noon"
    with pytest.raises(pe.InputError, match="hour"):
        train(rows, tmp_path / "models", **OPTIONS)
    assert len(store.history()) == 1


def test_bad_rows_are_refused_and_the_store_is_as_it_was(sales, folder, tmp_path):
    rows = sales.to_dicts()
    for bad, words in [
        (rows[0] | {"hour": datetime.date(2024, 1, 1)}, "'hour' holds values of different types"),
        ("A,9,no", "is no frame|one row each"),
        (("B", rows[0]), "holds 'A' in a row that came with the key 'B'"),
        (("A", sales), "give each key one row"),
    ]:
        with pytest.raises(pe.Error, match=words):
            bundle([*rows, bad], tmp_path / "rows")
    with pytest.raises(pe.SpecificationError, match="no column 'shop'"):
        train([*rows, sales], folder, key="shop", target="busy")
    assert len(pe.Store(folder).history()) == 1
    with pytest.raises(TypeError, match="'max_dept' is no option"):
        TrainEntities(folder, max_dept=3, **OPTIONS)


def test_a_stream_without_an_end_is_refused(folder):
    pipeline = beam.Pipeline()
    ticks = pipeline | PeriodicImpulse()
    with pytest.raises(pe.SpecificationError, match="without an end"):
        ticks | TrainEntities(folder, **OPTIONS)


def test_bundles_that_are_tried_again_do_no_harm(sales, folder, tmp_path):
    rows, temporary, output = sales.to_dicts(), tmp_path / "rows", str(tmp_path / "beam")
    bundle(rows[:12], temporary)
    interrupted = _WriteRows(str(temporary), ["store"])
    interrupted.start_bundle()
    list(interrupted.process(rows[0]))
    paths = bundle(rows[:12], temporary) + bundle(rows[12:], temporary)
    first = _train(None, paths, str(temporary), output, OPTIONS)
    assert not temporary.exists()
    assert pe.Store(output).generation["rows"] == 24
    assert pe.Store(output).predict(sales).equals(pe.Store(folder).predict(sales))
    # The worker was lost after the commit: the files are gone, and nothing is trained again.
    assert _train(None, paths[::-1], str(temporary), output, OPTIONS) == first
    pe.train(sales[:12], output=output, **OPTIONS)
    assert _train(None, paths, str(temporary), output, OPTIONS) == first
    assert [one["number"] for one in pe.Store(output).history()] == [1, 2]


def test_where_training_fails_the_rows_stay_for_the_next_attempt(sales, tmp_path, caplog):
    temporary, output = tmp_path / "rows", str(tmp_path / "beam")
    paths = bundle(sales.to_dicts(), temporary)
    with pytest.raises(pe.SpecificationError):
        _train(None, paths, str(temporary), output, {"key": "shop", "target": "busy"})
    assert "the rows are kept in" in caplog.text
    _train(None, paths, str(temporary), output, OPTIONS)
    assert pe.Store(output).generation["rows"] == 24


def test_without_beam_the_way_to_install_it_is_told():
    script = "import sys; sys.modules['apache_beam'] = None; import per_entity.beam"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "pip install 'per-entity[beam]'" in ended.stderr


def example():
    path = ROOT / "src/python/examples/beam_adult.py"
    specification = importlib.util.spec_from_file_location("beam_adult", path)
    module = importlib.util.module_from_spec(specification)
    sys.modules["beam_adult"] = module
    specification.loader.exec_module(module)
    return module


def told(*words):
    run = [os.environ["PER_ENTITY"], *map(str, words), "--json"]
    return json.loads(subprocess.run(run, check=True, capture_output=True).stdout)


def adult() -> pathlib.Path:
    named = os.environ.get("PER_ENTITY_ADULT_DIR")
    return pathlib.Path(named) if named else ROOT.parent / "shared/data/adult"


@pytest.mark.skipif("PER_ENTITY" not in os.environ, reason="PER_ENTITY names no program")
@pytest.mark.parametrize("data", ["made-up", "real"])
def test_beam_s_example_has_the_metrics_of_the_command_line(data, tmp_path):
    rows = test = ROOT / "fixtures/adult-sample.csv"
    if data == "real":
        rows, test = adult() / "adult.data", adult() / "adult.test"
        if not rows.exists():
            pytest.skip("there is no Adult data: PER_ENTITY_ADULT_DIR names no folder of it")
    figures, models = tmp_path / "metrics.json", tmp_path / "models"
    paths = {"input": rows, "test": test, "output-dir": tmp_path / "beam", "metrics": figures}
    example().run([f"--{name}={path}" for name, path in paths.items()])
    told("train", "--input", rows, "--output-dir", models)
    report = told("evaluate", "--models", models, "--input", test)
    expected = {entity["key"]: entity["metrics"] for entity in report["entities"]}
    expected["overall"] = report["overall"]["micro"] | {"rows": report["rows"]}
    ours = json.loads(figures.read_text())
    assert set(ours) == set(expected) == {"Bachelors", "Masters", "Doctorate", "overall"}
    for entity, metrics in ours.items():
        assert metrics["rows"] == expected[entity]["rows"]
        assert metrics["accuracy"] == expected[entity]["accuracy"]
        assert metrics["log_loss"] == pytest.approx(expected[entity]["log_loss"], rel=1e-12)
