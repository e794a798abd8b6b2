"""The champion as an input of a run: what 05_evaluation compares with, told from files alone."""

import json
from pathlib import Path
from typing import Any

from lib import cache, files, hashing

FOLDER = "champion/"
DEFAULT_NAME = "cuaderno"


def told(store: Path, design: Path | None) -> dict[str, Any] | None:
    """Return what is recorded of the champion, or None if there is none.

    Parameters
    ----------
    store : Path
    design : Path or None
        The contract, which names the model.
    """
    name = json.loads(design.read_text(encoding="utf-8")).get("model_name") if design else None
    pointer = store / "champion" / (name or DEFAULT_NAME) / "champion.json"
    try:
        return json.loads(pointer.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def contents(champion: dict[str, Any]) -> dict[str, str]:
    """Return the champion's files in a run's folder, by name, with the hash of each."""
    return {files.CHAMPION_MODEL: champion["sha256"], files.CHAMPION_INFO: hashing.of_value(champion)}


def materialise(store: Path, champion: dict[str, Any], run_dir: Path) -> None:
    """Put the champion's files into a run's folder.

    Raises
    ------
    InputError
        If they are not what was registered.
    """
    from lib.champion import current

    found = current(store, champion["model_name"])
    cache.copy(found.model, run_dir / files.CHAMPION_MODEL)
    files.write(run_dir, files.CHAMPION_INFO, dict(found.info))
