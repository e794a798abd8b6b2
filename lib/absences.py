"""Gaps in a table: how many, which columns have them together, and whether a gap tells of the target."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from lib import eda
from lib.checks import Check

MOST_PURITY = 0.9
"""Share of a class among rows with a gap from which, with 95 % confidence, the gap gives the target away …"""

LEAST_PURIFICATION = 4
"""… if it also leaves other classes a share so many times smaller than they have among all rows."""

LEAST_EFFECT = 0.1
"""Effect on the scale of a correlation below which a gap tells so little that a person need not look."""


def shares(X: pd.DataFrame) -> pd.Series:
    """Return the share of gaps of each column that has any, the most first."""
    missing = X.isna().mean().rename("missing")
    return missing[missing > 0].sort_values(ascending=False, kind="stable")


def together(X: pd.DataFrame, *, most: int = 8) -> pd.DataFrame:
    """Return which columns are missing in the same rows: the most frequent patterns, with their rows.

    Returns
    -------
    DataFrame of shape (n_patterns, 3)
        missing (the columns, or "nothing"), rows and share.
    """
    missing = X.isna()
    names = missing.columns[missing.any()]
    if names.empty:
        return pd.DataFrame({"missing": ["nothing"], "rows": [len(X)], "share": [1.0]})
    patterns = missing[names].value_counts().head(most)
    told = [", ".join(names[np.array(pattern)]) or "nothing" for pattern in patterns.index]
    return pd.DataFrame({"missing": told, "rows": patterns.to_numpy(), "share": patterns.to_numpy() / len(X)})


def relations(X: pd.DataFrame, y: np.ndarray, design: Mapping[str, Any]) -> pd.DataFrame:
    """Return whether rows with a gap have another target than rows without, the strongest first.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_columns)
    y : array of shape (n_samples,)
        As `scoring.encode` returns it.
    design : mapping
        The contract: `task` and `classes`.

    Returns
    -------
    DataFrame of shape (n_columns_with_gaps, 7), indexed by column
        rows (with a gap), target_missing and target_known (share of the positive or most frequent class, or mean),
        effect (as `eda.relations` has it), p_adjusted (Holm), purest (the class that prevails where the value is
        missing) and gives_away (whether it does so almost without exception, by Wilson's (1927) lower 95 % bound).
    """
    y = np.asarray(y)
    gaps = X[shares(X).index].isna()
    told, _ = eda.as_share(y, design)
    rows = {name: _relation(gaps[name].to_numpy(), y, told, design) for name in gaps}
    columns = ["rows", "target_missing", "target_known", "effect", "p_value", "purest", "gives_away"]
    found = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("column")
    found.insert(4, "p_adjusted", eda.adjusted(found.pop("p_value")))
    return found.sort_values("effect", key=np.abs, ascending=False, kind="stable")


def leak_checks(found: pd.DataFrame, design: Mapping[str, Any], accept: Iterable[str] = ()) -> list[Check]:
    """Return which gaps tell of the target, and stop for those that give it away.

    Parameters
    ----------
    found : DataFrame
        What `relations` returned.
    design : mapping
        The contract; columns in `exclude` and `missingness_leaks` are dealt with already and only remembered.
    accept : iterable of str
        Columns whose gaps a person has looked at.
    """
    telling = (found["p_adjusted"] < eda.SIGNIFICANT) & (found["effect"].abs() >= LEAST_EFFECT)
    suspects = found[telling | found["gives_away"]]
    checks = [_leak_check(name, row, design, set(accept)) for name, row in suspects.iterrows()]
    if any(not check.passed for check in checks):
        return checks
    return [*checks, Check("gaps do not give the target away", 0, 0, True, "stop", "No gap in a feature tells much.")]


def _leak_check(name: str, row: pd.Series, design: Mapping[str, Any], accept: set[str]) -> Check:
    seen = (
        f"Where {name} is missing ({row['rows']} training rows) the target is {row['target_missing']:.3g} on average, "
    )
    seen += f"elsewhere {row['target_known']:.3g}. "
    if name in design["exclude"] or name in design["missingness_leaks"]:
        dealt_with = "excluded by the contract" if name in design["exclude"] else "filled in without a trace"
        return _check(name, row, True, "info", f"{seen}The column is {dealt_with}, so no model learns from it.")
    if name in accept:
        return _check(name, row, True, "info", f"{seen}Accepted by -p accept={name}.")
    if row["gives_away"]:
        return _check(
            name,
            row,
            False,
            "stop",
            f"{seen}A gap as telling as that is mostly made by the outcome itself. Exclude the column with -p exclude="
            f"{name}, use its values only with -p missingness_leaks={name}, or accept it with -p accept={name}.",
        )
    return _check(
        name,
        row,
        False,
        "warning",
        f"{seen}Ask whether the value is missing before the outcome is known, or because of it.",
    )


def _check(name: str, row: pd.Series, passed: bool, severity: str, explanation: str) -> Check:
    return Check(f"gaps of {name}", round(float(row["effect"]), 3), LEAST_EFFECT, passed, severity, explanation)


def _relation(gap: np.ndarray, y: np.ndarray, told: np.ndarray, design: Mapping[str, Any]) -> tuple:
    means = float(told[gap].mean()), float(told[~gap].mean()) if (~gap).any() else np.nan
    _, _, p_value, effect, _ = eda.relation(pd.Series(gap), y, design["task"])
    purest, gives_away = ("", False) if design["task"] == "regression" else _purest(gap, y, design["classes"])
    return int(gap.sum()), *means, effect, p_value, purest, gives_away


def _purest(gap: np.ndarray, y: np.ndarray, classes: list) -> tuple[str, bool]:
    """Return the class that prevails where a value is missing, and whether it does so almost without exception."""
    counts = np.bincount(y[gap].astype("int64"), minlength=len(classes))
    winner = int(counts.argmax())
    lowest = stats.binomtest(int(counts[winner]), int(gap.sum())).proportion_ci(method="wilson").low
    usual = float((y == winner).mean())
    return str(classes[winner]), bool(lowest >= MOST_PURITY and 1 - lowest <= (1 - usual) / LEAST_PURIFICATION)
