"""A newer table for a model: what its first champion was made from, and the labelled rows predicted since."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from lib import files, predictions, reading
from lib.champion import Champion
from lib.decisions import Decision
from lib.errors import InputError
from lib.project import Project


def run_of(project: Project, champion: Champion) -> Path:
    """Return the folder of the run that made a champion.

    Raises
    ------
    InputError
        If it is gone.
    """
    return _folder(project, str(champion.info.get("run_id")), f"version {champion.version} of {champion.model_name}")


def base_of(project: Project, champion: Champion, log: Iterable[Decision]) -> Path:
    """Return the run whose table came from its source, not from a retraining, that a champion goes back to."""
    bases = {each.run_id: each.details["base"] for each in log if each.kind == "retraining" and "base" in each.details}
    run_id = str(champion.info.get("run_id"))
    return _folder(project, bases.get(run_id, run_id), f"version {champion.version} of {champion.model_name}")


def table(project: Project, model_name: str, base: Path, contract: Mapping[str, Any], *, days: int = 0) -> pd.DataFrame:
    """Return the rows to train on anew: the original ones and the labelled ones after them, the oldest first.

    Parameters
    ----------
    project : Project
    model_name : str
    base : Path
        What `base_of` returned.
    contract : mapping
        Says which columns are needed.
    days : int
        How far back from the newest row to look; 0 for everything. Without a time column all rows stay.

    Returns
    -------
    DataFrame
        With how the original table was read among its attributes, so that a model of it reads raw tables alike.
    """
    original = _original(base, contract)
    later = added(project, model_name, base, contract).reindex(columns=original.columns)
    table = _rolled(pd.concat([original, later], ignore_index=True), contract["time_column"], days)
    if files.exists(base, files.READING):
        table.attrs[reading.KEPT] = files.read(base, files.READING)
    return table


def added(project: Project, model_name: str, base: Path, contract: Mapping[str, Any]) -> pd.DataFrame:
    """Return the labelled rows that are newer than those of a run's table."""
    later, time = labelled(project, model_name, contract), contract["time_column"]
    original = _original(base, contract)
    if time and pd.api.types.is_datetime64_any_dtype(original[time]):
        # Rows of the original that were scored again, to try something, are not learnt from twice.
        return later[later[time] > original[time].max()]
    return later


def labelled(project: Project, model_name: str, contract: Mapping[str, Any]) -> pd.DataFrame:
    """Return the predicted rows whose truth is known, as the contract's table has them, in order of time."""
    told = predictions.window(project.store, model_name)
    told = told[told["label"].notna()]
    rows = predictions.inputs(project.store, model_name).reindex(told.index)
    known = {contract["target"]: as_target(told["label"], contract)}
    if contract["time_column"]:
        known[contract["time_column"]] = told["event_time"]
    return rows.assign(**known).reset_index(drop=True)


def columns(contract: Mapping[str, Any], table: pd.DataFrame) -> list[str]:
    """Return the columns of a table that its contract speaks of, in the table's order."""
    named = {contract["target"], contract["time_column"], contract["group_column"]}
    wanted = named | {*contract["features"], *contract["slices"]}
    return [name for name in table if name in wanted]


def as_target(labels: pd.Series, contract: Mapping[str, Any]) -> pd.Series:
    """Return labels, which the database keeps as text, as the contract's table has them."""
    if contract["task"] == "regression":
        return pd.to_numeric(labels).astype("float64")
    known = {name: label for label in contract["classes"] for name in _spellings(label)}
    return labels.astype(object).map(lambda label: known.get(str(label), label)).infer_objects()


def _spellings(label) -> set[str]:
    """Return how a class may be written: a number with and without a decimal point."""
    if isinstance(label, bool) or not isinstance(label, int | float) or float(label) != int(label):
        return {str(label)}
    return {str(int(label)), str(float(label))}


def _original(base: Path, contract: Mapping[str, Any]) -> pd.DataFrame:
    table = files.read(base, files.TABLE)
    return table[columns(contract, table)]


def _rolled(table: pd.DataFrame, time_column: str, days: int) -> pd.DataFrame:
    if not time_column:
        return table
    ordered = table.sort_values(time_column, kind="stable", ignore_index=True)
    if not days or not pd.api.types.is_datetime64_any_dtype(ordered[time_column]):
        return ordered
    oldest = ordered[time_column].max() - pd.Timedelta(days=days)
    return ordered[~(ordered[time_column] < oldest)].reset_index(drop=True)


def _folder(project: Project, run_id: str, whose: str) -> Path:
    folder = project.runs / run_id
    if not files.exists(folder, files.DESIGN):
        raise InputError(
            f"{folder} is gone, from which {whose} was made: its contract and its rows are needed. Bring the folder "
            "back, or make a champion anew with `pipeline.py run`."
        )
    return folder
