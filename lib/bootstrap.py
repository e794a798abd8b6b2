"""Intervals of a score, and of the difference of two models' scores on the same rows, by resampling.

Rows of one hour or one day share their weather, and rows of one group share what the group has: resampled one by one
they make an interval too narrow. So whole clusters are resampled where there are any, a group or a period, and an
interval is widened for a small number of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from lib import scoring

LEAST_CLUSTERS = 30
MOST_ROWS = 50_000
PERIODS = ("D", "h", "min", "s")


@dataclass(frozen=True)
class Interval:
    """A score, or a difference of scores, with its bootstrap interval; NaN where it is not defined."""

    value: float
    low: float
    high: float
    confidence: float


def score_interval(
    metric: str,
    y,
    prediction,
    *,
    clusters=None,
    n_resamples: int = 500,
    confidence: float = 0.95,
    random_state: int = 0,
) -> Interval:
    """Return a score with its expanded percentile interval.

    Parameters
    ----------
    metric : str
        As for `scoring.score`.
    y : array of shape (n_samples,)
    prediction : array of shape (n_samples,) or (n_samples, n_classes)
    clusters : array of int, shape (n_samples,), optional
        Which rows belong together, as codes from 0 on (`clusters_of`); None if each row stands for itself.
    n_resamples : int
        How often rows, or clusters, are drawn with replacement.
    confidence : float
        Share of resamples inside the interval, before it is expanded.
    random_state : int
        Seed of the resamples.

    Notes
    -----
    Resamples for which the score is not defined, such as ROC AUC of one class only, are left out; where that is more
    than half of them, the ends are NaN. The percentile interval is expanded for a small number of rows or clusters as
    Hesterberg (2015), "What teachers should know about the bootstrap", section 4.1.2, proposes. Resampling of whole
    clusters follows Field and Welsh (2007), "Bootstrapping clustered data".
    """
    resampled = resample(metric, y, [prediction], clusters=clusters, n_resamples=n_resamples, random_state=random_state)
    return interval(scoring.score(metric, y, prediction), resampled[:, 0], n_drawn(y, clusters), confidence)


def interval_of_many(metric: str, y, prediction, *, clusters=None, random_state: int = 0) -> Interval:
    """Return a score with its interval at a bounded cost, for any number of rows.

    Of more than `MOST_ROWS` rows, the score is that of all of them; the width of the interval is that of rows, or whole
    clusters, drawn at random, narrowed by the square root of their share.

    Parameters are those of `score_interval`.
    """
    value = scoring.score(metric, y, prediction)
    rows, share = _drawn(len(y), clusters, np.random.default_rng(random_state))
    part = None if clusters is None else np.unique(clusters[rows], return_inverse=True)[1]
    given = {"n_resamples": 200, "random_state": random_state}
    found = score_interval(metric, y[rows], prediction[rows], clusters=part, **given)
    low, high = (value + (end - found.value) * np.sqrt(share) for end in (found.low, found.high))
    return Interval(value, float(low), float(high), found.confidence)


def paired_difference(
    metric: str,
    y,
    prediction,
    reference,
    *,
    clusters=None,
    n_resamples: int = 500,
    confidence: float = 0.95,
    random_state: int = 0,
) -> Interval:
    """Return how much better `prediction` scores than `reference`, each resample drawn once for both.

    Parameters and notes are those of `score_interval`; `reference` has the shape of `prediction`.
    """
    both = [prediction, reference]
    resampled = resample(metric, y, both, clusters=clusters, n_resamples=n_resamples, random_state=random_state)
    value = scoring.score(metric, y, prediction) - scoring.score(metric, y, reference)
    return interval(value, resampled[:, 0] - resampled[:, 1], n_drawn(y, clusters), confidence)


def resample(
    metric: str, y, predictions: Sequence, *, clusters=None, n_resamples: int, random_state: int
) -> np.ndarray:
    """Return the scores of each prediction on the same resamples, shape (n_resamples, n_predictions)."""
    scores = [scoring.weighted(metric, y, prediction) for prediction in predictions]
    draws = _counts(len(y), clusters, n_resamples, np.random.default_rng(random_state))
    return np.array([[score(counts) for score in scores] for counts in draws]).reshape(n_resamples, len(scores))


def interval(value: float, resampled: np.ndarray, n_drawn: int, confidence: float) -> Interval:
    """Return the expanded percentile interval of a score, from its resampled values.

    Parameters
    ----------
    value : float
        The score on the rows as they are.
    resampled : array of shape (n_resamples,)
    n_drawn : int
        How many rows, or clusters, each resample drew.
    confidence : float
    """
    defined = resampled[~np.isnan(resampled)]
    if np.isnan(value) or n_drawn < 2 or len(defined) <= len(resampled) / 2:
        return Interval(value, np.nan, np.nan, confidence)
    tail = stats.norm.cdf(stats.t.ppf((1 - confidence) / 2, n_drawn - 1) * np.sqrt(n_drawn / (n_drawn - 1)))
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(value, float(low), float(high), confidence)


def n_drawn(y, clusters) -> int:
    """Return how many rows, or clusters, a resample draws."""
    return len(y) if clusters is None else int(np.max(clusters)) + 1


def clusters_of(table: pd.DataFrame, *, time_column: str = "", group_column: str = "") -> np.ndarray | None:
    """Return which rows belong together: those of a group, or of the longest period that leaves enough clusters.

    Parameters
    ----------
    table : DataFrame of shape (n_samples, n_columns)
    time_column, group_column : str
        The contract's columns; empty if there is none. A group goes before time.

    Returns
    -------
    array of int, shape (n_samples,), or None
        Codes from 0 on; None where no grouping leaves `LEAST_CLUSTERS`, and rows have to stand for themselves.
    """
    for values in _groupings(table, time_column, group_column):
        codes, unique = pd.factorize(values, use_na_sentinel=False)
        if LEAST_CLUSTERS <= len(unique) < len(table):
            return codes
    return None


def _groupings(table, time_column, group_column):
    if group_column:
        yield table[group_column]
    elif time_column and pd.api.types.is_datetime64_any_dtype(table[time_column]):
        yield from (table[time_column].dt.floor(period) for period in PERIODS)
    elif time_column:
        yield table[time_column]


def _drawn(n: int, clusters, generator) -> tuple[np.ndarray, float]:
    """Return places of rows, and which share of the independent units they are."""
    if n <= MOST_ROWS:
        return np.arange(n), 1.0
    if clusters is None:
        return generator.choice(n, MOST_ROWS, replace=False), MOST_ROWS / n
    sizes = np.bincount(clusters)
    order = generator.permutation(len(sizes))
    n_kept = max(LEAST_CLUSTERS, int(np.searchsorted(np.cumsum(sizes[order]), MOST_ROWS)))
    return np.flatnonzero(np.isin(clusters, order[:n_kept])), min(n_kept / len(sizes), 1.0)


def _counts(n_samples, clusters, n_resamples, generator):
    """Yield how often each row is in each resample."""
    n = n_drawn(range(n_samples), clusters)
    for _ in range(n_resamples):
        counts = np.bincount(generator.integers(0, n, n), minlength=n).astype("float64")
        yield counts if clusters is None else counts[clusters]
