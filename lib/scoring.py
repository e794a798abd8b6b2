"""One way to score each task: from the contract and a fitted model to a prediction, and from that to a number."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lib.errors import InputError
from lib.metrics import METRICS, Weighted, decide

__all__ = ["DEFAULT_METRIC", "decide", "encode", "metrics_for", "predict", "score", "validate", "weighted"]

DEFAULT_METRIC = {
    "binary": "roc_auc",
    "multiclass": "neg_log_loss",
    "regression": "r2",
    "counts": "neg_mean_poisson_deviance",
}
LARGEST_COUNT = 1e30
"""A linear model of counts predicts by an exponential, which a row far from all others drives out of any range."""


def score(metric: str, y, prediction) -> float:
    """Return the score of a prediction; higher is better.

    Parameters
    ----------
    metric : str
        A key of `metrics.METRICS`, named as scikit-learn's scorers are.
    y : array of shape (n_samples,)
        The truth; classes are coded 0, 1, …, as `encode` does.
    prediction : array of shape (n_samples,) or (n_samples, n_classes)
        Probability of class 1 for a binary task, of each class for a multiclass task, the value for a regression.

    Returns
    -------
    float
        NaN where the metric is not defined: a ranking of rows that are all of one class.
    """
    return float(weighted(metric, y, prediction)(np.ones(len(y))))


def weighted(metric: str, y, prediction) -> Weighted:
    """Return the score as a function of the rows' weights, an array of shape (n_samples,).

    Parameters are those of `score`.

    Raises
    ------
    ValueError
        If the shapes do not match, or a prediction is missing or infinite.
    """
    y, prediction = np.asarray(y, dtype="float64"), np.asarray(prediction, dtype="float64")
    if len(y) != len(prediction):
        raise ValueError(f"{metric} wants one prediction a row: found {len(prediction)} for {len(y)} rows.")
    if not np.isfinite(prediction).all():
        raise ValueError(f"{metric}: {np.sum(~np.isfinite(prediction))} predictions are missing or infinite.")
    return METRICS[metric].prepare(y, prediction)


def metrics_for(task: str) -> list[str]:
    """Return the names of the metrics that fit a task, its default first."""
    fitting = [name for name, metric in METRICS.items() if task in metric.tasks]
    return sorted(fitting, key=lambda name: name != DEFAULT_METRIC[task])


def validate(metric: str, task: str) -> str:
    """Return the metric's name if it fits the task.

    Raises
    ------
    InputError
        If it does not, with the names of those that do.
    """
    if metric not in metrics_for(task):
        raise InputError(
            f"Metric {metric!r} does not fit the task {task}. Fitting are: {', '.join(metrics_for(task))}."
        )
    return metric


def predict(design: Mapping[str, Any], model, X) -> np.ndarray:
    """Return what `score` wants of a fitted model.

    Parameters
    ----------
    design : mapping
        The contract; `task`, and `classes` in the order of the codes (the model's own order if it names none).
    model : estimator
        Fitted on the labels as they stand in the table.
    X : DataFrame of shape (n_samples, n_features)

    Returns
    -------
    array
        Probability of the last class, shape (n_samples,), for a binary task; of each class in the order of
        `classes`, shape (n_samples, n_classes), for a multiclass task; the values for a regression, those of counts
        up to `LARGEST_COUNT`.
    """
    if design["task"] == "regression":
        with np.errstate(over="ignore"):
            values = np.asarray(model.predict(X), dtype="float64")
        return np.minimum(values, LARGEST_COUNT) if design.get("counts") else values
    known = model.classes_.tolist()
    classes = design.get("classes") or known
    # a class that was too rare to be among the training rows has no column in the model's answer
    given = dict(zip(known, model.predict_proba(X).T, strict=True))
    probabilities = np.column_stack([given.get(label, np.zeros(len(X))) for label in classes])
    return probabilities[:, -1] if design["task"] == "binary" else probabilities


def encode(design: Mapping[str, Any], y) -> np.ndarray:
    """Return labels as codes 0, 1, … in the order of the contract's classes; a regression's values as floats.

    Raises
    ------
    ValueError
        If there is a label that the contract does not name.
    """
    if design["task"] == "regression":
        return np.asarray(y, dtype="float64")
    labels = np.asarray(y).tolist()
    codes = {label: code for code, label in enumerate(design.get("classes") or sorted(set(labels)))}
    unknown = set(labels) - set(codes)
    if unknown:
        raise ValueError(f"The design's classes are {list(codes)}; found also {sorted(unknown, key=str)}.")
    return np.array([codes[label] for label in labels], dtype="int64")
