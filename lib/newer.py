"""A newer table for a model: what its champion was made from, and the labelled rows that have been predicted since."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from lib import files, predictions
from lib.champion import Champion
from lib.errors import InputError
from lib.project import Project


def run_of(project: Project, champion: Champion) -> Path:
    """Return the folder of the run that made a champion.

    Raises
    ------
    InputError
        If it is gone.
    """
    folder = project.runs / str(champion.info.get("run_id"))
    if not files.exists(folder, files.DESIGN):
        raise InputError(
            f"{folder} is gone, from which version {champion.version} of {champion.model_name} was made: its contract "
            "and its rows are needed. Bring the folder back, or make a champion anew with `pipeline.py run`."
        )
    return folder


def table(project: Project, champion: Champion, *, history_days: int = 0) -> pd.DataFrame:
    """Return the rows to train on anew: the original ones and the labelled ones, the oldest first.

    Parameters
    ----------
    project : Project
    champion : Champion
    history_days : int
        How far back from the newest row to look; 0 for everything. Without a time column all rows stay.
    """
    run_dir = run_of(project, champion)
    contract, original = files.read(run_dir, files.DESIGN), files.read(run_dir, files.TABLE)
    original = original[columns(contract, original)]
    added = labelled(project, champion.model_name, contract)
    together = pd.concat([original, added.reindex(columns=original.columns)], ignore_index=True)
    return _rolled(together, contract["time_column"], history_days)


def labelled(project: Project, model_name: str, contract: Mapping[str, Any]) -> pd.DataFrame:
    """Return the predicted rows whose truth is known, as the contract's table has them, in order of time."""
    told = predictions.window(project.store, model_name)
    told = told[told["label"].notna()]
    rows = predictions.inputs(project.store, model_name).reindex(told.index)
    known = {contract["target"]: _as_target(told["label"], contract)}
    if contract["time_column"]:
        known[contract["time_column"]] = told["event_time"]
    return rows.assign(**known).reset_index(drop=True)


def columns(contract: Mapping[str, Any], table: pd.DataFrame) -> list[str]:
    """Return the columns of a table that its contract speaks of, in the table's order."""
    named = {contract["target"], contract["time_column"], contract["group_column"]}
    wanted = named | {*contract["features"], *contract["slices"]}
    return [name for name in table if name in wanted]


def _as_target(labels: pd.Series, contract: Mapping[str, Any]) -> pd.Series:
    """Return labels, which the database keeps as text, as the contract's table has them."""
    if contract["task"] == "regression":
        return pd.to_numeric(labels).astype("float64")
    known = {str(label): label for label in contract["classes"]}
    known |= {
        str(int(label)): label for label in contract["classes"] if isinstance(label, float) and label.is_integer()
    }
    return labels.map(lambda label: known.get(str(label), label))


def _rolled(table: pd.DataFrame, time_column: str, history_days: int) -> pd.DataFrame:
    if not time_column:
        return table
    ordered = table.sort_values(time_column, kind="stable", ignore_index=True)
    if not history_days or not pd.api.types.is_datetime64_any_dtype(ordered[time_column]):
        return ordered
    oldest = ordered[time_column].max() - pd.Timedelta(days=history_days)
    return ordered[~(ordered[time_column] < oldest)].reset_index(drop=True)
