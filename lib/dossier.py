"""What the run folders hold about a model, as plain values: its design, its experiments, its card, and all runs."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lib import files, locks, workspace
from lib.project import Project

RESULTS = "results.json"
STAGES = ("01_design", "02_eda", "03_cleaning", "05_evaluation")
EMPTY = {"metrics": {}, "checks": [], "tables": {}, "notes": {}}


def runs(project: Project) -> list[dict[str, Any]]:
    """Return the record of each run that the command line made, the newest first, with its model and test score."""
    found = [(folder, workspace.read(folder)) for folder in workspace.folders(project)]
    return [_run(project, folder, record) for folder, record in found if record]


def of_run(project: Project, run_id: str) -> dict[str, Any]:
    """Return what a run left: the contract, the results of its stages, the evaluation, the model card.

    What the run has not reached is empty.
    """
    folder = project.runs / run_id
    return {
        "run_id": run_id,
        "design": _json(folder / files.DESIGN),
        "evaluation": _json(folder / files.EVALUATION),
        "recipe": _json(folder / files.RECIPE),
        "card": _text(folder / files.MODEL_CARD),
        "stages": {name: {**EMPTY, **_json(folder / name / RESULTS)} for name in STAGES},
    }


def champions(project: Project) -> dict[str, dict[str, Any]]:
    """Return what is kept of each model's champion, by model name."""
    found = (_json(path) for path in sorted((project.store / "champion").glob("*/champion.json")))
    return {told["model_name"]: told for told in found if told}


def replays(project: Project, model_name: str) -> list[dict[str, Any]]:
    """Return the comparisons of policies that were made of a model, the newest first."""
    paths = sorted((project.store / "replay").glob("*/result.json"), key=lambda p: p.stat().st_mtime, reverse=True)
    found = [{"name": path.parent.name, **_json(path)} for path in paths]
    return [each for each in found if each.get("policies") and each.get("model_name", model_name) == model_name]


def pages(project: Project, runs_found: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return where the page of each run lies, relative to the folder of reports, for those that have one."""
    names = (run["run_id"] for run in runs_found)
    return {name: f"{name}/report.html" for name in names if (project.reports / name / "report.html").is_file()}


def _run(project: Project, folder: Path, record: Mapping[str, Any]) -> dict[str, Any]:
    evaluation, contract = _json(folder / files.EVALUATION), _json(folder / files.DESIGN)
    status = record.get("status", "")
    if status == "running" and not locks.is_held(workspace.lock(project, folder.name)):
        status = "killed"
    told = {name: record.get(name) for name in ("started", "finished", "message", "version")}
    told["given"] = record.get("given", {})
    return {
        **told,
        "run_id": folder.name,
        "status": status,
        "model_name": contract.get("model_name", ""),
        "chosen": evaluation.get("chosen", ""),
        "metric": evaluation.get("metric", ""),
        "test": evaluation.get("test") or {},
        "trained_until": evaluation.get("trained_until"),
    }


def _json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
