"""The verb `gc`: which runs and cached stages are kept, and the removal of the others.

Kept are the newest runs, those that are at work, those that made a version of a model, and what a person made by hand;
and of the cache, every entry that a kept run used.
"""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lib import cache, locks, workspace
from lib.errors import InputError
from lib.project import Project


def plan(project: Project, keep: int) -> list[Path]:
    """Return the folders of runs and of cache entries that are no longer needed.

    Parameters
    ----------
    project : Project
    keep : int
        How many of the newest runs to keep, beside those that are kept for a reason.
    """
    folders = workspace.folders(project)
    records = {folder: workspace.read(folder) for folder in folders}
    kept = {
        folder for number, folder in enumerate(folders) if number < keep or _needed(project, folder, records[folder])
    }
    used = {key for folder in kept for key in records[folder].get("executions", {}).values()}
    old = [folder for folder in folders if folder not in kept]
    reports = [project.reports / folder.name for folder in old if (project.reports / folder.name).is_dir()]
    return [*old, *reports, *(folder for folder in _entries(project) if _unused(project, folder, used))]


def remove(folders: Iterable[Path]) -> int:
    """Remove folders, and return how many bytes that freed; a file with another name elsewhere frees nothing.

    Raises
    ------
    InputError
        If one cannot be removed; those before it are.
    """
    freed = 0
    for folder in folders:
        freed += sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.stat().st_nlink == 1)
        # Renamed first: a reader sees it whole, or not at all.
        try:
            doomed = folder.rename(folder.with_name(f".{folder.name}.removed"))
        except OSError as error:
            raise InputError(f"{folder} cannot be removed: {error.strerror}. Correct that and repeat gc.") from None
        shutil.rmtree(doomed, ignore_errors=True)
    return freed


def _needed(project: Project, folder: Path, record: Mapping[str, Any]) -> bool:
    by_hand = not record
    return by_hand or record.get("version") is not None or locks.is_held(workspace.lock(project, folder.name))


def _entries(project: Project) -> Iterable[Path]:
    return (folder for folder in sorted(project.cache.glob("*/*")) if folder.is_dir() and folder.name[0] != ".")


def _unused(project: Project, folder: Path, used: set[str]) -> bool:
    """Return whether no kept run used an entry, it made no version, and no run is at it now."""
    stage, key = folder.parts[-2:]
    entry = cache.load(project.cache, stage, key)
    version = cache.concluded(entry).get("version") if entry else None
    return key not in used and version is None and not locks.is_held(project.locks / f"{stage}-{key}")
