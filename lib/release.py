"""What a run offers to the registry: the chosen model, its contract with raw tables, and everything it is made of."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lib import files, hashing, packaging, provenance, results, schema
from lib.checks import Check, refusals, to_records

MADE_OF = {
    "data": files.TABLE,
    "split": files.SPLIT,
    "preprocessor": files.RECIPE,
    "design": files.DESIGN,
    "model": files.MODEL,
}
_INFO = ("source", "target", "task", "classes", "features", "metric", "time_column", "slices")


@dataclass(frozen=True)
class Release:
    """A model that asks to be registered.

    Parameters
    ----------
    model_name, key, run_id : str
    model : Path
        Its skops file.
    contract : mapping
        As `portable.Model` takes it.
    info : mapping
        What is to be known of it wherever it goes.
    tags : mapping of str to str
        What the registry shows and finds it by.
    checks : list of Check
        Of all stages.
    reference : Path
        The reference profile; not there where a run made none.
    """

    model_name: str
    key: str
    run_id: str
    model: Path
    contract: Mapping[str, Any]
    info: Mapping[str, Any]
    tags: Mapping[str, str]
    checks: list[Check]
    reference: Path

    @property
    def reason(self) -> str:
        """Why it is promoted or refused, in words."""
        refused = refusals(self.checks)
        if refused:
            return " ".join(f"{check.name}: {check.explanation}" for check in refused)
        gates = [check for check in self.checks if check.severity == "stop"]
        return f"All {len(gates)} gates passed."


@dataclass(frozen=True)
class Registered:
    """What became of a model.

    Parameters
    ----------
    model_name : str
    version : int
    alias : str
        ``champion`` or ``challenger``; empty if the version was decided about earlier and has neither now.
    created : bool
        False if this key was registered before; it is then neither registered nor promoted again.
    former : int or None
        The champion before this version was decided about.
    reason : str
        Why it was promoted or refused, in words.
    """

    model_name: str
    version: int
    alias: str
    created: bool
    former: int | None
    reason: str


def gather(run_dir: Path, *, run_id: str, key: str, base_key: str) -> Release:
    """Read from a run's files all that there is to register."""
    design, evaluation = files.read(run_dir, files.DESIGN), files.read(run_dir, files.EVALUATION)
    found = {stage: results.read(run_dir, stage) for stage in _stages(run_dir)}
    checks = [check for result in found.values() for check in result["checks"]]
    names = {"key": key, "base_key": base_key, "run_id": run_id, "model_name": design.get("model_name", "cuaderno")}
    info = {name: design.get(name) for name in _INFO}
    info |= {"preprocessor": hashing.of_file(files.path(run_dir, files.RECIPE))[:12]}
    info |= {"chosen": evaluation.get("chosen"), "trained_until": evaluation.get("trained_until"), **names}
    return Release(
        names["model_name"],
        key,
        run_id,
        files.path(run_dir, files.MODEL),
        contract(run_dir, design, evaluation),
        info,
        {**_tags(run_dir, info, checks), **_metrics(found.get("05_evaluation", {}))},
        checks,
        files.path(run_dir, files.REFERENCE),
    )


def contract(run_dir: Path, design: Mapping[str, Any], evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """Return what raw tables are brought to before the model sees them, and how its answer is read."""
    X = pd.read_parquet(files.path(run_dir, files.TRAIN), columns=list(design["features"]))
    learnt = files.read(run_dir, files.READING) if files.exists(run_dir, files.READING) else None
    beside = {entry["name"]: entry for entry in (learnt or {"columns": []})["columns"]}
    return {
        "label": beside.get(design["target"]),
        "time": beside.get(design.get("time_column")),
        "task": design["task"],
        "target": design["target"],
        "classes": list(design.get("classes") or []),
        "decision_threshold": evaluation.get("decision_threshold"),
        "reading": packaging.narrowed(learnt or packaging.plain_reading(X), list(X)),
        "schema": schema.learn(X),
        "required": packaging.required(X, unused=files.read(run_dir, files.RECIPE).get("dropped", {})),
    }


def _stages(run_dir: Path) -> list[str]:
    return sorted(path.parent.relative_to(run_dir).as_posix() for path in run_dir.rglob(results.FILE))


def _tags(run_dir: Path, info: Mapping[str, Any], checks: list[Check]) -> dict[str, str]:
    own = {f"cuaderno.{name}": str(info[name]) for name in ("key", "base_key", "run_id", "chosen", "trained_until")}
    own |= {"cuaderno.checks": json.dumps(to_records(checks), default=str)}
    own |= {f"refused: {check.name}": check.explanation for check in refusals(checks)}
    return {**own, **_hashes(run_dir), **provenance.commit(), **provenance.machine()}


def _hashes(run_dir: Path) -> dict[str, str]:
    paths = {name: files.path(run_dir, file) for name, file in MADE_OF.items()}
    return {f"sha256.{name}": hashing.of_file(path) for name, path in paths.items() if path.exists()}


def _metrics(evaluation: Mapping[str, Any]) -> dict[str, str]:
    return {f"metric.{name}": str(value) for name, value in evaluation.get("metrics", {}).items()}
