"""The verb `status`, read from files: which stages are up to date, champion and challenger, the last verdicts."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from lib import cache, runner, summary
from lib.dependencies import RESULTS
from lib.project import Project
from lib.staleness import State


def of(project: Project, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of each execution, of the models, and of the last checks.

    Raises
    ------
    InputError
        If the notebooks or the parameters cannot be used.
    """
    judge, states = runner.assess(project, runner.Request(given))
    judge.save()
    return {"executions": summary.plan(states), "models": _models(project, states), "checks": list(_checks(states))}


def _models(project: Project, states: Iterable[State]) -> dict[str, Any]:
    champions = [json.loads(path.read_text()) for path in (project.store / "champion").glob("*/champion.json")]
    told = [cache.concluded(entry) for state in states for entry in cache.entries(project.cache, state.execution.stage)]
    challengers = [found for found in told if found.get("alias") == "challenger"]
    return {
        "champion": max(champions, key=lambda found: found["version"], default=None),
        "challenger": max(challengers, key=lambda found: found["version"], default=None),
    }


def _checks(states: Iterable[State]) -> Iterable[dict[str, Any]]:
    """Yield the verdicts of each execution that is up to date."""
    for state in states:
        for folder in state.execution.folders if state.entry else ():
            path = state.entry.folder / cache.FILES / folder / RESULTS
            if path.is_file():
                for check in json.loads(path.read_text(encoding="utf-8"))["checks"]:
                    yield {"stage": state.execution.name, **check}
