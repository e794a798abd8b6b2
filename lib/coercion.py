"""Apply what was learnt of a table's writing to another one: the same text becomes the same numbers, times and gaps.

This module needs pandas and numpy alone, and nothing else of this package, so that it can be shipped, as it is, beside
a registered model: `apply` turns a raw frame, from a file or a request, into the columns that the model was fitted on.

A *reading* is plain JSON::

    {"gap_words": ["", "na", "?"],
     "columns": [{"name": "price", "raw": " price", "kind": "number", "decimal": ",", "unit": "€", "codes": [-200.0]},
                 {"name": "sold", "raw": "sold", "kind": "time", "formats": ["%d.%m.%Y"]},
                 {"name": "town", "raw": "town", "kind": "text", "words": ["unknown"],
                  "spellings": {"new york": "New York"}}]}
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

ISO = "ISO8601"
CURRENCIES = "$€£¥₹₽₩₺"
PARTS = {"hour": "hour", "weekday": "day_of_week", "month": "month"}
"""Of a time, what comes again, by pandas' name: 0 to 23, from Monday 0 to 6, 1 to 12."""
FEW = 32
"""Rows up to which cells are read one by one: for a single row, pandas' own steps cost ten times what they do."""
BLANKS = " \u00a0\u2007\u2009\u202f"
CLOCK = "h:mm:ss"
"""The unit of a column of times of day or durations, which are read as seconds."""
CLOCK_FORM = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?", re.ASCII)
_NUMBER = {
    ".": re.compile(rf"([1-9]\d{{0,2}}(?:[,'’{BLANKS}]\d{{3}})+|\d*)(?:\.(\d*))?([eE][+-]?\d+)?"),
    ",": re.compile(rf"([1-9]\d{{0,2}}(?:[.'’{BLANKS}]\d{{3}})+|\d*)(?:,(\d*))?([eE][+-]?\d+)?"),
}


def apply(reading: Mapping[str, Any], raw: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of `raw` that the reading knows, as numbers, times and text, with gaps as gaps.

    Parameters
    ----------
    reading : mapping
        What `reading.learn` found in the training table.
    raw : DataFrame
        A table as it comes. Columns may have their raw or their tidy names; unknown ones are left out, and missing
        ones stay missing.

    Returns
    -------
    DataFrame
        Numbers as float64, times as datetime64 without a zone (UTC), the rest as text. What cannot be read becomes a
        gap. Row labels and the order of the reading's columns are kept.
    """
    found = {
        column["name"]: _converted(raw.iloc[:, position], column, reading["gap_words"])
        for column, position in zip(reading["columns"], _positions(reading["columns"], raw.columns), strict=True)
        if position is not None
    }
    table = pd.DataFrame(found, index=range(len(raw)))
    table.index = raw.index
    return table


def _positions(columns: Sequence[Mapping[str, Any]], names: Iterable[Any]) -> list[int | None]:
    """Return where each column of the reading is: under its raw name, of which there may be several, or its tidy one.

    A table has one sort of names throughout: the raw ``a`` of one column may be the tidy name of another.
    """
    places: dict[tuple[str, int], int] = {}
    for position, name in enumerate(map(str, names)):
        nth = next(n for n in range(position + 1) if (name, n) not in places)
        places[name, nth] = position
    tidy = [places.get((column["name"], 0)) for column in columns]
    raw = [places.get((column["raw"], column.get("nth", 0))) for column in columns]
    if sum(place is not None for place in raw) > sum(place is not None for place in tidy):
        return raw
    known = {column["name"] for column in columns}
    return [
        other if place is None and column["raw"] not in known else place
        for column, place, other in zip(columns, tidy, raw, strict=True)
    ]


def convert(values: pd.Series, column: Mapping[str, Any], gap_words: Sequence[str]) -> pd.Series:
    """Return one column as its entry in the reading says."""
    return pd.Series(_converted(values, column, gap_words)).set_axis(values.index)


def _converted(values: pd.Series, column: Mapping[str, Any], gap_words: Sequence[str]) -> pd.Series | np.ndarray:
    words = [*column.get("gap_words", gap_words), *column.get("words", [])]
    if column["kind"] == "number" and "part" in column:
        # a tidy table has the part itself, a raw one the time
        is_part = values.dtype.kind in "iuf"
        return values.to_numpy(np.float64) if is_part else part_of(times(values, column, words), column["part"])
    kind = {"number": numbers, "time": times, "text": text}[column["kind"]]
    return kind(values, column, words)


def numbers(values: pd.Series, column: Mapping[str, Any], words: Sequence[str]) -> np.ndarray:
    """Return a column as float64; text is read with the column's decimal sign and unit."""
    found = _plain_numbers(values, column.get("decimal", "."))
    if found is None:
        found = _numbers_in_text(values, column, words)
    gaps = ~np.isfinite(found)
    if column.get("codes"):
        gaps |= np.isin(found, column["codes"])
    return np.where(gaps, np.nan, found)


def times(values: pd.Series, column: Mapping[str, Any], words: Sequence[str]) -> pd.Series:
    """Return a column as times without a zone: those with one are turned to UTC."""
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return values.dt.tz_convert(None).astype("datetime64[us]").reset_index(drop=True)
    if values.dtype.kind == "M":
        return values.astype("datetime64[us]").reset_index(drop=True)
    cells = text(values, {}, words)
    codes, unique = pd.factorize(cells)
    read = times_in(pd.Series(unique, dtype="str"), column.get("formats", [ISO])).to_numpy()
    taken = np.append(read, np.datetime64("NaT", "us"))[codes]
    return pd.Series(taken.astype("datetime64[us]"))


def part_of(times: pd.Series, part: str) -> np.ndarray:
    """Return one of `PARTS` of times, NaN for a gap."""
    return getattr(times.dt, PARTS[part]).to_numpy(np.float64, na_value=np.nan)


def times_in(cells: pd.Series, formats: Sequence[str]) -> pd.Series:
    """Return the times in distinct texts, each by the first format that fits; ISO 8601 is always tried first."""
    cells = cells.str.replace(r"\s?(?:UTC|GMT|Z)$", "Z", regex=True)
    found = _parsed(cells, ISO).where(cells.str.match(r"\d{4}-\d"))
    for one in formats:
        if one != ISO and found.isna().any():
            found = found.fillna(_parsed(cells, one))
    return found


def text(values: pd.Series, column: Mapping[str, Any], words: Sequence[str]) -> pd.Series:
    """Return a column as text without blanks around it, with gap words as gaps and each category in one spelling."""
    known = column.get("spellings", {})
    if len(values) <= FEW:
        bare = [_bare(cell, words) for cell in values.tolist()]
        return pd.Series([spelt(cell, known) if cell else cell for cell in bare], dtype="str")
    stripped = as_text(values).str.strip()
    cells = stripped.mask(is_word(stripped, words))
    if not known:
        return cells
    codes, unique = pd.factorize(cells)
    return pd.Series(pd.array([*(spelt(cell, known) for cell in unique), None], dtype="str")[codes])


def spelt(cell: str, known: Mapping[str, str]) -> str:
    """Return a category in the spelling by which it is known, if it is known in any."""
    return known.get(folded(cell), cell) if known else cell


def folded(cell: str) -> str:
    """Return what is left of a text where case and the number of blanks make no difference."""
    return " ".join(cell.split()).casefold()


def as_text(values: pd.Series) -> pd.Series:
    """Return each cell as the text a person would write: whole numbers without a decimal point."""
    if isinstance(values.dtype, pd.StringDtype):
        return values.astype("str").reset_index(drop=True)
    cells = values.astype(object).reset_index(drop=True)
    written = cells.map(_written, na_action="ignore")
    return written.where(cells.notna()).astype("str")


def is_word(cells: pd.Series, words: Sequence[str]) -> np.ndarray:
    """Return where a text is one of the words, in whatever case."""
    return cells.str.lower().isin(list(words)).to_numpy(bool)


def number_of(cell: str, decimal: str = ".", unit: str = "") -> float:
    """Return the number a person would read in a text, NaN if it is none.

    Thousands may be set apart by blanks, apostrophes or whichever of point and comma is not the decimal sign; a
    currency may stand at either end, the column's unit behind; brackets or a minus mean less than zero. Of a column of
    the unit `CLOCK` it is the seconds.
    """
    if unit == CLOCK:
        clock = CLOCK_FORM.fullmatch(cell.strip())
        return 3600.0 * int(clock[1]) + 60.0 * int(clock[2]) + float(clock[3] or 0) if clock else np.nan
    bare = cell.strip().strip(CURRENCIES).strip(BLANKS).replace("\u2212", "-")
    if unit and bare.endswith(unit):
        bare = bare.removesuffix(unit).strip(BLANKS)
    if unit and bare.startswith(unit):
        bare = bare.removeprefix(unit).strip(BLANKS)
    sign = -1.0 if bare.startswith("-") or (bare.startswith("(") and bare.endswith(")")) else 1.0
    bare = bare.strip("()") if bare.startswith("(") and bare.endswith(")") else bare[bare[:1] in ("+", "-") :]
    found = _NUMBER[decimal].fullmatch(bare.strip(CURRENCIES + BLANKS))
    if not found or not (found[1] or found[2]) or not _only_known(bare):
        return np.nan
    whole = re.sub(r"\D", "", found[1])
    return sign * float(f"{whole or '0'}.{found[2] or '0'}{found[3] or ''}")


def _only_known(bare: str) -> bool:
    """Return whether digits are plain ones; those of other scripts are digits to `re` too."""
    return all(letter.isascii() or letter in CURRENCIES + BLANKS + "’" for letter in bare)


def _plain_numbers(values: pd.Series, decimal: str) -> np.ndarray | None:
    """Return the numbers of a column that needs no reading; None if it has text in it."""
    if values.dtype.kind == "m":
        return values.dt.total_seconds().to_numpy(np.float64)
    if values.dtype.kind in "Mc" or isinstance(values.dtype, (pd.CategoricalDtype, pd.DatetimeTZDtype)):
        return None
    if values.dtype.kind in "iufb":
        return values.to_numpy(np.float64, na_value=np.nan)
    return cast(values) if isinstance(values.dtype, pd.StringDtype) and decimal == "." else None


def cast(values: pd.Series) -> np.ndarray | None:
    """Return the numbers of a text column that are all plainly written, by the quickest way there is; else None."""
    try:
        for part in (values.iloc[:100], values):  # text gives itself away in the first cells
            found = part.astype("double[pyarrow]")
    except (ValueError, TypeError, ImportError):
        return None
    return found.to_numpy(np.float64, na_value=np.nan)


def _numbers_in_text(values: pd.Series, column: Mapping[str, Any], words: Sequence[str]) -> np.ndarray:
    decimal, unit = column.get("decimal", "."), column.get("unit", "")
    cells = text(values, {}, words)
    found = cast(cells) if decimal == "." and not unit else None
    if found is None:
        codes, unique = pd.factorize(cells)
        read = np.array([number_of(cell, decimal, unit) for cell in unique], dtype=np.float64)
        found = np.append(read, np.nan)[codes]
    return _numbers_among(values, found) if values.dtype == object else found


def _numbers_among(values: pd.Series, found: np.ndarray) -> np.ndarray:
    """Take the cells that are numbers already as they are: only text has a decimal sign."""
    real = values.map(lambda cell: not isinstance(cell, str) and np.isscalar(cell)).to_numpy(bool)
    taken = found.copy()
    taken[real] = pd.to_numeric(values[real], errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return taken


def _parsed(cells: pd.Series, one: str) -> pd.Series:
    read = pd.to_datetime(cells, format=one, errors="coerce", utc=True)
    return read.dt.tz_localize(None).astype("datetime64[us]")


def _bare(cell: Any, words: Sequence[str]) -> str | None:
    """Return a cell as text, None for a gap."""
    if cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and cell != cell):
        return None
    bare = _written(cell).strip()
    return None if bare.lower() in words else bare


def _written(cell: Any) -> str:
    if isinstance(cell, bytes):
        return cell.decode("utf-8", errors="backslashreplace")
    if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
        return str(int(cell))
    return str(cell)
