"""The server's desk: waiting requests are read, predicted together by the champion of the moment, and written down.

All that wait are answered with one prediction, for most of what a prediction of one row costs is the same for many.
"""

import json
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lib import answers, database, payloads, portable, records, rowkeys, shortcut
from lib.answers import Answerer
from lib.cells import Column, Reader, Refused

_logger = logging.getLogger(__name__)
_TIME = {"gaps": True}


class Failed(Exception):
    """The model could not answer; why is in the server's log."""


@dataclass
class Asked:
    """A request: what came, and what becomes of it: an answer, or the reason why there is none.

    Parameters
    ----------
    body : bytes
    content_type : str
    """

    body: bytes
    content_type: str
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    rows: Sequence[Any] = ()
    cells: dict[str, list] = field(default_factory=dict)
    keys: list[str | None] = field(default_factory=list)
    times: list[str | None] = field(default_factory=list)
    answer: list[dict[str, Any]] | None = None
    version: int = 0
    error: Exception | None = None


class Desk:
    """Answers requests with one champion.

    Parameters
    ----------
    answerer : Answerer
    key : str
        The column by which requests name their rows; without it a row is known by its content and its request.
    """

    def __init__(self, answerer: Answerer, key: str = ""):
        self.answerer, self.key = answerer, key
        self.reader = Reader(answerer.contract)
        self.names = list(dict.fromkeys(column.raw for column in self.reader.columns))
        self._time = self._time_column()
        self._shortcut = shortcut.of(answerer.model.estimator, self.reader.kinds)
        if self._shortcut is not None:
            self._last_step = portable.Model(answerer.model.estimator[-1], answerer.contract)

    def _time_column(self) -> Column | None:
        name = self.answerer.champion.info.get("time_column")
        entry = self.answerer.contract.get("time") or {"name": name, "raw": name}
        gap_words = self.answerer.contract["reading"]["gap_words"]
        return Column({**entry, "kind": "time"}, _TIME, gap_words, needed=False) if name else None

    def answer(self, waiting: Sequence[Asked]) -> dict[str, Any] | None:
        """Answer what can be answered, and return what is to be written down before the answers leave."""
        for asked in waiting:
            self._read(asked)
        good = [asked for asked in waiting if asked.error is None]
        if not good:
            return None
        try:
            return self._predict(good)
        except Exception:  # whatever a model raises is no reason to leave the others without an answer
            if len(good) == 1:
                _logger.exception("version %s could not answer", self.answerer.champion.version)
                good[0].error = Failed()
                return None
        return _together([self.answer([asked]) for asked in good])

    def _read(self, asked: Asked) -> None:
        try:
            asked.rows = payloads.rows_of(asked.body, asked.content_type, self.names)
            asked.cells = self.reader.read(asked.rows)
            asked.keys = [self._key(row, n) for n, row in enumerate(asked.rows)]
            asked.times = [self._happened(row, n) for n, row in enumerate(asked.rows)]
        except (Refused, payloads.Malformed) as error:
            asked.error = error
        except Exception:  # what nobody thought of must not take the other requests with it
            _logger.exception("a request could not be read")
            asked.error = Failed()

    def _key(self, row: Any, n: int) -> str | None:
        if not self.key:
            return None
        found = row.get(self.key)
        if found is None or isinstance(found, (list, dict)) or not str(found).strip():
            raise Refused(f"Row {n}: column {self.key!r} names the row, and is missing.", self.key, n)
        key = records.as_text(pd.Series([found], dtype=object))[0]
        if "\0" in key or len(key) > rowkeys.LONGEST:
            told = f"has at most {rowkeys.LONGEST} characters, none of them zero"
            raise Refused(f"Row {n}: column {self.key!r} names the row, and {told}.", self.key, n)
        return key

    def _happened(self, row: Any, n: int) -> str | None:
        if self._time is None:
            return None
        name = self._time.name if self._time.name in row else self._time.raw
        try:
            found = self._time.read(row.get(name))
        except Refused as refused:
            raise Refused(f"Row {n}, column {name!r}: {refused.message}.", name, n) from None
        return None if found != found else str(found)

    def _predict(self, good: Sequence[Asked]) -> dict[str, Any]:
        cells = {name: [cell for asked in good for cell in asked.cells[name]] for name in good[0].cells}
        answer = self._answered(cells)
        columns = {name: values.tolist() for name, values in answer.items()}
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        start = 0
        for asked in good:
            asked.answer = rows[start : start + len(asked.rows)]
            asked.version = self.answerer.champion.version
            start += len(asked.rows)
        return self._record(good, cells, columns)

    def _answered(self, cells: dict[str, list]) -> dict[str, np.ndarray]:
        if self._shortcut is None:
            return self.answerer.model.columns(self.reader.frame(cells))
        return self._last_step.columns(self._shortcut(cells))

    def _record(self, good: Sequence[Asked], cells: dict[str, list], columns: dict[str, list]) -> dict[str, Any]:
        champion = self.answerer.champion
        return {
            "model_name": champion.model_name,
            "model_version": champion.version,
            "preprocessor_version": self.answerer.preprocessor_version,
            "at": database.now(),
            "ids": [f"{asked.id}-{n}" for asked in good for n in range(len(asked.rows))],
            "keys": [key for asked in good for key in asked.keys],
            "times": [time for asked in good for time in asked.times],
            "kinds": self.reader.kinds,
            "cells": {name: [_plain(cell) for cell in found] for name, found in cells.items()},
            "answer": columns,
        }


def _plain(cell: Any) -> Any:
    if cell != cell:
        return None
    return cell if isinstance(cell, (float, str)) else str(cell)


def _together(written: list[dict[str, Any] | None]) -> dict[str, Any] | None:
    """Return the records of several answers as one."""
    kept = [record for record in written if record]
    if not kept:
        return None
    joined = dict(kept[0])
    for name in ("ids", "keys", "times"):
        joined[name] = [value for record in kept for value in record[name]]
    for name in ("cells", "answer"):
        joined[name] = {key: [v for record in kept for v in record[name][key]] for key in kept[0][name]}
    return joined


def write(store: str | Path, lines: Sequence[dict[str, Any]]) -> int:
    """Bring what a server wrote down to the database, and return how many rows were new there."""
    groups: dict[tuple, list[dict[str, Any]]] = {}
    for line in lines:
        groups.setdefault((line["model_name"], line["model_version"], json.dumps(line["kinds"])), []).append(line)
    return sum(_write(store, group) for group in groups.values())


def _write(store: str | Path, lines: Sequence[dict[str, Any]]) -> int:
    first = lines[0]
    X = pd.DataFrame({name: _joined(lines, "cells", name, _TYPES[kind]) for name, kind in first["kinds"].items()})
    times = pd.Series([time for line in lines for time in line["times"]], dtype="datetime64[us]")
    hashed = answers.texts(answers.hashes(X, times if times.notna().any() else None))
    answer = pd.DataFrame({name: _joined(lines, "answer", name) for name in first["answer"]})
    at = pd.to_datetime([line["at"] for line in lines for _ in line["ids"]], utc=True).tz_localize(None)
    table = answers.written(answer, times.fillna(pd.Series(at)), hashed, at[0])
    named = [(key, made) for line in lines for key, made in zip(line["keys"], line["ids"], strict=True)]
    keys = [f"{content}/{made}" if key is None else key for content, (key, made) in zip(hashed, named, strict=True)]
    index = pd.Index(keys, name="row_key")
    origin = records.Origin(records.SERVED, first["model_version"], first["preprocessor_version"])
    table, X = table.set_axis(index), X.set_axis(index)
    return records.write(store, first["model_name"], [table], origin, served=X)


_TYPES = {"number": "float64", "time": "datetime64[us]", "text": "str"}


def _joined(lines: Sequence[dict[str, Any]], what: str, name: str, dtype: str | None = None) -> pd.Series:
    """Return a column of all lines at once: a frame for each line would cost the server more than its answers do."""
    return pd.Series([cell for line in lines for cell in line[what][name]], dtype=dtype)
