"""The verb `replay`: read the history, walk through it under each policy, and keep and show what came out."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lib import alarms, database, files, histories, parameters, periods, replay, replay_report, signals
from lib.errors import InputError
from lib.histories import History
from lib.periods import Window
from lib.project import Project
from lib.trainer import Trainer, World
from lib.watching import Watcher

RESULT = "result.json"
FOLDER = "replay"
MONITORING = "06_monitoring"


@dataclass(frozen=True)
class Asked:
    """What a user asks of a replay.

    Parameters
    ----------
    by : str
        Length of a window, as `periods.cut` takes it.
    data, target, time, candidate : str
        As `histories.of_table` takes them; without `data` and with a champion, its own history.
    model : str
        Whose history, where the store has several champions.
    begin : str
        The first window that is predicted begins at or after this; empty: after a quarter of the windows.
    history, delay, budget : int
        Windows that a training learns from (0 for all), windows until labels arrive, and retrainings in a row that
        may fail to help (-1: as the contract says).
    rules : tuple of str
        Of the alarm, as 06_monitoring takes them; its own if empty.
    rows : int
        Rows that a training learns from; 0 for all.
    given : mapping of name to value
        Parameters of 01_design.
    """

    by: str
    data: str = ""
    target: str = ""
    time: str = ""
    candidate: str = ""
    model: str = ""
    begin: str = ""
    history: int = 0
    delay: int = 0
    budget: int = -1
    rules: tuple[str, ...] = ()
    rows: int = 30_000
    given: Mapping[str, Any] = field(default_factory=dict)


def run(project: Project, asked: Asked, tell: Callable[[str], object] = lambda text: None) -> dict[str, Any]:
    """Replay a history under all policies, keep the result in the store and the page in the reports, and return it.

    Raises
    ------
    InputError
        If the table, a column, the windows or the alarm's settings cannot be used.
    """
    _require_settings(asked)
    rules_of_alarms, limits = _settings(project, asked)
    history = _history(project, asked)
    windows = periods.cut(history.order, asked.by)
    start = _start(windows, asked.begin)
    replay.require_enough(len(windows), start)
    design = history.design
    world = World(
        history.table, windows, design, history.candidate, history.params, asked.history, asked.rows,
        design["split"]["random_state"],
    )  # fmt: skip
    trainer, rules = Trainer(world), replay.Rules(start, asked.delay, _budget(asked, design))
    watcher = Watcher(trainer, rules_of_alarms, limits)
    tell(f"{len(windows)} windows, from {windows[start].start} on; {len(history.table):,} rows")
    walks = [replay.walk(trainer, name, rules, watcher, tell) for name in replay.POLICIES]
    found = _told(history, asked, trainer, rules_of_alarms, replay.compare(trainer, walks, rules))
    return _kept(project, found)


def _history(project: Project, asked: Asked) -> History:
    if not asked.data:
        of_champion = histories.of_champion(project, asked.model)
        if of_champion:
            return of_champion
    named = {"target": asked.target, "time": asked.time, "candidate": asked.candidate}
    return histories.of_table(project, asked.data or histories.design.DEMO, **named, given=asked.given)


def _start(windows: list[Window], begin: str) -> int:
    if not begin:
        return max(2, len(windows) // 4)
    later = [place for place, window in enumerate(windows) if window.start >= begin]
    if not later or not later[0]:
        raise InputError(
            f"--from {begin} leaves nothing before it or nothing after it: the windows begin between "
            f"{windows[0].start} and {windows[-1].start}."
        )
    return later[0]


def _budget(asked: Asked, design: Mapping[str, Any]) -> int:
    return design["retraining_budget"] if asked.budget < 0 else asked.budget


def _require_settings(asked: Asked) -> None:
    if min(asked.delay, asked.history, asked.rows) < 0:
        raise InputError("--delay, --history and --rows count windows and rows: 0 or more.")


def _settings(project: Project, asked: Asked) -> tuple[list[alarms.Rule], dict[str, Any]]:
    """Return the rules of the alarm and what else of 06_monitoring decides on one, from its parameters."""
    known = parameters.of_notebook(project.notebooks / f"{MONITORING}.ipynb")
    values = {name: parameter.default for name, parameter in known.items()}
    rules = alarms.rules(asked.rules or values["rules"])
    names = {
        "measure": "drift_measure",
        **{name: name for name in ("drift_limit", "drifted_weight", "least_loss", "alpha")},
    }
    limits = {name: values[own] for name, own in names.items()}
    return rules, {**limits, "chance": signals.chances(rules, values["alpha"])}


def _told(history: History, asked: Asked, trainer: Trainer, rules: list[alarms.Rule], policies: dict) -> dict[str, Any]:
    design, share = history.design, replay.kept_share(policies)
    name = f"{design['model_name']}-by-{asked.by}"
    settings = {
        "history": asked.history,
        "delay": asked.delay,
        "rows": asked.rows,
        "alarm": [asdict(rule) for rule in rules],
    }
    return {
        "name": name,
        "title": f"Replay of {design['model_name']} by {_by(asked.by)}",
        "lead": [*history.lead, _in_words(rules)],
        "at": database.now(),
        "model_name": design["model_name"],
        "source": design["source"],
        "metric": design["metric"],
        "candidate": history.candidate,
        "by": asked.by,
        "settings": settings,
        "trainings": trainer.n_trainings,
        "policies": policies,
        "kept_share": share,
        "in_words": replay_report.in_words(policies, share),
    }


def _by(by: str) -> str:
    return f"{by} rows" if by.isdigit() else by


def _in_words(rules: list[alarms.Rule]) -> str:
    said = "; ".join(f"{rule.name} bad in {rule.k} of the last {rule.n} windows" for rule in rules)
    return f"What retraining can answer of these alarms: {said}."


def _kept(project: Project, found: dict[str, Any]) -> dict[str, Any]:
    folder = project.reports / FOLDER
    found = {**found, "page": str(folder / f"{found['name']}.html")}
    replay_report.write(found, folder)
    files.write(project.store / FOLDER / found["name"], RESULT, found)
    return found
