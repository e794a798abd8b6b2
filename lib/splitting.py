"""Which rows are for training, for validation and for test: decided once, before anything is learnt, and audited."""

import numpy as np
import pandas as pd

from lib.checks import Check
from lib.errors import InputError

ROLES = ("train", "validation", "test")
MOST_COPIES = 0.01
"""Share of held-out rows with an exact copy among the training rows above which a score is flattered."""

MOST_SHIFT = 0.1
"""Difference of a class's share between two parts that a person should know of."""


def split(
    table: pd.DataFrame,
    *,
    strategy: str,
    time_column: str = "",
    group_column: str = "",
    target: str = "",
    validation_size: float = 0.2,
    test_size: float = 0.2,
    random_state: int = 0,
) -> pd.Series:
    """Assign each row to train, validation or test.

    Parameters
    ----------
    table : DataFrame of shape (n_samples, n_columns)
        The table as it was read.
    strategy : {"time", "group", "stratified", "random"}
        ``time``: the newest rows are test, those before them validation; rows of the same time stay together, rows
        without a time count as the oldest, and without a time column the order of the rows is the time.
        ``group``: no group is in two parts, and rows without a group are one group.
        ``stratified``: each part has the same share of each class, and a class's first row is for training.
        ``random``: by chance alone.
    time_column, group_column, target : str
        The columns that the strategy goes by.
    validation_size, test_size : float
        Shares of all rows; met as nearly as equal times and whole groups allow.
    random_state : int
        Seed of the strategies that draw.

    Returns
    -------
    Series of str, shape (n_samples,)
        The role of each row, one of `ROLES`, indexed as the table.

    Raises
    ------
    InputError
        If there are fewer than three rows, times or groups, so that a part would be empty.
    """
    shares = np.array([1 - validation_size - test_size, validation_size, test_size])
    if strategy == "time":
        codes = _by_time(times(table, time_column), shares, time_column)
    elif strategy == "group":
        codes = _by_group(table[group_column], shares, random_state)
    else:
        classes = table[target] if strategy == "stratified" else pd.Series(0, index=table.index)
        codes = _by_rank(_stratified_order(classes, random_state), shares)
    return pd.Series(np.array(ROLES, dtype=object)[codes], index=table.index, name="role", dtype="str")


def times(table: pd.DataFrame, time_column: str) -> pd.Series:
    """Return what orders the rows: times or numbers as they are, text read as dates, or the rows' own order.

    Raises
    ------
    InputError
        If the column is text of which less than half reads as a date.
    """
    if not time_column:
        return pd.Series(np.arange(len(table)), index=table.index)
    column = table[time_column]
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return column
    read = pd.to_datetime(column, errors="coerce", format="mixed")
    if read.notna().sum() < column.notna().sum() / 2:
        raise InputError(
            f"Time column {time_column!r} should hold dates; found {column.dropna().iloc[0]!r}. "
            f"Name another with -p time_column=COLUMN, or none with -p time_column=none."
        )
    return read


def audit(table: pd.DataFrame, role: pd.Series, design: dict) -> list[Check]:
    """Return what could make the held-out rows a poor judge: copies, order, groups and shares of classes.

    Parameters
    ----------
    table : DataFrame of shape (n_samples, n_columns)
    role : Series of shape (n_samples,)
        What `split` returned.
    design : mapping
        The contract.
    """
    found = [_no_copies(table[[*design["features"], design["target"]]], role)]
    if design["time_column"]:
        found.append(_in_order(times(table, design["time_column"]), role, design["split"]["strategy"]))
    if design["group_column"]:
        found.append(_groups_apart(table[design["group_column"]], role, design["split"]["strategy"]))
    if design["task"] != "regression":
        found += [_classes_everywhere(table[design["target"]], role), _shares_alike(table[design["target"]], role)]
    return found


def _by_time(values: pd.Series, shares: np.ndarray, time_column: str) -> np.ndarray:
    """Cut the distinct times where the parts come nearest to their shares."""
    rank = values.rank(method="dense", na_option="top").to_numpy().astype("int64") - 1
    starts = np.concatenate([[0], np.cumsum(np.bincount(rank))[:-1]]) / len(values)
    if len(starts) < 3:
        raise InputError(
            f"Time column {time_column!r} has {len(starts)} distinct times; three parts need three at the least. "
            f"Use another strategy, as in -p strategy=random."
        )
    test = 2 + int(np.abs(starts[2:] - (1 - shares[2])).argmin())
    validation = 1 + int(np.abs(starts[1:test] - shares[0]).argmin())
    return (rank >= validation).astype("int64") + (rank >= test)


def _by_group(groups: pd.Series, shares: np.ndarray, random_state: int) -> np.ndarray:
    """Give each group, in random order, to the part that lacks most rows; the last ones to parts still empty."""
    codes, _ = pd.factorize(groups, use_na_sentinel=False)
    sizes = np.bincount(codes)
    if len(sizes) < 3:
        raise InputError(
            f"Group column {groups.name!r} has {len(sizes)} groups; three parts need three at the least. "
            f"Use another strategy, as in -p strategy=random."
        )
    part = np.zeros(len(sizes), dtype="int64")
    lacking, empty = shares * len(groups), {0, 1, 2}
    for place, group in enumerate(np.random.default_rng(random_state).permutation(len(sizes))):
        open_parts = list(empty) if len(sizes) - place <= len(empty) else [0, 1, 2]
        part[group] = max(open_parts, key=lambda candidate: lacking[candidate])
        lacking[part[group]] -= sizes[group]
        empty.discard(part[group])
    return part[codes]


def _by_rank(order: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Give the last rows of an order to test, those before them to validation, at least one row to each part."""
    if len(order) < 3:
        raise InputError(f"The table has {len(order)} rows; three parts need three at the least.")
    n_test, n_validation = (max(1, round(share * len(order))) for share in (shares[2], shares[1]))
    codes = np.zeros(len(order), dtype="int64")
    placed = np.argsort(order, kind="stable")
    codes[placed[-n_test - n_validation :]] = 1
    codes[placed[-n_test:]] = 2
    return codes


def _stratified_order(classes: pd.Series, random_state: int) -> np.ndarray:
    """Return a random place from 0 to 1 for each row, spread evenly within each class, its first row at 0."""
    draw = pd.Series(np.random.default_rng(random_state).random(len(classes)))
    grouped = draw.groupby(classes.to_numpy(), dropna=False)
    rank = grouped.rank(method="first").to_numpy()
    return np.where(rank == 1, 0.0, (rank - 0.5) / grouped.transform("size").to_numpy())


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
        f"{n_copies} validation and test rows have an exact copy among the training rows, target included: a model "
        f"that learns by heart is rewarded for them. If they are the same case twice, drop them from the source.",
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
        "Every validation row should be newer than every training row, and every test row newer still: in production "
        "a model meets only what comes after it. Use -p strategy=time.",
    )


def _groups_apart(groups: pd.Series, role: pd.Series, strategy: str) -> Check:
    n_shared = int((role.groupby(groups.to_numpy(), dropna=False).nunique() > 1).sum())
    return Check(
        "no group is in two parts",
        n_shared,
        0,
        n_shared == 0,
        "stop" if strategy == "group" else "warning",
        f"{n_shared} groups have rows in more than one part, so that a model may know a case from its twin. "
        f"Use -p strategy=group unless the same groups come back in production.",
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
        "-p strategy=stratified, larger parts, or leave the class out of the table.",
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
        f"The share of a class differs by up to {spread:.3f} between the parts. In a split by time this is the world "
        f"moving, and a probability learnt on old rows will be off on new ones; otherwise it is an unlucky split.",
    )
