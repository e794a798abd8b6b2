"""Which windows of predictions there are, and which of them have to be monitored, told from daily counts alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from lib import periods, predictions
from lib.errors import InputError
from lib.windows import Window

LENGTHS = ("day", "week", "month")
MOST_EARLIER = 60_000
"""Predictions before a window that are read again, to learn from their errors."""
_OPEN_END = pd.Timestamp("9999-12-01")
"""Later times, as 9999-12-31, say that something has no end; a window of them would end in a year of five digits."""


@dataclass(frozen=True)
class Due:
    """A window: its ends, the version with most predictions in it, and how many there are, and with a label."""

    start: str
    end: str
    model_version: int
    n: int
    n_labelled: int


def require_length(by: str) -> None:
    """Refuse a length of windows that days do not add up to.

    Raises
    ------
    InputError
        With those that they do.
    """
    if by not in LENGTHS:
        raise InputError(f"by is one of {', '.join(LENGTHS)}; found {by!r}.")


def windows(
    store: str | Path, model_name: str, by: str, *, unfinished: bool = False, now: datetime | None = None
) -> list[Due]:
    """Return the windows that hold predictions and have ended, the oldest first.

    Parameters
    ----------
    store : str or Path
    model_name : str
    by : str
        One of `LENGTHS`.
    unfinished : bool
        Also the one that is still running.
    now : datetime, optional
        The time that it is; for tests.
    """
    require_length(by)
    days = predictions.daily(store, model_name)[["n", "n_labelled"]].reset_index()
    days = days[days["day"] < _OPEN_END]
    if days.empty:
        return []
    now = pd.Timestamp(now or datetime.now(UTC)).tz_localize(None)
    # a batch may be of the future: what lies before its newest day has ended for it
    reached = max(now, days["day"].max())
    period = days["day"].dt.to_period(periods.FREQUENCIES[by])
    found = [_due(each, part) for each, part in days.groupby(period)]
    return [window for window in found if unfinished or pd.Timestamp(window.end) <= reached]


def pending(every: Iterable[Due], known: Iterable[Window], *, start: str = "") -> list[Due]:
    """Return the windows from the first on that is new or has new predictions or labels, or from `start` on.

    Raises
    ------
    InputError
        If `start` is no time.
    """
    again = _time(start) if start else None
    seen = {(window.start, window.end): window.payload.get("counted") for window in known}
    every = list(every)
    for place, window in enumerate(every):
        counted = {"n": window.n, "labelled": window.n_labelled}
        if seen.get((window.start, window.end)) != counted or (again is not None and pd.Timestamp(window.end) > again):
            return every[place:]
    return []


def before(every: Iterable[Due], group: Sequence[Due]) -> list[Due]:
    """Return the windows of the same version right before some, the oldest first, of together `MOST_EARLIER` rows."""
    found, n = [], 0
    for window in reversed([each for each in every if each.start < group[0].start]):
        n += window.n
        if window.model_version != group[0].model_version or n > MOST_EARLIER:
            break
        found.append(window)
    return found[::-1]


def _time(text: str) -> pd.Timestamp:
    try:
        return pd.Timestamp(text).tz_localize(None)
    except ValueError:
        raise InputError(f"--from takes a date, as in 2013-07-01; found {text!r}.") from None


def _due(period: pd.Period, days: pd.DataFrame) -> Due:
    version = days.groupby("model_version")["n"].sum().idxmax()
    start, end = (time.isoformat(timespec="seconds") for time in (period.start_time, (period + 1).start_time))
    return Due(start, end, int(version), int(days["n"].sum()), int(days["n_labelled"].sum()))
