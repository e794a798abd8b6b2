"""What operations do next: nothing, retrain, or give up and go back to the design; decided from what is on record.

Nothing is read or written here, so that `cycle`, which acts, and `replay`, which imagines, decide by the same rules.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lib.decisions import Decision

NOTHING, RETRAIN, BACK, STOPPED = "nothing", "retrain", "back to design", "stopped"


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


def next_step(log: Iterable[Decision], *, window: str, alarms: Sequence[str], design: str, budget: int) -> Step:
    """Return what to do, given what was decided so far and what the newest window shows.

    Parameters
    ----------
    log : iterable of Decision
        All decisions about the model, the oldest first.
    window : str
        End of the newest monitored window, as text that sorts as time; empty if nothing was monitored yet.
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
        return Step(NOTHING, "No alarm stands." if window else "Nothing was monitored yet.", spent)
    answered = last_window(log, design)
    if window <= answered:
        reason = f"The alarm of the window up to {answered} was answered already; the next window decides."
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


def _stopped(stop: Decision) -> str:
    return (
        f"The model went back to design at {stop.at[:16].replace('T', ' ')}: {stop.reason} There is no retraining "
        'until the design changes, or a person says `cycle --acknowledge "REASON"`.'
    )


def _times(n: int) -> str:
    return f"{n} retraining{'s' if n != 1 else ''} in a row"
