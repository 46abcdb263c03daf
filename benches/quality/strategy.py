"""What predicts: each entity's mean, or the program."""

import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy
import polars


class Answers(NamedTuple):
    """What a strategy says of the test rows."""

    # A probability of 1, or a number, for each.
    predictions: numpy.ndarray
    # How many rows nothing knew.
    unanswered: int
    # What training took, reading and writing included.
    seconds: float


@dataclass(frozen=True)
class EntityMean:
    """The mean of each entity's training rows, as it is. An unknown entity gets the mean of all."""

    is_drawn = False

    def predict(self, dataset, train, test, seed):
        target = polars.col(dataset.target)
        means = train.group_by(dataset.key).agg(target.mean().alias("mean"))
        answers = test.join(means, on=dataset.key, how="left", maintain_order="left")["mean"]
        return filled(dataset, train, answers, seconds=0.0)


@dataclass(frozen=True)
class Program:
    """`per-entity train` and `predict`, with no flags but input, key, target and `flags`."""

    path: str
    flags: tuple = ()

    @property
    def is_drawn(self):
        return "shared" in self.flags

    def predict(self, dataset, train, test, seed):
        """The program does not see the truth of the test rows."""
        flags = (*self.flags, "--shared-seed", seed) if seed else self.flags
        with tempfile.TemporaryDirectory() as directory:
            place = Path(directory)
            train.write_parquet(place / "train.parquet")
            test.drop(dataset.target).write_parquet(place / "test.parquet")
            started = time.perf_counter()
            self.run(
                "train", "--input", place / "train.parquet", "--output-dir", place / "models",
                "--key", dataset.key, "--target", dataset.target, *flags,
            )
            seconds = time.perf_counter() - started
            self.run(
                "predict", "--models", place / "models", "--input", place / "test.parquet",
                "--output", place / "answers.parquet",
            )
            answers = polars.read_parquet(place / "answers.parquet")
        column = "probability_1" if dataset.has_classes else "prediction"
        known = polars.when(polars.col("model") != "none").then(polars.col(column))
        return filled(dataset, train, answers.select(known)[column], seconds)

    def run(self, *arguments):
        result = subprocess.run(
            [self.path, *map(str, arguments), "--quiet"], capture_output=True, text=True
        )
        # 1 says that some entities or rows have no model; those are counted here.
        if result.returncode not in (0, 1):
            raise SystemExit(f"{self.path} {arguments[0]}: {result.stderr.strip()}")


def filled(dataset, train, answers, seconds):
    """The answers, the mean of all training rows where there is none; and how often that is."""
    filled = answers.fill_null(train[dataset.target].mean()).to_numpy()
    return Answers(filled, answers.null_count(), seconds)
