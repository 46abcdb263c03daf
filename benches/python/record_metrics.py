"""Records what scikit-learn, Fairlearn, SciPy and NumPy say of made-up predictions.

The result, tests/golden/metrics.json, is what tests/suite/metrics compares the Rust metrics with.
Run it from the root of the repository, on Python 3.11 or later:

    pip install scikit-learn==1.9.1 fairlearn==0.15.0 scipy==1.17.1 numpy==2.4.6
    python benches/python/record_metrics.py

Not-a-number becomes null. A truth of null is a class that the model never saw: scikit-learn gets
it as one more class, of probability 0. An error is the prediction of a quantity minus the truth.
"""

import json
import math
import warnings
from pathlib import Path

import fairlearn
import fairlearn.metrics as fair
import numpy as np
import scipy
import sklearn
from scipy.stats import binomtest, norm, sem
from sklearn import metrics as sk

GOLDEN = Path("tests/golden/metrics.json")
THOUSANDTHS = 1000


def main():
    warnings.simplefilter("ignore")
    random = np.random.default_rng(20240607)
    cases = [evaluated(case) for case in made_up_cases(random)]
    quantities = [evaluated_quantity(case) for case in made_up_quantities(random)]
    golden = {
        "versions": {
            "scikit-learn": sklearn.__version__,
            "fairlearn": fairlearn.__version__,
            "scipy": scipy.__version__,
            "numpy": np.__version__,
        },
        "cases": cases,
        "overall": overall([case for case in cases if case["classes"] == 2]),
        "wilson": wilson_intervals(),
        "quantities": quantities,
        "overall_quantities": overall_quantities(quantities),
        "paired": [paired_interval(case) for case in quantities],
    }
    text = json.dumps(without_nan(golden), separators=(",", ":"), allow_nan=False)
    GOLDEN.parent.mkdir(parents=True, exist_ok=True)
    GOLDEN.write_text(text + "\n")
    print(f"{GOLDEN}: {len(cases)} cases, {len(text)} bytes")


# Cases


def made_up_cases(random):
    ties = [0, 250, 500, 500, 750, 1000]
    leaves = [0, 33, 120, 250, 487, 500, 501, 913, 1000]
    half = [0, 1] * 12

    def scores(low, high, count):
        return random.integers(low, high + 1, count)

    def two(name, truth, positive_thousandths, group_count=2):
        groups = random.integers(0, group_count, len(truth))
        groups[:group_count] = np.arange(group_count)
        return binary(f"binary, {name}", truth, positive_thousandths, groups)

    yield two("random", scores(0, 1, 60), scores(0, 1000, 60), 3)
    yield two("many rows", random.random(400) < 0.24, random.choice(leaves, 400), 5)
    yield two("ties in scores", half, random.choice(ties, 24))
    yield two("all scores tied", half, [400] * 24)
    yield two("scores of exactly 0 and 1", half, random.choice([0, 1000], 24))
    yield two("always right", half, [1000 * truth for truth in half])
    yield two("always wrong", half, [1000 - 1000 * truth for truth in half])
    yield two("truth only negative", [0] * 15, scores(0, 1000, 15))
    yield two("truth only positive", [1] * 15, scores(0, 1000, 15))
    yield two("only negative and only so predicted", [0] * 6, [100] * 6)
    yield two("positive never predicted", half, scores(0, 499, 24))
    yield two("positive always predicted", half, scores(501, 1000, 24))
    yield two("one row", [1], [700], 1)
    yield two("one group", half, scores(0, 1000, 24), 1)
    yield two("unseen class", [0, 1, None, 1, None, 0, 0, 1, None, 0],
              [100, 800, 300, 400, 900, 600, 200, 1000, 1000, 0])
    yield two("only an unseen class", [None] * 5, [0, 250, 500, 750, 1000])

    groups = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]
    thousandths = [100, 800, 300, 900, 600, 600, 200, 900, 100, 800]
    yield binary("binary, a group without positives",
                 [0, 1, 1, 0, 0, 0, 0, 1, 0, 1], thousandths, groups)
    yield binary("binary, a group without negatives",
                 [0, 1, 1, 0, 1, 1, 1, 1, 0, 1], thousandths, groups)
    yield binary("binary, positives in one of two groups",
                 [0, 1, 1, 0, 0, 0], [100, 800, 300, 900, 600, 200], [0, 0, 0, 0, 1, 1])

    def many(name, truth, thousandths):
        class_count = len(thousandths[0])
        groups = random.integers(0, 3, len(truth))
        return case(name, truth, thousandths, groups, positive=class_count - 1)

    three = list(range(3)) * 12
    shares = [0.5, 0.2, 0.1, 0.1, 0.06, 0.03, 0.01]
    yield many("three classes", three, dirichlet(random, 36, 3))
    yield many("three classes, ties in scores", three, tied(random, 36, 3))
    yield many("three classes, scores of exactly 0 and 1", three, certain(random, 36, 3))
    yield many("three classes, one absent from truth", [0, 2] * 15, dirichlet(random, 30, 3))
    yield many("three classes, one never predicted", three, avoiding(random, 36, 3, 1))
    yield many("three classes, truth of one", [1] * 12, dirichlet(random, 12, 3))
    yield many("three classes, truth of one, never predicted", [1] * 12,
               avoiding(random, 12, 3, 1))
    yield many("three classes, always right", three, [one_hot(truth, 3) for truth in three])
    yield many("three classes, unseen class", three[:18] + [None] * 6, dirichlet(random, 24, 3))
    yield many("three classes, only an unseen class", [None] * 4, dirichlet(random, 4, 3))
    yield many("seven classes", list(range(7)) * 12, dirichlet(random, 84, 7))
    yield many("seven classes, few rows", [0, 3, 3, 6, 5], dirichlet(random, 5, 7))
    yield many("seven classes, unequal", random.choice(7, 120, p=shares), tied(random, 120, 7))
    yield many("seven classes, unseen class", list(range(7)) * 4 + [None] * 3,
               dirichlet(random, 31, 7))
    yield many("one class", [0] * 5, [[1000]] * 5)
    yield many("one class, unseen class", [0, None, 0], [[1000]] * 3)


def binary(name, truth, positive_thousandths, groups):
    thousandths = [[THOUSANDTHS - int(p), int(p)] for p in positive_thousandths]
    return case(name, truth, thousandths, groups, positive=1)


def case(name, truth, thousandths, groups, positive):
    return {
        "name": name,
        "classes": len(thousandths[0]),
        "truth": [None if label is None else int(label) for label in truth],
        "probabilities": [[int(p) / THOUSANDTHS for p in row] for row in thousandths],
        "groups": [int(group) for group in groups],
        "positive": positive,
    }


def dirichlet(random, rows, class_count):
    return [rounded(row) for row in random.dirichlet([0.7] * class_count, rows)]


def tied(random, rows, class_count):
    return random.choice([dirichlet(random, 1, class_count)[0] for _ in range(4)], rows)


def certain(random, rows, class_count):
    return [one_hot(label, class_count) for label in random.integers(0, class_count, rows)]


def avoiding(random, rows, class_count, avoided):
    """Scores of which the avoided class never has the highest."""
    scores = dirichlet(random, rows, class_count)
    for row in scores:
        other = (avoided + 1) % class_count
        if np.argmax(row) == avoided:
            row[avoided], row[other] = row[other], row[avoided]
        if np.argmax(row) == avoided:
            row[avoided], row[0] = row[avoided] - 1, row[0] + 1
        assert np.argmax(row) != avoided
    return scores


def one_hot(label, class_count):
    return [THOUSANDTHS * (label == other) for other in range(class_count)]


def rounded(row):
    thousandths = [math.floor(p * THOUSANDTHS) for p in row]
    thousandths[-1] += THOUSANDTHS - sum(thousandths)
    return thousandths


# Metrics, in the shape of the Rust struct


def evaluated(case):
    truth, scores, labels = arrays(case)
    return case | {
        "metrics": metrics(truth, scores, labels, case["classes"]),
        "fairness": fairness(truth, scores, np.array(case["groups"]), case["positive"]),
        "calibration": calibration(truth, scores, case["classes"]),
    }


def arrays(case):
    class_count = case["classes"]
    truth = np.array([class_count if label is None else label for label in case["truth"]])
    scores = np.array(case["probabilities"])
    if np.any(truth == class_count):
        scores = np.column_stack([scores, np.zeros(len(scores))])
    return truth, scores, list(range(scores.shape[1]))


def metrics(truth, scores, labels, class_count):
    predicted = np.argmax(scores, axis=1)
    averages = {
        average: precision_recall(truth, predicted, labels, average)
        for average in ("micro", "macro", "weighted")
    }
    per_class = [
        {"class": label, "support": int(np.sum(truth == label))}
        | precision_recall(truth, predicted, [label], "macro")
        for label in range(class_count)
    ]
    headline = per_class[1] if class_count == 2 else averages["macro"]
    return {
        "rows": len(truth),
        "unseen": int(np.sum(truth == class_count)),
        "accuracy": sk.accuracy_score(truth, predicted),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, predicted),
        "precision": headline["precision"],
        "recall": headline["recall"],
        "f1": headline["f1"],
        "averages": averages,
        "roc_auc": roc_auc(truth, scores, labels, class_count, "macro"),
        "roc_auc_weighted": roc_auc(truth, scores, labels, class_count, "weighted"),
        "log_loss": log_loss(truth, scores, labels),
        "brier_score": brier_score(truth, scores, labels, class_count),
        "per_class": per_class,
    }


def precision_recall(truth, predicted, labels, average):
    precision, recall, f1, _ = sk.precision_recall_fscore_support(
        truth, predicted, labels=labels, average=average, zero_division=np.nan
    )
    return {"precision": precision, "recall": recall, "f1": f1}


def roc_auc(truth, scores, labels, class_count, average):
    if class_count == 2:
        return sk.roc_auc_score(truth == 1, scores[:, 1])
    if len(labels) > 2:
        return sk.roc_auc_score(truth, scores, labels=labels, multi_class="ovr", average=average)
    indicators = np.equal.outer(truth, labels).astype(int)
    return sk.roc_auc_score(indicators, scores, average=average)


def log_loss(truth, scores, labels):
    if len(labels) == 1:  # scikit-learn asks for two classes
        labels, scores = [0, 1], np.column_stack([scores, 1 - scores])
    return sk.log_loss(truth, scores, labels=labels)


def brier_score(truth, scores, labels, class_count):
    if class_count == 2 and len(labels) == 2:
        return sk.brier_score_loss(truth, scores[:, 1], pos_label=1)
    if len(labels) == 1:
        return sk.brier_score_loss(truth, 1 - scores[:, 0], pos_label=1)
    # An unseen class adds a column, but it makes no two-class model one of several classes.
    scale_by_half = class_count <= 2 or "auto"
    return sk.brier_score_loss(truth, scores, labels=labels, scale_by_half=scale_by_half)


# Calibration


def calibration(truth, scores, class_count):
    labels = np.ones(len(truth), int) if class_count == 2 else np.argmax(scores, axis=1)
    predicted = scores[np.arange(len(truth)), labels]
    observed = truth == labels
    # Each bin contains its upper end, and the first one 0, too.
    bin_of = np.digitize(predicted, np.arange(1, 10) / 10, right=True)
    bins = [
        {
            "rows": int(np.sum(bin_of == position)),
            "mean_predicted": np.mean(predicted[bin_of == position]),
            "observed_share": np.mean(observed[bin_of == position]),
        }
        for position in range(10)
    ]
    gaps = [
        bin["rows"] / len(truth) * abs(bin["mean_predicted"] - bin["observed_share"])
        for bin in bins
        if bin["rows"]
    ]
    return {"bins": bins, "expected_calibration_error": math.fsum(gaps)}


# Fairness


def fairness(truth, scores, groups, positive):
    if len(truth) == 1:  # Fairlearn takes arrays of one element for scalars
        return None
    predicted = np.argmax(scores, axis=1)
    is_positive = (truth == positive).astype(int)
    is_selected = (predicted == positive).astype(int)
    arguments = {"sensitive_features": groups}

    rates = fair.MetricFrame(
        metrics={
            "rows": fair.count,
            "selection_rate": fair.selection_rate,
            "true_positive_rate": defined_true_positive_rate,
            "false_positive_rate": defined_false_positive_rate,
        },
        y_true=is_positive,
        y_pred=is_selected,
        sensitive_features=groups,
    )
    accuracy = fair.MetricFrame(
        metrics=sk.accuracy_score, y_true=truth, y_pred=predicted, sensitive_features=groups
    )
    difference = rates.difference(method="between_groups")
    return {
        "groups": [
            {"group": int(group), "accuracy": accuracy.by_group[group]} | row.to_dict()
            for group, row in rates.by_group.iterrows()
        ],
        # Fairlearn's own functions, for which an undefined rate is 0.
        "fairlearn": {
            "demographic_parity_difference": fair.demographic_parity_difference(
                is_positive, is_selected, **arguments
            ),
            "demographic_parity_ratio": fair.demographic_parity_ratio(
                is_positive, is_selected, **arguments
            ),
            "true_positive_rate_difference": fair.equal_opportunity_difference(
                is_positive, is_selected, **arguments
            ),
            "false_positive_rate_difference": fair.false_positive_rate_difference(
                is_positive, is_selected, **arguments
            ),
            "equalized_odds_difference": fair.equalized_odds_difference(
                is_positive, is_selected, **arguments
            ),
        },
        # Fairlearn's MetricFrame of rates that are not a number where undefined.
        "defined": {
            "true_positive_rate_difference": difference["true_positive_rate"],
            "false_positive_rate_difference": difference["false_positive_rate"],
        },
    }


def defined_true_positive_rate(truth, predicted):
    return fair.true_positive_rate(truth, predicted) if np.any(truth == 1) else np.nan


def defined_false_positive_rate(truth, predicted):
    return fair.false_positive_rate(truth, predicted) if np.any(truth == 0) else np.nan


# Over entities, and intervals


SUMMARY = [
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
    "roc_auc",
    "roc_auc_weighted",
    "log_loss",
    "brier_score",
]


def overall(cases):
    truth = [label for case in cases for label in case["truth"]]
    probabilities = [row for case in cases for row in case["probabilities"]]
    pooled = arrays({"classes": 2, "truth": truth, "probabilities": probabilities})
    return {
        "cases": [case["name"] for case in cases],
        "micro": metrics(*pooled, class_count=2),
        "macro_mean": {name: mean(cases, name, lambda _: 1) for name in SUMMARY},
        "weighted_mean": {name: mean(cases, name, row_count) for name in SUMMARY},
    }


def row_count(case):
    return len(case["truth"])


def mean(cases, name, weight):
    values = np.array([case["metrics"][name] for case in cases])
    weights = np.array([weight(case) for case in cases])
    defined = ~np.isnan(values)
    return {
        "value": np.average(values[defined], weights=weights[defined]),
        "defined": int(defined.sum()),
        "undefined": int((~defined).sum()),
    }


def wilson_intervals():
    counts = [(0, 1), (1, 1), (0, 10), (9, 10), (10, 10), (50, 100), (1, 1000), (15059, 15060)]
    return [
        wilson_interval(successes, trials, confidence)
        for successes, trials in counts
        for confidence in (0.8, 0.95, 0.999)
    ]


def wilson_interval(successes, trials, confidence):
    interval = binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    return {
        "successes": successes,
        "trials": trials,
        "z": norm.ppf((1 + confidence) / 2),
        "low": interval.low,
        "high": interval.high,
    }


# Quantities


def made_up_quantities(random):
    def normal(name, rows, scale=1, offset=0, bias=0, group_count=3):
        truth = np.round(random.normal(0, scale, rows), 2) + offset
        noise = random.normal(bias * scale, scale / 2, rows)
        return quantity_case(name, truth, np.round(truth + noise, 2), group_count)

    def quantity_case(name, truth, prediction, group_count=2):
        other = np.round(np.array(prediction) + random.normal(0, 0.3, len(truth)), 2)
        return {
            "name": name,
            "truth": [float(number) for number in truth],
            "prediction": [float(number) for number in prediction],
            "other": [float(number) for number in other],
            "groups": [row % group_count for row in range(len(truth))],
        }

    incomes = np.round(random.lognormal(10, 1, 120), 2)
    yield normal("normal", 200)
    yield normal("too high on average", 60, bias=2)
    yield normal("far from 0", 60, offset=1e9)
    yield normal("far below 0", 60, offset=-1e12, scale=100)
    yield normal("small", 40, scale=0.1)
    yield normal("large", 40, scale=1e6)
    yield normal("one group", 20, group_count=1)
    yield quantity_case("incomes", incomes, np.round(incomes * 0.9 + 2000, 2))
    yield quantity_case("worse than the mean", range(20), range(20, 0, -1))
    yield quantity_case("perfect", range(9), range(9))
    yield quantity_case("whole numbers, ties", [1, 1, 2, 3, 5, 8] * 4, [1, 2, 2, 2, 5, 5] * 4)
    yield quantity_case("one truth, never met", [5] * 7, [4, 5, 6, 5, 5, 5, 9])
    yield quantity_case("one truth, always met", [5] * 7, [5] * 7)
    yield quantity_case("one row", [3], [4.5], 1)
    yield quantity_case("two rows", [3, 4], [4.5, 4])


def evaluated_quantity(case):
    truth, prediction = np.array(case["truth"]), np.array(case["prediction"])
    groups = np.array(case["groups"])
    return case | {
        "metrics": quantity_metrics(truth, prediction),
        "group_errors": group_errors(truth, prediction, groups),
    }


def quantity_metrics(truth, prediction):
    quantiles = {
        "percentile_5": 0.05,
        "percentile_25": 0.25,
        "median": 0.5,
        "percentile_75": 0.75,
        "percentile_95": 0.95,
    }
    errors = prediction - truth
    return {
        "rows": len(truth),
        "mean_absolute_error": sk.mean_absolute_error(truth, prediction),
        "root_mean_squared_error": sk.root_mean_squared_error(truth, prediction),
        "r2": sk.r2_score(truth, prediction),
        "mean_error": np.mean(errors),
        "error_quantiles": {
            name: np.quantile(errors, probability) for name, probability in quantiles.items()
        },
    }


def group_errors(truth, prediction, groups):
    if len(truth) == 1:  # Fairlearn takes arrays of one element for scalars
        return None
    frame = fair.MetricFrame(
        metrics={
            "rows": fair.count,
            "mean_error": mean_error,
            "mean_absolute_error": sk.mean_absolute_error,
            "root_mean_squared_error": sk.root_mean_squared_error,
        },
        y_true=truth,
        y_pred=prediction,
        sensitive_features=groups,
    )
    difference = frame.difference(method="between_groups")
    # Of a single group, Fairlearn says that it differs by 0.
    is_one = len(frame.by_group) < 2
    return {
        "groups": [row.to_dict() for _, row in frame.by_group.iterrows()],
        "disparity": {
            "groups": len(frame.by_group),
            "mean_error_difference": None if is_one else difference["mean_error"],
            "mean_absolute_error_difference": None
            if is_one
            else difference["mean_absolute_error"],
        },
    }


def mean_error(truth, prediction):
    return np.mean(np.array(prediction) - np.array(truth))


def overall_quantities(cases):
    names = ["mean_absolute_error", "root_mean_squared_error", "r2", "mean_error"]
    pooled = [np.array([number for case in cases for number in case[side]])
              for side in ("truth", "prediction")]
    return {
        "micro": quantity_metrics(*pooled),
        "macro_mean": {name: mean(cases, name, lambda _: 1) for name in names},
        "weighted_mean": {name: mean(cases, name, row_count) for name in names},
    }


def paired_interval(case):
    """The difference of two mean squared errors, as of a paired test with a normal statistic."""
    truth = np.array(case["truth"])
    first, second = ((np.array(case[side]) - truth) ** 2 for side in ("prediction", "other"))
    if len(truth) < 2:
        return None
    difference, error = np.mean(first - second), sem(first - second)
    low, high = norm.interval(0.95, difference, error)
    return {"difference": difference, "low": low, "high": high}


# JSON


def without_nan(value):
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_nan(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return None if math.isnan(value) else float(value)
    return value


if __name__ == "__main__":
    main()
