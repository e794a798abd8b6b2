"""A retraining that was begun: written down before it starts, so that the turn after a crash goes on with the same one.

``<store>/cycle/<model_name>/turn.json`` is there from the decision to retrain until its outcome is in the decision log.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from lib import archive, database, files
from lib.project import Project

FILE = "turn.json"
TABLES_KEPT = 3


@dataclass(frozen=True)
class Turn:
    """A retraining on its way.

    Parameters
    ----------
    id : str
        When it was begun; also the name of its table.
    model_name : str
    champion : int
        The version in use when it was begun.
    window, window_start : str
        End and start of the monitored window that it answers.
    alarms : list of str
        What stood in that window, in words.
    design : str
        Identity of the design it keeps to.
    base : str
        The run whose table it adds newer rows to.
    design_run : str
        The run whose design it keeps to.
    n_new : int
        Labelled rows that are newer than those of the base.
    parameters : mapping
        Of the run; empty until its table is written.
    failures : int
        How often the run has failed.
    """

    id: str
    model_name: str
    champion: int
    window: str
    window_start: str
    alarms: list[str]
    design: str
    base: str
    design_run: str
    n_new: int = 0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    failures: int = 0


def pending(project: Project, model_name: str) -> Turn | None:
    """Return the retraining that was begun and not brought to its end, or None."""
    folder = folder_of(project, model_name)
    return Turn(**files.read(folder, FILE)) if files.exists(folder, FILE) else None


def save(project: Project, turn: Turn) -> Turn:
    """Write a retraining down as it stands, and return it."""
    files.write(folder_of(project, turn.model_name), FILE, asdict(turn))
    return turn


def failed(project: Project, turn: Turn) -> Turn:
    """Write down that the run failed once more."""
    return save(project, replace(turn, failures=turn.failures + 1))


def close(project: Project, turn: Turn) -> None:
    """Forget a retraining whose outcome is on record, and all tables but the newest."""
    folder = folder_of(project, turn.model_name)
    (folder / FILE).unlink(missing_ok=True)
    for old in sorted(folder.glob("*.parquet"))[:-TABLES_KEPT]:
        old.unlink(missing_ok=True)


def folder_of(project: Project, model_name: str) -> Path:
    """Return where the retrainings of a model are."""
    return project.turns / archive.safe(model_name)


def table_of(project: Project, turn: Turn) -> Path:
    """Return where the table of a retraining is."""
    return folder_of(project, turn.model_name) / f"{turn.id}.parquet"


def new_id() -> str:
    """Return a name for a retraining that begins now."""
    return database.now()[:23].replace(":", "-").replace(".", "-")
