"""A raw table made tidy: what each column is, which cells are gaps, which names are alike, and a record of all of it.

`learn` finds out and changes nothing; `coercion.apply` does what was found, here and for every later table; `tidy` is
both, and lists as findings whatever the table has that a person should know, with what was done to how many cells.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lib import coercion, gaps, kinds, sources, suspects
from lib.errors import InputError

_POINT = r"(?:^|[^\d.,])(?:\d+\.(?:\d{1,2}|\d{4,})|0\.\d+)(?:[^\d.,]|$)"
"""A number whose point can only be a decimal sign: what is behind it is no group of three digits."""
KEPT = "cuaderno reading"
"""Of a tidy table's attributes, which Parquet keeps, the one that says how its raw table was read."""
FINDINGS = ["column", "finding", "evidence", "action", "n_cells"]


class Reading(NamedTuple):
    """A tidy table, what was found, how to read another one, and where its rows stand.

    ``findings`` has the columns column, finding, evidence, action and n_cells. ``places`` says where in the source each
    row stands, from 0 on; ``n_source`` how many rows the source has, where some were drawn because it is large, else 0.
    """

    table: pd.DataFrame
    findings: pd.DataFrame
    spec: dict[str, Any]
    places: np.ndarray
    n_source: int = 0

    @property
    def names(self) -> dict[str, str]:
        """The tidy name of each raw one; parts of a time have no raw name of their own."""
        return {column["raw"]: column["name"] for column in self.spec["columns"] if "part" not in column}


def tidy(raw: pd.DataFrame, *, target: str = "", gaps: Sequence[str] = ()) -> Reading:
    """Return a table with numbers, times and text for what was written, and every change on record.

    Parameters
    ----------
    raw : DataFrame of shape (n_rows, n_columns)
        The table as it came.
    target : str
        The column to predict: rows without it are dropped and counted, and its own values are never taken for codes.
    gaps : sequence of str
        What stands for a gap beside what is found: ``value`` in every column, ``column=value`` in one.

    Raises
    ------
    InputError
        If there is no such target, with the nearest names.
    """
    spec, notes = learn(raw, target=target, gaps=gaps)
    names = [column["name"] for column in spec["columns"]]
    target = target_name(names, raw.columns, target)
    table = coercion.apply(spec, raw.set_axis(names, axis=1)).reset_index(drop=True)
    table = pd.DataFrame({name: _whole(table[name], raw.iloc[:, i]) for i, name in enumerate(names)})
    places = np.flatnonzero(table[target].notna()) if target else np.arange(len(table))
    table, dropped = _with_target(table, target)
    notes = [*notes, *dropped, *suspects.notes(table, target)]
    return Reading(table, findings(notes), spec, places)


def learn(
    raw: pd.DataFrame, *, target: str = "", gaps: Sequence[str] = ()
) -> tuple[dict[str, Any], list[tuple[str, kinds.Note]]]:
    """Return the reading of a table, as plain JSON, and the notes by column.

    A tidy table that says how its raw table was read keeps that reading: it shows no decimal commas, codes or names
    any more, and yet a model of it has to read those of later tables.
    """
    names, notes = tidy_names(raw.columns)
    target = target_name(names, raw.columns, target)
    kept = raw.attrs.get(KEPT, {"columns": []})
    entries = {column["name"]: column for column in kept["columns"]}
    if entries.keys() >= set(names):
        return {**kept, "columns": [entries[name] for name in names]}, notes
    found = [_column(raw.iloc[:, i], name, name == target, gaps, ".") for i, name in enumerate(names)]
    if any(kind.entry.get("decimal") == "," for kind in found):
        found = [_column(raw.iloc[:, i], name, name == target, gaps, ",") for i, name in enumerate(names)]
    elif raw.attrs.get("delimiter") == ";" and not any(_writes(raw.iloc[:, i], _POINT) for i in range(raw.shape[1])):
        found = [
            _column(raw.iloc[:, i], name, name == target, gaps, ",") if _writes(raw.iloc[:, i], ",") else found[i]
            for i, name in enumerate(names)
        ]
    old = [str(name) for name in raw.columns]
    columns = [
        {"name": name, "raw": old[i], **({"nth": nth} if (nth := old[:i].count(old[i])) else {}), **kind.entry}
        for i, (name, kind) in enumerate(zip(names, found, strict=True))
    ]
    notes += [(name, note) for name, kind in zip(names, found, strict=True) for note in kind.notes]
    if above := raw.attrs.get("above"):
        notes.insert(0, ("", kinds.Note("lines above the names", repr(above[:80]), "left out", 0)))
    return {"gap_words": list(_gap_words(False)), "columns": columns}, notes


def _writes(values: pd.Series, pattern: str) -> bool:
    """Return whether a text column has a pattern in its first cells."""
    return isinstance(values.dtype, pd.StringDtype) and bool(values.iloc[:1000].str.contains(pattern).any())


def findings(notes: Iterable[tuple[str, kinds.Note]]) -> pd.DataFrame:
    """Return notes as a table, in the order in which they were found."""
    rows = [(column, *note) for column, note in notes]
    return pd.DataFrame(rows, columns=FINDINGS).astype(dict.fromkeys(FINDINGS[:-1], "str") | {"n_cells": "int64"})


def tidy_names(raw: Iterable[Any]) -> tuple[list[str], list[tuple[str, kinds.Note]]]:
    """Return names that are text, without blanks around them, none empty and no two alike, and what was changed."""
    names: list[str] = []
    notes = []
    for position, old in enumerate(raw):
        name = _unlike(_tidy_name(old) or f"column_{position + 1}", names)
        if name != str(old):
            notes.append((name, kinds.Note("name", f"was {str(old)!r}", "renamed", 0)))
        names.append(name)
    return names, notes


def _tidy_name(old: Any) -> str:
    text = "" if old is None or (isinstance(old, float) and np.isnan(old)) else str(old)
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text).replace("\ufeff", "")).strip()


def _unlike(name: str, names: Sequence[str]) -> str:
    taken, number, new = set(names), 1, name
    while new in taken:
        number += 1
        new = f"{name}_{number}"
    return new


def target_name(names: Sequence[str], raw: Iterable[Any], target: str, place: str = "The table") -> str:
    """Return the tidy name of the target, which may be given as it is in the file; `place` is for the message.

    Raises
    ------
    InputError
        If there is none, with the nearest names.
    """
    if not target:
        return ""
    by_raw = dict(zip(reversed([str(name) for name in raw]), reversed(names), strict=True))
    found = target if target in names else by_raw.get(target) or by_raw.get(_tidy_name(target))
    if found is None and _tidy_name(target) not in names:
        raise InputError(
            f"{place} has no column {target!r} to predict.{sources.nearest(target, names)} "
            f"Its columns are: {', '.join(names[:30])}{', …' if len(names) > 30 else ''}. Give one with -p target=NAME."
        )
    return found or _tidy_name(target)


def _gap_words(is_target: bool) -> tuple[str, ...]:
    return gaps.TARGET_WORDS if is_target else gaps.WORDS


def _column(values: pd.Series, name: str, is_target: bool, wanted: Sequence[str], decimal: str) -> kinds.Kind:
    """Return what one column is, and which of its numbers and words are gaps."""
    words, codes = gaps.asked(wanted, name)
    kind = kinds.kind_of(values, [*_gap_words(is_target), *words], decimal=decimal)
    entry, notes = dict(kind.entry), list(kind.notes)
    if words:
        entry["words"] = words
    if is_target:
        entry["gap_words"] = [*_gap_words(True), *words]
    if entry["kind"] == "number":
        found = coercion.convert(values, entry, _gap_words(is_target)).to_numpy()
        chosen, more = _codes(found, codes, is_target)
        notes += more
        if chosen:
            entry["codes"] = chosen
    return kinds.Kind(entry, notes)


def _codes(found: np.ndarray, asked: Sequence[float], is_target: bool) -> tuple[list[float], list[kinds.Note]]:
    """Return the numbers that are turned into gaps, and notes of these and of those that only may be gaps."""
    n_asked = {code: int((found == code).sum()) for code in asked}
    notes = [
        kinds.Note("gap code", f"{code:g} in {n} cells, as asked", "turned into gaps", n)
        for code, n in n_asked.items()
        if n
    ]
    left = np.where(np.isin(found, list(asked)), np.nan, found) if asked else found
    chosen = list(asked)
    for code in gaps.codes_in(left):
        if code.is_safe and not is_target:
            chosen.append(code.value)
            notes.append(kinds.Note("gap code", code.evidence, "turned into gaps", code.n_cells))
        else:
            notes.append(kinds.Note("gap code?", code.evidence, f"kept; -p gaps={code.value:g} makes it a gap", 0))
    return chosen, notes


def _whole(values: pd.Series, raw: pd.Series) -> pd.Series:
    """Return whole numbers without gaps as integers, where the raw column had no decimal point."""
    if values.dtype.kind != "f" or raw.dtype.kind == "f" or raw.dtype == object:
        return values
    if values.isna().any() or not (values == np.floor(values)).all() or values.abs().max() > kinds.EXACT_INTEGER:
        return values
    is_text = isinstance(raw.dtype, pd.StringDtype)
    return values if is_text and raw.str.contains("[.eE]").any() else values.astype("int64")


def _with_target(table: pd.DataFrame, target: str) -> tuple[pd.DataFrame, list[tuple[str, kinds.Note]]]:
    """Drop the rows whose target is missing, and say how many."""
    if not target or not (missing := table[target].isna()).any():
        return table, []
    n_missing = int(missing.sum())
    evidence = f"{n_missing} of {len(table)} rows have no {target}"
    kept = table[~missing].reset_index(drop=True)
    if kept[target].dtype.kind == "f" and (kept[target] == np.floor(kept[target])).all():
        kept[target] = kept[target].astype("int64")
    return kept, [(target, kinds.Note("missing target", evidence, "rows left out", n_missing))]
