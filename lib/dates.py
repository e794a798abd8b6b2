"""Times written as text: which of the usual ways of writing them a column follows."""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from lib import coercion

ENOUGH = 0.95
SAMPLE = 500
_DAYS = {
    r"\d{4}/\d{1,2}/\d{1,2}": ["%Y/%m/%d"],
    r"\d{4}\.\d{1,2}\.\d{1,2}": ["%Y.%m.%d"],
    r"\d{1,2}\.\d{1,2}\.\d{4}": ["%d.%m.%Y"],
    r"\d{1,2}\.\d{1,2}\.\d{2}": ["%d.%m.%y"],
    r"\d{1,2}/\d{1,2}/\d{4}": ["%m/%d/%Y", "%d/%m/%Y"],
    r"\d{1,2}/\d{1,2}/\d{2}": ["%m/%d/%y", "%d/%m/%y"],
    r"\d{1,2}-\d{1,2}-\d{4}": ["%d-%m-%Y", "%m-%d-%Y"],
    r"\d{1,2}-[A-Za-z]{3}-\d{4}": ["%d-%b-%Y"],
    r"\d{1,2}-[A-Za-z]{3}-\d{2}": ["%d-%b-%y"],
    r"\d{1,2} [A-Za-z]{3} \d{4}": ["%d %b %Y"],
    r"\d{1,2} [A-Za-z]{4,9} \d{4}": ["%d %B %Y"],
    r"[A-Za-z]{3} \d{1,2}, \d{4}": ["%b %d, %Y"],
    r"[A-Za-z]{4,9} \d{1,2}, \d{4}": ["%B %d, %Y"],
}
_HOURS = {
    "": "",
    r"\s\d{1,2}:\d{2}": " %H:%M",
    r"\s\d{1,2}:\d{2}:\d{2}": " %H:%M:%S",
    r"\s\d{1,2}:\d{2}:\d{2}\.\d+": " %H:%M:%S.%f",
    r"\s\d{1,2}:\d{2}\s[AaPp][Mm]": " %I:%M %p",
    r"\s\d{1,2}:\d{2}:\d{2}\s[AaPp][Mm]": " %I:%M:%S %p",
}
_ISO = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:[T\s]\d{1,2}(?::?\d{2}){0,2}(?:\.\d+)?\s?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?")
_SHAPES = {
    re.compile(day + hour): [one + tail for one in formats]
    for day, formats in _DAYS.items()
    for hour, tail in _HOURS.items()
}
_HINT = re.compile(r"^\d{1,4}[-/. ]|[A-Za-z] \d")
_ZONE = r"[T\s]\d.*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})$"


def kind_of(counts: pd.Series, in_order: pd.Series) -> tuple[dict[str, Any], list[tuple]] | None:
    """Return the entry and notes of a column whose texts are nearly all times; None otherwise.

    Parameters
    ----------
    counts : Series of int
        How often each text occurs, indexed by the text.
    in_order : Series of str
        The same texts in the order of the rows, by which day and month are told apart where both would do.
    """
    unique = counts.index.to_series().reset_index(drop=True)
    if counts.empty or not _enough(_shapes_of(unique.iloc[:SAMPLE]).values(), counts.iloc[:SAMPLE]):
        return None
    shapes = _shapes_of(unique)
    if not _enough(shapes.values(), counts):
        return None
    formats, doubts = _formats(shapes, in_order)
    if doubts:
        evidence = f"{doubts[0]} and {doubts[1]} fit every cell equally"
        return {"kind": "text"}, [("day or month first?", evidence, "kept as text; write dates as 2026-11-23", 0)]
    read = coercion.times_in(unique, formats)
    is_time = read.notna().to_numpy()
    if counts[is_time].sum() < ENOUGH * counts.sum():
        return None
    return {"kind": "time", "formats": formats}, _notes(counts, unique, is_time, formats)


def _notes(counts: pd.Series, unique: pd.Series, is_time: np.ndarray, formats: list[str]) -> list[tuple]:
    quoted = ", ".join(map(repr, unique[is_time].head(2)))
    notes = [("times as text", quoted, f"read as times, {' or '.join(formats)}", int(counts[is_time].sum()))]
    zoned = unique.str.contains(_ZONE).to_numpy(bool) & is_time
    if zoned.any():
        without = int(counts[~zoned & is_time].sum())
        said = f"; {without} cells name none and are taken for UTC" if without else ""
        notes.append(
            ("time zone", unique[zoned].iloc[0], f"turned to UTC, without a zone{said}", int(counts[zoned].sum()))
        )
    if not is_time.all():
        other = ", ".join(map(repr, unique[~is_time].head(3)))
        notes.append(("not a time", other, "turned into gaps", int(counts[~is_time].sum())))
    return notes


def _shapes_of(unique: pd.Series) -> dict[re.Pattern, list[str]]:
    """Return the texts by the way of writing a time that they follow, without those that follow none."""
    found: dict[re.Pattern, list[str]] = {}
    latest = _ISO
    for cell in unique:
        shape = latest if latest.fullmatch(cell) else _shape_of(cell)
        if shape is not None:
            found.setdefault(shape, []).append(cell)
            latest = shape
    return found


def _shape_of(cell: str) -> re.Pattern | None:
    if not _HINT.search(cell):
        return None
    return next((shape for shape in (_ISO, *_SHAPES) if shape.fullmatch(cell)), None)


def _enough(groups: Iterable[list[str]], counts: pd.Series) -> bool:
    return sum(counts.reindex(group).sum() for group in groups) >= ENOUGH * counts.sum()


def _formats(shapes: dict[re.Pattern, list[str]], in_order: pd.Series) -> tuple[list[str], list[str]]:
    """Return the format of each shape, and two between which nothing decides, if there are such."""
    formats, monthly = [], {}
    for shape in shapes:
        choices = [coercion.ISO] if shape is _ISO else _SHAPES[shape]
        if len(choices) > 1:
            monthly[shape] = choices
        else:
            formats += choices
    for shape, choices in monthly.items():
        chosen = _day_or_month(shapes[shape], choices, in_order)
        if chosen is None:
            return formats, choices
        formats.append(chosen)
    return formats, []


def _day_or_month(cells: list[str], choices: list[str], in_order: pd.Series) -> str | None:
    """Return the format that reads more cells, or that puts the rows in order; None if neither decides."""
    read = {one: pd.to_datetime(pd.Series(cells), format=one, errors="coerce") for one in choices}
    fitting = {one: int(found.notna().sum()) for one, found in read.items()}
    first, second = choices
    if fitting[first] != fitting[second]:
        return max(choices, key=fitting.get)
    if read[first].equals(read[second]):
        return first
    rows = in_order[in_order.isin(cells)].iloc[:100_000]
    sorted_by = [one for one in choices if pd.to_datetime(rows, format=one, errors="coerce").is_monotonic_increasing]
    return sorted_by[0] if len(sorted_by) == 1 else None
