"""What was made of a table where nobody said anything, as lines beside what was found while it was read."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from lib import proposals, reading
from lib.checks import Check
from lib.kinds import Note

MOST_NAMED = 5

PARTS = {
    "time": "the newest rows are the test and those before them the validation",
    "group": "rows with one value are in one part of the split and in one fold",
    "stratified": "rows are divided by chance, each class alike",
    "random": "rows are divided by chance",
}
"""What each strategy of the split does with the rows."""


def findings(design: Mapping[str, Any], table: pd.DataFrame) -> pd.DataFrame:
    """Return the task, the time, the groups and the identifiers: on what evidence, what followed, how to say otherwise.

    Parameters
    ----------
    design : mapping
        The contract.
    table : DataFrame of shape (n_samples, n_columns)
        As the contract was agreed on.

    Returns
    -------
    DataFrame
        In the form of `reading.findings`; no line touches a cell.
    """
    lines = [_target(design, table), *_time(design, table), *_groups(design, table), *_identifiers(design)]
    return reading.findings(lines)


def checks(design: Mapping[str, Any], table: pd.DataFrame) -> list[Check]:
    """Return what the table suggests of target, times and groups: what was taken up, and what a person may decide."""
    found = []
    if design["time_column"]:
        text = f"Rows are ordered by {design['time_column']}; another with -p time_column=COLUMN, none with =none."
        found.append(Check("time column", design["time_column"], None, True, "info", text))
    found += _counting(design, table[design["target"]])
    if design["group_column"]:
        found.append(_taken_up(design, table[design["group_column"]]))
    found += [_group_proposal(table[name]) for name in proposals.group_columns(table[design["features"]])]
    return found


def _counting(design: Mapping[str, Any], y: pd.Series) -> list[Check]:
    if design.get("counts"):
        why = proposals.why_counts(y) or "asked for by -p task=counts"
        text = (
            f"{y.name} is taken for counts ({why}): judged by {design['metric']}, with Poisson's loss for what is "
            f"linear and tried beside the squared one in the search. -p task=regression takes it for a quantity."
        )
        return [Check("the target counts", str(y.name), None, True, "info", text)]
    if design["task"] != "regression" or not proposals.may_count(y):
        return []
    text = (
        f"{y.name} holds whole numbers from {y.min():g} on, as counts do: the search tries Poisson's loss beside the "
        f"squared one. -p task=counts judges by its deviance as well."
    )
    return [Check("the target seems to count", str(y.name), None, True, "info", text)]


def _group_proposal(column: pd.Series) -> Check:
    name, n_values, n_rows = column.name, column.nunique(), column.count()
    text = (
        f"The name of {name} speaks of who or what a row is about, and its {n_values:,} values come back: {n_rows:,} "
        f"rows have one, {n_rows / n_values:.1f} rows a value. If a model is to serve values that it has never seen, "
        f"keep the rows of each on one side of the split and of every fold with -p group_column={name}; if not, "
        f"leave it."
    )
    return Check(f"{name} is no group", n_values, None, False, "warning", text)


def _taken_up(design: Mapping[str, Any], column: pd.Series) -> Check:
    strategy = design["split"]["strategy"]
    apart = (
        "each is on one side of the split and of every fold"
        if strategy == "group"
        else f"the split is by {strategy}, so that one may be on both sides; -p strategy=group keeps them apart"
    )
    n_groups = column.nunique()
    text = f"Rows with the same {column.name} belong together: {n_groups:,} groups in {len(column):,} rows; {apart}."
    return Check("group column", str(column.name), None, True, "info", text)


def _target(design: Mapping[str, Any], table: pd.DataFrame) -> tuple[str, Note]:
    name, y = design["target"], table[design["target"]]
    if design["task"] == "regression":
        what = "target: counts" if design.get("counts") else "target: a quantity"
        evidence = f"{y.nunique():,} different numbers from {y.min():g} to {y.max():g}"
        why = proposals.why_counts(y) if design.get("counts") else ""
        evidence += f"; {why}" if why else ""
    else:
        what = f"target: {'two' if design['task'] == 'binary' else len(design['classes'])} classes"
        shown = [str(label) for label in design["classes"][:MOST_NAMED]]
        more = len(design["classes"]) - len(shown)
        evidence = f"it is {', '.join(shown)}{f' and {more} others' if more else ''}"
        evidence += f"; {design['classes'][-1]} is to be found" if design["task"] == "binary" else ""
    strategy = design["split"]["strategy"]
    split = f", split {strategy}: {PARTS[strategy]}" if strategy in ("random", "stratified") else ""
    task = "regression" if design.get("counts") else ""
    action = f"judged by {design['metric']}{split}; otherwise with -p task={task}, positive=, metric= or strategy="
    return name, Note(what, evidence, action, 0)


def _time(design: Mapping[str, Any], table: pd.DataFrame) -> Iterator[tuple[str, Note]]:
    name = design["time_column"]
    if not name:
        return
    times = table[name]
    evidence = f"{times.nunique():,} times from {times.min()} to {times.max()}"
    yield name, Note("time", evidence, f"{_split(design, 'time')}; otherwise with -p time_column=COLUMN or none", 0)


def _groups(design: Mapping[str, Any], table: pd.DataFrame) -> Iterator[tuple[str, Note]]:
    name = design["group_column"]
    if name:
        evidence = f"named by the design; {_come_back(table[name])}"
        yield name, Note("group", evidence, f"{_split(design, 'group')}; otherwise with -p group_column=none", 0)
    for name in proposals.group_columns(table[design["features"]]):
        evidence = f"its name speaks of who or what a row is about; {_come_back(table[name])}"
        yield name, Note("group?", evidence, f"none; -p group_column={name} splits by it: {PARTS['group']}", 0)


def _identifiers(design: Mapping[str, Any]) -> Iterator[tuple[str, Note]]:
    for name, reason in design["exclude"].items():
        if reason in (proposals.IDENTIFIES, proposals.BYTES):
            yield name, Note("excluded", reason, "no model sees it", 0)


def _split(design: Mapping[str, Any], by: str) -> str:
    strategy = design["split"]["strategy"]
    return f"split by {by}: {PARTS[by]}" if strategy == by else f"no split by {by}: -p strategy={by} makes it one"


def _come_back(column: pd.Series) -> str:
    n_values, n_rows = column.nunique(), column.count()
    return f"{n_values:,} values in {n_rows:,} rows, {n_rows / max(1, n_values):.1f} rows a value"
