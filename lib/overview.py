"""How a model is doing, as plain values for a page: everything that the dashboard and its static twin show.

It reads the database and the run folders and computes nothing that was not computed before; what cannot be read is
said in a notice, and the rest is shown.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import DBAPIError

from lib import database, dossier, health, observed
from lib.errors import InputError
from lib.project import Project


def read(project: Project, model_name: str = "") -> dict[str, Any]:
    """Return the state of a model; of the one that was worked on last, if none is named.

    Returns
    -------
    dict
        as_of, models, model_name, notices, champion, dossier, runs, versions, pages, decisions, daily, windows,
        latest, replays, health
    """
    runs, champions = dossier.runs(project), dossier.champions(project)
    engine, notices = _engine(project)
    known, gone = _asked(lambda: observed.models(engine), []) if engine else ([], [])
    models = sorted({*known, *champions, *(run["model_name"] for run in runs if run["model_name"])})
    name = model_name if model_name in models else _default(runs, champions, models)
    kept, away = _asked(lambda: _kept(engine, name), NOTHING) if engine else (NOTHING, [])
    if away or gone or notices:
        kept = {**kept, "latest": {"away": True}}
    champion = champions.get(name)
    found = {
        "as_of": datetime.now(UTC).isoformat(timespec="seconds"),
        "models": models,
        "model_name": name,
        "notices": [*notices, *(gone or away), *_notices(runs)],
        "champion": champion,
        "dossier": dossier.of_run(project, _shown(runs, champion, name)),
        "runs": runs,
        "versions": _versions(runs, champion, name),
        "pages": dossier.pages(project, runs),
        "replays": dossier.replays(project, name),
        **kept,
    }
    return {**found, "health": health.of(found)}


NOTHING: dict[str, Any] = {"decisions": [], "daily": [], "windows": [], "latest": {}}


def window(project: Project, model_name: str, start: str) -> dict[str, Any]:
    """Return everything that was found in one window, nothing if it cannot be read."""
    engine, _ = _engine(project)
    return _asked(lambda: observed.window(engine, model_name, start), {})[0] if engine else {}


def _engine(project: Project):
    """Return the database, and a notice if it is away; a store that has none yet is left without one."""
    try:
        if database.address(project.store).get_backend_name() == "sqlite" and not _has_file(project):
            return None, []
        return database.connect(project.store), []
    except InputError:
        return None, [_away("The database cannot be used.")]


def _has_file(project: Project) -> bool:
    url = database.address(project.store)
    return bool(url.database) and project.store.joinpath(url.database).is_file()


def _asked(question: Callable[[], Any], otherwise: Any) -> tuple[Any, list[dict[str, str]]]:
    """Return what a question to the database gives, or the other value and a notice if it went away meanwhile."""
    try:
        return question(), []
    except DBAPIError:
        return otherwise, [_away("The database stopped answering.")]


def _away(why: str) -> dict[str, str]:
    return {"kind": "away", "text": f"{why} Predictions, windows and decisions are missing from this page until then."}


def _kept(engine, name: str) -> dict[str, Any]:
    windows = observed.windows(engine, name)
    latest = observed.window(engine, name, windows[-1]["start"]) if windows else {}
    return {
        "decisions": observed.decisions(engine, name),
        "daily": observed.daily(engine, name),
        "windows": windows,
        "latest": latest,
    }


def _default(runs: Iterable[Mapping], champions: Mapping[str, Any], models: list[str]) -> str:
    worked_on = [run["model_name"] for run in runs if run["model_name"]]
    in_use = [name for name in worked_on if name in champions]
    return next(iter([*in_use, *champions, *worked_on, *models]), "")


def _shown(runs: list[Mapping], champion: Mapping | None, name: str) -> str:
    """Return the run whose design and experiments are shown: the champion's, else the newest that got so far."""
    ids = [run["run_id"] for run in runs]
    if champion and champion.get("run_id") in ids:
        return champion["run_id"]
    evaluated = [run["run_id"] for run in runs if run["model_name"] == name and run["test"]]
    designed = [run["run_id"] for run in runs if run["model_name"] == name]
    return next(iter([*evaluated, *designed]), "none")


def _versions(runs: Iterable[Mapping], champion: Mapping | None, name: str) -> list[dict[str, Any]]:
    """Return the registered versions of a model that still have a run, the newest first."""
    in_use = (champion or {}).get("version")
    found = [run for run in runs if run["model_name"] == name and run["version"] is not None]
    return [{**run, "is_champion": run["version"] == in_use} for run in found]


def _notices(runs: list[Mapping]) -> list[dict[str, str]]:
    """Say what is going on now: a run at work, or a newest run that did not get through."""
    at_work = [run for run in runs if run["status"] == "running"]
    found = [
        {"kind": "running", "text": f"A run is at work since {_clock(run['started'])}; its result is not here yet."}
        for run in at_work[:1]
    ]
    ended = [run for run in runs if run["status"] != "running"]
    if ended and ended[0]["status"] in ("failed", "killed"):
        what = "failed" if ended[0]["status"] == "failed" else "was ended from outside"
        found.append({"kind": "failed", "text": f"The newest run, {ended[0]['run_id']}, {what}. {_first(ended[0])}"})
    return found


def _first(run: Mapping[str, Any]) -> str:
    return (run["message"] or "").split("\n")[0]


def _clock(at: str | None) -> str:
    return f"{(at or '')[:16].replace('T', ' ')} UTC"
