"""The verb `status`, read from files: which stages are up to date, champion and challenger, the last verdicts."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from lib import cache, dossier, runner, summary, workspace
from lib.dependencies import RESULTS
from lib.project import Project
from lib.staleness import State


def of(project: Project, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of each execution, of the models, and of the last checks.

    Parameters
    ----------
    project : Project
    given : mapping of name to value
        The parameters of the run that is meant; empty: those of the newest run, whoever began it.

    Raises
    ------
    InputError
        If the notebooks or the parameters cannot be used.
    """
    asked = given or _of_newest_run(project)
    judge, states = runner.assess(project, runner.Request(asked))
    judge.save()
    return {
        "parameters": dict(asked),
        "executions": summary.plan(states),
        "models": _models(project, states),
        "checks": list(_checks(states)),
    }


def _of_newest_run(project: Project) -> dict[str, Any]:
    return next((record.get("given", {}) for record in map(workspace.read, workspace.folders(project)) if record), {})


def _models(project: Project, states: Iterable[State]) -> dict[str, list[dict[str, Any]]]:
    """Return each model's champion, and the challengers that were kept out since it was made."""
    champions = dossier.champions(project)
    told = [cache.concluded(entry) for state in states for entry in cache.entries(project.cache, state.execution.stage)]
    # A conclusion that was kept by an older version of the program does not say whose it is.
    kept_out = {(one.get("model_name", ""), one["version"]) for one in told if one.get("alias") == "challenger"}
    newest = {name: version for name, version in sorted(kept_out) if version > _version(champions, name)}
    return {
        "champion": [{"model_name": name, "version": each["version"]} for name, each in champions.items()],
        "challenger": [{"model_name": name, "version": version} for name, version in newest.items()],
    }


def _version(champions: Mapping[str, Mapping[str, Any]], model_name: str) -> int:
    return champions[model_name]["version"] if model_name in champions else 0


def _checks(states: Iterable[State]) -> Iterable[dict[str, Any]]:
    """Yield the verdicts of each execution that is up to date."""
    for state in states:
        for folder in state.execution.folders if state.entry else ():
            path = state.entry.folder / cache.FILES / folder / RESULTS
            if path.is_file():
                for check in json.loads(path.read_text(encoding="utf-8"))["checks"]:
                    yield {"stage": state.execution.name, **check}
