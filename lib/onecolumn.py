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


def fit_predict(design: Mapping[str, Any], train: pd.Series, y, other: pd.Series) -> tuple[pd.DataFrame, np.ndarray]:
    """Learn a rule on some rows and apply it to others.

    Parameters
    ----------
    design : mapping
        The contract: `task` and `classes`.
    train : Series of shape (n_training_samples,)
        The column on the rows to learn from.
    y : array of shape (n_training_samples,)
        The target as `scoring.encode` returns it.
    other : Series of shape (n_samples,)
        The column on the rows to predict.

    Returns
    -------
    tuple of DataFrame and array
        The cases of the rule in words, columns when and predict; and the predictions, of the shape that
        `scoring.score` takes.
    """
    train, other = plain(train), plain(other)
    learn = _by_intervals if pd.api.types.is_numeric_dtype(train) else _by_category
    return learn(design, train, y, other)


def constant(design: Mapping[str, Any], y: np.ndarray) -> np.ndarray:
    """Return the best single answer for some rows: the mean, or the share of each class of more than two."""
    means = _indicators(design, y).mean(axis=0)
    return means if design["task"] == "multiclass" else means[0]


def plain(column: pd.Series) -> pd.Series:
    """Return a column as floating numbers or text, times as seconds since 1970."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.astype("datetime64[s]").astype("int64").astype("float64").where(column.notna())
    if pd.api.types.is_numeric_dtype(column):
        # the trees here compute with 32 bits
        return column.astype("float64").replace([np.inf, -np.inf], np.nan).clip(-LARGEST, LARGEST)
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


def _by_intervals(design, train: pd.Series, y, other: pd.Series) -> tuple[pd.DataFrame, np.ndarray]:
    kind = DecisionTreeRegressor if design["task"] == "regression" else DecisionTreeClassifier
    least = min(max(5, len(train) // 100), max(1, len(train) // MOST_INTERVALS))
    tree = kind(max_leaf_nodes=MOST_INTERVALS, min_samples_leaf=least, random_state=0).fit(_cell(train), y)
    leaves = pd.Series(tree.apply(_cell(train)))
    answers = {leaf: constant(design, y[rows]) for leaf, rows in leaves.groupby(leaves).indices.items()}
    ranges = train.reset_index(drop=True).groupby(leaves).agg(["min", "max"]).sort_values("min")
    cases = [(_interval(*ranges.loc[leaf]), _in_words(design, answers[leaf])) for leaf in ranges.index]
    prediction = np.array([answers[leaf] for leaf in tree.apply(_cell(other))])
    return pd.DataFrame(cases, columns=["when", "predict"]), prediction


def _by_category(design, train: pd.Series, y, other: pd.Series) -> tuple[pd.DataFrame, np.ndarray]:
    codes, categories = pd.factorize(train, use_na_sentinel=False)
    every, indicators = np.atleast_1d(constant(design, y)), _indicators(design, y)
    sums = np.stack([np.bincount(codes, column, len(categories)) for column in indicators.T], axis=1)
    sizes = np.bincount(codes, minlength=len(categories))
    means = (sums + PRIOR_ROWS * every) / (sizes + PRIOR_ROWS)[:, None]
    found = pd.Index(categories).get_indexer(other)
    prediction = np.where((found < 0)[:, None], every, means[found])
    if design["task"] != "multiclass":
        means, prediction = means[:, 0], prediction[:, 0]
    largest_first = np.argsort(-sizes, kind="stable")
    cases = [(_category(categories[k]), _in_words(design, means[k])) for k in largest_first]
    return pd.DataFrame(cases, columns=["when", "predict"]), prediction


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
