"""The verb `cycle`: one turn of operations, every step of which can be cut off and is completed by the next turn.

Watch; compare again a challenger that was kept out and not refuted; on an alarm decide; gather a newer table; retrain
through the pipeline, which compares and promotes or keeps; write the outcome down; and, when the budget of retrainings
that did not help is spent, go back to design.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from sqlalchemy import Engine

from lib import (
    archive,
    database,
    decisions,
    designs,
    evidence,
    files,
    locks,
    newer,
    notify,
    policy,
    rematch,
    runner,
    standings,
    turns,
)
from lib.conclusion import Conclusion
from lib.decisions import Decision
from lib.designs import Design
from lib.errors import InputError, StageFailed
from lib.events import Listener
from lib.execution import Limits
from lib.notify import Notice
from lib.outcome import Outcome
from lib.policy import Step
from lib.project import Project
from lib.standings import Standing
from lib.turns import Turn

STEPS = ("watch", "compare", "decide", "gather", "retrain", "record", "return")
MOST_FAILURES = 3
"""So often a run may fail, for instance for want of memory, before the retraining counts as one that did not help."""

LEAST_TEST_SHARE = 0.05
LEAST_NEW_ROWS = 100


@dataclass(frozen=True)
class Asked:
    """What a user asks of a turn.

    Parameters
    ----------
    model : str
        Which model, where the store has several.
    days : int
        How far back from the newest row a retraining looks; 0 for everything.
    limits : Limits
        Of the run.
    """

    model: str = ""
    days: int = 0
    limits: Limits = field(default_factory=Limits)


Watch = Callable[[], object]
"""Monitors what was predicted since the last window; may be repeated."""

Tell = Callable[[str], object]
"""Told the name of each of `STEPS` as it begins."""


def turn(project: Project, asked: Asked, watch: Watch, listener: Listener, tell: Tell = lambda step: None) -> Outcome:
    """Make one turn and return how it came out; leave at once if another turn is at work.

    Raises
    ------
    InputError
        If the store has no champion, or the files that it was made from are gone.
    StageFailed
        If the retraining failed; the next turn tries again.
    """
    model_name = decisions.only_model(database.of_known(project.store), asked.model)
    with _alone(project, model_name) as owner:
        if owner:
            return Outcome("busy", f"Another turn is at work ({owner}); this one leaves it to it.", model_name)
        return _turn(project, model_name, asked, watch, listener, tell)


def assess(project: Project, asked: Asked) -> tuple[Standing, Step, Turn | None]:
    """Return what is on record, what a turn would do if watching brought nothing new, and what it would complete."""
    model_name = decisions.only_model(database.of_known(project.store), asked.model)
    found = standings.of(project, model_name)
    again = rematch.due(project, found) is not None
    return found, found.next_step(again=again), turns.pending(project, model_name)


def _turn(project: Project, model_name: str, asked: Asked, watch: Watch, listener: Listener, tell: Tell) -> Outcome:
    begun, outcome = turns.pending(project, model_name), None
    if begun is None:
        tell("watch")
        watch()
        tell("compare")
        made = rematch.attempt(project, model_name)
        if made is not None:
            return made
        tell("decide")
        begun, outcome = _decided(project, standings.of(project, model_name), asked)
    if begun is not None:
        outcome = _retrained(project, begun, asked, listener, tell)
    found = standings.of(project, model_name)
    step = found.next_step()
    if step.action == policy.BACK:
        tell("return")
        return _returned(project, found, step, outcome)
    return outcome or Outcome.of(found, step)


def _decided(project: Project, found: Standing, asked: Asked) -> tuple[Turn | None, Outcome | None]:
    """Return the retraining that begins now, on record, or None and why not."""
    step = found.next_step()
    if step.action != policy.RETRAIN:
        return None, None
    own = newer.base_of(project, found.champion, found.log)
    changed = found.design.run_dir != newer.run_of(project, found.champion)
    base = found.design.run_dir if changed else own
    n_new = len(newer.added(project, found.champion.model_name, base, found.design.contract))
    unseen = n_new - _tried_with(found.log, base.name)
    if unseen < LEAST_NEW_ROWS:
        text = (
            f"{step.reason} But {unseen} newer rows have labels, and a retraining takes {LEAST_NEW_ROWS}: add labels."
        )
        return None, replace(Outcome.of(found, step), status="waiting", message=text)
    begun = Turn(
        turns.new_id(), found.champion.model_name, found.champion.version, found.window, found.window_start,
        found.alarms, found.design.identity, base.name, found.design.run_dir.name, n_new,
    )  # fmt: skip
    turns.save(project, begun)
    return begun, None


def _tried_with(log: list[Decision], base: str) -> int:
    """Return how many newer rows the last retraining on the same base had."""
    told = [each.details for each in log if each.kind == "retraining" and each.details.get("base") == base]
    return int(told[-1].get("n_new", 0)) if told else 0


def _retrained(project: Project, begun: Turn, asked: Asked, listener: Listener, tell: Tell) -> Outcome:
    """Bring a retraining to its end, wherever it was cut off, and put the outcome on record."""
    engine = database.connect(project.store)
    _record_once(engine, begun, "begun", f"Retraining on newer rows: {'; '.join(begun.alarms)}.")
    if not begun.parameters:
        tell("gather")
        begun = _gathered(project, begun, asked)
    tell("retrain")
    concluded, trouble = _run(project, begun, asked, listener)
    tell("record")
    helped = concluded is not None and concluded.alias == "champion" and concluded.version != begun.champion
    message = concluded.message if concluded else f"The run failed {begun.failures + 1} times: {trouble}"
    said = f"{'Promoted' if helped else 'The champion stays'}. {message}"
    told = {"helped": helped, "window": begun.window, "design": begun.design, "base": begun.base}
    told |= {"n_new": begun.n_new, "undecided": not helped and rematch.is_undecided(project, concluded)}
    told |= {"report": concluded.report if concluded else "", "alarms": begun.alarms}
    version, run_id = (concluded.version, concluded.run_id) if concluded else (None, None)
    _record_once(engine, begun, "ended", said, version, run_id, **told)
    turns.close(project, begun)
    return _summed(project, begun.model_name, "promoted" if helped else "kept", said, concluded)


def _gathered(project: Project, begun: Turn, asked: Asked) -> Turn:
    """Write the newer table, and the parameters of a run on it."""
    design = designs.of(project.runs / begun.design_run)
    base = project.runs / begun.base
    table = newer.table(project, begun.model_name, base, design.contract, days=asked.days)
    target = turns.table_of(project, begun)
    files.replace(target, lambda temporary: table.to_parquet(temporary, index=False))
    share = _test_share(table, design, begun)
    return turns.save(project, replace(begun, parameters=design.parameters(target, test_size=share)))


def _test_share(table, design: Design, begun: Turn) -> float:
    """Return the share of the newest rows on which the two are compared: those of the window that alarmed, bounded."""
    agreed, time = float(design.contract["split"]["test_size"]), design.contract["time_column"]
    if not time or not begun.window_start:
        return agreed
    newest = float((table[time] >= begun.window_start).mean())
    return round(min(agreed, max(newest, LEAST_TEST_SHARE)), 4)


def _run(project: Project, begun: Turn, asked: Asked, listener: Listener) -> tuple[Conclusion | None, str]:
    """Run the pipeline; a run that has failed too often is given up, and the reason returned."""
    try:
        return runner.run(project, runner.Request(dict(begun.parameters), limits=asked.limits), listener), ""
    except (StageFailed, InputError) as error:
        if begun.failures + 1 < MOST_FAILURES:
            turns.failed(project, begun)
            raise
        return None, str(error)


def _record_once(
    engine: Engine, begun: Turn, state: str, reason: str, version: int | None = None, run_id: str | None = None, **told
) -> None:
    """Put a step of a retraining on record, unless it is there from a turn that was cut off."""
    known = decisions.read(engine, begun.model_name, kinds=("retraining",))
    if any(each.details.get("turn") == begun.id and each.details.get("state") == state for each in known):
        return
    details = {"turn": begun.id, "state": state, **told}
    entry = Decision(
        "retraining", begun.model_name, reason, "cycle", begun.champion, version, run_id=run_id, details=details
    )
    decisions.record(engine, entry)


def _returned(project: Project, found: Standing, step: Step, outcome: Outcome | None) -> Outcome:
    """Write the evidence, put the return to design on record, and say so."""
    tried = policy.tried(found.log, found.design.identity)
    page = evidence.write(project, found.champion, found.design, tried, step.reason)
    details = {"design": found.design.identity, "report": str(page), "window": found.window, "budget": found.budget}
    details |= {"retrainings": [each.id for each in tried]}
    name, engine = found.champion.model_name, database.connect(project.store)
    text = f"Back to design: {step.reason} The evidence is in {page}. There is no retraining until the design changes "
    text += 'or a person says `cycle --acknowledge "REASON"`.'
    # Said first: of a notice, unlike of a decision, a second one with the same key changes nothing.
    key = f"{name}/{policy.BACK}/{tried[-1].id if tried else found.window}"
    notify.write(engine, [Notice(name, key, "stop", f"{policy.BACK}: {name}", text)])
    entry = Decision("back to design", name, step.reason, "cycle", found.champion.version, details=details)
    decisions.record(engine, entry)
    notify.send(engine)
    base = outcome or Outcome.of(found, step)
    return replace(base, status=policy.BACK, message=text, report=str(page), unhelpful=step.unhelpful)


def _summed(project: Project, model_name: str, status: str, said: str, concluded: Conclusion | None) -> Outcome:
    found = standings.of(project, model_name)
    told = replace(Outcome.of(found, found.next_step()), status=status, message=said)
    if concluded is None:
        return told
    return replace(told, version=concluded.version, run_id=concluded.run_id, report=concluded.report)


@contextlib.contextmanager
def _alone(project: Project, model_name: str) -> Iterator[str]:
    """Hold the lock of a model's turns for a ``with`` block; yield who else has it, if somebody does."""
    path = project.locks / f"cycle-{archive.safe(model_name)}"
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locks.hold(path, f"a turn begun {database.now()[:19]}", _leave))
        except _Held as held:
            yield str(held)
        else:
            yield ""


class _Held(Exception):
    """Another process has the lock."""


def _leave(owner: str) -> None:
    raise _Held(owner)
