"""The verb `monitor`: which windows are new, what 06_monitoring finds in them, and who is told.

A window is monitored again while predictions or labels for it arrive, and so are those after it, whose alarms count
it. A call that dies is completed by the next one: alarms are recorded first, each once, and the windows, by which the
next call knows what is done, after them.
"""

import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from lib import (
    alarms,
    champion,
    database,
    decisions,
    drift,
    due,
    files,
    imports,
    locks,
    notify,
    parameters,
    predictions,
    reports,
    traffic,
    unlearnt,
    windows,
)
from lib.decisions import Decision
from lib.due import Due
from lib.errors import InputError, StageFailed
from lib.events import Listener
from lib.project import Project
from lib.windows import Window

STAGE = "06_monitoring"
MOST_ROWS = 500_000
"""Predictions that one execution of the notebook is given; of more, each some windows are monitored in turn."""
WINDOWS_SHOWN = 24
"""Windows of before that the figures show beside the new ones."""


@dataclass(frozen=True)
class Asked:
    """What a user asks of `monitor`.

    Parameters
    ----------
    model : str
        Which one, where the store has several.
    given : mapping of name to value
        Parameters of the notebook.
    start : str
        Monitor the windows from this time on again; empty: those that are new.
    unfinished : bool
        Also the window that is still running.
    seconds : float
        For each execution of the notebook.
    """

    model: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    start: str = ""
    unfinished: bool = False
    seconds: float = 3600.0


@dataclass(frozen=True)
class Monitored:
    """What came of it: the windows monitored, the newest one in words, its alarms, the report, and who was told."""

    model_name: str
    message: str
    windows: list[dict[str, Any]] = field(default_factory=list)
    alarms: list[dict[str, Any]] = field(default_factory=list)
    report: str = ""
    notices: dict[str, Any] = field(default_factory=dict)

    @property
    def exit_status(self) -> int:
        """The exit status of the verb: 3 if an alarm with severity stop stands at the end of a new window."""
        return 3 if any(alarm["severity"] == "stop" for alarm in self.alarms) else 0

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return asdict(self)


def monitor(project: Project, asked: Asked, listener: Listener) -> Monitored:
    """Monitor what was predicted since the last window, record what was found, and tell people.

    Raises
    ------
    InputError
        If there is no champion, it has no reference profile, or a parameter cannot be used.
    StageFailed
        If the notebook failed; windows of before it are kept.
    """
    engine = database.of_known(project.store)
    name = decisions.only_model(engine, asked.model)
    values = settings(project, asked.given)
    _reference(project.store, name)
    with locks.hold(project.locks / f"monitor-{name}", "monitor", lambda owner: None):
        every = due.windows(project.store, name, values["by"], unfinished=asked.unfinished)
        pending = due.pending(every, windows.read(engine, name), start=asked.start)
        found, report = [], ""
        for group in _groups(pending):
            part, report = _inspect(project, name, values, group, due.before(every, group), asked.seconds, listener)
            found += part
        newest = [alarm for window in found[-1:] for alarm in window.payload["alarms"]]
        if newest:
            notify.write(engine, [notify.of_alarm(name, alarm) for alarm in newest])
        told = notify.send(engine, values["quiet_hours"])
    shown = [{**asdict(window), "payload": None} | _short(window) for window in found]
    return Monitored(name, _message(every, found), shown, newest, report, asdict(told))


def settings(project: Project, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of 06_monitoring: its defaults, and what is given, looked at before anything starts.

    Raises
    ------
    InputError
        If one is unknown, or cannot be used.
    """
    known = {STAGE: parameters.of_notebook(project.notebooks / f"{STAGE}.ipynb")}
    values = parameters.resolve(known, given)[STAGE]
    alarms.rules(values["rules"])
    alarms.is_quiet(values["quiet_hours"], datetime.now(UTC))
    due.require_length(values["by"])
    if values["drift_measure"] not in drift.MEASURES:
        known_ones = ", ".join(drift.MEASURES)
        raise InputError(f"drift_measure is one of {known_ones}; found {values['drift_measure']!r}.")
    return values


def _groups(pending: list[Due]) -> Iterator[list[Due]]:
    """Yield windows that follow each other, are of one version, and are together no more rows than fit."""
    for _, same in groupby(pending, lambda window: window.model_version):
        group: list[Due] = []
        for window in same:
            if group and sum(each.n for each in group) + window.n > MOST_ROWS:
                yield group
                group = []
            group.append(window)
        yield group


def _inspect(
    project: Project,
    name: str,
    values: Mapping[str, Any],
    group: list[Due],
    learnt_from: list[Due],
    seconds: float,
    listener: Listener,
) -> tuple[list[Window], str]:
    """Execute the notebook on some windows, record what it found, and return it with the page of the report."""
    engine, begun = database.connect(project.store), time.monotonic()
    run_id = f"monitoring-{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}-{group[0].start[:10]}"
    folder = project.store / "monitoring" / run_id
    try:
        _prepare(project.store, folder, name, values, group, learnt_from)
        outcome = _execute(project, folder, run_id, values, seconds, listener)
        counted = {window.start: window for window in group}
        found = [_window(name, payload, counted[payload["start"]]) for payload in files.read(folder, files.MONITORED)]
        _record(engine, found, run_id)
        status = outcome.status
        page = reports.build(
            project.reports / run_id, folder, run_id=run_id, status=status, names=[STAGE],
            message=found[-1].payload["in_words"], seconds=time.monotonic() - begun,
        )  # fmt: skip
        windows.write(engine, found)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return found, str(page)


def _prepare(
    store: Path, folder: Path, name: str, values: Mapping[str, Any], group: list[Due], learnt_from: list[Due]
) -> None:
    """Write the files that the notebook reads: among the rows are earlier ones, whose errors are learnt from."""
    start, end, oldest = group[0].start, group[-1].end, [*learnt_from, *group][0].start
    kept = _reference(store, name, group[0].model_version)
    known, made_by = files.read(*kept), files.read(kept[0], champion.packaging.INFO)["run_id"]
    rows, inputs = predictions.window(store, name, oldest, end), predictions.inputs(store, name, oldest, end)
    run_dir, version = store / "runs" / str(made_by), group[0].model_version
    rows, inputs = unlearnt.ahead(run_dir, known, version, rows, inputs, start=oldest)
    engine = database.connect(store)
    earlier = [window for window in windows.read(engine, name) if window.start < start][-WINDOWS_SHOWN:]
    before = [{**window.payload, "model_version": window.model_version} for window in earlier]
    service = {window.start: traffic.of_window(engine, name, window.start, window.end) for window in group}
    files.write(folder, files.REFERENCE, known)
    files.write(folder, files.OPERATIONS_ROWS, rows)
    files.write(folder, files.OPERATIONS_INPUTS, inputs)
    files.write(folder, files.OPERATIONS_BEFORE, {"start": start, "windows": before, "service": service})
    told = {key: known.get(key) for key in ("task", "target", "metric")}
    about = {"model_name": name, "objective": "monitoring", "source": f"predictions, {values['by']} by {values['by']}"}
    files.write(folder, files.DESIGN, {**told, **about})


def _execute(project: Project, folder: Path, run_id: str, values, seconds: float, listener: Listener):
    with imports.alone:
        from lib import engine
    from lib.kernels import KernelSource

    notebook, output = project.notebooks / f"{STAGE}.ipynb", project.reports / run_id / f"{STAGE}.ipynb"
    with KernelSource([notebook]) as kernels:
        outcome = engine.execute(
            notebook, output, {**values, parameters.RUN_DIR: str(folder)}, cwd=project.notebooks, listener=listener,
            execution=STAGE, time_limit=seconds, kernels=kernels,
        )  # fmt: skip
    if outcome.status not in ("done", "refused"):
        raise StageFailed(f"{STAGE} {outcome.status} at code cell {outcome.cell}: {outcome.message} See {output}")
    return outcome


def _window(name: str, payload: Mapping[str, Any], counted: Due) -> Window:
    marked = {**payload, "counted": {"n": counted.n, "labelled": counted.n_labelled}}
    return Window(name, counted.model_version, payload["start"], payload["end"], payload["n"], marked)


def _record(engine, found: list[Window], run_id: str) -> None:
    """Add the alarms to the decision log, each once for each window."""
    name = found[0].model_name if found else ""
    known = {decision.key for decision in decisions.read(engine, name, kinds=("alarm",))}
    for window in found:
        for alarm in window.payload["alarms"]:
            key = f"{alarm['name']}/{alarm['severity']}/{window.start}/{window.end}"
            if key not in known:
                reason = f"{alarm['severity']}: {alarm['what']} Since {alarm['since']}. {alarm['todo']}"
                details = {**alarm, "start": window.start, "end": window.end}
                told = {"key": key, "run_id": run_id, "details": details, "to_version": window.model_version}
                decisions.record(engine, Decision("alarm", name, reason, **told))


def _reference(store: Path, name: str, version: int | None = None) -> tuple[Path, str]:
    """Return the folder and name of the reference profile of a version, or of the champion where it is not here."""
    found = champion.current(store, name)
    if found is None:
        raise InputError(f"{name} has no champion to monitor. Let `pipeline.py run` promote one first.")
    former = found.folder.parent / str(version)
    folder = found.folder
    if version not in (None, found.version) and (former / champion.packaging.DATA).is_dir():
        champion.verify(store, name, version, former)
        folder = former
    path = folder / found.reference.relative_to(found.folder)
    if not path.exists():
        raise InputError(
            f"Version {version or found.version} of {name} was registered without a reference profile, so there is "
            "nothing to compare with. Run the pipeline again, and promote a version that has one."
        )
    return path.parent, path.name


def _short(window: Window) -> dict[str, Any]:
    """Return of a window what fits a line."""
    payload = window.payload
    score = {key: (payload[key] or {}).get("value") for key in ("performance", "estimated")}
    return {
        **score, "drifted": [entry["column"] for entry in payload["drift"] if entry["drifted"]],
        "alarms": [alarm["name"] for alarm in payload["alarms"]], "healthy": payload["healthy"],
        "bad": payload["bad"], "in_words": payload["in_words"],
    }  # fmt: skip


def _message(every: list[Due], found: list[Window]) -> str:
    if found:
        return f"{found[-1].start[:10]} to {found[-1].end[:10]}: {found[-1].payload['in_words']}"
    if every:
        return "Nothing new: no predictions and no labels have come since the last monitored window."
    return (
        "Nothing to monitor: no window of predictions has ended yet. With --unfinished, the running one is taken too."
    )
