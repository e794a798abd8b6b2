"""The verb `replay`: read the history, walk through it under each policy, and keep and show what came out."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lib import database, falls, files, histories, periods, replay, replay_report
from lib.errors import InputError
from lib.histories import History
from lib.periods import Window
from lib.project import Project
from lib.trainer import Trainer, World

RESULT = "result.json"
FOLDER = "replay"


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
    k, n : int
        How many of the last windows have to show a fall.
    least_fall : float
        The smallest fall of the score that matters; -1: the contract's least gain.
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
    k: int = 1
    n: int = 2
    least_fall: float = -1.0
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
    rule = falls.Rule(design["least_gain"] if asked.least_fall < 0 else asked.least_fall, asked.k, asked.n)
    alarms = _alarms(trainer, rule)
    tell(f"{len(windows)} windows, from {windows[start].start} on; {len(history.table):,} rows")
    walks = [replay.walk(trainer, name, rules, alarms, tell) for name in replay.POLICIES]
    found = _told(history, asked, trainer, rule, replay.compare(trainer, walks, rules))
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
    if not 1 <= asked.k <= asked.n:
        raise InputError(f"An alarm is k of the last n windows, with 1 <= k <= n; found k={asked.k} and n={asked.n}.")
    if min(asked.delay, asked.history, asked.rows) < 0:
        raise InputError("--delay, --history and --rows count windows and rows: 0 or more.")


def _alarms(trainer: Trainer, rule: falls.Rule) -> replay.Alarms:
    """Return what says whether the measured score of a champion has fallen, given the windows that it has met."""

    def standing(champion, judged: slice, met: range) -> list[str]:
        scores = [trainer.score(champion, trainer.world.windows[place].rows) for place in met[-rule.n :]]
        return falls.alarms(scores, trainer.score(champion, judged), rule)

    return standing


def _told(history: History, asked: Asked, trainer: Trainer, rule: falls.Rule, policies: dict) -> dict[str, Any]:
    design, share = history.design, replay.kept_share(policies)
    name = f"{design['model_name']}-by-{asked.by}"
    settings = {"history": asked.history, "delay": asked.delay, "rows": asked.rows, "alarm": asdict(rule)}
    return {
        "name": name,
        "title": f"Replay of {design['model_name']} by {_by(asked.by)}",
        "lead": [*history.lead, _alarm_in_words(rule, design["metric"])],
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


def _alarm_in_words(rule: falls.Rule, metric: str) -> str:
    return (
        f"The alarm: {metric} at least {rule.least:.3g} lower than when the champion was promoted, beyond chance, in "
        f"{rule.k} of the last {rule.n} windows."
    )


def _kept(project: Project, found: dict[str, Any]) -> dict[str, Any]:
    folder = project.reports / FOLDER
    found = {**found, "page": str(folder / f"{found['name']}.html")}
    replay_report.write(found, folder)
    files.write(project.store / FOLDER / found["name"], RESULT, found)
    return found
