"""Folds for cross-validation that respect what the design says about the rows: time, groups, rare classes."""

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

from lib.errors import InputError

LEAST_TO_LEARN_FROM = 5
"""Rows below which nothing is fitted: encoders cross-fit in five parts."""

Fold = tuple[np.ndarray, np.ndarray]


def make(table: pd.DataFrame, design: Mapping[str, Any], *, n_splits: int = 3, random_state: int = 0) -> list[Fold]:
    """Return the folds that fit a table: rows to learn from and rows to be judged on, by position.

    With a time column each fold learns from the past and is judged on what came next; with a group column, and no time
    or a split by group, no group is on both sides; classes are spread evenly, and rows of a class with fewer rows than
    folds are only learnt from.

    Parameters
    ----------
    table : DataFrame of shape (n_samples, n_columns)
        Training rows, with the target and the columns that the design names.
    design : mapping
        The contract.
    n_splits : int
    random_state : int
        Seed of the folds that draw.

    Raises
    ------
    InputError
        If no fold has two values on both sides and enough rows to learn from.
    """
    y = table[design["target"]]
    folds = [_with_rare_classes(fold, y, design, n_splits) for fold in _split(table, design, n_splits, random_state)]
    usable = [fold for fold in folds if len(fold[0]) >= LEAST_TO_LEARN_FROM and _has_two_values(fold, y)]
    if not usable:
        raise InputError(
            f"Cross-validation needs at least two values of {design['target']!r} in the rows to learn from and in "
            f"those to be judged on, and {LEAST_TO_LEARN_FROM} rows to learn from; none of {n_splits} folds has them. "
            f"Give more rows, or another split."
        )
    return usable


def subsample(table: pd.DataFrame, design: Mapping[str, Any], n_rows: int, *, random_state: int = 0) -> pd.DataFrame:
    """Return about `n_rows` rows in their old order, every class among them; all rows if there are not more.

    Rows are drawn within each class, so that a class of five rows does not vanish.
    """
    if n_rows <= 0 or len(table) <= n_rows:
        return table
    generator = np.random.default_rng(random_state)
    labels = _labels(table[design["target"]], design)
    share = n_rows / len(table)
    drawn = [
        generator.choice(rows, size=max(min(len(rows), 10), round(len(rows) * share)), replace=False)
        for rows in (np.flatnonzero(labels == label) for label in np.unique(labels))
    ]
    return table.iloc[np.sort(np.concatenate(drawn))]


def newest(table: pd.DataFrame, design: Mapping[str, Any], n_rows: int, *, random_state: int = 0) -> pd.DataFrame:
    """Return the newest `n_rows` rows in the order of time; without a time column as many drawn at random."""
    if not design.get("time_column"):
        return subsample(table, design, n_rows, random_state=random_state)
    ordered = table.sort_values(design["time_column"], kind="stable")
    return ordered.tail(n_rows) if n_rows > 0 else ordered


def holdout(table: pd.DataFrame, design: Mapping[str, Any], *, n_splits: int = 8, random_state: int = 0) -> Fold:
    """Return one fold, for early stopping: the last in time, or about one row in `n_splits`."""
    return make(table, design, n_splits=n_splits, random_state=random_state)[-1]


def _split(table: pd.DataFrame, design: Mapping[str, Any], n_splits: int, random_state: int) -> list[Fold]:
    positions = np.arange(len(table))
    if design.get("time_column") and not _is_by_group(design):
        return _expanding_windows(table[design["time_column"]], n_splits)
    if design.get("group_column"):
        groups = pd.factorize(table[design["group_column"]], use_na_sentinel=False)[0]
        n_groups = groups.max() + 1
        if n_groups < 2:
            return []
        splitter = GroupKFold(min(n_splits, n_groups), shuffle=True, random_state=random_state)
        return list(splitter.split(positions, groups=groups))
    if design["task"] == "regression":
        return list(KFold(n_splits, shuffle=True, random_state=random_state).split(positions))
    strata = _strata(table[design["target"]], n_splits)
    return list(StratifiedKFold(n_splits, shuffle=True, random_state=random_state).split(positions, strata))


def _is_by_group(design: Mapping[str, Any]) -> bool:
    return bool(design.get("group_column")) and design.get("split", {}).get("strategy") == "group"


def _expanding_windows(times: pd.Series, n_splits: int) -> list[Fold]:
    """Return folds whose past grows; rows of the same moment are never on both sides."""
    place = ((times.rank(method="min", na_option="top") - 1) / len(times)).to_numpy()
    edges = np.arange(1, n_splits + 2) / (n_splits + 1)
    return [
        (np.flatnonzero(place < start), np.flatnonzero((place >= start) & (place < end)))
        for start, end in itertools.pairwise(edges)
    ]


def _strata(y: pd.Series, n_splits: int) -> np.ndarray:
    """Return class codes in which classes too rare to be spread count as the most frequent one."""
    codes = pd.factorize(y)[0]
    counts = np.bincount(codes)
    return np.where(counts[codes] < n_splits, counts.argmax(), codes)


def _with_rare_classes(fold: Fold, y: pd.Series, design: Mapping[str, Any], n_splits: int) -> Fold:
    train, test = fold
    if design["task"] == "regression" or design.get("time_column") or design.get("group_column"):
        return fold
    rare = y.map(y.value_counts()).lt(n_splits).to_numpy()
    return np.union1d(train, test[rare[test]]), test[~rare[test]]


def _has_two_values(fold: Fold, y: pd.Series) -> bool:
    return all(y.iloc[rows].nunique() > 1 for rows in fold)


def _labels(y: pd.Series, design: Mapping[str, Any]) -> np.ndarray:
    return np.zeros(len(y), dtype=int) if design["task"] == "regression" else pd.factorize(y)[0]
