"""Reads a store with nothing but a CBOR library, and predicts a file in Adult's form with it.

The models' format is that of src/store/model.cddl. Prints one JSON line: rows, rows predicted,
accuracy by entity; `--output` writes one JSON object a line: the prediction, null where there is no
model, and the probability of each of the model's classes.
"""

import argparse
import csv
import json
import pathlib
import struct

import blake3
import cbor2
import pyarrow.parquet

COLUMNS = (
    "age workclass fnlwgt education education-num marital-status occupation relationship race sex "
    "capital-gain capital-loss hours-per-week native-country income"
).split()

# RFC 8746: tag of a typed array, and struct's letter for its items.
TYPED_ARRAYS = {64: "B", 69: "H", 70: "I", 85: "f", 86: "d"}


def numbers(array):
    letter = TYPED_ARRAYS[array.tag]
    count = len(array.value) // struct.calcsize("<" + letter)
    return struct.unpack(f"<{count}{letter}", array.value)


def is_member(bits, position):
    byte = position // 8
    return byte < len(bits) and bits[byte] >> position % 8 & 1 == 1


class Model:
    def __init__(self, record):
        assert record["version"] in (1, 2), record["version"]
        self.key = record["key"]
        self.classes = record["classes"]
        self.features = record["features"]
        self.feature = numbers(record["feature"])
        self.thresholds = numbers(record["thresholds"])
        self.sets = record.get("sets", [])
        self.decision = record.get("decision")
        counts = numbers(record["counts"])
        width = len(self.classes) or 1
        leaves = [counts[start : start + width] for start in range(0, len(counts), width)]
        self.leaves = numbers(record["values"]) if "values" in record else leaves
        missing = record.get("missing", b"")
        splits = zip(numbers(record["operand"]), numbers(record["right"]))
        splits = ((*split, is_member(missing, place)) for place, split in enumerate(splits))
        leaf = len(self.features)
        leaves = iter(self.leaves)
        self.nodes = [next(leaves) if f == leaf else next(splits) for f in self.feature]

    def leaf(self, row):
        """What the leaf that a row ends in holds: counts by class, or a quantity."""
        node = 0
        while self.feature[node] < len(self.features):
            operand, right, missing_left = self.nodes[node]
            name, categories = self.features[self.feature[node]]
            value = row[name]
            if categories is None:
                if value is None:
                    goes_left = missing_left
                else:
                    goes_left = float(value) <= self.thresholds[operand]
            elif operand < len(categories):
                goes_left = value == categories[operand]
            else:
                bits = self.sets[operand - len(categories)]
                goes_left = value in categories and is_member(bits, categories.index(value))
            node = node + 1 if goes_left else right
        return self.nodes[node]

    def probabilities(self, row):
        counts = self.leaf(row)
        return {label: count / sum(counts) for label, count in zip(self.classes, counts)}

    def predict(self, row):
        """The class, or the quantity."""
        if not self.classes:
            return self.leaf(row)
        shares = list(self.probabilities(row).items())
        if self.decision:
            label, share = shares[self.decision["positive"]]
            if share >= self.decision["threshold"] or len(shares) == 1:
                return label
            shares = [other for other in shares if other[0] != label]
        return max(shares, key=lambda share: share[1])[0]


def read_models(directory):
    manifest = json.loads((directory / "manifest.json").read_text())
    generation = next(g for g in manifest["generations"] if g["number"] == manifest["current"])
    place = directory / generation["directory"]
    models = {}
    for entity in pyarrow.parquet.read_table(place / "entities.parquet").to_pylist():
        if entity["file"] is None:
            continue
        with open(place / entity["file"], "rb") as file:
            file.seek(entity["offset"])
            data = file.read(entity["length"])
        assert blake3.blake3(data).digest() == entity["digest"], entity["key"]
        models[entity["key"]] = Model(cbor2.loads(data))
    return models


def read_rows(path):
    with open(path, newline="") as file:
        for fields in csv.reader(line for line in file if not line.startswith("|")):
            if len(fields) == len(COLUMNS):
                fields = [field.strip() for field in fields]
                yield {name: None if f == "?" else f for name, f in zip(COLUMNS, fields)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=pathlib.Path, required=True, help="the store")
    parser.add_argument("--input", required=True, help="a file in the form of adult.data")
    parser.add_argument("--key", default="education", help="the key column")
    parser.add_argument("--output", type=pathlib.Path, help="where the predictions go")
    arguments = parser.parse_args()

    models = read_models(arguments.models)
    predictions = []
    tally = {}
    for row in read_rows(arguments.input):
        model = models.get(row[arguments.key])
        probabilities = model.probabilities(row) if model and model.classes else {}
        prediction = model.predict(row) if model else None
        predictions.append({"prediction": prediction, "probabilities": probabilities})
        if model and None not in row.values():
            right, rows = tally.get(model.key, (0, 0))
            hit = prediction == row["income"].removesuffix(".")
            tally[model.key] = (right + hit, rows + 1)
    if arguments.output:
        arguments.output.write_text("".join(json.dumps(row) + "\n" for row in predictions))
    accuracy = {key: round(right / rows, 4) for key, (right, rows) in sorted(tally.items())}
    print(json.dumps({"rows": len(predictions), "models": len(models), "accuracy": accuracy}))


if __name__ == "__main__":
    main()
