"""The files by which stages meet: their names, written once, and how they are read and written.

A name is a path below the run's folder, and its first part is the stage that writes it. A notebook reads with
``files.read(run_dir, files.DESIGN)`` and writes with ``files.write(run_dir, files.DESIGN, value)``; the runner finds
those two calls in the code cells, and so knows what each stage depends on.
"""

import json
import math
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lib.errors import InputError

DESIGN = "01_design/design.json"
TABLE = "01_design/table.parquet"
FINDINGS = "01_design/findings.parquet"
SPLIT = "01_design/split.parquet"
READING = "01_design/reading.json"
CENSUS = "01_design/census.json"
PROFILE = "02_eda/profile.json"
RECIPE = "03_cleaning/recipe.json"
TRAIN = "03_cleaning/train.parquet"
VALIDATION = "03_cleaning/validation.parquet"
TEST = "03_cleaning/test.parquet"
CANDIDATE_MODEL = "04_training/{candidate}/model.skops"
CANDIDATE_SUMMARY = "04_training/{candidate}/summary.json"
CANDIDATE_PREDICTIONS = "04_training/{candidate}/validation_predictions.parquet"
CHAMPION_MODEL = "champion/model.skops"
CHAMPION_INFO = "champion/champion.json"
MODEL = "05_evaluation/model.skops"
MODEL_CARD = "05_evaluation/model_card.md"
EVALUATION = "05_evaluation/evaluation.json"
TEST_PREDICTIONS = "05_evaluation/test_predictions.parquet"
REFERENCE = "05_evaluation/reference.json"
OPERATIONS_ROWS = "operations/rows.parquet"
OPERATIONS_INPUTS = "operations/inputs.parquet"
OPERATIONS_BEFORE = "operations/before.json"
MONITORED = "06_monitoring/windows.json"


def path(run_dir: str | Path, name: str, **fields: str) -> Path:
    """Return where a file of the run lies; `fields` fill the braces of its name."""
    return Path(run_dir) / name.format(**fields)


def read(run_dir: str | Path, name: str, **fields: str) -> Any:
    """Read a file of the run: a table from .parquet, a value from .json, text from .md, an estimator from .skops.

    Raises
    ------
    InputError
        If the file is not there, with the stage that writes it.
    """
    source = path(run_dir, name, **fields)
    if not source.exists():
        stage = name.partition("/")[0]
        raise InputError(
            f"{source} is missing; {stage} writes it. Run notebooks/{stage}.ipynb first, with the same run_dir, "
            f"or let `uv run pipeline.py run` bring everything up to date."
        )
    return _READERS[source.suffix](source)


def exists(run_dir: str | Path, name: str, **fields: str) -> bool:
    """Return whether a file of the run is there, for inputs that a stage can do without."""
    return path(run_dir, name, **fields).exists()


def trained(run_dir: str | Path, candidates: list[str]) -> list[str]:
    """Return those of the candidates that 04_training has finished in this run, in the order given.

    The headless run trains all of them before 05_evaluation; by hand, one execution of 04_training trains one.
    """
    return [name for name in candidates if exists(run_dir, CANDIDATE_MODEL, candidate=name)]


def write(run_dir: str | Path, name: str, value: Any, **fields: str) -> None:
    """Write a file of the run whole or not at all; nothing is returned, so that no notebook shows a path."""
    target = path(run_dir, name, **fields)
    replace(target, lambda temporary: _WRITERS[target.suffix](temporary, value))


def replace(target: Path, write_to: Callable[[Path], Any]) -> None:
    """Let `write_to` fill a temporary file beside `target`, then put it in the target's place in one step."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{uuid.uuid4().hex}{target.suffix}")
    try:
        write_to(temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _read_parquet(source: Path):
    import pandas as pd

    return pd.read_parquet(source)


def _read_skops(source: Path):
    from lib import packaging

    return packaging.load(source)


def _write_skops(target: Path, value: Any) -> None:
    from lib import packaging

    packaging.dump(value, target)


def _write_json(target: Path, value: Any) -> None:
    text = json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False)
    target.write_text(text + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    """Turn numpy's values and pandas' times into what JSON knows; it knows no number that is none or infinite."""
    if isinstance(value, Mapping):
        return {name if isinstance(name, str) else _plain(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    if hasattr(value, "isoformat"):
        # pandas' missing time has this method, too, and answers with a word
        return value.isoformat() if value == value else None
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    raise TypeError(f"{type(value).__name__} cannot be written to JSON: {value!r}")


_READERS = {
    ".json": lambda source: json.loads(source.read_text(encoding="utf-8")),
    ".md": lambda source: source.read_text(encoding="utf-8"),
    ".parquet": _read_parquet,
    ".skops": _read_skops,
}
_WRITERS = {
    ".json": _write_json,
    ".md": lambda target, value: target.write_text(value, encoding="utf-8"),
    ".parquet": lambda target, value: value.to_parquet(target),
    ".skops": _write_skops,
}
