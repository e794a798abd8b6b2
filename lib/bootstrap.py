"""Intervals of a score, and of the difference of two models' scores on the same rows, by resampling rows."""

from dataclasses import dataclass

import numpy as np

from lib import scoring


@dataclass(frozen=True)
class Interval:
    """A score, or a difference of scores, with its percentile bootstrap interval."""

    value: float
    low: float
    high: float
    confidence: float


def score_interval(metric, y, prediction, *, n_resamples=500, confidence=0.95, random_state=0) -> Interval:
    """Return a score with its percentile interval (Efron and Tibshirani 1993, chapter 13).

    Parameters
    ----------
    metric : str
        As for `scoring.score`.
    y : array of shape (n_samples,)
    prediction : array of shape (n_samples,) or (n_samples, n_classes)
    n_resamples : int
        Resamples of the rows.
    confidence : float
        Share of resamples inside the interval.
    random_state : int
        Seed of the resamples.
    """
    value = scoring.score(metric, y, prediction)
    return _interval(value, _resampled(metric, y, [prediction], n_resamples, random_state)[:, 0], confidence)


def paired_difference(metric, y, prediction, reference, *, n_resamples=500, confidence=0.95, random_state=0) -> Interval:
    """Return how much better `prediction` scores than `reference`, each resample drawn once for both.

    Parameters and source are those of `score_interval`; `reference` has the shape of `prediction`.
    """
    value = scoring.score(metric, y, prediction) - scoring.score(metric, y, reference)
    scores = _resampled(metric, y, [prediction, reference], n_resamples, random_state)
    return _interval(value, scores[:, 0] - scores[:, 1], confidence)


def _resampled(metric, y, predictions, n_resamples, random_state) -> np.ndarray:
    """Return the scores of each prediction on each resample; resamples with one class only are left out."""
    y = np.asarray(y)
    predictions = [np.asarray(prediction) for prediction in predictions]
    generator = np.random.default_rng(random_state)
    draws = (generator.integers(0, len(y), len(y)) for _ in range(n_resamples))
    return np.array(
        [
            [scoring.score(metric, y[rows], prediction[rows]) for prediction in predictions]
            for rows in draws
            if metric not in ("roc_auc", "average_precision") or np.ptp(y[rows]) > 0
        ]
    )


def _interval(value, resampled, confidence) -> Interval:
    tail = (1 - confidence) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return Interval(value, float(low), float(high), confidence)
