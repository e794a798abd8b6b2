"""The learning curve: how a candidate's score grows with the rows it learns from, and whether more would help."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from lib import bootstrap, folds, scoring, training
from lib.checks import Check

FRACTIONS = (0.125, 0.25, 0.5, 1.0)


def learning_curve(
    pipeline: Pipeline,
    table: pd.DataFrame,
    design: Mapping[str, Any],
    recipe: Mapping[str, Any],
    name: str,
    *,
    fractions: Sequence[float] = FRACTIONS,
    random_state: int = 0,
) -> tuple[pd.DataFrame, bootstrap.Interval]:
    """Fit a candidate on growing parts of the training rows, judged on the same rows held out from among them.

    Parameters
    ----------
    pipeline : Pipeline
        Unfitted, with the parameters that the search found.
    table : DataFrame of shape (n_samples, n_columns)
        Training rows.
    design, recipe : mapping
        The contract and what cleaning decided.
    name : str
        The candidate.
    fractions : sequence of float
        Shares of the rows to learn from, growing; each part is drawn from all of them, so that only its size differs.
    random_state : int
        Seed of the parts and of the intervals.

    Returns
    -------
    curve : DataFrame
        ``n_samples``, ``value``, ``low`` and ``high``: the score on the held-out rows with its bootstrap interval.
    gain : Interval
        What the last step brought, on the same held-out rows.
    """
    rows, held_out = folds.holdout(table, design, random_state=random_state)
    learn, judge = table.iloc[rows], table.iloc[held_out]
    sizes = [round(len(learn) * fraction) for fraction in fractions]
    parts = [folds.subsample(learn, design, size, random_state=random_state) for size in sizes]
    fitted = [training.fit(clone(pipeline), part, design, recipe, name) for part in parts]
    predictions = [scoring.predict(design, model, judge[design["features"]]) for model in fitted]
    truth = scoring.encode(design, judge[design["target"]])
    order = {"time_column": design.get("time_column", ""), "group_column": design.get("group_column", "")}
    clusters = bootstrap.clusters_of(judge, **order)
    options = {"clusters": clusters, "n_resamples": 200, "random_state": random_state}
    scores = [bootstrap.score_interval(design["metric"], truth, found, **options) for found in predictions]
    curve = pd.DataFrame([{"n_samples": len(p), **_bounds(s)} for p, s in zip(parts, scores, strict=True)])
    return curve, bootstrap.paired_difference(design["metric"], truth, predictions[-1], predictions[-2], **options)


def more_data_check(gain: bootstrap.Interval, *, least_gain: float, n_samples: int = 0, n_source: int = 0) -> Check:
    """Return whether the training rows suffice: whether what the last doubling gained is too little to be useful.

    Parameters
    ----------
    gain : Interval
        Of the last doubling.
    least_gain : float
        Least useful gain of the contract.
    n_samples, n_source : int
        Training rows, and the rows of the table that they were drawn from; 0 if all of it was read.
    """
    useful = least_gain / 2
    helps = bool(gain.low > 0 and gain.value >= useful)
    text = f"The last doubling of the rows gained {gain.value:.4f} ({gain.low:.4f} to {gain.high:.4f}). "
    text += _outlook(gain, helps=helps, useful=useful)
    if n_source:
        more = "give them more memory with -p table_mb=NUMBER" if helps else "this justifies the sample"
        text += f" The {n_samples:,} training rows are of a sample of the table's {n_source:,} rows: {more}."
    return Check("training rows suffice", round(gain.value, 4), useful, not helps, "info", text)


def _outlook(gain: bootstrap.Interval, *, helps: bool, useful: float) -> str:
    if helps:
        return "More rows would help: a next doubling brings perhaps half as much as the last."
    if gain.value >= useful:
        return "More rows may help, but these cannot tell it from chance."
    if gain.high < 0:
        return "It was a loss beyond chance: more rows of this kind would not help, and old ones may mislead."
    return "More rows would hardly help."


def _bounds(interval: bootstrap.Interval) -> dict[str, float]:
    return {name: float(np.round(getattr(interval, name), 6)) for name in ("value", "low", "high")}
