"""What a replay walks through: a table in order of time, its contract, and how a model of it is trained."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from lib import champion, data, database, decisions, design, files, flights, newer, parameters, reading, splitting
from lib.errors import InputError
from lib.project import Project

CANDIDATE = "boosting"
STAGE = "01_design"


@dataclass(frozen=True)
class History:
    """A table and what is known of it.

    Parameters
    ----------
    table : DataFrame of shape (n_samples, n_columns)
        In order of time; rows without a time are left out.
    order : Series of shape (n_samples,)
        What orders them.
    design : mapping
        The contract.
    candidate : str
    params : mapping
        Of the candidate's estimator.
    lead : list of str
        Where all this comes from, in sentences.
    """

    table: pd.DataFrame = field(repr=False)
    order: pd.Series = field(repr=False)
    design: Mapping[str, Any]
    candidate: str
    params: Mapping[str, Any]
    lead: list[str]


def of_champion(project: Project, model: str = "") -> History | None:
    """Return the history of the champion: what it was made from, and every labelled row since; None if there is none.

    Raises
    ------
    InputError
        If there are several models and none is named, or the files of its run are gone.
    """
    engine = database.connect(project.store)
    if not model and not decisions.models(engine):
        return None
    found = champion.current(project.store, decisions.only_model(engine, model))
    if found is None:
        return None
    run_dir = newer.run_of(project, found)
    contract, chosen = files.read(run_dir, files.DESIGN), found.info["chosen"]
    params = files.read(run_dir, files.CANDIDATE_SUMMARY, candidate=chosen)["params"]
    log = decisions.read(engine, found.model_name)
    base = newer.base_of(project, found, log)
    is_demo = files.read(base, files.DESIGN)["source"] == design.DEMO
    # Only the demo has a future that is known already.
    table = _demo() if is_demo else newer.table(project, found.model_name, base, contract)
    lead = [
        f"Contract, candidate {chosen} and its parameters are those of version {found.version} of {found.model_name}."
    ]
    return _ordered(table, contract, chosen, params, lead)


def of_table(
    project: Project, source: str, *, target: str = "", time: str = "", candidate: str = "", given: Mapping[str, Any]
) -> History:
    """Return the history that a table tells, with the contract that it suggests and a candidate's own defaults.

    Parameters
    ----------
    project : Project
    source : str
        As `sources` describes.
    target, time, candidate : str
        The column to predict, the column that orders the rows, the candidate to train; empty for the defaults.
    given : mapping of name to value
        Parameters of 01_design.

    Raises
    ------
    InputError
        If the table, a column or a parameter cannot be used.
    """
    known = parameters.of_notebook(project.notebooks / f"{STAGE}.ipynb")
    named = {**given, **{name: value for name, value in (("target", target), ("time_column", time)) if value}}
    values = parameters.resolve({STAGE: known}, named)[STAGE]
    agreed = {name: value for name, value in values.items() if name not in _NOT_OF_THE_CONTRACT}
    if source == design.DEMO:
        read = reading.tidy(flights.read(), target=flights.TARGET)
    else:
        calendar = {name: values[name] for name in ("time_column", "exclude")}
        read = data.read_table(source, values["target"], gaps=values["gaps"], **calendar)
    names = read.names
    contract = design.contract(source, read.table, names=names, **agreed)
    chosen = candidate or CANDIDATE
    lead = [f"The contract is what {contract['source']} suggests; candidate {chosen} has its own defaults."]
    return _ordered(read.table, contract, chosen, {}, lead)


_NOT_OF_THE_CONTRACT = ("data", "gaps", "sample")


def _demo() -> pd.DataFrame:
    return reading.tidy(flights.read(), target=flights.TARGET).table


def _ordered(table: pd.DataFrame, contract, candidate: str, params, lead: list[str]) -> History:
    if candidate == "rule":
        raise InputError(
            "A replay trains a model anew again and again; the rule on one column is no model. Name another."
        )
    order = splitting.times(table, contract["time_column"]).rename(contract["time_column"] or None)
    order = order.dropna().sort_values(kind="stable")
    lost = len(table) - len(order)
    lead = [*lead, f"{len(order):,} rows" + (f"; {lost:,} without a time are left out." if lost else ".")]
    ordered = table.loc[order.index].reset_index(drop=True)
    return History(ordered, order.reset_index(drop=True), contract, candidate, params, lead)
