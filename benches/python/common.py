"""What the peers share: arguments, reading, the model, its accuracy, and the report."""

import argparse
import contextlib
import importlib
import importlib.metadata
import json
import os
import platform
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import joblib
import pandas
import pyarrow.parquet
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

ADULT_COLUMNS = (
    "age workclass fnlwgt education education-num marital-status occupation relationship race sex"
    " capital-gain capital-loss hours-per-week native-country income"
).split()
ADULT_NUMBERS = "age fnlwgt education-num capital-gain capital-loss hours-per-week".split()
ADULT_KEY = "education"
ADULT_ENTITIES = ("Bachelors", "Doctorate", "Masters")


def argument_parser(description, parallel=False):
    parser = argparse.ArgumentParser(description=description)
    add = parser.add_argument
    add(
        "--input",
        type=Path,
        required=True,
        help="Rows to train on: Adult's CSV without a header, CSV with one, or Parquet (a file or"
        " a directory).",
    )
    add("--test", type=Path, help="Rows to measure the accuracy on, in the same form.")
    add("--key", default=ADULT_KEY, help="The column that names the entity; default: %(default)s.")
    add("--target", default="income", help="The column to predict; default: %(default)s.")
    add("--limit-entities", type=int, metavar="N", help="Train only the first N entities, sorted.")
    add(
        "--all-levels",
        action="store_true",
        help="Train every level of education, not only Bachelors, Masters and Doctorate.",
    )
    add("--output-dir", type=Path, required=True, help="The directory that the models go to.")
    if parallel:
        add(
            "--jobs",
            type=int,
            default=os.cpu_count(),
            help="How many cores to use; default: all (%(default)s).",
        )
    return parser


def columns_of(arguments):
    """The input's column names, and whether they come from the input itself."""
    if is_parquet(arguments.input):
        first = next(arguments.input.glob("*.parquet"), arguments.input)
        return pyarrow.parquet.read_schema(first).names, True
    with arguments.input.open() as lines:
        names = [name.strip() for name in next(lines).split(",")]
    if {arguments.key, arguments.target} <= set(names):
        return names, True
    return ADULT_COLUMNS, False


def is_parquet(path):
    return path.is_dir() or path.suffix == ".parquet"


def read_rows(arguments, path, columns=None):
    """The rows of a file without a missing value in any of the columns."""
    if is_parquet(path):
        frame = pandas.read_parquet(path, columns=columns)
    elif columns_of(arguments)[1]:
        frame = pandas.read_csv(path, usecols=columns, skipinitialspace=True, na_values="?")
    else:
        frame = pandas.read_csv(
            path,
            names=ADULT_COLUMNS,
            usecols=columns,
            skipinitialspace=True,
            na_values="?",
            comment="|",
        )
        if arguments.target in frame:
            frame[arguments.target] = frame[arguments.target].str.rstrip(".")
    return frame.dropna()


def wanted_entities(arguments):
    """The names of the entities to train, or None for all of them."""
    entities = None
    if arguments.key == ADULT_KEY and not arguments.all_levels:
        entities = list(ADULT_ENTITIES)
    if arguments.limit_entities is not None:
        if entities is None:
            keys = read_rows(arguments, arguments.input, [arguments.key])[arguments.key]
            entities = sorted(keys.unique().tolist())
        entities = entities[: arguments.limit_entities]
    return entities


def select(frame, key, wanted):
    return frame if wanted is None else frame[frame[key].isin(wanted)]


def fit_model(rows, key, target):
    """One entity's tree, behind the encoding of its columns."""
    features = rows.drop(columns=[key, target])
    numbers = features.select_dtypes("number").columns
    texts = features.columns.difference(numbers, sort=False)
    encoder = ColumnTransformer(
        [
            ("texts", OneHotEncoder(handle_unknown="ignore"), texts),
            ("numbers", MinMaxScaler(), numbers),
        ]
    )
    model = Pipeline([("encoder", encoder), ("tree", DecisionTreeClassifier(random_state=0))])
    return model.fit(features, rows[target])


def model_path(directory, entity):
    return directory / (quote(str(entity), safe="") + ".joblib")


def save_model(directory, entity, model):
    """Write one entity's model and return its size in bytes."""
    path = model_path(directory, entity)
    joblib.dump(model, path)
    return path.stat().st_size


def fit_and_save(directory, entity, rows, key, target):
    """Train and write one entity's model; return what to count of it."""
    size = save_model(directory, entity, fit_model(rows, key, target))
    return Training(rows=len(rows), entities=1, model_bytes=size)


@dataclass
class Training:
    rows: int = 0
    entities: int = 0
    model_bytes: int = 0

    def __add__(self, other):
        return Training(
            self.rows + other.rows,
            self.entities + other.entities,
            self.model_bytes + other.model_bytes,
        )


class Stopwatch:
    """Adds up the seconds of each step, and those from the first to the last."""

    def __init__(self):
        self.started = time.perf_counter()
        self.seconds = Counter()

    @contextlib.contextmanager
    def measure(self, step):
        started = time.perf_counter()
        yield
        self.seconds[step] += time.perf_counter() - started

    def report(self):
        """The seconds of each step; None where a peer does it inside another one."""
        seconds = {step: self.seconds.get(step) for step in ("read", "fit", "serialize")}
        seconds["total"] = time.perf_counter() - self.started
        return {
            step: value if value is None else round(value, 4) for step, value in seconds.items()
        }


def predict(arguments, entity, rows):
    """One entity's predictions by its saved model; None if it has no model."""
    path = model_path(arguments.output_dir, entity)
    if not path.exists():
        return None
    return joblib.load(path).predict(rows.drop(columns=[arguments.key, arguments.target]))


def share_right(arguments, groups, predict=predict):
    """The share of right predictions over all entities that have a model; None without rows."""
    right = total = 0
    for entity, rows in groups:
        predicted = predict(arguments, entity, rows)
        if predicted is not None:
            right += int((predicted == rows[arguments.target]).sum())
            total += len(rows)
    return round(right / total, 6) if total else None


def test_groups(arguments, wanted):
    """The test rows by entity."""
    frame = select(read_rows(arguments, arguments.test), arguments.key, wanted)
    return frame.groupby(arguments.key, observed=True)


def measure_accuracy(arguments, wanted):
    return share_right(arguments, test_groups(arguments, wanted))


def run(train, arguments, measure_accuracy=measure_accuracy, library=None):
    """Train, measure and print one line of JSON, alone on the standard output.

    `train(arguments, wanted, stopwatch)` returns a `Training`. A peer whose library is not
    installed says so and counts as a success.
    """
    output = take_output()
    peer = Path(sys.argv[0]).stem
    if library is not None:
        try:
            importlib.import_module(library)
        except ImportError as error:
            print(json.dumps({"peer": peer, "skipped": str(error)}), file=output)
            return
    arguments.output_dir.mkdir(parents=True, exist_ok=True)
    wanted = wanted_entities(arguments)
    stopwatch = Stopwatch()
    training = train(arguments, wanted, stopwatch)
    report = {
        "peer": peer,
        "rows": training.rows,
        "entities": training.entities,
        "seconds": stopwatch.report(),
        "model_bytes": training.model_bytes,
        "accuracy": measure_accuracy(arguments, wanted) if arguments.test else None,
        "versions": versions(library),
    }
    print(json.dumps(report), file=output)


def take_output():
    """Take the standard output, and send what libraries and child processes print to the error."""
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return output


def versions(library):
    names = ["scikit-learn", "pandas", "numpy", *([library] if library else [])]
    return {"python": platform.python_version()} | {
        name: importlib.metadata.version(name) for name in names
    }
