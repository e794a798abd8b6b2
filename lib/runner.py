"""The verb `run`: plan, see whether it can start, execute, conclude."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lib import conclusion, interrupts, plan, readiness, space, staleness, workspace
from lib.conclusion import Conclusion
from lib.errors import InputError, StageFailed
from lib.events import Event, Listener
from lib.execution import Limits, Work
from lib.plan import Execution
from lib.project import Project
from lib.staleness import Judge, State
from lib.workspace import Run


@dataclass(frozen=True)
class Request:
    """What a user asks of a run.

    Parameters
    ----------
    given : mapping of name to value
        Parameters.
    wanted : tuple of str
        Stages to bring up to date, with what they need; all if empty.
    start : str
        The stage from which on to work, on the files of the newest run; empty for the first.
    force : bool
        Execute also what is up to date: the stages wanted, or all.
    limits : Limits
    """

    given: Mapping[str, Any] = field(default_factory=dict)
    wanted: tuple[str, ...] = ()
    start: str = ""
    force: bool = False
    limits: Limits = field(default_factory=Limits)


def assess(project: Project, request: Request) -> tuple[Judge, list[State]]:
    """Return what a run would do about each execution, and why, without doing anything.

    Raises
    ------
    InputError
        If the request cannot be met.
    """
    executions = plan.make(project, request.given)
    before = _before(request.start, executions)
    chosen = plan.select([e for e in executions if e not in before], request.wanted)
    judge = Judge(project, force=_forced(chosen, request))
    source = workspace.newest(project) if before else None
    taken = [judge.take(execution, source) for execution in before]
    if source:
        _require_inputs(judge, before, chosen, source)
    return judge, taken + staleness.judge_all(judge, chosen)


def run(project: Project, request: Request, listener: Listener) -> Conclusion:
    """Bring the stages up to date, register the result, and return how it came out.

    Raises
    ------
    InputError
        If something cannot be used; nothing was started then.
    StageFailed
        If a stage failed; what was finished before it is kept.
    OutOfSpace
        If a disk filled up; what was finished is kept, and the next run goes on from there.
    KeyboardInterrupt
        On Ctrl-C or SIGTERM; what was finished is kept.
    """
    with space.explained(project.store, project.reports):
        judge, states = assess(project, request)
        known = conclusion.of_finished(project, states)
        if known and not request.force:
            return known
        readiness.check(project, states)
        judge.save()
        workspace.bury(project)
        return _started(project, judge, states, request, listener)


def _started(project: Project, judge: Judge, states: list[State], request: Request, listener: Listener) -> Conclusion:
    for state in states:
        listener(Event("planned", state.execution.name, message=f"{state.action}: {staleness.said(state.reasons)}"))
    from lib import twin

    with (
        twin.renewed(project),
        interrupts.raised(),
        workspace.started(project, request.given) as begun,
        _accounted(begun),
    ):
        return _bring(project, begun, judge.afresh(), states, request, listener)


def _bring(
    project: Project, begun: Run, judge: Judge, states: list[State], request: Request, listener: Listener
) -> Conclusion:
    with conclusion.Recorder(project, begun, request.given) as recorder:
        work = Work(project, begun, judge, request.limits, listener, recorder.stage)
        done = work.bring(states)
        return recorder.conclude(done)


@contextlib.contextmanager
def _accounted(begun: Run) -> Iterator[None]:
    """Note on a run's record how it ended; a run that only found its input unusable leaves nothing behind."""
    try:
        yield
    except InputError as error:
        if not workspace.read(begun.folder).get("executions"):
            workspace.drop(begun)
            raise
        _finish(begun, "failed", error)
        raise
    except KeyboardInterrupt:
        workspace.finish(begun, "interrupted")
        raise
    except OSError as error:
        _finish(begun, "failed", error)
        if space.is_short(error):
            raise
        raise StageFailed(
            f"{error.filename or begun.folder}: {error.strerror or error}. What was finished is kept. Put it right, "
            f"and run again."
        ) from error
    except BaseException as error:
        _finish(begun, "failed", error)
        raise


def _finish(begun: Run, status: str, error: BaseException) -> None:
    """Note how a run ended; the disk that this is about may be the one that the record is on."""
    with contextlib.suppress(OSError):
        workspace.finish(begun, status, message=str(error))


def _before(start: str, executions: list[Execution]) -> list[Execution]:
    """Return the executions that come before the stage to start from."""
    if not start:
        return []
    return executions[: min(executions.index(execution) for execution in plan.named(executions, start))]


def _forced(chosen: Iterable[Execution], request: Request) -> set[str]:
    if not request.force:
        return set()
    chosen = list(chosen)
    named = {execution.name for name in request.wanted for execution in plan.named(chosen, name)}
    return named or {execution.name for execution in chosen}


def _require_inputs(judge: Judge, before: list[Execution], chosen: list[Execution], source) -> None:
    """Refuse to go on from a folder that lacks an input; a candidate that was not trained by hand is no input."""
    made = [e for e in before if any(e.makes(name) for name in judge.contents)]
    lacking = {
        name: other.stage
        for execution in chosen
        for name in execution.reads
        for other in before
        if other.makes(name) and name not in judge.contents and name not in execution.optional
        if other in made or not any(each.stage == other.stage for each in made)
    }
    for name, stage in lacking.items():
        raise InputError(
            f"{source} lacks {name}, which {stage} writes. Run notebooks/{stage}.ipynb with run_dir set to that "
            f"folder, or go on from {stage} or earlier."
        )
