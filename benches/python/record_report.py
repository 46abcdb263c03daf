"""Records what scikit-learn and Fairlearn say of the predictions of whole stores.

Trains and predicts with the `per-entity` binary, and evaluates what it predicted. The result,
tests/golden/report.json, is what tests/suite/evaluate compares the output of `evaluate` with.
Run it from the root of the repository, on Python 3.11 or later, and again when trees change:

    pip install scikit-learn==1.9.1 fairlearn==0.15.0 scipy==1.17.1 polars
    python benches/python/record_report.py --binary target/release/per-entity --adult DIRECTORY
"""

import argparse
import json
import subprocess
import tempfile
import warnings
from pathlib import Path

import numpy as np
import polars as pl
from record_metrics import fairness, metrics, without_nan

GOLDEN = Path("tests/golden/report.json")
SAMPLE = "fixtures/adult-sample.csv"

CASES = [
    {
        "name": "Adult, two classes",
        "train": ["--preset", "adult", "--input", "ADULT/adult.data", "--where", "true"],
        "test": "ADULT/adult.test",
        "target": "income",
        "positive": ">50K",
        "group_by": ["sex", "race"],
    },
    {
        "name": "Adult, seven classes",
        "train": [
            *["--preset", "adult", "--input", "ADULT/adult.data", "--where", "true", "--target", "marital-status"],
            *["--max-depth", "6"],
        ],
        "test": "ADULT/adult.test",
        "target": "marital-status",
        "positive": "Never-married",
        "group_by": ["sex"],
    },
    {
        "name": "made-up rows, two classes",
        "train": ["--preset", "adult", "--input", SAMPLE, "--where", "true", "--max-depth", "2"],
        "test": SAMPLE,
        "target": "income",
        "positive": ">50K",
        "group_by": ["sex"],
    },
    {
        "name": "made-up rows, many classes",
        "train": [
            *["--preset", "adult", "--input", SAMPLE, "--where", "true", "--target", "occupation"],
            *["--max-depth", "4"],
        ],
        "test": SAMPLE,
        "target": "occupation",
        "positive": "Sales",
        "group_by": ["race"],
    },
]


def main():
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--adult", required=True)
    arguments = parser.parse_args()
    golden = [case | evaluated(case, arguments) for case in CASES]
    text = json.dumps(without_nan(golden), separators=(",", ":"), allow_nan=False)
    GOLDEN.write_text(text + "\n")
    print(f"{GOLDEN}: {len(golden)} cases, {len(text)} bytes")


def evaluated(case, arguments):
    rows, classes = predictions(case, arguments)
    # Rows that evaluate leaves out: a missing value in any column.
    rows = rows.drop_nulls([c for c in rows.columns if not c.startswith("probability_")])
    entities = rows.partition_by("education", as_dict=True)
    return {
        "classes": classes,
        "overall": figures(case, rows, classes),
        "entities": {
            key: figures(case, rows, classes) for (key,), rows in sorted(entities.items())
        },
    }


def predictions(case, arguments):
    def path(text):
        return text.replace("ADULT", arguments.adult)

    with tempfile.TemporaryDirectory() as directory:
        models, output = f"{directory}/models", f"{directory}/predicted.parquet"
        run = [arguments.binary, "train", "--output-dir", models, "--quiet"]
        run += ["--pruning", "none", "--category-splits", "one"]
        subprocess.run([*run, *map(path, case["train"])], check=True)
        run = [arguments.binary, "predict", "--models", models, "--quiet"]
        files = ["--input", path(case["test"]), "--output", output]
        subprocess.run([*run, *files], check=True)
        rows = pl.read_parquet(output)
    prefix = "probability_"
    return rows, [c.removeprefix(prefix) for c in rows.columns if c.startswith(prefix)]


def figures(case, rows, classes):
    positions = {text: position for position, text in enumerate(classes)}
    truth = rows[case["target"]].str.strip_suffix(".")
    truth = np.array([positions[text] for text in truth])
    scores = rows.select(f"probability_{text}" for text in classes).to_numpy()
    groups = rows.select(case["group_by"]).rows()
    names = sorted(set(groups))
    numbers = np.array([names.index(group) for group in groups])
    fair = fairness(truth, scores, numbers, positions[case["positive"]])
    for group in fair["groups"] if fair else []:
        group["values"] = names[group.pop("group")]
    labels = list(range(len(classes)))
    return {"metrics": metrics(truth, scores, labels, len(classes)), "fairness": fair}


if __name__ == "__main__":
    main()
