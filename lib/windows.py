"""The monitored windows: what 06_monitoring found in each stretch of time, kept in the store's database.

A window's `payload` is plain data, written as JSON: ``performance`` {metric, value, low, high, n} or None,
``estimated`` {metric, value, low, high} or None, ``residuals`` {metric, value, low, high, n} or None, ``shares``
[{class, expected, observed, low, high, effect}], ``drift``
[{column, kind, measure, effect, p_value, drifted, in_words, reference, current}] with the most drifted first,
``prediction`` (one entry of the same shape) or None, ``quality`` [{column, finding, n, share}], ``slices`` [{column,
value, n, score, low, high}], ``service`` {n, errors, p50_ms, p95_ms} or None, ``alarms`` [{name, severity, what, since,
value, limit, todo}], ``healthy`` (bool), ``bad`` [names of signals, alarms yet or not], ``in_words`` (str).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, text

from lib import database


@dataclass(frozen=True)
class Window:
    """One stretch of event time and what was found in it.

    Parameters
    ----------
    model_name : str
    model_version : int
        The version that made most of the predictions.
    start, end : str
        First moment, and first moment after the window: ISO 8601, UTC, without a zone.
    n : int
        Predictions in it.
    payload : mapping
        What was found; its keys are those of the module's description.
    at : str
        When it was monitored last; set when it is written.
    """

    model_name: str
    model_version: int
    start: str
    end: str
    n: int
    payload: Mapping[str, Any] = field(default_factory=dict)
    at: str = ""


def write(engine: Engine, found: Iterable[Window]) -> None:
    """Write windows, all or none; one that was monitored before is replaced, as when labels have come since."""
    rows = [
        {**vars(window), "payload": json.dumps(window.payload, default=str), "at": database.now()} for window in found
    ]
    query = """INSERT INTO windows (model_name, model_version, start, "end", n, payload, at)
        VALUES (:model_name, :model_version, :start, :end, :n, :payload, :at)
        ON CONFLICT (model_name, start, "end") DO UPDATE SET model_version = excluded.model_version, n = excluded.n,
        payload = excluded.payload, at = excluded.at"""
    if rows:
        with engine.begin() as connection:
            connection.execute(text(query), rows)


def read(engine: Engine, model_name: str, last: int | None = None) -> list[Window]:
    """Return the windows of a model, the oldest first; only the newest `last` of them, if that is given."""
    query = 'SELECT * FROM windows WHERE model_name = :model_name ORDER BY start DESC, "end" DESC'
    if last is not None:
        query += f" LIMIT {int(last)}"
    with engine.connect() as connection:
        rows = connection.execute(text(query), {"model_name": model_name}).mappings().all()
    return [Window(**{**row, "payload": json.loads(row["payload"])}) for row in reversed(rows)]


def ends(engine: Engine, model_name: str) -> list[str]:
    """Return when each window of a model ended, the oldest first."""
    query = 'SELECT "end" FROM windows WHERE model_name = :model_name ORDER BY start, "end"'
    with engine.connect() as connection:
        return list(connection.execute(text(query), {"model_name": model_name}).scalars())
