"""Early stopping of a boosting on rows held out by the design's own rules, rather than drawn at random."""

import numpy as np
from sklearn.base import BaseEstimator

from lib import preprocessing
from lib.folds import Fold

# Rounds without a gain on the held-out rows after which a boosting stops, and the most rounds it may take.
PATIENCE = 15
MAX_ROUNDS = 600
MIN_ROUNDS = 10


def fit_until_best(estimator: BaseEstimator, X: np.ndarray, y: np.ndarray, stop: Fold) -> BaseEstimator:
    """Fit a histogram gradient boosting until the held-out rows are no longer predicted better, and return it.

    Parameters
    ----------
    estimator : HistGradientBoostingClassifier or HistGradientBoostingRegressor
    X : array of shape (n_samples, n_features)
        What the estimator takes: the columns already transformed.
    y : array of shape (n_samples,)
    stop : tuple of arrays
        Positions to learn from, and positions held out.
    """
    rows, held_out = stop
    # a class that is only among the held-out rows cannot be predicted, and scikit-learn would refuse it
    known = held_out if y.dtype.kind == "f" else held_out[np.isin(y[held_out], y[rows])]
    estimator.set_params(early_stopping=True, max_iter=MAX_ROUNDS, n_iter_no_change=PATIENCE)
    return estimator.fit(preprocessing.learnable(X[rows]), y[rows], X_val=X[known], y_val=y[known])


def best_rounds(estimator: BaseEstimator) -> int:
    """Return the number of rounds after which the held-out rows were predicted best, at least `MIN_ROUNDS`."""
    # the first entry is the score before any round
    return max(MIN_ROUNDS, int(np.argmax(estimator.validation_score_)))
