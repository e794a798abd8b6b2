"""What is done about empty, constant, duplicate, dependent and collinear columns, learnt from training rows only."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lib import collinearity, preprocessing
from lib.checks import Check

# One-hot columns and native categories serve up to this many values; more are encoded by the target.
MAX_ONE_HOT = 40
# Where more than this share of the filled-in values is unlike all others, a column is text rather than a category.
MIN_UNIQUE_TEXT = 0.5


def uninformative_columns(X: pd.DataFrame) -> dict[str, str]:
    """Return the columns that say nothing that another does not, and why.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
        Training rows.

    Returns
    -------
    dict of str to str
        Empty, constant and duplicate columns; of equal columns the first stays.
    """
    finite = without_infinities(X)
    reasons = {name: "empty in the training rows" for name in X if finite[name].isna().all()}
    reasons |= {name: "one value in the training rows" for name in X if finite[name].nunique() == 1}
    return reasons | _duplicates(finite.drop(columns=list(reasons)))


def dependent_columns(X: pd.DataFrame) -> dict[str, str]:
    """Return the numeric columns that are exact linear combinations of earlier ones, and of which."""
    filled = filled_numbers(X)
    found = collinearity.dependent_columns(filled) if filled.shape[1] else {}
    return {name: f"exactly a linear combination of {', '.join(others)}" for name, others in found.items()}


def column_kinds(X: pd.DataFrame) -> dict[str, list[str]]:
    """Return the columns by what can be done with them.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
        Training rows.

    Returns
    -------
    dict of str to list of str
        ``numeric``, ``datetime``, ``categorical`` (up to `MAX_ONE_HOT` values), ``high_cardinality`` and ``text``
        (nearly every value its own), each in the order of the columns.
    """
    kinds = {"numeric": [], "categorical": [], "high_cardinality": [], "text": [], "datetime": []}
    for name in X:
        kinds[_kind(X[name])].append(name)
    return kinds


def reduce_collinearity(X: pd.DataFrame, *, max_vif: float) -> tuple[list[str], pd.DataFrame]:
    """Return the numeric columns whose variance inflation is bearable, and the trace of what went.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
        Numeric columns of the training rows, none constant or exactly dependent; gaps are filled with medians.
    max_vif : float
        As for `collinearity.eliminate`, which does the work.
    """
    if X.shape[1] == 0:
        return [], pd.DataFrame(columns=collinearity.TRACE_COLUMNS)
    return collinearity.eliminate(filled_numbers(X), max_vif=max_vif)


def inflation_factors(X: pd.DataFrame) -> pd.Series:
    """Return the variance inflation factors of numeric columns, gaps filled with medians; largest first."""
    if X.shape[1] == 0:
        return pd.Series(dtype="float64")
    return collinearity.variance_inflation_factors(filled_numbers(X)).sort_values(ascending=False)


def inflation_table(before: pd.Series, after: pd.Series) -> pd.DataFrame:
    """Return the inflation factors of all columns beside those that are left once columns were taken out.

    Parameters
    ----------
    before, after : Series
        As `inflation_factors` returns them.

    Returns
    -------
    DataFrame
        ``column``, ``before``, and ``after``, which a column that was taken out has not.
    """
    return pd.DataFrame({"before": before, "after": after.reindex(before.index)}).rename_axis("column").reset_index()


def shape_of_numbers(X: pd.DataFrame) -> pd.DataFrame:
    """Return what linear models dislike in numeric columns: skewness, far outliers, values heaped on one point.

    Returns
    -------
    DataFrame indexed by column
        ``skewness``; ``outliers``, the share beyond three interquartile ranges from the quartiles (Tukey 1977, "far
        out"); ``mode_share``, the share of the most frequent value.
    """
    filled = filled_numbers(X)
    low, high = filled.quantile(0.25), filled.quantile(0.75)
    beyond = filled.lt(low - 3 * (high - low)) | filled.gt(high + 3 * (high - low))
    mode_share = {name: filled[name].value_counts(normalize=True).iloc[0] for name in filled}
    found = {"skewness": filled.skew(), "outliers": beyond.mean(), "mode_share": mode_share}
    return pd.DataFrame(found, index=filled.columns, dtype="float64")


def recipe(
    kinds: Mapping[str, list[str]],
    *,
    dropped: Mapping[str, str],
    missing: Mapping[str, Any],
    linear_numeric: list[str],
    hidden_gaps: list[str],
    max_vif: float,
) -> dict[str, Any]:
    """Return everything that cleaning decided, as 04_training reads it.

    Parameters
    ----------
    kinds : mapping of str to list of str
        Columns that stay, as `column_kinds` returned them.
    dropped : mapping of str to str
        Columns that go, each with its reason.
    missing : mapping
        ``strategy``, ``add_indicator``, ``deleted_columns`` and ``reason``, as `missingness.choose` returned them.
    linear_numeric : list of str
        Numeric columns that serve the linear candidate.
    hidden_gaps : list of str
        Columns whose gaps give the target away: filled before any model sees them.
    max_vif : float
        The limit behind `linear_numeric`.
    """
    staying = {name for names in kinds.values() for name in names}
    return {
        **{kind: list(names) for kind, names in kinds.items()},
        "linear_numeric": list(linear_numeric),
        "missing": dict(missing),
        "hidden_gaps": [name for name in hidden_gaps if name in staying],
        "dropped": dict(dropped),
        "max_vif": max_vif,
    }


def parts(table: pd.DataFrame, role: pd.Series, design: Mapping[str, Any]) -> pd.DataFrame:
    """Return how many rows each part of the split has, and from when to when where there is a time column."""
    counts = role.value_counts().reindex(["train", "validation", "test"], fill_value=0)
    found = pd.DataFrame({"rows": counts, "share": counts / len(role)})
    if design.get("time_column"):
        times = table[design["time_column"]].groupby(role.to_numpy())
        found = found.assign(first=times.min(), last=times.max())
    return found


def cleaning_checks(recipe: Mapping[str, Any], factors: pd.Series) -> list[Check]:
    """Return what cleaning did, as verdicts that a person may want to look at.

    Parameters
    ----------
    recipe : mapping
        As `recipe` returned it.
    factors : Series of float
        Variance inflation factors of the columns that serve the linear candidate.
    """
    dropped, hidden = recipe["dropped"], recipe["hidden_gaps"]
    largest = float(factors.max()) if len(factors) else 1.0
    n_left = sum(len(recipe[kind]) for kind in preprocessing.KINDS)
    return [
        Check(
            "a column is left to learn from",
            n_left,
            1,
            n_left > 0,
            "stop",
            f"{n_left} columns are left."
            + ("" if n_left else " Give more rows, or columns that differ from row to row in all of their stretches."),
        ),
        Check(
            "columns that say nothing new",
            len(dropped),
            0,
            not dropped,
            "warning",
            "; ".join(f"{name}: {reason}" for name, reason in dropped.items()) or "Every column says something.",
        ),
        Check(
            "collinearity of the linear candidate",
            round(largest, 3),
            recipe["max_vif"],
            largest <= recipe["max_vif"],
            "warning",
            f"{len(factors)} of {len(recipe['numeric'])} numeric columns serve the linear candidate.",
        ),
        Check(
            "gaps that give the target away",
            len(hidden),
            None,
            True,
            "info",
            f"Filled before any model sees them: {', '.join(hidden) or 'none'}.",
        ),
    ]


def without_infinities(X: pd.DataFrame) -> pd.DataFrame:
    """Return the table with gaps in the place of infinite numbers."""
    numeric = X.select_dtypes("number").columns
    return X.assign(**{name: X[name].where(np.isfinite(X[name].astype("float64"))) for name in numeric})


def filled_numbers(X: pd.DataFrame) -> pd.DataFrame:
    """Return numeric columns as finite floats, gaps and infinite values replaced by the median."""
    numbers = X.astype("float64").replace([np.inf, -np.inf], np.nan)
    return numbers.fillna(numbers.median())


def _duplicates(X: pd.DataFrame) -> dict[str, str]:
    """Return columns equal to an earlier one; sums of hashes find the candidates, values decide."""
    first: dict[int, str] = {}
    reasons = {}
    for name in X:
        twin = first.setdefault(int(pd.util.hash_pandas_object(X[name], index=False).sum()), name)
        if twin != name and X[twin].equals(X[name]):
            reasons[name] = f"equal to {twin}"
    return reasons


def _kind(column: pd.Series) -> str:
    if pd.api.types.is_datetime64_any_dtype(column):
        return "datetime"
    if pd.api.types.is_numeric_dtype(column):
        return "numeric"
    n_values = column.nunique()
    if n_values <= MAX_ONE_HOT:
        return "categorical"
    return "text" if n_values > MIN_UNIQUE_TEXT * column.count() else "high_cardinality"
