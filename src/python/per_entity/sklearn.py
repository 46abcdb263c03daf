"""Estimators for scikit-learn that train a model for every entity.

>>> import numpy as np
>>> from per_entity.sklearn import PerEntityClassifier
>>> hours = np.array([[0, 9], [0, 17], [1, 9], [1, 17]])
>>> classifier = PerEntityClassifier(key=0, pruning="none").fit(hours, ["no", "yes", "yes", "no"])
>>> classifier.predict([[0, 18], [1, 18]]).tolist()
['yes', 'no']
"""

from __future__ import annotations

from typing import Any, Literal

import narwhals as nw
import numpy as np
import pyarrow as pa
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    _num_samples,
    assert_all_finite,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from ._frames import stream_of
from ._run import train

_PARAMETERS = """
    Parameters
    ----------
    key : str, int or list of them, optional
        Names or positions of the columns whose values make the entity. Without one, all rows are
        of one entity.
    trainer : {{"cart", "boosted", "shared"}}, default "cart"
        What fits the models: a tree, a boosted ensemble of each entity's own, or one boosted model
        of all entities and each entity's own share.
    categorical, numeric : str, int or list of them, optional
        Features to be taken as categories or as numbers. By default texts and booleans are
        categories.
    criterion : {criteria}, optional
        What splits decrease.{class_weight}
    category_splits : {{"set", "one"}}, default "set"
        What categories are split from others.
    pruning : {{"average", "ccp", "none"}}, default "average"
        What becomes of a tree that was grown.
    ccp_alpha : float, optional
        With ``pruning="ccp"``, what a leaf costs.
    max_depth : int, optional
        The largest depth of a leaf.
    min_samples_split, min_samples_leaf : int, optional
        The fewest rows of a node that may be split, and on either side of a split.
    min_impurity_decrease : float, optional
        The least weighted decrease of impurity by a split.
    shared_rounds : int, optional
        With boosting, the largest number of rounds.
    min_rows : int, default 1
        Entities with fewer rows have no model of their own.
    threads : int, optional
        Threads that train; by default one for each core.

    Attributes
    ----------{classes}
    store_ : Store
        The models. A row of an entity without a model is answered by a model of all entities, which
        is trained beside them, or with ``trainer="shared"`` by what they share.
    n_features_in_ : int
        The number of columns, those of the key included.
    feature_names_in_ : ndarray of str
        Their names, where the input has any.
    feature_importances_ : ndarray of shape (n_features_in_,)
        The shares of the features in the decrease of impurity, on average over the entities; 0 for
        columns of the key.
"""

_CLASS_WEIGHT = """
    class_weight : "balanced" or dict, optional
        How much each class counts, beside the weights of rows."""

_CLASSES = """
    classes_ : ndarray
        The classes."""


class _PerEntity(BaseEstimator):
    """What classifiers and regressors have in common."""

    _task: Literal["classification", "regression"]
    _settings = (
        "trainer",
        "criterion",
        "category_splits",
        "pruning",
        "ccp_alpha",
        "max_depth",
        "min_samples_split",
        "min_samples_leaf",
        "min_impurity_decrease",
        "shared_rounds",
        "min_rows",
        "threads",
    )

    def _fit(self, X: Any, target: pa.Array, sample_weight: Any, **more: Any) -> None:
        """Trains on the columns of ``X``, which was looked at before."""
        self._labels = [] if isinstance(X, np.ndarray) else list(nw.from_native(X).columns)
        columns = self._columns(X)
        names = list(columns)
        self._names = names
        self._key = [self._place(column) for column in self._listed(self.key)]
        key = [names[place] for place in self._key]
        features = [name for name in names if name not in key]
        columns["y"] = target
        options: dict[str, Any] = {name: getattr(self, name) for name in self._settings}
        if not key:
            columns["entity"] = pa.repeat(_ALL, len(target))
            key = ["entity"]
        elif self.trainer != "shared":
            options["pooled"] = True
        table = pa.table(columns)
        if sample_weight is not None:
            weight = _check_sample_weight(
                sample_weight, X, dtype=np.float64, ensure_non_negative=True
            )
            # A row that does not count is none.
            table = table.append_column("weight", pa.array(weight)).filter(
                pa.array(weight > 0)
            )
            options["weight"] = "weight"
        for kind in ("categorical", "numeric"):
            listed = self._listed(getattr(self, kind))
            options[kind] = [names[self._place(column)] for column in listed]
        self.store_ = train(
            table, key=key, target="y", task=self._task, features=features,
            **options, **more,
        )  # fmt: skip

    def _predicted(self, X: Any) -> pa.Table:
        """The columns that a prediction adds."""
        check_is_fitted(self)
        columns = self._columns(self._checked(X, reset=False))
        if not self._key:
            columns["entity"] = pa.repeat(_ALL, len(columns[self._names[0]]))
        unknown = "shared" if self.trainer == "shared" else "fallback"
        if not self._key:
            unknown = "null"
        frame = pa.table(columns)
        return pa.table(self.store_._native.predict(frame, unknown, "", None))

    def _checked(self, X: Any, reset: bool) -> Any:
        """A frame as it is, or anything else as an array."""
        if isinstance(nw.from_native(X, pass_through=True), (nw.DataFrame, nw.LazyFrame)):
            if isinstance(X, nw.LazyFrame) or not hasattr(X, "shape"):
                X = stream_of(X)
            validate_data(self, X, reset=reset, skip_check_array=True)
            if _num_samples(X) == 0:
                raise ValueError(
                    f"Found array with 0 sample(s) (shape={X.shape}) while a minimum of 1 is "
                    "required."
                )
            return X
        return validate_data(
            self, X, reset=reset, dtype=None, ensure_all_finite="allow-nan"
        )

    def _columns(self, X: Any) -> dict[str, Any]:
        """The columns by names that are none of ours, which say their places."""
        if isinstance(X, np.ndarray):
            columns = [_array(X[:, place]) for place in range(X.shape[1])]
        else:
            columns = pa.table(stream_of(X)).columns
        return {f"x{place}": column for place, column in enumerate(columns)}

    def _place(self, column: Any) -> int:
        """The place of a column that is named, or said by its place."""
        if isinstance(column, str):
            if column not in self._labels:
                raise ValueError(f"'{column}' is no column of X; there are {self._labels}")
            return self._labels.index(column)
        if not -self.n_features_in_ <= column < self.n_features_in_:
            raise ValueError(f"X has {self.n_features_in_} columns, and none at {column}")
        return int(column) % self.n_features_in_

    @staticmethod
    def _listed(columns: Any) -> list[Any]:
        if columns is None:
            return []
        return [columns] if isinstance(columns, (str, int, np.integer)) else list(columns)

    @property
    def feature_importances_(self) -> np.ndarray:
        check_is_fitted(self)
        known = self.store_.importances() or {}
        return np.array([known.get(name, 0.0) for name in self._names])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.target_tags.required = True
        return tags


class PerEntityClassifier(ClassifierMixin, _PerEntity):
    __doc__ = (
        """Predicts classes, each row's by its own entity's model.
"""
        + _PARAMETERS.format(
            criteria='{"gini", "entropy"}', class_weight=_CLASS_WEIGHT, classes=_CLASSES
        )
        + """
    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.model_selection import cross_val_score
    >>> from per_entity.sklearn import PerEntityClassifier
    >>> rows = pd.DataFrame({"store": ["A", "B"] * 30, "hour": [h % 24 for h in range(60)]})
    >>> busy = (rows["hour"] > 11) == (rows["store"] == "A")
    >>> classifier = PerEntityClassifier(key="store")
    >>> float(cross_val_score(classifier, rows, busy, cv=3).mean().round(2))
    1.0
    """
    )

    _task = "classification"

    def __init__(
        self,
        key: Any = None,
        *,
        trainer: str = "cart",
        categorical: Any = None,
        numeric: Any = None,
        criterion: str | None = None,
        class_weight: Any = None,
        category_splits: str | None = None,
        pruning: str | None = None,
        ccp_alpha: float | None = None,
        max_depth: int | None = None,
        min_samples_split: int | None = None,
        min_samples_leaf: int | None = None,
        min_impurity_decrease: float | None = None,
        shared_rounds: int | None = None,
        min_rows: int = 1,
        threads: int | None = None,
    ) -> None:
        self.key = key
        self.trainer = trainer
        self.categorical = categorical
        self.numeric = numeric
        self.criterion = criterion
        self.class_weight = class_weight
        self.category_splits = category_splits
        self.pruning = pruning
        self.ccp_alpha = ccp_alpha
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_impurity_decrease = min_impurity_decrease
        self.shared_rounds = shared_rounds
        self.min_rows = min_rows
        self.threads = threads

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> PerEntityClassifier:
        """Train a model for every entity.

        Parameters
        ----------
        X : frame or array-like of shape (n_rows, n_columns)
            The key and the features. NaN and null are missing values.
        y : array-like of shape (n_rows,)
            The classes.
        sample_weight : array-like of shape (n_rows,), optional
            How much each row counts.
        """
        X = self._checked(X, reset=True)
        y = _target(self, X, y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        # Each class by its place, whatever its values are.
        texts = [str(label) for label in self.classes_]
        if len(set(texts)) < len(texts):
            raise ValueError(f"y has classes that are written alike: {texts}")
        weight = self.class_weight
        if isinstance(weight, dict):
            weight = {str(label): value for label, value in weight.items()}
            weight = {label: value for label, value in weight.items() if label in texts}
        target = pa.array(texts).take(pa.array(codes))
        self._fit(X, target, sample_weight, class_weight=weight or None)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probabilities of the classes, in the order of ``classes_``.

        Parameters
        ----------
        X : frame or array-like of shape (n_rows, n_columns)
            Rows as in :meth:`fit`.
        """
        predicted = self._predicted(X)
        return _probabilities(predicted, self.classes_)

    def predict(self, X: Any) -> np.ndarray:
        """The class of each row.

        Parameters
        ----------
        X : frame or array-like of shape (n_rows, n_columns)
            Rows as in :meth:`fit`.
        """
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]


class PerEntityRegressor(RegressorMixin, _PerEntity):
    __doc__ = (
        """Predicts a quantity, each row's by its own entity's model.
"""
        + _PARAMETERS.format(
            criteria='{"squared-error", "absolute-error", "poisson"}',
            class_weight="",
            classes="",
        )
        + """
    Examples
    --------
    >>> import pandas as pd
    >>> from per_entity.sklearn import PerEntityRegressor
    >>> rows = pd.DataFrame({"store": ["A", "A", "B", "B"], "hour": [9, 17, 9, 17]})
    >>> regressor = PerEntityRegressor(key="store", pruning="none")
    >>> regressor.fit(rows, [1.0, 5.0, 7.0, 2.0]).predict(rows).tolist()
    [1.0, 5.0, 7.0, 2.0]
    """
    )

    _task = "regression"

    def __init__(
        self,
        key: Any = None,
        *,
        trainer: str = "cart",
        categorical: Any = None,
        numeric: Any = None,
        criterion: str | None = None,
        category_splits: str | None = None,
        pruning: str | None = None,
        ccp_alpha: float | None = None,
        max_depth: int | None = None,
        min_samples_split: int | None = None,
        min_samples_leaf: int | None = None,
        min_impurity_decrease: float | None = None,
        shared_rounds: int | None = None,
        min_rows: int = 1,
        threads: int | None = None,
    ) -> None:
        self.key = key
        self.trainer = trainer
        self.categorical = categorical
        self.numeric = numeric
        self.criterion = criterion
        self.category_splits = category_splits
        self.pruning = pruning
        self.ccp_alpha = ccp_alpha
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_impurity_decrease = min_impurity_decrease
        self.shared_rounds = shared_rounds
        self.min_rows = min_rows
        self.threads = threads

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> PerEntityRegressor:
        """Train a model for every entity.

        Parameters
        ----------
        X : frame or array-like of shape (n_rows, n_columns)
            The key and the features. NaN and null are missing values.
        y : array-like of shape (n_rows,)
            The quantity.
        sample_weight : array-like of shape (n_rows,), optional
            How much each row counts.
        """
        X = self._checked(X, reset=True)
        y = _target(self, X, y).astype(np.float64)
        assert_all_finite(y, input_name="y")
        self._fit(X, pa.array(y), sample_weight)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The quantity of each row.

        Parameters
        ----------
        X : frame or array-like of shape (n_rows, n_columns)
            Rows as in :meth:`fit`.
        """
        return self._predicted(X)["prediction"].to_numpy()


# The key of the only entity where there is no key.
_ALL = "all"


def _target(estimator: Any, X: Any, y: Any) -> np.ndarray:
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None"
        )
    y = column_or_1d(y, warn=True)
    check_consistent_length(X, y)
    if y.dtype.kind == "O":
        missing = [value for value in y if value is None or value != value]
        if missing:
            raise ValueError(f"Input y contains {missing[0]}")
    else:
        assert_all_finite(y, input_name="y")
    return y


def _array(column: np.ndarray) -> pa.Array:
    """A column of an array; of objects, numbers where all are, else texts."""
    if column.dtype.kind != "O":
        return pa.array(np.ascontiguousarray(column), from_pandas=True)
    present = [value for value in column if value is not None and value == value]
    if all(isinstance(value, (int, float, np.number)) for value in present):
        return pa.array(column.astype(np.float64), from_pandas=True)
    if any(isinstance(value, (dict, list, set)) for value in present):
        raise TypeError("an argument must be a string or a number")
    texts = [None if value is None or value != value else str(value) for value in column]
    return pa.array(texts, pa.string())


def _probabilities(predicted: pa.Table, classes: np.ndarray) -> np.ndarray:
    """One column for each class; of a class that counts for nothing, or that an entity does not
    have, they are 0."""
    probabilities = np.zeros((predicted.num_rows, len(classes)))
    for place, label in enumerate(classes):
        name = f"probability_{label}"
        if name in predicted.column_names:
            probabilities[:, place] = predicted[name].fill_null(0.0).to_numpy()
    return probabilities
