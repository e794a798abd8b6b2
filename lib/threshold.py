"""From a probability to a decision: the threshold at which acting and not acting cost least."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lib import scoring
from lib.checks import Check


def break_even(cost_false_positive: float, cost_false_negative: float) -> float:
    """Return the probability from which on acting pays, if probabilities are true (Elkan 2001)."""
    return cost_false_positive / (cost_false_positive + cost_false_negative)


def cost_curve(y, probability, *, cost_false_positive: float, cost_false_negative: float) -> pd.DataFrame:
    """Return what decisions would have cost at every threshold.

    Parameters
    ----------
    y : array of {0, 1}, shape (n_samples,)
    probability : array of shape (n_samples,)
        Of class 1; a row is acted on if it is at or above the threshold.
    cost_false_positive, cost_false_negative : float
        What one error of each kind costs, in any unit.

    Returns
    -------
    DataFrame
        From acting on no row (`threshold` is infinite) to acting on all: `threshold`, `acted` (share of rows), `cost`
        (mean a row).
    """
    y, probability = np.asarray(y), np.asarray(probability)
    order = np.argsort(-probability, kind="stable")
    ends = np.flatnonzero(np.r_[np.diff(probability[order]) != 0, True])
    hits = np.r_[0, np.cumsum(y[order])[ends]]
    acted = np.r_[0, ends + 1]
    cost = ((acted - hits) * cost_false_positive + (y.sum() - hits) * cost_false_negative) / len(y)
    return pd.DataFrame({"threshold": np.r_[np.inf, probability[order][ends]], "acted": acted / len(y), "cost": cost})


def cheapest(curve: pd.DataFrame) -> float:
    """Return the threshold that costs least; halfway down to the next one, so that it does not hang on one row.

    Where acting on no row costs least the threshold is 1, and where acting on all does it is 0.
    """
    place = int(curve["cost"].to_numpy().argmin())
    if place == 0:
        return 1.0
    if place == len(curve) - 1:
        return 0.0
    return float(curve["threshold"].iloc[[place, place + 1]].mean())


def costs(y, probability, threshold: float, *, cost_false_positive: float, cost_false_negative: float) -> pd.DataFrame:
    """Return what decisions cost a row: by the model, by never acting, and by always acting.

    Returns
    -------
    DataFrame
        Indexed by policy: `acted` (share of rows), `precision`, `recall`, `cost` (mean a row).
    """
    y, probability = np.asarray(y), np.asarray(probability)
    policies = {
        "model": probability >= threshold,
        "never act": np.zeros(len(y), bool),
        "always act": np.ones(len(y), bool),
    }
    each = {"cost_false_positive": cost_false_positive, "cost_false_negative": cost_false_negative}
    return pd.DataFrame({name: _outcome(y == 1, act, **each) for name, act in policies.items()}).T.rename_axis("policy")


def outcomes(design: Mapping[str, Any], y, prediction, threshold: float | None) -> pd.DataFrame:
    """Return what comes of acting on a prediction, in the way that the task asks for.

    Parameters
    ----------
    design : mapping
        The contract: `task`, `classes` and the costs.
    y, prediction : array
        As for `scoring.score`.
    threshold : float or None
        What `cheapest` returned, for two classes.

    Returns
    -------
    DataFrame
        `costs` for two classes; for more, the rows of each class by the likeliest class; for a regression, how large
        the errors are that one row in two, in ten and in a hundred exceeds.
    """
    if design["task"] == "regression":
        errors = np.abs(np.asarray(prediction) - np.asarray(y))
        shares = {"one row in two": 0.5, "one row in ten": 0.9, "one row in a hundred": 0.99}
        return pd.DataFrame({"error": {name: np.quantile(errors, q) for name, q in shares.items()}}).rename_axis(
            "exceeded by"
        )
    if design["task"] == "multiclass":
        return _confusion(design["classes"], y, scoring.decide(np.asarray(prediction)))
    each = {name: design[name] for name in ("cost_false_positive", "cost_false_negative")}
    return costs(y, prediction, threshold, **each)


def cost_checks(table: pd.DataFrame) -> list[Check]:
    """Return the verdict whether decisions by the model cost less than the better of never and always acting."""
    model, without = table.loc["model", "cost"], table["cost"].drop("model")
    text = f"Decisions by the model cost {model:.3f} a row; to {without.idxmin()} costs {without.min():.3f}."
    pays = bool(model < without.min())
    if not pays:
        text += (
            " A model that ranks well and saves nothing is not wrong, but the costs in the contract say that nobody "
            "should act on it."
        )
    limit = round(float(without.min()), 4)
    return [Check("acting on the model pays", round(float(model), 4), limit, pays, "warning", text)]


def _outcome(positive, act, *, cost_false_positive, cost_false_negative) -> dict[str, float]:
    hits = np.sum(positive & act)
    errors = np.sum(act & ~positive) * cost_false_positive + np.sum(positive & ~act) * cost_false_negative
    return {
        "acted": act.mean(),
        "precision": hits / act.sum() if act.any() else np.nan,
        "recall": hits / positive.sum() if positive.any() else np.nan,
        "cost": errors / len(act),
    }


def _confusion(classes, y, decided) -> pd.DataFrame:
    names = [str(label) for label in classes]
    counts = np.zeros((len(names), len(names)), dtype="int64")
    np.add.at(counts, (np.asarray(y, dtype="int64"), decided), 1)
    return pd.DataFrame(counts, index=pd.Index(names, name="is"), columns=[f"called {name}" for name in names])
