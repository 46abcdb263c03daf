"""Apache Beam's example of per-entity training, with a store for its models.

Reads rows of the Adult census data as CSV, keeps the complete ones of the higher degrees, trains a
model for each level of education, predicts other rows, and writes how good the models are:

    python beam_adult.py --input adult.data --test adult.test --output-dir models \
        --metrics metrics.json

Beam's own is in apache_beam/examples/per_entity_training.py. Where it creates keys, groups,
encodes, fits and saves, here is one transform. Fields are trimmed, a number is a number, and rows
with a missing value are left out, which is what that example means to do.
"""

import argparse
import csv
import json
import math

import apache_beam as beam
from apache_beam.ml.inference.base import RunInference
from apache_beam.options.pipeline_options import PipelineOptions

from per_entity.beam import StoreModelHandler, TrainEntities

COLUMNS = (
    "age workclass fnlwgt education education-num marital-status occupation relationship race sex"
    " capital-gain capital-loss hours-per-week native-country income"
).split()
NUMBERS = "age fnlwgt education-num capital-gain capital-loss hours-per-week".split()
DEGREES = ("Bachelors", "Masters", "Doctorate")


def rows_of_line(line):
    """The row of a line of CSV, or none if it is not complete or of another level."""
    fields = next(csv.reader([line], skipinitialspace=True), [])
    row = dict(zip(COLUMNS, map(str.strip, fields)))
    if len(fields) == len(COLUMNS) and "?" not in fields and row["education"] in DEGREES:
        row.update({name: int(row[name]) for name in NUMBERS})
        # The rows of adult.test end in a full stop.
        row["income"] = row["income"].rstrip(".")
        yield row


def scores_of_result(result):
    """How good a prediction is, once for its entity and once for all."""
    truth, answer = result.example["income"], result.inference
    probability = max(answer[f"probability_{truth}"], 1e-15)
    scores = (float(answer["prediction"] == truth), -math.log(probability), 1.0)
    yield result.example["education"], scores
    yield "overall", scores


def sums(scores):
    return tuple(map(sum, zip(*scores)))


def metrics(entity, scores):
    right, loss, rows = scores
    return entity, {"rows": int(rows), "accuracy": right / rows, "log_loss": loss / rows}


def run(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--input", required=True, help="Rows to train on.")
    parser.add_argument("--test", required=True, help="Rows to predict.")
    parser.add_argument("--output-dir", required=True, help="The folder of the store.")
    parser.add_argument("--metrics", required=True, help="The JSON file to write.")
    arguments, others = parser.parse_known_args(argv)
    with beam.Pipeline(options=PipelineOptions(others)) as pipeline:
        trained = (
            pipeline
            | "Read rows" >> beam.io.ReadFromText(arguments.input)
            | "Keep complete ones" >> beam.FlatMap(rows_of_line)
            | "Train" >> TrainEntities(arguments.output_dir, key="education", target="income")
        )
        _ = (
            pipeline
            | "Read test" >> beam.io.ReadFromText(arguments.test)
            | "Keep complete test" >> beam.FlatMap(rows_of_line)
            | "Predict"
            >> RunInference(
                StoreModelHandler(arguments.output_dir), model_metadata_pcoll=trained
            )
            | "Score" >> beam.FlatMap(scores_of_result)
            | "Sum" >> beam.CombinePerKey(sums)
            | "Metrics" >> beam.MapTuple(metrics)
            | "All" >> beam.combiners.ToDict()
            | "As JSON" >> beam.Map(json.dumps, sort_keys=True)
            | "Write" >> beam.io.WriteToText(arguments.metrics, shard_name_template="")
        )


if __name__ == "__main__":
    run()
