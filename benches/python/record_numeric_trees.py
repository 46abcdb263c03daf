"""Record scikit-learn's trees of numbers: regression, missing values, cost-complexity pruning.

As in record_trees.py, only trees without ties are recorded: all splits of all nodes are scored by
brute force, the best one has to be unique, and it has to be the one that scikit-learn chose, so the
tree is the same for every `random_state`.

What there is to know of scikit-learn 1.9, and of the recorded cases:

- It reads features as float32 and takes values up to 1e-7 apart as equal. All values here are exact
  in float32 and further apart.
- A node with missing values is searched twice: with these on the right, where the last candidate
  has all numbers on the left (its threshold is infinite, written as null), and with these on the
  left. So "missing alone" is always on the right.
- Where a node has no missing value of its feature, a missing value to predict goes where more rows
  went, not where more weight went, and to the right if as many went to each side.
- All criteria take missing values, absolute_error too.
- absolute_error predicts the weighted median. Where the weights up to one value are exactly half of
  all, it is the midpoint between that value and the next, whatever their weights.
- poisson refuses a side whose targets sum up to 0. Its impurity is half of the mean deviance.
- A node is a leaf where its impurity is at most 2.2e-16, in units of the target. Targets and
  weights here are multiples of 1/8, so the impurity of equal targets is exactly 0.
- `min_impurity_decrease` is compared as "decrease + 2.2e-16 < limit"; with 0, a split without any
  gain is taken.
- `ccp_alpha=0` does not prune at all, not even splits without gain. Else a subtree is pruned while
  its effective alpha is at most `ccp_alpha`. Alphas of poisson and absolute_error are in units of
  their impurities.
"""

import argparse
import itertools
import json
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from pathlib import Path

import numpy
from record_trees import NUMBERS, PARAMETERS, WEIGHTS, Tie, draw_rule, impurity, shorten
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

CLASS_CRITERIA = ("gini", "entropy")
MARGIN = 1e-7
ATTEMPTS = 5_000
PROBES = 24
LEAF = -1


@dataclass(frozen=True)
class Recipe:
    """What a dataset looks like, and the settings of the tree that is fitted to it.

    A column is the name of a style in `NUMBERS`. The targets are `classes` levels by a random rule;
    `noise` is the share of rows with any level instead, `scatter` the largest difference from the
    level, in eighths. `holes` has the share of missing values of each column, or "telling" where
    they are missing by the level.
    """

    name: str
    rows: int
    columns: list
    _: KW_ONLY
    classes: int = 4
    noise: float = 0.0
    scatter: int = 0
    rule_depth: int = 3
    holes: tuple = ()
    weights: str | None = None
    criterion: str = "squared_error"
    max_depth: int | None = None
    min_samples_split: int = 2
    min_samples_leaf: int = 1
    min_impurity_decrease: float = 0.0

    @property
    def parameters(self):
        return {name: getattr(self, name) for name in PARAMETERS}


def each_criterion(name, *arguments, criteria, **settings):
    return [
        Recipe(f"{name}_{criterion}", *arguments, criterion=criterion, **settings)
        for criterion in criteria
    ]


REGRESSION_CRITERIA = ("squared_error", "absolute_error", "poisson")
REGRESSION = [
    *each_criterion(
        "full_depth", 60, ["integers", "eighths"], criteria=REGRESSION_CRITERIA, classes=5
    ),
    *each_criterion(
        "full_depth_weighted", 60, ["integers", "small"], criteria=REGRESSION_CRITERIA,
        classes=6, weights="dyadic",
    ),
    *each_criterion(
        "one_column", 40, ["distinct"], criteria=("squared_error", "poisson"), scatter=40,
    ),
    *each_criterion(
        "four_levels", 120, ["integers", "eighths", "small"], criteria=REGRESSION_CRITERIA,
        scatter=16, max_depth=4, min_samples_leaf=3,
    ),
    *each_criterion(
        "large_leaves_weighted", 150, ["eighths", "tiny", "skewed"], criteria=REGRESSION_CRITERIA,
        scatter=24, noise=0.1, weights="dyadic", min_samples_leaf=9,
    ),
    *each_criterion(
        "least_decrease", 130, ["integers", "large"], criteria=REGRESSION_CRITERIA, scatter=12,
        noise=0.1, min_samples_leaf=2, min_impurity_decrease=0.03125,
    ),
    *each_criterion(
        "least_decrease_weighted", 130, ["small", "eighths", "constant"],
        criteria=REGRESSION_CRITERIA, scatter=20, weights="integers", max_depth=6,
        min_samples_leaf=2, min_impurity_decrease=0.015625,
    ),
    *each_criterion(
        "all_limits", 150, ["tiny", "large", "distinct"], criteria=REGRESSION_CRITERIA,
        scatter=16, noise=0.1, weights="integers", max_depth=5, min_samples_split=14,
        min_samples_leaf=4, min_impurity_decrease=0.03125,
    ),
    *each_criterion(
        "even_leaves", 64, ["distinct", "small"], criteria=("absolute_error",), scatter=64,
        max_depth=2, min_samples_leaf=6,
    ),
    *each_criterion(
        "mostly_zeros", 100, ["small", "skewed", "eighths"], criteria=("poisson",), classes=3,
        noise=0.2, max_depth=4, min_samples_leaf=4,
    ),
    *each_criterion(
        "one_level", 20, ["integers", "small"], criteria=REGRESSION_CRITERIA, classes=1,
    ),
]

MISSING_CRITERIA = ("gini", "entropy", "squared_error")
MISSING = [
    *each_criterion(
        "few_missing", 90, ["integers", "eighths", "small"], criteria=MISSING_CRITERIA,
        holes=(0.1, 0.1, 0), classes=3, max_depth=4, min_samples_leaf=2,
    ),
    *each_criterion(
        "half_missing", 110, ["integers", "eighths"], criteria=MISSING_CRITERIA,
        holes=(0.5, 0.3), classes=3, noise=0.1, max_depth=4, min_samples_leaf=4,
    ),
    *each_criterion(
        "telling", 110, ["eighths", "small", "tiny"], criteria=MISSING_CRITERIA,
        holes=("telling", 0.1, 0), classes=3, noise=0.05, max_depth=5, min_samples_leaf=3,
    ),
    *each_criterion(
        "telling_weighted", 110, ["large", "integers"], criteria=MISSING_CRITERIA,
        holes=("telling", "telling"), classes=4, noise=0.1, weights="dyadic", max_depth=5,
        min_samples_leaf=4,
    ),
    *each_criterion(
        "number_or_nothing", 70, ["constant", "integers"], criteria=MISSING_CRITERIA,
        holes=("telling", 0.1), classes=2, noise=0.1, max_depth=3, min_samples_leaf=3,
    ),
    *each_criterion(
        "full_depth_missing", 50, ["integers", "small"], criteria=MISSING_CRITERIA,
        holes=(0.15, 0), classes=3, rule_depth=2,
    ),
    *each_criterion(
        "never_missing", 90, ["integers", "eighths", "small"], criteria=MISSING_CRITERIA,
        classes=3, noise=0.1, max_depth=4, min_samples_leaf=3,
    ),
    *each_criterion(
        "all_limits_missing", 140, ["tiny", "skewed", "integers"],
        criteria=(*MISSING_CRITERIA, "absolute_error", "poisson"), holes=("telling", 0.2, 0),
        noise=0.1, weights="integers", max_depth=5, min_samples_split=14, min_samples_leaf=4,
        min_impurity_decrease=0.015625,
    ),
]

PRUNED = [
    *each_criterion(
        "pruned", 110, ["integers", "eighths", "small"],
        criteria=("gini", "entropy", "squared_error"), noise=0.2, scatter=12, min_samples_leaf=4,
    ),
    *each_criterion(
        "pruned_weighted", 110, ["tiny", "skewed", "integers"],
        criteria=("gini", "entropy", "squared_error", "absolute_error", "poisson"), noise=0.15,
        scatter=12, weights="dyadic", min_samples_leaf=4,
    ),
    *each_criterion(
        "pruned_missing", 110, ["eighths", "small"], criteria=("gini", "squared_error"),
        holes=("telling", 0.1), noise=0.15, scatter=12, min_samples_leaf=5,
    ),
]


@dataclass
class Dataset:
    """Rows of numbers, NaN where missing. The targets are classes where the criterion is theirs."""

    recipe: Recipe
    matrix: numpy.ndarray
    targets: numpy.ndarray
    weights: numpy.ndarray | None

    @property
    def has_classes(self):
        return self.recipe.criterion in CLASS_CRITERIA

    @cached_property
    def row_weights(self):
        return numpy.ones(len(self.targets)) if self.weights is None else self.weights

    def estimator(self, **settings):
        estimator = DecisionTreeClassifier if self.has_classes else DecisionTreeRegressor
        return estimator(random_state=0, **self.recipe.parameters, **settings)

    def value(self, rows):
        """What a node of these rows holds: the weight of each class, the mean, or the median."""
        targets, weights = self.targets[rows], self.row_weights[rows]
        if self.has_classes:
            return numpy.bincount(targets, weights, self.targets.max() + 1).tolist()
        if self.recipe.criterion == "absolute_error":
            order = numpy.argsort(targets)
            up_to = weights[order].cumsum()
            lower = numpy.searchsorted(up_to, up_to[-1] / 2, "left")
            upper = numpy.searchsorted(up_to, up_to[-1] / 2, "right")
            return float(targets[order][[lower, upper]].mean())
        return float(weights @ targets / weights.sum())

    def impurity_sums(self, rows, members):
        """Weight times impurity of each of the groups of `rows` that `members` marks, one a line.

        Infinite where the criterion refuses the group.
        """
        targets, weights = self.targets[rows], self.row_weights[rows]
        totals = members @ weights
        if self.has_classes:
            counts = members @ (numpy.eye(targets.max() + 1)[targets] * weights[:, None])
            return totals * impurity(self.recipe.criterion, counts)
        if self.recipe.criterion == "absolute_error":
            order = numpy.argsort(targets)
            up_to = (members * weights)[:, order].cumsum(axis=1)
            medians = targets[order][(up_to >= totals[:, None] / 2).argmax(axis=1)]
            return (members * weights * abs(targets - medians[:, None])).sum(axis=1)
        sums = members @ (weights * targets)
        if self.recipe.criterion == "squared_error":
            return members @ (weights * targets**2) - sums**2 / totals
        with numpy.errstate(divide="ignore", invalid="ignore"):
            own = numpy.where(targets > 0, targets * numpy.log(targets), 0)
            deviances = members @ (weights * own) - sums * numpy.log(sums / totals)
        return numpy.where(sums > 0, deviances, numpy.inf)


def handmade(name, features, targets, **settings):
    """Rows given one by one; a string of targets has one digit for each."""
    recipe = Recipe(name, len(features), [], **settings)
    targets = numpy.array([int(digit) for digit in targets])
    targets = targets if recipe.criterion in CLASS_CRITERIA else targets.astype(float)
    return Dataset(recipe, numpy.array(features, dtype=float), targets, None)


def handmade_regression():
    alternating = [[row % 2] for row in range(8)]
    ascending = [[row] for row in range(8)]
    yield handmade("no_gain_squared_error", alternating, "00110011", max_depth=1)
    yield handmade("no_gain_absolute_error", alternating, "00110011", criterion="absolute_error")
    # The best split would have the four zeros to themselves.
    yield handmade("zeros_alone_poisson", ascending, "00003289", criterion="poisson")
    # Medians of two and of four targets, between two values and on one.
    yield handmade(
        "medians_absolute_error", ascending, "15268489", criterion="absolute_error", max_depth=1
    )


def handmade_missing():
    known_or_not = [[None if row % 2 else 5] for row in range(8)]
    for criterion, targets in (("gini", "01010110"), ("squared_error", "19283748")):
        yield handmade(f"only_missing_{criterion}", known_or_not, targets, criterion=criterion)
    # As many rows on either side: a value that is missing when predicting goes right.
    yield handmade("even_sides_gini", [[1], [2], [3], [4]], "0011", criterion="gini")


def make_dataset(recipe, seed):
    random = numpy.random.default_rng(seed)
    columns = [NUMBERS[style](random, recipe.rows).astype(float) for style in recipe.columns]
    levels = numpy.zeros(recipe.rows, dtype=int)
    draw_rule(random, recipe, columns, levels, numpy.arange(recipe.rows), recipe.rule_depth)
    for column, share in zip(columns, recipe.holes):
        column[draw_holes(random, recipe, levels, share)] = numpy.nan
    noisy = random.random(recipe.rows) < recipe.noise
    levels[noisy] = random.integers(0, recipe.classes, noisy.sum())
    matrix = numpy.column_stack(columns)
    assert numpy.array_equal(matrix, matrix.astype(numpy.float32), equal_nan=True)
    weights = WEIGHTS[recipe.weights](random, recipe.rows)
    return Dataset(recipe, matrix, draw_targets(random, recipe, levels), weights)


def draw_holes(random, recipe, levels, share):
    if share == "telling":
        share = numpy.where(levels == random.choice(levels), 0.7, 0.05)
    return random.random(recipe.rows) < share


def draw_targets(random, recipe, levels):
    if recipe.criterion in CLASS_CRITERIA:
        return levels
    scatter = random.integers(-recipe.scatter, recipe.scatter + 1, recipe.rows)
    if recipe.criterion == "poisson":
        counts = random.choice(numpy.arange(1, 12), recipe.classes, replace=False)
        counts[: recipe.classes // 2] //= 3
        return numpy.maximum(counts[levels] + scatter // 8, 0).astype(float)
    eighths = random.choice(numpy.arange(-160, 160), recipe.classes, replace=False)
    return (eighths[levels] + scatter) / 8


def sides(values):
    """Every way to split a node by a feature: (threshold, whether missing goes left), row masks."""
    is_missing = numpy.isnan(values)
    distinct = numpy.unique(values[~is_missing])
    thresholds = (distinct[:-1] / 2 + distinct[1:] / 2).tolist()
    for threshold in thresholds:
        goes_left = values <= threshold
        if is_missing.any():
            yield (threshold, False), goes_left
            yield (threshold, True), goes_left | is_missing
        else:
            yield (threshold, bool(goes_left.sum() * 2 > len(values))), goes_left
    if is_missing.any() and len(distinct) > 0:
        yield (numpy.inf, False), ~is_missing


def score_splits(dataset, rows):
    """Every allowed split of a node: (decrease of weight times impurity, feature, how)."""
    whole = dataset.impurity_sums(rows, numpy.ones((1, len(rows)), dtype=bool))[0]
    for feature, values in enumerate(dataset.matrix[rows].T):
        splits = list(sides(values))
        if not splits:
            continue
        is_left = numpy.array([goes_left for _, goes_left in splits])
        left_rows = is_left.sum(axis=1)
        smaller_side = numpy.minimum(left_rows, len(rows) - left_rows)
        decreases = whole - dataset.impurity_sums(rows, is_left)
        decreases -= dataset.impurity_sums(rows, ~is_left)
        allowed = (smaller_side >= dataset.recipe.min_samples_leaf) & numpy.isfinite(decreases)
        for (how, _), decrease in itertools.compress(zip(splits, decreases), allowed):
            yield decrease, feature, how


def best_split(dataset, rows, depth):
    """The (feature, how) that the node of these rows must be split by; None for a leaf."""
    recipe = dataset.recipe
    is_too_small = len(rows) < max(recipe.min_samples_split, 2 * recipe.min_samples_leaf)
    is_pure = len(set(dataset.targets[rows])) == 1
    if is_too_small or is_pure or depth == recipe.max_depth:
        return None
    splits = sorted(score_splits(dataset, rows), reverse=True)
    if not splits:
        return None
    decrease, feature, how = splits[0]
    whole = dataset.impurity_sums(rows, numpy.ones((1, len(rows)), dtype=bool))[0]
    if len(splits) > 1 and decrease - splits[1][0] <= MARGIN * whole:
        raise Tie
    decrease /= dataset.row_weights.sum()
    # The default limit of 0 is no limit: a split without any gain is a split all the same.
    if recipe.min_impurity_decrease > 0:
        if abs(decrease - recipe.min_impurity_decrease) <= MARGIN:
            raise Tie
        if decrease < recipe.min_impurity_decrease:
            return None
    return feature, how


def list_nodes(dataset, fitted, is_grown):
    """scikit-learn's nodes in preorder, and the position there of each of its own.

    Each node is checked against its rows and, where `is_grown` to the limits, against brute force.
    """
    names = ("feature", "threshold", "missing_left", "value", "weight", "impurity")
    nodes = {name: [] for name in names}
    positions = {}

    def visit(source, rows, depth):
        positions[source] = node = len(positions)
        value = dataset.value(rows)
        weight = float(dataset.row_weights[rows].sum())
        recorded = fitted.value[source][0] * (weight if dataset.has_classes else 1)
        assert numpy.allclose(value, recorded, rtol=1e-12, atol=1e-13)
        assert numpy.isclose(weight, fitted.weighted_n_node_samples[source], rtol=1e-12)
        leaf = (LEAF, 0.0, False, value, weight, float(fitted.impurity[source]))
        for name, item in zip(names, leaf):
            nodes[name].append(item)
        is_leaf = fitted.children_left[source] == LEAF
        feature, threshold = int(fitted.feature[source]), float(fitted.threshold[source])
        missing_left = bool(fitted.missing_go_to_left[source])
        if is_grown:
            chosen = None if is_leaf else (feature, (threshold, missing_left))
            assert best_split(dataset, rows, depth) == chosen
        if is_leaf:
            return
        nodes["feature"][node] = feature
        nodes["threshold"][node] = threshold if threshold < numpy.inf else None
        nodes["missing_left"][node] = missing_left
        goes_left = goes_left_of(dataset.matrix[rows, feature], threshold, missing_left)
        visit(fitted.children_left[source], rows[goes_left], depth + 1)
        visit(fitted.children_right[source], rows[~goes_left], depth + 1)

    visit(0, numpy.arange(len(dataset.targets)), 0)
    return nodes, positions


def goes_left_of(values, threshold, missing_left):
    return numpy.where(numpy.isnan(values), missing_left, values <= threshold)


def make_probe(dataset, random):
    """Rows of values of the dataset, some beyond them, a third missing."""
    columns = []
    for values in dataset.matrix.T:
        known = values[~numpy.isnan(values)]
        column = random.choice(known, PROBES) + random.choice([0, 0, 0, -4096, 4096], PROBES)
        column[random.random(PROBES) < 1 / 3] = numpy.nan
        columns.append(column)
    probe = numpy.column_stack(columns)
    assert numpy.array_equal(probe, probe.astype(numpy.float32), equal_nan=True)
    return probe


def fit_tree(dataset, probe, ccp_alpha=0.0):
    """The nodes of scikit-learn's tree, with the node where each row of the probe ends."""
    estimator = dataset.estimator(ccp_alpha=ccp_alpha)
    estimator.fit(dataset.matrix, dataset.targets, dataset.weights)
    nodes, positions = list_nodes(dataset, estimator.tree_, is_grown=ccp_alpha == 0)
    return {**nodes, "probe_leaves": [positions[node] for node in estimator.apply(probe)]}


def describe_case(dataset, seed):
    """The dataset with its tree; `Tie` where that is not the only one."""
    recipe = dataset.recipe
    probe = make_probe(dataset, numpy.random.default_rng(seed))
    return {
        "name": recipe.name,
        "parameters": recipe.parameters,
        "features": hide_missing(dataset.matrix),
        "targets": dataset.targets.tolist(),
        "weights": None if dataset.weights is None else dataset.weights.tolist(),
        "probe": hide_missing(probe),
        "tree": fit_tree(dataset, probe),
    }


def describe_pruned_case(dataset, seed):
    """The same, with trees pruned between the alphas at which they change."""
    case = describe_case(dataset, seed)
    probe = make_probe(dataset, numpy.random.default_rng(seed))
    estimator = dataset.estimator()
    path = estimator.cost_complexity_pruning_path(
        dataset.matrix, dataset.targets, dataset.weights
    )
    alphas = path.ccp_alphas[1:]
    # Equal alphas may be pruned in any order, and a short path tells little.
    if len(alphas) < 4 or min(numpy.diff(alphas)) <= 1e-4 * alphas[-1] or alphas[0] <= 1e-6:
        raise Tie
    between = [alphas[0] / 2, *((alphas[:-1] + alphas[1:]) / 2), alphas[-1] * 2]
    middle = len(between) // 2
    case["alphas"] = alphas.tolist()
    case["pruned"] = [
        {"ccp_alpha": float(alpha), "tree": fit_tree(dataset, probe, alpha)}
        for alpha in (between[0], between[middle // 2], between[middle], between[-2], between[-1])
    ]
    return case


def hide_missing(matrix):
    return [[None if numpy.isnan(value) else value for value in row] for row in matrix.tolist()]


def record_case(recipe, first_seed, describe):
    """The first seed's dataset that has every level and no tie, with its tree."""
    for seed in range(first_seed, first_seed + ATTEMPTS):
        dataset = make_dataset(recipe, seed)
        has_every_class = len(set(dataset.targets)) == recipe.classes or not dataset.has_classes
        if not has_every_class:
            continue
        try:
            case = describe(dataset, seed)
        except Tie:
            continue
        if is_telling(recipe, case["tree"]):
            return case
    raise SystemExit(f"{recipe.name}: every one of {ATTEMPTS} datasets has a tie; relax the recipe")


def is_telling(recipe, tree):
    """Where values are missing by the level, some node has to send them, alone, to one side."""
    is_split = [feature != LEAF for feature in tree["feature"]]
    return "telling" not in recipe.holes or None in itertools.compress(tree["threshold"], is_split)


def main():
    default_output = Path(__file__).parents[2] / "tests" / "golden"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=default_output, help="The folder to write.")
    parser.add_argument("--seed", type=int, default=0, help="The first seed to try for a dataset.")
    arguments = parser.parse_args()

    for name, recipes, datasets, describe in (
        ("regression_trees", REGRESSION, handmade_regression(), describe_case),
        ("missing_trees", MISSING, handmade_missing(), describe_case),
        ("pruned_trees", PRUNED, (), describe_pruned_case),
    ):
        cases = [record_case(recipe, arguments.seed, describe) for recipe in recipes]
        cases += [describe(dataset, arguments.seed) for dataset in datasets]
        lines = [json.dumps(shorten(case), separators=(",", ":")) for case in cases]
        path = arguments.output / f"{name}.json"
        path.write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
