"""Record the trees that scikit-learn fits to small made-up datasets.

scikit-learn breaks ties between equally good splits at random, so only datasets
in which no node has such a tie can serve as golden files. Every recorded tree is
checked by brute force: all splits of all nodes are scored, the best one has to be
unique, and it has to be the one that scikit-learn chose.
"""

import argparse
import itertools
import json
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path

import numpy
from sklearn.tree import DecisionTreeClassifier

NUMERIC, CATEGORICAL = "numeric", "categorical"
MARGIN = 1e-9
ATTEMPTS = 5_000
LEAF = -1
PARAMETERS = (
    "criterion",
    "max_depth",
    "min_samples_split",
    "min_samples_leaf",
    "min_impurity_decrease",
)
WORDS = (
    "amber birch cedar delta ember flint grove heath inlet jetty knoll larch maple north ocean"
    " pearl quartz river slate thorn umber vale willow yarrow zinc"
).split()

# Name of a numeric column's style -> how it draws its values. All are exact in float32.
NUMBERS = {
    "small": lambda random, rows: random.integers(0, 12, rows),
    "integers": lambda random, rows: random.integers(-40, 200, rows),
    "eighths": lambda random, rows: random.integers(-400, 400, rows) / 8,
    "tiny": lambda random, rows: random.integers(1, 2000, rows) / 1024,
    "large": lambda random, rows: random.integers(0, 60_000, rows) * 256,
    "distinct": lambda random, rows: random.permutation(rows) * 3,
    "skewed": lambda random, rows: random.integers(1, 90, rows) * (random.random(rows) < 0.2),
    "constant": lambda random, rows: numpy.full(rows, 7),
}

WEIGHTS = {
    None: lambda random, rows: None,
    "integers": lambda random, rows: random.integers(1, 5, rows).astype(float),
    "dyadic": lambda random, rows: random.integers(1, 33, rows) / 8,
}


class Tie(Exception):
    """Two splits of one node are equally good, or a split is exactly at a limit."""


@dataclass(frozen=True)
class Recipe:
    """What a dataset looks like, and the settings of the tree that is fitted to it.

    A column is the name of a style in `NUMBERS`, or a number of categories.
    """

    name: str
    rows: int
    columns: list
    _: KW_ONLY
    classes: int = 2
    noise: float = 0.0
    rule_depth: int = 3
    weights: str | None = None
    criterion: str = "gini"
    max_depth: int | None = None
    min_samples_split: int = 2
    min_samples_leaf: int = 1
    min_impurity_decrease: float = 0.0

    @property
    def parameters(self):
        return {name: getattr(self, name) for name in PARAMETERS}


RECIPES = [
    Recipe("full_depth_small_values", 40, ["small", "small"]),
    Recipe("full_depth_integers", 90, ["integers", "eighths", "small"], rule_depth=4),
    Recipe("full_depth_entropy", 80, ["integers", "large"], criterion="entropy", rule_depth=4),
    Recipe("full_depth_four_classes", 150, ["eighths", "small", "integers"], classes=4),
    Recipe(
        "full_depth_four_classes_entropy", 150, ["eighths", "integers"], classes=4,
        criterion="entropy",
    ),
    Recipe("full_depth_six_classes", 240, ["integers", "small", "tiny", "eighths"], classes=6),
    Recipe("full_depth_weighted", 90, ["integers", "eighths", "small"], weights="integers"),
    Recipe(
        "full_depth_dyadic_entropy", 90, ["tiny", "small"], classes=3, weights="dyadic",
        criterion="entropy",
    ),
    Recipe("full_depth_distinct", 120, ["distinct", "distinct"], classes=3),
    Recipe("full_depth_deep_rule", 400, ["integers", "large", "eighths"], rule_depth=4),
    Recipe("one_level", 40, ["integers", "small"], noise=0.2, max_depth=1),
    Recipe(
        "two_levels_entropy", 60, ["eighths"] * 3, classes=3, noise=0.2, criterion="entropy",
        max_depth=2,
    ),
    Recipe("four_levels", 200, ["integers", "small", "eighths", "large"], noise=0.15, max_depth=4),
    Recipe(
        "five_levels", 400, ["integers", "eighths", "small", "tiny", "skewed", "large"],
        classes=6, noise=0.2, max_depth=5,
    ),
    Recipe(
        "five_levels_entropy", 400, ["integers"] * 6, classes=6, noise=0.2, criterion="entropy",
        max_depth=5,
    ),
    Recipe(
        "large_leaves", 300, ["integers", "eighths", "distinct"], noise=0.2,
        min_samples_leaf=12,
    ),
    Recipe(
        "large_leaves_entropy", 300, ["skewed", "large", "integers"], classes=3, noise=0.2,
        criterion="entropy", min_samples_leaf=9,
    ),
    Recipe(
        "large_leaves_weighted", 250, ["eighths", "small", "tiny"], classes=3, noise=0.2,
        weights="dyadic", min_samples_leaf=10,
    ),
    Recipe("large_splits", 300, ["integers", "eighths", "small"], noise=0.15, min_samples_split=40),
    Recipe(
        "large_splits_entropy", 200, ["tiny", "small"], classes=4, noise=0.15,
        criterion="entropy", min_samples_split=30,
    ),
    Recipe(
        "large_splits_weighted", 200, ["tiny", "eighths"], noise=0.2, weights="integers",
        min_samples_split=30,
    ),
    Recipe(
        "least_decrease", 300, ["integers", "eighths", "small"], noise=0.15,
        min_impurity_decrease=0.004,
    ),
    Recipe(
        "least_decrease_entropy", 300, ["large", "eighths"], classes=4, noise=0.15,
        criterion="entropy", min_impurity_decrease=0.02,
    ),
    Recipe(
        "least_decrease_weighted", 250, ["small"] * 5, classes=3, noise=0.1, weights="dyadic",
        min_impurity_decrease=0.0078125,
    ),
    Recipe(
        "no_split_is_good_enough", 50, ["integers", "small"], noise=0.5,
        min_impurity_decrease=0.4,
    ),
    Recipe(
        "all_limits", 350, ["tiny", "large", "distinct"], classes=5, noise=0.15,
        weights="integers", rule_depth=4, max_depth=5, min_samples_split=16, min_samples_leaf=4,
        min_impurity_decrease=0.003,
    ),
    Recipe(
        "all_limits_entropy", 400, ["integers", "skewed", "small", "eighths"], classes=3,
        noise=0.15, weights="dyadic", criterion="entropy", rule_depth=4, max_depth=6,
        min_samples_split=20, min_samples_leaf=5, min_impurity_decrease=0.002,
    ),
    Recipe("constant_column", 80, ["constant", "integers", "constant", "small"], classes=3),
    Recipe("only_constant_columns", 20, ["constant", "constant"], noise=0.5),
    Recipe("one_class", 25, ["integers", "small"], classes=1),
    Recipe(
        "six_columns", 400, ["small", "integers", "eighths", "tiny", "large", "skewed"],
        classes=5, noise=0.1, weights="integers", criterion="entropy", rule_depth=4,
        max_depth=6, min_samples_leaf=6,
    ),
    Recipe("categories_only", 120, [5, 7], noise=0.1, max_depth=3),
    Recipe("categories_only_full_depth", 100, [9, 6], classes=3),
    Recipe(
        "categories_entropy", 160, [8, 6, 5], classes=3, noise=0.1, criterion="entropy",
        max_depth=4, min_samples_leaf=4,
    ),
    Recipe("mixed", 150, ["integers", 6], noise=0.1, max_depth=4, min_samples_leaf=3),
    Recipe("mixed_full_depth", 160, ["integers", 8, "small"], classes=3, rule_depth=4),
    Recipe(
        "mixed_entropy", 200, [7, "eighths", 10, "small"], classes=4, noise=0.1,
        criterion="entropy", max_depth=4, min_samples_leaf=4,
    ),
    Recipe(
        "mixed_weighted", 200, ["large", 12, "small", 5], noise=0.1, weights="dyadic",
        max_depth=5, min_samples_leaf=5,
    ),
    Recipe(
        "mixed_weighted_entropy", 300, [25, "integers", 6, "tiny"], classes=5, noise=0.1,
        weights="integers", criterion="entropy", max_depth=5, min_samples_leaf=4,
    ),
    Recipe("mixed_large_splits", 300, [6, "skewed", 9], classes=3, noise=0.1, min_samples_split=40),
    Recipe(
        "mixed_least_decrease", 300, ["integers", 15, 7], classes=3, noise=0.1,
        min_impurity_decrease=0.00390625,
    ),
    Recipe(
        "mixed_all_limits", 400, [20, "integers", 8, "eighths", "small", 6], classes=6,
        noise=0.1, weights="dyadic", rule_depth=4, max_depth=6, min_samples_split=20,
        min_samples_leaf=5, min_impurity_decrease=0.002,
    ),
]


@dataclass
class Dataset:
    kinds: list
    features: list
    labels: numpy.ndarray
    weights: numpy.ndarray | None

    # What scikit-learn sees: numbers as they are, and categories one-hot encoded. `origins` has
    # the feature and the category (None for a number) behind each column of `matrix`.
    matrix: numpy.ndarray = field(init=False)
    origins: list = field(init=False)

    # One row per row of the dataset: its weight in the column of its class, else zero.
    class_weights: numpy.ndarray = field(init=False)

    def __post_init__(self):
        columns, self.origins = [], []
        for index, (kind, values) in enumerate(zip(self.kinds, zip(*self.features))):
            values = numpy.array(values)
            for category in sorted(set(values)) if kind == CATEGORICAL else [None]:
                columns.append(values if category is None else values == category)
                self.origins.append((index, category if category is None else str(category)))
        self.matrix = numpy.column_stack(columns).astype(float)
        assert (self.matrix == self.matrix.astype(numpy.float32)).all()
        weights = numpy.ones(len(self.labels)) if self.weights is None else self.weights
        self.class_weights = numpy.eye(self.labels.max() + 1)[self.labels] * weights[:, None]


def make_dataset(recipe, seed):
    """Random columns, and labels that follow a random rule, but for some noise."""
    random = numpy.random.default_rng(seed)
    kinds = [CATEGORICAL if isinstance(style, int) else NUMERIC for style in recipe.columns]
    columns = [draw_column(random, style, recipe.rows) for style in recipe.columns]
    labels = numpy.zeros(recipe.rows, dtype=int)
    draw_rule(random, recipe, columns, labels, numpy.arange(recipe.rows), recipe.rule_depth)
    noisy = random.random(recipe.rows) < recipe.noise
    labels[noisy] = random.integers(0, recipe.classes, noisy.sum())
    weights = WEIGHTS[recipe.weights](random, recipe.rows)
    rows = [list(row) for row in zip(*(column.tolist() for column in columns))]
    return Dataset(kinds, rows, labels, weights)


def draw_column(random, style, rows):
    if isinstance(style, int):
        return random.choice(WORDS[:style], rows)
    return NUMBERS[style](random, rows).astype(float)


def draw_rule(random, recipe, columns, labels, rows, depth):
    """Label `rows` with a random tree of the given depth."""
    column = columns[random.integers(len(columns))][rows]
    if depth == 0 or len(set(column)) < 2:
        labels[rows] = random.integers(recipe.classes)
        return
    if column.dtype.kind == "U":
        goes_left = column == random.choice(column)
    else:
        goes_left = column <= numpy.quantile(column, random.uniform(0.25, 0.75))
    for side in (rows[goes_left], rows[~goes_left]):
        draw_rule(random, recipe, columns, labels, side, depth - 1)


def impurity(criterion, counts):
    """The impurity of class counts, along the last axis."""
    shares = counts / counts.sum(axis=-1, keepdims=True)
    if criterion == "gini":
        return 1 - (shares**2).sum(axis=-1)
    logarithms = numpy.log2(shares, out=numpy.zeros_like(shares), where=shares > 0)
    return -(shares * logarithms).sum(axis=-1)


def score_splits(recipe, matrix, class_weights):
    """The impurity decrease of every allowed split of a node: (decrease, column, threshold)."""
    counts = class_weights.sum(axis=0)
    for column, values in enumerate(matrix.T):
        distinct = numpy.unique(values)
        thresholds = (distinct[:-1] + distinct[1:]) / 2
        is_left = values <= thresholds[:, None]
        left_rows = is_left.sum(axis=1)
        smaller_side = numpy.minimum(left_rows, len(values) - left_rows)
        allowed = smaller_side >= recipe.min_samples_leaf
        left = is_left[allowed] @ class_weights
        right = counts - left
        after = left.sum(axis=1) * impurity(recipe.criterion, left)
        after += right.sum(axis=1) * impurity(recipe.criterion, right)
        decreases = impurity(recipe.criterion, counts) - after / counts.sum()
        yield from zip(decreases, itertools.repeat(column), thresholds[allowed])


def best_split(recipe, dataset, rows, depth):
    """The (column, threshold) that the node of these rows must be split at; None for a leaf."""
    class_weights = dataset.class_weights
    counts = class_weights[rows].sum(axis=0)
    node_impurity = impurity(recipe.criterion, counts)
    is_too_small = len(rows) < max(recipe.min_samples_split, 2 * recipe.min_samples_leaf)
    if is_too_small or depth == recipe.max_depth or numpy.count_nonzero(counts) == 1:
        return None
    splits = sorted(score_splits(recipe, dataset.matrix[rows], class_weights[rows]), reverse=True)
    if not splits:
        return None
    decrease, column, threshold = splits[0]
    if len(splits) > 1 and decrease - splits[1][0] <= MARGIN * node_impurity:
        raise Tie
    weighted_decrease = decrease * counts.sum() / class_weights.sum()
    # The default limit of 0 is no limit: a split without any gain is a split all the same.
    if recipe.min_impurity_decrease > 0:
        if abs(weighted_decrease - recipe.min_impurity_decrease) <= MARGIN:
            raise Tie
        if weighted_decrease < recipe.min_impurity_decrease:
            return None
    return column, threshold


def record_tree(recipe, dataset):
    """Fit scikit-learn's tree, check it node by node, and list its nodes in preorder."""
    classifier = DecisionTreeClassifier(random_state=0, **recipe.parameters)
    fitted = classifier.fit(dataset.matrix, dataset.labels, dataset.weights).tree_
    names = ("feature", "category", "threshold", "left", "right", "counts", "impurity")
    nodes = {name: [] for name in names}

    def visit(source, rows, depth):
        node = len(nodes["feature"])
        counts = dataset.class_weights[rows].sum(axis=0)
        total = fitted.weighted_n_node_samples[source]
        assert numpy.allclose(counts, fitted.value[source][0] * total, rtol=1e-12)
        leaf = (LEAF, None, 0.0, LEAF, LEAF, counts.tolist(), float(fitted.impurity[source]))
        for name, value in zip(names, leaf):
            nodes[name].append(value)

        split = best_split(recipe, dataset, rows, depth)
        children = fitted.children_left[source], fitted.children_right[source]
        if split is None:
            assert children == (LEAF, LEAF)
            return
        column, threshold = split
        assert (column, threshold) == (fitted.feature[source], fitted.threshold[source])
        is_left = dataset.matrix[rows, column] <= threshold
        sides = list(zip(children, (rows[is_left], rows[~is_left])))
        feature, category = dataset.origins[column]
        if category is not None:
            # One-hot columns send "is the category" to the right; the recorded trees to the left.
            sides.reverse()
            threshold = 0.0
        nodes["feature"][node] = feature
        nodes["category"][node] = category
        nodes["threshold"][node] = float(threshold)
        for name, (child, child_rows) in zip(("left", "right"), sides):
            nodes[name][node] = len(nodes["feature"])
            visit(child, child_rows, depth + 1)

    visit(0, numpy.arange(len(dataset.labels)), 0)
    return nodes


def record_case(recipe, first_seed):
    """The first seed's dataset that has every class and no tie, with its tree."""
    for seed in range(first_seed, first_seed + ATTEMPTS):
        dataset = make_dataset(recipe, seed)
        if len(set(dataset.labels)) < recipe.classes:
            continue
        try:
            tree = record_tree(recipe, dataset)
        except Tie:
            continue
        return describe_case(recipe.name, recipe.parameters, dataset, tree)
    raise SystemExit(f"{recipe.name}: every one of {ATTEMPTS} datasets has a tie; relax the recipe")


def record_split_without_gain():
    """A lone possible split that gains nothing: scikit-learn takes it, there being no limit."""
    features = [[float(row % 2), 5.0] for row in range(20)]
    labels = numpy.array([row // 2 % 2 for row in range(20)])
    dataset = Dataset([NUMERIC, NUMERIC], features, labels, None)
    recipe = Recipe("split_without_gain", len(features), ["small", "constant"])
    return describe_case(recipe.name, recipe.parameters, dataset, record_tree(recipe, dataset))


def describe_case(name, parameters, dataset, tree):
    weights = None if dataset.weights is None else dataset.weights.tolist()
    return {
        "name": name,
        "parameters": parameters,
        "kinds": dataset.kinds,
        "features": dataset.features,
        "labels": dataset.labels.tolist(),
        "weights": weights,
        "tree": tree,
    }


def shorten(value):
    """Write whole numbers without a fraction."""
    if isinstance(value, dict):
        return {name: shorten(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shorten(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def main():
    default_output = Path(__file__).parents[2] / "tests" / "golden" / "trees.json"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=default_output, help="The file to write.")
    parser.add_argument("--seed", type=int, default=0, help="The first seed to try for a dataset.")
    arguments = parser.parse_args()

    cases = [record_case(recipe, arguments.seed) for recipe in RECIPES]
    cases.append(record_split_without_gain())
    lines = [json.dumps(shorten(case), separators=(",", ":")) for case in cases]
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
