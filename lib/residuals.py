"""Whether what a model gets wrong follows a pattern: then the rows that have come hold what it does not know yet.

A model may score as well as ever and still be outgrown, as one of winter rows that meets its first summer. So an
auditor learns from the errors in the model's test rows and since it was promoted, up to the middle of a window, and
corrects the predictions of the window's newer half (the audit of Kim, Ghorbani and Zou 2019, "Multiaccuracy", of which
only the verdict is used). What the score gains by that is about what a retraining has to offer, and is seen without the
training rows and without one.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from lib import bootstrap
from lib.bootstrap import Interval

LEAST_ROWS = 200
"""Labelled rows; fewer teach nothing that could be told from chance."""
MOST_ROWS = 30_000
"""Rows that are learnt from, and as many that are judged; of more, those next to the middle of the window."""
MOST_CATEGORIES = 200
N_RESAMPLES = 200


def gain(
    known: Mapping[str, Any],
    X: pd.DataFrame,
    y,
    prediction,
    *,
    n_earlier: int = 0,
    clusters=None,
    random_state: int = 0,
) -> Interval | None:
    """Return what the score of a window's newer half gains where the errors before it are learnt from.

    Parameters
    ----------
    known : mapping
        The contract, or a reference profile: `task` and `metric`.
    X : DataFrame of shape (n_samples, n_features)
        In order of time.
    y : array of shape (n_samples,)
        As `scoring.encode` returns it.
    prediction : array of shape (n_samples,) or (n_samples, n_classes)
        As `scoring.predict` returns it.
    n_earlier : int
        How many of the rows, the first ones, were before the window.
    clusters : array of int, shape (n_samples - n_earlier,), optional
        Which rows of the window belong together.
    random_state : int

    Returns
    -------
    Interval or None
        None for fewer than `LEAST_ROWS` rows in the window.
    """
    y, prediction = np.asarray(y, dtype="float64"), np.asarray(prediction, dtype="float64")
    n_samples = len(y) - n_earlier
    if n_samples < LEAST_ROWS:
        return None
    middle = n_earlier + n_samples // 2
    rows = slice(max(0, middle - MOST_ROWS), middle + MOST_ROWS)
    n_older = middle - rows.start
    truth, said = y[rows], _columns(prediction[rows])
    errors = _answers(known["task"], truth, said) - said
    found = said[n_older:] + _learnt(X.iloc[rows], said, errors, n_older, random_state)
    corrected = _possible(known["task"], found, said)
    return bootstrap.paired_difference(
        known["metric"],
        truth[n_older:],
        corrected[:, 0] if prediction.ndim == 1 else corrected,
        prediction[rows][n_older:],
        clusters=None if clusters is None else _part(clusters, middle - n_earlier),
        n_resamples=N_RESAMPLES,
        random_state=random_state,
    )


def _part(clusters: np.ndarray, middle: int) -> np.ndarray:
    """Return the clusters of the rows that are judged, as codes from 0 on."""
    return np.unique(clusters[middle : middle + MOST_ROWS], return_inverse=True)[1]


def _learnt(X: pd.DataFrame, said: np.ndarray, errors: np.ndarray, n_older: int, random_state: int) -> np.ndarray:
    """Return the errors in the newer rows that are to be expected after those in the older ones."""
    columns, is_category = _numbers(X, n_older)
    table = np.column_stack([columns, said])
    given = {"max_iter": 60, "learning_rate": 0.08, "max_leaf_nodes": 8, "l2_regularization": 10.0}
    given |= {
        "min_samples_leaf": max(20, n_older // 150),
        "categorical_features": [*is_category, *([False] * said.shape[1])],
    }
    # One thread: on a machine that does other things two wait for each other longer than they work.
    with threadpool_limits(1):
        auditors = [
            HistGradientBoostingRegressor(early_stopping=False, random_state=random_state, **given).fit(
                table[:n_older], column[:n_older]
            )
            for column in errors.T
        ]
        return np.column_stack([auditor.predict(table[n_older:]) for auditor in auditors])


def _numbers(X: pd.DataFrame, n_older: int) -> tuple[np.ndarray, list[bool]]:
    """Return the columns as numbers, and which are codes of categories.

    Times, which only grow, are left out, and so is what does not vary in the older rows.
    """
    columns, is_category = [], []
    for name in X:
        if pd.api.types.is_datetime64_any_dtype(X[name]):
            continue
        category = not pd.api.types.is_numeric_dtype(X[name])
        values = _codes(X[name], n_older) if category else X[name].to_numpy(dtype="float64", na_value=np.nan)
        values = np.where(np.isfinite(values), values, np.nan)
        if len(np.unique(values[:n_older][~np.isnan(values[:n_older])])) > 1:
            columns.append(values)
            is_category.append(category)
    return np.column_stack(columns) if columns else np.empty((len(X), 0)), is_category


def _codes(values: pd.Series, n_older: int) -> np.ndarray:
    """Return the most frequent categories of the older rows as codes, all others as gaps."""
    values = values.astype("object").map(str, na_action="ignore")
    kept = values.iloc[:n_older].value_counts().index[:MOST_CATEGORIES]
    codes = pd.Index(kept).get_indexer(values).astype("float64")
    return np.where(codes < 0, np.nan, codes)


def _columns(prediction: np.ndarray) -> np.ndarray:
    return prediction[:, None] if prediction.ndim == 1 else prediction


def _answers(task: str, y: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Return what a model without errors would have said."""
    return np.eye(said.shape[1])[y.astype(int)] if task == "multiclass" else y[:, None]


def _possible(task: str, found: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Return predictions as the model could have made them."""
    if task == "regression":
        # of values that are all positive, as counts are, some scores are defined for positive ones only
        return np.maximum(found, said.min()) if said.min() > 0 else found
    limit = 1e-6
    shares = np.clip(found, limit, 1 - limit)
    return shares / shares.sum(axis=1, keepdims=True) if task == "multiclass" else shares
