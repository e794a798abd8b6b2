"""What of each candidate is searched: a function of an optuna trial, and where the search starts.

The first start is the estimator as scikit-learn makes it, but for a forest of many columns; a second one, if there is
one, is what often does better. Ranges are wide on purpose, and logarithmic where a doubling counts the same everywhere.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

LOSSES = ["squared_error", "poisson"]
QUANTITIES = ("regression", "counts")
MANY_COLUMNS = 200
"""Beyond so many columns, a forest whose splits choose among a third of them takes minutes: a tenth is tried first."""


@dataclass(frozen=True)
class Space:
    """A range of parameters, and the points of it that are tried first."""

    propose: Callable[[Any], dict[str, Any]]
    starts: tuple[Mapping[str, Any], ...]


def linear(task: str, y: pd.Series, n_features: int) -> Space:
    """Return the strength of the penalty: `alpha` of a ridge, the inverse `C` of a logistic regression."""
    if task == "counts":
        # Poisson's loss is a mean over rows where a ridge's is a sum, so the same penalty is a far smaller number
        return Space(
            lambda trial: {"alpha": trial.suggest_float("alpha", 1e-6, 10, log=True)}, ({"alpha": 1.0}, {"alpha": 1e-3})
        )
    name = "alpha" if task == "regression" else "C"
    return Space(lambda trial: {name: trial.suggest_float(name, 1e-3, 1e3, log=True)}, ({name: 1.0},))


def forest(task: str, y: pd.Series, n_features: int) -> Space:
    """Return how many columns a split may choose from, and how small a leaf may be."""
    wide, quantity = n_features > MANY_COLUMNS, task in QUANTITIES
    choices = ["sqrt", 0.1, 0.33] if wide else ["sqrt", 0.33, 0.66, 1.0]
    first = ("sqrt", 0.1 if wide else 1.0)[quantity]
    second = ("sqrt" if quantity else 0.1) if wide else 0.33
    return Space(
        lambda trial: {
            "max_features": trial.suggest_categorical("max_features", choices),
            "min_samples_leaf": trial.suggest_int("min_samples_leaf", 1, 50, log=True),
        },
        ({"max_features": first, "min_samples_leaf": 1}, {"max_features": second, "min_samples_leaf": 5}),
    )


def boosting(task: str, y: pd.Series, n_features: int) -> Space:
    """Return size and number of steps: the rounds themselves are found by stopping early.

    A target without negative values may be a count, for which the Poisson loss, relative rather than absolute, is one
    more choice.
    """
    counts = task in QUANTITIES and y.min() >= 0 and y.sum() > 0
    usual = {
        "learning_rate": 0.1,
        "max_leaf_nodes": 31,
        "min_samples_leaf": 20,
        "l2_regularization": 0.0,
        "max_features": 1.0,
        **({"loss": "squared_error"} if counts else {}),
    }
    slower = {"learning_rate": 0.05, "max_features": 0.5, "l2_regularization": 1.0}
    second = {**usual, **slower, **({"loss": "poisson"} if counts else {})}
    return Space(lambda trial: _boosting(trial, counts), (usual, second))


def _boosting(trial, counts: bool) -> dict[str, Any]:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.03, 0.3, log=True),
        "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 7, 127, log=True),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 5, 100, log=True),
        "l2_regularization": trial.suggest_float("l2_regularization", 0.0, 5.0),
        "max_features": trial.suggest_float("max_features", 0.3, 1.0),
        **({"loss": trial.suggest_categorical("loss", LOSSES)} if counts else {}),
    }
