"""A table of the truth, brought to the predictions that it belongs to, whether they are there yet or not."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lib import admission, answers, coercion, readers, records, rowkeys, sources, truth
from lib.answers import Answerer
from lib.batches import PART
from lib.errors import InputError


@dataclass(frozen=True)
class Labelled:
    """What became of a table of labels.

    Parameters
    ----------
    model_name : str
    n_rows : int
        Rows of the table.
    n_new, n_corrected, n_unchanged : int
        Labels that were not known, that differ from the one before, and that were known.
    n_waiting : int
        New labels whose row has not been predicted yet; they are kept for it.
    n_without : int
        Rows without a label, or without a key: the truth may come later.
    n_unknown : int
        Rows whose label is none of the model's classes, or no number.
    unknown : tuple of str
        Some of these labels.
    """

    model_name: str
    n_rows: int = 0
    n_new: int = 0
    n_corrected: int = 0
    n_unchanged: int = 0
    n_waiting: int = 0
    n_without: int = 0
    n_unknown: int = 0
    unknown: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return asdict(self)


def label(store: str | Path, source: str, *, model: str = "", key: str = "", column: str = "") -> Labelled:
    """Add the truth of a table to the prediction database; the same table again changes nothing.

    Parameters
    ----------
    store : str or Path
    source : str
        As `sources` describes.
    model : str
        Which model, where the store has several.
    key : str
        The column that names the rows, as it was when they were scored; without it a row is known by its content.
    column : str
        The column with the truth; the model's target if empty.

    Raises
    ------
    InputError
        If there is no champion, no such table or column, no row, or no label in it that the model knows.
    """
    answerer = answers.in_use(store, model)
    reader = _Reader(answerer, key, column)
    where = sources.parse(sources.normalise(source))
    found = [reader.read(raw) for raw in readers.parts(where, PART)]
    if not found:
        raise InputError(f"The table {where} has no rows.")
    labels = pd.concat(found)
    n_rows, n_unknown = reader.n_rows, sum(reader.unknown.values())
    if n_unknown and labels.notna().sum() == 0:
        raise InputError(
            f"No label in {reader.column!r} is one that the model knows: found {_listed(reader)}, expected "
            f"{', '.join(map(repr, answerer.classes)) or 'numbers'}. Name the column of the truth with --label."
        )
    name = answerer.champion.model_name
    told = truth.add(store, name, labels)
    n_without = n_rows - n_unknown - int(labels.notna().sum())
    return Labelled(name, n_rows, *told, n_without, n_unknown, tuple(list(reader.unknown)[:5]))


def _listed(reader: "_Reader") -> str:
    return ", ".join(map(repr, list(reader.unknown)[:5]))


class _Reader:
    """Reads the labels of a table's parts, each with the key of its row."""

    def __init__(self, answerer: Answerer, key: str, column: str):
        contract = answerer.contract
        self.answerer, self.key = answerer, key
        self.entry = contract.get("label") or {"name": contract["target"], "raw": contract["target"]}
        self.column = column or self.entry["raw"]
        self._columns = [column] if column else [self.entry["raw"], self.entry["name"]]
        self.n_rows = 0
        self.unknown: dict[str, int] = {}
        self._classes = {name.casefold(): name for name in answerer.classes}
        self._occurrences = rowkeys.Occurrences()

    def read(self, raw: pd.DataFrame) -> pd.Series:
        """Return the labels of some rows, indexed by row key; gaps where there is none, or none that is known."""
        self.n_rows += len(raw)
        raw = raw.reset_index(drop=True)
        labels = self._labels(raw)
        keys = self._named(raw) if self.key else self._by_content(raw)
        return labels[keys.index].set_axis(keys.to_numpy()).astype(object)

    def _labels(self, raw: pd.DataFrame) -> pd.Series:
        name = next((name for name in self._columns if name in raw), None)
        if name is None:
            raise InputError(
                f"The table has no column {self.column!r} of labels.{sources.nearest(self.column, map(str, raw))} "
                "Name it with --label."
            )
        gap_words = self.answerer.contract["reading"]["gap_words"]
        kind = "text" if self._classes else "number"
        found = coercion.convert(raw[name], {**self.entry, "kind": kind}, gap_words)
        known = found.str.casefold().map(self._classes) if self._classes else found
        text = coercion.convert(raw[name], {**self.entry, "kind": "text"}, gap_words)
        for label, n in text[known.isna() & text.notna()].value_counts().items():
            self.unknown[label] = self.unknown.get(label, 0) + n
        return known

    def _named(self, raw: pd.DataFrame) -> pd.Series:
        if self.key not in raw:
            raise InputError(
                f"The table has no column {self.key!r} of keys.{sources.nearest(self.key, map(str, raw))} "
                f"Its columns are: {', '.join(map(str, raw))}."
            )
        named = raw.loc[~rowkeys.unfit(raw[self.key]), self.key]
        return pd.Series(records.as_text(named), index=named.index, dtype="str")

    def _by_content(self, raw: pd.DataFrame) -> pd.Series:
        """Return the keys of the rows that were scored: those that broke the contract count for nothing there, too."""
        try:
            usable = admission.split(self.answerer.contract, raw).usable
        except InputError as error:
            raise InputError(f"{error} Or name the column of keys with --key, as when the rows were scored.") from None
        lanes = answers.hashes(usable, answers.event_times(self.answerer, raw.loc[usable.index]))
        keys = rowkeys.keys(rowkeys.as_text(lanes), self._occurrences.add(lanes))
        return pd.Series(keys, index=usable.index, dtype="str")
