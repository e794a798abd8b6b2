"""The result of a query, fetched once, some rows at a time, into a Parquet file that is read like any other.

A run and its kernels see one answer: what is hashed, checked and learnt from are the same rows, whatever happens to the
database meanwhile. The file goes with the process that fetched it.
"""

import atexit
import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from lib import sources

FOLDER = "CUADERNO_FETCHED"
"""The environment variable by which kernels find what their run has fetched."""


def path(source: sources.Source) -> Path:
    """Return the Parquet file with the result of a query, for which the query is run unless that has been done.

    Raises
    ------
    InputError
        If there is no such database or table, or the query fails; the message holds no password.
    """
    target = _folder() / _name(source)
    if not target.exists():
        from lib import fetching  # which needs pandas

        fetching.fetch(source, target)
    return target


def forget(source: sources.Source) -> None:
    """Have a query run anew when it is next asked for, unless its result is that of the run this process belongs to."""
    for folder in _own:
        (folder / _name(source)).unlink(missing_ok=True)


def environment() -> Mapping[str, str]:
    """Return the variable that hands what was fetched here to a kernel; nothing if nothing was."""
    return {FOLDER: str(_own[0])} if _own else {}


_own: list[Path] = []
"""The folder that this process has made, if it has made one."""


def _folder() -> Path:
    inherited = os.environ.get(FOLDER, "")
    if Path(inherited).is_dir() and inherited:
        return Path(inherited)
    if not _own:
        _own.append(Path(tempfile.mkdtemp(prefix="cuaderno-fetched-")))
        atexit.register(_remove, os.getpid())
    return _own[0]


def _remove(process: int) -> None:
    # a fork of this process ends before it, and leaves the folder to it
    if os.getpid() == process:
        shutil.rmtree(_own[0], ignore_errors=True)


def _name(source: sources.Source) -> str:
    asked = f"{sources.hide_password(source.place)}::{source.part}"
    return f"{hashlib.sha256(asked.encode()).hexdigest()[:32]}.parquet"
