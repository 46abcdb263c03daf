"""Reads a store with nothing but a CBOR library, and predicts a file in Adult's form with it.

The models' format is that of src/store/model.cddl. Prints one JSON line: rows, rows predicted,
accuracy by entity; `--output` writes one JSON object a line: the prediction, null where there is no
model, and the probability of each of the model's classes.
"""

import argparse
import bisect
import csv
import json
import math
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


def decide(decision, shares):
    """The most probable class of pairs of a class and its probability, or what is decided on."""
    if decision:
        label, share = shares[decision["positive"]]
        if share >= decision["threshold"] or len(shares) == 1:
            return label
        shares = [other for other in shares if other[0] != label]
    return max(shares, key=lambda share: share[1])[0]


class Tree:
    """A model that is a tree."""

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
        return decide(self.decision, list(self.probabilities(row).items()))


class Bins:
    """What the codes of a feature, of a number or of a score stand for."""

    def __init__(self, record):
        self.edges = numbers(record["edges"]) if "edges" in record else None
        self.categories = record.get("categories")

    def code(self, value):
        if self.edges is None:
            if value is None:
                return len(self.categories) + 1
            known = value in self.categories
            return self.categories.index(value) if known else len(self.categories)
        if value is None or math.isnan(float(value)):
            return self.missing()
        return bisect.bisect_left(self.edges, float(value))

    def missing(self):
        return len(self.edges) + 1


class Trees:
    """Trees whose leaves are added up; `bins` are those of the codes that they ask for."""

    def __init__(self, record, bins, outputs):
        self.outputs = outputs
        self.start = numbers(record["start"]) if "start" in record else [0.0] * outputs
        features = numbers(record["feature"])
        operands = enumerate(numbers(record["operand"]))
        values = iter(numbers(record["values"]))
        missing, sets = record.get("missing", b""), record.get("sets", [])

        def subtree():
            feature = features[self.read]
            self.read += 1
            if feature == 0:
                return next(values)
            split, operand = next(operands)
            if operand < 256:
                codes = set(range(operand + 1))
                if is_member(missing, split):
                    codes.add(bins[feature - 1].missing())
            else:
                codes = {code for code in range(256) if is_member(sets[operand - 256], code)}
            return feature - 1, codes, subtree(), subtree()

        self.read, self.trees = 0, []
        while self.read < len(features):
            self.trees.append(subtree())

    def add(self, codes, weight, scores):
        for output, start in enumerate(self.start):
            scores[output] += weight * start
        for place, node in enumerate(self.trees):
            while isinstance(node, tuple):
                feature, left_codes, left, right = node
                node = left if codes[feature] in left_codes else right
            scores[place % self.outputs] += weight * node


class Boosted:
    """A model that predicts by scores."""

    def probabilities(self, row):
        if not self.classes:
            return {}
        scores = self.scores(row)
        if self.loss == "logistic":
            positive = 1 / (1 + math.exp(-scores[0]))
            shares = [1 - positive, positive]
        else:
            powers = [math.exp(score - max(scores)) for score in scores]
            shares = [power / sum(powers) for power in powers]
        return dict(zip(self.classes, shares))

    def predict(self, row):
        """The class, or the quantity."""
        if self.classes:
            return decide(self.decision, list(self.probabilities(row).items()))
        score = self.scores(row)[0]
        return math.exp(score) if self.loss == "poisson" else score


def output_count(loss):
    return loss["softmax"] if isinstance(loss, dict) else 1


class OwnEnsemble(Boosted):
    """A model that is a boosted ensemble of the entity's own."""

    def __init__(self, record):
        self.key, self.classes = record["key"], record.get("classes", [])
        self.decision, self.loss = record.get("decision"), record["boosted"]["loss"]
        self.features = [(f["name"], Bins(f)) for f in record["boosted"]["features"]]
        bins = [bins for _, bins in self.features]
        self.trees = Trees(record["boosted"]["trees"], bins, output_count(self.loss))

    def scores(self, row):
        scores = [0.0] * self.trees.outputs
        self.trees.add([bins.code(row[name]) for name, bins in self.features], 1.0, scores)
        return scores


class Shared:
    """What all entities share."""

    def __init__(self, record):
        assert record["version"] == 3, record["version"]
        self.classes, self.loss = record["classes"], record["loss"]
        self.outputs = output_count(self.loss)
        self.features = [(f["name"], Bins(f)) for f in record["features"]]
        self.numbers = [Bins(number) for number in record.get("numbers", [])]
        self.entity = Bins({"categories": record.get("categories", [])})
        self.score_bins = [Bins({"edges": edges}) for edges in record["score_bins"]]
        bins = [bins for _, bins in self.features] + self.numbers + [self.entity]
        self.bins = bins + self.score_bins
        self.members = []
        for member in record["members"]:
            weight = member["weight"] / len(member["trees"])
            trees = [Trees(trees, bins, self.outputs) for trees in member["trees"]]
            self.members.append((weight, trees))
        self.unknown = [Trees(trees, bins, self.outputs) for trees in record["unknown"]]

    def codes(self, row):
        return [bins.code(row[name]) for name, bins in self.features]


class Share(Boosted):
    """A model that is a share of what all entities share."""

    def __init__(self, record, shared):
        share = record["share"]
        self.key, self.decision, self.shared = record["key"], record.get("decision"), shared
        self.classes, self.loss, self.level = shared.classes, shared.loss, share["level"]
        numbers = zip(shared.numbers, share.get("numbers", []))
        self.codes = [bins.code(number) for bins, number in numbers]
        self.codes.append(shared.entity.code(self.key))
        trees = share.get("trees")
        self.trees = trees and Trees(trees, shared.bins, shared.outputs)

    def scores(self, row):
        codes = self.shared.codes(row) + self.codes
        scores = [0.0] * self.shared.outputs
        for weight, ensembles in self.shared.members:
            for trees in ensembles:
                trees.add(codes, weight, scores)
        codes += [bins.code(score) for bins, score in zip(self.shared.score_bins, scores)]
        scores = [score + level for score, level in zip(scores, self.level)]
        if self.trees:
            self.trees.add(codes, 1.0, scores)
        return scores


class Unknown(Boosted):
    """What answers for entities that are not known."""

    key = decision = None

    def __init__(self, shared):
        self.shared, self.classes, self.loss = shared, shared.classes, shared.loss

    def scores(self, row):
        scores = [0.0] * self.shared.outputs
        for trees in self.shared.unknown:
            trees.add(self.shared.codes(row), 1 / len(self.shared.unknown), scores)
        return scores


def model_of(record, shared):
    if record["version"] < 3:
        return Tree(record)
    return Share(record, shared) if "share" in record else OwnEnsemble(record)


def read_models(directory):
    text = (directory / "manifest.json").read_bytes()
    manifest = json.loads(text)
    digest = manifest.get("digest", "")
    if digest:
        blank = text.replace(digest.encode(), b"0" * 64)
        assert blake3.blake3(blank).hexdigest() == digest, "manifest.json"
    generation = next(g for g in manifest["generations"] if g["number"] == manifest["current"])
    place = directory / generation["directory"]
    models, shared = {}, None
    if "shared" in generation:
        data = (place / generation["shared"]["name"]).read_bytes()
        assert blake3.blake3(data).hexdigest() == generation["shared"]["digest"]
        shared = Shared(cbor2.loads(data))
    table = (place / generation["entities_file"]["name"]).read_bytes()
    assert blake3.blake3(table).hexdigest() == generation["entities_file"]["digest"]
    for entity in pyarrow.parquet.read_table(pyarrow.BufferReader(table)).to_pylist():
        if entity["file"] is None:
            continue
        with open(place / entity["file"], "rb") as file:
            file.seek(entity["offset"])
            data = file.read(entity["length"])
        assert blake3.blake3(data).digest() == entity["digest"], entity["key"]
        models[entity["key"]] = model_of(cbor2.loads(data), shared)
    return models, shared and Unknown(shared)


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

    models, unknown = read_models(arguments.models)
    predictions = []
    tally = {}
    for row in read_rows(arguments.input):
        model = models.get(row[arguments.key], unknown)
        probabilities = model.probabilities(row) if model and model.classes else {}
        prediction = model.predict(row) if model else None
        predictions.append({"prediction": prediction, "probabilities": probabilities})
        if model and model.key and None not in row.values():
            right, rows = tally.get(model.key, (0, 0))
            hit = prediction == row["income"].removesuffix(".")
            tally[model.key] = (right + hit, rows + 1)
    if arguments.output:
        arguments.output.write_text("".join(json.dumps(row) + "\n" for row in predictions))
    accuracy = {key: round(right / rows, 4) for key, (right, rows) in sorted(tally.items())}
    print(json.dumps({"rows": len(predictions), "models": len(models), "accuracy": accuracy}))


if __name__ == "__main__":
    main()
