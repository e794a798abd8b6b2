"""Scores under scikit-learn's names, higher is better, each made ready once and computed for any weights of the rows.

Ready means: sorted, or turned into a few numbers a row. A bootstrap resample is then a vector of counts, and costs a
sum. In all of them `y` holds class codes or values, shape (n_samples,), and the prediction is the probability of class
1 or the value, shape (n_samples,), or the probability of each class, shape (n_samples, n_classes).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

SMALLEST = np.finfo("float64").eps

Weighted = Callable[[np.ndarray], float]


@dataclass(frozen=True)
class Metric:
    """A score: the tasks it fits, and how it is made ready for weights."""

    tasks: tuple[str, ...]
    prepare: Callable[[np.ndarray, np.ndarray], Weighted]


def decide(prediction: np.ndarray) -> np.ndarray:
    """Return the class code that a prediction amounts to: the likeliest class, for two classes from 0.5 on."""
    return prediction.argmax(axis=1) if prediction.ndim == 2 else (prediction >= 0.5).astype("int64")


def _mean_of(rows, combine=float) -> Callable[[np.ndarray, np.ndarray], Weighted]:
    """Make a metric of the weighted means of what `rows` computes of each row, one number or several."""

    def prepare(y, prediction):
        values = np.ascontiguousarray(np.asarray(rows(y, prediction), dtype="float64").T)
        return lambda weights: float(combine(_total(values, weights) / weights.sum()))

    return prepare


def _total(values, weights):
    # not by `@`: on vectors this short the threads of BLAS cost more than they save, ten times more on a busy machine
    return (values * weights).sum(axis=-1)


def _log_likelihood(y, prediction):
    if prediction.ndim == 1:
        prediction = np.column_stack([1 - prediction, prediction])
    own = prediction[np.arange(len(y)), y.astype(int)]
    return np.log(np.clip(own / prediction.sum(axis=1), SMALLEST, 1))


def _brier(y, prediction):
    if prediction.ndim == 1:
        return -((y - prediction) ** 2)
    return -((np.eye(prediction.shape[1])[y.astype(int)] - prediction) ** 2).sum(axis=1)


def _confusion(y, prediction):
    """Return, for each row and class, whether it is of the class, predicted as it, and both; shape (n, 3 * k)."""
    n_classes = 2 if prediction.ndim == 1 else prediction.shape[1]
    actual, predicted = np.eye(n_classes)[y.astype(int)], np.eye(n_classes)[decide(prediction)]
    return np.hstack([actual, predicted, actual * predicted])


def _ratio(part, whole):
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, part / whole, 0.0)


def _balanced_accuracy(means):
    actual, _, both = np.split(means, 3)
    return _ratio(both, actual)[actual > 0].mean()


def _f1_by_class(means):
    actual, predicted, both = np.split(means, 3)
    return _ratio(2 * both, actual + predicted), actual, predicted


def _f1_macro(means):
    f1, actual, predicted = _f1_by_class(means)
    return f1[(actual > 0) | (predicted > 0)].mean()


def _squares(y, prediction):
    # centred first: the variance is a difference of means, and large offsets would eat its digits
    centred = y - y.mean()
    return np.column_stack([(y - prediction) ** 2, y - prediction, centred**2, centred])


def _explained(residual, means):
    variance = means[2] - means[3] ** 2
    return 1 - residual / variance if variance > 0 else np.nan


def _poisson_deviance(y, mean):
    # a count that was predicted as none at all or less would be infinitely unlikely: punish it, do not lose it
    mean = np.maximum(mean, 1e-6)
    return -2 * (y * np.log(np.maximum(y, SMALLEST) / mean) - y + mean)


def _roc_auc(y, prediction) -> Weighted:
    """Make ROC AUC ready: the share of pairs, a row of each class, in the right order; ties count half."""
    order, summed = _tied_groups(prediction)
    positive = y[order] == 1

    def auc(weights):
        ordered = weights[order]
        hits = summed(ordered * positive)
        others = summed(ordered) - hits
        pairs = hits.sum() * others.sum()
        return _total(np.cumsum(others) - others / 2, hits) / pairs if pairs > 0 else np.nan

    return auc


def _average_precision(y, prediction) -> Weighted:
    """Make average precision ready: the mean precision over the steps of recall."""
    order, summed = _tied_groups(-prediction)
    positive = y[order] == 1

    def average(weights):
        ordered = weights[order]
        hits = summed(ordered * positive)
        precision = _ratio(np.cumsum(hits), np.cumsum(summed(ordered)))
        return _total(precision, hits) / hits.sum() if hits.sum() > 0 else np.nan

    return average


def _roc_auc_ovr(y, prediction) -> Weighted:
    """Make the mean of each class's ROC AUC against the rest ready; a class without rows is left out of the mean."""
    each = [_roc_auc(y == code, column) for code, column in enumerate(prediction.T)]

    def mean(weights):
        values = np.array([auc(weights) for auc in each])
        return float(values[~np.isnan(values)].mean()) if not np.isnan(values).all() else np.nan

    return mean


def _tied_groups(values) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Return the order of values, and the function that sums what is in that order over runs of equal ones."""
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(values[order]) != 0])
    tied = len(starts) < len(values)
    return order, (lambda ordered: np.add.reduceat(ordered, starts)) if tied else (lambda ordered: ordered)


BINARY, MULTICLASS, REGRESSION = ("binary",), ("multiclass",), ("regression",)
METRICS: dict[str, Metric] = {
    "roc_auc": Metric(BINARY, _roc_auc),
    "average_precision": Metric(BINARY, _average_precision),
    "roc_auc_ovr": Metric(MULTICLASS, _roc_auc_ovr),
    "neg_log_loss": Metric(BINARY + MULTICLASS, _mean_of(_log_likelihood)),
    "neg_brier_score": Metric(BINARY + MULTICLASS, _mean_of(_brier)),
    "accuracy": Metric(BINARY + MULTICLASS, _mean_of(lambda y, p: decide(p) == y)),
    "balanced_accuracy": Metric(BINARY + MULTICLASS, _mean_of(_confusion, _balanced_accuracy)),
    "f1": Metric(BINARY, _mean_of(_confusion, lambda means: _f1_by_class(means)[0][1])),
    "precision": Metric(BINARY, _mean_of(_confusion, lambda means: _ratio(means[5], means[3]))),
    "recall": Metric(BINARY, _mean_of(_confusion, lambda means: _ratio(means[5], means[1]))),
    "f1_macro": Metric(MULTICLASS, _mean_of(_confusion, _f1_macro)),
    "r2": Metric(REGRESSION, _mean_of(_squares, lambda means: _explained(means[0], means))),
    "explained_variance": Metric(
        REGRESSION, _mean_of(_squares, lambda means: _explained(means[0] - means[1] ** 2, means))
    ),
    "neg_mean_absolute_error": Metric(REGRESSION, _mean_of(lambda y, p: -np.abs(y - p))),
    "neg_mean_squared_error": Metric(REGRESSION, _mean_of(lambda y, p: -((y - p) ** 2))),
    "neg_root_mean_squared_error": Metric(REGRESSION, _mean_of(lambda y, p: (y - p) ** 2, lambda mean: -np.sqrt(mean))),
    "neg_mean_absolute_percentage_error": Metric(
        REGRESSION, _mean_of(lambda y, p: -np.abs(y - p) / np.maximum(np.abs(y), SMALLEST))
    ),
    "neg_mean_poisson_deviance": Metric(REGRESSION, _mean_of(_poisson_deviance)),
}
