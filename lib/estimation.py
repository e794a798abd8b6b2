"""How well a model does on rows whose truth is not known yet, from how it erred on held-out rows whose truth was known.

For classes, confidence-based estimation: if a calibrated probability says 0.3, three rows in ten are positive, and so
any score can be computed in expectation from the probabilities alone (Guillory et al. 2021; NannyML calls it CBPE). For
values, an error model: rows are grouped by what drives the size of the error, and each group keeps the errors that it
had. Both follow a change of the rows. Neither can see a change of how the target depends on the rows: that takes
labels, against which each estimate is checked when they come.

What is learnt is plain numbers, small enough to be kept with the model.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.isotonic import IsotonicRegression
from sklearn.tree import DecisionTreeRegressor

from lib import bootstrap, scoring
from lib.preprocessing import LARGEST

MOST_BINS = 50
LEAST_ROWS = 25
"""Held-out rows in each bin of probability, and at the least in each group of errors."""
MOST_GROUPS = 12
KEPT_ERRORS = 101
N_DRAWS = 200
MOST_ROWS = 50_000
"""Rows that are drawn from; of more, the interval is that of so many, narrowed by the square root of their share."""


def learn(design: Mapping[str, Any], y, prediction, X: pd.DataFrame | None = None) -> dict[str, Any]:
    """Return what there is to know about a model's errors from held-out rows.

    Parameters
    ----------
    design : mapping
        The contract.
    y : array of shape (n_samples,)
        As `scoring.encode` returns it.
    prediction : array of shape (n_samples,) or (n_samples, n_classes)
        As `scoring.predict` returns it.
    X : DataFrame of shape (n_samples, n_features), optional
        The features; for a regression, its numbers join the prediction in telling groups of rows apart.

    Returns
    -------
    dict
        For classes, ``calibration``: for each class (the last one, if there are two) the predicted and the observed
        shares in bins, the latter made to rise by isotonic regression. For a regression, ``groups``: a small decision
        tree as lists, and quantiles of the errors (truth less prediction) in each leaf.
    """
    y, prediction = np.asarray(y), np.asarray(prediction, dtype="float64")
    if design["task"] == "regression":
        return {"groups": _error_groups(y - prediction, _drivers(prediction, X))}
    if design["task"] == "binary":
        return {"calibration": [_calibration_bins(y == 1, prediction)]}
    return {"calibration": [_calibration_bins(y == code, column) for code, column in enumerate(prediction.T)]}


def estimate(
    design: Mapping[str, Any],
    learnt: Mapping[str, Any],
    prediction,
    X: pd.DataFrame | None = None,
    *,
    confidence: float = 0.95,
    random_state: int = 0,
) -> bootstrap.Interval:
    """Return the score that is to be expected on rows without truth, with its interval.

    Parameters
    ----------
    design : mapping
        The contract.
    learnt : mapping
        What `learn` returned.
    prediction : array of shape (n_samples,) or (n_samples, n_classes)
    X : DataFrame of shape (n_samples, n_features), optional
    confidence : float
    random_state : int

    Returns
    -------
    Interval
        The interval is that of the score which these very rows may turn out to have: their truth is drawn for them
        `N_DRAWS` times. NaN where the score is not defined in half of the draws.
    """
    prediction = np.asarray(prediction, dtype="float64")
    generator = np.random.default_rng(random_state)
    rows = np.arange(len(prediction))
    if len(rows) > MOST_ROWS:
        rows = generator.choice(rows, MOST_ROWS, replace=False)
    narrowed = np.sqrt(len(rows) / max(len(prediction), 1))
    X = None if X is None else X.iloc[rows]
    draws = _draws(design, learnt, prediction[rows], X, generator)
    defined = draws[~np.isnan(draws)]
    if len(defined) <= len(draws) / 2:
        return bootstrap.Interval(np.nan, np.nan, np.nan, confidence)
    value = float(defined.mean())
    low, high = value + (np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2]) - value) * narrowed
    return bootstrap.Interval(value, float(low), float(high), confidence)


def calibrated(learnt: Mapping[str, Any], prediction) -> np.ndarray:
    """Return probabilities that mean what they say, shape (n_samples, n_classes); two columns for two classes."""
    prediction = np.asarray(prediction, dtype="float64")
    columns = prediction[:, None] if prediction.ndim == 1 else prediction
    found = [
        np.interp(column, bins["predicted"], bins["observed"])
        for bins, column in zip(learnt["calibration"], columns.T, strict=True)
    ]
    if prediction.ndim == 1:
        return np.column_stack([1 - found[0], found[0]])
    shares = np.column_stack(found) + np.finfo("float64").tiny
    return shares / shares.sum(axis=1, keepdims=True)


def groups_of(groups: Mapping[str, Any], prediction, X: pd.DataFrame | None = None) -> np.ndarray:
    """Return which group of errors each row belongs to, as a place in ``groups["errors"]``."""
    table = _drivers(np.asarray(prediction, dtype="float64"), X).reindex(columns=groups["columns"])
    # the tree compares single precision, so that a value next to a limit falls on the same side here
    values = table.to_numpy(dtype="float32")
    place = np.zeros(len(values), dtype="int64")
    feature, limit, left, right = (np.array(groups[name]) for name in ("feature", "threshold", "left", "right"))
    gaps_left = np.array(groups["gaps_left"], dtype=bool)
    while (inner := left[place] >= 0).any():
        at = place[inner]
        found = values[inner, feature[at]]
        goes_left = np.where(np.isnan(found), gaps_left[at], found <= limit[at])
        place[inner] = np.where(goes_left, left[at], right[at])
    return np.array(groups["group"])[place]


def _draws(design, learnt, prediction, X, generator) -> np.ndarray:
    metric, n = design["metric"], len(prediction)
    if n == 0:
        return np.full(1, np.nan)
    if design["task"] == "regression":
        errors = np.array(learnt["groups"]["errors"])[groups_of(learnt["groups"], prediction, X)]
        picks = (generator.integers(0, errors.shape[1], n) for _ in range(N_DRAWS))
        rows = np.arange(n)
        return np.array([scoring.score(metric, prediction + errors[rows, pick], prediction) for pick in picks])
    return _class_draws(metric, calibrated(learnt, prediction), prediction, generator)


def _class_draws(metric, shares, prediction, generator) -> np.ndarray:
    """Score each row once for each class that it may be of, so that a draw of the truth is a choice of weights."""
    n, k = shares.shape
    score = scoring.weighted(metric, np.repeat(np.arange(k), n), np.concatenate([prediction] * k))
    limits = np.cumsum(shares, axis=1)[:, :-1]
    found = []
    for _ in range(N_DRAWS):
        drawn = (generator.random(n)[:, None] > limits).sum(axis=1)
        chosen = np.zeros((k, n))
        chosen[drawn, np.arange(n)] = 1.0
        found.append(score(chosen.ravel()))
    return np.array(found)


def _calibration_bins(hit, probability) -> dict[str, list[float]]:
    """Return predicted and observed shares in bins of equal size; equal probabilities are never torn apart."""
    n_bins = int(np.clip(len(probability) // LEAST_ROWS, 1, MOST_BINS))
    table = pd.DataFrame({"hit": np.asarray(hit, dtype="float64"), "p": probability})
    place = (table["p"].rank(method="average") - 0.5) / len(table)
    found = table.groupby((place * n_bins).astype(int)).agg(p=("p", "mean"), hit=("hit", "mean"), n=("p", "size"))
    rising = IsotonicRegression(y_min=0, y_max=1).fit_transform(found["p"], found["hit"], sample_weight=found["n"])
    return {"predicted": found["p"].tolist(), "observed": rising.tolist()}


def _drivers(prediction, X: pd.DataFrame | None) -> pd.DataFrame:
    """Return the prediction beside the numbers among the features, as far as 32 bits hold them."""
    numbers = pd.DataFrame() if X is None else X.select_dtypes("number").astype("float64").reset_index(drop=True)
    return numbers.assign(**{"": prediction}).replace([np.inf, -np.inf], np.nan).clip(-LARGEST, LARGEST)


def _error_groups(errors: np.ndarray, drivers: pd.DataFrame) -> dict[str, Any]:
    """Return a tree that tells large errors from small ones, with quantiles of the errors in each leaf."""
    least = max(LEAST_ROWS, len(errors) // 20)
    tree = DecisionTreeRegressor(max_leaf_nodes=MOST_GROUPS, min_samples_leaf=least, random_state=0)
    tree.fit(drivers.to_numpy(), np.abs(errors))
    leaf, inner = tree.apply(drivers.to_numpy()), tree.tree_
    leaves = np.unique(leaf)
    levels = (np.arange(KEPT_ERRORS) + 0.5) / KEPT_ERRORS
    return {
        "columns": list(drivers),
        "feature": inner.feature.tolist(),
        "threshold": inner.threshold.tolist(),
        "left": inner.children_left.tolist(),
        "right": inner.children_right.tolist(),
        "gaps_left": [bool(value) for value in inner.missing_go_to_left],
        "group": np.searchsorted(leaves, np.arange(inner.node_count)).clip(0, len(leaves) - 1).tolist(),
        "errors": [np.quantile(errors[leaf == each], levels).tolist() for each in leaves],
    }
