"""Input and stores in buckets, of a server that speaks S3 on this machine."""

import json
import os
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

import per_entity as pe
from per_entity import cluster

PROGRAM = os.environ.get("PER_ENTITY")


@pytest.fixture
def rows() -> pl.DataFrame:
    count = 6_000
    return pl.DataFrame({"row": range(count)}).select(
        store=(pl.col("row") * 7919 % 300).cast(pl.String),
        hour=pl.col("row") % 24,
        weather=pl.Series(["sun", "rain", None] * (count // 3)),
        sales=(pl.col("row") * 31 % 97) * 0.5,
        busy=(pl.col("row") % 24 + pl.col("row") * 7919 % 300 % 5) > 13,
    )


OPTIONS = {"key": "store", "target": "busy", "models_per_file": 100}


def run(*arguments, code=0):
    if PROGRAM is None:
        pytest.skip("PER_ENTITY does not name the program")
    ended = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)
    assert ended.returncode == code, ended.stderr
    return ended


def folder(store: pe.Store) -> dict[str, bytes]:
    directory = Path(store.path) / store.generation["directory"]
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def objects(s3, bucket: str, prefix: str) -> dict[str, bytes]:
    found = {}
    for page in s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix
    ):
        for entry in page.get("Contents", []):
            got = s3.get_object(Bucket=bucket, Key=entry["Key"])
            found[entry["Key"].removeprefix(prefix)] = got["Body"].read()
    return found


def keys(s3, bucket: str, prefix: str) -> list[str]:
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)
    return [entry["Key"].removeprefix(prefix) for entry in listed.get("Contents", [])]


def current(s3, bucket: str, store: pe.Store) -> dict[str, bytes]:
    directory = store.generation["directory"]
    return objects(s3, bucket, f"models/{directory}/")


def test_a_store_in_a_bucket_has_the_bytes_of_one_in_a_folder(
    s3, bucket, rows, tmp_path
):
    store = pe.train(rows, output=f"s3://{bucket}/models", **OPTIONS)
    alone = pe.train(rows, output=tmp_path / "models", **OPTIONS)
    assert current(s3, bucket, store) == folder(alone)
    opened = pe.Store(f"s3://{bucket}/models")
    assert opened.predict(rows).equals(alone.predict(rows))
    assert str(opened.model("7")) == str(alone.model("7"))
    told = opened.evaluate(rows).metrics
    assert told == alone.evaluate(rows).metrics
    assert opened.verify() == alone.verify()


@pytest.mark.parametrize("extension", ["csv", "csv.gz", "tsv", "ndjson", "parquet", "arrow"])
def test_input_of_every_format_is_read_from_a_bucket(
    s3, bucket, rows, tmp_path, extension
):
    halves = [rows.head(3_000), rows.tail(3_000)]
    for number, half in enumerate(halves):
        path = tmp_path / f"{number}.{extension}"
        if extension == "parquet":
            half.write_parquet(path, row_group_size=700)
        elif extension == "arrow":
            half.write_ipc(path)
        elif extension == "ndjson":
            half.write_ndjson(path)
        elif extension == "csv.gz":
            half.write_csv(path, compression="gzip")
        else:
            half.write_csv(path, separator="\t" if extension == "tsv" else ",")
        s3.upload_file(str(path), bucket, f"in/day={number}/rows.{extension}")
    # What consoles and writers leave there.
    for name in ["in/_SUCCESS", "in/", "in/day=0/", "in/.hidden.csv"]:
        s3.put_object(Bucket=bucket, Key=name, Body=b"")
    alone = pe.train(
        [str(tmp_path / f"{number}.{extension}") for number in (0, 1)],
        output=tmp_path / "models",
        **OPTIONS,
    )
    for place in [
        f"s3://{bucket}/in/*/rows.{extension}",
        [f"s3a://{bucket}/in/day={number}/rows.{extension}" for number in (0, 1)],
        f"s3://{bucket}/in",
        f"s3://{bucket}/in/day=*",
        f"s3://{bucket}/in/d*",
    ]:
        store = pe.train(place, ignore="day", **OPTIONS)
        files = store.to_bytes()
        found = {
            name.partition("/")[2]: content
            for name, content in files.items()
            if "/" in name
        }
        assert found == folder(alone)


def test_of_parquet_only_what_is_needed_is_fetched(s3, bucket, tmp_path):
    count = 400_000
    wide = pl.DataFrame({"row": range(count)}).select(
        store=pl.col("row") % 50,
        busy=pl.col("row") % 3 == 0,
        **{f"x{number}": pl.col("row").hash(number) for number in range(20)},
    )
    wide.write_parquet(tmp_path / "wide.parquet", compression="uncompressed")
    s3.upload_file(str(tmp_path / "wide.parquet"), bucket, "wide.parquet")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    most = 0
    ended = threading.Event()

    def watch():
        nonlocal most
        while not ended.is_set():
            used = 0
            for path in temporary.iterdir():
                try:
                    used += path.stat().st_blocks * 512
                except FileNotFoundError:
                    pass
            most = max(most, used)
            time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    os.environ["TMPDIR"] = str(temporary)
    try:
        arguments = ["--key", "store", "--target", "busy", "--features", "x3,x7"]
        run(
            "train", "--input", f"s3://{bucket}/wide.parquet", *arguments,
            "--output-dir", str(tmp_path / "models"),
        )
    finally:
        del os.environ["TMPDIR"]
        ended.set()
        watcher.join()
    whole = (tmp_path / "wide.parquet").stat().st_size
    assert 0 < most < whole / 4
    assert list(temporary.iterdir()) == []


def test_every_command_takes_a_store_in_a_bucket(s3, bucket, rows, tmp_path):
    rows.write_csv(tmp_path / "rows.csv")
    rows.with_columns(hour=pl.col("hour") + 1).write_csv(tmp_path / "later.csv")
    models = f"s3://{bucket}/some/models"
    local = str(tmp_path / "models")
    options = ["--key", "store", "--target", "busy", "--models-per-file", "50"]
    for place in [models, local]:
        for name, more in [("rows", []), ("later", ["--update"]), ("rows", ["--holdout", "0.3"])]:
            train = ["train", "--input", str(tmp_path / f"{name}.csv"), *options]
            run(*train, "--output-dir", place, "--quiet", *more)
    for command in [
        ["inspect", "{}", "--json"],
        ["inspect", "{}", "--entity", "7", "--json"],
        ["evaluate", "--models", "{}", "--input", str(tmp_path / "later.csv"), "--json"],
        ["diff", "{}", "1", "2", "--json"],
        ["verify", "{}", "--json"],
        ["rollback", "{}", "1", "--json"],
    ]:
        told = [
            run(*[word.format(place) for word in command]).stdout.replace(place, "PLACE")
            for place in [models, local]
        ]
        drop = ("created", "directory", "command", "current_until", "seconds", "file")
        told = [without(json.loads(text), drop) for text in told]
        assert told[0] == told[1], command
    predict = ["predict", "--input", str(tmp_path / "rows.csv")]
    answers = []
    for number, place in enumerate([models, local]):
        output = tmp_path / f"{number}.csv"
        run(*predict, "--models", place, "--output", str(output), "--quiet")
        answers.append(output.read_bytes())
    assert answers[0] == answers[1]
    run("rollback", models, "3")
    run("prune", models, "--keep", "1", "--keep-for", "0")
    assert json.loads(run("history", models, "--json").stdout)["generations"][0]["number"] == 3
    assert len({key.split("/")[0] for key in objects(s3, bucket, "some/models/")}) == 2
    run("verify", models)


def without(document, names):
    if isinstance(document, dict):
        kept = document.items()
        return {name: without(value, names) for name, value in kept if name not in names}
    if isinstance(document, list):
        return [without(value, names) for value in document]
    return document


def test_predictions_go_to_a_bucket_and_never_into_their_input(
    s3, bucket, rows, tmp_path
):
    rows.write_csv(tmp_path / "rows.csv")
    s3.upload_file(str(tmp_path / "rows.csv"), bucket, "in/rows.csv")
    # A folder that a console made.
    s3.put_object(Bucket=bucket, Key="models/", Body=b"")
    models = f"s3://{bucket}/models"
    pe.train(rows, output=models, **OPTIONS)
    predict = ["predict", "--models", models, "--input", f"s3://{bucket}/in/rows.csv"]
    run(*predict, "--output", f"s3a://{bucket}/out/predictions.csv", "--quiet")
    run(*predict, "--output", str(tmp_path / "predictions.csv"), "--quiet")
    written = objects(s3, bucket, "out/")
    assert written == {"predictions.csv": (tmp_path / "predictions.csv").read_bytes()}
    for output in ["s3a://{}/in//rows.csv", "s3://{}/models/x.csv"]:
        run(*predict, "--output", output.format(bucket), code=2)
    assert keys(s3, bucket, "in/") == ["rows.csv"]
    assert pe.Store(models).verify()["problems"] == []


def test_of_many_models_few_are_fetched_together(server_log, bucket, rows):
    store = pe.train(rows, output=f"s3://{bucket}/models", **OPTIONS)
    wanted = rows.filter(pl.col("store").cast(pl.Int64) % 10 == 3)
    opened = pe.Store(f"s3://{bucket}/models")
    before = server_log.read_text().count("\n")
    opened.predict(wanted)
    # The table of entities, and small pieces of three packs.
    assert 2 <= server_log.read_text().count("\n") - before <= 10
    assert store.generation["trained"] == 300


def test_eight_commits_at_once(s3, bucket, rows):
    """Each makes a generation, or is told that another one did; none is lost."""
    frame = rows.head(400)
    plan = cluster.plan(frame, **OPTIONS)
    outcomes = pl.DataFrame(cluster.work(plan, "all", frame))
    models = f"s3://{bucket}/models"
    rounds = int(os.environ.get("PER_ENTITY_ROUNDS", "3"))
    done = 0
    for _ in range(rounds):
        with ThreadPoolExecutor(8) as pool:
            ended = [
                pool.submit(cluster.commit, plan, outcomes, models, rows=400)
                for _ in range(8)
            ]
        errors = [commit.exception() for commit in ended]
        won = [error for error in errors if error is None]
        assert won
        done += len(won)
        for error in errors:
            assert error is None or "changed by somebody else" in str(error), error
    numbers = [generation["number"] for generation in pe.Store(models).history()]
    assert sorted(numbers) == list(range(1, done + 1))
    manifests = objects(s3, bucket, "models/manifests/")
    assert len(manifests) == done


def test_a_run_that_is_killed_is_taken_up(s3, bucket, rows, tmp_path):
    rows.write_csv(tmp_path / "rows.csv")
    models = f"s3://{bucket}/models"
    if PROGRAM is None:
        pytest.skip("PER_ENTITY does not name the program")
    train = [
        "train", "--input", str(tmp_path / "rows.csv"), "--key", "store", "--target", "busy",
        "--models-per-file", "1", "--output-dir", models, "--threads", "1",
    ]
    for _ in range(3):
        process = subprocess.Popen([PROGRAM, *train], stderr=subprocess.DEVNULL)
        while process.poll() is None and len(keys(s3, bucket, "models/")) < 8:
            time.sleep(0.002)
        process.kill()
        process.wait()
        if "manifests/1.json" in keys(s3, bucket, "models/"):
            pytest.skip("the run was faster than its killer")
    run(*train, "--quiet")
    alone = pe.train(
        str(tmp_path / "rows.csv"), key="store", target="busy", models_per_file=1,
        output=tmp_path / "alone",
    )
    assert current(s3, bucket, pe.Store(models)) == folder(alone)
    told = json.loads(run("verify", models, "--json").stdout)
    assert told["problems"] == [] and len(told["orphans"]) >= 1
    pruned = json.loads(run("prune", models, "--keep", "1", "--json").stdout)
    assert len(pruned["running"]) == len(told["orphans"])


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("s3://no-such-bucket-at-all/x.csv", "no-such-bucket-at-all"),
        ("s3://{}/none.csv", "no such file"),
        ("s3://{}/none-*.csv", "no such file"),
        ("s3://{}/x/../y.csv", "y.csv"),
        ("hdfs://host/x.csv", "s3://, gs:// or az://"),
        ("s3:///x.csv", "no bucket is named"),
        ("s3://{}/a//x.csv", "a part of the name is empty"),
    ],
)
def test_what_cannot_be_reached_is_said(bucket, place, words):
    with pytest.raises(pe.Error) as error:
        pe.train(place.format(bucket), key="store", target="busy")
    assert words in str(error.value)
    with pytest.raises(pe.Error):
        pe.Store(place.format(bucket))


def test_a_damaged_object_is_an_error(s3, bucket, rows):
    store = pe.train(rows, output=f"s3://{bucket}/models", **OPTIONS)
    directory = f"models/{store.generation['directory']}"
    pack = f"{directory}/pack-00001.cbor"
    content = s3.get_object(Bucket=bucket, Key=pack)["Body"].read()
    for damaged in [content[:-5], b"x" * len(content), None]:
        if damaged is None:
            s3.delete_object(Bucket=bucket, Key=pack)
        else:
            s3.put_object(Bucket=bucket, Key=pack, Body=damaged)
        found = pe.Store(f"s3://{bucket}/models").verify()
        assert found["problems"]
    s3.put_object(Bucket=bucket, Key=pack, Body=content)
    assert pe.Store(f"s3://{bucket}/models").verify()["problems"] == []
