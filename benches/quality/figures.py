"""How good predictions are: the figures of reference.md, all by scikit-learn."""

import numpy
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    log_loss,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)

CLASS_FIGURES = ("accuracy", "f1", "auc", "logloss")
NUMBER_FIGURES = ("rmse", "mae", "r2")

# Log loss takes no share of exactly 0 or 1.
LEAST_PROBABILITY = 1e-6


def names(has_classes):
    return CLASS_FIGURES if has_classes else NUMBER_FIGURES


def loss_name(has_classes):
    """The figure that strategies are compared by; less is better."""
    return "logloss" if has_classes else "rmse"


def figures(has_classes, truth, predictions):
    """The figures of all test rows together. Predictions are probabilities of 1, or numbers."""
    if not has_classes:
        return {
            "rmse": root_mean_squared_error(truth, predictions),
            "mae": mean_absolute_error(truth, predictions),
            "r2": r2_score(truth, predictions),
        }
    is_positive = predictions > 0.5
    clipped = numpy.clip(predictions, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    return {
        "accuracy": accuracy_score(truth, is_positive),
        "f1": f1_score(truth, is_positive),
        "auc": roc_auc_score(truth, predictions),
        "logloss": log_loss(truth, clipped),
    }


def mean(repetitions):
    return {
        name: float(numpy.mean([figures[name] for figures in repetitions]))
        for name in repetitions[0]
    }
