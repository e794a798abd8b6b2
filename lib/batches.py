"""A table scored with the champion: predictions into the database, inputs and what was set aside into files.

The work is done part by part, and takes its place in one step: rows of a call that died are never seen, and the next
call does the work again. The same table, by content, and the same version are scored once.
"""

import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lib import (
    admission,
    ahead,
    answers,
    archive,
    database,
    fingerprints,
    intake,
    locks,
    readers,
    records,
    rowkeys,
    schema,
    sources,
    threads,
)
from lib.answers import Answerer
from lib.errors import InputError

PART = 50_000
"""Rows in memory at once."""
SET_ASIDE = "set_aside"
_INPUTS, _ASIDE = "inputs.parquet", "set_aside.csv"


@dataclass(frozen=True)
class Scored:
    """What became of a table.

    Parameters
    ----------
    model_name : str
    model_version : int
    batch : str
        Its name: the source's, and a hash of its content.
    n_rows : int
        Rows that were predicted.
    n_new : int
        Predictions that the database did not have.
    n_set_aside : int
        Rows that broke the contract.
    set_aside : str
        The file they are in, with the reasons; empty if there are none.
    report : list of dict
        Each column and expectation that was not met.
    """

    model_name: str
    model_version: int
    batch: str
    n_rows: int = 0
    n_new: int = 0
    n_set_aside: int = 0
    set_aside: str = ""
    report: tuple[dict[str, Any], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return {**asdict(self), "report": list(self.report)}


def score(store: str | Path, source: str, *, model: str = "", key: str = "") -> Scored:
    """Predict a table with the champion and write it to the prediction database; the same table again changes nothing.

    Parameters
    ----------
    store : str or Path
    source : str
        As `sources` describes.
    model : str
        Which model, where the store has several.
    key : str
        The column that names the rows; without it a row is known by its content.

    Raises
    ------
    InputError
        If there is no champion or no such table, a required column is missing, or no row of it can be used.
    """
    store, given = Path(store), sources.normalise(source)
    answerer = answers.in_use(store, model)
    name, version = answerer.champion.model_name, answerer.champion.version
    batch = name_of(given, key)
    work = store / "staging" / archive.safe(name) / f"{archive.safe(batch)}-v{version}"
    with locks.hold(work.with_suffix(".lock"), f"scoring {batch}"):
        # What a call that died has left.
        shutil.rmtree(work, ignore_errors=True)
        known = records.batch(store, name, batch, version)
        if known:
            aside = _aside(store, name, batch) if known["n_set_aside"] else ""
            return Scored(name, version, batch, known["n_rows"], 0, known["n_set_aside"], str(aside))
        try:
            return _Scoring(store, answerer, key, batch, work).run(sources.parse(given), sources.shown(given))
        finally:
            shutil.rmtree(work, ignore_errors=True)


def name_of(given: str, key: str = "") -> str:
    """Return a batch's name: what the source is called, and a hash of its content."""
    digest = hashlib.sha256(f"{fingerprints.of_source(given)} {key}".encode()).hexdigest()[:10]
    where = sources.parse(given)
    called = f"{where.place}-{where.part}" if where.kind == "demo" else Path(where.place).name
    called = "sql" if where.kind == "sql" else called.split(".")[0]
    return f"{re.sub(r'[^0-9A-Za-z_.-]+', '_', called).strip('-_')}-{digest}"


def _aside(store: Path, model_name: str, batch: str) -> Path:
    return store / SET_ASIDE / archive.safe(model_name) / f"{archive.safe(batch)}.csv"


class _Scoring:
    """One table on its way: parts are predicted while those before are written, and none seen before all are there."""

    def __init__(self, store: Path, answerer: Answerer, key: str, batch: str, work: Path):
        self.store, self.answerer, self.key, self.batch, self.work = store, answerer, key, batch, work
        self.n_seen = self.n_rows = self.n_set_aside = 0
        self.reports: list[pd.DataFrame] = []
        self.aside = ""
        self._occurrences = rowkeys.Occurrences()
        self._at = pd.Timestamp(database.now()).tz_convert(None)

    def run(self, where: sources.Source, shown: str) -> Scored:
        """Predict all parts and write them in one transaction."""
        self.work.mkdir(parents=True)
        about, version = self.answerer.champion, self.answerer.champion.version
        origin = records.Origin(self.batch, version, self.answerer.preprocessor_version, shown)
        with closing(self._tables(where)) as tables:
            # The database is held from the first part on, not while a source is still thinking.
            first = next(tables, None)
            if first is None:
                raise InputError(self._nothing(where))
            n_new = records.write(self.store, about.model_name, chain([first], tables), origin, ending=self._ending)
        lines = tuple(admission.together(self.reports).to_dict("records"))
        return Scored(about.model_name, version, self.batch, self.n_rows, n_new, self.n_set_aside, self.aside, lines)

    def _tables(self, where: sources.Source) -> Iterator[pd.DataFrame]:
        """Yield what is to be written of each part, and keep its inputs, while the next one is predicted."""
        with closing(ahead.of(self._predicted(where))) as parts, archive.Writer(self.work / _INPUTS) as kept:
            for rows, X, answer in parts:
                times = answers.event_times(self.answerer, rows)
                lanes = answers.hashes(X, times)
                hashed = rowkeys.as_text(lanes)
                index = pd.Index(self._keys(rows, lanes, hashed), name=archive.ROW_KEY)
                table = answers.written(answer, times, hashed, self._at).set_axis(index)
                kept.add(X.set_axis(index), table["event_time"])
                self.n_rows += len(table)
                yield table

    def _predicted(self, where: sources.Source) -> Iterator[tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]]:
        """Yield the rows of each part that can be used, as they came and as the model takes them, and its answer."""
        with threads.beside_one():
            for raw in readers.parts(where, PART):
                rows, X = self._usable(raw)
                if len(X):
                    yield rows, X, self.answerer.model.answer(X)

    def _usable(self, raw: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        raw = raw.set_axis(pd.RangeIndex(self.n_seen + 1, self.n_seen + 1 + len(raw), name="row"))
        self.n_seen += len(raw)
        found = admission.split(self.answerer.contract, self._with_keys(raw))
        self._set_aside(found.set_aside)
        self.reports.append(found.report)
        X = found.usable
        return (raw if len(X) == len(raw) else raw.loc[X.index]), X

    def _with_keys(self, raw: pd.DataFrame) -> pd.DataFrame:
        """Set the rows without a key aside."""
        if not self.key:
            return raw
        if self.key not in raw:
            raise InputError(
                f"The table has no column {self.key!r} of keys.{sources.nearest(self.key, map(str, raw))} "
                f"Its columns are: {', '.join(map(str, raw))}."
            )
        nameless = rowkeys.unfit(raw[self.key])
        if nameless.any():
            fit = f"at most {rowkeys.LONGEST} characters, none of them zero"
            self._set_aside(raw[nameless].assign(**{intake.WHY: f"{self.key} is missing or no name of a row: {fit}"}))
            line = schema.line(self.key, "a key in each row", raw.loc[nameless, self.key], schema.SET_ASIDE)
            self.reports.append(pd.DataFrame([line], columns=schema.REPORT))
        return raw[~nameless]

    def _keys(self, rows: pd.DataFrame, lanes: np.ndarray, hashed: list[str]) -> list[str]:
        if self.key:
            return records.as_text(rows[self.key])
        return rowkeys.keys(hashed, self._occurrences.add(lanes))

    def _set_aside(self, rows: pd.DataFrame) -> None:
        self.n_set_aside += len(rows)
        if len(rows):
            path = self.work / _ASIDE
            rows.to_csv(path, mode="a", header=not path.exists(), encoding="utf-8")

    def _ending(self, origin: records.Origin) -> records.Origin:
        """Put the files in their places, when all is predicted and before that is noted."""
        self.aside = self._keep_aside()
        inputs = archive.keep(self.store, self.answerer.champion.model_name, self.batch, self.work / _INPUTS)
        return origin._replace(n_set_aside=self.n_set_aside, inputs=inputs)

    def _keep_aside(self) -> str:
        if not self.n_set_aside:
            return ""
        target = _aside(self.store, self.answerer.champion.model_name, self.batch)
        target.parent.mkdir(parents=True, exist_ok=True)
        (self.work / _ASIDE).replace(target)
        return str(target)

    def _nothing(self, where: sources.Source) -> str:
        if not self.n_seen:
            return f"The table {where} has no rows."
        found = "; ".join(
            f"{line.column}: expected {line.expected}, found {line.found}"
            for line in admission.together(self.reports).head(5).itertuples()
        )
        kept = f"They are in {self._keep_aside()}, with the reasons."
        return f"None of the {self.n_seen} rows of {where} can be used. {found}. {kept}"
