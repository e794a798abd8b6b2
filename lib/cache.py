"""Finished executions by key: what they wrote, their executed notebook, and how they ended.

An entry is a folder ``<stage>/<key>/`` with ``manifest.json``, ``report.ipynb`` and ``files/``. It is put together
beside its place and renamed into it, so it is there whole or not at all; its files are hashed, so one that was changed
since, for instance through a hard link by a notebook that a person reran in a run's folder, is noticed and not used.
"""

import contextlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib import files, hashing
from lib.keys import Key

MANIFEST = "manifest.json"
REPORT = "report.ipynb"
FILES = "files"
CONCLUDED = "concluded.json"
LAST = ".last"


@dataclass(frozen=True)
class Entry:
    """A finished execution in the cache."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def contents(self) -> dict[str, str]:
        """The hash of each file that it wrote, by its name below the run's folder."""
        return {name: found["sha256"] for name, found in self.manifest["files"].items()}

    @property
    def refused(self) -> bool:
        """Whether a gate in it refused."""
        return self.manifest["outcome"] == "refused"

    def damage(self, *, thorough: bool = False) -> str:
        """Return in words which file is not as it was written, or nothing.

        Parameters
        ----------
        thorough : bool
            Hash every file, also those whose size and time of change are as they were.
        """
        for name, found in {**self.manifest["files"], REPORT: self.manifest["report"]}.items():
            path = self.folder / (REPORT if name == REPORT else f"{FILES}/{name}")
            if not path.is_file():
                return f"{name} is missing from the cache"
            if (thorough or hashing.stamp(path) != found["stamp"]) and hashing.of_file(path) != found["sha256"]:
                return f"{name} in the cache is not what was written"
        return ""


@dataclass(frozen=True)
class Place:
    """Where an entry belongs."""

    cache: Path
    stage: str
    key: Key


def load(cache: Path, stage: str, key: str) -> Entry | None:
    """Return an entry as its manifest tells, or None if there is none that can be read."""
    folder = cache / stage / key
    try:
        return Entry(folder, json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def find(cache: Path, stage: str, key: str, *, thorough: bool = False) -> Entry | None:
    """Return an entry that is whole and unchanged, or None."""
    entry = load(cache, stage, key)
    return None if entry is None or entry.damage(thorough=thorough) else entry


def entries(cache: Path, stage: str) -> Iterable[Entry]:
    """Yield all entries of a stage that can be read."""
    for folder in sorted((cache / stage).glob("*")):
        entry = None if folder.name.startswith(".") else load(cache, stage, folder.name)
        if entry:
            yield entry


def save(place: Place, run_dir: Path, folders: Iterable[str], report: Path, told: Mapping[str, Any]) -> Entry:
    """Put what an execution wrote into the cache, in one step, and return it as it lies there.

    Parameters
    ----------
    place : Place
    run_dir : Path
        The run's folder.
    folders : iterable of str
        The folders below it that the execution wrote.
    report : Path
        The executed notebook.
    told : mapping
        What else the manifest tells: execution, run, outcome, seconds, peak memory.
    """
    staging = run_dir / f".{uuid.uuid4().hex}"
    key = place.key
    try:
        manifest = {
            **told,
            "key": key.text,
            "base_key": key.base,
            "parts": key.parts,
            "run_dir": str(run_dir),
            "files": {name: _put(run_dir / name, staging / FILES / name, link) for name in names(run_dir, folders)},
            "report": _put(report, staging / REPORT, copy),
        }
        (staging / MANIFEST).write_text(json.dumps(manifest, indent=1, default=str), encoding="utf-8")
        return _publish(staging, place)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def materialise(entry: Entry, run_dir: Path, report: Path) -> None:
    """Put an entry's files into a run's folder and its executed notebook among the run's reports.

    The notebook then names this run's folder, so that a person can go on in it by hand.
    """
    for name in entry.manifest["files"]:
        link(entry.folder / FILES / name, run_dir / name)
    text = (entry.folder / REPORT).read_text(encoding="utf-8")
    old, new = (json.dumps(json.dumps(str(path)))[1:-1] for path in (entry.manifest["run_dir"], run_dir))
    renamed = text.replace(old, new).replace(json.dumps(entry.manifest["run_dir"]), json.dumps(str(run_dir)))
    files.replace(report, lambda target: target.write_text(renamed, encoding="utf-8"))


def link(source: Path, target: Path) -> None:
    """Let `target` be the same file as `source`, or a copy of it where that cannot be."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def copy(source: Path, target: Path) -> None:
    """Copy a file, with its times, to where nothing but it may change."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def names(run_dir: Path, folders: Iterable[str]) -> list[str]:
    """Return the files in some folders of a run, without hidden ones: those are what a write in progress leaves."""
    found = (path for folder in folders for path in (run_dir / folder).rglob("*") if path.is_file())
    below = (path.relative_to(run_dir) for path in found)
    return sorted(path.as_posix() for path in below if not any(part.startswith(".") for part in path.parts))


def last(cache: Path, stage: str, execution: str) -> dict[str, Any]:
    """Return what an execution's manifest told the last time it was done or reused; nothing if it never was."""
    try:
        return json.loads(_last(cache, stage, execution).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def remember(cache: Path, stage: str, execution: str, entry: Entry) -> None:
    """Note which entry an execution used last, for `last`."""
    told = {name: value for name, value in entry.manifest.items() if name not in ("files", "report")}
    if last(cache, stage, execution) != told:
        files.write(cache, _last(Path(), stage, execution).as_posix(), told)


def conclude(entry: Entry, told: Mapping[str, Any]) -> None:
    """Note on a run's last entry that its result was recorded and registered, and as what."""
    files.write(entry.folder, CONCLUDED, dict(told))


def concluded(entry: Entry) -> dict[str, Any]:
    """Return what `conclude` noted, or nothing."""
    path = entry.folder / CONCLUDED
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _last(cache: Path, stage: str, execution: str) -> Path:
    return cache / stage / LAST / f"{execution.replace('/', '--')}.json"


def _put(source: Path, target: Path, bring: Callable[[Path, Path], None]) -> dict[str, Any]:
    bring(source, target)
    return {"sha256": hashing.of_file(target), "stamp": hashing.stamp(target)}


def _publish(staging: Path, place: Place) -> Entry:
    """Rename a finished entry into its place; what is there is damaged, or forced to be made anew."""
    target = place.cache / place.stage / place.key.text
    target.parent.mkdir(parents=True, exist_ok=True)
    old = staging.with_name(f"{staging.name}-old")
    with contextlib.suppress(FileNotFoundError):
        target.rename(old)
    staging.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return load(place.cache, place.stage, place.key.text)
