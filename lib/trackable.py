"""What there is to record of one execution: parameters, metrics, verdicts, hashes and files, within MLflow's limits."""

import itertools
import json
import math
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib import hashing, results
from lib.checks import Check, to_records

BATCH = 100
"""Parameters, metrics and tags that MLflow takes in one call."""
LONGEST_PARAM = 6000
LONGEST_TAG = 5000
LONGEST_NAME = 240
"""Letters of a tag's name; MLflow takes ten more, which tell names apart that would be alike."""
_CUT = " … (cut; whole in parameters.json)"


@dataclass(frozen=True)
class Content:
    """Parameters, metrics and tags as MLflow takes them, and the files that belong to them.

    Parameters
    ----------
    name : str
        The stage, or the stage and candidate.
    values : mapping
        Parameters as they were.
    params, tags : mapping of str to str
    metrics : mapping of str to float
        Finite ones; MLflow stores infinity as a large number.
    seconds : float
    report : Path or None
        The executed notebook.
    folder : Path or None
        Where the stage wrote its files.
    found : mapping
        What `results.read` returned; empty if the stage did not get so far.
    """

    name: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    report: Path | None = None
    folder: Path | None = None
    found: Mapping[str, Any] = field(default_factory=dict)


def execution(
    name: str,
    values: Mapping[str, Any],
    run_dir: Path,
    report: Path | None,
    *,
    seconds: float,
    peak_memory_mb: float | None,
) -> Content:
    """Gather what there is to record of one execution; a stage that failed may have left nothing."""
    folder = run_dir / name
    found = results.read(run_dir, name) if (folder / results.FILE).exists() else {}
    measured = {**found.get("metrics", {}), "seconds": seconds}
    measured |= {} if peak_memory_mb is None else {"peak_memory_mb": peak_memory_mb}
    metrics, odd = finite(measured)
    tags = {**odd, **_verdicts(found.get("checks", [])), **_hashes(folder)}
    cut = {key: text[:LONGEST_TAG] for key, text in tags.items()}
    return Content(name, dict(values), params(values), cut, metrics, seconds, report, folder, found)


def params(values: Mapping[str, Any]) -> dict[str, str]:
    """Return parameters as text, none longer than MLflow takes; one that is cut says so."""
    texts = {name: str(value) for name, value in values.items()}
    room = LONGEST_PARAM - len(_CUT)
    return {name: text if len(text) <= LONGEST_PARAM else text[:room] + _CUT for name, text in texts.items()}


def finite(metrics: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, str]]:
    """Return the metrics that are finite numbers, and tags that tell of the others."""
    numbers = {name: math.nan if value is None else float(value) for name, value in metrics.items()}
    known = {name: value for name, value in numbers.items() if math.isfinite(value)}
    return known, {f"metric {name}": str(numbers[name]) for name in numbers.keys() - known.keys()}


def _verdicts(checks: list[Check]) -> dict[str, str]:
    told: dict[str, str] = {}
    for check in checks:
        name = _distinct(f"check {check.name}", told)
        told[name] = f"{'passed' if check.passed else check.severity}: {check.value}"
    return told


def _distinct(name: str, known: Mapping[str, str]) -> str:
    """Return a name in letters that MLflow takes, unlike those known: a verdict may be named after any column."""
    plain = re.sub(r"[^\w.\- :]", "_", name)[:LONGEST_NAME]
    return next(found for n in itertools.count(1) if (found := plain if n == 1 else f"{plain} {n}") not in known)


def _hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each data file, preprocessor or model that a stage wrote."""
    written = sorted(path for path in folder.glob("*.*") if path.is_file() and path.name != results.FILE)
    return {f"sha256 {path.name}": hashing.of_file(path) for path in written}


def lay_out(content: Content, target: Path) -> None:
    """Put copies of the execution's files where MLflow can take them from, tables in the form that it shows."""
    _write(target / "parameters.json", dict(content.values))
    for path in _reports(content.report):
        shutil.copyfile(path, target / path.name)
    if content.folder is not None and content.folder.is_dir():
        _copy_results(content.folder, target)
    tables = dict(content.found.get("tables", {}))
    if content.found.get("checks"):
        tables["checks"] = to_records(content.found["checks"])
    for name, rows in tables.items():
        _write(target / "tables" / f"{name}.json", _columns(rows))


def _reports(report: Path | None) -> list[Path]:
    return [] if report is None else [path for path in (report, report.with_suffix(".html")) if path.is_file()]


def _copy_results(folder: Path, target: Path) -> None:
    for path in [*folder.glob("*.json"), *folder.glob("*.md"), *folder.glob("figures/*")]:
        copy = target / path.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def _columns(rows: list[dict]) -> dict[str, list]:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return {"columns": columns, "data": [[row.get(name) for name in columns] for row in rows]}


def _write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False, default=str), encoding="utf-8")
