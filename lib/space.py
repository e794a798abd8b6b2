"""A disk that fills up while something is written: wherever that shows, it ends in one message and one exit status.

It shows as an OSError here or in a kernel, as SQLite's and SQLAlchemy's own errors, and inside what MLflow and other
libraries make of them, so that the words have to be looked for in a chain of errors, and in what a kernel said last.
"""

import errno
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lib.errors import OutOfSpace

_NUMBERS = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_NOTHING = 2**20
"""Bytes below which a disk counts as full where an error says no more than that it could not be written to."""
_VAGUE = re.compile(r"disk I/O error")
_WORDS = re.compile(r"No space left on device|disk is full|Disk quota exceeded|not enough space on the disk")


def is_short(error: BaseException | None, *folders: Path) -> bool:
    """Return whether an error, or one that it came from, is a disk without space.

    Parameters
    ----------
    error : exception
    *folders : Path
        Where something was written. SQLite cannot tell a full disk from a broken one where it maps a file into memory;
        its error counts if one of these has nothing left.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if getattr(error, "errno", None) in _NUMBERS or is_said(str(error), *folders):
            return True
        error = error.__cause__ or error.__context__
    return False


def is_said(message: str, *folders: Path) -> bool:
    """Return whether a message speaks of a disk without space, or of one in trouble that has none."""
    vague = bool(_VAGUE.search(message)) and any(_free(folder) < _NOTHING for folder in folders)
    return vague or bool(_WORDS.search(message))


@contextmanager
def explained(*folders: Path) -> Iterator[None]:
    """Turn a disk that fills up in the block into one message: which place, how much is left, and what to do.

    Parameters
    ----------
    *folders : Path
        Where the block writes, beside the folder for temporary files.

    Raises
    ------
    OutOfSpace
        Whatever the error was that told of it.
    """
    try:
        yield
    except OutOfSpace:
        raise
    except Exception as error:
        if not is_short(error, *folders):
            raise
        raise OutOfSpace(message(*folders)) from error


def message(*folders: Path) -> str:
    """Return in words which of some folders, and of that for temporary files, has the least space left."""
    left = {folder: _free(folder) for folder in (*folders, Path(tempfile.gettempdir()))}
    fullest = min(left, key=left.get)
    return (
        f"The disk is full: {fullest} has {left[fullest] / 2**20:,.1f} MB left, which did not suffice for what was to "
        f"be written. What was finished is kept, and nothing is half written. Free some space there, for instance with "
        f"`pipeline.py gc`, or choose another place with --store, --reports or TMPDIR; the same command goes on from "
        f"there."
    )


def _free(folder: Path) -> int:
    there = next((path for path in (folder, *folder.parents) if path.exists()), Path.cwd())
    return shutil.disk_usage(there).free
