"""A real PostgreSQL server for tests: started in a temporary folder, reached by a socket, gone afterwards.

The server refuses to run as root, so that root's tests start it as another user. Where there are no server binaries,
or no Unix sockets, the tests that ask for it are skipped, and the reason is said.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

PASSWORD = "not-to-be-shown"
"""The password in each URL, for tests to look for where it must not be."""


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Yield the SQLAlchemy URL of a server that lives as long as the tests."""
    with server() as url:
        yield url


@pytest.fixture
def postgresql(postgresql_server) -> str:
    """Return the SQLAlchemy URL of a new, empty database."""
    import sqlalchemy

    name = f"test_{uuid.uuid4().hex[:12]}"
    engine = sqlalchemy.create_engine(postgresql_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return postgresql_server.replace("/postgres?", f"/{name}?")


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Start a server, yield its SQLAlchemy URL, stop it and remove its files."""
    binaries = _binaries()
    # A socket's path may have no more than about 100 characters, which pytest's own folders can exceed.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    user = _unprivileged_user()
    try:
        process = _start(binaries, folder, user)
        try:
            url = f"postgresql+psycopg://cuaderno:{PASSWORD}@/postgres?host={folder}"
            _wait_for(url)
            yield url
        finally:
            for each in (process, *_STARTED_AGAIN):
                each.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown; SIGTERM would wait for its clients
                each.wait(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def stopped(url: str) -> Iterator[None]:
    """Stop the server of a URL for the time of a ``with`` block; the one that `server` ends is another then."""
    import sqlalchemy

    folder = Path(sqlalchemy.make_url(url).query["host"])
    number = int((folder / "data" / "postmaster.pid").read_text().split()[0])
    os.kill(number, signal.SIGINT)
    while (folder / "data" / "postmaster.pid").exists():
        time.sleep(0.05)
    yield
    _STARTED_AGAIN.append(_run(_binaries(), folder, _unprivileged_user()))
    _wait_for(url)


_STARTED_AGAIN: list[subprocess.Popen] = []


def _binaries() -> Path:
    if os.name == "nt":
        pytest.skip("the PostgreSQL tests reach the server by a Unix socket")
    on_path = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in [*on_path, *installed]:
        if (folder / "postgres").exists():
            return folder
    pytest.skip("no PostgreSQL server binaries on this machine")


def _unprivileged_user() -> str | None:
    """Return the user to start the server as, None for the one who runs the tests."""
    if os.geteuid() != 0:
        return None
    import pwd

    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _start(binaries: Path, folder: Path, user: str | None) -> subprocess.Popen:
    password, data = folder / "password", folder / "data"
    password.write_text(PASSWORD)
    if user:
        shutil.chown(folder, user)
        shutil.chown(password, user)
    initdb = [binaries / "initdb", "-D", data, "-U", "cuaderno", "-A", "scram-sha-256", "--pwfile", password, "-N"]
    subprocess.run(initdb, user=user, cwd=folder, check=True, capture_output=True)
    return _run(binaries, folder, user)


def _run(binaries: Path, folder: Path, user: str | None) -> subprocess.Popen:
    data = folder / "data"
    options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off"]
    with (folder / "log").open("a") as log:
        return subprocess.Popen(
            [binaries / "postgres", "-D", data, *options], user=user, cwd=folder, stdout=log, stderr=log
        )


def _wait_for(url: str, seconds: float = 30) -> None:
    import sqlalchemy

    engine = sqlalchemy.create_engine(url)
    deadline = time.monotonic() + seconds
    while True:
        try:
            engine.connect().close()
            return engine.dispose()
        except sqlalchemy.exc.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
