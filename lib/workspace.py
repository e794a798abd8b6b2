"""A run's folder of files, private to it, and the small record of what it did."""

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lib import files, locks
from lib.errors import InputError
from lib.project import Project

RECORD = "run.json"


@dataclass(frozen=True)
class Run:
    """A run that is at work: its name, its files, its reports."""

    id: str
    folder: Path
    reports: Path

    def report(self, execution: str) -> Path:
        """Return where the executed notebook of an execution goes."""
        return self.reports / f"{execution}.ipynb"

    def record(self, **told: Any) -> None:
        """Add to what the record tells."""
        files.write(self.folder, RECORD, {**read(self.folder), **told})


def read(folder: Path) -> dict[str, Any]:
    """Return the record of a run; nothing for a folder made by hand."""
    try:
        return json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


@contextlib.contextmanager
def started(project: Project, values: Mapping[str, Any]) -> Iterator[Run]:
    """Make a run's folder and hold its lock for the time of a ``with`` block, so that others know that it lives."""
    run = _make(project)
    with locks.hold(lock(project, run.id), f"run {run.id}"):
        run.record(run_id=run.id, status="running", started=_now(), given=dict(values), executions={})
        yield run


def finish(run: Run, status: str, **told: Any) -> None:
    """Note how a run ended."""
    run.record(status=status, finished=_now(), **told)


def lock(project: Project, run_id: str) -> Path:
    """Return the lock that a living run holds."""
    return project.locks / f"run-{run_id}"


def folders(project: Project) -> list[Path]:
    """Return the folders of all runs, the newest first: by when they were begun, or last written by hand."""
    found = (path for path in project.runs.glob("*") if path.is_dir() and not path.name.startswith("."))
    return sorted(found, key=_time, reverse=True)


def newest(project: Project) -> Path:
    """Return the folder in which somebody, or a run, worked last.

    Raises
    ------
    InputError
        If there is none.
    """
    found = folders(project)
    if not found:
        raise InputError(f"There is no run in {project.runs} to go on from. Leave --from out to run from the start.")
    return found[0]


def bury(project: Project) -> list[str]:
    """Mark the runs whose process died as killed, remove what they left half written, and return their names."""
    dead = [
        folder
        for folder in folders(project)
        if read(folder).get("status") == "running" and not locks.is_held(lock(project, folder.name))
    ]
    for folder in dead:
        for leftover in folder.glob(".*"):
            shutil.rmtree(leftover, ignore_errors=True) if leftover.is_dir() else leftover.unlink(missing_ok=True)
        files.write(folder, RECORD, {**read(folder), "status": "killed", "finished": _now()})
    return [folder.name for folder in dead]


def drop(run: Run) -> None:
    """Remove a run that did nothing."""
    for folder in (run.folder, run.reports):
        shutil.rmtree(folder, ignore_errors=True)


def _make(project: Project) -> Run:
    """Make the first folder named by this second that nobody has; making it is what decides between two runs."""
    project.runs.mkdir(parents=True, exist_ok=True)
    name = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S")
    for number in range(1, 1000):
        run_id = name if number == 1 else f"{name}-{number}"
        with contextlib.suppress(FileExistsError):
            (project.runs / run_id).mkdir()
            return Run(run_id, project.runs / run_id, project.reports / run_id)
    raise InputError(f"There are already 999 runs named {name} in {project.runs}.")


def _time(folder: Path) -> float:
    written: Callable[[Path], float] = lambda path: path.stat().st_mtime  # noqa: E731
    record = read(folder)
    begun = datetime.fromisoformat(record["started"]).timestamp() if "started" in record else 0.0
    made = [written(path) for path in folder.glob("*/**/results.json")]
    return max([begun, *made])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
