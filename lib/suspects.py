"""Columns that deserve a question before a model sees them: identifiers, free text, constants, copies."""

import numpy as np
import pandas as pd

from lib import gaps
from lib.kinds import Note

MANY_CATEGORIES = 50
NEARLY_ALL = 0.95
WORDS_OF_FREE_TEXT = 3.5
SAMPLE = 1000


def notes(table: pd.DataFrame, target: str = "") -> list[tuple[str, Note]]:
    """Return what is remarkable of a tidy table's columns and rows; nothing is changed.

    Parameters
    ----------
    table : DataFrame of shape (n_samples, n_columns)
        A table that `reading.tidy` has made tidy.
    target : str
        The column to predict, of which only a constant is remarkable.
    """
    found = [(name, note) for name in table if name != target for note in _of_column(table[name])]
    return [*found, *_names_alike(table), *_copies(table), *_equal_rows(table)]


def is_free_text(values: pd.Series) -> bool:
    """Return whether a column of text holds sentences rather than names or categories."""
    known = values.dropna()
    n_unique = known.nunique()
    return n_unique > 20 and n_unique > 0.5 * len(known) and _words(known) >= WORDS_OF_FREE_TEXT


def _words(known: pd.Series) -> float:
    return float(known.iloc[:SAMPLE].str.count(r"\s+").mean() + 1)


def _of_column(values: pd.Series) -> list[Note]:
    if not values.notna().any():
        return [Note("empty", "no cell is filled", "kept in the table; nothing can be learnt from it", 0)]
    if _is_constant(values):
        value = values.dropna().iloc[0]
        return [Note("constant", f"only {str(value)!r}", "kept in the table; nothing can be learnt from it", 0)]
    if values.dtype.kind in "iu":
        return _number_identifier(values)
    return [] if values.dtype.kind in "fM" else _of_text(values)


def _is_constant(values: pd.Series) -> bool:
    known = values.dropna()
    return bool((known.iloc[:SAMPLE] == known.iloc[0]).all() and (known == known.iloc[0]).all())


def _number_identifier(values: pd.Series) -> list[Note]:
    """Note whole numbers that number the rows: no two alike, and rising with the rows."""
    cells = values.to_numpy()
    if len(cells) < 20 or not (np.diff(cells) > 0).all():
        return []
    return [
        Note("identifier", f"whole numbers that rise with the rows, {cells[0]} to {cells[-1]}", "kept; see below", 0)
    ]


def _of_text(values: pd.Series) -> list[Note]:
    known = values.dropna()
    n_unique = known.nunique()
    share = n_unique / len(known)
    found = _maybe_gaps(known)
    if is_free_text(known):
        return [*found, Note("free text", f"{_words(known):.1f} words a cell, {n_unique} different cells", "kept", 0)]
    if share >= NEARLY_ALL and n_unique > 20:
        return [*found, Note("identifier", f"{n_unique} different texts in {len(known)} cells", "kept", 0)]
    if n_unique > MANY_CATEGORIES:
        return [*found, Note("many categories", f"{n_unique} categories in {len(known)} cells", "kept", 0)]
    return [*found, *_spellings(known)]


def _maybe_gaps(known: pd.Series) -> list[Note]:
    doubtful = gaps.maybe_words(known)
    if doubtful.empty:
        return []
    word = doubtful.iloc[0]
    evidence = f"{word!r} in {len(doubtful)} cells"
    return [Note("gap word?", evidence, f"kept as a category; -p gaps={word} makes it a gap", 0)]


def _spellings(known: pd.Series) -> list[Note]:
    """Note categories that differ in case alone and were not merged: their case may mean something."""
    unique = pd.Series(known.unique(), dtype="str")
    folded = unique.str.casefold()
    twice = unique[folded.duplicated(keep=False)]
    if twice.empty:
        return []
    return [
        Note(
            "spellings",
            ", ".join(map(repr, twice.head(4))),
            "kept apart: case may tell them apart; write alike what is one",
            0,
        )
    ]


def _names_alike(table: pd.DataFrame) -> list[tuple[str, Note]]:
    """Note names that differ in case or in signs alone."""
    bare = pd.Series([str(name) for name in table], dtype="str").str.casefold().str.replace(r"[\W_]+", "", regex=True)
    first = dict(zip(reversed(bare.tolist()), reversed(list(table)), strict=True))
    again = [(name, first[key]) for name, key in zip(table, bare, strict=True) if key and first[key] != name]
    return [(name, Note("names alike", f"{name!r} and {other!r}", "kept", 0)) for name, other in again]


def _copies(table: pd.DataFrame) -> list[tuple[str, Note]]:
    """Note columns that repeat an earlier one, cell by cell."""
    first: dict[tuple, list[str]] = {}
    found = []
    for name in table:
        key = (table[name].dtype.kind, *table[name].iloc[:50].astype(str))
        for other in first.setdefault(key, []):
            if table[name].equals(table[other]):
                found.append((name, Note("duplicate column", f"the same cells as {other!r}", "kept", 0)))
                break
        else:
            first[key].append(name)
    return found


def _equal_rows(table: pd.DataFrame) -> list[tuple[str, Note]]:
    if table.shape[1] < 2 or table.empty:
        return []
    n_equal = int(pd.util.hash_pandas_object(table, index=False).duplicated().sum())
    if not n_equal:
        return []
    evidence = f"{n_equal} of {len(table)} rows repeat an earlier one"
    return [("", Note("equal rows", evidence, "kept; they may stand on both sides of the split", 0))]
