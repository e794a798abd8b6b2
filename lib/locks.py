"""Locks between processes, which the system releases when their holder dies, however it dies."""

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

SECONDS_TO_WAIT = 300
_PAUSE_SECONDS = 0.1

try:
    import fcntl

    def _try_lock(stream: BinaryIO) -> None:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)

except ImportError:
    import msvcrt

    def _try_lock(stream: BinaryIO) -> None:
        # One byte far behind the owner's name, which others must be able to read.
        stream.seek(1 << 20)
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)


@contextlib.contextmanager
def hold(path: Path, owner: str, on_wait: Callable[[str], object] = lambda owner: None) -> Iterator[None]:
    """Hold a lock for the time of a ``with`` block; wait for it if another process, or thread, has it.

    Parameters
    ----------
    path : Path
        The lock's file, which exists only as long as somebody holds or waits for it.
    owner : str
        Who holds it, for those who wait: ``"run 2026-11-23T10-00-00"``.
    on_wait : callable
        Told once who holds it, if somebody does.
    """
    stream = _acquire(path, on_wait)
    try:
        stream.truncate(0)
        stream.write(owner.encode())
        stream.flush()
        yield
    finally:
        # Removed while it is held, so that nobody can hold a file that is no longer there; Windows keeps the file.
        with contextlib.suppress(OSError):
            path.unlink()
        stream.close()


def is_held(path: Path) -> bool:
    """Return whether some living process holds a lock."""
    if not path.exists():
        return False
    try:
        with path.open("ab") as stream:
            _try_lock(stream)
    except OSError:
        return True
    return False


def _acquire(path: Path, on_wait: Callable[[str], object]) -> BinaryIO:
    told = False
    while True:
        stream = _try(path)
        if stream:
            return stream
        if not told:
            on_wait(_owner(path))
            told = True
        time.sleep(_PAUSE_SECONDS)


def _try(path: Path) -> BinaryIO | None:
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = path.open("ab")
    try:
        _try_lock(stream)
        if os.fstat(stream.fileno()).st_ino == path.stat().st_ino:
            return stream
    except OSError:
        pass
    stream.close()
    return None


def _owner(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8") or "another process"
    except OSError:
        return "another process"


@contextlib.contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Let one process at a time through, by a file made for it.

    The lock is SQLite's own: it works on every system, and ends with its process.

    Parameters
    ----------
    lock : Path
        Made if it is not there, in a folder that is.
    """
    connection = sqlite3.connect(lock, timeout=SECONDS_TO_WAIT, isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        connection.close()
