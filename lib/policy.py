"""What operations do next: nothing, retrain, or give up and go back to the design; decided from what is on record.

Nothing is read or written here, so that `cycle`, which acts, and `replay`, which imagines, decide by the same rules.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lib.decisions import Decision

NOTHING, RETRAIN, BACK, STOPPED = "nothing", "retrain", "back to design", "stopped"

MOST_WAIT = 8
"""Windows; a retraining that is due is put off no longer than this."""


@dataclass(frozen=True)
class Step:
    """What to do next, and why.

    Parameters
    ----------
    action : {"nothing", "retrain", "back to design", "stopped"}
        ``back to design`` is the step itself, ``stopped`` the state after it.
    reason : str
        In a sentence.
    unhelpful : int
        Retrainings in a row, under this design, that did not help.
    """

    action: str
    reason: str
    unhelpful: int = 0


def next_step(
    log: Iterable[Decision], *, windows: Sequence[str], alarms: Sequence[str], design: str, budget: int
) -> Step:
    """Return what to do, given what was decided so far and what the newest window shows.

    Each retraining that did not help doubles how many windows have to pass before the next: on hardly any newer rows it
    would be the same retraining again, and would spend the budget on a single bad month.

    Parameters
    ----------
    log : iterable of Decision
        All decisions about the model, the oldest first.
    windows : sequence of str
        Ends of the monitored windows, the oldest first, as text that sorts as time.
    alarms : sequence of str
        The alarms that stand in that window, in words.
    design : str
        Identity of the design in force; a change of it gives a new budget.
    budget : int
        How many retrainings in a row may fail to help before the design has to change.
    """
    log = list(log)
    stop, spent = standing_return(log, design), unhelpful(log, design)
    if stop:
        return Step(STOPPED, _stopped(stop), spent)
    if spent >= budget and (spent or alarms):
        return Step(BACK, f"{_times(spent)} did not help; the design allows {budget}.", spent)
    if not alarms:
        return Step(NOTHING, "No alarm stands." if windows else "Nothing was monitored yet.", spent)
    answered = last_window(log, design)
    missing = _wait(spent) - sum(end > answered for end in windows) if answered else 0
    if missing > 0:
        reason = f"The alarm was answered up to {answered}; it is answered again after {_windows(missing)} more."
        return Step(NOTHING, reason, spent)
    return Step(RETRAIN, f"{'; '.join(alarms)}. Retraining {spent + 1} of {budget}.", spent)


def unhelpful(log: Iterable[Decision], design: str) -> int:
    """Return how many retrainings in a row did not help: since a promotion, an acknowledgement, or another design."""
    spent = 0
    for each in log:
        if _ended(each) and each.details.get("design") == design:
            spent = 0 if each.details["helped"] else spent + 1
        elif _ended(each) or each.kind in ("promotion", "acknowledgement"):
            spent = 0
    return spent


def standing_return(log: Iterable[Decision], design: str) -> Decision | None:
    """Return the return to design that still stands; a promotion, a person or a changed design ends it."""
    stop = None
    for each in log:
        if each.kind == "back to design":
            stop = each
        elif each.kind in ("promotion", "acknowledgement"):
            stop = None
    return stop if stop and stop.details.get("design") == design else None


def last_window(log: Iterable[Decision], design: str) -> str:
    """Return the end of the newest window that a retraining under this design has answered; empty if none has."""
    answered = [each for each in log if _ended(each) and each.details.get("design") == design]
    return max((each.details.get("window") or "" for each in answered), default="")


def tried(log: Iterable[Decision], design: str) -> list[Decision]:
    """Return the retrainings in a row that did not help, the oldest first."""
    log = list(log)
    retrainings = [each for each in log if _ended(each)]
    return retrainings[len(retrainings) - unhelpful(log, design) :]


def _ended(each: Decision) -> bool:
    """Return whether a decision is the outcome of a retraining, and not only its beginning."""
    return each.kind == "retraining" and "helped" in each.details


def _wait(spent: int) -> int:
    """Return how many windows have to pass between a retraining and the next, after so many that did not help."""
    return min(2**spent, MOST_WAIT)


def _windows(n: int) -> str:
    return f"{n} window{'s' if n != 1 else ''}"


def _stopped(stop: Decision) -> str:
    return (
        f"The model went back to design at {stop.at[:16].replace('T', ' ')}: {stop.reason} There is no retraining "
        'until the design changes, or a person says `cycle --acknowledge "REASON"`.'
    )


def _times(n: int) -> str:
    return f"{n} retraining{'s' if n != 1 else ''} in a row"
