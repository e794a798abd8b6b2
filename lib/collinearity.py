"""Columns that others can stand in for: exact dependence, variance inflation factors, stepwise elimination."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
import pandas as pd
from scipy.linalg import solve_triangular

TRACE_COLUMNS = ["step", "column", "vif", "most_correlated_with", "correlation"]

# Share of a column's variance below which what the others leave unexplained is rounding.
EXACT = 1e-10

# Rows centred at a time: few enough for the processor's cache, so that a large table is gone over once.
_BLOCK = 16_384

# Largest values of columns whose squares can be added up without falling out of the range of floats.
_SIZES = (1e-100, 1e100)


@dataclass(frozen=True)
class Moments:
    """Means and co-moments of columns: all that correlations need, so made that those of batches add up.

    Parameters
    ----------
    columns : tuple of str
    n_samples : int
    mean : array of shape (n_columns,)
    comoment : array of shape (n_columns, n_columns)
        Sums of products of deviations from the means.
    """

    columns: tuple[str, ...]
    n_samples: int
    mean: np.ndarray = field(repr=False)
    comoment: np.ndarray = field(repr=False)


def moments(X: pd.DataFrame) -> Moments:
    """Return the moments of a table without gaps."""
    blocks = [X.iloc[start : start + _BLOCK] for start in range(0, max(len(X), 1), _BLOCK)]
    return moments_of_batches(_moments(block) for block in blocks)


def moments_of_batches(parts: Iterable[Moments]) -> Moments:
    """Return the moments of all rows from those of batches (Chan, Golub and LeVeque 1979)."""
    return reduce(_merged, parts)


def correlation(found: Moments) -> pd.DataFrame:
    """Return the correlation matrix that the moments make, NaN for a column that is constant."""
    scale = np.sqrt(np.diag(found.comoment))
    with np.errstate(invalid="ignore", divide="ignore"):
        matrix = found.comoment / np.outer(scale, scale)
    return pd.DataFrame(matrix, index=found.columns, columns=found.columns)


def factors_of(found: Moments) -> pd.Series:
    """Return the variance inflation factors that moments make, whatever the columns are.

    Returns
    -------
    Series of float, shape (n_columns,)
        NaN for a constant column; infinity for one that is an exact combination of earlier ones.
    """
    factors = pd.Series(np.nan, index=found.columns, dtype="float64")
    matrix = correlation(found)
    spread = np.diag(found.comoment)
    # squares of what is beyond 1e154, or nearer to 0 than 1e-162, are no numbers any more
    varied = matrix.columns[(spread > 0) & np.isfinite(spread)]
    dependent = _dependent(matrix.loc[varied, varied])
    rest = [name for name in varied if name not in dependent]
    factors[list(dependent)] = np.inf
    factors[rest] = np.diag(np.linalg.inv(matrix.loc[rest, rest].to_numpy()))
    return factors


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
    return _dependent(pd.DataFrame(_correlation(X), index=X.columns, columns=X.columns))


def _dependent(matrix: pd.DataFrame) -> dict[str, list[str]]:
    """Go along the columns with a Cholesky factor that grows by a row for each one that the others do not explain."""
    values, factor, kept, found = matrix.to_numpy(), np.zeros(matrix.shape), [], {}
    for index, name in enumerate(matrix.columns):
        n = len(kept)
        solved = solve_triangular(factor[:n, :n], values[kept, index], lower=True) if n else np.empty(0)
        unexplained = float(1 - solved @ solved)
        if unexplained < EXACT:
            weights = solve_triangular(factor[:n, :n], solved, lower=True, trans="T")
            found[name] = [matrix.columns[k] for k, weight in zip(kept, weights, strict=True) if abs(weight) > 1e-6]
        else:
            factor[n, :n], factor[n, n] = solved, np.sqrt(unexplained)
            kept.append(index)
    return found


def _moments(X: pd.DataFrame) -> Moments:
    values = X.to_numpy(dtype="float64")
    mean = values.mean(axis=0) if len(values) else np.zeros(values.shape[1])
    centred = values - mean
    return Moments(tuple(X.columns), len(values), mean, centred.T @ centred)


def _merged(one: Moments, other: Moments) -> Moments:
    n, delta = one.n_samples + other.n_samples, other.mean - one.mean
    if not one.n_samples or not other.n_samples:
        return one if one.n_samples else other
    between = np.outer(delta, delta) * (one.n_samples * other.n_samples / n)
    return Moments(one.columns, n, one.mean + delta * (other.n_samples / n), one.comoment + other.comoment + between)


def _correlation(X: pd.DataFrame) -> np.ndarray:
    size = X.abs().max()
    tame = bool(size.between(*_SIZES).all())
    return correlation(moments(X if tame else X / size)).to_numpy()


def _without(inverse: np.ndarray, k: int) -> np.ndarray:
    rest = np.delete(np.arange(len(inverse)), k)
    column = inverse[rest, k]
    return inverse[np.ix_(rest, rest)] - np.outer(column, column) / inverse[k, k]


def _step(columns, correlation: np.ndarray, kept: list[int], worst: int, vif: float, step: int) -> tuple:
    others = [index for index in kept if index != kept[worst]]
    partner = max(others, key=lambda index: abs(correlation[kept[worst], index]))
    return step, columns[kept[worst]], float(vif), columns[partner], float(correlation[kept[worst], partner])
