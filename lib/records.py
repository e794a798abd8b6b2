"""Predictions into the database: each once, a batch whole or not at all, and counted by day as they are written."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import Connection, text

from lib import bulk, coercion, database, tally

SERVED = "served"
"""The batch of rows that were asked for one request at a time."""
TRUTH = """LEFT JOIN labels l ON l.model_name = p.model_name AND l.row_key = p.row_key
    LEFT JOIN labels s ON p.batch = 'served' AND s.model_name = p.model_name AND s.row_key = p.input_hash
        AND substr(p.row_key, 1, 32) = p.input_hash"""
"""Joins to each prediction `p` the label of its row: by key, or, for a served row without a key of its own, by content.
"""
_ADD = """INSERT INTO predicted (model_name, batch, row_key, event_time, prediction, probability, probabilities,
    model_version, preprocessor_version, hash_beside_key, at)"""
_ONCE = "ON CONFLICT (row_key, model_version, model_name, hash_beside_key) DO NOTHING"


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


def write(
    store, model_name: str, parts: Iterable[pd.DataFrame], origin: Origin, *, served=None,
    ending: Callable[[Origin], Origin] = lambda origin: origin,
) -> int:  # fmt: skip
    """Write a batch that comes in parts, all of it in one transaction; see `predictions.write`.

    `ending` is called when all parts are there, before the batch is noted, and returns what is known of it by then.
    """
    at = database.now()
    with bulk.alone(database.connect(store), model_name) as connection:
        last = _last_id(connection)
        seen = [_add(connection, model_name, part, origin, at) for part in parts]
        if served is not None:
            _keep_served(connection, model_name, served, parts)
        n_new = _count(connection, model_name, origin.model_version, last, seen)
        if origin.batch != SERVED:
            _note(connection, model_name, ending(origin), n_new, at, seen)
    return n_new


class _Added(NamedTuple):
    """Of a part: its rows, those of them that are new, its first and its last time, and what is counted by day."""

    n: int
    n_new: int
    first: str
    last: str
    counted: tally.Tally


def _last_id(connection: Connection) -> int:
    return connection.execute(text("SELECT coalesce(max(id), 0) FROM predicted")).scalar_one()


def _add(connection: Connection, model_name: str, part: pd.DataFrame, origin: Origin, at: str) -> _Added:
    times, keys, answers = times_as_text(part["event_time"]), part.index.tolist(), as_text(part["prediction"])
    beside = _beside(keys, _values(part, "input_hash"), origin.batch)
    columns = [
        model_name, origin.batch, keys, times, answers, _values(part, "probability"), _values(part, "probabilities"),
        origin.model_version, origin.preprocessor_version, beside, at,
    ]  # fmt: skip
    n_new = bulk.insert(connection, "predicted", _ADD, _ONCE, columns)
    counted = tally.of(part["event_time"].to_numpy("datetime64[ms]"), answers, part.get("probability"))
    return _Added(len(part), n_new, min(times, default=""), max(times, default=""), counted)


def _beside(keys: list[str], hashes: list[str] | None, batch: str) -> list[str] | str:
    """Return hashes as the database has them: empty where the key of a batch begins with it; one text if all are."""
    hashes = hashes or keys
    if batch == SERVED:
        return hashes
    found = ["" if key[:32] == each else each for key, each in zip(keys, hashes, strict=True)]
    return "" if found.count("") == len(found) else found


def _values(part: pd.DataFrame, name: str) -> list | None:
    """Return a column's values with None for gaps; None for a column that is not there."""
    return part[name].astype(object).where(part[name].notna(), None).tolist() if name in part else None


def _keep_served(connection: Connection, model_name: str, inputs: pd.DataFrame, parts: Iterable[pd.DataFrame]) -> None:
    hashes = [value for part in parts for value in _values(part, "input_hash") or part.index.tolist()]
    rows = inputs.reset_index(drop=True).to_json(orient="records", lines=True, date_format="iso", date_unit="us")
    columns = [model_name, inputs.index.tolist(), hashes, rows.splitlines()]
    add = "INSERT INTO served_inputs (model_name, row_key, input_hash, features)"
    bulk.insert(connection, "served_inputs", add, "ON CONFLICT DO NOTHING", columns)


def _count(connection: Connection, model_name: str, model_version: int, last: int, seen: list[_Added]) -> int:
    """Add the rows after `last` to what is counted by day, and return how many they are."""
    n_new = sum(added.n_new for added in seen)
    counted = [added.counted for added in seen]
    if n_new < sum(added.n for added in seen):
        counted = tally.of_written(connection, model_name, last)
    tally.add(connection, model_name, model_version, counted)
    tally.add_labelled(connection, model_name, model_version, last, TRUTH)
    return n_new


def _note(connection: Connection, model_name: str, origin: Origin, n_new: int, at: str, seen: list[_Added]) -> None:
    row = origin._asdict() | {
        "model_name": model_name, "n_rows": sum(added.n for added in seen), "n_new": n_new, "at": at,
        "first_event": min((added.first for added in seen if added.n), default=""),
        "last_event": max((added.last for added in seen if added.n), default=""),
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
