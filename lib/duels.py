"""A challenger against the champion on rows that neither has learnt from: once, and again when newer rows have come.

A month of rows often cannot tell whether a challenger is better. One that was kept out, and whose gain may yet be a
useful one, is judged again on the same rows and the newer ones together, which costs no retraining. To look again and
again until chance is kind would promote ties, so each look is stricter than the one before.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lib import bootstrap, checks, comparison, scoring
from lib.bootstrap import Interval


@dataclass(frozen=True)
class Verdict:
    """How a duel came out.

    Parameters
    ----------
    won : bool
    undecided : bool
        Whether the challenger was kept out and newer rows may show that it should not have been.
    gain : Interval
    reason : str
        In words.
    """

    won: bool
    undecided: bool
    gain: Interval
    reason: str


def confidence(look: int) -> float:
    """Return the confidence of the interval that decides at the first look at a challenger, the second, and so on.

    Each look takes half of what the one before may promote by chance, so that all looks together promote less than
    twice the ties of the first alone, one in a hundred, however many there are.
    """
    return 1 - (1 - comparison.CONFIDENCE) / 2 ** (look - 1)


def fight(design: Mapping[str, Any], rows: pd.DataFrame, challenger, champion, *, look: int = 1) -> Verdict:
    """Judge two predictions of the same rows by the gates of 05_evaluation.

    Parameters
    ----------
    design : mapping
        The contract.
    rows : DataFrame of shape (n_samples, n_columns)
        With the truth, and all columns that the contract slices by.
    challenger, champion : array of shape (n_samples,) or (n_samples, n_classes)
        What each said of the rows.
    look : int
        How often this challenger is judged, with this time.
    """
    metric, truth = design["metric"], scoring.encode(design, rows[design["target"]])
    clusters = bootstrap.clusters_of(rows, **{name: design[name] for name in ("time_column", "group_column")})
    given = {"clusters": clusters, "confidence": confidence(look)}
    gain = comparison.gain(metric, truth, challenger, champion, **given)
    found = comparison.duel_checks(gain, metric=metric, least_gain=design["least_gain"])
    labels = comparison.slices(rows, design["slices"])
    by_slice = comparison.by_slice(metric, truth, challenger, labels, reference=champion, clusters=clusters)
    found += comparison.slice_checks(by_slice, against="the champion", slice_loss=design["slice_loss"])
    refused = checks.refusals(found)
    said = f"It gains {gain.value:.4f} ({gain.low:.4f} to {gain.high:.4f}) in {metric} on the same rows."
    # the first gate that refuses says by how much; what the others add would fill the log of a long walk
    reason = refused[0].explanation if refused else said
    undecided = is_undecided([check.name for check in refused], gain.high, design["least_gain"])
    return Verdict(not refused, undecided, gain, reason)


def is_undecided(refused: Collection[str], high: float | None, least_gain: float) -> bool:
    """Return whether newer rows may yet show that a challenger is better.

    Parameters
    ----------
    refused : collection of str
        Names of the gates that it did not pass.
    high : float or None
        The upper end of the interval of its gain over the champion.
    least_gain : float
        The contract's least useful gain.
    """
    return bool(refused) and set(refused) <= comparison.GAIN_OVER_CHAMPION and high is not None and high >= least_gain
