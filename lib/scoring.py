"""One way to score each task: scikit-learn's names, higher is better, from predictions rather than estimators."""

from collections.abc import Callable

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


def predict(task: str, model, X) -> np.ndarray:
    """Return what `score` wants of a fitted model: probabilities for classes, values for a regression."""
    if task == "regression":
        return model.predict(X)
    probabilities = model.predict_proba(X)
    return probabilities[:, 1] if task == "binary" else probabilities


METRICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "roc_auc": metrics.roc_auc_score,
    "average_precision": metrics.average_precision_score,
    "neg_log_loss": lambda y, p: -metrics.log_loss(y, p, labels=np.arange(p.shape[1] if p.ndim == 2 else 2)),
    "neg_brier_score": lambda y, p: -metrics.brier_score_loss(y, p),
    "r2": metrics.r2_score,
    "neg_mean_absolute_error": lambda y, p: -metrics.mean_absolute_error(y, p),
    "neg_root_mean_squared_error": lambda y, p: -metrics.root_mean_squared_error(y, p),
}
