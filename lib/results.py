"""The small file with which every stage ends: metrics, checks, tables and figures, for the runner to log."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lib import checks as verdicts
from lib import files

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

FILE = "results.json"


def write(
    run_dir: str | Path,
    stage: str,
    *,
    metrics: Mapping[str, float] | None = None,
    checks: Iterable[verdicts.Check] = (),
    tables: Mapping[str, "pd.DataFrame"] | None = None,
    figures: Mapping[str, "Figure"] | None = None,
    notes: Mapping[str, Any] | None = None,
) -> None:
    """Write what a stage found to ``<stage>/results.json`` and its figures to ``<stage>/figures/``.

    Parameters
    ----------
    run_dir : str or Path
        The run's folder.
    stage : str
        The stage, or the stage and candidate: ``"04_training/linear"``.
    metrics : mapping of str to float, optional
        Numbers to follow from run to run.
    checks : iterable of Check, optional
        Verdicts of this stage.
    tables : mapping of str to DataFrame, optional
        Small tables worth keeping with the run.
    figures : mapping of str to matplotlib Figure, optional
        Pictures worth keeping with the run, written as PNG.
    notes : mapping, optional
        Anything else that is small, plain and worth finding again.
    """
    folder = files.path(run_dir, stage)
    for name, figure in (figures or {}).items():
        files.replace(folder / "figures" / f"{name}.png", lambda target, f=figure: f.savefig(target))
    value = {
        "stage": stage,
        "metrics": dict(metrics or {}),
        "checks": verdicts.to_records(checks),
        "tables": {name: _records(table) for name, table in (tables or {}).items()},
        "figures": [f"figures/{name}.png" for name in figures or {}],
        "notes": dict(notes or {}),
    }
    files.write(run_dir, f"{stage}/{FILE}", value)


def read(run_dir: str | Path, stage: str) -> dict[str, Any]:
    """Return what a stage found, as `write` wrote it, with the checks as `Check` objects."""
    value = files.read(run_dir, f"{stage}/{FILE}")
    return {**value, "checks": verdicts.from_records(value["checks"])}


def _records(table: "pd.DataFrame") -> list[dict]:
    named = [name for name in table.index.names if name is not None]
    plain = table.reset_index() if named else table
    return json.loads(plain.to_json(orient="records", date_format="iso", double_precision=12))
