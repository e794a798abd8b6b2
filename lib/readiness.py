"""Whether a run can start: folders that can be written to, and a table from which something can be learnt."""

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable
from pathlib import Path

from lib import syntax
from lib.errors import InputError
from lib.project import Project
from lib.staleness import DATA, RUN, State

LEAST_FREE_MB = 200
SECONDS_TO_WAIT = 30
"""How long a database may be in use by others, who write for less than a second unless the machine is very busy."""
OF_COLUMNS = ("time_column", "group_column", "exclude", "keep", "slices", "missingness_leaks")
"""Parameters that name columns of the table."""
_SQLITE = b"SQLite format 3\0"


def check(project: Project, states: Iterable[State]) -> None:
    """Check that a run can write where it has to, and that its table can be used.

    Raises
    ------
    InputError
        If not, with what to do.
    """
    for folder, option in ((project.store, "--store"), (project.reports, "--reports")):
        _require_writable(folder, option)
    _require_readable(project.store)
    for state in states:
        values = state.execution.values
        _require_known(project, values.get("candidate"))
        if state.action == RUN and {DATA, "target"} <= set(values):
            from lib import preflight

            named = {name: values[name] for name in OF_COLUMNS if values.get(name)}
            columns = {name: [value] if isinstance(value, str) else value for name, value in named.items()}
            preflight.validate(values[DATA], values["target"], gaps=values.get("gaps", ()), columns=columns)


def _require_known(project: Project, candidate: str | None) -> None:
    """Require that a candidate is one of `training.CANDIDATES`, whose import would take longer than all the rest."""
    known = syntax.keys_of(project.library / "training.py", "CANDIDATES")
    if candidate and known and candidate not in known:
        raise InputError(f"There is no candidate {candidate!r}. Known are: {', '.join(known)}.")


def _require_writable(folder: Path, option: str) -> None:
    """Require that a folder, which may be still to be made, can be written to; leave nothing there."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        raise InputError(f"{folder} cannot be used: {there} is a file, not a folder. Choose another with {option}.")
    try:
        with tempfile.TemporaryFile(dir=there) as stream:
            stream.write(b"x")
        free = shutil.disk_usage(there).free / 2**20
    except OSError as error:
        raise InputError(
            f"{folder} cannot be written to: {error.strerror}. Correct that, or choose another folder with {option}."
        ) from None
    if free < LEAST_FREE_MB:
        raise InputError(f"{folder} has {free:.0f} MB left; a run needs at least {LEAST_FREE_MB}. Free some space.")


def _require_readable(store: Path) -> None:
    """Require that the databases of a store are databases; each library would say so in its own way, and late."""
    for path in (store / "mlflow.db", store / "predictions.db"):
        try:
            start = _start(path)
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}. Choose another with --store.") from None
        if start and start != _SQLITE:
            raise InputError(
                f"{path} is no database that can be read. Restore it from a copy, or choose another with --store."
            )
        if start:
            _require_unlocked(path)


def _require_unlocked(path: Path) -> None:
    """Require that a database can be written to soon, which a run would find out after all its work."""
    with contextlib.closing(sqlite3.connect(path, timeout=SECONDS_TO_WAIT, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.DatabaseError as error:
            raise InputError(
                f"{path} cannot be written to now: {error}. End the program that uses it or wait for it, or choose "
                f"another with --store."
            ) from None


def _start(path: Path) -> bytes:
    if not path.exists():
        return b""
    with path.open("rb") as stream:
        return stream.read(len(_SQLITE))
