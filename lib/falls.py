"""A fall of the measured score, seen from outside the notebooks: by enough, by more than chance, and often enough."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from lib.bootstrap import Interval


@dataclass(frozen=True)
class Rule:
    """When a fall is an alarm.

    Parameters
    ----------
    least : float
        The smallest fall that matters, in units of the score.
    k, n : int
        How many of the last windows have to show it.
    significance : float
        The chance of calling a score that has not fallen a fall, in one window.
    """

    least: float
    k: int = 1
    n: int = 2
    significance: float = 0.05


def fell(now: Interval, before: Interval, rule: Rule) -> bool:
    """Return whether a score has fallen: by the least that matters, and by more than both intervals explain."""
    fall = before.value - now.value
    error = np.hypot(_error(now), _error(before))
    return bool(fall >= rule.least and fall > stats.norm.isf(rule.significance) * error)


def alarms(scores: Iterable[Interval], before: Interval, rule: Rule) -> list[str]:
    """Return the alarm in words, in a list, if `k` of the last `n` windows fell; else nothing."""
    scores = list(scores)[-rule.n :]
    fallen = [now for now in scores if fell(now, before, rule)]
    if len(fallen) < rule.k or not fallen:
        return []
    return [
        f"The score fell to {fallen[-1].value:.3f} from {before.value:.3f}, in {len(fallen)} of {len(scores)} windows"
    ]


def _error(found: Interval) -> float:
    """Return the standard error that an interval stands for."""
    return (found.high - found.low) / (2 * stats.norm.isf((1 - found.confidence) / 2))
