"""What could make the rows that are held out a poor judge."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lib import splitting
from lib.checks import Check

MOST_COPIES = 0.01
"""Share of held-out rows with an exact copy among the training rows above which a score is flattered."""

MOST_SHIFT = 0.1
"""Difference of a class's share between two parts that a person should know of."""


def split_checks(table: pd.DataFrame, role: pd.Series, design: Mapping[str, Any]) -> list[Check]:
    """Return what could make the held-out rows a poor judge: copies, order, groups and shares of classes.

    Parameters
    ----------
    table : DataFrame of shape (n_samples, n_columns)
    role : Series of shape (n_samples,)
        What `splitting.split` returned.
    design : mapping
        The contract.
    """
    found = [_no_copies(table[[*design["features"], design["target"]]], role)]
    if design["time_column"]:
        found.append(_in_order(splitting.times(table, design["time_column"]), role, design["split"]["strategy"]))
    if design["group_column"]:
        found.append(_groups_apart(table[design["group_column"]], role, design["split"]["strategy"]))
    if design["task"] != "regression":
        found += [_classes_everywhere(table[design["target"]], role), _shares_alike(table[design["target"]], role)]
    return found


def _no_copies(rows: pd.DataFrame, role: pd.Series) -> Check:
    hashes = pd.util.hash_pandas_object(rows, index=False)
    held_out = role != "train"
    n_copies = int(hashes[held_out].isin(hashes[~held_out]).sum())
    share = n_copies / max(1, int(held_out.sum()))
    return Check(
        "held-out rows are new",
        round(share, 4),
        MOST_COPIES,
        share <= MOST_COPIES,
        "warning",
        f"{n_copies} validation and test rows have an exact copy among the training rows, target included"
        + (
            ": a model that learns by heart is rewarded for them. If they are the same case twice, drop them from the "
            "source."
            if n_copies
            else "."
        ),
    )


def _in_order(values: pd.Series, role: pd.Series, strategy: str) -> Check:
    bounds = values.groupby(role.to_numpy()).agg(["min", "max"])
    ordered = bounds.loc["train", "max"] < bounds.loc["validation", "min"]
    ordered = bool(ordered and bounds.loc["validation", "max"] < bounds.loc["test", "min"])
    return Check(
        "the future is held out",
        "in order" if ordered else "mixed",
        "in order",
        ordered,
        "stop" if strategy == "time" else "warning",
        "Every validation row is newer than every training row, and every test row newer still."
        if ordered
        else "A validation row is no newer than a training row, or a test row no newer than a validation row; in "
        "production a model meets only what comes after it. Use -p strategy=time.",
    )


def _groups_apart(groups: pd.Series, role: pd.Series, strategy: str) -> Check:
    n_shared = int((role.groupby(groups.to_numpy(), dropna=False).nunique() > 1).sum())
    return Check(
        "no group is in two parts",
        n_shared,
        0,
        n_shared == 0,
        "stop" if strategy == "group" else "warning",
        f"{n_shared} groups have rows in more than one part"
        + (
            ", so that a model may know a case from its twin. Use -p strategy=group unless the same groups come back "
            "in production."
            if n_shared
            else "."
        ),
    )


def _classes_everywhere(y: pd.Series, role: pd.Series) -> Check:
    present = pd.crosstab(y.to_numpy(), role.to_numpy()) > 0
    lacking = present.index[~present.get("train", pd.Series(False, index=present.index))].astype(str).tolist()
    one_sided = [part for part in present if present[part].sum() < 2]
    return Check(
        "every class can be learnt and judged",
        ", ".join([*lacking, *one_sided]) or "yes",
        "yes",
        not lacking and not one_sided,
        "stop" if one_sided else "warning",
        "A class without a training row cannot be learnt, and a part with one class alone cannot be scored. Use "
        "-p strategy=stratified, larger parts, or leave the class out of the table."
        if lacking or one_sided
        else "Every class has training rows, and every part more than one class.",
    )


def _shares_alike(y: pd.Series, role: pd.Series) -> Check:
    shares = pd.crosstab(y.to_numpy(), role.to_numpy(), normalize="columns")
    spread = float((shares.max(axis=1) - shares.min(axis=1)).max())
    return Check(
        "classes are as frequent in every part",
        round(spread, 4),
        MOST_SHIFT,
        spread <= MOST_SHIFT,
        "warning",
        f"The share of a class differs by up to {spread:.3f} between the parts."
        + (
            " In a split by time this is the world moving, and a probability learnt on old rows will be off on new "
            "ones; otherwise it is an unlucky split."
            if spread > MOST_SHIFT
            else ""
        ),
    )
