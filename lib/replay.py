"""History walked through as if live: predict a window, wait for its labels, monitor, decide; under several policies.

Every policy meets the same windows with the same first champion, and every promotion passes the same gates. What
differs is only when a retraining is tried, so the differences say what an alarm's settings are worth.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from lib import bootstrap, policy
from lib.decisions import Decision
from lib.errors import InputError
from lib.periods import Window
from lib.trainer import Span, Trainer

NEVER, ALWAYS, ALARM = "never", "always", "alarm"
POLICIES = (NEVER, ALWAYS, ALARM)
N_RESAMPLES = 200
CONFIDENCE = 0.95
DESIGN = "as it is"
"""History has one design, which nobody changes on the way."""

Alarms = Callable[[Span, slice, range], list[str]]
"""From the champion's training, the rows it was promoted on and the labelled windows it has met to standing alarms."""


@dataclass(frozen=True)
class Rules:
    """How a walk goes.

    Parameters
    ----------
    start : int
        The first window that is predicted; those before it are history.
    delay : int
        Windows that pass until the labels of one arrive.
    budget : int
        Retrainings in a row that may fail to help before policy `alarm` gives up.
    """

    start: int
    delay: int = 0
    budget: int = 3


@dataclass
class Walk:
    """What one policy did: the champion of each window, and each duel; and who reigns, and who was kept out last.

    Parameters
    ----------
    policy : {"never", "always", "alarm"}
    champion : Span
        Who reigns.
    judged : slice
        Rows on which it was promoted.
    since : int
        The first window that it predicts.
    rival : Span
        The newest challenger.
    kept_back : slice
        Rows that were kept back to compare it.
    champions, alarms : list
        Of each window that was walked through.
    duels : list of dict
    log : list of Decision
    seconds : float
    """

    policy: str
    champion: Span
    judged: slice
    since: int
    rival: Span = (0, 0)
    kept_back: slice = field(default_factory=lambda: slice(0))
    champions: list[Span] = field(default_factory=list)
    alarms: list[list[str]] = field(default_factory=list)
    duels: list[dict[str, Any]] = field(default_factory=list)
    log: list[Decision] = field(default_factory=list)
    seconds: float = 0.0


def walk(
    trainer: Trainer, name: str, rules: Rules, alarms: Alarms, tell: Callable[[str], object] = lambda text: None
) -> Walk:
    """Go through history under one policy.

    Parameters
    ----------
    trainer : Trainer
    name : {"never", "always", "alarm"}
    rules : Rules
    alarms : callable
        As `Alarms` says; asked by policy ``alarm`` only.
    tell : callable
        Told in a line what happens.
    """
    windows = trainer.world.windows
    done = Walk(name, *trainer.world.stretch(rules.start - 1), rules.start)
    done.seconds += trainer.seconds(done.champion)
    for newest in range(rules.start, len(windows)):
        labelled = newest - rules.delay
        standing = alarms(done.champion, done.judged, range(done.since, labelled + 1)) if name == ALARM else []
        done.champions.append(done.champion)
        done.alarms.append(standing)
        # After the last window there is nothing left that a new champion could predict.
        if newest == len(windows) - 1 or labelled < rules.start:
            continue
        ends = [window.end for window in windows[rules.start : newest + 1]]
        action = _action(done, ends, standing, rules)
        if action == policy.COMPARE:
            _fight(trainer, done, newest, policy.contender(done.log, DESIGN).look, rules, tell)
            action = _action(done, ends, standing, rules)
        if action == policy.RETRAIN:
            done.rival, done.kept_back = trainer.world.stretch(labelled)
            done.seconds += trainer.seconds(done.rival)
            _fight(trainer, done, newest, 1, rules, tell)
    return done


def compare(trainer: Trainer, walks: Sequence[Walk], rules: Rules) -> dict[str, dict[str, Any]]:
    """Return for each policy its windows with scores, what it did, and what it gained over `never`, as plain values."""
    windows = trainer.world.windows[rules.start :]
    drawn = [_resampled(trainer, walks, place, window.rows) for place, window in enumerate(windows)]
    weights = np.array([len(window) for window in windows], dtype="float64")
    base = next(place for place, each in enumerate(walks) if each.policy == NEVER)
    return {
        each.policy: {
            "windows": [_scored(*pair, place, each, i) for i, pair in enumerate(zip(windows, drawn, strict=True))],
            "retrainings": sum(one["look"] == 1 for one in each.duels),
            "promotions": sum(one["promoted"] for one in each.duels),
            "attempts": each.duels,
            "returned": next((one.at for one in each.log if one.kind == policy.BACK), None),
            "seconds": round(each.seconds, 2),
            "gain": _gain(drawn, weights, place, base),
        }
        for place, each in enumerate(walks)
    }


def kept_share(found: Mapping[str, Mapping[str, Any]]) -> float | None:
    """Return the share of the gain of `always` that `alarm` keeps; None where there is no gain to keep."""
    gain = found[ALWAYS]["gain"]["value"]
    return None if not gain or gain <= 0 else found[ALARM]["gain"]["value"] / gain


def require_enough(n_windows: int, start: int) -> None:
    """Refuse a walk that has no history to begin with, or nothing to walk through.

    Raises
    ------
    InputError
    """
    if not 2 <= start < n_windows - 1:
        raise InputError(
            f"A replay needs two windows of history and two to walk through; found {n_windows} windows, to start at "
            f"number {start + 1}. Choose shorter windows with --by, or another --from."
        )


def _action(done: Walk, ends: list[str], standing: list[str], rules: Rules) -> str:
    """Return what the policy does now; policy `alarm` decides, compares again and gives up as `cycle` does."""
    if done.policy != ALARM:
        return policy.RETRAIN if done.policy == ALWAYS else policy.NOTHING
    step = policy.next_step(done.log, windows=ends, alarms=standing, design=DESIGN, budget=rules.budget)
    if step.action == policy.BACK:
        done.log.append(Decision("back to design", "", step.reason, at=ends[-1], details={"design": DESIGN}))
    return step.action


def _fight(trainer: Trainer, done: Walk, newest: int, look: int, rules: Rules, tell: Callable[[str], object]) -> None:
    """Let the rival meet the champion on rows kept back and all labelled since, and let it reign if it won."""
    rows = slice(done.kept_back.start, trainer.world.windows[newest - rules.delay].last)
    found, seconds = trainer.duel(done.rival, done.champion, rows, look=look)
    end, done.seconds = trainer.world.windows[newest].end, done.seconds + seconds
    told = {"at": end, "look": look, "promoted": found.won, "gain": asdict(found.gain), "reason": found.reason}
    done.duels.append(told)
    details = {"window": end, "design": DESIGN, "undecided": found.undecided}
    if look == 1:
        done.log.append(Decision("retraining", "", found.reason, at=end, details={**details, "helped": found.won}))
    else:
        kind = "promotion" if found.won else "comparison"
        done.log.append(Decision(kind, "", found.reason, at=end, details=details))
    if found.won:
        done.champion, done.judged, done.since = done.rival, done.kept_back, newest + 1
    tell(f"{done.policy}: {end}: {_said(found.won, look)}. {found.reason}")


def _said(won: bool, look: int) -> str:
    return ("promoted" if won else "kept") + (f" at look {look}" if look > 1 else "")


def _resampled(trainer: Trainer, walks: Sequence[Walk], place: int, rows: slice) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the scores of all policies in a window, on the rows as they are and on the same resamples."""
    world, spans = trainer.world, [each.champions[place] for each in walks]
    truth, clusters = world.truth(rows), world.clusters(rows)
    unique = list(dict.fromkeys(spans))
    columns = [unique.index(span) for span in spans]
    predictions = [trainer.predict(span, rows) for span in unique]
    given = {"clusters": clusters, "n_resamples": N_RESAMPLES, "random_state": world.random_state + place}
    resampled = bootstrap.resample(world.design["metric"], truth, predictions, **given)
    scores = np.array([trainer.score_of(span, rows) for span in unique])
    return scores[columns], resampled[:, columns], bootstrap.n_drawn(truth, clusters)


def _scored(window: Window, drawn: tuple, place: int, done: Walk, i: int) -> dict[str, Any]:
    scores, resampled, n_drawn = drawn
    found = bootstrap.interval(float(scores[place]), resampled[:, place], n_drawn, CONFIDENCE)
    return {
        "start": window.start,
        "end": window.end,
        "score": _plain(found.value),
        "low": _plain(found.low),
        "high": _plain(found.high),
        "n": len(window),
        "alarms": done.alarms[i],
        "retrained": any(each["at"] == window.end and each["look"] == 1 for each in done.duels),
        "promoted": any(each["at"] == window.end and each["promoted"] for each in done.duels),
    }


def _gain(drawn: Sequence[tuple], weights: np.ndarray, place: int, base: int) -> dict[str, float | None]:
    """Return the mean gain over `never`, each window by its rows, with an interval from the windows' own resamples."""
    values = np.array([scores[place] - scores[base] for scores, _, _ in drawn])
    resampled = np.array([found[:, place] - found[:, base] for _, found, _ in drawn])
    known = ~np.isnan(values)
    shares = weights[known] / weights[known].sum() if known.any() else weights[known]
    value = float(values[known] @ shares) if known.any() else np.nan
    total = int(sum(n for (_, _, n), counts in zip(drawn, known, strict=True) if counts))
    found = bootstrap.interval(value, shares @ resampled[known], total, CONFIDENCE)
    return {"value": _plain(found.value), "low": _plain(found.low), "high": _plain(found.high)}


def _plain(value: float) -> float | None:
    """Return a number for JSON, which knows no NaN."""
    return None if np.isnan(value) else round(float(value), 5)
