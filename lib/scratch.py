"""Temporary folders that carry their process's number, so that what a killed one left is removed by a later one."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

PREFIX = "cuaderno-"
SECONDS_TO_KEEP = 24 * 3600
"""Without a change, before a folder may go: where containers share a folder, a number says nothing of the others'."""


def make(parent: Path | None = None) -> Path:
    """Return a new folder in the system's folder for temporary files, or in another one, and remove what is left there.

    Parameters
    ----------
    parent : Path, optional
    """
    place = Path(parent or tempfile.gettempdir())
    for folder in place.glob(f"{PREFIX}*-*"):
        if _is_left(folder):
            shutil.rmtree(folder, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place))


@contextmanager
def folder() -> Iterator[Path]:
    """Yield a new folder for the time of a ``with`` block."""
    made = make()
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _is_left(folder: Path) -> bool:
    number = folder.name.split("-")[1]
    try:
        old = time.time() - folder.stat().st_mtime > SECONDS_TO_KEEP
    except OSError:
        return False
    return number.isdecimal() and old and not psutil.pid_exists(int(number))
