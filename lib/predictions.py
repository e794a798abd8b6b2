"""The prediction database: what was predicted for which row, when and by which version, and the truth as it arrives.

Rows are known by a key: a column that the user names, or the hash of their content (see `rowkeys`). A prediction is
written once for each row, version and input: writing it again changes nothing. A batch is written whole or not at all.
Times are UTC without a zone; a window begins at `start` and ends before `end`.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import text

from lib import archive, champion, coercion, database, packaging, portable, records, truth
from lib.records import SERVED, Origin
from lib.truth import Labelled

__all__ = ["SERVED", "Labelled", "Origin", "daily", "inputs", "is_written", "label", "service", "window", "write"]


def write(store: str | Path, model_name: str, scored: pd.DataFrame, origin: Origin, inputs=None) -> int:
    """Write the predictions of a batch and keep its inputs; return how many predictions were new.

    Parameters
    ----------
    store : str or Path
    model_name : str
    scored : DataFrame of shape (n_rows, any)
        Indexed by row key: `event_time`, `prediction`, and, for classes, `probability` (of the positive one, or of the
        predicted one of several); `probabilities` (JSON by class, where there are more than two); `input_hash`.
    origin : Origin
    inputs : DataFrame of shape (n_rows, n_features), optional
        The features, with the same index.
    """
    if inputs is not None and origin.batch != SERVED:
        kept = archive.write(store, model_name, origin.batch, [(inputs, scored["event_time"])])
        origin = origin._replace(inputs=kept)
    served = inputs if origin.batch == SERVED else None
    return records.write(store, model_name, [scored], origin, served=served)


def is_written(store: str | Path, model_name: str, batch: str, model_version: int) -> bool:
    """Return whether a version's predictions for a batch are in the database, all of them."""
    return records.batch(store, model_name, batch, model_version) is not None


def label(store: str | Path, model_name: str, labels: pd.Series) -> Labelled:
    """Add the truth, before or after its predictions; a label that differs from the one before corrects it.

    Parameters
    ----------
    labels : Series of shape (n_rows,)
        Indexed by row key; gaps are left out, and of several for one row the last counts.
    """
    return truth.add(store, model_name, labels)


def window(store: str | Path, model_name: str, start=None, end=None, *, model_version: int | None = None):
    """Return what was predicted for the rows of a time window, and what is known of the truth.

    Parameters
    ----------
    start, end : what pandas.Timestamp takes, optional
        Of the rows' event times; open where None.
    model_version : int, optional
        Take the predictions of this version only. Without it, a row that was predicted more than once counts with the
        prediction that was written last.

    Returns
    -------
    DataFrame
        Indexed by `row_key`, in order of time: `batch`, `event_time`, `prediction`, `probability` (of the positive
        class, of the predicted one where there are more than two; a gap for a regression), `model_version`, `at`, and
        `label`, a gap where none is known. Predictions and labels are text for classes, numbers for a regression.
        With more than two classes there is a column `probability_<class>` for each.
    """
    asked = _asked(model_name, start, end, model_version)
    query = f"""SELECT p.row_key, p.batch, p.event_ms, p.prediction, p.probability, p.probabilities, p.model_version,
            p.at, coalesce(l.label, s.label) AS label
        FROM predictions p {records.TRUTH} WHERE {_within(asked)} ORDER BY p.event_ms, p.id"""
    with database.connect(store).connect() as connection:
        found = pd.DataFrame(connection.execute(text(query), asked).all(), columns=_WINDOW)
    if found["row_key"].duplicated().any():
        newest = found.sort_values(["at", "model_version"], kind="stable")
        found = found.loc[~newest["row_key"].duplicated(keep="last").reindex(found.index)]
    return _typed(found.set_index("row_key"))


_WINDOW = [
    "row_key", "batch", "event_ms", "prediction", "probability", "probabilities", "model_version", "at", "label",
]  # fmt: skip


def _asked(model_name: str, start, end, model_version: int | None = None) -> dict[str, Any]:
    asked: dict[str, Any] = {"model_name": model_name}
    for name, time in (("start", start), ("end", end)):
        if time is not None:
            asked |= {name: records.time_as_text(time), f"{name}_ms": records.time_in_ms(time)}
    return asked | ({} if model_version is None else {"model_version": model_version})


def _within(asked: dict[str, Any]) -> str:
    """Return the condition that the rows of a window meet."""
    known = {
        "start": "p.event_ms >= :start_ms", "end": "p.event_ms < :end_ms", "model_version": "p.model_version = "
        ":model_version",
    }  # fmt: skip
    return " AND ".join(["p.model_name = :model_name", *(known[name] for name in known if name in asked)])


def _typed(found: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a window in the types that a caller computes with."""
    several = _by_class(found.pop("probabilities"))
    is_regression = bool(len(found)) and found["probability"].isna().all()
    answers = {
        name: pd.to_numeric(found[name]).astype("float64") if is_regression else found[name].astype("str")
        for name in ("prediction", "label")
    }
    times = found.pop("event_ms").to_numpy("datetime64[ms]").astype("datetime64[us]")
    found.insert(1, "event_time", times)
    typed = found.assign(probability=found["probability"].astype("float64"), **answers)
    return typed.astype({"model_version": "int64", "batch": "str", "at": "str"}).join(several)


def _by_class(probabilities: pd.Series) -> pd.DataFrame:
    known = probabilities.dropna()
    rows = pd.DataFrame([json.loads(value) for value in known], index=pd.RangeIndex(len(known)))
    rows = rows.add_prefix(portable.PROBABILITY.format(label="")).set_axis(known.index)
    return rows if len(rows) else pd.DataFrame(index=probabilities.index[:0])


def inputs(store: str | Path, model_name: str, start=None, end=None) -> pd.DataFrame:
    """Return the features of the rows of a time window, indexed as `window` is, as the model took them."""
    asked = _asked(model_name, start, end)
    index = window(store, model_name, start, end).index
    found = [*_archived(store, asked), *_served(store, asked)]
    table = pd.concat(found) if len(found) > 1 else found[0] if found else pd.DataFrame()
    table = table[~table.index.duplicated(keep="last")]
    return table.reindex(index)


def _archived(store, asked: dict[str, Any]) -> list[pd.DataFrame]:
    query = f"""SELECT inputs FROM (SELECT inputs, min(first_event) AS first_event, max(last_event) AS last_event,
            max(id) AS id FROM batches WHERE model_name = :model_name AND inputs <> '' GROUP BY inputs) AS kept
        WHERE {"last_event >= :start" if "start" in asked else "true"}
        AND {"first_event < :end" if "end" in asked else "true"} ORDER BY id"""
    with database.connect(store).connect() as connection:
        names = connection.execute(text(query), asked).scalars().all()
    return [archive.read(store, name, asked.get("start"), asked.get("end")) for name in names]


def _served(store, asked: dict[str, Any]) -> list[pd.DataFrame]:
    query = f"""SELECT p.row_key, i.features FROM predictions p JOIN served_inputs i ON i.model_name = p.model_name
            AND i.row_key = p.row_key AND i.input_hash = p.input_hash
        WHERE p.batch = 'served' AND {_within(asked)} ORDER BY p.id"""
    with database.connect(store).connect() as connection:
        rows = connection.execute(text(query), asked).all()
    if not rows:
        return []
    table = pd.DataFrame([json.loads(row.features) for row in rows])
    reading = _reading(store, asked["model_name"])
    typed = coercion.apply(reading, table) if reading else table
    return [typed.set_index(pd.Index([row.row_key for row in rows], name="row_key"))]


def _reading(store, model_name: str) -> dict[str, Any] | None:
    """Return how the champion reads raw columns, by which what is kept as JSON gets its types back."""
    found = champion.current(store, model_name)
    if found is None:
        return None
    return json.loads((found.folder / packaging.DATA / portable.CONTRACT).read_text(encoding="utf-8"))["reading"]


def daily(store: str | Path, model_name: str, start=None, end=None) -> pd.DataFrame:
    """Return what was counted by day and version as it was written: nothing of it needs a look at the predictions.

    Returns
    -------
    DataFrame
        Indexed by `day` and `model_version`: `n`, `mean` and `std` of the probability (of the prediction for a
        regression), `n_labelled`, and `n_<class>` for each class that was predicted.
    """
    asked = {"model_name": model_name} | {
        name: records.time_as_text(time)[:10] for name, time in (("start", start), ("end", end)) if time is not None
    }
    within = " AND ".join(
        ["model_name = :model_name", *(f"day {sign} :{name}" for name, sign in _BOUNDS.items() if name in asked)]
    )
    with database.connect(store).connect() as connection:
        days = pd.read_sql(text(f"SELECT * FROM daily WHERE {within}"), connection, params=asked)
        classes = pd.read_sql(text(f"SELECT * FROM daily_classes WHERE {within}"), connection, params=asked)
    mean = days["total"] / days["n"]
    spread = (days["squares"] / days["n"] - mean**2).clip(lower=0) ** 0.5
    days = days.assign(day=pd.to_datetime(days["day"]), mean=mean, std=spread).set_index(["day", "model_version"])
    counts = classes.assign(day=pd.to_datetime(classes["day"])).pivot_table(
        index=["day", "model_version"], columns="prediction", values="n", aggfunc="sum", fill_value=0
    )
    return days[["n", "mean", "std", "n_labelled"]].join(counts.add_prefix("n_")).sort_index()


_BOUNDS = {"start": ">=", "end": "<"}


def service(store: str | Path, model_name: str, start=None, end=None) -> dict[str, Any] | None:
    """Return how the server was, by the time of the requests: `n`, `errors` (its own), `p50_ms` and `p95_ms`.

    Latencies are known by class, and the upper end of the class is given. None if nothing was asked.
    """
    asked = {"model_name": model_name} | {
        name: records.time_as_text(time)[:16] for name, time in (("start", start), ("end", end)) if time is not None
    }
    within = [f"minute {sign} :{name}" for name, sign in _BOUNDS.items() if name in asked]
    query = f"""SELECT upper_ms, sum(n) AS n, sum(CASE WHEN status >= 500 THEN n ELSE 0 END) AS errors
        FROM served_requests WHERE {" AND ".join(["model_name = :model_name", *within])}
        GROUP BY upper_ms ORDER BY upper_ms"""
    with database.connect(store).connect() as connection:
        found = pd.DataFrame(connection.execute(text(query), asked).all(), columns=["upper_ms", "n", "errors"])
    if found.empty:
        return None
    share = found["n"].astype("float64").cumsum() / float(found["n"].sum())
    quantile = lambda q: float(found.loc[share >= q, "upper_ms"].iloc[0])  # noqa: E731
    return {
        "n": int(found["n"].sum()),
        "errors": int(found["errors"].sum()),
        "p50_ms": quantile(0.5),
        "p95_ms": quantile(0.95),
    }
