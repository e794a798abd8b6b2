"""Many rows into the database at once, by the quickest way that each kind has, in one writer's transaction."""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

_CACHE_KIB = 65536


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


def insert(connection: Connection, table: str, add: str, conflict: str, columns: Sequence[list]) -> None:
    """Add rows to a table, but for those that `conflict` leaves out.

    Parameters
    ----------
    table : str
    add : str
        ``INSERT INTO table (column, …)``.
    conflict : str
        ``ON CONFLICT …``
    columns : sequence of lists
        The values, by column, in the order of `add`.
    """
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        _many(connection, f"{add} VALUES ({marks}) {conflict}", columns)
        return
    names = add[add.index("(") + 1 : add.rindex(")")]
    incoming = f"incoming_{table}"
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {incoming}")
    connection.exec_driver_sql(
        f"CREATE TEMP TABLE {incoming} ON COMMIT DROP AS SELECT {names} FROM {table} WITH NO DATA"
    )
    _copy(connection, f"{incoming} ({names})", columns)
    connection.exec_driver_sql(f"{add} SELECT {names} FROM {incoming} {conflict}")


def stage(connection: Connection, table: str, names: Sequence[str], columns: Sequence[list]) -> None:
    """Put rows of text into a temporary table, whose first column is its key."""
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}")
    defined = ", ".join([f"{names[0]} TEXT PRIMARY KEY", *(f"{name} TEXT NOT NULL" for name in names[1:])])
    is_sqlite = connection.dialect.name == "sqlite"
    connection.exec_driver_sql(f"CREATE TEMP TABLE {table} ({defined})" + ("" if is_sqlite else " ON COMMIT DROP"))
    if is_sqlite:
        _many(connection, f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})", columns)
    else:
        _copy(connection, f"{table} ({', '.join(names)})", columns)
        connection.exec_driver_sql(f"ANALYZE {table}")


def _many(connection: Connection, statement: str, columns: Sequence[list]) -> None:
    # The driver's own cursor: SQLAlchemy would copy and look at each row.
    connection.connection.driver_connection.executemany(statement, zip(*columns, strict=True))


def _copy(connection: Connection, target: str, columns: Sequence[list]) -> None:
    with connection.connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN") as copy:
        for row in zip(*columns, strict=True):
            copy.write_row(row)
