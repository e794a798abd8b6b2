"""What is wrong with the columns of new rows, before any question of drift: compared with the reference profile alone.

Each finding is a share of rows with the largest share that is taken for usual. It is alarming when it is larger than
that by a useful margin and by more than chance, with the chance divided by the number of columns (Bonferroni).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from lib import profile
from lib.profile import Column

ALPHA = 0.01
MARGIN = {"gaps": 0.05, "unseen categories": 0.01, "out of range": 0.01, "not of its type": 0.01, "fractions": 0.01}
"""How many more rows than usual matter; a gap is something that most models are made to live with."""
NEW_IN_KIND = ("unseen categories", "out of range")
LEAST_ROWS = 30


def aligned(columns: Mapping[str, Column], inputs: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of the reference that are there, in its types; what cannot be read becomes a gap."""
    present = [name for name in columns if name in inputs]
    return pd.DataFrame({name: _typed(columns[name].kind, inputs[name]) for name in present}, index=inputs.index)


def findings(
    columns: Mapping[str, Column], about: Mapping[str, Mapping[str, Any]], inputs: pd.DataFrame, *, alpha: float = ALPHA
) -> list[dict[str, Any]]:
    """Return what is unusual about the columns, the alarming first.

    Parameters
    ----------
    columns : mapping of str to Column
        The reference's profiles.
    about : mapping of str to mapping
        What else it knows of each column: `whole`, and what `usual` returned.
    inputs : DataFrame of shape (n_samples, n_columns)
        As they came.
    alpha : float
        Chance that any column alarms by mistake.

    Returns
    -------
    list of dict
        `column`, `finding`, `n` (rows), `share`, `limit` (the share from which on it is alarming), `alarming` and
        `in_words`.
    """
    table = aligned(columns, inputs)
    found = [
        _entry(name, "missing column", len(inputs), len(inputs), 0.0, 0.0) for name in columns if name not in table
    ]
    for name in table:
        known = about.get(name, {})
        for finding, n, of, usual in _counted(columns[name], known, inputs[name], table[name]):
            if n:
                found.append(_entry(name, finding, n, of, usual, alpha / len(columns)))
    return sorted(found, key=lambda entry: (not entry["alarming"], -entry["share"]))


def usual(column: Column, values: pd.Series, parts: Iterable[np.ndarray]) -> dict[str, float]:
    """Return what is usual for a column: the shares of gaps and of new values, and whether it can be constant.

    Parameters
    ----------
    column : Column
        The profile of all training rows.
    values : Series of shape (n_samples,)
    parts : iterable of array of bool, shape (n_samples,)
        The training rows' periods in order, none if they have no order. What the second half of them held that was in
        no period before is usual: a number that grows with time is out of range always.
    """
    parts = list(parts)
    gaps = [float(values[part].isna().mean()) for part in parts] or [column.n_missing / max(column.n_samples, 1)]
    seen, new = np.zeros(len(values), dtype=bool), [_chance_of_new(column, values)]
    for number, part in enumerate(parts):
        if number >= len(parts) / 2:
            new.append(_share_new(column, values[seen], values[part]))
        seen = seen | part
    name = "usual_unseen" if column.kind == "category" else "usual_outside"
    constant = any(values[part].nunique() == 1 for part in parts)
    return {"usual_gaps": max(gaps), name: float(max(new)), "usual_constant": constant}


def _counted(
    column: Column, known: Mapping[str, Any], raw: pd.Series, values: pd.Series
) -> Iterator[tuple[str, int, int, float]]:
    """Yield each finding with its number of rows, of how many, and the share that is usual."""
    n, n_known = len(values), int(values.notna().sum())
    n_unread = int((raw.notna() & values.isna()).sum())
    yield "not of its type", n_unread, n, 0.0
    yield "gaps", n - n_known - n_unread, n, known.get("usual_gaps", column.n_missing / max(column.n_samples, 1))
    if column.kind == "category":
        yield "unseen categories", _n_unseen(column, values), n_known, known.get("usual_unseen", 0.0)
    elif column.n_known and n_known:
        usual = 1.0 if column.kind == "time" else known.get("usual_outside", 0.0)
        yield "out of range", _n_outside(column, values), n_known, usual
    if known.get("whole") and n_known:
        yield "fractions", int((np.mod(values.dropna().to_numpy(dtype="float64"), 1) != 0).sum()), n_known, 0.0
    yield "one value only", _n_constant(column, values, n_known), n_known, float(known.get("usual_constant", False))


def _entry(name: str, finding: str, n: int, of: int, usual: float, alpha: float) -> dict[str, Any]:
    share = n / max(of, 1)
    margin = MARGIN.get(finding, 0.0)
    if finding in NEW_IN_KIND:
        # what was new in each period will be so again: a column that runs with time is beyond its range always
        margin = max(margin, usual / 2)
    limit = min(usual + margin, 1.0)
    beyond_chance = finding not in MARGIN or _p_value(n, of, usual) < alpha
    alarming = bool(share >= limit and share > usual and beyond_chance and (limit < 1 or finding not in NEW_IN_KIND))
    return {
        "column": name, "finding": finding, "n": int(n), "share": share, "limit": limit, "alarming": alarming,
        "in_words": f"{name}: {finding} in {n} of {of} rows ({share:.1%}), usual are up to {usual:.1%}.",
    }  # fmt: skip


def _p_value(n: int, of: int, usual: float) -> float:
    """Return the chance of so many rows if the usual share held; one row is no news whatever the usual share."""
    return float(stats.binom.sf(n - 1, of, max(usual, 1 / of)))


def _typed(kind: str, values: pd.Series) -> pd.Series:
    if kind == "number":
        return pd.to_numeric(values, errors="coerce").astype("float64").replace([np.inf, -np.inf], np.nan)
    if kind == "time":
        is_time = pd.api.types.is_datetime64_any_dtype(values)
        return values if is_time else pd.to_datetime(values, errors="coerce", format="mixed")
    return values


def _n_unseen(column: Column, values: pd.Series) -> int:
    """Count the values that the reference never had; none where it had too many categories to remember all."""
    if column.n_other and not column.sketch:
        return 0
    counts = values.dropna().astype("str").value_counts()
    counts = counts.drop(list(column.categories), errors="ignore")
    if column.n_other and len(counts):
        hashes = pd.util.hash_array(counts.index.to_numpy(dtype=object))
        counts = counts[~np.isin(hashes, np.array(column.sketch, dtype="uint64"))]
    return int(counts.sum())


def _n_outside(column: Column, values: pd.Series) -> int:
    numbers = profile.numbers(values)
    return int(((numbers < column.minimum) | (numbers > column.maximum)).sum())


def _n_constant(column: Column, values: pd.Series, n_known: int) -> int:
    """Return the rows of a column that has become constant, unless chance alone makes it so."""
    if n_known < LEAST_ROWS or values.nunique() > 1 or not column.n_known:
        return 0
    counts = column.counts if column.kind != "category" else [*column.categories.values(), column.n_other]
    return n_known if (max(counts) / column.n_known) ** n_known < ALPHA / 100 else 0


def _chance_of_new(column: Column, values: pd.Series) -> float:
    """Return the share of new rows that are new in kind by chance: those that occur once, or lie beyond the extremes.

    For categories this is the estimate of Good (1953), "The population frequencies of species".
    """
    if column.kind == "category":
        return float((values.dropna().astype("str").value_counts() == 1).sum() / max(column.n_known, 1))
    return 2 / (column.n_known + 1)


def _share_new(column: Column, before: pd.Series, now: pd.Series) -> float:
    """Return the share of values that are in no earlier row, or beyond all of them."""
    before, now = before.dropna(), now.dropna()
    if before.empty or now.empty:
        return 0.0
    if column.kind == "category":
        return float((~now.isin(before.unique())).mean())
    return float(((now < before.min()) | (now > before.max())).mean())
