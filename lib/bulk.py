"""Many rows into the database at once, by the quickest way that each kind has, in one writer's transaction."""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Engine, text

_CACHE_KIB = 65536
_AT_ONCE = 500
"""Rows in one statement of SQLite, which takes them without coming back to Python; each has a mark for each value, and
the marks of a statement are limited to 32,766."""


@contextmanager
def alone(engine: Engine, name: str) -> Iterator[Connection]:
    """Yield a connection in a transaction that no other writer of the same name shares; undone if it is left by error.

    SQLite has one writer at a time; PostgreSQL has one for each name, so that what is counted is counted once.
    """
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA cache_size=-{_CACHE_KIB}")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": zlib.crc32(name.encode())})
        yield connection
        connection.commit()


def insert(connection: Connection, table: str, add: str, conflict: str, columns: Sequence[Any]) -> int:
    """Add rows to a table, but for those that `conflict` leaves out, and return how many were added.

    Parameters
    ----------
    table : str
    add : str
        ``INSERT INTO table (column, …)``.
    conflict : str
        ``ON CONFLICT …``
    columns : sequence
        The values, by column, in the order of `add`: a list of them, or the one that all rows have in common.
    """
    if connection.dialect.name == "sqlite":
        return _insert_some_at_once(connection, add, conflict, columns)
    names = [name.strip() for name in add[add.index("(") + 1 : add.rindex(")")].split(",")]
    varying = ", ".join(name for name, values in zip(names, columns, strict=True) if isinstance(values, list))
    incoming = f"incoming_{table}"
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {incoming}")
    connection.exec_driver_sql(
        f"CREATE TEMP TABLE {incoming} ON COMMIT DROP AS SELECT {varying} FROM {table} WITH NO DATA"
    )
    _copy(connection, f"{incoming} ({varying})", [values for values in columns if isinstance(values, list)])
    taken = ", ".join(name if isinstance(values, list) else "%s" for name, values in zip(names, columns, strict=True))
    common = tuple(values for values in columns if not isinstance(values, list))
    return connection.exec_driver_sql(f"{add} SELECT {taken} FROM {incoming} {conflict}", common).rowcount


def _insert_some_at_once(connection: Connection, add: str, conflict: str, columns: Sequence[Any]) -> int:
    common = [values for values in columns if not isinstance(values, list)]
    varying = [values for values in columns if isinstance(values, list)]
    # A statement of many rows that may fail alone notes every page it changes; here all of the transaction is undone.
    add = add.replace("INSERT INTO", "INSERT OR ROLLBACK INTO", 1)
    # The driver's own cursor: SQLAlchemy would copy and look at each value.
    cursor, n_added = connection.connection.driver_connection.cursor(), 0
    for start in range(0, len(varying[0]), _AT_ONCE):
        some = [values[start : start + _AT_ONCE] for values in varying]
        marks = _marks(tuple(isinstance(values, list) for values in columns), len(some[0]))
        given = chain.from_iterable(zip(*some, strict=True))
        n_added += cursor.execute(f"{add} VALUES {marks} {conflict}", [*common, *given]).rowcount
    return n_added


@lru_cache(maxsize=16)
def _marks(varies: tuple[bool, ...], n_rows: int) -> str:
    """Return the marks of some rows: what they have in common comes first among the values, and is given once."""
    n_common, n_varying = len(varies) - sum(varies), sum(varies)
    places = [sum(varies[:n]) if each else n - sum(varies[:n]) for n, each in enumerate(varies)]
    row = lambda first: ", ".join(  # noqa: E731
        f"?{(first if each else 0) + place + 1}" for each, place in zip(varies, places, strict=True)
    )
    return ", ".join(f"({row(n_common + n * n_varying)})" for n in range(n_rows))


def stage(connection: Connection, table: str, names: Sequence[str], columns: Sequence[list]) -> None:
    """Put rows of text into a temporary table, whose first column is its key."""
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}")
    defined = ", ".join([f"{names[0]} TEXT PRIMARY KEY", *(f"{name} TEXT NOT NULL" for name in names[1:])])
    is_sqlite = connection.dialect.name == "sqlite"
    connection.exec_driver_sql(f"CREATE TEMP TABLE {table} ({defined})" + ("" if is_sqlite else " ON COMMIT DROP"))
    if is_sqlite:
        marks = ", ".join("?" * len(names))
        rows = zip(*columns, strict=True)
        connection.connection.driver_connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
    else:
        _copy(connection, f"{table} ({', '.join(names)})", columns)
        connection.exec_driver_sql(f"ANALYZE {table}")


def _copy(connection: Connection, target: str, columns: Sequence[list]) -> None:
    with connection.connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN") as copy:
        for row in zip(*columns, strict=True):
            copy.write_row(row)
