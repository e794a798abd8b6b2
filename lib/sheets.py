"""Books of sheets (Excel, LibreOffice) into frames, some rows at a time, with cells as their writer typed them."""

import itertools
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from lib import sources
from lib.errors import InputError

SUFFIXES = (".xlsx", ".xls", ".xlsb", ".xlsm", ".ods")
MOST_ROWS = 1_048_576
BYTES_PER_CELL = 40
"""Of a sheet's cell as a Python object in a frame: measured 34 for numbers and short texts."""
TOP = 20
"""Rows from the top of a sheet among which the names of the columns are looked for, below titles and remarks."""
ABOVE = "above"
"""Of a frame's attributes, the one that holds what stood above the names."""
SMALL = 20_000_000
"""Bytes of a book, unpacked, below which its cells are not counted."""


def parts(path: Path, sheet: str, n_rows: int) -> Iterator[pd.DataFrame]:
    """Yield a sheet by some rows at a time, empty cells as gaps.

    The first row names the columns; where it has one cell alone, as a title has, the first below with several texts.

    Parameters
    ----------
    path : Path
    sheet : str
        The first sheet if empty.
    n_rows : int

    Yields
    ------
    DataFrame
        One without rows if there are none.

    Raises
    ------
    InputError
        If the file is no book, or has no such sheet.
    """
    with _opened(path, sheet) as cells:
        rows = cells.iter_rows()
        top = list(itertools.islice(rows, TOP))
        if not top:
            yield pd.DataFrame()
            return
        at = _header(top)
        above = " / ".join(str(value) for row in top[:at] for value in row if value != "")
        below = itertools.chain(top[at + 1 :], rows)
        taken = list(itertools.islice(below, n_rows))
        yield _frame(taken, top[at], above)
        while len(taken) == n_rows and (taken := list(itertools.islice(below, n_rows))):
            yield _frame(taken, top[at], above)


def _header(top: Sequence[Sequence[Any]]) -> int:
    """Return which of the first rows names the columns."""
    filled = [[value for value in row if value != ""] for row in top]
    if len(filled[0]) > 1:
        return 0
    named = (at for at, row in enumerate(filled) if len(row) > 1 and all(isinstance(value, str) for value in row))
    return next(named, 0)


def megabytes(path: Path, sheet: str = "") -> float:
    """Return about how much memory a sheet takes as a frame; 0 where it is too small to matter."""
    if _unpacked(path) < SMALL:
        return 0.0
    with _opened(path, sheet) as cells:
        return (cells.total_height + 1) * (cells.total_width + 1) * BYTES_PER_CELL / 1e6


@contextmanager
def _opened(path: Path, sheet: str) -> Iterator[Any]:
    from python_calamine import CalamineError, SheetTypeEnum, load_workbook

    try:
        with load_workbook(path) as book:
            known = [one.name for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
            _require_sheet(sheet, known, path)
            yield book.get_sheet_by_name(sheet or known[0])
    except InputError:
        raise
    except (CalamineError, ValueError, OSError) as error:
        raise InputError(f"{path} cannot be read as a book of sheets: {error}. Save it again, or as CSV.") from None


def _require_sheet(sheet: str, known: Sequence[str], path: Path) -> None:
    if not known:
        raise InputError(f"{path} has no sheet of cells. Save the table as a sheet of its own, or as CSV.")
    if sheet and sheet not in known:
        raise InputError(
            f"{path} has no sheet {sheet}.{sources.nearest(sheet, known)} Its sheets are {', '.join(known)}."
        )


def _cell(value: Any) -> Any:
    if value == "":
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001  (a sheet knows no time zones)
    return value


def _frame(rows: Iterable[Sequence[Any]], names: Sequence[Any], above: str) -> pd.DataFrame:
    cells = [[_cell(value) for value in row] for row in rows]
    table = pd.DataFrame(cells, columns=range(len(names)), dtype=object)
    table = table.set_axis(["" if _cell(name) is None else str(_cell(name)) for name in names], axis=1)
    table.attrs |= {ABOVE: above} if above else {}
    return table


def _unpacked(path: Path) -> int:
    if not zipfile.is_zipfile(path):
        return path.stat().st_size
    with zipfile.ZipFile(path) as book:
        return sum(entry.file_size for entry in book.infolist())
