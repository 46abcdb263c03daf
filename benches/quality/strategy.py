"""What predicts: each entity's mean, or the program."""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars


@dataclass(frozen=True)
class EntityMean:
    """The mean of each entity's training rows, as it is. An unknown entity gets the mean of all."""

    def predict(self, dataset, train, test):
        """A probability of 1, or a number, for each test row; and how many rows nothing knew."""
        target = polars.col(dataset.target)
        means = train.group_by(dataset.key).agg(target.mean().alias("mean"))
        answers = test.join(means, on=dataset.key, how="left", maintain_order="left")["mean"]
        return filled(dataset, train, answers)


@dataclass(frozen=True)
class Program:
    """`per-entity train` and `predict`, with no flags but input, key, target and `flags`."""

    path: str
    flags: tuple = ()

    def predict(self, dataset, train, test):
        """As `EntityMean.predict`; the program does not see the truth of the test rows."""
        with tempfile.TemporaryDirectory() as directory:
            place = Path(directory)
            train.write_parquet(place / "train.parquet")
            test.drop(dataset.target).write_parquet(place / "test.parquet")
            self.run(
                "train", "--input", place / "train.parquet", "--output-dir", place / "models",
                "--key", dataset.key, "--target", dataset.target, *self.flags,
            )
            self.run(
                "predict", "--models", place / "models", "--input", place / "test.parquet",
                "--output", place / "answers.parquet",
            )
            answers = polars.read_parquet(place / "answers.parquet")
        column = "probability_1" if dataset.has_classes else "prediction"
        known = polars.when(polars.col("model") != "none").then(polars.col(column))
        return filled(dataset, train, answers.select(known)[column])

    def run(self, *arguments):
        result = subprocess.run(
            [self.path, *map(str, arguments), "--quiet"], capture_output=True, text=True
        )
        # 1 says that some entities or rows have no model; those are counted here.
        if result.returncode not in (0, 1):
            raise SystemExit(f"{self.path} {arguments[0]}: {result.stderr.strip()}")


def filled(dataset, train, answers):
    """The answers, the mean of all training rows where there is none; and how often that is."""
    return answers.fill_null(train[dataset.target].mean()).to_numpy(), answers.null_count()
