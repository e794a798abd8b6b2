"""Is machine learning worth it? A constant, the best rule on one column, and a simple model, on the same rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lib import bootstrap, cautious, onecolumn, scoring
from lib.checks import Check


@dataclass(frozen=True)
class Rule:
    """A prediction from one column: its cases in words, what each predicts, and how it scores on validation rows."""

    column: str
    score: float
    cases: pd.DataFrame
    prediction: np.ndarray

    def __str__(self) -> str:
        shown = self.cases.head(onecolumn.MOST_INTERVALS)
        cases = "; ".join(f"{case}: {answer}" for case, answer in zip(shown["when"], shown["predict"], strict=True))
        more = f"; and {len(self.cases) - len(shown)} cases more" if len(self.cases) > len(shown) else ""
        return f"where {self.column} {cases}{more}"


def constant_prediction(design: Mapping[str, Any], y_train: np.ndarray, n_samples: int) -> np.ndarray:
    """Return the prediction that knows only how the target is distributed among the training rows.

    Parameters
    ----------
    design : mapping
        The contract: `task` and `classes`.
    y_train : array of shape (n_training_samples,)
        As `scoring.encode` returns it.
    n_samples : int
        Rows to predict.
    """
    return np.repeat(onecolumn.constant(design, y_train)[None], n_samples, axis=0)


def best_rule(design: Mapping[str, Any], X_train, y_train, X_validation, y_validation) -> Rule:
    """Return the best prediction from one column alone.

    Every column gets its rule from the training rows, and the one that scores best on the validation rows wins;
    choosing there favours the rule a little, which makes the bar for a model a little higher.

    Parameters
    ----------
    design : mapping
        The contract: `task`, `classes` and `metric`.
    X_train, X_validation : DataFrame of shape (n_samples, n_features)
    y_train, y_validation : array of shape (n_samples,)
        As `scoring.encode` returns it.
    """
    predictions = {name: _predicted(design, X_train[name], y_train, X_validation[name]) for name in X_train}
    scores = {name: scoring.score(design["metric"], y_validation, found) for name, found in predictions.items()}
    best = max(scores, key=scores.get)
    cases = onecolumn.cases(design, onecolumn.plain(X_train[best]), y_train)
    return Rule(str(best), scores[best], cases, predictions[best])


def simple_prediction(design: Mapping[str, Any], X_train, y_train, X_validation) -> np.ndarray:
    """Return what a simple model, with the same settings for every table, predicts on validation rows.

    It sees what a model will be allowed to see: columns whose gaps give the target away are left to the models that
    fill them. Where no column varies, or the target does not, it is the constant.
    """
    fair = [
        name for name in X_train if name not in design["missingness_leaks"] and X_train[name].nunique(dropna=False) > 1
    ]
    if not fair or np.ptp(y_train) == 0:
        return constant_prediction(design, y_train, len(X_validation))
    train, validation = (_plain_but_times(X[fair]) for X in (X_train, X_validation))
    return cautious.predict(design, cautious.fit(design, train, y_train), validation)


def scores(design: Mapping[str, Any], y, predictions: Mapping[str, np.ndarray], *, clusters=None) -> pd.DataFrame:
    """Return the score of each prediction on the same rows with its interval, in the order given.

    Parameters
    ----------
    design : mapping
        The contract: `metric`.
    y : array of shape (n_samples,)
    predictions : mapping of str to array
    clusters : array of int, shape (n_samples,), optional
        Which rows belong together (`bootstrap.clusters_of`).
    """
    rows = {
        name: vars(bootstrap.score_interval(design["metric"], y, prediction, clusters=clusters))
        for name, prediction in predictions.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def worth_checks(design: Mapping[str, Any], y, simple, constant, rule: Rule, *, clusters=None) -> list[Check]:
    """Return whether a simple model beats the constant and the rule by more than chance and by the least gain."""
    is_any_use = scoring.score(design["metric"], y, rule.prediction) > scoring.score(design["metric"], y, constant)
    instead = (
        f"Use this rule instead: {rule}."
        if is_any_use
        else "No column helps by itself either: say the same of every row, or look for columns that tell more."
    )
    references = {"beats the constant": constant, "beats the best one-column rule": rule.prediction}
    return [_gain_check(name, design, y, simple, other, clusters, instead) for name, other in references.items()]


def _gain_check(name: str, design: Mapping[str, Any], y, simple, reference, clusters, instead: str) -> Check:
    gain = bootstrap.paired_difference(design["metric"], y, simple, reference, clusters=clusters)
    enough = gain.low > 0 and gain.value >= design["least_gain"]
    verdict = "" if enough else f" That is too little, or too uncertain, to be worth a model. {instead}"
    return Check(
        name,
        round(gain.value, 4),
        round(design["least_gain"], 4),
        bool(enough),
        "stop",
        f"On the validation rows a simple model gains {gain.value:.3g} {design['metric']} "
        f"(95 % interval {gain.low:.3g} to {gain.high:.3g}).{verdict}",
    )


def _predicted(design: Mapping[str, Any], train: pd.Series, y_train, validation: pd.Series) -> np.ndarray:
    return onecolumn.predict(design, onecolumn.plain(train), y_train, onecolumn.plain(validation))


def _plain_but_times(X: pd.DataFrame) -> pd.DataFrame:
    is_time = pd.api.types.is_datetime64_any_dtype
    return pd.DataFrame({name: X[name] if is_time(X[name]) else onecolumn.plain(X[name]) for name in X})
