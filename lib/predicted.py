"""Rows that were predicted, as monitoring takes them: cut into windows, as arrays, and with those before them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lib import periods, quality, residuals
from lib.profile import Column


def held_out(known: Mapping[str, Any], test: pd.DataFrame, predicted: pd.DataFrame) -> pd.DataFrame:
    """Return held-out rows as a window of predictions whose truth is known: what there is to look at before any use.

    Parameters
    ----------
    known : mapping
        The reference profile.
    test : DataFrame of shape (n_samples, n_columns)
    predicted : DataFrame of shape (n_samples, n_columns)
        What 05_evaluation wrote of the same rows.
    """
    time = known["time_column"]
    has_times = bool(time) and pd.api.types.is_datetime64_any_dtype(test[time])
    times = test[time] if has_times else pd.Series(pd.NaT, index=test.index, dtype="datetime64[us]")
    labels = predicted["truth"]
    found = pd.DataFrame({"event_time": times, "label": labels, "model_version": 0}, index=test.index)
    if known["task"] == "multiclass":
        own = predicted[[f"prediction {label}" for label in known["classes"]]]
        return found.join(own.rename(columns=lambda name: name.replace("prediction ", "probability_", 1)))
    name = "probability" if known["task"] == "binary" else "prediction"
    return found.assign(**{name: predicted["prediction"]})


def cut(rows: pd.DataFrame, by: str) -> list[tuple[str, str, np.ndarray]]:
    """Return start, end and the places of the rows of each window that holds any, the oldest first.

    Parameters
    ----------
    rows : DataFrame of shape (n_samples, n_columns)
        With `event_time`; where rows have none, they are cut into four windows in their order.
    by : str
        ``"day"``, ``"week"`` or ``"month"``.
    """
    if rows["event_time"].isna().all():
        places = np.arange(len(rows)) * 4 // max(len(rows), 1)
        found = {number: np.flatnonzero(places == number) for number in np.unique(places)}
        return [(f"row {part[0]}", f"row {part[-1] + 1}", part) for part in found.values()]
    period = rows["event_time"].dt.to_period(periods.FREQUENCIES[by])
    groups = pd.Series(np.arange(len(rows))).groupby(period.to_numpy())
    return [(_text(each.start_time), _text((each + 1).start_time), part.to_numpy()) for each, part in groups]


def before(rows: pd.DataFrame, inputs: pd.DataFrame, part: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the labelled rows before a window that the same version predicted, the newest `residuals.MOST_ROWS`.

    Parameters
    ----------
    rows, inputs : DataFrame
        With the rows of the window and those before it, in order of time.
    part : array of int
        Places of the window's rows.
    """
    version = version_of(rows.iloc[part])
    earlier = (rows["event_time"] < rows["event_time"].iloc[part].min()) & rows["label"].notna()
    places = np.flatnonzero(earlier & (rows["model_version"] == version))[-residuals.MOST_ROWS :]
    return rows.iloc[places], inputs.iloc[places]


def predictions_of(known: Mapping[str, Any], window: pd.DataFrame) -> np.ndarray:
    """Return the predictions of a window as `scoring.score` wants them."""
    if known["task"] == "regression":
        return window["prediction"].to_numpy(dtype="float64")
    if known["task"] == "binary":
        return window["probability"].to_numpy(dtype="float64")
    return window[[f"probability_{label}" for label in known["classes"]]].to_numpy(dtype="float64")


def truth_of(known: Mapping[str, Any], labels: pd.Series) -> np.ndarray:
    """Return labels as `scoring.score` wants them, NaN where none is known, or none that the model could say."""
    if known["task"] == "regression":
        return pd.to_numeric(labels, errors="coerce").to_numpy(dtype="float64")
    codes = {name: code for code, label in enumerate(known["classes"]) for name in _spellings(label)}
    return labels.astype("object").map(str, na_action="ignore").map(codes).to_numpy(dtype="float64")


def labelled(
    known: Mapping[str, Any], columns: Mapping[str, Column], window: pd.DataFrame, inputs: pd.DataFrame
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, pd.Series]:
    """Return features, truth, predictions and times of the rows whose truth is known, in order of time."""
    said, truth = predictions_of(known, window), truth_of(known, window["label"])
    places = np.flatnonzero(is_usable(said) & np.isfinite(truth))
    times = window["event_time"].iloc[places]
    if times.notna().all():
        order = np.argsort(times.to_numpy(), kind="stable")
        places, times = places[order], times.iloc[order]
    return quality.aligned(columns, inputs.iloc[places]), truth[places], said[places], times


def version_of(window: pd.DataFrame) -> int | None:
    """Return the version that most rows are of; None where rows do not say."""
    versions = window.get("model_version", pd.Series(dtype="int64")).value_counts()
    return int(versions.idxmax()) if len(versions) else None


def is_usable(prediction: np.ndarray) -> np.ndarray:
    """Return which predictions are numbers."""
    return np.isfinite(prediction if prediction.ndim == 1 else prediction.sum(axis=1))


def _spellings(label: Any) -> set[str]:
    """Return a class as text: 1 is found as 1 and as 1.0, since a number of a column with gaps is written so."""
    try:
        number = float(label)
    except (TypeError, ValueError):
        return {str(label)}
    return {str(label), str(number), f"{number:g}"}


def _text(time: pd.Timestamp) -> str:
    return time.isoformat(timespec="seconds")
