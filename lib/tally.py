"""What is counted by day of the predictions as they are written, so that nobody has to look at all of them later."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from sqlalchemy import Connection, text

from lib.tables import OF_MODEL

_PART = 50_000


class Tally(NamedTuple):
    """Of some predictions: `n`, `total` and `squares` by day, and `n` by day and prediction where these are classes."""

    days: pd.DataFrame
    classes: pd.DataFrame


def of(times: np.ndarray, answers: Sequence, probability: np.ndarray | None) -> Tally:
    """Count predictions.

    Parameters
    ----------
    times : array of datetime64 of shape (n_rows,)
    answers : sequence of shape (n_rows,)
        Classes, or numbers.
    probability : array of shape (n_rows,) or None
        Gaps, or none at all, where the predictions are numbers.
    """
    values = np.full(len(times), np.nan) if probability is None else np.asarray(probability, dtype="float64")
    is_class = ~np.isnan(values)
    if not is_class.all():
        values = np.where(is_class, values, pd.to_numeric(pd.Series(answers), errors="coerce"))
    codes, days = pd.factorize(np.asarray(times).astype("datetime64[D]"))
    said, classes = pd.factorize(pd.Series(answers))
    day = np.datetime_as_string(days.astype("datetime64[D]"))
    sums = {"n": None, "total": values, "squares": values**2}
    both = np.bincount((codes * len(classes) + said)[is_class], minlength=len(days) * len(classes))
    by_class = pd.DataFrame(
        {"day": np.repeat(day, len(classes)), "prediction": np.tile(np.asarray(classes), len(days)), "n": both}
    )
    return Tally(
        pd.DataFrame({"day": day, **{name: np.bincount(codes, weights) for name, weights in sums.items()}}),
        by_class[both > 0],
    )


def of_written(connection: Connection, model_name: str, last: int) -> Iterator[Tally]:
    """Count the predictions that the database has after a number, part by part."""
    query = text(f"""SELECT p.event_ms, p.prediction, p.probability FROM predictions p
        WHERE p.id > :last AND {OF_MODEL}""")
    found = connection.execute(query, {"last": last, "model_name": model_name})
    for rows in found.partitions(_PART):
        times, answers, probability = zip(*rows, strict=True)
        yield of(np.array(times, dtype="datetime64[ms]"), answers, np.array(probability, float))


def add(connection: Connection, model_name: str, model_version: int, tallies: Iterable[Tally]) -> None:
    """Add tallies to what the database has for a version."""
    known = list(tallies)
    if not known:
        return
    about = {"model_name": model_name, "model_version": model_version}
    days = _summed([one.days for one in known], ["day"])
    classes = _summed([one.classes for one in known], ["day", "prediction"])
    _execute(
        connection,
        """INSERT INTO daily (model_name, model_version, day, n, total, squares, n_labelled)
            VALUES (:model_name, :model_version, :day, :n, :total, :squares, 0)
            ON CONFLICT (model_name, model_version, day) DO UPDATE SET n = daily.n + excluded.n,
                total = daily.total + excluded.total, squares = daily.squares + excluded.squares""",
        [{**about, **row} for row in days.to_dict("records")],
    )
    _execute(
        connection,
        """INSERT INTO daily_classes (model_name, model_version, day, prediction, n)
            VALUES (:model_name, :model_version, :day, :prediction, :n)
            ON CONFLICT (model_name, model_version, day, prediction) DO UPDATE SET n = daily_classes.n + excluded.n""",
        [{**about, **row} for row in classes.to_dict("records")],
    )


def _summed(frames: list[pd.DataFrame], by: list[str]) -> pd.DataFrame:
    return frames[0] if len(frames) == 1 else pd.concat(frames).groupby(by, as_index=False).sum()


def _execute(connection: Connection, statement: str, rows: list[dict]) -> None:
    if rows:
        connection.execute(text(statement), rows)


def add_labelled(connection: Connection, model_name: str, model_version: int, last: int, truth: str) -> None:
    """Count those predictions after a number whose truth is known already; `truth` joins labels `l` and `s` to `p`."""
    asked = {"model_name": model_name, "model_version": model_version, "last": last}
    known = connection.execute(text("SELECT EXISTS (SELECT 1 FROM labels WHERE model_name = :model_name)"), asked)
    if not known.scalar_one():
        return
    connection.execute(
        text(f"""UPDATE daily SET n_labelled = n_labelled + met.n FROM (
                SELECT substr(p.event_time, 1, 10) AS day, count(*) AS n FROM predictions p {truth}
                WHERE p.id > :last AND {OF_MODEL} AND coalesce(l.label, s.label) IS NOT NULL
                GROUP BY substr(p.event_time, 1, 10)) AS met
            WHERE daily.model_name = :model_name AND daily.model_version = :model_version AND daily.day = met.day"""),
        asked,
    )
