"""LightGBM for all entities together: what models that borrow strength are measured against."""

import time
from dataclasses import dataclass

import lightgbm
import numpy
import polars
from strategy import Answers

# As reference.md has them; what is not here is LightGBM's default.
LEARNING_RATE = 0.1
FOLDS = 5
PATIENCE = 50
MOST_ROUNDS = 1_500
DEFAULT_ROUNDS = 100
THREADS = 2


@dataclass(frozen=True)
class LightGBM:
    """One model for all, with the entity as a category or without it."""

    knows_entity: bool
    # By cross-validation, and then trained again on all rows; otherwise LightGBM's default.
    chooses_rounds: bool

    # Folds are drawn.
    is_drawn = True

    def predict(self, dataset, train, test, seed):
        ignored = {dataset.target} | (set() if self.knows_entity else {dataset.key})
        features = [name for name in train.columns if name not in ignored]
        texts = [name for name in features if train[name].dtype == polars.String]
        dictionaries = {name: train[name].drop_nulls().unique().sort() for name in texts}
        started = time.perf_counter()
        data = lightgbm.Dataset(
            matrix(train, features, dictionaries),
            label=train[dataset.target].to_numpy(),
            categorical_feature=[features.index(name) for name in texts],
            free_raw_data=False,
        )
        parameters = {
            "objective": "binary" if dataset.has_classes else "regression",
            "learning_rate": LEARNING_RATE,
            "num_threads": THREADS,
            "seed": seed,
            "verbosity": -1,
        }
        rounds = DEFAULT_ROUNDS
        if self.chooses_rounds:
            rounds = best_rounds(parameters, data, dataset.has_classes, seed)
        model = lightgbm.train(parameters, data, rounds)
        seconds = time.perf_counter() - started
        return Answers(model.predict(matrix(test, features, dictionaries)), 0, seconds)


def best_rounds(parameters, data, has_classes, seed):
    history = lightgbm.cv(
        parameters, data, MOST_ROUNDS, nfold=FOLDS, stratified=has_classes, seed=seed,
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )
    [losses] = [losses for name, losses in history.items() if name.endswith("-mean")]
    return len(losses)


def matrix(rows, features, dictionaries):
    """Numbers; texts as their positions among those trained on, missing where they are none."""
    columns = [
        rows[name].cast(polars.Enum(dictionaries[name]), strict=False).to_physical()
        if name in dictionaries
        else rows[name]
        for name in features
    ]
    return numpy.column_stack(
        [column.cast(polars.Float64).fill_null(float("nan")).to_numpy() for column in columns]
    )
