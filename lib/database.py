"""The store's own database, for decisions and predictions: SQLite by default, PostgreSQL by address.

The schema has had a version from its first day: each migration is a list of statements for each kind of database, and
opening the database brings it up to date, under a lock.
"""

import os
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from lib.errors import InputError
from lib.tables import IDENTITY, MIGRATIONS

FILE = "predictions.db"
ADDRESS = "CUADERNO_DATABASE_URL"
SECONDS_TO_WAIT = 300
"""For another writer of SQLite, which may be scoring a few million rows."""
_MIGRATION_LOCK = 0xC0ADE0


def address(store: Path) -> URL:
    """Return where the database is: what the environment says, or a file in the store.

    Raises
    ------
    InputError
        If the address cannot be understood, or is of a kind of database that is not supported.
    """
    given = os.environ.get(ADDRESS, "")
    if not given:
        return URL.create("sqlite", database=str(Path(store).resolve() / FILE))
    try:
        url = make_url(given.replace("postgres://", "postgresql://", 1))
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError):
        # The address itself may hold a password, so it is not repeated.
        raise InputError(f"{ADDRESS} is not a database's address, as postgresql://user:password@host/name.") from None
    if url.get_backend_name() not in IDENTITY:
        raise InputError(f"{ADDRESS} names {url.get_backend_name()}; supported are sqlite and postgresql.")
    return url.set(drivername="postgresql+psycopg") if url.get_backend_name() == "postgresql" else url


def connect(store: str | Path) -> Engine:
    """Return an engine for the store's database, created or brought up to date where needed.

    Raises
    ------
    InputError
        If it cannot be reached or read, or was made by a newer version of this project.
    """
    return _connect(address(Path(store)))


def is_there(store: str | Path) -> bool:
    """Return whether the store has a database; one that is reached by address counts as there."""
    where = address(Path(store))
    return where.get_backend_name() != "sqlite" or Path(where.database).exists()


def of_known(store: str | Path) -> Engine:
    """Return an engine for a database that is there already, and leave nothing behind where none is.

    Raises
    ------
    InputError
        If there is none, and as `connect` does.
    """
    if not is_there(store):
        raise InputError(
            f"There is nothing in {store} yet. `pipeline.py run` makes a model; --store names the folder of another."
        )
    return connect(store)


@lru_cache(maxsize=16)
def _connect(url: URL) -> Engine:
    try:
        if url.get_backend_name() == "sqlite":
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = _engine(url)
        _migrate(engine)
    except (DBAPIError, ModuleNotFoundError, OSError) as error:
        raise InputError(_unreachable(url, error)) from None
    return engine


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "postgresql":
        return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10})
    engine = create_engine(url, connect_args={"timeout": SECONDS_TO_WAIT})
    event.listen(engine, "connect", _readers_beside_a_writer)
    return engine


def _readers_beside_a_writer(connection, _record) -> None:
    # Remembered by the file; asking again costs nothing and needs no lock once it is set.
    connection.execute("PRAGMA journal_mode=wal")
    connection.execute("PRAGMA synchronous=normal")


def _migrate(engine: Engine) -> None:
    if _version(engine) == len(MIGRATIONS):
        return
    with engine.connect() as connection:
        _lock(connection)
        found = _version_of(connection)
        if found > len(MIGRATIONS):
            raise InputError(
                f"The database {_shown(engine.url)} has schema version {found}; this program knows {len(MIGRATIONS)}. "
                "Use the version of the program that made it, or a newer one."
            )
        for number in range(found, len(MIGRATIONS)):
            _apply(connection, number + 1)
        connection.commit()


def _version(engine: Engine) -> int:
    with engine.connect() as connection:
        return _version_of(connection)


def _version_of(connection: Connection) -> int:
    if not inspect(connection).has_table("schema_versions"):
        return 0
    return connection.execute(text("SELECT max(version) FROM schema_versions")).scalar() or 0


def _lock(connection: Connection) -> None:
    """Let one process at a time look at the version and change it; released with the transaction."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))


def _apply(connection: Connection, number: int) -> None:
    if number == 1:
        connection.execute(text("CREATE TABLE schema_versions (version INTEGER PRIMARY KEY, at TEXT NOT NULL)"))
    for statement in MIGRATIONS[number - 1](connection.dialect.name):
        connection.exec_driver_sql(statement)
    connection.execute(text("INSERT INTO schema_versions VALUES (:version, :at)"), {"version": number, "at": now()})


def now() -> str:
    """Return the time as it is written in the database: ISO 8601, UTC, so that text sorts as time."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)


def _unreachable(url: URL, error: Exception) -> str:
    cause = str(getattr(error, "orig", error)).strip()
    if url.password:
        cause = cause.replace(url.password, "***")
    return f"The database {_shown(url)} cannot be used: {cause}. Check that it is there and that you may write to it."
