"""Files into frames, as raw as they are: nothing is converted here, and no cell is taken for a gap but an empty one.

Text files come as columns of text, so that `reading` decides from the cells themselves what a column is, and a code
such as ``007`` is not a number before anybody has looked at it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from lib import delimited, fetched, packed, sheets, sources
from lib.errors import InputError

HEAD_ROWS = 2000


def read_source(source: sources.Source, columns: Sequence[int] | None = None) -> pd.DataFrame:
    """Return the raw table of a source of any kind; with `columns`, those at the given positions.

    Raises
    ------
    InputError
        If it cannot be read, or is not a table.
    """
    source = as_file(source)
    if source.kind == "file":
        return read(source.place, source.part, columns)
    if source.kind == "folder":
        return read_folder(source.place, columns)
    from lib import flights

    return _select(flights.during(source.part) if source.part else flights.history(), columns)


def as_file(source: sources.Source) -> sources.Source:
    """Return a source, or in place of a query the file that its result is fetched into."""
    return sources.Source("file", str(fetched.path(source))) if source.kind == "sql" else source


def anew(source: sources.Source) -> sources.Source:
    """Return a source as it is now: a query that was run by hand before is run again."""
    if source.kind == "sql":
        fetched.forget(source)
    return source


def parts(source: sources.Source, n_rows: int) -> Iterator[pd.DataFrame]:
    """Yield the raw table of a source by some rows at a time, so that a large file is never in memory as a whole.

    That holds for text, Parquet and sheets, alone or in a folder, and for queries; of a sheet the reader itself holds
    the cells, at half of what they take as a frame.

    Raises
    ------
    InputError
        If it cannot be read, or is not a table.
    """
    for table in _tables(as_file(source), n_rows):
        yield from (table.iloc[start : start + n_rows] for start in range(0, max(len(table), 1), n_rows))


def _tables(source: sources.Source, n_rows: int) -> Iterator[pd.DataFrame]:
    if source.kind == "folder":
        for path in sources.files_of(source.place):
            yield from _tables(sources.Source("file", str(path)), n_rows)
    elif source.kind == "file":
        yield from _batches(Path(source.place), source.part, n_rows)
    else:
        yield read_source(source)


def _batches(path: Path, sheet: str, n_rows: int) -> Iterator[pd.DataFrame]:
    if path.suffix.lower() in sheets.SUFFIXES:
        yield from sheets.parts(path, sheet, n_rows)
        return
    with refusals(path), packed.opened(path) as stream:
        yield from _parquet_batches(stream, n_rows) if _is_parquet(stream) else delimited.parts(stream, path, n_rows)


def _parquet_batches(stream: BinaryIO, n_rows: int) -> Iterator[pd.DataFrame]:
    # read ahead, all of the file would stay in memory until its last batch
    file = pa.parquet.ParquetFile(stream, pre_buffer=False)
    for batch in file.iter_batches(batch_size=n_rows):
        yield _framed(pa.Table.from_batches([batch], schema=file.schema_arrow))


def read(path: str | Path, sheet: str = "", columns: Sequence[int] | None = None) -> pd.DataFrame:
    """Return the table in a file, with its columns as they are named there, alike or empty ones included.

    Parameters
    ----------
    path : str or Path
        A text file as `delimited` reads it, also packed (.gz, .bz2, .xz, or a .zip with one file), Parquet, or a book
        of Excel or LibreOffice.
    sheet : str
        The sheet of a book; the first if empty.
    columns : sequence of int, optional
        Positions of the columns to return; all if None.

    Raises
    ------
    InputError
        If the file cannot be read, or is not a table.
    """
    path = Path(path)
    if path.suffix.lower() in sheets.SUFFIXES:
        return _select(next(sheets.parts(path, sheet, sheets.MOST_ROWS)), columns)
    with refusals(path), packed.opened(path) as stream:
        return _read_parquet(stream, columns) if _is_parquet(stream) else delimited.read(stream, path, columns)


@contextmanager
def refusals(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong with a file into an InputError that names it."""
    try:
        yield
    except packed.BROKEN as error:
        raise InputError(f"{path} ends too early or is damaged ({error}). Copy or download it again.") from None
    except (pa.ArrowException, UnicodeError) as error:
        raise InputError(f"{path} cannot be read as a table: {_first_line(error)}") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}. Check the file.") from None


def read_folder(folder: str | Path, columns: Sequence[int] | None = None) -> pd.DataFrame:
    """Return the tables of a folder's files below each other, in the order of their paths.

    Raises
    ------
    InputError
        If there are no tables in it, or one has other columns than the first.
    """
    files = sources.files_of(folder)
    if not files:
        raise InputError(f"The folder {folder} holds no table: no file ends in {', '.join(sources.TABLE_SUFFIXES)}.")
    first = read(files[0])
    tables = [first, *(_aligned(read(path), first, path, files[0]) for path in files[1:])]
    whole = first if len(tables) == 1 else pd.concat(tables, ignore_index=True)
    return _select(whole, columns)


def head(path: str | Path, sheet: str = "") -> pd.DataFrame:
    """Return the first rows of a file, some thousand at most where the file need not be read whole for them."""
    path = Path(path)
    if path.suffix.lower() in sheets.SUFFIXES:
        return next(sheets.parts(path, sheet, HEAD_ROWS))
    with refusals(path), packed.opened(path) as stream:
        if _is_parquet(stream):
            return _first_batch(pa.parquet.ParquetFile(stream))
        return delimited.head(stream, path)


def _first_batch(file: pa.parquet.ParquetFile) -> pd.DataFrame:
    schema = file.schema_arrow
    batches = [next(file.iter_batches(batch_size=HEAD_ROWS))] if file.metadata.num_rows else []
    return _framed(pa.Table.from_batches(batches, schema=schema))


def _framed(table: pa.Table) -> pd.DataFrame:
    """Return an Arrow table as a frame; an index that pandas had stored is a column again if it has a name."""
    frame = table.to_pandas()
    return frame.reset_index(drop=all(name is None for name in frame.index.names))


def _select(table: pd.DataFrame, columns: Sequence[int] | None) -> pd.DataFrame:
    return table if columns is None else table.iloc[:, list(columns)]


def _aligned(table: pd.DataFrame, first: pd.DataFrame, path: Path, first_path: Path) -> pd.DataFrame:
    if list(table.columns) == list(first.columns):
        return table
    missing, new = set(first) - set(table), set(table) - set(first)
    if missing or new or table.columns.has_duplicates:
        raise InputError(
            f"{path} has other columns than {first_path}: {_listed(missing)} missing, {_listed(new)} new. "
            f"Put only files of one table into the folder, or name one file."
        )
    return table[list(first)]


def _listed(some: set[str]) -> str:
    return ", ".join(sorted(map(str, some))[:10]) or "none"


def _is_parquet(stream: BinaryIO) -> bool:
    start = stream.read(4)
    stream.seek(0)
    return start == b"PAR1"


def _read_parquet(stream: BinaryIO, columns: Sequence[int] | None) -> pd.DataFrame:
    file = pa.parquet.ParquetFile(stream)
    every = file.schema_arrow.names
    if columns is None or len(set(every)) < len(every):
        return _select(_framed(file.read()), columns)
    return _framed(file.read(columns=[every[position] for position in columns]))


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].removeprefix("CSV parse error: ").rstrip(".") + "."
