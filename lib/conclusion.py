"""How a run comes out: logged, registered, reported, and remembered so that it need not be done twice."""

import contextlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from lib import cache, files, workspace
from lib.errors import CuadernoError
from lib.execution import Done
from lib.project import Project
from lib.staleness import REUSE, State
from lib.workspace import Run


@dataclass(frozen=True)
class Conclusion:
    """How a run came out.

    Parameters
    ----------
    status : {"done", "refused"}
    message : str
        In a sentence.
    run_id : str
    version : int or None
        The model's version, if one was registered.
    alias : str
        What the version is: ``"champion"`` or ``"challenger"``.
    report : str
        The page of the run.
    executions : list of dict
        Name, action, reasons and seconds of each.
    new : bool
        Whether there was anything to do.
    metric : str
        The contract's.
    score : float or None
        Of the chosen model on the test rows.
    gates : list of dict
        What could have stopped the run, and what was found: name, value, limit, passed.
    seconds : float
        That the run took.
    model_name : str
        Of the version, if one was registered.
    """

    status: str
    message: str
    run_id: str
    version: int | None = None
    alias: str = ""
    report: str = ""
    executions: list[dict] = field(default_factory=list)
    new: bool = True
    metric: str = ""
    score: float | None = None
    gates: list[dict] = field(default_factory=list)
    seconds: float = 0.0
    model_name: str = ""

    @property
    def exit_status(self) -> int:
        """The exit status of the verb."""
        return 3 if self.status == "refused" else 0


def of_finished(project: Project, states: Iterable[State]) -> Conclusion | None:
    """Return how it came out before, if all is up to date and was recorded; None if there is something to do."""
    reached = [state for state in states if state.action != "blocked"]
    if not reached or any(state.action != REUSE for state in reached):
        return None
    told = cache.concluded(reached[-1].entry)
    if not told or not (project.reports / told["run_id"]).is_dir():
        return None
    executions = [_told(state, reused=True) for state in reached]
    return Conclusion(**{**told, "executions": executions, "new": False})


class Recorder:
    """Logs a run's executions as they finish, and registers and reports its result at the end.

    As a context manager it ends the run in MLflow however the block ends.
    """

    def __init__(self, project: Project, run: Run, given: Mapping[str, Any]):
        self.project, self.run = project, run
        from lib import tracking

        self._tracker = tracking.Tracker(project.store, run.id, given)
        self._started = time.monotonic()
        self._tracked: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> None:
        if self._tracked is None:
            killed = isinstance(error, KeyboardInterrupt)
            # What the block raised says more than that the end could not be recorded either.
            with contextlib.suppress(CuadernoError):
                self._tracker.finish("killed" if killed else "failed")

    def stage(self, done: Done) -> None:
        """Log one execution, with its page, of which the run's report is made in the end."""
        from lib import reports

        execution, told = done.state.execution, done.entry.manifest if done.entry else {}
        report = self.run.report(done.name)
        if report.is_file():
            reports.page(report, done.name)
        self._tracker.stage(
            done.name,
            values=execution.values,
            run_dir=self.run.folder,
            report=report if report.is_file() else None,
            key=told.get("key", "by hand"),
            reused=done.reused,
            seconds=told.get("seconds", 0.0),
            peak_memory_mb=told.get("peak_memory_mb"),
            status=told.get("outcome", "done"),
        )

    def conclude(self, done: list[Done]) -> Conclusion:
        """Register the model, if the run made one, build the report, and remember both."""
        refused = next((each for each in done if each.refused), None)
        status = "refused" if refused else "done"
        self._tracked = self._tracker.finish(status)
        self._record_verdicts(done)
        made = self._register(done[-1]) if files.MODEL in done[-1].state.execution.writes else None
        reason = refused.entry.manifest["message"] if refused else made.reason if made else _said(done)
        became = f" Version {made.version} is {made.alias}." if made and made.alias else ""
        found = Conclusion(
            status,
            reason,
            self.run.id,
            made.version if made else None,
            made.alias if made else "",
            self._report(done, status, reason + became),
            [_told(each.state, reused=each.reused) for each in done],
            **_measured(self.run.folder),
            gates=_gates(self.run.folder, [each.name for each in done]),
            seconds=round(time.monotonic() - self._started, 3),
            model_name=made.model_name if made else "",
        )
        workspace.finish(self.run, status, message=found.message, version=found.version)
        if done[-1].entry:
            cache.conclude(done[-1].entry, {**asdict(found), "executions": []})
        return found

    def _record_verdicts(self, done: list[Done]) -> None:
        from lib import database, decisions

        keys = {each.name: each.state.key.text for each in done if each.state.key}
        decisions.record_run(database.connect(self.project.store), self.run.folder, keys, run_id=self.run.id)

    def _register(self, last: Done):
        """Register the chosen model, also one that was refused: as a challenger, with the reasons."""
        from lib import registry

        key = last.state.key
        return registry.register(
            self.project.store,
            self.run.folder,
            run_id=self.run.id,
            key=key.text,
            base_key=key.base,
            tracking_run=self._tracked,
        )

    def _report(self, done: list[Done], status: str, message: str) -> str:
        from lib import reports

        page = reports.build(
            self.run.reports,
            self.run.folder,
            run_id=self.run.id,
            status=status,
            names=[each.name for each in done],
            message=message,
            seconds=time.monotonic() - self._started,
        )
        return str(page)


def _measured(run_dir: Path) -> dict[str, Any]:
    """Return the metric and the score on the test rows, if the run came so far."""
    from lib import results

    if not files.exists(run_dir, files.EVALUATION):
        return {}
    metric = files.read(run_dir, files.EVALUATION)["metric"]
    found = results.read(run_dir, Path(files.EVALUATION).parent.name)["metrics"]
    return {"metric": metric, "score": found.get(f"test_{metric}")}


def _gates(run_dir: Path, names: Iterable[str]) -> list[dict[str, Any]]:
    """Return what could have stopped the run, as values."""
    from lib import results  # brings pandas, which a run with nothing to do does not need

    written = [name for name in names if files.exists(run_dir, f"{name}/{results.FILE}")]
    checks = [check for name in written for check in results.read(run_dir, name)["checks"]]
    told = ("name", "value", "limit", "passed")
    return [{name: getattr(check, name) for name in told} for check in checks if check.severity == "stop"]


def _said(done: list[Done]) -> str:
    n_reused = sum(each.reused for each in done)
    return f"{len(done) - n_reused} executed, {n_reused} reused."


def _told(state: State, *, reused: bool) -> dict[str, Any]:
    seconds = state.entry.manifest["seconds"] if state.entry else None
    return {
        "name": state.execution.name,
        "action": "reused" if reused else "executed",
        "reasons": list(state.reasons),
        "key": state.key.text if state.key else None,
        "seconds": seconds,
    }
