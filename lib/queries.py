"""Tables that come from a database, by a SQLAlchemy URL and a table's name or a query."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import sqlalchemy
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from lib import sources
from lib.errors import InputError

CELLS = 500_000
"""In memory at once, of a result of any length."""
_WRITES = r"\s*(insert|update|delete|drop|alter|create|truncate|replace|merge|grant|revoke)\s"
_READ_ONLY = {"sqlite": "PRAGMA query_only = ON", "postgresql": "SET TRANSACTION READ ONLY"}
"""What keeps a database as it is, whatever a query begins with."""


def parts(url: str, part: str) -> Iterator[pd.DataFrame]:
    """Yield the result of a query, or a whole table, some rows at a time, as the driver gives it.

    Parameters
    ----------
    url : str
        A SQLAlchemy URL. The password ``***`` stands for the one in the variable ``CUADERNO_PASSWORD``.
    part : str
        The name of a table, ``schema.table``, or a query.

    Yields
    ------
    DataFrame
        With about `CELLS` cells; one without rows if there are none.

    Raises
    ------
    InputError
        If there is no such database or table, or the query fails; the message holds no password.
    """
    if found := re.match(_WRITES, part, re.IGNORECASE):
        raise InputError(
            f"A table is only read, and the query for {sources.hide_password(url)} begins with {found[1].upper()}. "
            f"Give one that begins with SELECT or WITH."
        )
    with _connected(url) as connection:
        # without it, drivers fetch the whole result before they give out its first row
        result = connection.execution_options(stream_results=True).execute(_statement(connection, url, part))
        names = list(result.keys())
        n_rows = max(1, CELLS // max(1, len(names)))
        rows = result.fetchmany(n_rows)
        yield _frame(rows, names)
        while len(rows) == n_rows and (rows := result.fetchmany(n_rows)):
            yield _frame(rows, names)


def _statement(connection: sqlalchemy.Connection, url: str, part: str) -> sqlalchemy.Executable:
    if not part:
        raise InputError(f"{sources.hide_password(url)} names no table.{_tables(connection)} Give it as URL::TABLE.")
    if re.fullmatch(r"[^\s;()]+", part):
        return _whole(connection, part)
    return sqlalchemy.text(_escaped(part))


def _frame(rows: Sequence[sqlalchemy.Row], names: list[str]) -> pd.DataFrame:
    return pd.DataFrame.from_records([tuple(row) for row in rows], columns=names)


@contextmanager
def _connected(url: str):
    """Yield a connection; whatever the database says against it becomes an InputError without a password."""
    try:
        engine = sqlalchemy.create_engine(_complete(url))
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        raise InputError(
            f"{sources.hide_password(url)} is not a database that can be opened: {_plain(error, url)}. "
            f"Write it as dialect://user@host/database, and install the driver's package if one is named here."
        ) from None
    try:
        with engine.connect() as connection:
            if connection.dialect.name in _READ_ONLY:
                connection.exec_driver_sql(_READ_ONLY[connection.dialect.name])
            yield connection
    except SQLAlchemyError as error:
        raise InputError(
            f"The database {sources.hide_password(url)} refused: {_plain(error, url)}. "
            f"Correct the URL, the table or the query given with -p data=URL::QUERY."
        ) from None
    finally:
        engine.dispose()


def _complete(url: str) -> sqlalchemy.URL:
    """Put the password back, and check that an SQLite file is there, which would else be made empty."""
    made = sqlalchemy.make_url(re.sub(r"^postgres://", "postgresql://", url))
    if made.get_backend_name() == "sqlite" and made.database and not made.database.startswith((":", "file:")):
        made = made.set(database=str(_file(made.database)))
    if made.password != sources.HIDDEN:
        return made
    password = os.environ.get(sources.PASSWORD_VARIABLE)
    if password is None:
        raise ValueError(f"its password is not kept; set the environment variable {sources.PASSWORD_VARIABLE} to it")
    return made.set(password=password)


def _file(database: str) -> Path:
    path = sources.locate_database(database)
    with path.open("rb") as stream:
        start = stream.read(16)
    if start and not start.startswith(b"SQLite format 3"):
        raise ValueError(f"{path} is not an SQLite file")
    return path


def _whole(connection: sqlalchemy.Connection, name: str) -> sqlalchemy.Select:
    schema, _, table = name.rpartition(".")
    inspector = sqlalchemy.inspect(connection)
    known = [*inspector.get_table_names(schema or None), *inspector.get_view_names(schema or None)]
    if name in known:
        schema, table = "", name
    if table not in known:
        offered = sources.nearest(table, known) or _tables(connection)
        raise InputError(f"The database has no table {name}.{offered} Give it as URL::TABLE.")
    return sqlalchemy.select(sqlalchemy.text("*")).select_from(sqlalchemy.table(table, schema=schema or None))


def _tables(connection: sqlalchemy.Connection) -> str:
    known = sqlalchemy.inspect(connection).get_table_names()
    return f" Its tables are: {', '.join(sorted(known)[:20])}." if known else " It has no tables."


def _escaped(query: str) -> str:
    """Keep colons as they are (a time, a cast): the query has no parameters to bind."""
    return re.sub(r"(?<![:\\]):(?=[A-Za-z_])", r"\\:", query)


def _plain(error: Exception, url: str) -> str:
    """Return what the database said, in one line, without the password."""
    cause = error.__cause__ or error
    said = " ".join(str(getattr(cause, "orig", None) or cause).split())
    for secret in filter(None, (_password(url), os.environ.get(sources.PASSWORD_VARIABLE))):
        said = said.replace(secret, sources.HIDDEN)
    return sources.hide_password(said).rstrip(".?")


def _password(url: str) -> str | None:
    try:
        return sqlalchemy.make_url(url).password
    except ArgumentError:
        return None
