"""Predictions into the database: each once, a batch whole or not at all, and counted by day as they are written."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import Connection, text

from lib import bulk, coercion, database

SERVED = "served"
"""The batch of rows that were asked for one request at a time."""
TRUTH = """LEFT JOIN labels l ON l.model_name = p.model_name AND l.row_key = p.row_key
    LEFT JOIN labels s ON p.batch = 'served' AND s.model_name = p.model_name AND s.row_key = p.input_hash
        AND substr(p.row_key, 1, 32) = p.input_hash"""
"""Joins to each prediction `p` the label of its row: by key, or, for a served row without a key of its own, by content.
"""
_ADD = """INSERT INTO predictions (model_name, batch, row_key, event_time, prediction, probability, probabilities,
    model_version, preprocessor_version, input_hash, at)"""
_ONCE = "ON CONFLICT (model_name, row_key, model_version, input_hash) DO NOTHING"


class Origin(NamedTuple):
    """What a batch's predictions have in common.

    Parameters
    ----------
    batch : str
        Its name, `SERVED` for rows that were asked for one request at a time.
    model_version : int
    preprocessor_version : str
        Of the steps before the estimator: a hash.
    source : str
        Where the rows came from, without a password.
    n_set_aside : int
        Rows that broke the contract, and are not among the predictions.
    inputs : str
        The file of the batch's features, as `archive` names it.
    """

    batch: str
    model_version: int
    preprocessor_version: str = ""
    source: str = ""
    n_set_aside: int = 0
    inputs: str = ""


def write(store, model_name: str, parts: Iterable[pd.DataFrame], origin: Origin, *, served=None) -> int:
    """Write a batch that comes in parts, all of it in one transaction; see `predictions.write`."""
    at = database.now()
    with bulk.alone(database.connect(store), model_name) as connection:
        last = _last_id(connection)
        seen = [_add(connection, model_name, part, origin, at) for part in parts]
        if served is not None:
            _keep_served(connection, model_name, served, parts)
        n_new = _count(connection, model_name, last)
        if origin.batch != SERVED:
            _note(connection, model_name, origin, n_new, at, seen)
    return n_new


def _last_id(connection: Connection) -> int:
    return connection.execute(text("SELECT coalesce(max(id), 0) FROM predictions")).scalar_one()


def _add(connection: Connection, model_name: str, part: pd.DataFrame, origin: Origin, at: str) -> tuple:
    """Add rows, and return how many they are with their first and last time."""
    times = times_as_text(part["event_time"])
    n = len(part)
    columns = [
        *([name] * n for name in (model_name, origin.batch)), part.index.tolist(), times, as_text(part["prediction"]),
        _values(part, "probability"), _values(part, "probabilities"), [origin.model_version] * n,
        [origin.preprocessor_version] * n, _values(part, "input_hash", part.index.tolist()), [at] * n,
    ]  # fmt: skip
    bulk.insert(connection, "predictions", _ADD, _ONCE, columns)
    return n, min(times, default=""), max(times, default="")


def _values(part: pd.DataFrame, name: str, otherwise: list | None = None) -> list:
    if name not in part:
        return otherwise or [None] * len(part)
    return part[name].astype(object).where(part[name].notna(), None).tolist()


def _keep_served(connection: Connection, model_name: str, inputs: pd.DataFrame, parts: Iterable[pd.DataFrame]) -> None:
    hashes = [value for part in parts for value in _values(part, "input_hash", part.index.tolist())]
    rows = inputs.reset_index(drop=True).to_json(orient="records", lines=True, date_format="iso", date_unit="us")
    columns = [[model_name] * len(inputs), inputs.index.tolist(), hashes, rows.splitlines()]
    add = "INSERT INTO served_inputs (model_name, row_key, input_hash, features)"
    bulk.insert(connection, "served_inputs", add, "ON CONFLICT DO NOTHING", columns)


def _count(connection: Connection, model_name: str, last: int) -> int:
    """Add the rows after `last` to what is counted by day, and return how many they are."""
    asked = {"model_name": model_name, "last": last}
    connection.execute(
        text(f"""INSERT INTO daily (model_name, model_version, day, n, total, squares, n_labelled)
            SELECT model_name, model_version, day, count(*), sum(value), sum(value * value), count(label)
            FROM (SELECT p.model_name, p.model_version, substr(p.event_time, 1, 10) AS day,
                    coalesce(p.probability, CAST(p.prediction AS DOUBLE PRECISION)) AS value,
                    coalesce(l.label, s.label) AS label
                FROM predictions p {TRUTH} WHERE p.id > :last AND p.model_name = :model_name) AS added
            WHERE true GROUP BY model_name, model_version, day
            ON CONFLICT (model_name, model_version, day) DO UPDATE SET n = daily.n + excluded.n,
                total = daily.total + excluded.total, squares = daily.squares + excluded.squares,
                n_labelled = daily.n_labelled + excluded.n_labelled"""),
        asked,
    )
    connection.execute(
        text("""INSERT INTO daily_classes (model_name, model_version, day, prediction, n)
            SELECT model_name, model_version, substr(event_time, 1, 10), prediction, count(*) FROM predictions
            WHERE id > :last AND model_name = :model_name AND probability IS NOT NULL
            GROUP BY model_name, model_version, substr(event_time, 1, 10), prediction
            ON CONFLICT (model_name, model_version, day, prediction) DO UPDATE SET n = daily_classes.n + excluded.n"""),
        asked,
    )
    query = "SELECT count(*) FROM predictions WHERE id > :last AND model_name = :model_name"
    return connection.execute(text(query), asked).scalar_one()


def _note(connection: Connection, model_name: str, origin: Origin, n_new: int, at: str, seen: list[tuple]) -> None:
    row = origin._asdict() | {
        "model_name": model_name, "n_rows": sum(n for n, _, _ in seen), "n_new": n_new, "at": at,
        "first_event": min((first for n, first, _ in seen if n), default=""),
        "last_event": max((last for n, _, last in seen if n), default=""),
    }  # fmt: skip
    del row["preprocessor_version"]
    connection.execute(
        text(f"""INSERT INTO batches ({", ".join(row)}) VALUES (:{", :".join(row)})
            ON CONFLICT (model_name, batch, model_version) DO NOTHING"""),
        row,
    )


def batch(store: str | Path, model_name: str, name: str, model_version: int) -> dict[str, Any] | None:
    """Return what is known of a batch that a version has predicted; None if it is not in the database, all of it."""
    query = "SELECT * FROM batches WHERE model_name = :m AND batch = :b AND model_version = :v"
    with database.connect(store).connect() as connection:
        found = connection.execute(text(query), {"m": model_name, "b": name, "v": model_version}).mappings().first()
    return dict(found) if found else None


def as_text(values: pd.Series) -> list[str]:
    """Return classes or numbers as the database has them: whole numbers without a decimal point, no digit lost."""
    codes, unique = pd.factorize(values)
    written = coercion.as_text(pd.Series(unique)).to_numpy(object)
    return written[codes].tolist()


def times_as_text(times: pd.Series) -> list[str]:
    """Return times as the database has them: ISO 8601, UTC, in milliseconds, so that text sorts as time."""
    codes, unique = pd.factorize(times.to_numpy("datetime64[ms]"))
    written = pd.Series(unique).dt.strftime("%Y-%m-%dT%H:%M:%S.%f").str[:-3] + "+00:00"
    return written.to_numpy(object)[codes].tolist()
