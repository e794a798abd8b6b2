"""What a server has answered, in files of lines on this machine, until the database has taken it.

A line is written and forced to the disk before its answer leaves, so that neither a killed server nor a database that
is down loses an answer. A file belongs to the process that holds its lock; files of dead processes are taken over.
"""

import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from lib import files, locks

FOLDER = "spool"
ROTATE_BYTES = 16 * 2**20
AT_ONCE = 2000
"""Lines that are brought to the database together."""


def home(store: str | Path) -> Path:
    """Return the folder of a store's spool."""
    return Path(store) / FOLDER


class Writer:
    """Adds lines to a file of its own; a new one is begun when it has grown large."""

    def __init__(self, store: str | Path):
        self._home = home(store)
        self._stack = ExitStack()
        self._descriptor = -1
        self.path = Path()
        self._open()

    def _open(self) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        self.path = self._home / f"{uuid.uuid4().hex}.jsonl"
        self._stack.enter_context(locks.hold(_lock(self.path), f"server {os.getpid()}"))
        self._descriptor = os.open(self.path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def add(self, record: Mapping[str, Any]) -> None:
        """Write a line, and return when it is on the disk."""
        line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        written = os.write(self._descriptor, line)
        while written < len(line):
            written += os.write(self._descriptor, line[written:])
        os.fsync(self._descriptor)
        if os.fstat(self._descriptor).st_size > ROTATE_BYTES:
            self.close()
            self._open()

    def close(self) -> None:
        """Give the file up, for whoever brings it to the database."""
        os.close(self._descriptor)
        self._stack.close()


def _lock(path: Path) -> Path:
    return path.with_suffix(".lock")


def waiting(store: str | Path) -> list[Path]:
    """Return the files that may hold lines, the oldest first."""
    return sorted(home(store).glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns)


def is_closed(path: Path) -> bool:
    """Return whether no process adds to a file any more."""
    return not locks.is_held(_lock(path))


def lines(path: Path, most: int = AT_ONCE) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the lines that the database has not taken, each with the place after it; a torn last line is left out."""
    with path.open("rb") as stream:
        stream.seek(taken(path))
        for _, line in zip(range(most), iter(stream.readline, b""), strict=False):
            if not line.endswith(b"\n"):
                return
            yield stream.tell(), json.loads(line)


def taken(path: Path) -> int:
    """Return how many bytes of a file are in the database."""
    try:
        return int(_mark(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0


def take(path: Path, place: int) -> None:
    """Note that the database has a file's lines up to a place; lines that are brought twice change nothing."""
    files.replace(_mark(path), lambda target: target.write_text(str(place), encoding="utf-8"))


def remove(path: Path) -> None:
    """Remove a file whose lines are all in the database."""
    path.unlink(missing_ok=True)
    for beside in (_mark(path), _lock(path)):
        beside.unlink(missing_ok=True)


def _mark(path: Path) -> Path:
    return path.with_suffix(".taken")
