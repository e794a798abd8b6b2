"""One way to score each task: scikit-learn's names, higher is better, from predictions rather than estimators."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn import metrics

DEFAULT_METRIC = {"binary": "roc_auc", "multiclass": "neg_log_loss", "regression": "r2"}


def score(metric: str, y: np.ndarray, prediction: np.ndarray) -> float:
    """Return the score of a prediction; higher is better.

    Parameters
    ----------
    metric : str
        A key of `METRICS`, named as scikit-learn's scorers are.
    y : array of shape (n_samples,)
        The truth; classes are coded 0, 1, ….
    prediction : array of shape (n_samples,) or (n_samples, n_classes)
        Probability of class 1 for a binary task, of each class for a multiclass task, the value for a regression.
    """
    return float(METRICS[metric](np.asarray(y), np.asarray(prediction)))


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
        `classes`, shape (n_samples, n_classes), for a multiclass task; the values for a regression.
    """
    if design["task"] == "regression":
        return np.asarray(model.predict(X), dtype="float64")
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


METRICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "roc_auc": metrics.roc_auc_score,
    "average_precision": metrics.average_precision_score,
    "neg_log_loss": lambda y, p: -metrics.log_loss(y, p, labels=np.arange(p.shape[1] if p.ndim == 2 else 2)),
    "neg_brier_score": lambda y, p: -metrics.brier_score_loss(y, p),
    "r2": metrics.r2_score,
    "neg_mean_absolute_error": lambda y, p: -metrics.mean_absolute_error(y, p),
    "neg_root_mean_squared_error": lambda y, p: -metrics.root_mean_squared_error(y, p),
}
