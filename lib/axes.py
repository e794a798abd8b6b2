"""The sides of a drawn figure: where a number, a time or a category lies, and what is written beside it."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any


class Axis:
    """Where values lie along one side of the picture.

    Parameters
    ----------
    kind : {"number", "time", "category"}
    low, high : float
        The ends, in numbers: a value, seconds, or a place in the list of categories.
    names : sequence of str
        The categories, if it has any.
    percent : bool
        Whether its labels are shares.
    """

    def __init__(self, kind: str, low: float, high: float, names: Sequence[str] = (), *, percent: bool = False):
        self.kind, self.low, self.high, self.names, self.percent = kind, low, high, list(names), percent
        self.start, self.end = 0.0, 1.0

    def between(self, start: float, end: float) -> "Axis":
        """Return the same axis laid from one place of the picture to another."""
        laid = Axis(self.kind, self.low, self.high, self.names, percent=self.percent)
        laid.start, laid.end = start, end
        return laid

    def at(self, value: Any) -> float:
        """Return the place of a value."""
        share = (self.number(value) - self.low) / ((self.high - self.low) or 1.0)
        return round(self.start + share * (self.end - self.start), 1)

    def number(self, value: Any) -> float:
        """Return a value as a number along the axis."""
        if self.kind == "category":
            return float(self.names.index(str(value))) if str(value) in self.names else 0.0
        return seconds(value) if self.kind == "time" else float(value)

    @property
    def unit(self) -> float:
        """How wide one category is."""
        return abs(self.end - self.start) / max(1, len(self.names))

    @property
    def ticks(self) -> list[tuple[Any, str]]:
        """A few values to be written beside the axis, with their labels."""
        if self.kind == "category":
            step = max(1, math.ceil(len(self.names) / 16))
            return [(name, _short(name)) for name in self.names[::step]]
        if self.kind == "time":
            return [(at, f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}") for at in _even(self.low, self.high, 5)]
        return [(v, f"{v:.0%}" if self.percent else f"{v:,.6g}") for v in _round(self.low, self.high)]


def seconds(value: Any) -> float:
    """Return a time, written in ISO 8601 or already in seconds, in seconds."""
    return value if isinstance(value, float) else datetime.fromisoformat(value[:19]).replace(tzinfo=UTC).timestamp()


def _even(low: float, high: float, n: int) -> list[float]:
    return [low + (high - low) * place / (n - 1) for place in range(n)] if high > low else [low]


def _round(low: float, high: float) -> list[float]:
    """Return about five round numbers between two ends."""
    step = 10 ** math.floor(math.log10((high - low) or 1.0))
    step *= next((part for part in (0.2, 0.5, 1.0) if (high - low) / (step * part) <= 6), 2.0)
    first = math.ceil(low / step)
    return [round(place * step, 10) for place in range(first, math.floor(high / step) + 1)]


def _short(name: str, most: int = 26) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
