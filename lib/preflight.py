"""What can be said against a table before anything starts: cheap to find out, and dear to find out later.

The names and the first rows are read, and then the target's column alone; the whole table only where the first rows
leave a question open.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pandas as pd

from lib import coercion, delimited, readers, reading, sources
from lib.errors import InputError

DEMO_TARGET = "late"
LEAST_ROWS = 30
ROWS_PER_CLASS = 5
"""Rows that a class needs on average for each fold of the cross-validation to meet it."""


_CALENDAR = re.compile(rf"({'|'.join(coercion.PARTS)}) of ")
NO_COLUMN = ("", "none")
"""What a parameter for a column says when it names none."""


def validate(
    source: str,
    target: str,
    *,
    gaps: Sequence[str] = (),
    columns: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> None:
    """Refuse a table from which nothing can be learnt.

    Parameters
    ----------
    source : str
        As `sources` describes.
    target : str
        The column to predict.
    gaps : sequence of str
        What stands for a gap beside what is found.
    columns : mapping of str to sequence of str
        Other columns that were named, by the parameter that names them.

    Raises
    ------
    InputError
        If the table cannot be read, has no or too few rows, no column beside the target, only constant columns, or no
        such target; or if the target is missing everywhere, has one value, or too many classes; or if another
        column that was named is not there. The message names the place and the remedy.
    """
    if source == sources.DEMO and target in ("", DEMO_TARGET):
        return
    where = sources.parse(source)
    first = _head(where)
    require_rows(first, source)
    names, _ = reading.tidy_names(first.columns)
    if not target:
        raise InputError(f"Which column of {where} is to be predicted? Give -p target=NAME, one of {_listed(names)}.")
    chosen = reading.target_name(names, first.columns, target, f"The table {where}")
    _require_columns(where, {*names, *map(str, first.columns)}, columns)
    if len(names) == 1:
        raise InputError(
            f"The table {where} has one column, {chosen!r}, and nothing to predict it from. If there are more in the "
            f"file, their delimiter is not one of {', '.join(map(repr, delimited.DELIMITERS))}."
        )
    _require_target(readers.read_source(where, [names.index(chosen)]), where, chosen, gaps)
    _require_variety(first, where, names.index(chosen))


def require_rows(raw: pd.DataFrame, source: str) -> None:
    """Refuse a table without columns or rows."""
    if raw.shape[1] == 0:
        raise InputError(f"The table {sources.parse(source)} has no columns. Its first line has to name them.")
    if len(raw) == 0:
        raise InputError(
            f"The table {sources.parse(source)} has names of columns and no rows. "
            f"Give a table with at least {LEAST_ROWS} rows, better some hundred."
        )


def _require_columns(where: sources.Source, known: set[str], columns: Mapping[str, Sequence[str]]) -> None:
    for parameter, wanted in columns.items():
        for name in wanted:
            if name not in known and name not in NO_COLUMN and not _CALENDAR.match(name):
                raise InputError(
                    f"The table {where} has no column {name!r}, which -p {parameter} names."
                    f"{sources.nearest(name, sorted(known))} Its columns are: {_listed(sorted(known))}."
                )


def _head(where: sources.Source) -> pd.DataFrame:
    where = readers.as_file(where)
    if where.kind == "file":
        return readers.head(where.place, where.part)
    if where.kind == "folder" and (files := sources.files_of(where.place)):
        return readers.head(files[0])
    return readers.read_source(where)


def _require_target(raw: pd.DataFrame, where: sources.Source, target: str, gaps: Sequence[str]) -> None:
    name = str(raw.columns[0])
    y = reading.tidy(raw, target=name, gaps=gaps).table.iloc[:, 0]
    if len(raw) < LEAST_ROWS:
        rows = "one row" if len(raw) == 1 else f"{len(raw)} rows"
        raise InputError(f"The table {where} has {rows}; {LEAST_ROWS} are the least to train, compare and test on.")
    if y.empty:
        raise InputError(
            f"The target {target!r} is missing in each of the {len(raw)} rows of {where}. "
            f"Name another column with -p target=NAME, or add the values that are known."
        )
    if len(y) < LEAST_ROWS:
        raise InputError(
            f"The target {target!r} is known in {len(y)} of the {len(raw)} rows of {where}; {LEAST_ROWS} are the least."
        )
    if y.nunique() == 1:
        raise InputError(
            f"The target {target!r} has one value, {str(y.iloc[0])!r}, in all {len(y)} rows of {where}: there is "
            f"nothing to predict. Name another column with -p target=NAME, or add rows with another value."
        )
    if y.dtype.kind not in "iufM" and y.nunique() * ROWS_PER_CLASS > len(y):
        raise InputError(
            f"The target {target!r} has {y.nunique()} different texts in {len(y)} rows of {where}; a class needs "
            f"{ROWS_PER_CLASS} rows on average. Name another column with -p target=NAME, or join rare classes first."
        )
    if y.dtype.kind == "M":
        raise InputError(f"The target {target!r} of {where} is a time. Give the number of days or hours to predict.")


def _require_variety(first: pd.DataFrame, where: sources.Source, target: int) -> None:
    """Refuse a table whose columns are all constant; the first rows are enough where one of them is not."""
    if _varies(first, target):
        return
    whole = readers.read_source(where)
    if not _varies(whole, target):
        others = [name for i, name in enumerate(reading.tidy_names(whole.columns)[0]) if i != target]
        raise InputError(
            f"Each column of {where} but the target holds one value or nothing ({_listed(others)}): there is "
            f"nothing to predict from. Add columns that differ from row to row."
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:30]) + (", …" if len(names) > 30 else "")


def _varies(table: pd.DataFrame, target: int) -> bool:
    columns = (table.iloc[:, i] for i in range(table.shape[1]) if i != target)
    return any(column.dropna().astype(str).nunique() > 1 for column in columns)
