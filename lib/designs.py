"""The design in force: whose contract a retraining keeps to, and whether it is the one that was given up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib import design, files, hashing, newer, workspace
from lib.champion import Champion
from lib.decisions import Decision
from lib.project import Project

AGREED = (
    *("objective", "users", "decision", "target", "task", "classes", "time_column", "group_column", "features"),
    *("missingness_leaks", "metric", "threshold", "least_gain", "cost_false_positive", "cost_false_negative"),
    *("slices", "slice_loss", "latency_ms", "memory_mb", "model_mb", "retraining_budget"),
)
"""What makes a design the same one: everything that was agreed, and nothing that only the table at hand decides."""
_AS_THEY_ARE = (
    *("objective", "users", "decision", "model_name", "target", "missingness_leaks", "metric", "least_gain"),
    *("cost_false_positive", "cost_false_negative", "slices", "slice_loss"),
    *("latency_ms", "memory_mb", "model_mb", "retraining_budget"),
)
_OF_ANOTHER_TABLE = {"data", "gaps", "sample", "exclude", "keep", "positive", "threshold", "strategy", "test_size"}
FINISHED = ("done", "refused")


@dataclass(frozen=True)
class Design:
    """A contract with the run in which it was written.

    Parameters
    ----------
    run_dir : Path
    contract : mapping
    given : mapping of name to value
        The parameters that the run was given.
    """

    run_dir: Path
    contract: Mapping[str, Any]
    given: Mapping[str, Any]

    @property
    def identity(self) -> str:
        """The hash of all that was agreed."""
        agreed = {name: self.contract.get(name) for name in AGREED}
        return hashing.of_value(agreed | ({design.COUNTS: True} if self.contract.get("counts") else {}))

    def parameters(self, data: Path, *, test_size: float) -> dict[str, Any]:
        """Return the parameters of a run that keeps to this contract on another table.

        Parameters
        ----------
        data : Path
            A table with the columns that `newer.columns` names.
        test_size : float
            Share of the rows, the newest, on which champion and challenger are compared.
        """
        agreed, given = self.contract, {**self.given}
        for name in _OF_ANOTHER_TABLE:
            given.pop(name, None)
        unseen = {agreed["target"], agreed["time_column"], agreed["group_column"], *agreed["features"]}
        return {
            **given,
            **{name: agreed[name] for name in _AS_THEY_ARE},
            "task": design.COUNTS if agreed.get("counts") else agreed["task"],
            "data": str(data),
            "time_column": agreed["time_column"] or design.NONE,
            "group_column": agreed["group_column"] or design.NONE,
            "positive": str(agreed["classes"][-1]) if agreed["task"] == "binary" else "",
            "threshold": "" if agreed["threshold"] is None else str(agreed["threshold"]),
            "exclude": [name for name in agreed["slices"] if name not in unseen],
            "keep": list(agreed["features"]),
            # The table ends with the newest rows also where no column says so.
            "strategy": "group" if agreed["split"]["strategy"] == "group" else "time",
            "validation_size": agreed["split"]["validation_size"],
            "test_size": test_size,
        }


def in_force(project: Project, champion: Champion, log: Iterable[Decision]) -> Design:
    """Return the champion's design or, after a return to design, the newest run's that has another one.

    Parameters
    ----------
    project : Project
    champion : Champion
    log : iterable of Decision
        All decisions about the model, the oldest first.
    """
    own = of(newer.run_of(project, champion))
    stop = next((each for each in reversed(list(log)) if each.kind == "back to design"), None)
    if stop is None:
        return own
    since = (folder for folder in workspace.folders(project) if _counts(folder, champion.model_name, stop))
    changed = (found for found in map(of, since) if found.identity != stop.details.get("design"))
    return next(changed, own)


def _counts(folder: Path, model_name: str, stop: Decision) -> bool:
    """Return whether a run of this model was begun after a return to design, and ended."""
    record = workspace.read(folder)
    if record.get("status") not in FINISHED or record["started"] <= stop.at or not files.exists(folder, files.DESIGN):
        return False
    return files.read(folder, files.DESIGN)["model_name"] == model_name


def of(run_dir: Path) -> Design:
    """Return the design that a run wrote."""
    return Design(run_dir, files.read(run_dir, files.DESIGN), workspace.read(run_dir).get("given", {}))
