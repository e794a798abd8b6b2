"""Rows of a request, as JSON gives them: read cell by cell, and refused by the name of the column.

The reading is that of `coercion`, and the contract that of `schema`; a frame is made only when every cell is known to
be good, since for a single row the frame's own steps cost more than the reading.
"""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from lib import coercion, schema

_PLAIN_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.(?:\d{3}|\d{6}))?)?)?")


class Refused(ValueError):
    """A row cannot be asked about.

    Parameters
    ----------
    message : str
        What was expected, what was found, and where.
    column : str or None
    row : int or None
        Counted from 0.
    """

    def __init__(self, message: str, column: str | None = None, row: int | None = None):
        super().__init__(message)
        self.message, self.column, self.row = message, column, row


class Column:
    """How one column's cells are read, and what they have to be."""

    def __init__(self, entry: Mapping[str, Any], learnt: Mapping[str, Any], gap_words: Sequence[str], *, needed: bool):
        self.name, self.raw, self.kind, self.part = entry["name"], entry["raw"], entry["kind"], entry.get("part")
        self.asked = "time" if self.part else self.kind
        self.entry = {**entry, "kind": self.asked}
        self.words = {*entry.get("gap_words", gap_words), *entry.get("words", [])}
        self.spellings = entry.get("spellings", {})
        self.codes = {float(code) for code in entry.get("codes", [])}
        self.gaps, self.needed = learnt["gaps"], needed
        self.low, self.high = schema.bounds(learnt) if "low" in learnt and self.kind == "number" else (None, None)
        self.learnt = learnt
        self.read = self._part if self.part else getattr(self, f"_{self.kind}")
        self._slowly = lru_cache(maxsize=4096)(self._by_coercion)

    def _by_coercion(self, cell: Any) -> Any:
        found = coercion.convert(pd.Series([cell]), self.entry, list(self.words))
        return found.iloc[0]

    def _number(self, cell: Any) -> float:
        if cell is None:
            return math.nan
        if isinstance(cell, str):
            found = float(self._slowly(cell))
            return found if found == found or self._is_gap(cell) else self._wrong(cell)
        if not isinstance(cell, (int, float)):
            return self._wrong(cell)
        try:
            found = float(cell)
        except OverflowError:
            return self._wrong(cell)
        return math.nan if found in self.codes or math.isinf(found) else found

    def _text(self, cell: Any) -> str | float:
        if cell is None or cell != cell:
            return math.nan
        if isinstance(cell, (list, dict)):
            return self._wrong(cell)
        found = cell.strip() if isinstance(cell, str) else coercion.as_text(pd.Series([cell], dtype=object)).iloc[0]
        return math.nan if found.lower() in self.words else coercion.spelt(found, self.spellings)

    def _time(self, cell: Any) -> np.datetime64:
        if cell is None or cell != cell:
            return np.datetime64("NaT", "us")
        if isinstance(cell, str) and _PLAIN_TIME.fullmatch(cell):
            try:
                return np.datetime64(datetime.fromisoformat(cell), "us")
            except ValueError:
                return self._wrong(cell)
        if not isinstance(cell, (str, int, float)):
            return self._wrong(cell)
        found = self._slowly(cell)
        if pd.isna(found):
            return np.datetime64("NaT", "us") if self._is_gap(str(cell)) else self._wrong(cell)
        return np.datetime64(found, "us")

    def _part(self, cell: Any) -> float:
        """Return a part of a time; a number is the part itself, as a tidy table has it."""
        if isinstance(cell, (int, float)):
            return self._number(cell)
        return float(coercion.part_of(pd.Series([self._time(cell)]), self.part)[0])

    def _is_gap(self, cell: str) -> bool:
        bare = cell.strip().lower()
        return bare in self.words or (bool(self.codes) and coercion.number_of(cell) in self.codes)

    def _wrong(self, cell: Any) -> Any:
        shown = repr(cell)
        raise Refused(f"expected {self.expected()}, found {shown[:60]}{'…' if len(shown) > 60 else ''}")

    def expected(self) -> str:
        """Return in words what a cell has to be."""
        if self.low is not None and not self.part:
            return f"a number from {self.low:g} to {self.high:g}"
        return {"number": "a number", "time": "a time, as 2013-07-01T12:00", "text": "a text"}[self.asked]

    def judged(self, found: Any) -> Any:
        """Return a cell that was read, if it is what the model can be asked about."""
        if found != found:
            if not self.gaps:
                raise Refused(f"expected {self.expected()}, found a gap; training had none")
        elif self.low is not None and not self.low <= found <= self.high:
            self._wrong(found)
        return found


class Reader:
    """Reads rows by the contract of a registered model."""

    def __init__(self, contract: Mapping[str, Any]):
        reading, learnt = contract["reading"], contract["schema"]["columns"]
        self.columns = [
            Column(entry, learnt[entry["name"]], reading["gap_words"], needed=entry["name"] in contract["required"])
            for entry in reading["columns"]
        ]

    def read(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, list]:
        """Return the cells of each column.

        Raises
        ------
        Refused
            With the row and the column.
        """
        return {column.name: self._cells(column, rows) for column in self.columns}

    def _cells(self, column: Column, rows: Sequence[Mapping[str, Any]]) -> list:
        cells = []
        for n, row in enumerate(rows):
            name = column.name if column.name in row else column.raw
            if name not in row and column.needed:
                raise Refused(f"Row {n}: column {column.raw!r} is missing.", column.raw, n)
            try:
                cells.append(column.judged(column.read(row.get(name))))
            except Refused as refused:
                raise Refused(f"Row {n}, column {column.raw!r}: {refused.message}.", column.raw, n) from None
        return cells

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of each column, in the order of the model."""
        return {column.name: column.kind for column in self.columns}

    def frame(self, cells: Mapping[str, list]) -> pd.DataFrame:
        """Return cells as the frame that `portable.coerce` would have made of the rows."""
        return frame(cells, self.kinds)


def frame(cells: Mapping[str, list], kinds: Mapping[str, str]) -> pd.DataFrame:
    """Return cells as a frame with the types that models take.

    Parameters
    ----------
    cells : mapping of name to list
    kinds : mapping of name to {"number", "time", "text"}
        The columns, in their order.
    """
    return pd.DataFrame({name: _ARRAYS[kind](cells[name]) for name, kind in kinds.items()})


_ARRAYS = {
    "number": lambda cells: np.array(cells, dtype=np.float64),
    "time": lambda cells: np.array(cells, dtype="datetime64[us]"),
    "text": lambda cells: pd.array(cells, dtype="str"),
}
