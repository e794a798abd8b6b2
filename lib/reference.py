"""What monitoring compares new rows with: the training rows and the held-out predictions in a few kilobytes.

It is made once, in 05_evaluation, and kept with the registered model, so that a window can be judged years later, on a
machine that has never seen the training rows.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from lib import bootstrap, comparison, drift, estimation, profile, quality, splitting
from lib.profile import Column

N_BINS = 100
"""Fine bins of a number: each of its values if it has no more, else stretches that hold equally many rows."""
N_PERIODS = 20
MOST_SLICES = 12
PREDICTION = "prediction"
ALPHA = 0.01


def build(
    design: Mapping[str, Any],
    learnt: pd.DataFrame,
    test: pd.DataFrame,
    y,
    prediction,
    *,
    score: bootstrap.Interval,
    importance: Mapping[str, float] | None = None,
    random_state: int = 0,
) -> dict[str, Any]:
    """Return the reference profile of a model, as it is written to JSON.

    Parameters
    ----------
    design : mapping
        The contract.
    learnt : DataFrame of shape (n_samples, n_columns)
        The rows that the model was fitted on.
    test : DataFrame of shape (n_test, n_columns)
        Rows that it has not learnt from.
    y, prediction : array of shape (n_test,) or (n_test, n_classes)
        Their truth and what the model says of them, as `scoring` has both.
    score : Interval
        The score on them.
    importance : mapping of str to float, optional
        How much of the score rests on each feature.
    random_state : int

    Returns
    -------
    dict
        ``columns`` and ``prediction``: records of `profile.Column`. ``about``: for each column `whole` (no fractions),
        `n_distinct`, `importance`, `usual` (how far it moved from period to period of the training rows, by each
        measure of drift) and what `quality.usual` returns. ``score``, ``by_slice``: on the held-out rows.
        ``errors``: what `estimation.learn` returned. ``estimated``: what it estimates on the held-out rows themselves,
        which a later estimate is compared with. And what is needed of the contract.
    """
    X, weights = learnt[design["features"]], dict(importance if importance is not None else {})
    columns = profiles(X)
    said = profiles(as_column(design, prediction))[PREDICTION]
    errors = estimation.learn(design, y, prediction, test[design["features"]])
    given = {"random_state": random_state}
    estimated = estimation.estimate(design, errors, prediction, test[design["features"]], **given)
    periods, later = periods_of(design, learnt), periods_of(design, test)
    about = {name: _about(column, X[name], periods, weights.get(name)) for name, column in columns.items()}
    about[PREDICTION] = {"usual": _usual(said, as_column(design, prediction)[PREDICTION], later)}
    kept = ("task", "target", "metric", "classes", "features", "time_column", "group_column", "slices")
    return {
        **{name: design.get(name) for name in kept},
        "least_gain": design.get("least_gain") or 0.0,
        "threshold": design.get("threshold"),
        "slice_loss": design.get("slice_loss"),
        "latency_ms": design.get("latency_ms"),
        "columns": profile.to_records({name: _compact(column) for name, column in columns.items()}),
        "prediction": profile.to_records({PREDICTION: _compact(said)})[0],
        "about": about,
        "score": {"metric": design["metric"], **plain(score), "n": len(test)},
        "estimated": {"metric": design["metric"], **plain(estimated)},
        "errors": errors,
        "by_slice": slices(design, columns, test, y, prediction, random_state=random_state),
    }


def profiles(X: pd.DataFrame) -> dict[str, Column]:
    """Return the profile of each column, numbers with fine bins."""
    numbers = {
        str(name): Column(str(name), "number", 0, 0, edges=_edges(X[name]))
        for name in X
        if pd.api.types.is_numeric_dtype(X[name]) and not pd.api.types.is_bool_dtype(X[name])
    }
    return profile.of(X, like=numbers)


def columns_of(reference: Mapping[str, Any]) -> dict[str, Column]:
    """Return the profiles of a reference, by column."""
    return profile.from_records(reference["columns"])


def as_column(design: Mapping[str, Any], prediction) -> pd.DataFrame:
    """Return predictions as a table of one column: the number, or for several classes the likeliest of them."""
    prediction = np.asarray(prediction)
    if prediction.ndim == 1:
        return pd.DataFrame({PREDICTION: prediction.astype("float64")})
    names = np.array([str(label) for label in design["classes"]], dtype=object)
    return pd.DataFrame({PREDICTION: pd.Series(names[prediction.argmax(axis=1)], dtype="str")})


def slices(design: Mapping[str, Any], columns: Mapping[str, Column], table, y, prediction, **given) -> list[dict]:
    """Return the score of each slice that the contract names, as `comparison.by_slice` has it.

    A number is cut at the quarters of the reference, so that a slice holds the same kind of rows in every window; of
    many categories the most frequent stay. Times are not sliced: no later row would be in the same slice.
    """
    labels = slice_labels(design, columns, table)
    if labels.empty or not len(table):
        return []
    related = {name: design.get(name) or "" for name in ("time_column", "group_column")}
    related = {name: value if value in table else "" for name, value in related.items()}
    clusters = bootstrap.clusters_of(table, **related)
    found = comparison.by_slice(design["metric"], y, prediction, labels, clusters=clusters, **given)
    records = found.rename(columns={"n_samples": "n"}).to_dict("records")
    return [{name: without_gap(value) for name, value in record.items()} for record in records]


def slice_labels(design: Mapping[str, Any], columns: Mapping[str, Column], table: pd.DataFrame) -> pd.DataFrame:
    """Return the slice of each column that each row is in, as text."""
    known = [name for name in design.get("slices") or [] if name in columns and name in table]
    usable = [name for name in known if columns[name].kind != "time"]
    return pd.DataFrame({name: _labels(columns[name], table[name]) for name in usable}, index=table.index)


def plain(found: bootstrap.Interval) -> dict[str, float | None]:
    """Return an interval as it is written to JSON."""
    return {name: without_gap(getattr(found, name)) for name in ("value", "low", "high")}


def without_gap(value: Any) -> Any:
    """Return None in the place of a number that is none, as JSON wants it."""
    return None if isinstance(value, float) and not np.isfinite(value) else value


def periods_of(design: Mapping[str, Any], table: pd.DataFrame) -> np.ndarray | None:
    """Return the period of each row, where time or the order of the rows means something; else None."""
    time_column = design.get("time_column") or ""
    if not time_column and (design.get("split") or {}).get("strategy") != "time":
        return None
    return splitting.periods(splitting.times(table, time_column), N_PERIODS)


def _about(column: Column, values: pd.Series, periods, importance: float | None) -> dict[str, Any]:
    numbers = values.dropna().to_numpy() if column.kind == "number" else np.array([])
    return {
        "whole": bool(len(numbers) and np.all(np.mod(numbers.astype("float64"), 1) == 0)),
        "n_distinct": column.n_distinct,
        "importance": None if importance is None else float(importance),
        "usual": _usual(column, values, periods),
        **quality.usual(column, values, [] if periods is None else [periods == k for k in range(periods.max() + 1)]),
    }


def _usual(column: Column, values: pd.Series, periods) -> dict[str, float]:
    """Return how far a column's periods were from all of its rows: for each measure the largest move beyond chance."""
    if periods is None:
        return {}
    like = {column.name: column}
    parts = (profile.of(part.to_frame(column.name), like)[column.name] for part in _parts(values, periods))
    moves = [move for move in (drift.move(column, part) for part in parts) if move]
    largest: dict[str, float] = {}
    for found in moves:
        for name, effect in found.effects.items():
            if found.p_values[name] * len(moves) < ALPHA:
                largest[name] = max(effect, largest.get(name, 0.0))
    return largest


def _parts(values: pd.Series, periods: np.ndarray) -> list[pd.Series]:
    return [values[periods == number] for number in range(periods.max() + 1)]


def _edges(values: pd.Series) -> tuple[float, ...]:
    known = values.to_numpy(dtype="float64", na_value=np.nan)
    known = known[np.isfinite(known)]
    if not len(known):
        return ()
    distinct = np.unique(known)
    if len(distinct) <= N_BINS:
        return tuple(distinct[1:].tolist())
    return tuple(np.unique(np.quantile(known, np.linspace(0, 1, N_BINS + 1)[1:-1])).tolist())


def _compact(column: Column) -> Column:
    """Return a profile without the hashes, unless they alone tell a rare category from one that is new."""
    complete = len(column.sketch) < profile.SKETCH_SIZE
    return column if column.n_other and complete else replace(column, sketch=())


def _labels(column: Column, values: pd.Series) -> pd.Series:
    if column.kind == "category":
        kept = list(column.categories)[:MOST_SLICES]
        labels = values.astype("object").map(str, na_action="ignore")
        labels = labels.where(labels.isin(kept) | labels.isna(), "other values")
    else:
        numbers = values.to_numpy(dtype="float64", na_value=np.nan)
        quarters = _quarters(column)
        names = [f"below {quarters[0]:g}", *(f"from {low:g}" for low in quarters)] if quarters else ["all"]
        places = np.searchsorted(quarters, numbers, side="right")
        labels = pd.Series(np.array(names, dtype=object)[places], index=values.index).where(np.isfinite(numbers))
    return labels.fillna("missing").astype("str")


def _quarters(column: Column) -> list[float]:
    """Return the edges at which a quarter, a half and three quarters of the reference are reached."""
    if not column.edges:
        return []
    below = np.cumsum(column.counts)[:-1] / column.n_known
    return sorted({column.edges[int(np.abs(below - share).argmin())] for share in (0.25, 0.5, 0.75)})
