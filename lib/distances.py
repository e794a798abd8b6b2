"""Distances of two distributions, and the tests beside them, on counts in the same bins: scipy's values, without rows.

What the bins hide is bounded: a Kolmogorov-Smirnov distance on them is too small by at most the largest share of one
bin, and exact for a column that has a bin for each of its values; a Wasserstein distance misses moves within a bin that
leave its mean where it was.
"""

import numpy as np
from scipy import stats
from scipy.special import rel_entr

from lib.profile import Column

LEAST_SHARE = 0.0001
"""What an empty bin counts as where its logarithm is needed, as Evidently has it."""


def shares(counts) -> np.ndarray:
    """Return counts as shares of their sum."""
    counts = np.asarray(counts, dtype="float64")
    return counts / counts.sum()


def population_stability_index(reference, current) -> float:
    """Return the sum of (q - p) * log(q / p) over bins: the symmetric Kullback-Leibler divergence.

    Parameters
    ----------
    reference, current : array of int, shape (n_bins,)
        Counts in the same bins; so for all measures.

    Notes
    -----
    Its limit of 0.2 stands between the 0.1 and 0.25 of Lewis (1994), "An introduction to credit scoring", and Siddiqi
    (2006), "Credit risk scorecards": below 0.1 nothing has changed, above 0.25 much has.
    """
    p, q = (np.maximum(shares(counts), LEAST_SHARE) for counts in (reference, current))
    return float(np.sum((q - p) * np.log(q / p)))


def jensen_shannon(reference, current) -> float:
    """Return the Jensen-Shannon distance, from 0 for the same to 1 for nothing in common (logarithms to base 2).

    Notes
    -----
    Endres and Schindelin (2003), "A new metric for probability distributions". Its limit of 0.1 is the default of both
    NannyML and Evidently; a normal column reaches it when its mean moves by about a quarter of a standard deviation.
    """
    p, q = shares(reference), shares(current)
    middle = (p + q) / 2
    return float(np.sqrt(max(0.0, (rel_entr(p, middle).sum() + rel_entr(q, middle).sum()) / 2 / np.log(2))))


def kolmogorov_smirnov(reference, current) -> float:
    """Return the largest difference of the two cumulative distributions; the bins have to be in order.

    Notes
    -----
    Its limit of 0.1 is that of a small effect: a normal column reaches it when its mean moves by a quarter of a
    standard deviation, next to the 0.2 that Cohen (1988), "Statistical power analysis", chapter 2, calls small.
    """
    return float(np.abs(np.cumsum(shares(reference)) - np.cumsum(shares(current))).max())


def cramers_v(reference, current) -> float:
    """Return the effect size of the chi-square test, as it would be if both samples were equally large.

    Notes
    -----
    Computed on the counts as they are it would fall with the size of the reference, and mean something else for each
    model. Its limit of 0.1 is Cohen's (1988, chapter 7) small effect for a table with two rows.
    """
    p, q = shares(reference), shares(current)
    both = p + q
    return float(np.sqrt(np.sum((p - q)[both > 0] ** 2 / both[both > 0]) / 2))


def wasserstein(reference: Column, current: Column) -> float:
    """Return how far the values moved on average, in standard deviations of the reference.

    Parameters
    ----------
    reference, current : Column
        Profiles with the same bins; each bin's values are taken to be at their mean.

    Notes
    -----
    Its limit of 0.1 is that of Evidently's "Wasserstein distance (normed)".
    """
    if not reference.n_known or not current.n_known:
        return np.nan
    (u, p), (v, q) = (_points(column) for column in (reference, current))
    return float(stats.wasserstein_distance(u, v, p, q) / (reference.std or 1.0))


def chi_square_p(reference, current) -> float:
    """Return the p-value of the chi-square test that both counts come from one distribution."""
    table = np.array([reference, current], dtype="float64")
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2 or (table.sum(axis=1) == 0).any():
        return 1.0
    return float(stats.chi2_contingency(table, correction=False).pvalue)


def kolmogorov_smirnov_p(reference, current) -> float:
    """Return the two-sided p-value of `kolmogorov_smirnov`, as `scipy.stats.ks_2samp(method="asymp")` has it."""
    n, m = float(np.sum(reference)), float(np.sum(current))
    return float(stats.kstwo.sf(kolmogorov_smirnov(reference, current), np.round(n * m / (n + m)))) if n * m else 1.0


def holm(p_values) -> np.ndarray:
    """Return p-values corrected for their number by Holm's (1979) step-down procedure."""
    p_values = np.asarray(p_values, dtype="float64")
    order = np.argsort(p_values)
    stepped = np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1))
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def _points(column: Column) -> tuple[np.ndarray, np.ndarray]:
    counts = np.array(column.counts, dtype="float64")
    filled = counts > 0
    return np.array(column.sums)[filled] / counts[filled], counts[filled]
