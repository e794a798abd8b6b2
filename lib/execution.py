"""Execute what is stale and reuse the rest: what happens between the plan of a run and its conclusion."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from lib import cache, files, imports, incumbent, locks, parameters, space, workers, workspace
from lib.cache import Entry
from lib.errors import InputError, OutOfSpace, StageFailed
from lib.events import Event, Listener
from lib.kernels import KernelSource
from lib.plan import Execution
from lib.project import Project
from lib.staleness import DEPENDS, REUSE, RUN, TAKEN, Judge, State, said
from lib.workspace import Run


@dataclass(frozen=True)
class Limits:
    """What the executions of a run may use.

    Parameters
    ----------
    jobs : int
        Candidates side by side.
    seconds : float
        For each notebook.
    """

    jobs: int = 1
    seconds: float = 4 * 3600.0


@dataclass(frozen=True)
class Done:
    """One execution of a run, finished: why it ran, and what it made; no entry if a person's files were taken."""

    state: State
    entry: Entry | None
    reused: bool

    @property
    def name(self) -> str:
        """The execution's name."""
        return self.state.execution.name

    @property
    def refused(self) -> bool:
        """Whether a gate in it refused."""
        return self.entry is not None and self.entry.refused


class Work:
    """The executions of one run, brought up to date stage by stage.

    Parameters
    ----------
    project : Project
    run : Run
    judge : Judge
        One that has learnt nothing yet.
    limits : Limits
    listener : callable
        Told what happens.
    on_done : callable
        Given each `Done` as soon as it is finished, in the main thread.
    """

    def __init__(
        self,
        project: Project,
        run: Run,
        judge: Judge,
        limits: Limits,
        listener: Listener,
        on_done: Callable[[Done], object] = lambda done: None,
    ):
        self.project, self.run, self.judge, self.limits = project, run, judge, limits
        self.listener, self.on_done = listener, on_done

    def bring(self, states: Iterable[State]) -> list[Done]:
        """Bring executions up to date in order, and return what was done, up to the first refusal.

        Raises
        ------
        StageFailed
            If a notebook raised, its kernel died, or it ran out of time.
        InputError
            If a notebook found its input unusable.
        KeyboardInterrupt
            On Ctrl-C or SIGTERM; what was finished is kept.
        """
        states = list(states)
        stale = [state.execution.notebook for state in states if state.action in (RUN, DEPENDS)]
        done: list[Done] = []
        with KernelSource(stale, environment=workers.environment(self.limits.jobs)) as self.kernels:
            if stale:
                self.kernels.prepare(self.project.notebooks)
            for _, group in itertools.groupby(states, lambda state: state.execution.stage):
                done += self._bring_stage(list(group))
                if any(each.refused for each in done):
                    break
        return done

    def _bring_stage(self, group: list[State]) -> list[Done]:
        """Bring the executions of one stage up to date, side by side as far as they fit."""
        if group[0].action == TAKEN:
            return [self._take(state) for state in group]
        states = [self.judge.judge(state.execution, thorough=True) for state in group]
        jobs = workers.side_by_side(self.limits.jobs, len(states), max(self._told(s, "peak_memory_mb") for s in states))
        done = []
        for finished in workers.run((partial(self._bring_one, s, jobs) for s in states), jobs, self.kernels.stop):
            self.judge.learn(State(finished.state.execution, REUSE, entry=finished.entry))
            self._note(finished)
            done.append(finished)
        return done

    def _bring_one(self, state: State, jobs: int) -> Done:
        entry = state.entry or self._execute_once(state, jobs)
        reused = entry.manifest["run_id"] != self.run.id
        if reused:
            cache.materialise(entry, self.run.folder, self.run.report(state.execution.name))
            self.listener(Event("reused", state.execution.name, seconds=entry.manifest["seconds"]))
        return Done(state, entry, reused)

    def _take(self, state: State) -> Done:
        """Copy what a person, or another run, made into this run's folder: theirs may change while this one works."""
        name = state.execution.name
        for file in cache.names(state.source, state.execution.folders):
            cache.copy(state.source / file, self.run.folder / file)
        report = self.project.reports / state.source.name / f"{name}.ipynb"
        if report.is_file():
            cache.copy(report, self.run.report(name))
        self.judge.take(state.execution, self.run.folder)
        self.listener(Event("reused", name, message=state.reasons[0]))
        done = Done(state, None, reused=True)
        self.on_done(done)
        return done

    def _execute_once(self, state: State, jobs: int) -> Entry:
        """Execute a notebook; if another run is at the same key, wait, and take what that one made."""
        execution = state.execution
        lock = self.project.locks / f"{execution.stage}-{state.key.text}"
        with locks.hold(lock, f"run {self.run.id}", partial(self._tell_wait, execution)):
            forced = execution.name in self.judge.force
            found = None if forced else cache.find(self.project.cache, execution.stage, state.key.text, thorough=True)
            return found or self._execute(state, jobs)

    def _execute(self, state: State, jobs: int) -> Entry:
        with imports.alone:
            from lib import engine

        execution, run = state.execution, self.run
        expected = self._told(state, "seconds") or None
        self.listener(Event("started", execution.name, expected_seconds=expected, message=said(state.reasons)))
        if state.key.parts["inputs"].get(files.CHAMPION_MODEL):
            incumbent.materialise(self.project.store, self.judge.champion(), run.folder)
        outcome = engine.execute(
            execution.notebook,
            run.report(execution.name),
            {**execution.values, parameters.RUN_DIR: str(run.folder)},
            cwd=execution.notebook.parent,
            listener=self.listener,
            execution=execution.name,
            time_limit=self.limits.seconds,
            kernels=self.kernels,
            memory_limit_mb=workers.memory_limit_mb(jobs),
        )
        self._tell(execution, outcome)
        changed = "; ".join(self.judge.changed_since(execution))
        if changed:
            raise StageFailed(f"{changed} while {execution.name} was at work: it may have used either. Run again.")
        told = {
            "run_id": run.id,
            "execution": execution.name,
            "outcome": outcome.status,
            "message": outcome.message,
            "seconds": round(outcome.seconds, 3),
            "peak_memory_mb": round(outcome.peak_memory_mb, 1),
        }
        place = cache.Place(self.project.cache, execution.stage, state.key)
        return cache.save(place, run.folder, execution.folders, run.report(execution.name), told)

    def _tell(self, execution: Execution, outcome) -> None:
        """Tell how an execution ended, and raise unless its outputs are to be kept."""
        kind = outcome.status if outcome.status in ("done", "refused") else "failed"
        self.listener(Event(kind, execution.name, outcome.cell, seconds=outcome.seconds, message=outcome.message))
        if outcome.error_name == "InputError":
            raise InputError(outcome.message)
        places = (self.project.store, self.project.reports)
        if kind == "failed" and space.is_said(outcome.message, *places):
            raise OutOfSpace(space.message(*places))
        if kind == "failed":
            raise StageFailed(_failure(execution, outcome, self.run))

    def _tell_wait(self, execution: Execution, owner: str) -> None:
        self.listener(Event("waiting", execution.name, message=f"{owner} is at it; waiting for what it makes"))

    def _note(self, done: Done) -> None:
        """Keep what was finished on record at once: the run may end at any time."""
        cache.remember(self.project.cache, done.state.execution.stage, done.name, done.entry)
        executions = {**workspace.read(self.run.folder).get("executions", {}), done.name: done.entry.manifest["key"]}
        self.run.record(executions=executions)
        self.on_done(done)

    def _told(self, state: State, name: str) -> float:
        return cache.last(self.project.cache, state.execution.stage, state.execution.name).get(name, 0.0)


def _failure(execution: Execution, outcome, run: Run) -> str:
    where = f"at code cell {outcome.cell}" if outcome.cell else "before its first cell"
    name = f"{outcome.error_name}: " if outcome.status == "failed" and outcome.error_name else ""
    return (
        f"{execution.name} {outcome.status} {where}: {name}{outcome.message} "
        f"The notebook, as far as it came: {run.report(execution.name)}"
    )
