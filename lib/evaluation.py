"""Which candidate is chosen, and whether it keeps the contract on rows that nothing has learnt from."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lib import bootstrap, scoring
from lib.checks import Check

CONFIDENCE = 0.95
BASELINES = ("constant", "rule")
"""Candidates to compare with, and not to put into production: that takes no model."""


def side_by_side(
    metric: str, y, predictions: Mapping[str, np.ndarray], summaries: Mapping[str, Mapping[str, Any]], *, clusters=None
) -> pd.DataFrame:
    """Return the candidates on the same validation rows, the best first.

    Parameters
    ----------
    metric : str
    y : array of shape (n_samples,)
        As `scoring.encode` returns it.
    predictions : mapping of str to array
        Of each candidate, named from the simplest to the most complex.
    summaries : mapping of str to mapping
        What 04_training wrote of each: `cv_mean` and `cv_std` are shown beside the score.
    clusters : array of int, shape (n_samples,), optional

    Returns
    -------
    DataFrame
        Indexed by candidate: `score`, `low`, `high`; `lead`, how far the best is ahead, with `lead_low` and
        `lead_high` from paired resamples; `cv_mean`, `cv_std`; `complexity`, the place in the order given.
    """
    values = {name: scoring.score(metric, y, prediction) for name, prediction in predictions.items()}
    best = max(values, key=lambda name: values[name])
    # one set of resamples for all: every interval and every lead comes from the same draws
    drawn = bootstrap.resample(
        metric, y, list(predictions.values()), clusters=clusters, n_resamples=500, random_state=0
    )
    resampled = dict(zip(predictions, drawn.T, strict=True))
    n_drawn = bootstrap.n_drawn(y, clusters)
    rows = {}
    for place, (name, value) in enumerate(values.items()):
        score = bootstrap.interval(value, resampled[name], n_drawn, CONFIDENCE)
        lead = bootstrap.interval(values[best] - value, resampled[best] - resampled[name], n_drawn, CONFIDENCE)
        rows[name] = {
            "score": score.value,
            "low": score.low,
            "high": score.high,
            "lead": lead.value,
            "lead_low": lead.low,
            "lead_high": lead.high,
            "cv_mean": summaries[name].get("cv_mean", np.nan),
            "cv_std": summaries[name].get("cv_std", np.nan),
            "complexity": place,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("candidate").sort_values("score", ascending=False)


def as_prediction(design: Mapping[str, Any], table: pd.DataFrame) -> np.ndarray:
    """Return what 04_training wrote of a candidate as `scoring.score` wants it."""
    if design["task"] == "multiclass":
        return table[[str(label) for label in design["classes"]]].to_numpy()
    return table.iloc[:, 0].to_numpy()


def choose(scores: pd.DataFrame, *, least_gain: float) -> tuple[str, str]:
    """Return the candidate to go on with, and why.

    It is the simplest model that the best one does not lead by more than the least useful gain and by more than one
    standard error of the difference: the rule of Breiman et al. (1984), section 3.4.3, with paired differences.
    Baselines are not chosen while there is a model.

    Parameters
    ----------
    scores : DataFrame
        What `side_by_side` returned.
    least_gain : float
    """
    models = scores.drop(index=[name for name in BASELINES if name in scores.index])
    if models.empty:
        return scores.index[0], "No model was trained, only baselines; the best of them stands in for one."
    best, order = models.index[0], models.sort_values("complexity")
    if scores.index[0] != best:
        return best, f"{best} is the best model, but {scores.index[0]}, which is none, scores higher."
    if order.index[0] == best:
        return best, f"{best} scores highest, and no simpler model was compared."
    beaten = (order["lead"] >= least_gain) & (order["lead"] > _standard_error(order))
    chosen = order.index[~beaten][0]
    return chosen, _choice(order, best, chosen)


def yardstick(scores: pd.DataFrame) -> str:
    """Return the best of the trained baselines; the constant, which can always be made, if none was trained."""
    return next((name for name in scores.index if name in BASELINES), BASELINES[0])


def score_checks(design: Mapping[str, Any], test: bootstrap.Interval) -> list[Check]:
    """Return the verdict whether the score on test rows reaches the contract's threshold."""
    limit = design["threshold"]
    if limit is None:
        text = f"On test rows {_worded(design['metric'], test)}. The contract names no threshold, so this is a remark."
        return [Check("score on test rows", _digits(test.value), None, True, "info", text)]
    text = f"On test rows {_worded(design['metric'], test)}; the contract wants {limit} at the least."
    return [Check("score on test rows", _digits(test.value), limit, test.value >= limit, "stop", text)]


def agreement_checks(metric: str, validation: bootstrap.Interval, test: bootstrap.Interval) -> list[Check]:
    """Return the suspicions that a test score far from the validation score raises, in either direction."""
    both = f"{_worded(metric, validation)} on validation rows and {_worded(metric, test)} on test rows."
    better = " A model does not get better by being asked something new: look for test rows among the training rows."
    worse = " The choice was luck, or the newest rows are of another world; in use it will be the lower score or less."
    high, low = _digits(validation.high), _digits(validation.low)
    above, below = bool(test.low > validation.high), bool(test.high < validation.low)
    return [
        Check("test is not far better than validation", _digits(test.low), high, not above,
              "warning", both + better * above),
        Check("test is not far worse than validation", _digits(test.high), low, not below,
              "warning", both + worse * below),
    ]  # fmt: skip


def candidate_checks(candidates: list[str], trained: list[str]) -> list[Check]:
    """Return the remark which candidates were not trained, and so could not be chosen."""
    absent = [name for name in candidates if name not in trained]
    text = f"Not trained, so not compared: {', '.join(absent)}." if absent else "All candidates were trained."
    return [Check("all candidates are compared", len(trained), len(candidates), not absent, "info", text)]


def predictions_table(design: Mapping[str, Any], test: pd.DataFrame, prediction, champion=None) -> pd.DataFrame:
    """Return the test rows' times, truths and predictions, as they are kept for later comparisons.

    Parameters
    ----------
    design : mapping
        The contract.
    test : DataFrame of shape (n_samples, n_columns)
    prediction : array of shape (n_samples,) or (n_samples, n_classes)
    champion : array of the same shape, optional
        What the champion said of the same rows.

    Returns
    -------
    DataFrame
        Indexed as `test`: `time` if the contract has a time column, `truth`, `prediction` or `prediction <class>`
        for each class, and the same with `champion` in the place of `prediction`.
    """
    table = pd.DataFrame({"truth": test[design["target"]]}, index=test.index)
    if design["time_column"]:
        table.insert(0, "time", test[design["time_column"]])
    for name, values in {"prediction": prediction, "champion": champion}.items():
        if values is not None:
            table = table.join(_named(design, name, values, test.index))
    return table


def summary(
    design: Mapping[str, Any], *, chosen: str, reason: str, refit: bool, scores: pd.DataFrame, **parts: pd.DataFrame
) -> dict[str, Any]:
    """Return what the registry, the server and the dashboard have to know of the choice; the verdict joins it.

    Parameters
    ----------
    design : mapping
        The contract.
    chosen, reason : str
        What `choose` returned.
    refit : bool
        Whether the model has learnt from the validation rows too.
    scores : DataFrame
        What `side_by_side` returned.
    **parts : DataFrame
        The rows: `train`, `validation`, `test`, and `learnt`, those that the model was fitted on in the end.
    """
    time = design["time_column"]
    return {
        **{key: design[key] for key in ("model_name", "task", "metric", "classes", "target", "features")},
        "chosen": chosen,
        "reason": reason,
        "refit": refit,
        "trained_until": parts["learnt"][time].max() if time else None,
        "n_samples": {name: len(part) for name, part in parts.items()},
        "candidates": scores.reset_index().to_dict("records"),
    }


def without_gaps(value: Any) -> Any:
    """Return records and numbers with None in the place of what is not a number, as JSON for any reader wants it."""
    if isinstance(value, Mapping):
        return {key: without_gaps(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_gaps(item) for item in value]
    return None if isinstance(value, float) and np.isnan(value) else value


def _named(design, name, values, index) -> pd.DataFrame:
    names = [f"{name} {label}" for label in design["classes"]] if design["task"] == "multiclass" else [name]
    return pd.DataFrame(np.reshape(values, (len(index), -1)), index=index, columns=names)


def _standard_error(scores: pd.DataFrame) -> pd.Series:
    """Return the standard error of the lead: a 95 % interval reaches 1.96 of them to either side."""
    return (scores["lead_high"] - scores["lead_low"]) / (2 * 1.96)


def _choice(order: pd.DataFrame, best: str, chosen: str) -> str:
    if chosen == best:
        return f"{best} scores highest, and leads every simpler model by a useful gain and more than a standard error."
    lead, error = order.loc[chosen, "lead"], _standard_error(order)[chosen]
    return (
        f"{chosen} is the simplest model that is as good: {best} leads it by {lead:.4f} with a standard error of "
        f"{error:.4f}, which is within the error or of no use."
    )


def _worded(metric: str, score: bootstrap.Interval) -> str:
    return f"{metric} is {score.value:.4f} ({score.low:.4f} to {score.high:.4f})"


def _digits(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)
