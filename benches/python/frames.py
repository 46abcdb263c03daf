"""Times the Python package on frames in memory against the command line on the same rows in Parquet.

    PER_ENTITY=target/release/per-entity python frames.py

The package must be installed, with Polars, pandas and pyarrow. Each way runs in a process of its own;
of several runs the fastest counts. Memory is the largest that the process ever took, and how much of
it came on top of the frame; numeric columns that were copied would show there.
"""

import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

ROWS, ENTITIES, RUNS = 1_000_000, 20_000, 5
PROGRAM = os.environ.get("PER_ENTITY", "per-entity")


def main(folder: pathlib.Path) -> None:
    rows = folder / "rows.parquet"
    generate = ["generate", "--rows", str(ROWS), "--entities", str(ENTITIES)]
    run([PROGRAM, *generate, "--output", str(rows)])
    train = ["train", "--input", str(rows), "--key", "entity", "--target", "income"]
    store = folder / "command"
    predict = ["predict", "--models", str(store), "--input", str(rows), "--output"]
    commands = {
        "train": [PROGRAM, "--quiet", *train, "--output-dir", str(store)],
        "predict": [PROGRAM, "--quiet", *predict, str(folder / "predicted.parquet")],
    }
    print("| work | rows | time | of the command line's | on top of the frame |")
    print("| --- | --- | --- | --- | --- |")
    for work, command in commands.items():
        base = min(run(command) for _ in range(RUNS))
        print(f"| {work} | Parquet, by the command line | {base:.2f} s | | |")
        for kind in ("polars", "pandas"):
            words = [sys.executable, __file__, work, kind, str(rows), str(store)]
            told = subprocess.run(words, check=True, capture_output=True, text=True).stdout
            seconds, frame, more = map(float, told.split())
            print(
                f"| {work} | {kind}, {frame:.0f} MB | {seconds:.2f} s | {seconds / base:.2f} "
                f"| {more:.0f} MB |"
            )


def run(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def one(work: str, kind: str, rows: str, store: str) -> None:
    """One way, in a process of its own."""
    import per_entity as pe

    if kind == "polars":
        import polars

        frame = polars.read_parquet(rows)
        size = frame.estimated_size()
    else:
        import pandas

        frame = pandas.read_parquet(rows)
        size = frame.memory_usage(deep=True).sum()
    opened = pe.Store(store) if work == "predict" else None
    before, times = peak(), []
    for place in range(RUNS):
        started = time.perf_counter()
        if opened is not None:
            opened.predict(frame)
        else:
            pe.train(frame, key="entity", target="income", output=f"{store}-{kind}")
        times.append(time.perf_counter() - started)
        if place == 0:
            more = peak() - before
    print(min(times), size / 1e6, more / 1e6)


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    if len(sys.argv) > 1:
        one(*sys.argv[1:])
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(pathlib.Path(folder))
