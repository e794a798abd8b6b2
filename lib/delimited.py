"""Text files with one row a line: which encoding, delimiter and names they have, and their cells as text."""

import codecs
import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.csv

from lib.errors import InputError

HEAD = 1 << 18
DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Dialect:
    """How a text file is written, found from its beginning."""

    encoding: str
    delimiter: str
    quoted: bool
    names: tuple[str, ...]
    n_skipped: int = 1
    """Lines above the first row: that of the names, and one where Excel was told the delimiter, as in ``sep=;``."""


def read(stream: BinaryIO, path: Path, columns: Sequence[int] | None = None) -> pd.DataFrame:
    """Return the cells of a text file as text, empty ones as gaps, in the columns at the given positions, or in all."""
    return _parsed(stream, path, columns, pa.csv.read_csv)


def head(stream: BinaryIO, path: Path) -> pd.DataFrame:
    """Return the first block of rows, read as `read` does."""
    return _parsed(stream, path, None, _first_block)


def parts(stream: BinaryIO, path: Path, n_rows: int) -> Iterator[pd.DataFrame]:
    """Yield the rows of a text file, about as many at a time as asked for, read as `read` does."""
    dialect = _dialect(stream, path)
    waiting: list[pa.RecordBatch] = []
    with _odd_lines_named(stream, path, dialect), pa.csv.open_csv(stream, **_options(dialect, None)) as reader:
        for batch in reader:
            waiting.append(batch)
            if sum(map(len, waiting)) >= n_rows:
                yield _named(pa.Table.from_batches(waiting), dialect)
                waiting = []
        if waiting:
            yield _named(pa.Table.from_batches(waiting), dialect)


def _named(table: pa.Table, dialect: Dialect) -> pd.DataFrame:
    frame = table.rename_columns([dialect.names[int(place)] for place in table.column_names]).to_pandas()
    # a semicolon between cells says that a comma within them may be a decimal sign, which the cells may not
    frame.attrs["delimiter"] = dialect.delimiter
    return frame


def _parsed(
    stream: BinaryIO, path: Path, columns: Sequence[int] | None, parse: Callable[..., pa.Table]
) -> pd.DataFrame:
    dialect = _dialect(stream, path)
    with _odd_lines_named(stream, path, dialect):
        return _named(parse(stream, **_options(dialect, columns)), dialect)


@contextmanager
def _odd_lines_named(stream: BinaryIO, path: Path, dialect: Dialect) -> Iterator[None]:
    """Turn what the parser has against a line into an InputError that says which line it is."""
    try:
        yield
    except pa.ArrowInvalid:
        if found := _odd_line(stream, dialect):
            raise InputError(
                f"{path} cannot be read as a table: {found}. Correct that line, put cells that hold a "
                f"{dialect.delimiter!r} into quotation marks, or delete what stands above the names of columns."
            ) from None
        raise


def _odd_line(stream: BinaryIO, dialect: Dialect) -> str:
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=dialect.encoding, errors="replace", newline="")
    try:
        rows = csv.reader(text, delimiter=dialect.delimiter)
        n_names, body = len(dialect.names), itertools.islice(rows, dialect.n_skipped, None)
        odd = next((row for row in body if row and len(row) != n_names), None)
        return f"line {rows.line_num} has {len(odd)} cells, the line of names has {n_names}" if odd else ""
    except csv.Error:
        return ""
    finally:
        text.detach()


def _options(dialect: Dialect, columns: Sequence[int] | None) -> dict[str, Any]:
    places = [str(position) for position in range(len(dialect.names))]
    chosen = places if columns is None else [places[position] for position in columns]
    return {
        "read_options": pa.csv.ReadOptions(
            column_names=places,
            skip_rows_after_names=dialect.n_skipped,
            encoding=dialect.encoding,
            block_size=1 << 22,
        ),
        "parse_options": pa.csv.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=dialect.quoted),
        "convert_options": pa.csv.ConvertOptions(
            include_columns=chosen,
            column_types=dict.fromkeys(places, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
        ),
    }


def _first_block(stream: BinaryIO, **options: Any) -> pa.Table:
    with pa.csv.open_csv(stream, **options) as reader:
        return pa.Table.from_batches([batch for batch, _ in zip(reader, range(1), strict=False)], schema=reader.schema)


def _dialect(stream: BinaryIO, path: Path) -> Dialect:
    """Find encoding, delimiter and names from the beginning of a text file, and leave the stream at its start."""
    start = stream.read(HEAD)
    stream.seek(0)
    _refuse_what_is_no_text(start, path)
    encoding = _encoding(start, stream)
    text = start.decode(encoding, errors="ignore").lstrip("\ufeff")
    told = re.match(r'"?sep=(.)"?\r?\n', text)
    text = text[told.end() :] if told else text
    rows = {delimiter: _rows(text, delimiter) for delimiter in (told[1] if told else DELIMITERS)}
    delimiter = max(rows, key=lambda found: _regularity(rows[found]))
    header, *body = rows[delimiter] or [[]]
    if body and len(header) > 1 and Counter(map(len, body)).most_common(1)[0][0] == len(header) + 1:
        header = ["", *header]  # R writes the names of rows without a name of their own
    return Dialect(encoding, delimiter, _has_quotes(stream), tuple(header), n_skipped=2 if told else 1)


def _refuse_what_is_no_text(start: bytes, path: Path) -> None:
    if not start.strip():
        raise InputError(f"{path} is empty. Give a table with a line of names and at least some hundred rows.")
    wide = start.startswith((b"\xff\xfe", b"\xfe\xff"))
    if (b"\x00" in start and not wide) or re.match(rb"\s*(<\w|<!|<\?|[{]|%PDF)", start):
        raise InputError(
            f"{path} is not a table: it begins with {start[:12]!r}. Give CSV, TSV, Parquet, Excel or a database's URL."
        )


def _encoding(start: bytes, stream: BinaryIO) -> str:
    """Return the encoding: by the byte-order mark, else UTF-8 if all of it is, else Windows' western one."""
    for mark, name in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if start.startswith(mark):
            return name
    try:
        for block in _decoded(stream):
            del block
    except UnicodeDecodeError:
        return "cp1252" if _decodes(start, "cp1252") else "latin-1"
    finally:
        stream.seek(0)
    return "utf-8"


def _decoded(stream: BinaryIO) -> Iterator[str]:
    return codecs.iterdecode(_blocks(stream), "utf-8")


def _has_quotes(stream: BinaryIO) -> bool:
    """Return whether a quotation mark is anywhere: without one no line break is within a cell, which reads faster."""
    found = any(b'"' in block for block in _blocks(stream))
    stream.seek(0)
    return found


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: stream.read(1 << 22), b"")


def _decodes(start: bytes, encoding: str) -> bool:
    try:
        start.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _rows(text: str, delimiter: str) -> list[list[str]]:
    """Return the first rows under a delimiter, without the last one, which the head may have cut."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        rows = [row for row in itertools.islice(lines, 200) if row]
    except csv.Error:
        return []
    return rows[:-1] if len(rows) > 1 and len(text) >= HEAD // 4 and len(rows) < 200 else rows


def _regularity(rows: list[list[str]]) -> tuple[float, int]:
    """Return the share of rows that are as wide as most, and that width; nothing if there is one column."""
    if not rows:
        return (0.0, 0)
    width, count = Counter(map(len, rows)).most_common(1)[0]
    return (count / len(rows), width) if width > 1 else (0.0, 1)
