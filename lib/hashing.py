"""Hashes of files by content, remembered by size and time of change so that a large table is read once."""

import contextlib
import hashlib
import json
import time
from pathlib import Path

from lib import files

_SETTLED_NANOSECONDS = 2_000_000_000
"""A file changed less than this before it was hashed may change again without a new time; it is not remembered."""


def of_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def of_value(value) -> str:
    """Return the SHA-256 of a value that JSON can hold, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def stamp(path: Path) -> list[int]:
    """Return what changes when a file is written: its size and its time of change in nanoseconds."""
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


class Memory:
    """Remembers the hashes of files between processes, in one JSON file; losing it costs time and nothing else."""

    def __init__(self, path: Path):
        self.path = path
        self._known: dict[str, list] | None = None
        self._changed = False

    def of_file(self, path: Path) -> str:
        """Return the hash of a file, computed only if its size or time of change is new."""
        known, name, now = self._load(), str(path.absolute()), stamp(path)
        if name not in known or known[name][:2] != now:
            known[name] = [*now, of_file(path)]
            self._changed = True
        return known[name][2]

    def save(self) -> None:
        """Write what was learnt, if the folder can be written to."""
        if not self._changed:
            return
        settled = time.time_ns() - _SETTLED_NANOSECONDS
        kept = {name: found for name, found in self._known.items() if found[1] < settled and Path(name).exists()}
        with contextlib.suppress(OSError):
            files.replace(self.path, lambda target: target.write_text(json.dumps(kept), encoding="utf-8"))

    def _load(self) -> dict[str, list]:
        if self._known is None:
            try:
                self._known = json.loads(self.path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                self._known = {}
        return self._known
