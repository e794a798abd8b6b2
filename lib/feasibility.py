"""Whether a contract can be kept on a table, found out before anything is computed."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from lib import scoring
from lib.errors import InputError

TASKS = ("binary", "multiclass", "regression")
STRATEGIES = ("time", "group", "stratified", "random")
LEAST_ROWS = 20
LEAST_CLASS = 3
"""Rows of the rarer of two classes, so that each part of the split can have one."""

LEAST_ROWS_PER_CLASS = 5
LARGEST_TARGET = 1e30
"""Beyond it squares of errors, and trees that compute with 32 bits, leave the range of floats."""


def validate(design: Mapping[str, Any], table: pd.DataFrame) -> None:
    """Stop if the contract cannot be kept on this table.

    Parameters
    ----------
    design : mapping
        The contract.
    table : DataFrame of shape (n_samples, n_columns)

    Raises
    ------
    InputError
        With what was expected, what was found, and what to do.
    """
    require_columns(table, [design["target"]], "target")
    for role in ("time_column", "group_column"):
        require_columns(table, [design[role]] if design[role] else [], role)
    for role in ("exclude", "slices", "missingness_leaks"):
        require_columns(table, design[role], role)
    _require_one_of(design["task"], TASKS, "task")
    _require_task_fits(design, table[design["target"]].dropna())
    scoring.validate(design["metric"], design["task"])
    _require_split_fits(design["split"], len(table))
    if not design["features"]:
        raise InputError(
            "No column is left to predict from: all are the target, the time, the group or excluded. "
            "Shorten -p exclude=, or keep a column that looks like an identifier with -p keep=COLUMN."
            f"{_calendar(design['time_column'])}"
        )
    if all(table[name].nunique(dropna=False) < 2 for name in design["features"]):
        raise InputError(
            f"Each column that is left to predict from holds one value or nothing ({_list(design['features'])}): the "
            f"others are the target, the time, the group or excluded. Add columns that differ from row to row, or "
            f"keep one that looks like an identifier with -p keep=COLUMN."
        )


def _calendar(time_column: str) -> str:
    """Return the way out for a table of little but times, which as the order of rows are no column to learn from."""
    if not time_column:
        return ""
    return (
        f" With -p time_column=none, models learn from month, weekday and hour of {time_column}; the split is random."
    )


def require_columns(table: pd.DataFrame, names: Iterable[str], role: str) -> None:
    """Stop if a name is blank or not a column of the table, with the nearest names."""
    known = [str(name) for name in table]
    for name in names:
        if not name:
            raise InputError(
                f"No {role} is named. Name one of the table's columns with -p {role}=COLUMN: {_list(known)}."
            )
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or known
            raise InputError(f"Column {name!r}, named as {role}, is not in the table. Nearest are: {_list(near)}.")


def _require_one_of(value: str, allowed: Iterable[str], name: str) -> None:
    if value not in allowed:
        raise InputError(f"Parameter {name} is one of {', '.join(allowed)}, not {value!r}.")


def _require_task_fits(design: Mapping[str, Any], y: pd.Series) -> None:
    target, task, n_values = design["target"], design["task"], y.nunique()
    if n_values < 2:
        raise InputError(
            f"Target {target!r} has {n_values} value in {len(y)} rows; there is nothing to predict. "
            f"Name another column with -p target=COLUMN."
        )
    if task == "regression" and (not pd.api.types.is_numeric_dtype(y) or pd.api.types.is_bool_dtype(y)):
        raise InputError(
            f"Task regression needs numbers; target {target!r} holds {y.iloc[0]!r}. Use -p task=multiclass."
        )
    if task == "regression" and float(y.abs().max()) > LARGEST_TARGET:
        raise InputError(
            f"Target {target!r} holds numbers up to {y.abs().max():.1g}, too large to be squared. Give it in another "
            f"unit, so that all are below {LARGEST_TARGET:g}."
        )
    if task == "binary" and n_values != 2:
        raise InputError(f"Task binary needs two values; target {target!r} has {n_values}. Use -p task=multiclass.")
    if task == "multiclass" and n_values == 2:
        raise InputError(f"Task multiclass needs three values; target {target!r} has two. Use -p task=binary.")
    if task != "regression":
        _require_rows_for_classes(target, y.value_counts())


def require_counts(y: pd.Series) -> None:
    """Refuse a target that holds anything but whole numbers from 0 on."""
    numbers = pd.api.types.is_numeric_dtype(y) and not pd.api.types.is_bool_dtype(y)
    if not numbers or y.min() < 0 or (y % 1 != 0).any():
        odd = f"{y[(y < 0) | (y % 1 != 0)].iloc[0]:g}" if numbers else repr(str(y.iloc[0]))
        raise InputError(
            f"Task counts needs whole numbers from 0 on; target {y.name!r} holds {odd}. Leave the task out, or name "
            f"another column with -p target=COLUMN."
        )


def _require_rows_for_classes(target: str, counts: pd.Series) -> None:
    n_classes, n_samples = len(counts), counts.sum()
    if n_samples < LEAST_ROWS_PER_CLASS * n_classes:
        raise InputError(
            f"Target {target!r} has {n_classes} classes in {n_samples} rows, fewer than {LEAST_ROWS_PER_CLASS} rows a "
            f"class. If it is a quantity, use -p task=regression; if it names the rows, choose another target."
        )
    if n_classes == 2 and counts.min() < LEAST_CLASS:
        raise InputError(
            f"The rarer class of {target!r}, {counts.idxmin()!r}, has {counts.min()} rows; training, validation and "
            f"test need one each at the least. Give more rows."
        )


def _require_split_fits(split: Mapping[str, Any], n_samples: int) -> None:
    _require_one_of(split["strategy"], STRATEGIES, "strategy")
    sizes = split["validation_size"], split["test_size"]
    if min(sizes) <= 0 or sum(sizes) >= 1:
        raise InputError(
            f"validation_size and test_size are shares above 0 that leave rows to train on; found {sizes[0]} and "
            f"{sizes[1]}."
        )
    if n_samples < LEAST_ROWS:
        raise InputError(f"The table has {n_samples} rows with a target; at least {LEAST_ROWS} are needed to judge by.")


def _list(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
