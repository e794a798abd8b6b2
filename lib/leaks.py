"""What looks too good, or is no feature at all: leaks, identifiers, near copies, and odd targets."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from lib import onecolumn
from lib.checks import Check

MOST_SKILL = 0.95
"""Skill of a single column, from 0 to 1, above which it is taken for the target in disguise (an AUC of 0.975)."""

NOTABLE_SKILL = 0.5
"""Skill of a single column that a person should be able to explain (an AUC of 0.75)."""

MOST_DISTINCT = 0.5
"""Share of rows with a category of their own from which a column names rows rather than describes them."""

MOST_CORRELATION = 0.98
LEAST_CLASS = 10
MOST_AT_THE_END = 0.01
"""Share of rows at a target's largest or smallest value from which it looks cut off there."""

MOST_MOVEMENT = 0.1
"""Effect of the period on the target, on the scale of a correlation, from which old rows mislead about new ones."""

MOST_FEATURE_MOVEMENT = 0.3
"""The same for a feature, where more is usual: seasons, prices, growing numbers."""

_ROWS = 30_000


def single_column_skill(X: pd.DataFrame, y: np.ndarray, design: Mapping[str, Any], *, cv: int = 3) -> pd.Series:
    """Return how well each column predicts the target by itself, cross-validated, the best first.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
        Of more than 30,000 rows a regular sample is looked at.
    y : array of shape (n_samples,)
        As `scoring.encode` returns it.
    design : mapping
        The contract: `task` and `classes`.
    cv : int
        Number of folds.

    Returns
    -------
    Series of shape (n_features,)
        From 0, as good as a constant, to 1, perfect, as `onecolumn.skill` measures it; below 0 counts as 0.
    """
    step = -(-len(X) // _ROWS)
    X, y = X.iloc[::step], np.asarray(y)[::step]
    fold = np.random.default_rng(0).permutation(len(X)) % cv
    skills = {str(name): max(0.0, _skill(X[name], y, design, fold)) for name in X}
    return (
        pd.Series(skills, name="skill", dtype="float64")
        .rename_axis("column")
        .sort_values(ascending=False, kind="stable")
    )


def skill_checks(skills: pd.Series, accept: Iterable[str] = ()) -> list[Check]:
    """Return which columns are too good to be true, and stop for those that replace the target.

    Parameters
    ----------
    skills : Series
        What `single_column_skill` returned.
    accept : iterable of str
        Columns that a person has looked at.
    """
    notable = skills[skills >= NOTABLE_SKILL]
    found = [_skill_check(str(name), float(value), set(accept)) for name, value in notable.items()]
    if found:
        return found
    best = float(skills.max()) if len(skills) else 0.0
    text = "No column predicts the target so well by itself that it would need an explanation."
    return [Check("no column is too good to be true", round(best, 3), MOST_SKILL, True, "stop", text)]


def identifier_checks(X: pd.DataFrame) -> list[Check]:
    """Return a warning for each column of categories that nearly every row has for itself."""
    found = []
    for name in X.columns[[_is_text(X[column]) for column in X]]:
        n_known, n_distinct = X[name].count(), X[name].nunique()
        if n_distinct > 50 and n_distinct >= MOST_DISTINCT * n_known:
            found.append(_identifier_check(name, n_distinct, n_known))
    return found


def near_copies(X: pd.DataFrame) -> pd.DataFrame:
    """Return pairs of numeric columns with a correlation above `MOST_CORRELATION`, the strongest first.

    Gaps are filled with the column's mean, which makes a correlation smaller, never larger.
    """
    numbers = X.select_dtypes("number").iloc[:: -(-len(X) // _ROWS)].replace([np.inf, -np.inf], np.nan)
    numbers = numbers.loc[:, numbers.std() > 0].astype("float64")
    matrix = np.atleast_2d(np.corrcoef(numbers.fillna(numbers.mean()).to_numpy(), rowvar=False))
    rows, columns = np.nonzero(np.triu(np.abs(matrix) >= MOST_CORRELATION, k=1))
    names = numbers.columns
    found = [(names[i], names[j], matrix[i, j]) for i, j in zip(rows, columns, strict=True)]
    found.sort(key=lambda pair: -abs(pair[2]))
    return pd.DataFrame(found, columns=["one", "other", "correlation"])


def copy_checks(pairs: pd.DataFrame) -> list[Check]:
    """Return a warning for each pair of columns that say the same."""
    return [
        Check(
            f"{one} and {other} differ",
            round(correlation, 4),
            MOST_CORRELATION,
            False,
            "warning",
            "The two columns say almost the same: coefficients and importances are shared out between them by chance. "
            "03_cleaning decides by their variance inflation; one of them can go with -p exclude=.",
        )
        for one, other, correlation in pairs.itertuples(index=False)
    ]


def target_checks(y: np.ndarray, design: Mapping[str, Any]) -> list[Check]:
    """Return what is odd about the target: classes with hardly a row, or a pile of rows at its end."""
    if design["task"] == "regression":
        return [_end_check(y, y.max(), "largest"), _end_check(y, y.min(), "smallest")]
    counts = np.bincount(np.asarray(y, dtype="int64"), minlength=len(design["classes"]))
    rare = {str(name): int(n) for name, n in zip(design["classes"], counts, strict=True) if n < LEAST_CLASS}
    told = ", ".join(f"{name} ({n})" for name, n in rare.items())
    return [
        Check(
            "every class has rows to learn from",
            told or int(counts.min()),
            LEAST_CLASS,
            not rare,
            "warning",
            "A class with fewer training rows than this can be neither learnt nor judged; its scores are luck."
            if rare
            else "The rarest class has enough training rows to be learnt.",
        )
    ]


def movement_checks(moved: pd.Series, design: Mapping[str, Any]) -> list[Check]:
    """Return warnings if the target or the features move along the contract's time, or along the order of the rows.

    Parameters
    ----------
    moved : Series
        What `eda.movement` returned, the target among the columns.
    design : mapping
        The contract.
    """
    along = f"with {design['time_column']}" if design["time_column"] else "along the table's order of rows"
    advice = (
        "The newest rows are held out, so the scores know of it; in production a model has to be watched and retrained."
        if design["split"]["strategy"] == "time"
        else "If that order is time, use -p strategy=time: held-out rows between training rows flatter every score."
    )
    target, features = float(moved[design["target"]]), moved.drop(design["target"])
    most = ", ".join(f"{name} {value:.2f}" for name, value in features.head(3).items())
    whole = [("targets", target, MOST_MOVEMENT, f"The target moves {along} by {target:.2f} of at most 1.")]
    whole.append(("features", float(features.max()), MOST_FEATURE_MOVEMENT, f"Most move {along}: {most} of at most 1."))
    return [
        Check(
            f"{what} of old and new rows are alike",
            round(value, 3),
            limit,
            value < limit,
            "warning",
            f"{told} {advice}",
        )
        for what, value, limit, told in whole
    ]


def _skill(column: pd.Series, y: np.ndarray, design: Mapping[str, Any], fold: np.ndarray) -> float:
    parts, column = [], onecolumn.plain(column)
    for held_out in range(fold.max() + 1):
        rows = fold == held_out
        parts.append((rows, onecolumn.predict(design, column[~rows], y[~rows], column[rows])))
    prediction = np.zeros((len(y), *parts[0][1].shape[1:]))
    for rows, values in parts:
        prediction[rows] = values
    return onecolumn.skill(design, y, prediction)


def _skill_check(name: str, value: float, accept: set[str]) -> Check:
    if name in accept:
        text = f"Accepted by -p accept={name}."
        return Check(f"{name} is no leak", round(value, 3), MOST_SKILL, True, "info", text)
    if value >= MOST_SKILL:
        text = (
            f"{name} predicts the target almost perfectly by itself, as a column does that is filled in afterwards "
            f"or made of the target. Exclude it with -p exclude={name}, or accept it with -p accept={name}."
        )
        return Check(f"{name} is no leak", round(value, 3), MOST_SKILL, False, "stop", text)
    text = (
        f"{name} predicts the target well by itself. Ask whether it is known, with this value, at the moment of the "
        f"prediction; if not, -p exclude={name}; if so, -p accept={name}."
    )
    return Check(f"{name} is no leak", round(value, 3), NOTABLE_SKILL, False, "warning", text)


def _identifier_check(name: str, n_distinct: int, n_known: int) -> Check:
    text = (
        f"{name} has {n_distinct} different values in {n_known} rows: it names the rows more than it describes them, "
        f"and a model learns them by heart. Exclude it with -p exclude={name} unless it is text with a meaning."
    )
    return Check(f"{name} describes rows", round(n_distinct / n_known, 3), MOST_DISTINCT, False, "warning", text)


def _end_check(y: np.ndarray, end: float, which: str) -> Check:
    at_end, usual = np.mean(y == end), 1 / len(np.unique(y))
    passed = bool(at_end < MOST_AT_THE_END or at_end < 5 * usual)
    text = f"{at_end:.2%} of the training rows have the {which} target value, {end:g}. "
    text += (
        "It is not conspicuously often."
        if passed
        else "The target looks cut off there: beyond it no model can be right, and errors look smaller than they are."
    )
    return Check(
        f"the target is not cut off at its {which}", round(float(at_end), 4), MOST_AT_THE_END, passed, "warning", text
    )


def _is_text(column: pd.Series) -> bool:
    return not pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_datetime64_any_dtype(column)
