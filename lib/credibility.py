"""Whether what a classifier says comes true as often as it says: the share of each class against the one expected.

A metric that goes by the order of rows, such as the area under the ROC curve, is blind to this. If late flights become
half as frequent on all routes alike, the order stays, and every probability, and every threshold on one, is wrong.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats

from lib import estimation

LEAST_EFFECT = 0.2
"""A small effect by Cohen's h (Cohen 1988, Statistical Power Analysis, chapter 6): 20 % instead of 29 %."""
_HALF_WIDTH = stats.norm.ppf(0.975)


def of(known: Mapping[str, Any], y, said, clusters=None) -> list[dict[str, Any]]:
    """Return the share of each class that came true, beside the one that the model's probabilities let expect.

    Parameters
    ----------
    known : mapping
        The reference profile: `task`, `classes`, `errors` as `estimation.learn` returned them from held-out rows, so
        that what was wrong there already is not counted again, and `score`, whose `n` is how many these were.
    y : array of shape (n_samples,)
        The truth, as `scoring.encode` returns it.
    said : array of shape (n_samples,) or (n_samples, n_classes)
        Probabilities, of the positive class where there are two.
    clusters : array of int, shape (n_samples,), optional
        Which rows belong together, such as those of a day.

    Returns
    -------
    list of dict
        For each class (the positive one, where there are two) `class`; `expected` and `observed` shares; `low` and
        `high`, the ends of the 95 % interval of the observed less the expected one; `effect`, Cohen's h, positive where
        more came true. Empty for a regression.
    """
    if known["task"] == "regression":
        return []
    shares = estimation.calibrated(known["errors"], said)
    codes = [1] if known["task"] == "binary" else range(shares.shape[1])
    return [
        {"class": str(known["classes"][code]), **_compared(np.equal(y, code), shares[:, code], clusters, known)}
        for code in codes
    ]


def _compared(hit: np.ndarray, share: np.ndarray, clusters, known: Mapping[str, Any]) -> dict[str, float]:
    observed, expected = float(hit.mean()), float(share.mean())
    error = _HALF_WIDTH * _standard_error(hit - share, share, clusters, known["score"]["n"])
    effect = 2 * (np.arcsin(np.sqrt(observed)) - np.arcsin(np.sqrt(np.clip(expected, 0, 1))))
    found = {"expected": expected, "observed": observed, "low": observed - expected - error}
    found |= {"high": observed - expected + error, "effect": float(effect)}
    return {name: round(value, 6) for name, value in found.items()}


def _standard_error(differences: np.ndarray, share: np.ndarray, clusters, n_held_out: int) -> float:
    """Return the standard error of the mean difference, rows of a cluster going together.

    The held-out rows, from which the expected share was learnt, are taken for as dependent as those of the window.
    """
    n = len(differences)
    independent = float((share * (1 - share)).sum())
    codes = np.arange(n) if clusters is None else clusters
    centred = np.bincount(codes, differences - differences.mean())
    together = float((centred**2).sum()) * len(centred) / max(len(centred) - 1, 1)
    variance = max(independent, together)
    return float(np.sqrt(variance * (1 / n**2 + 1 / (n * max(n_held_out, 1)))))
