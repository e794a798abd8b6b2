"""The rows of a later table that a model can be asked about: `intake` judges those that are not plainly good.

Looking at every cell for words and codes takes longer than many models take to predict. A row whose cells were all
read, and are all within what training had, needs no second look, and the verdict on a row depends on that row alone.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from lib import coercion, intake, portable, schema
from lib.errors import InputError
from lib.intake import Intake


def split(contract: Mapping[str, Any], raw: pd.DataFrame) -> Intake:
    """Return what `intake.split` does; a column that the model can do without counts as gaps where it is missing.

    Parameters
    ----------
    contract : mapping
        Of a registered model.
    raw : DataFrame of shape (n_rows, n_columns)
        A table as it comes.

    Raises
    ------
    InputError
        If a required column is missing.
    """
    try:
        X = portable.aligned(raw, contract)
    except portable.Unusable as error:
        raise InputError(str(error)) from None
    unseen, doubtful = _unseen(contract, X), _is_doubtful(contract, raw, X)
    absent = _report_of_absent(contract, raw)
    if not doubtful.any():
        return Intake(X, raw.iloc[:0], together([_report(contract, X, unseen), absent]))
    doubtful = np.logical_or.reduce([doubtful, *unseen.values()])
    missing = [entry for entry in contract["reading"]["columns"] if _of(raw, entry) is None]
    # under their raw names, because names alike are told apart only in a table of one sort of names
    gaps = X[[entry["name"] for entry in missing]].set_axis([entry["raw"] for entry in missing], axis=1)
    judged = intake.split(contract, pd.concat([raw, gaps], axis=1)[doubtful])
    good = ~doubtful
    good[np.flatnonzero(doubtful)] = raw.index[doubtful].isin(judged.usable.index)
    return Intake(X[good], judged.set_aside.drop(columns=gaps.columns), together([judged.report, absent]))


def _unseen(contract: Mapping[str, Any], X: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return, by column, which cells are of a category that training had not: they are said, and their rows used."""
    found = {}
    for name, learnt in contract["schema"]["columns"].items():
        if "categories" in learnt:
            codes, unique = pd.factorize(X[name])
            is_new = np.append(~pd.Index(unique).isin(learnt["categories"]), False)
            if is_new.any():
                found[name] = is_new[codes]
    return found


def _report(contract: Mapping[str, Any], X: pd.DataFrame, unseen: Mapping[str, np.ndarray]) -> pd.DataFrame:
    return schema.report_of_unseen(contract["schema"], {name: X.loc[where, name] for name, where in unseen.items()})


def _report_of_absent(contract: Mapping[str, Any], raw: pd.DataFrame) -> pd.DataFrame:
    """Return a line for each column that is not there, and that the model can do without."""
    lines = [
        (entry["name"], f"a column of type {entry['kind']}", "no such column", len(raw), "all", intake.NOT_READ)
        for entry in contract["reading"]["columns"]
        if _of(raw, entry) is None
    ]
    return pd.DataFrame(lines, columns=schema.REPORT)


def _is_doubtful(contract: Mapping[str, Any], raw: pd.DataFrame, X: pd.DataFrame) -> np.ndarray:
    """Return which rows have a cell that was not read, or lies outside of what training had."""
    doubtful = np.zeros(len(raw), dtype=bool)
    for entry in contract["reading"]["columns"]:
        values = X[entry["name"]]
        doubtful |= _is_outside(contract["schema"]["columns"][entry["name"]], values)
        name = _of(raw, entry)
        if name is not None and entry["kind"] != "text":
            doubtful |= _is_lost(raw[name], values, [*entry.get("gap_words", contract["reading"]["gap_words"])])
    return doubtful


def _of(raw: pd.DataFrame, entry: Mapping[str, Any]) -> str | None:
    """Return under which of its names, tidy or raw, a table has a column."""
    return next((name for name in (entry["name"], entry["raw"]) if name in raw), None)


def _is_outside(learnt: Mapping[str, Any], values: pd.Series) -> np.ndarray:
    outside = np.zeros(len(values), dtype=bool) if learnt["gaps"] else values.isna().to_numpy()
    if learnt["type"] == "number" and "low" in learnt:
        low, high = schema.bounds(learnt)
        return outside | (values < low).to_numpy() | (values > high).to_numpy()
    return outside


def _is_lost(raw: pd.Series | pd.DataFrame, read: pd.Series, gap_words: list[str]) -> np.ndarray:
    """Return which cells are filled, were not read, and are no common word for a gap."""
    if isinstance(raw, pd.DataFrame):  # several columns of one name
        return read.isna().to_numpy()
    lost = read.isna().to_numpy() & raw.notna().to_numpy()
    if lost.any():
        cells = coercion.as_text(raw[lost]).str.strip()
        lost[lost] = ~coercion.is_word(cells, gap_words)
    return lost


def together(reports: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return the reports of a table's parts as one, with the rows of each finding counted."""
    lines: dict[tuple, list] = {}
    for report in reports:
        for line in report.itertuples(index=False):
            known = lines.setdefault((line.column, line.expected, line.action), [line.found, 0, line.rows])
            known[1] += line.n_rows
    rows = [
        (column, expected, found, n, rows, action) for (column, expected, action), (found, n, rows) in lines.items()
    ]
    return pd.DataFrame(rows, columns=schema.REPORT)
