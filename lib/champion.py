"""The champion as files: a local copy that stages, scoring and serving read without MLflow.

``<store>/champion/<model_name>/champion.json`` names the version, and is replaced in one step; the files of each
version lie in a folder of their own beside it.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib import database, decisions, files, packaging, portable
from lib.errors import InputError

POINTER = "champion.json"


@dataclass(frozen=True)
class Champion:
    """A registered version that is in use.

    Parameters
    ----------
    version : int
    model_name : str
    folder : Path
        The version's MLflow model.
    sha256 : str
        Of the skops file.
    key, base_key : str
        Content keys of the evaluation that chose it, with and without the champion it was compared with.
    info : mapping
        All of this and more, as plain values: features, target, task, classes, trained_until, run_id.
    """

    version: int
    model_name: str
    folder: Path
    sha256: str
    key: str
    base_key: str
    info: Mapping[str, Any] = field(default_factory=dict)

    @property
    def model(self) -> Path:
        """The skops file."""
        return self.folder / packaging.DATA / portable.MODEL

    @property
    def reference(self) -> Path:
        """The reference profile of its rows and predictions; a version of before there was one has none."""
        return self.folder / packaging.DATA / packaging.REFERENCE


def current(store: str | Path, model_name: str) -> Champion | None:
    """Return the champion of a model, or None if it has none.

    Raises
    ------
    InputError
        If a file of the local copy is not what was recorded when the version was registered.
    """
    info = _pointer(_home(store, model_name))
    if info is None:
        return None
    folder = _home(store, model_name) / str(info["version"])
    verify(store, model_name, info["version"], folder)
    names = ("version", "model_name", "sha256", "key", "base_key")
    return Champion(folder=folder, info=info, **{name: info[name] for name in names})


def verify(store: str | Path, model_name: str, version: int, folder: Path) -> None:
    """Compare a version's files with the hashes that were written down when it was registered.

    Raises
    ------
    InputError
        If a file was changed, added or taken away, or nothing was written down.
    """
    recorded = decisions.files_of(database.connect(store), model_name, version)
    differing = packaging.differences(folder, recorded) if folder.is_dir() else [f"{folder} is missing"]
    if not recorded or differing:
        raise InputError(
            f"Version {version} of {model_name} is not what was registered: "
            f"{'; '.join(differing) if recorded else 'no hashes of it are on record'}. It is not used. Restore the "
            'files from a copy, or go back to an earlier version with `pipeline.py rollback --reason "tampered files"`.'
        )


def is_kept(store: str | Path, model_name: str, version: int) -> bool:
    """Return whether the local copy is of this version, and whole."""
    info = _pointer(_home(store, model_name))
    if info is None or info["version"] != version:
        return False
    recorded = decisions.files_of(database.connect(store), model_name, version)
    return not packaging.differences(_home(store, model_name) / str(version), recorded)


def keep(store: str | Path, model_name: str, folder: Path, version: int) -> None:
    """Make a version's files the local copy; who reads meanwhile sees the old champion or the new one, whole.

    Parameters
    ----------
    folder : Path
        The version's files, already compared with what was recorded of them.
    """
    home = _home(store, model_name)
    before = (_pointer(home) or {}).get("version")
    _copy(folder, home / str(version))
    info = json.loads((folder / packaging.DATA / packaging.INFO).read_text(encoding="utf-8"))
    files.write(home, POINTER, {**info, "version": version})
    _forget(home, {str(version), str(before)})


def drop(store: str | Path, model_name: str) -> None:
    """Remove the local copy, when a model has no champion any more."""
    (_home(store, model_name) / POINTER).unlink(missing_ok=True)


def pointer(store: str | Path, model_name: str) -> Path:
    """Return the file that names the version in use, and is replaced when another takes its place."""
    return _home(store, model_name) / POINTER


def _home(store: str | Path, model_name: str) -> Path:
    return Path(store) / "champion" / model_name


def _pointer(home: Path) -> dict | None:
    path = home / POINTER
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _copy(folder: Path, target: Path) -> None:
    unfinished = target.with_name(f".{target.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(folder, unfinished)
    shutil.rmtree(target, ignore_errors=True)
    unfinished.replace(target)


def _forget(home: Path, wanted: set[str]) -> None:
    """Remove older versions; the one before stays for whoever is still reading it."""
    for path in home.iterdir():
        if path.is_dir() and path.name not in wanted:
            shutil.rmtree(path, ignore_errors=True)
