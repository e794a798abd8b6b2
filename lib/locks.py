"""One process at a time, on every system, with nothing left behind by a process that dies."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS_TO_WAIT = 300


@contextmanager
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
