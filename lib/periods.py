"""History cut into the windows in which a model meets it: hours, days, weeks, months, or so many rows each."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lib.errors import InputError

FREQUENCIES = {"hour": "h", "day": "D", "week": "W", "month": "M", "quarter": "Q"}
LEAST_ROWS = 30
LEAST_SHARE = 0.05
"""Of a usual window's rows: what is left over at the ends of a table is no window of its own."""


@dataclass(frozen=True)
class Window:
    """A stretch of the table: rows `first` up to, not including, `last`, under the names of its ends."""

    start: str
    end: str
    first: int
    last: int

    @property
    def rows(self) -> slice:
        """The rows, by position in the table that is in order of time."""
        return slice(self.first, self.last)

    def __len__(self) -> int:
        return self.last - self.first


def cut(order: pd.Series, by: str) -> list[Window]:
    """Return the windows of a table that is in order of time; a window too small to be judged joins the one before.

    Parameters
    ----------
    order : Series of shape (n_samples,)
        Ascending times, or anything else ascending if the windows are counted in rows.
    by : str
        A key of `FREQUENCIES`, or a whole number of rows.

    Raises
    ------
    InputError
        If the windows are of time and the order is not, or `by` is neither.
    """
    if by.isdigit() and int(by) >= LEAST_ROWS:
        edges = np.arange(0, len(order), int(by))
        starts, ends = [f"row {first}" for first in edges], [f"row {first}" for first in [*edges[1:], len(order)]]
    elif by not in FREQUENCIES:
        raise InputError(
            f"--by takes {', '.join(FREQUENCIES)}, or a number of rows that is at least {LEAST_ROWS}; found {by!r}."
        )
    elif not pd.api.types.is_datetime64_any_dtype(order):
        raise InputError(
            f"--by {by} needs a column of times, and the table is in order of {order.name or 'its rows'}, which is "
            "none. Name one with --time COLUMN, or count rows, as in --by 1000."
        )
    else:
        period = order.dt.to_period(FREQUENCIES[by])
        edges = np.flatnonzero(np.append(True, period.to_numpy()[1:] != period.to_numpy()[:-1]))
        starts = [_text(each.start_time) for each in period.iloc[edges]]
        ends = [_text((each + 1).start_time) for each in period.iloc[edges]]
    return _joined(starts, ends, [*edges.tolist(), len(order)])


def _joined(starts: list[str], ends: list[str], edges: list[int]) -> list[Window]:
    least = max(LEAST_ROWS, LEAST_SHARE * float(np.median(np.diff(edges))))
    found: list[Window] = []
    for start, end, first, last in zip(starts, ends, edges[:-1], edges[1:], strict=True):
        if found and (len(found[-1]) < least or (last == edges[-1] and last - first < least)):
            before = found.pop()
            start, first = before.start, before.first
        found.append(Window(start, end, first, last))
    return found


def _text(time: pd.Timestamp) -> str:
    return time.isoformat(timespec="minutes").removesuffix("T00:00")
