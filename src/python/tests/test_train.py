"""Training: options, errors, interrupts, and what a store looks like afterwards."""

import datetime
import filecmp
import json
import logging
import os
import pathlib
import signal
import subprocess
import sys
import textwrap

import polars as pl
import pytest

import per_entity as pe


def snapshot(folder: pathlib.Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_options_have_the_names_of_the_command_line(sales, tmp_path):
    specification = tmp_path / "sales.toml"
    specification.write_text(
        'key = ["shop"]\ntarget = "busy"\n[train]\nmin-rows = 3\n[tree]\nmax-depth = 2\n'
    )
    store = pe.train(
        sales,
        spec=specification,
        key="store",
        ignore=["sales"],
        categorical="hour",
        holdout=0.25,
        seed=3,
        threshold=0.4,
        class_weight={"yes": 2, "no": 1},
        importance="impurity",
        max_depth=5,
        trainer=None,
    )
    run = store.generation
    assert run["settings"]["holdout"] == {"share": 0.25, "seed": 3}
    assert run["settings"]["min-rows"] == 3
    assert run["settings"]["threshold"] == 0.4
    assert run["trainer"]["params"]["max_depth"] == 5
    assert {"class": "yes", "weight": 2.0} in run["trainer"]["class_weight"]
    kinds = {feature["name"]: feature["kind"] for feature in run["features"]}
    assert kinds == {"hour": "categorical", "weather": "categorical"}


def test_rows_are_held_out_by_time_and_columns_are_dates(sales):
    days = [datetime.date(2024, 1, 1 + hour % 12) for hour in range(24)]
    dated = sales.with_columns(day=pl.Series(days).dt.strftime("%d.%m.%Y"))
    options = {"key": "store", "target": "busy", "ignore": "sales", "time": "day"}
    store = pe.train(
        dated,
        date={"day": "%d.%m.%Y"},
        holdout_after=datetime.date(2024, 1, 10),
        **options,
    )
    held_out = store.generation["holdout"]
    assert held_out["drawn"]["from"].startswith("2024-01-10")
    assert sum(store.entities()["holdout_rows"]) == 6


def test_an_unknown_option_is_named_with_the_nearest(sales):
    with pytest.raises(TypeError, match="'max_dept' is no option.*'max_depth'"):
        pe.train(sales, key="store", target="busy", max_dept=3)
    with pytest.raises(TypeError, match="'min_rows' is no option"):
        pe.compare(sales, key="store", target="busy", min_rows=3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_depth": -2}, "max-depth = -2: invalid value"),
        ({"trainer": "forest"}, "trainer = \"forest\": unknown variant"),
        ({"min_samples_split": 1}, "2 or more"),
        ({"key": "shop"}, "no column 'shop'.*'store'"),
        ({"key": []}, "key"),
        ({"holdout": 2.0}, "between 0 and 1"),
        ({"vanished": "keep"}, "update=True"),
        ({"max_depth": object()}, "cannot be the value of a setting"),
    ],
)
def test_what_cannot_be_is_refused_in_words(sales, options, words):
    options = {"key": "store", "target": "busy", **options}
    with pytest.raises(pe.SpecificationError, match=words):
        pe.train(sales, **options)


def test_a_store_is_as_it_was_after_an_error(sales, tmp_path):
    folder = tmp_path / "models"
    pe.train(sales, key="store", target="busy", output=folder)
    before = snapshot(folder)
    lists = sales.with_columns(busy=pl.lit([1, 2]))
    infinite = sales.with_columns(hour=pl.lit(float("inf")))
    for bad, key in [(lists, "store"), (sales, "shop"), (infinite, "store")]:
        with pytest.raises(pe.Error) as error:
            pe.train(bad, key=key, target="busy", output=folder)
        assert isinstance(error.value, ValueError)
    assert snapshot(folder) == before


def test_an_interrupt_leaves_the_store_as_it_was(sales, tmp_path):
    folder = tmp_path / "models"
    pe.train(sales, key="store", target="busy", output=folder)
    before = snapshot(folder)
    script = f"""
        import os, signal, threading
        import numpy as np, polars as pl, per_entity as pe
        random = np.random.default_rng(0)
        rows = pl.DataFrame({{"store": random.integers(0, 4, 600_000)}}).with_columns(
            **{{f"x{{i}}": random.normal(size=600_000) for i in range(12)}},
            busy=pl.Series(random.integers(0, 2, 600_000)),
        )
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            pe.train(rows, key="store", target="busy", output={str(folder)!r})
        except KeyboardInterrupt:
            print("interrupted")
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.stdout == "interrupted\n", ended.stderr
    assert snapshot(folder) == before


def test_an_update_takes_over_and_a_regression_is_refused(sales, tmp_path):
    folder = tmp_path / "models"
    options = {"key": "store", "target": "busy", "ignore": "sales", "output": folder}
    first = pe.train(sales, **options)
    same = pe.train(sales, update=True, **options)
    assert same.generation["number"] == first.generation["number"]
    options.update(update=True, holdout=0.5)
    pe.train(sales, **options)
    before = snapshot(folder)
    with pytest.raises(pe.RefusedError, match="nothing is committed.*accuracy"):
        pe.train(sales, min_samples_leaf=12, max_regression=0.1, **options)
    assert snapshot(folder) == before
    assert pe.Store(folder).generation["number"] == 2


def test_progress_and_the_log_are_passed_on(sales, caplog, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with caplog.at_level(logging.INFO, "per_entity"):
        pe.train(sales, key="store", target="busy", progress=True)
    assert "2 of 2 entities" in capsys.readouterr().err
    assert "24 rows loaded" in caplog.text
    many = pl.DataFrame({"store": ["A"] * 200, "code": [f"c{i}" for i in range(200)]})
    many = many.with_columns(busy=pl.Series([True, False] * 100))
    with caplog.at_level(logging.WARNING, "per_entity"):
        pe.train(many, key="store", target="busy")
    assert "code: 200 different values in 200 rows" in caplog.text
    assert 'ignore=["code"]' in caplog.text


def test_other_threads_of_python_run_meanwhile(sales):
    import threading

    stores = [None] * 4

    def work(place):
        stores[place] = pe.train(sales, key="store", target="busy", ignore="sales")

    threads = [threading.Thread(target=work, args=[place]) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    trees = [json.dumps(store.model("A").to_dict()) for store in stores]
    assert len(set(trees)) == 1


@pytest.mark.skipif("PER_ENTITY" not in os.environ, reason="PER_ENTITY names no program")
def test_the_command_line_makes_the_same_bytes(sales, tmp_path):
    rows = tmp_path / "rows.parquet"
    sales.write_parquet(rows)
    python, command = tmp_path / "python", tmp_path / "command"
    pe.train(sales, key="store", target="busy", output=python, max_depth=3, pooled=True)
    words = ["--key", "store", "--target", "busy", "--max-depth", "3", "--pooled"]
    subprocess.run(
        [os.environ["PER_ENTITY"], "train", "--input", rows, "--output-dir", command, *words],
        check=True,
        capture_output=True,
    )
    files = [path.name for path in (python / "gen-000001").iterdir()]
    assert len(files) == 4
    same, *_ = filecmp.cmpfiles(
        python / "gen-000001", command / "gen-000001", files, shallow=False
    )
    assert sorted(same) == sorted(files)


def test_the_thread_that_loads_the_package_may_end():
    script = """
        import threading
        def run(work):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        def load():
            import per_entity
        def use():
            import per_entity as pe, polars as pl
            rows = pl.DataFrame({"store": ["A"] * 2, "hour": [1, 2], "busy": ["a", "b"]})
            print(pe.train(rows, key="store", target="busy").entities()["key"].to_list())
        run(load)
        for _ in range(5):
            run(use)
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.stdout == "['A']\n" * 5, ended.stderr


def test_signals_are_python_s(sales, store):
    # The library waits on a thread of its own, so a handler of the caller runs.
    seen = []
    before = signal.signal(signal.SIGUSR1, lambda *_: seen.append(True))
    try:
        os.kill(os.getpid(), signal.SIGUSR1)
        store.predict(sales)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert seen == [True]
