"""What operations do next: nothing, retrain, or give up and go back to the design; decided from what is on record.

Nothing is read or written here, so that `cycle`, which acts, and `replay`, which imagines, decide by the same rules.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lib.decisions import Decision

NOTHING, RETRAIN, BACK, STOPPED = "nothing", "retrain", "back to design", "stopped"
COMPARE = "compare again"

MOST_WAIT = 8
"""Windows; a retraining that is due is put off no longer than this."""

MOST_LOOKS = 2
"""So often a challenger is compared with the champion: when it was made, and in the next window that has labels."""


@dataclass(frozen=True)
class Step:
    """What to do next, and why.

    Parameters
    ----------
    action : {"nothing", "compare again", "retrain", "back to design", "stopped"}
        ``back to design`` is the step itself, ``stopped`` the state after it.
    reason : str
        In a sentence.
    unhelpful : int
        Retrainings in a row, under this design, that did not help.
    """

    action: str
    reason: str
    unhelpful: int = 0


@dataclass(frozen=True)
class Contender:
    """A challenger that was kept out and not refuted.

    Parameters
    ----------
    retraining : Decision
        The outcome of the retraining that made it.
    look : int
        How often it will have been judged after the next time.
    window : str
        End of the newest window that it was judged on.
    """

    retraining: Decision
    look: int
    window: str


def next_step(
    log: Iterable[Decision],
    *,
    windows: Sequence[str],
    alarms: Sequence[str],
    design: str,
    budget: int,
    again: bool = True,
) -> Step:
    """Return what to do, given what was decided so far and what the newest window shows.

    Each retraining that did not help doubles how many windows have to pass before the next: on hardly any newer rows it
    would be the same retraining again, and would spend the budget on a single bad month.

    Parameters
    ----------
    log : iterable of Decision
        All decisions about the model, the oldest first.
    windows : sequence of str
        Ends of the monitored windows, the oldest first.
    alarms : sequence of str
        The alarms that stand in that window, in words.
    design : str
        Identity of the design in force; a change of it gives a new budget.
    budget : int
        How many retrainings in a row may fail to help before the design has to change.
    again : bool
        Whether there are newer rows to compare an undecided challenger on.
    """
    log = list(log)
    stop, spent = standing_return(log, design), unhelpful(log, design)
    if stop:
        return Step(STOPPED, _stopped(stop), spent)
    if spent >= budget and (spent or alarms):
        return Step(BACK, f"{_times(spent)} did not help; the design allows {budget}.", spent)
    rival = contender(log, design) if again else None
    if rival and _since(windows, rival.window):
        reason = f"The challenger of {rival.window} was kept out, not refuted: look {rival.look} of {MOST_LOOKS}."
        return Step(COMPARE, reason, spent)
    if not alarms:
        return Step(
            NOTHING,
            "No alarm asks for a retraining."
            if windows
            else "Nothing was monitored yet: no window of predictions has ended.",
            spent,
        )
    answered = last_window(log, design)
    missing = _wait(spent) - _since(windows, answered) if answered else 0
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


def contender(log: Iterable[Decision], design: str) -> Contender | None:
    """Return the challenger that is to be compared again; a change of champion or a newer retraining ends its time."""
    found = None
    for each in log:
        told = each.details
        if _ended(each):
            found = Contender(each, 2, told.get("window") or "") if told.get("design") == design else None
        elif each.kind == "comparison" and found:
            found = Contender(found.retraining, found.look + 1, told["window"])
        elif each.kind in ("promotion", "rollback", "back to design"):
            found = None
        if each.kind in ("retraining", "comparison") and not told.get("undecided"):
            found = None
    return found if found and found.look <= MOST_LOOKS else None


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
    """Return the end of the newest window that was answered under this design, by a retraining or by promoting its
    challenger later; empty if none was.
    """
    answers = [each for each in log if _ended(each) or each.kind == "promotion"]
    answered = [each for each in answers if each.details.get("design") == design]
    return next((each.details["window"] for each in reversed(answered) if each.details.get("window")), "")


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


def _since(windows: Sequence[str], end: str) -> int:
    """Return how many windows ended after one: by their order, for `row 10500` sorts before `row 9000` as text."""
    if end in windows:
        return len(windows) - 1 - list(windows).index(end)
    return sum(each > end for each in windows)


def _windows(n: int) -> str:
    return f"{n} window{'s' if n != 1 else ''}"


def _stopped(stop: Decision) -> str:
    return (
        f"The model went back to design at {stop.at[:16].replace('T', ' ')}: {stop.reason} There is no retraining "
        'until the design changes, or a person says `cycle --acknowledge "REASON"`.'
    )


def _times(n: int) -> str:
    return f"{n} retraining{'s' if n != 1 else ''} in a row"
