"""A table scored with the champion: predictions into the database, inputs and what was set aside into files.

The work is done beside, part by part, and then takes its place in one step: rows of a call that died are never seen,
and the next call does the work again. The same table, by content, and the same version are scored once.
"""

import hashlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lib import (
    admission,
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
)
from lib.answers import Answerer
from lib.errors import InputError

PART = 50_000
"""Rows in memory at once."""
SET_ASIDE = "set_aside"
_PREDICTIONS, _INPUTS, _ASIDE = "predictions.parquet", "inputs.parquet", "set_aside.csv"


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
    """One table on its way: what is made of it lies beside until all of it is there."""

    def __init__(self, store: Path, answerer: Answerer, key: str, batch: str, work: Path):
        self.store, self.answerer, self.key, self.batch, self.work = store, answerer, key, batch, work
        self.n_seen = self.n_rows = self.n_set_aside = 0
        self.reports: list[pd.DataFrame] = []
        self._occurrences = rowkeys.Occurrences()
        self._writer: pq.ParquetWriter | None = None
        self._at = pd.Timestamp(database.now()).tz_convert(None)

    def run(self, where: sources.Source, shown: str) -> Scored:
        """Predict all parts, then put everything in its place."""
        self.work.mkdir(parents=True)
        try:
            archive.write_to(self.work / _INPUTS, filter(None, map(self._part, readers.parts(where, PART))))
        finally:
            if self._writer:
                self._writer.close()
        report = admission.together(self.reports)
        aside = self._keep_aside()
        if not self.n_rows:
            raise InputError(self._nothing(where, report, aside))
        n_new = self._take_place(shown)
        name, version = self.answerer.champion.model_name, self.answerer.champion.version
        lines = tuple(report.to_dict("records"))
        return Scored(name, version, self.batch, self.n_rows, n_new, self.n_set_aside, aside, lines)

    def _part(self, raw: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series] | None:
        """Predict some rows, and return their inputs and times; None if there is none among them."""
        raw = raw.set_axis(pd.RangeIndex(self.n_seen + 1, self.n_seen + 1 + len(raw), name="row"))
        self.n_seen += len(raw)
        found = admission.split(self.answerer.contract, self._with_keys(raw))
        self._set_aside(found.set_aside)
        self.reports.append(found.report)
        if found.usable.empty:
            return None
        X, rows = found.usable, raw.loc[found.usable.index]
        times = answers.event_times(self.answerer, rows)
        lanes = answers.hashes(X, times)
        hashed = rowkeys.as_text(lanes)
        answer = self.answerer.model.answer(X)
        table = answers.written(answer, times, hashed, self._at)
        index = pd.Index(self._keys(rows, lanes, hashed), name=archive.ROW_KEY)
        self._predicted(table.set_axis(index))
        return X.set_axis(index), table["event_time"]

    def _with_keys(self, raw: pd.DataFrame) -> pd.DataFrame:
        """Set the rows without a key aside."""
        if not self.key:
            return raw
        if self.key not in raw:
            raise InputError(
                f"The table has no column {self.key!r} of keys.{sources.nearest(self.key, map(str, raw))} "
                f"Its columns are: {', '.join(map(str, raw))}."
            )
        nameless = raw[self.key].isna()
        if nameless.any():
            self._set_aside(raw[nameless].assign(**{intake.WHY: f"{self.key} is missing, and names the row"}))
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

    def _predicted(self, table: pd.DataFrame) -> None:
        self.n_rows += len(table)
        texts = {"prediction": records.as_text(table["prediction"]), "input_hash": table["input_hash"].astype("str")}
        rows = pa.Table.from_pandas(table.assign(**texts).reset_index(), preserve_index=False)
        self._writer = self._writer or pq.ParquetWriter(self.work / _PREDICTIONS, rows.schema)
        self._writer.write_table(rows)

    def _keep_aside(self) -> str:
        if not self.n_set_aside:
            return ""
        target = _aside(self.store, self.answerer.champion.model_name, self.batch)
        target.parent.mkdir(parents=True, exist_ok=True)
        (self.work / _ASIDE).replace(target)
        return str(target)

    def _take_place(self, shown: str) -> int:
        """Move the inputs to where they are looked for, and write the predictions in one transaction."""
        answerer = self.answerer
        inputs = archive.keep(self.store, answerer.champion.model_name, self.batch, self.work / _INPUTS)
        origin = records.Origin(
            self.batch, answerer.champion.version, answerer.preprocessor_version, shown, self.n_set_aside, inputs
        )
        return records.write(self.store, answerer.champion.model_name, self._predictions(), origin)

    def _predictions(self) -> Iterator[pd.DataFrame]:
        with pq.ParquetFile(self.work / _PREDICTIONS) as file:
            for rows in file.iter_batches(batch_size=PART):
                yield rows.to_pandas().set_index(archive.ROW_KEY)

    def _nothing(self, where: sources.Source, report: pd.DataFrame, aside: str) -> str:
        if not self.n_seen:
            return f"The table {where} has no rows."
        found = "; ".join(
            f"{line.column}: expected {line.expected}, found {line.found}" for line in report.head(5).itertuples()
        )
        return f"None of the {self.n_seen} rows of {where} can be used. {found}. They are in {aside}, with the reasons."
