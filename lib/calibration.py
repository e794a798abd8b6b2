"""Whether a prediction means what it says: probabilities against frequencies, values against errors."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from lib.checks import Check

N_BINS = 10
LARGEST_ERROR = 0.05


def reliability(y, probability, *, n_bins: int = N_BINS) -> pd.DataFrame:
    """Return predicted against observed frequency, in bins that hold equally many rows.

    Parameters
    ----------
    y : array of {0, 1}, shape (n_samples,)
    probability : array of shape (n_samples,)
        Of class 1.
    n_bins : int
        Bins wanted; equal predictions are never torn apart, so there may be fewer.

    Returns
    -------
    DataFrame
        One row a bin: `predicted` and `observed` (means), `low` and `high` (Wilson's 95 % interval of the observed
        frequency), `n_samples`.
    """
    found = _binned(y, probability, n_bins).agg(
        predicted=("p", "mean"), observed=("y", "mean"), n_samples=("y", "size")
    )
    hits = (found["observed"] * found["n_samples"]).round().astype(int)
    wilson = [
        stats.binomtest(k, n).proportion_ci(method="wilson") for k, n in zip(hits, found["n_samples"], strict=True)
    ]
    return found.assign(low=[ci.low for ci in wilson], high=[ci.high for ci in wilson]).reset_index(drop=True)


def expected_calibration_error(y, probability, *, n_bins: int = N_BINS) -> float:
    """Return the mean distance of predicted and observed frequency over bins (Naeini, Cooper and Hauskrecht 2015)."""
    table = reliability(y, probability, n_bins=n_bins)
    return float(np.average((table["predicted"] - table["observed"]).abs(), weights=table["n_samples"]))


def brier_decomposition(y, probability, *, n_bins: int = N_BINS) -> dict[str, float]:
    """Return the parts of the Brier score, which is reliability - resolution + uncertainty + within_bins.

    Murphy (1973), "A new vector partition of the probability score"; `within_bins` is what the bins hide (Stephenson,
    Coelho and Jolliffe 2008). Small reliability and large resolution are good; uncertainty is the target's own.
    """
    y, probability = np.asarray(y, dtype="float64"), np.asarray(probability, dtype="float64")
    table, rate, brier = reliability(y, probability, n_bins=n_bins), y.mean(), np.mean((y - probability) ** 2)
    weights = table["n_samples"] / len(y)
    parts = {
        "reliability": float(weights @ (table["predicted"] - table["observed"]) ** 2),
        "resolution": float(weights @ (table["observed"] - rate) ** 2),
        "uncertainty": float(rate * (1 - rate)),
    }
    within = brier - parts["reliability"] + parts["resolution"] - parts["uncertainty"]
    return {"brier": float(brier), **parts, "within_bins": float(within)}


def top_label(codes, probabilities) -> tuple[np.ndarray, np.ndarray]:
    """Return whether the likeliest class was right, and how sure the model was of it (Guo et al. 2017)."""
    probabilities = np.asarray(probabilities)
    return (probabilities.argmax(axis=1) == np.asarray(codes)).astype("int64"), probabilities.max(axis=1)


def half_width(y, prediction, *, coverage: float = 0.9) -> float:
    """Return how far to either side of a value its interval reaches: the split conformal quantile of the errors.

    Parameters
    ----------
    y, prediction : array of shape (n_samples,)
        Rows that the model has not learnt from (Lei et al. 2018, "Distribution-free predictive inference").
    coverage : float
        Share of new rows that the interval should hold.
    """
    errors = np.sort(np.abs(np.asarray(y) - np.asarray(prediction)))
    return float(errors[min(int(np.ceil((len(errors) + 1) * coverage)), len(errors)) - 1])


def residual_table(y, prediction, width: float, *, n_bins: int = N_BINS) -> pd.DataFrame:
    """Return, from small predictions to large ones, the mean error and the share of values inside their interval.

    Parameters
    ----------
    y, prediction : array of shape (n_samples,)
    width : float
        What `half_width` returned.
    n_bins : int
    """
    y, prediction = np.asarray(y, dtype="float64"), np.asarray(prediction, dtype="float64")
    binned = _binned(y, prediction, n_bins, inside=np.abs(y - prediction) <= width)
    found = binned.agg(
        predicted=("p", "mean"), observed=("y", "mean"), inside=("inside", "mean"), n_samples=("y", "size")
    )
    return found.reset_index(drop=True)


def bins(design: Mapping[str, Any], y, prediction, width: float | None = None) -> pd.DataFrame:
    """Return what was predicted against what came true, in the way that the task asks for.

    Parameters
    ----------
    design : mapping
        The contract.
    y, prediction : array
        As for `scoring.score`.
    width : float, optional
        What `half_width` returned, for a regression.

    Returns
    -------
    DataFrame
        `reliability` for two classes, of the likeliest class for more, `residual_table` for a regression.
    """
    if design["task"] == "regression":
        return residual_table(y, prediction, width)
    return reliability(*_events(design, y, prediction))


def measures(design: Mapping[str, Any], y, prediction, width: float | None = None) -> dict[str, float]:
    """Return the numbers that go with `bins`: calibration error and parts of the Brier score, or bias and coverage."""
    if design["task"] == "regression":
        errors = np.asarray(prediction) - np.asarray(y)
        return {"bias": float(errors.mean()), "half_width": width, "coverage": float(np.mean(np.abs(errors) <= width))}
    events = _events(design, y, prediction)
    return {"expected_calibration_error": expected_calibration_error(*events), **brier_decomposition(*events)}


def calibration_checks(design: Mapping[str, Any], found: Mapping[str, float], *, coverage: float) -> list[Check]:
    """Return the verdict whether a prediction means what it says.

    Parameters
    ----------
    design : mapping
        The contract.
    found : mapping
        What `measures` returned for the test rows.
    coverage : float
        Share of rows that intervals were made to hold.
    """
    if design["task"] == "regression":
        text = (
            f"{found['coverage']:.1%} of the test rows lie within {found['half_width']:.4g} of their prediction; "
            f"{coverage:.0%} were promised by the validation rows. Less means that errors have grown since."
        )
        return [
            _warning("intervals hold what they promise", found["coverage"], coverage - LARGEST_ERROR, text, least=True)
        ]
    error = found["expected_calibration_error"]
    text = (
        f"Predicted and observed frequencies are {error:.3f} apart on average. Beyond {LARGEST_ERROR} a probability "
        "is good for ranking and not as a number, and the threshold for decisions should be chosen anew on newer rows."
    )
    return [_warning("probabilities are calibrated", error, LARGEST_ERROR, text, least=False)]


def _warning(name, value, limit, text, *, least: bool) -> Check:
    passed = bool(value >= limit if least else value <= limit)
    return Check(name, round(float(value), 4), round(limit, 4), passed, "warning", text)


def _events(design, y, prediction):
    return top_label(y, prediction) if design["task"] == "multiclass" else (np.asarray(y), np.asarray(prediction))


def _binned(y, prediction, n_bins, **more):
    """Group rows into bins of equal size by their prediction, never tearing equal predictions apart."""
    table = pd.DataFrame({"y": np.asarray(y, dtype="float64"), "p": np.asarray(prediction, dtype="float64"), **more})
    place = (table["p"].rank(method="average") - 0.5) / len(table)
    return table.groupby((place * n_bins).astype(int).clip(upper=n_bins - 1))
