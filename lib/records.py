"""Predictions into the database: each once, a batch whole or not at all, and counted by day as they are written."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
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
_ADD = """INSERT INTO predicted (version_id, writing_id, served, row_key, event_ms, prediction, probability,
    probabilities, hash_beside_key)"""
_ONCE = "ON CONFLICT (row_key, version_id, hash_beside_key) DO NOTHING"


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
        writing = _writing(connection, model_name, origin, at)
        seen = [_add(connection, writing, part) for part in parts]
        if served is not None:
            _keep_served(connection, model_name, served, parts)
        n_new = _count(connection, model_name, origin.model_version, last, seen)
        if origin.batch != SERVED:
            _note(connection, model_name, ending(origin), n_new, at, seen)
    return n_new


class _Writing(NamedTuple):
    """What all rows of a call have in common, as the database numbers it."""

    version_id: int
    id: int
    is_served: bool


class _Added(NamedTuple):
    """Of a part: its rows, those of them that are new, its times, and what is counted by day."""

    n: int
    n_new: int
    times: np.ndarray
    counted: tally.Tally


def _last_id(connection: Connection) -> int:
    return connection.execute(text("SELECT coalesce(max(id), 0) FROM predicted")).scalar_one()


def _writing(connection: Connection, model_name: str, origin: Origin, at: str) -> _Writing:
    """Note a call that writes, and the version it writes for where that is the first time."""
    about = origin._asdict() | {"model_name": model_name, "at": at}
    connection.execute(
        text("""INSERT INTO versions (model_name, model_version) VALUES (:model_name, :model_version)
            ON CONFLICT (model_name, model_version) DO NOTHING"""),
        about,
    )
    version = "SELECT id FROM versions WHERE model_name = :model_name AND model_version = :model_version"
    about["version_id"] = connection.execute(text(version), about).scalar_one()
    connection.execute(
        text("""INSERT INTO writings (version_id, batch, preprocessor_version, at)
            VALUES (:version_id, :batch, :preprocessor_version, :at)"""),
        about,
    )
    newest = connection.execute(text("SELECT max(id) FROM writings WHERE version_id = :version_id"), about)
    return _Writing(about["version_id"], newest.scalar_one(), origin.batch == SERVED)


def _add(connection: Connection, writing: _Writing, part: pd.DataFrame) -> _Added:
    times, keys, answers = milliseconds(part["event_time"]), part.index.tolist(), as_text(part["prediction"])
    beside = _beside(keys, _values(part, "input_hash"), is_served=writing.is_served)
    columns = [
        writing.version_id, writing.id, int(writing.is_served), keys, times.tolist(), answers,
        _values(part, "probability"), _values(part, "probabilities"), beside,
    ]  # fmt: skip
    n_new = bulk.insert(connection, "predicted", _ADD, _ONCE, columns)
    counted = tally.of(times.view("datetime64[ms]"), answers, part.get("probability"))
    return _Added(len(part), n_new, times, counted)


def _beside(keys: list[str], hashes: list[str] | None, *, is_served: bool) -> list[str] | str:
    """Return hashes as the database has them: empty where the key of a batch begins with it; one text if all are."""
    hashes = hashes or keys
    if is_served:
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
        "first_event": _as_text(min((added.times.min() for added in seen if added.n), default=None)),
        "last_event": _as_text(max((added.times.max() for added in seen if added.n), default=None)),
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


def milliseconds(times: pd.Series) -> np.ndarray:
    """Return times, UTC without a zone, as the database has them: milliseconds since 1970."""
    return times.to_numpy("datetime64[ms]").view("int64")


def time_in_ms(time) -> int:
    """Return one time as the database has it."""
    stamp = pd.Timestamp(time)
    naive = stamp.tz_convert(None) if stamp.tzinfo else stamp
    return int(naive.to_datetime64().astype("datetime64[ms]").view("int64"))


def time_as_text(time) -> str:
    """Return one time as text that sorts as time: ISO 8601, UTC, in milliseconds."""
    return pd.Timestamp(time_in_ms(time), unit="ms").isoformat(timespec="milliseconds") + "+00:00"


def _as_text(time_ms) -> str:
    return "" if time_ms is None else time_as_text(pd.Timestamp(time_ms, unit="ms"))
