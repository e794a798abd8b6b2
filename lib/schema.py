"""The contract of the data: what the columns were like at training, kept with the model, and asked of later tables.

A schema is plain JSON. pandera, which judges by it, takes a second to import, so that it is imported when a table is
checked and not before.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

REPORT = ["column", "expected", "found", "n_rows", "rows", "action"]
MARGIN = 3.0
"""How far beyond the training range a number may lie, in widths of that range, before its row is set aside: farther is
another unit or a slipped decimal point; what is nearer is drift, which monitoring judges."""
MANY_CATEGORIES = 200
SET_ASIDE, REPORTED = "rows set aside", "reported, rows used"


class Checked(NamedTuple):
    """The rows that can be used, those set aside, the report of which column, which rows, what was expected.

    ``reasons`` says for each row, in the table's order and with its labels, why it is set aside; empty if it is not.
    """

    usable: pd.DataFrame
    set_aside: pd.DataFrame
    report: pd.DataFrame
    reasons: pd.Series


def learn(X: pd.DataFrame) -> dict[str, Any]:
    """Return what the columns of a training table are like, as plain JSON.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
        The columns that a model takes, tidy: numbers, times and text.

    Returns
    -------
    dict
        For each column its type, whether it has gaps, and its range or its categories, where they are few.
    """
    return {"n_samples": len(X), "columns": {str(name): _learn_column(X[name]) for name in X}}


def check(schema: Mapping[str, Any], X: pd.DataFrame) -> Checked:
    """Judge a later table by what was learnt at training.

    A row is set aside if a cell is of another type, far out of range, or missing where no cell ever was: with these the
    model would answer without having seen anything like them. A category that is new is reported and its row is used.

    Parameters
    ----------
    schema : mapping
        What `learn` returned.
    X : DataFrame of shape (n_samples, n_columns)
        A table with the names that training had; other columns are kept and not judged.

    Returns
    -------
    Checked
        ``usable`` and ``set_aside`` together have each row of `X` once, with its label; ``report`` has a line for each
        column and expectation that was not met.
    """
    import pandera.pandas as pandera

    missing = [name for name in schema["columns"] if name not in X]
    if missing:
        why = f"no column {', '.join(missing)}"
        return Checked(X.iloc[:0], X, _report_of_missing(missing, schema, X), pd.Series(why, index=X.index, dtype=str))
    numbered = X.reset_index(drop=True)
    judged, wrong = _typed(schema, numbered)
    try:
        as_pandera(schema).validate(judged, lazy=True)
        failures = pd.DataFrame({"column": [], "check": [], "failure_case": [], "index": []})
    except pandera.errors.SchemaErrors as errors:
        failures = errors.failure_cases
    report, reasons = _judged(schema, failures, wrong, X.index)
    bad = (reasons != "").to_numpy()
    return Checked(X[~bad], X[bad], report, reasons)


def as_pandera(schema: Mapping[str, Any]):
    """Return the schema as a pandera `DataFrameSchema`, which tests, documents and draws it too."""
    import pandera.pandas as pandera

    columns = {name: _pandera_column(pandera, one) for name, one in schema["columns"].items()}
    return pandera.DataFrameSchema(columns, strict=False, coerce=False)


def _learn_column(values: pd.Series) -> dict[str, Any]:
    known = values.dropna()
    learnt: dict[str, Any] = {"type": _type(values), "gaps": bool(values.isna().any()) or known.empty}
    if learnt["type"] == "number" and len(known):
        return learnt | {"low": float(known.min()), "high": float(known.max())}
    if learnt["type"] == "time" and len(known):
        return learnt | {"low": known.min().isoformat(), "high": known.max().isoformat()}
    categories = sorted(map(str, known.unique())) if known.nunique() <= MANY_CATEGORIES else []
    return learnt | ({"categories": categories} if categories and learnt["type"] == "text" else {})


def _type(values: pd.Series) -> str:
    if values.dtype.kind in "iufb" and not isinstance(values.dtype, pd.CategoricalDtype):
        return "number"
    return "time" if values.dtype.kind == "M" or isinstance(values.dtype, pd.DatetimeTZDtype) else "text"


def _pandera_column(pandera, learnt: Mapping[str, Any]):
    kind = {"number": "float64", "time": "datetime64[us]", "text": "str"}[learnt["type"]]
    checks = []
    if learnt["type"] == "number" and "low" in learnt:
        checks = [pandera.Check.in_range(*bounds(learnt))]
    if "categories" in learnt:
        checks = [pandera.Check.isin(learnt["categories"])]
    return pandera.Column(kind, checks, nullable=bool(learnt["gaps"]))


def bounds(learnt: Mapping[str, Any]) -> tuple[float, float]:
    """Return how low and how high a number may be: a constant of training may vary by its own size."""
    low, high = learnt["low"], learnt["high"]
    width = (high - low) or abs(low) or 1.0
    return low - MARGIN * width, high + MARGIN * width


def _typed(schema: Mapping[str, Any], X: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """Return the columns in the types of training, and for each the cells that cannot be of that type."""
    typed, wrong = {}, {}
    for name, learnt in schema["columns"].items():
        typed[name] = _as_type(X[name], learnt["type"])
        lost = X[name][typed[name].isna() & X[name].notna()]
        if len(lost):
            wrong[name] = lost
    return pd.DataFrame(typed, index=X.index), wrong


def _as_type(values: pd.Series, kind: str) -> pd.Series:
    if kind == "number":
        found = pd.to_numeric(values, errors="coerce").astype("float64")
        return found.where(np.isfinite(found))
    if kind == "time":
        return (
            pd.to_datetime(values, format="ISO8601", errors="coerce", utc=True)
            .dt.tz_localize(None)
            .astype("datetime64[us]")
        )
    return values.astype(object).where(values.notna()).map(str, na_action="ignore").astype("str")


def _judged(
    schema: Mapping[str, Any], failures: pd.DataFrame, wrong: Mapping[str, pd.Series], labels: pd.Index
) -> tuple[pd.DataFrame, pd.Series]:
    """Return the report, and the reasons for which rows are set aside."""
    reasons, lines = np.full(len(labels), "", dtype=object), []
    for name, expected, cells, action in _unmet(schema, failures, wrong):
        lines.append(line(name, expected, cells.set_axis(labels[cells.index]), action))
        if action == SET_ASIDE:
            reasons[cells.index] += [f"; {name} is {_shown(cell)}, expected {expected}" for cell in cells]
    return pd.DataFrame(lines, columns=REPORT), pd.Series(reasons, index=labels, dtype="str").str.removeprefix("; ")


def _unmet(
    schema: Mapping[str, Any], failures: pd.DataFrame, wrong: Mapping[str, pd.Series]
) -> Iterator[tuple[str, str, pd.Series, str]]:
    """Yield column, expectation, the cells that do not meet it, by position, and what is done with their rows."""
    for name, cells in wrong.items():
        yield name, f"a {schema['columns'][name]['type']}", cells, SET_ASIDE
    failures = failures[failures["index"].notna()]
    for (name, what), group in failures.groupby(["column", "check"], sort=False):
        cells = group.set_index(group["index"].astype("int64"))["failure_case"]
        cells = cells[~cells.index.isin(wrong[name].index)] if name in wrong else cells
        if len(cells):
            action = REPORTED if what.startswith("isin") else SET_ASIDE
            yield name, _expectation(schema["columns"][name], what), cells, action


def _expectation(learnt: Mapping[str, Any], what: str) -> str:
    if what.startswith("isin"):
        return (
            f"one of {', '.join(map(repr, learnt['categories'][:8]))}{', …' if len(learnt['categories']) > 8 else ''}"
        )
    if what.startswith("in_range"):
        low, high = bounds(learnt)
        return f"{low:g} to {high:g} (training had {learnt['low']:g} to {learnt['high']:g})"
    return "no gap" if what == "not_nullable" else what


def line(name: str, expected: str, cells: pd.Series, action: str) -> tuple:
    """Return a line of a report: the column, what was expected, some of what was found, and in which rows."""
    found = ", ".join(_shown(cell) for cell in cells.drop_duplicates().head(3))
    rows = ", ".join(str(label) for label in cells.index[:5]) + (", …" if len(cells) > 5 else "")
    return (name, expected, found, len(cells), rows, action)


def report_of_unseen(schema: Mapping[str, Any], unseen: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Return the report of a table in which nothing but categories is new: what `check` says of it.

    Parameters
    ----------
    schema : mapping
    unseen : mapping of str to Series
        By column, the cells that are new, with the labels of their rows.
    """
    lines = [
        line(name, _expectation(schema["columns"][name], "isin"), cells, REPORTED) for name, cells in unseen.items()
    ]
    return pd.DataFrame(lines, columns=REPORT)


def _shown(cell: Any) -> str:
    if isinstance(cell, str):
        return repr(cell)
    return "missing" if pd.isna(cell) else f"{cell}"


def _report_of_missing(missing: list[str], schema: Mapping[str, Any], X: pd.DataFrame) -> pd.DataFrame:
    lines = [
        (name, f"a column of type {schema['columns'][name]['type']}", "no such column", len(X), "all", SET_ASIDE)
        for name in missing
    ]
    return pd.DataFrame(lines, columns=REPORT)
