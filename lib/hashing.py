"""Hashes of files by content, remembered by size and time of change so that a large table is read once."""

import contextlib
import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
    """Remembers between processes what takes time to find out, in one JSON file; losing it costs time and nothing else.

    Hashes of files, and values that were computed from something with a hash.
    """

    def __init__(self, path: Path):
        self.path = path
        self._known: dict[str, dict] | None = None
        self._used: set[str] = set()
        self._changed = False

    def value(self, key: str, compute: Callable[[], Any]) -> Any:
        """Return the value that belongs to a key, computed only if the key is new."""
        known = self._load()["values"]
        self._used.add(key)
        if key not in known:
            known[key] = compute()
            self._changed = True
        return known[key]

    def of_file(self, path: Path) -> str:
        """Return the hash of a file, computed only if its size or time of change is new."""
        known, name, now = self._load()["files"], str(path.absolute()), stamp(path)
        if name not in known or known[name][:2] != now:
            known[name] = [*now, of_file(path)]
            self._changed = True
        return known[name][2]

    def save(self) -> None:
        """Write what was learnt, if the folder can be written to."""
        if not self._changed:
            return
        settled = time.time_ns() - _SETTLED_NANOSECONDS
        hashes = {n: found for n, found in self._known["files"].items() if found[1] < settled and Path(n).exists()}
        values = {key: value for key, value in self._known["values"].items() if key in self._used}
        kept = {"files": hashes, "values": values}
        with contextlib.suppress(OSError):
            files.replace(self.path, lambda target: target.write_text(json.dumps(kept), encoding="utf-8"))

    def _load(self) -> dict[str, dict]:
        if self._known is None:
            try:
                stored = json.loads(self.path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                stored = {}
            self._known = {"files": {}, "values": {}, **stored}
        return self._known
