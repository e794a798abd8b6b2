"""What a column is (numbers, times or text), found from its cells, with the evidence for it."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lib import coercion, dates, spellings

ENOUGH = 0.95
"""Share of the cells that must be numbers, or times, for the column to be one; the others become gaps, counted."""
EXACT_INTEGER = 2**53
SAMPLE = 2000
MOST_UNITS = 5
"""More endings of numbers than these are codes."""
CURRENCY_CODES = (
    "USD",
    "EUR",
    "GBP",
    "CHF",
    "JPY",
    "CAD",
    "AUD",
    "NOK",
    "SEK",
    "DKK",
    "INR",
    "BRL",
    "US$",
    "Rs.",
    "kr",
)
_LEADING_ZERO = [f"0{digit}" for digit in range(10)]
_UNIT_BEHIND = re.compile(r".*\d[.,]?\s*([^\d\s.,'’()+-][^\d\s()]{0,11})\)?")
_UNIT_BEFORE = re.compile(rf"\(?[-+]?({'|'.join(map(re.escape, CURRENCY_CODES))})\s?[-+]?\d.*")


class Note(NamedTuple):
    """A finding on one column: what, by which evidence, what was done, and to how many cells."""

    finding: str
    evidence: str
    action: str
    n_cells: int


class Kind(NamedTuple):
    """An entry of the reading, without its names, and the notes of how it was found."""

    entry: dict[str, Any]
    notes: list[Note]


def kind_of(values: pd.Series, words: Sequence[str], *, decimal: str = ".") -> Kind:
    """Return what a column is.

    Parameters
    ----------
    values : Series
        The raw column.
    words : sequence of str
        Lower-case words that stand for a gap.
    decimal : {".", ","}
        The sign to go by where a column's numbers could be read with either.
    """
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        note = Note("time zone", f"times in {values.dt.tz}", "turned to UTC, without a zone", int(values.count()))
        return Kind({"kind": "time"}, [note])
    if values.dtype.kind == "M":
        return Kind({"kind": "time"}, [])
    if values.dtype.kind in "iufbm" and not isinstance(values.dtype, pd.CategoricalDtype):
        return _of_numbers(values)
    cast = coercion.cast(values) if isinstance(values.dtype, pd.StringDtype) and decimal == "." else None
    if cast is not None and values.notna().any():
        return _of_plain_numbers(values, cast)
    return _of_text(values, words, decimal)


def examples(cells: pd.Series, n: int = 3) -> str:
    """Return some of the distinct cells, quoted, for evidence."""
    return ", ".join(repr(str(cell)[:40]) for cell in cells.drop_duplicates().head(n))


def _of_numbers(values: pd.Series) -> Kind:
    if values.dtype.kind == "b":
        return Kind({"kind": "number"}, [Note("true/false", "two values", "read as 1 and 0", int(values.count()))])
    if values.dtype.kind == "m":
        return Kind({"kind": "number"}, [Note("durations", str(values.dtype), "read as seconds", int(values.count()))])
    if values.dtype.kind in "iu" and values.count() and _too_long(values):
        return _long_identifier(values)
    return Kind({"kind": "number"}, _infinite(values.to_numpy(np.float64, na_value=np.nan)))


def _of_plain_numbers(values: pd.Series, cast: np.ndarray) -> Kind:
    if _leading_zeros(values).any():
        return _leading_zero_kind(values)
    if np.nanmax(np.abs(cast), initial=0) > EXACT_INTEGER and values.str.fullmatch(r"[+-]?\d{16,}").any():
        return _long_identifier(values)
    return Kind({"kind": "number"}, [*_words_as_gaps(values[np.isnan(cast) & values.notna()]), *_infinite(cast)])


def _of_text(values: pd.Series, words: Sequence[str], decimal: str) -> Kind:
    cells = coercion.as_text(values)
    bare = cells.str.strip()
    is_gap = coercion.is_word(bare, words) & bare.notna().to_numpy()
    known = bare[bare.notna() & ~is_gap]
    notes = [*_types(values), *_words_as_gaps(bare[is_gap]), *_stray_blanks(cells[known.index], known)]
    counts = known.value_counts()
    found = _clocks(counts) or _numbers(counts, decimal) or dates.kind_of(counts, known)
    if found is None:
        known, merged = spellings.of(counts)
        entry = {"kind": "text"} | ({"spellings": known} if known else {})
        return Kind(entry, [*notes, *_why_text(counts), *(Note(*note) for note in merged)])
    entry, more = found
    return Kind(entry, notes + [Note(*note) for note in more])


def _numbers(counts: pd.Series, decimal: str) -> Kind | None:
    """Return the kind of a column whose texts are nearly all numbers; None otherwise."""
    if counts.empty:
        return None
    unique = counts.index.to_series()
    some = unique.iloc[:SAMPLE]
    if some.str.contains(r"[0-9]").mean() < ENOUGH or _leading_zeros(some).any():
        return None
    unit = _unit(some)
    decimals = [decimal, *({".", ","} - {decimal})]
    best = max(decimals, key=lambda sign: np.isfinite(_parsed(some, sign, unit)).sum())
    is_number = np.isfinite(_parsed(unique, best, unit))
    if counts[is_number].sum() < ENOUGH * counts.sum() or _leading_zeros(unique).any():
        return None
    entry = {"kind": "number"} | ({"decimal": best} if best != "." else {}) | ({"unit": unit} if unit else {})
    return Kind(entry, _written_numbers(counts, is_number, best, unit))


def _clocks(counts: pd.Series) -> Kind | None:
    """Return the kind of a column whose texts are nearly all times of day or durations; None otherwise."""
    unique = counts.index.to_series()
    is_clock = unique.str.fullmatch(coercion.CLOCK_FORM).to_numpy(bool)
    if counts.empty or counts[is_clock].sum() < ENOUGH * counts.sum():
        return None
    notes = [Note("clock times", examples(unique[is_clock]), "read as seconds", int(counts[is_clock].sum()))]
    if not is_clock.all():
        other = int(counts[~is_clock].sum())
        notes.append(Note("not a number", examples(unique[~is_clock]), "turned into gaps", other))
    return Kind({"kind": "number", "unit": coercion.CLOCK}, notes)


def _written_numbers(counts: pd.Series, is_number: np.ndarray, decimal: str, unit: str) -> list[Note]:
    unique, notes = counts.index.to_series(), []
    plain = unique.str.fullmatch(r"[+-]?\d*\.?\d*(?:[eE][+-]?\d+)?").to_numpy(bool) & (decimal == ".")
    odd = is_number & ~plain
    if odd.any():
        how = f" in {unit}" if unit else ""
        notes.append(
            Note(
                "numbers as text", examples(unique[odd]), f"read as numbers{how}, decimal {decimal}", counts[odd].sum()
            )
        )
    if not is_number.all():
        other = unique[~is_number]
        notes.append(Note("not a number", examples(other), "turned into gaps", counts[~is_number].sum()))
    return [note._replace(n_cells=int(note.n_cells)) for note in notes]


def _parsed(cells: pd.Series, decimal: str, unit: str) -> np.ndarray:
    return np.array([coercion.number_of(cell, decimal, unit) for cell in cells], dtype=np.float64)


def _unit(cells: pd.Series) -> str:
    """Return the unit that at least half of the texts have; more than one kind of unit is none."""
    for shape in (_UNIT_BEHIND, _UNIT_BEFORE):
        units = pd.Series([found[1] for found in map(shape.fullmatch, cells) if found], dtype="str")
        if len(units) >= len(cells) / 2 and units.nunique() == 1:
            return units.iloc[0]
    return ""


def _leading_zeros(cells: pd.Series) -> pd.Series:
    return cells.str.slice(0, 2).isin(_LEADING_ZERO)


def _leading_zero_kind(values: pd.Series) -> Kind:
    zeros = values[_leading_zeros(values)]
    note = Note("leading zeros", examples(zeros), "kept as text: a code, not a quantity", 0)
    return Kind({"kind": "text"}, [note])


def _too_long(values: pd.Series) -> bool:
    return max(abs(int(values.max())), abs(int(values.min()))) > EXACT_INTEGER


def _long_identifier(values: pd.Series) -> Kind:
    note = Note("long whole numbers", examples(values), "kept as text: more digits than a number holds", 0)
    return Kind({"kind": "text"}, [note])


def _infinite(found: np.ndarray) -> list[Note]:
    n_cells = int(np.isinf(found).sum())
    return [Note("infinite numbers", "inf", "turned into gaps", n_cells)] if n_cells else []


def _words_as_gaps(cells: pd.Series) -> list[Note]:
    if cells.empty:
        return []
    return [Note("gaps written as text", examples(cells), "turned into gaps", len(cells))]


def _stray_blanks(cells: pd.Series, bare: pd.Series) -> list[Note]:
    stray = cells[cells != bare]
    return [Note("stray blanks", examples(stray), "taken away", len(stray))] if len(stray) else []


def _types(values: pd.Series) -> list[Note]:
    """Note the types in a column of Python objects, unless all are text, or all numbers as in a sheet."""
    if values.dtype != object:
        return []
    names = values.dropna().map(lambda cell: type(cell).__name__)
    others = names[names != "str"]
    if others.empty or names.isin(["int", "float"]).all():
        return []
    types = ", ".join(sorted(names.unique()))
    return [Note("mixed types" if names.nunique() > 1 else "objects", types, "read from how they print", len(others))]


def _why_text(counts: pd.Series) -> list[Note]:
    """Note text columns that are numbers in part, or codes with leading zeros."""
    if counts.empty:
        return []
    unique = counts.index.to_series().iloc[:SAMPLE]
    if _leading_zeros(unique).any() and unique.str.fullmatch(r"\d+").all():
        return _leading_zero_kind(unique).notes
    is_number = np.isfinite(_parsed(unique, ".", ""))
    share = counts.iloc[:SAMPLE][is_number].sum() / counts.iloc[:SAMPLE].sum()
    if share < 0.2:
        return _several_units(unique)
    evidence = f"{share:.0%} numbers, and {examples(unique[~is_number])}"
    return [Note("mixed types", evidence, "kept as text", 0)]


def _several_units(cells: pd.Series) -> list[Note]:
    """Note texts that are numbers in a few units: what they are in one of them, only a person can say."""
    units = pd.Series([found[1] if (found := _UNIT_BEHIND.fullmatch(cell)) else None for cell in cells], dtype="str")
    if units.notna().mean() < ENOUGH or not 2 <= units.nunique() <= MOST_UNITS:
        return []
    evidence = examples(cells[units.to_numpy() != units.shift().to_numpy()])
    return [Note("several units?", evidence, "kept as text; write all in one unit", 0)]
