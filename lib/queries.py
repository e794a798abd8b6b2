"""Tables that come from a database, by a SQLAlchemy URL and a table's name or a query."""

import functools
import hashlib
import os
import re
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import sqlalchemy
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from lib import sources
from lib.errors import InputError

_WRITES = r"\s*(insert|update|delete|drop|alter|create|truncate|replace|merge|grant|revoke)\s"
_READ_ONLY = {"sqlite": "PRAGMA query_only = ON", "postgresql": "SET TRANSACTION READ ONLY"}
"""What keeps a database as it is, whatever a query begins with."""


def read(url: str, part: str) -> pd.DataFrame:
    """Return the result of a query, or a whole table, as the driver gives it.

    Parameters
    ----------
    url : str
        A SQLAlchemy URL. The password ``***`` stands for the one in the variable ``CUADERNO_PASSWORD``.
    part : str
        The name of a table, ``schema.table``, or a query.

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
        if not part:
            raise InputError(
                f"{sources.hide_password(url)} names no table.{_tables(connection)} Give it as URL::TABLE."
            )
        if re.fullmatch(r"[^\s;()]+", part):
            return pd.read_sql(_whole(connection, part), connection, coerce_float=False)
        return pd.read_sql(sqlalchemy.text(_escaped(part)), connection, coerce_float=False)


@functools.lru_cache(maxsize=1)
def read_once(url: str, part: str) -> pd.DataFrame:
    """Return the same result again within a process, so that the hash and the checks of a run see one answer."""
    return read(url, part)


def fingerprint(url: str, part: str) -> str:
    """Return the hash of a result: its names, types, values and order."""
    result = read_once(url, part)
    digest = hashlib.sha256(repr([(str(name), str(dtype)) for name, dtype in result.dtypes.items()]).encode())
    for position in range(result.shape[1]):
        column = result.iloc[:, position]
        plain = column.map(repr) if column.dtype == object else column
        digest.update(pd.util.hash_pandas_object(plain, index=False).to_numpy().tobytes())
    return digest.hexdigest()


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
    except (SQLAlchemyError, pd.errors.DatabaseError) as error:
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
    path = sources.locate(database)
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
    cause = error.__cause__ or error  # pandas wraps what SQLAlchemy raised, and SQLAlchemy what the driver raised
    said = " ".join(str(getattr(cause, "orig", None) or cause).split())
    for secret in filter(None, (_password(url), os.environ.get(sources.PASSWORD_VARIABLE))):
        said = said.replace(secret, sources.HIDDEN)
    return sources.hide_password(said).rstrip(".?")


def _password(url: str) -> str | None:
    try:
        return sqlalchemy.make_url(url).password
    except ArgumentError:
        return None
