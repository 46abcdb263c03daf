"""The estimators are as scikit-learn wants them, and know their entities."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import (
    check_sample_weight_equivalence_on_dense_data,
    parametrize_with_checks,
)

from per_entity.sklearn import PerEntityClassifier, PerEntityRegressor

NOT_APPLICABLE = {
    "check_sample_weight_equivalence_on_dense_data": (
        "weights are proportions: averaging takes as evidence how many rows there are, so a row "
        "of weight 2 is not two rows; without averaging they are, which is tested below"
    ),
}


@parametrize_with_checks(
    [PerEntityClassifier(), PerEntityRegressor()],
    expected_failed_checks=lambda estimator: NOT_APPLICABLE,
)
def test_scikit_learn_s_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", [PerEntityClassifier, PerEntityRegressor])
def test_without_averaging_a_row_of_weight_2_is_two_rows(estimator):
    check_sample_weight_equivalence_on_dense_data(
        estimator.__name__, estimator(pruning="none")
    )


@pytest.fixture
def rows() -> pd.DataFrame:
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "store": random.choice(["A", "B", "C"], 300),
            "hour": random.integers(0, 24, 300),
            "weather": random.choice(["sun", "rain", None], 300),
        }
    )


def busy(rows):
    return np.where((rows["hour"] > 11) == (rows["store"] == "A"), "yes", "no")


def test_every_entity_has_its_own_model(rows):
    classifier = PerEntityClassifier(key="store").fit(rows, busy(rows))
    assert classifier.score(rows, busy(rows)) == 1.0
    assert classifier.store_.entities()["key"].to_list() == ["A", "B", "C"]
    assert classifier.feature_names_in_.tolist() == ["store", "hour", "weather"]
    assert classifier.feature_importances_[0] == 0.0
    assert classifier.feature_importances_.argmax() == 1
    assert classifier.predict_proba(rows).sum(axis=1) == pytest.approx(1.0)
    alone = PerEntityClassifier(max_depth=1).fit(rows[["hour"]], busy(rows))
    assert alone.score(rows[["hour"]], busy(rows)) < 0.8


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "objects"])
def test_keys_are_names_or_places_in_any_kind_of_input(rows, kind):
    frames = {
        "pandas": rows,
        "polars": pl.DataFrame(rows),
        "pyarrow": pl.DataFrame(rows).to_arrow(),
        "objects": rows.to_numpy(dtype=object),
    }
    key = 0 if kind == "objects" else "store"
    expected = PerEntityClassifier(key=0).fit(rows, busy(rows)).predict_proba(rows)
    classifier = PerEntityClassifier(key=key).fit(frames[kind], busy(rows))
    assert np.array_equal(classifier.predict_proba(frames[kind]), expected)


def test_an_unknown_entity_is_answered_by_all(rows):
    classifier = PerEntityClassifier(key="store").fit(rows, busy(rows))
    new = rows.assign(store="Z")
    assert set(classifier.predict(new)) <= {"yes", "no"}
    regressor = PerEntityRegressor(key="store", trainer="shared", shared_rounds=20)
    regressor.fit(rows, rows["hour"] * 2.0)
    assert r2_score(new["hour"] * 2.0, regressor.predict(new)) > 0.9


def test_a_key_that_is_no_column_is_named(rows):
    with pytest.raises(ValueError, match="'shop' is no column of X; there are"):
        PerEntityClassifier(key="shop").fit(rows, busy(rows))
    with pytest.raises(ValueError, match="3 columns, and none at 7"):
        PerEntityClassifier(key=7).fit(rows, busy(rows))
    with pytest.raises(ValueError, match="max-depth"):
        PerEntityClassifier(key=0, max_depth=-1).fit(rows, busy(rows))


def test_classes_are_what_they_were(rows):
    for labels in [np.array([3, 20]), np.array([True, False]), np.array([1.0, 2.0])]:
        y = labels[(busy(rows) == "yes").astype(int)]
        classifier = PerEntityClassifier(key="store").fit(rows, y)
        assert classifier.classes_.dtype == labels.dtype
        assert np.array_equal(classifier.predict(rows), y)


def test_it_is_part_of_pipelines_searches_and_validations(rows):
    pipeline = make_pipeline(FunctionTransformer(), PerEntityClassifier(key="store"))
    assert isinstance(pipeline.fit(rows, busy(rows)), Pipeline)
    search = GridSearchCV(
        PerEntityClassifier(key="store"), {"max_depth": [1, 4], "pruning": ["none", "average"]}
    )
    assert search.fit(rows, busy(rows)).best_score_ > 0.9
    scores = cross_val_score(PerEntityRegressor(key="store"), rows, rows["hour"] / 2)
    assert scores.min() > 0.9
    with config_context(enable_metadata_routing=True):
        weighted = PerEntityClassifier(key="store").set_fit_request(sample_weight=True)
        weighted = weighted.set_score_request(sample_weight=True)
        weight = np.where(rows["store"] == "A", 2.0, 1.0)
        params = {"sample_weight": weight}
        scores = cross_val_score(weighted, rows, busy(rows), params=params)
        assert scores.min() > 0.9


def test_it_is_cloned_and_pickled_with_its_models(rows):
    classifier = PerEntityClassifier(key="store", max_depth=3).fit(rows, busy(rows))
    assert clone(classifier).get_params() == classifier.get_params()
    again = pickle.loads(pickle.dumps(classifier))
    assert np.array_equal(again.predict_proba(rows), classifier.predict_proba(rows))
