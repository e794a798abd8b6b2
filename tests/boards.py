"""States of a store, from an empty one to two years of operation, for the tests of what people look at."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import histories
import pytest

from lib import database, files, project, windows, workspace
from lib.project import Project

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync"
RUN = "2026-01-02T03-04-05"


@pytest.fixture
def empty(tmp_path, monkeypatch) -> Project:
    """Return a project in which nothing has happened."""
    monkeypatch.delenv(database.ADDRESS, raising=False)
    return project.at(tmp_path)


@pytest.fixture(scope="session")
def full_store(tmp_path_factory) -> Project:
    """Return a project with a past of three months, to be read only."""
    made = project.at(tmp_path_factory.mktemp("full"))
    histories.two_years(made, days=90, until=datetime(2026, 3, 1, tzinfo=UTC))
    histories.a_replay(made)
    return made


@pytest.fixture
def full(full_store, tmp_path, monkeypatch) -> Project:
    """Return a project with a past of three months, to be changed."""
    monkeypatch.delenv(database.ADDRESS, raising=False)
    shutil.copytree(full_store.root, tmp_path / "copy")
    return project.at(tmp_path / "copy")


def fresh(made: Project) -> Project:
    """Put a champion into a project, that nobody has used yet."""
    histories.a_run(made, RUN, 1)
    histories.a_champion(made, RUN, 1)
    return made


def refused(made: Project) -> Project:
    """Put a run into a project whose model was refused."""
    histories.a_run(made, RUN, 1, status="refused", message="score on test rows: found 0.51, allowed 0.68.")
    return made


def running(made: Project, **told) -> Path:
    """Put a run into a project that says it is at work, and return its lock."""
    record = {"run_id": "now", "status": "running", "started": "2026-01-03T10:00", **told}
    files.write(made.runs / "now", workspace.RECORD, record)
    return workspace.lock(made, "now")


def change_windows(made: Project, **parts) -> None:
    """Put other values into every window of a project."""
    engine = database.connect(made.store)
    found = windows.read(engine, histories.MODEL)
    windows.write(engine, [windows.Window(**{**vars(w), "at": "", "payload": {**w.payload, **parts}}) for w in found])


def lose(made: Project) -> None:
    """Put something else in the place of a project's database."""
    for path in made.store.glob(f"{database.FILE}*"):
        path.unlink()
    (made.store / database.FILE).write_bytes(b"no database" * 500)
