"""The best prediction from one column alone: a shallow tree over numbers, shrunken averages over categories."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

LARGEST = 1e38
"""Beyond 3.4e38 a float of 32 bits is infinite."""

MOST_INTERVALS = 8
"""A rule with more cases than this is not one that people follow."""

PRIOR_ROWS = 20
"""A category's average counts as if it came with so many average rows more, so that a rare one is not believed."""


def predict(design: Mapping[str, Any], train: pd.Series, y: np.ndarray, other: pd.Series) -> np.ndarray:
    """Learn a rule on some rows and return what it predicts for others.

    Parameters
    ----------
    design : mapping
        The contract: `task` and `classes`.
    train : Series of shape (n_training_samples,)
        The column on the rows to learn from, as `plain` makes it.
    y : array of shape (n_training_samples,)
        The target as `scoring.encode` returns it.
    other : Series of shape (n_samples,)
        The column on the rows to predict, as `plain` makes it.

    Returns
    -------
    array
        Predictions, of the shape that `scoring.score` takes.
    """
    return _learn(design, train, y)(other)


def cases(design: Mapping[str, Any], train: pd.Series, y: np.ndarray) -> pd.DataFrame:
    """Return the rule that `predict` learns in words, a row each case: columns when and predict."""
    rule = _learn(design, train, y)
    rows = [(when, _in_words(design, answer)) for when, answer in rule.cases(train)]
    return pd.DataFrame(rows, columns=["when", "predict"])


def constant(design: Mapping[str, Any], y: np.ndarray) -> np.ndarray:
    """Return the best single answer for some rows: the mean, or the share of each class of more than two."""
    means = _indicators(design, y).mean(axis=0)
    return means if design["task"] == "multiclass" else means[0]


def plain(column: pd.Series) -> pd.Series:
    """Return a column as floating numbers or text, times as seconds since 1970."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.astype("datetime64[s]").astype("int64").astype("float64").where(column.notna())
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(dtype="float64", na_value=np.nan)
        # the trees here compute with 32 bits
        values = np.where(np.isinf(values), np.nan, np.clip(values, -LARGEST, LARGEST))
        return pd.Series(values, index=column.index, name=column.name)
    return column.astype("str")


def skill(design: Mapping[str, Any], y: np.ndarray, prediction: np.ndarray) -> float:
    """Return how much better than a constant a prediction is, from 0, as good as none, to 1, perfect.

    Two classes: 2 AUC - 1, Gini's coefficient. More: McFadden's (1974) likelihood ratio index. A quantity: R2.
    """
    if design["task"] == "binary":
        return float(2 * metrics.roc_auc_score(y, prediction) - 1) if np.ptp(y) else 0.0
    if design["task"] == "regression":
        return float(metrics.r2_score(y, prediction))
    labels = np.arange(len(design["classes"]))
    known_shares = np.tile(constant(design, y), (len(y), 1))
    return float(1 - metrics.log_loss(y, prediction, labels=labels) / metrics.log_loss(y, known_shares, labels=labels))


def _learn(design: Mapping[str, Any], train: pd.Series, y: np.ndarray) -> "_Intervals | _Categories":
    kind = _Intervals if pd.api.types.is_numeric_dtype(train) else _Categories
    return kind(design, train, y)


class _Intervals:
    """What a tree of few leaves makes of a column of numbers."""

    def __init__(self, design, train: pd.Series, y: np.ndarray):
        kind = DecisionTreeRegressor if design["task"] == "regression" else DecisionTreeClassifier
        least = min(max(5, len(train) // 100), max(1, len(train) // MOST_INTERVALS))
        self.tree = kind(max_leaf_nodes=MOST_INTERVALS, min_samples_leaf=least, random_state=0).fit(_cell(train), y)
        leaves = self.tree.apply(_cell(train))
        self.answers = _means(leaves, _indicators(design, y), np.bincount(leaves), every=0.0, prior=0)
        self.answers = self.answers if design["task"] == "multiclass" else self.answers[:, 0]

    def __call__(self, other: pd.Series) -> np.ndarray:
        return self.answers[self.tree.apply(_cell(other))]

    def cases(self, train: pd.Series) -> list[tuple]:
        ranges = train.groupby(self.tree.apply(_cell(train))).agg(["min", "max"]).sort_values("min")
        return [(_interval(*ends), self.answers[leaf]) for leaf, *ends in ranges.itertuples()]


class _Categories:
    """The mean of each category, drawn towards the mean of all."""

    def __init__(self, design, train: pd.Series, y: np.ndarray):
        codes, self.known = pd.factorize(train, use_na_sentinel=False)
        self.sizes = np.bincount(codes, minlength=len(self.known))
        self.every = np.atleast_1d(constant(design, y))
        self.answers = _means(codes, _indicators(design, y), self.sizes, self.every, PRIOR_ROWS)
        if design["task"] != "multiclass":
            self.every, self.answers = self.every[0], self.answers[:, 0]

    def __call__(self, other: pd.Series) -> np.ndarray:
        found = pd.Index(self.known).get_indexer(other)
        unknown = (found < 0) if self.answers.ndim == 1 else (found < 0)[:, None]
        return np.where(unknown, self.every, self.answers[found])

    def cases(self, train: pd.Series) -> list[tuple]:
        largest_first = np.argsort(-self.sizes, kind="stable")
        return [(_category(self.known[k]), self.answers[k]) for k in largest_first]


def _means(codes: np.ndarray, indicators: np.ndarray, sizes: np.ndarray, every, prior: int) -> np.ndarray:
    """Return the mean of each column of `indicators` for each code, and `prior` rows more that have `every`."""
    sums = np.stack([np.bincount(codes, column, len(sizes)) for column in indicators.T], axis=1)
    return (sums + prior * every) / np.maximum(1, sizes + prior)[:, None]


def _indicators(design, y: np.ndarray) -> np.ndarray:
    if design["task"] == "multiclass":
        return np.eye(len(design["classes"]))[np.asarray(y, dtype="int64")]
    return np.asarray(y, dtype="float64")[:, None]


def _cell(column: pd.Series) -> np.ndarray:
    return column.to_numpy()[:, None]


def _interval(low: float, high: float) -> str:
    if np.isnan(low):
        return "is missing"
    return f"is {low:g}" if low == high else f"is {low:g} to {high:g}"


def _category(value) -> str:
    return "is missing" if pd.isna(value) else f"is {value}"


def _in_words(design, answer) -> str:
    if design["task"] != "multiclass":
        return f"{answer:.3g}"
    return f"{design['classes'][int(np.argmax(answer))]} ({answer.max():.0%})"
