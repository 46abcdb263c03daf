"""The nine datasets: where they lie, and how they are split into rows to train on and to test."""

import os
from dataclasses import dataclass
from pathlib import Path

import polars
from polars import selectors

ADULT_COLUMNS = (
    "age workclass fnlwgt education education-num marital-status occupation relationship race sex"
    " capital-gain capital-loss hours-per-week native-country income"
).split()
ADULT_NUMBERS = "age fnlwgt education-num capital-gain capital-loss hours-per-week".split()

FIFTHS = 5


@dataclass(frozen=True)
class Dataset:
    """One dataset. The positive class of a target of classes is 1."""

    name: str
    key: str
    target: str
    has_classes: bool

    def splits(self, repetitions, is_drawn):
        """The frames to train on and to test on, and a seed, once for each repetition.

        Adult has one split, which is repeated with other seeds where the strategy draws something.
        """
        if self.name == "adult":
            train, test = read_adult("adult.data"), read_adult("adult.test")
            for seed in range(repetitions if is_drawn else 1):
                yield train, test, seed
            return
        rows = self.rows()
        for repetition in range(repetitions):
            is_test = polars.col("fold") == repetition
            yield rows.filter(~is_test).drop("fold"), rows.filter(is_test).drop("fold"), 0

    def splits_of_entities(self, repetitions):
        """As `splits`, with a fifth of the entities to test on, each with all its rows."""
        rows = self.rows().drop("fold")
        entities = rows[self.key].unique().sort().shuffle(seed=0).to_list()
        for repetition in range(repetitions):
            is_test = polars.col(self.key).is_in(entities[repetition::FIFTHS])
            yield rows.filter(~is_test), rows.filter(is_test), 0

    def rows(self):
        return polars.read_parquet(quality_directory() / f"{self.name}.parquet")


DATASETS = (
    Dataset("adult", "education", "income", has_classes=True),
    Dataset("flights_dest", "dest", "late", has_classes=True),
    Dataset("churn_payment", "payment_method", "churn", has_classes=True),
    Dataset("taxi_company", "company", "tip", has_classes=True),
    Dataset("flights_delay", "dest", "arr_delay", has_classes=False),
    Dataset("bike_hour", "hr", "cnt", has_classes=False),
    Dataset("ames", "Neighborhood", "Sale_Price", has_classes=False),
    Dataset("radon_county", "county", "log_radon", has_classes=False),
    Dataset("sleepstudy", "Subject", "Reaction", has_classes=False),
)


def quality_directory():
    return directory("PER_ENTITY_QUALITY_DIR", "the Parquet files and reference.md")


def directory(variable, content):
    path = os.environ.get(variable)
    if path is None:
        raise SystemExit(f"{variable} is not set; it names the directory of {content}")
    return Path(path)


def read_adult(name):
    """The complete rows of one of Adult's two files."""
    path = directory("PER_ENTITY_ADULT_DIR", "adult.data and adult.test") / name
    rows = polars.read_csv(
        path, has_header=False, new_columns=ADULT_COLUMNS, comment_prefix="|", infer_schema=False
    )
    rows = rows.drop_nulls().with_columns(selectors.all().str.strip_chars())
    rows = rows.filter(~polars.any_horizontal(selectors.all() == "?"))
    is_positive = polars.col("income").str.starts_with(">50K")
    return rows.with_columns(
        polars.col(ADULT_NUMBERS).cast(polars.Int64), is_positive.cast(polars.Int64)
    )
