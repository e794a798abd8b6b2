"""Where somebody is who types the command alone: what was done last, and the next sensible command."""

import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lib import dossier, parameters
from lib.project import Project

RUN = "uv run pipeline.py run"
SCORE, LABELS = "uv run pipeline.py score --data TABLE", "uv run pipeline.py labels --data TABLE"
MONITOR, CYCLE = "uv run pipeline.py monitor", "uv run pipeline.py cycle"
STATUS = "uv run pipeline.py status"


def of(project: Project) -> tuple[str, str]:
    """Return where the project stands in a sentence, and the command that comes next; read from files alone."""
    runs, champions = dossier.runs(project), dossier.champions(project)
    newest = next(iter(runs), None)
    if newest is None:
        return "Nothing was run yet.", RUN
    if newest["status"] == "running":
        return f"Run {newest['run_id']} is at work.", STATUS
    if newest["status"] in ("failed", "killed", "interrupted"):
        stands = f"Run {newest['run_id']} ended early ({newest['status']}). {_first(newest['message'])}".strip()
        return stands, _again(project, newest["given"])
    is_retraining = _is_retraining(project, newest["given"])
    if newest["status"] == "refused" and not (champions and is_retraining):
        page = project.reports / newest["run_id"] / "report.html"
        return f"Run {newest['run_id']} was refused. {_first(newest['message'])} Its report: {page}", STATUS
    if not champions:
        return f"Run {newest['run_id']} is done, and no model is in use.", RUN
    stands, command = _in_use(project, champions)
    if is_retraining and (back := _back_to_design(project)):
        return f"{stands} {back}", f'{CYCLE} --acknowledge "REASON", or {RUN} with another design'
    return stands, command


def _is_retraining(project: Project, given: Mapping[str, Any]) -> bool:
    return Path(str(given.get("data", ""))).is_relative_to(project.turns)


def _again(project: Project, given: Mapping[str, Any]) -> str:
    """Return the command that goes on with a run: a turn of the cycle keeps the table of its retraining itself."""
    if _is_retraining(project, given):
        return CYCLE
    return f"{RUN} {parameters.as_options(given)}".strip()


def text(project: Project) -> str:
    """Return where the project stands, for a person."""
    stands, command = of(project)
    return f"{stands}\nNext:  {command}\nAll verbs:  uv run pipeline.py --help"


def _in_use(project: Project, champions: Mapping[str, Mapping[str, Any]]) -> tuple[str, str]:
    used = ", ".join(f"version {told['version']} of {name}" for name, told in champions.items())
    counted = _counted(project, ("daily", "labels", "windows"))
    made = f"{used[0].upper()}{used[1:]} is in use."
    if counted is None:
        return made, f"{STATUS}, or {CYCLE}"
    if not counted["daily"]:
        return f"{made} Nothing was predicted with it yet.", SCORE
    if not counted["windows"]:
        return f"{made} It has predicted, and nobody has looked at how it does.", MONITOR
    return f"{made} It is watched.", CYCLE if counted["labels"] else LABELS


def _back_to_design(project: Project) -> str:
    """Return why the last model to go back to its design did so, if nothing has been decided of it since."""
    newest = (
        "SELECT max(id) FROM decisions WHERE kind IN ('back to design', 'acknowledgement', 'promotion', 'rollback')"
    )
    query = f"SELECT reason FROM decisions WHERE kind = 'back to design' AND id = ({newest})"
    found = _asked(project, {"reason": query})
    return f"It went back to its design: {found['reason'][0]}" if found and found["reason"] else ""


def _counted(project: Project, tables: Iterable[str]) -> dict[str, bool] | None:
    """Return which tables of the store's own database have rows; None if it is elsewhere or cannot be read."""
    found = _asked(project, {name: f"SELECT 1 FROM {name} LIMIT 1" for name in tables})
    return None if found is None else {name: row is not None for name, row in found.items()}


def _asked(project: Project, queries: Mapping[str, str]) -> dict[str, tuple | None] | None:
    """Return the first row of each query of the store's own database; None if it is elsewhere or cannot be read."""
    path = project.store / "predictions.db"
    if not path.is_file():
        return None
    try:
        connection = sqlite3.connect(
            f"file:{path.as_posix().replace('?', '%3f').replace('#', '%23')}?mode=ro", uri=True
        )
        try:
            return {name: connection.execute(query).fetchone() for name, query in queries.items()}
        finally:
            connection.close()
    except sqlite3.Error:
        return None


def _first(message: str | None) -> str:
    return (message or "").split("\n")[0]
