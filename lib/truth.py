"""The truth into the database: labels in any order, each once, and every correction on record."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd
from sqlalchemy import Connection, text

from lib import bulk, database, records
from lib.tables import OF_MODEL


class Labelled(NamedTuple):
    """How many labels were new, how many corrected one before, how many were known; and how many wait for their row."""

    new: int
    corrected: int
    unchanged: int
    waiting: int


def add(store: str | Path, model_name: str, labels: pd.Series) -> Labelled:
    """Add the truth, before or after its predictions; a label that differs from the one before corrects it.

    Parameters
    ----------
    labels : Series of shape (n_rows,)
        Indexed by row key; gaps are left out, and of several for one row the last counts.
    """
    known = labels[labels.notna()]
    known = known[~known.index.duplicated(keep="last")]
    at = database.now()
    with bulk.alone(database.connect(store), model_name) as connection:
        columns = [known.index.tolist(), records.as_text(known)]
        bulk.stage(connection, "arrived", ("row_key", "label"), columns)
        return _merge(connection, {"model_name": model_name, "at": at}, len(known))


def _merge(connection: Connection, asked: dict, n: int) -> Labelled:
    """Bring the labels in the temporary table `arrived` into the database."""
    old = "labels l JOIN arrived a ON a.row_key = l.row_key WHERE l.model_name = :model_name"
    execute = lambda query: connection.execute(text(query), asked)  # noqa: E731
    n_old = execute(f"SELECT count(*) FROM {old}").scalar_one()
    corrected = execute(
        f"""INSERT INTO label_corrections (model_name, row_key, before, before_at, after, at)
            SELECT l.model_name, l.row_key, l.label, l.at, a.label, :at FROM {old} AND l.label <> a.label"""
    ).rowcount
    execute(
        """UPDATE labels SET label = a.label, at = :at FROM arrived a
            WHERE labels.model_name = :model_name AND labels.row_key = a.row_key AND labels.label <> a.label"""
    )
    execute(
        """DELETE FROM arrived WHERE EXISTS
            (SELECT 1 FROM labels l WHERE l.model_name = :model_name AND l.row_key = arrived.row_key)"""
    )
    waiting = _count_labelled(execute)
    execute("INSERT INTO labels SELECT :model_name, row_key, label, :at FROM arrived")
    return Labelled(n - n_old, corrected, n_old - corrected, waiting)


def _count_labelled(execute) -> int:
    """Count the predictions of the labels in `arrived` by day, and return how many labels have none."""
    # A cross join is followed in its order by SQLite, which knows nothing of how few the arrived are.
    met = f"""(SELECT p.model_version, p.event_time, found.row_key FROM (
            SELECT r.id, a.row_key FROM arrived a CROSS JOIN predicted r WHERE r.row_key = a.row_key
            UNION ALL SELECT r.id, a.row_key FROM arrived a CROSS JOIN predicted r WHERE r.served = 1
                AND r.hash_beside_key = a.row_key AND substr(r.row_key, 1, 32) = a.row_key AND r.row_key <> a.row_key
        ) AS found JOIN predictions p ON p.id = found.id AND {OF_MODEL})"""
    execute(
        f"""UPDATE daily SET n_labelled = n_labelled + met.n FROM (
                SELECT model_version, substr(event_time, 1, 10) AS day, count(*) AS n FROM {met} AS one
                GROUP BY model_version, substr(event_time, 1, 10)) AS met
            WHERE daily.model_name = :model_name AND daily.model_version = met.model_version AND daily.day = met.day"""
    )
    return execute(f"SELECT count(*) FROM arrived WHERE row_key NOT IN (SELECT row_key FROM {met} AS one)").scalar_one()
