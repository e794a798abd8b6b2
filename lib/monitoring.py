"""What a window of predictions says about the model: compared with its reference profile, with labels or without."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lib import bootstrap, credibility, drift, estimation, predicted, profile, quality, reference, residuals, signals
from lib.bootstrap import Interval

LEAST_ROWS = 30
ALPHA = 0.01
NOTHING_BEFORE: Mapping[str, Any] = {"start": "", "windows": [], "service": {}}
"""What is known of the time before the first window."""


def assess(
    known: Mapping[str, Any],
    window: pd.DataFrame,
    inputs: pd.DataFrame,
    *,
    start: str = "",
    end: str = "",
    measure: str = drift.DEFAULT,
    drift_limit: float = 0.0,
    drifted_weight: float = 0.1,
    least_loss: float = 0.0,
    alpha: float = ALPHA,
    chance: Mapping[str, float] | None = None,
    earlier: tuple[pd.DataFrame, pd.DataFrame] | None = None,
    service: Mapping[str, Any] | None = None,
    most_errors: float = 0.01,
    random_state: int = 0,
) -> dict[str, Any]:
    """Return what a window says: the payload of `windows.Window`, still without alarms.

    Parameters
    ----------
    known : mapping
        The reference profile (`reference.build`).
    window : DataFrame of shape (n_samples, n_columns)
        As `predictions.window` returns it: `event_time`, `prediction`, `probability`, `label`.
    inputs : DataFrame of shape (n_samples, n_features)
        The features of the same rows.
    start, end : str
        The window's ends, as they are to be shown.
    measure : str
        A key of `drift.MEASURES`.
    drift_limit : float
        From which effect on a column has drifted; 0 for the measure's own limit.
    drifted_weight : float
        Share of the model's importance that has to rest on drifted columns for the inputs to be bad.
    least_loss : float
        Loss of the metric that matters; 0 for the contract's least useful gain.
    alpha : float
        Chance of a mistake that each signal may have in a window without any change.
    chance : mapping, optional
        What takes the place of alpha for single signals, as rules over several windows allow (`signals.chances`).
    earlier : tuple of (DataFrame, DataFrame), optional
        What `predicted.before` returned: rows as in `window` and `inputs`, from whose errors something can be learnt.
    service : mapping, optional
        `n`, `errors`, `p50_ms` and `p95_ms` of the requests in the window.
    most_errors : float
        Share of failed requests that is tolerated.
    random_state : int

    Returns
    -------
    dict
        The keys of the module `windows`; `model_version`, that of most rows; `score` (what is compared with) and
        `checked` (the estimate for the labelled rows against their truth, or None); and `signals`: by name `bad`,
        `value`, `limit`, `what`, `todo`, for each of `alarms.SIGNALS` that could be judged.
    """
    columns = reference.columns_of(known)
    table = quality.aligned(columns, inputs)
    prediction = predicted.predictions_of(known, window)
    entries = _drift(known, columns, table, measure=measure, limit=drift_limit, alpha=alpha)
    usable = predicted.is_usable(prediction)
    expected = _expected(known, prediction, table, usable, random_state)
    measured = _measured(known, window, table, columns, prediction, usable, expected, random_state)
    learnable = _residuals(known, columns, earlier, (window, inputs), random_state)
    found = {
        "start": start,
        "end": end,
        "n": len(window),
        "model_version": predicted.version_of(window),
        "score": {name: known["score"][name] for name in ("metric", "value", "low", "high")},
        "drift": entries,
        "prediction": _prediction_drift(known, prediction, measure=measure, limit=drift_limit, alpha=alpha),
        "quality": quality.findings(columns, known["about"], inputs, alpha=alpha) if len(inputs) else [],
        "estimated": expected and {"metric": known["metric"], **reference.plain(expected)},
        **measured,
        "residuals": learnable,
        "service": dict(service) if service else None,
        "alarms": [],
    }
    limits = {"drifted_weight": drifted_weight, "least_loss": least_loss, "alpha": alpha, "most_errors": most_errors}
    told = signals.of(known, found, **limits, chance=chance)
    healthy = not any(signal["bad"] for signal in told.values())
    return {**found, "signals": told, "healthy": healthy, "in_words": in_words(found, told)}


def in_words(found: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    """Return a window in a sentence or two."""
    if found["n"] < LEAST_ROWS:
        return f"{found['n']} rows are too few to be judged."
    bad = [signal["what"] for signal in told.values() if signal["bad"]]
    return " ".join(bad) if bad else f"{found['n']} rows, nothing unusual."


def _drift(known, columns, table, **limits) -> list[dict[str, Any]]:
    current = profile.of(table, like=columns, sketched=False)
    moves = [drift.move(columns[name], current[name]) for name in current]
    usual = {name: about.get("usual") for name, about in known["about"].items()}
    entries = drift.judged([found for found in moves if found], usual=usual, **limits)
    return [{**entry, "importance": known["about"][entry["column"]].get("importance")} for entry in entries]


def _prediction_drift(known, prediction, **limits) -> dict[str, Any] | None:
    before = profile.from_records([known["prediction"]])
    current = profile.of(reference.as_column(known, prediction), like=before)[reference.PREDICTION]
    found = drift.move(before[reference.PREDICTION], current)
    usual = {reference.PREDICTION: known["about"][reference.PREDICTION].get("usual")}
    return drift.judged([found], usual=usual, **limits)[0] if found else None


def _expected(known, prediction, table, usable, random_state) -> Interval | None:
    """Return the estimated score of some of the rows, None if they are too few."""
    if usable.sum() < LEAST_ROWS:
        return None
    given = prediction[usable], table[usable]
    return estimation.estimate(known, known["errors"], *given, random_state=random_state)


def _measured(known, window, table, columns, prediction, usable, expected, random_state) -> dict[str, Any]:
    """Return the performance, the slices and the check of the estimate, where there are labels."""
    truth = predicted.truth_of(known, window["label"])
    labelled = usable & np.isfinite(truth)
    if labelled.sum() < LEAST_ROWS:
        return {"performance": None, "slices": [], "checked": None, "shares": []}
    if (labelled != usable).any():
        expected = _expected(known, prediction, table, labelled, random_state)
    y, said, times = truth[labelled], prediction[labelled], window["event_time"][labelled]
    clusters = bootstrap.clusters_of(times.to_frame(), time_column="event_time") if times.notna().all() else None
    score = bootstrap.interval_of_many(known["metric"], y, said, clusters=clusters, random_state=random_state)
    return {
        "performance": {"metric": known["metric"], **reference.plain(score), "n": len(y)},
        "slices": reference.slices(known, columns, table[labelled], y, said, random_state=random_state),
        "checked": _checked(expected, score),
        "shares": credibility.of(known, y, said, clusters),
    }


def _residuals(known, columns, earlier, window, random_state) -> dict[str, Any] | None:
    """Return what learning from the errors up to the middle of the window gains in its newer half."""
    if not len(window[0]):
        return None
    parts = [
        predicted.labelled(known, columns, *rows) for rows in (earlier, window) if rows is not None and len(rows[0])
    ]
    X = pd.concat([part[0] for part in parts])
    y, said = (np.concatenate([part[place] for part in parts]) for place in (1, 2))
    times = parts[-1][3]
    clusters = bootstrap.clusters_of(times.to_frame(), time_column="event_time") if times.notna().all() else None
    given = {"n_earlier": len(y) - len(times), "clusters": clusters, "random_state": random_state}
    found = residuals.gain(known, X, y, said, **given)
    return found and {"metric": known["metric"], **reference.plain(found), "n": len(times)}


def _checked(expected: Interval, score: Interval) -> dict[str, Any] | None:
    """Return the estimate for labelled rows beside their truth, and whether the two can be told apart."""
    ends = (expected.low, expected.high, score.value)
    if not np.isfinite(ends).all():
        return None
    return {"estimated": expected.value, "low": expected.low, "high": expected.high, "measured": score.value,
            "held": bool(expected.low <= score.value <= expected.high)}  # fmt: skip
