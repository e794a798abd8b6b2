"""Columns that others can stand in for: exact dependence, variance inflation factors, stepwise elimination."""

import numpy as np
import pandas as pd

TRACE_COLUMNS = ["step", "column", "vif", "most_correlated_with", "correlation"]

# Share of a column's variance below which what the others leave unexplained is rounding.
EXACT = 1e-10


def variance_inflation_factors(X: pd.DataFrame) -> pd.Series:
    """Return the variance inflation factor of each column: 1 / (1 - R²) of its regression on all others.

    The factors are the diagonal of the inverse of the correlation matrix (Belsley, Kuh and Welsch 1980, chapter 3):
    one inversion instead of a regression a column.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
        Finite numbers without gaps; no column constant or exactly dependent on others.

    Returns
    -------
    Series of float, shape (n_features,)
    """
    return pd.Series(np.diag(np.linalg.inv(_correlation(X))), index=X.columns, dtype="float64")


def eliminate(X: pd.DataFrame, *, max_vif: float = 5.0) -> tuple[list[str], pd.DataFrame]:
    """Take out the column with the largest factor, again and again, until all are at most `max_vif`.

    The inverse is not computed anew: without column k it is ``P - p p' / P[k, k]``, the Schur complement, where ``p``
    is column k of the inverse ``P`` of what was there before.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
        As for `variance_inflation_factors`.
    max_vif : float
        5 or 10 are the usual limits (James, Witten, Hastie and Tibshirani 2021, section 3.3.3); O'Brien (2007) warns
        against following either blindly.

    Returns
    -------
    kept : list of str
        Columns that remain, in their old order.
    trace : DataFrame with `TRACE_COLUMNS`
        What went, in order: its factor then, and the remaining column that it is most correlated with.
    """
    correlation = _correlation(X)
    inverse, kept, trace = np.linalg.inv(correlation), list(range(X.shape[1])), []
    while kept and np.diag(inverse).max() > max_vif:
        worst = int(np.diag(inverse).argmax())
        trace.append(_step(X.columns, correlation, kept, worst, inverse[worst, worst], len(trace) + 1))
        inverse = _without(inverse, worst)
        del kept[worst]
    return [X.columns[index] for index in kept], pd.DataFrame(trace, columns=TRACE_COLUMNS)


def dependent_columns(X: pd.DataFrame) -> dict[str, list[str]]:
    """Return the columns that are exact linear combinations of earlier ones, and which those are.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
        Finite numbers without gaps, no column constant.

    Returns
    -------
    dict of str to list of str
        In the order of the columns; empty if there are none.
    """
    correlation, kept, found = _correlation(X), [], {}
    for index, name in enumerate(X.columns):
        weights, unexplained = _explained_by(correlation, kept, index)
        if unexplained < EXACT:
            found[name] = [X.columns[other] for other, weight in zip(kept, weights, strict=True) if abs(weight) > 1e-6]
        else:
            kept.append(index)
    return found


def _explained_by(correlation: np.ndarray, others: list[int], index: int) -> tuple[np.ndarray, float]:
    """Return the standardised weights of `others` for a column, and the share of its variance that they leave."""
    if not others:
        return np.empty(0), 1.0
    right = correlation[others, index]
    weights = np.linalg.solve(correlation[np.ix_(others, others)], right)
    return weights, float(1 - right @ weights)


def _correlation(X: pd.DataFrame) -> np.ndarray:
    centred = X.to_numpy(dtype="float64", copy=True)
    centred -= centred.mean(axis=0)
    centred /= np.sqrt((centred**2).sum(axis=0))
    return centred.T @ centred


def _without(inverse: np.ndarray, k: int) -> np.ndarray:
    rest = np.delete(np.arange(len(inverse)), k)
    column = inverse[rest, k]
    return inverse[np.ix_(rest, rest)] - np.outer(column, column) / inverse[k, k]


def _step(columns, correlation: np.ndarray, kept: list[int], worst: int, vif: float, step: int) -> tuple:
    others = [index for index in kept if index != kept[worst]]
    partner = max(others, key=lambda index: abs(correlation[kept[worst], index]))
    return step, columns[kept[worst]], float(vif), columns[partner], float(correlation[kept[worst], partner])
