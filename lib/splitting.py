"""Which rows are for training, for validation and for test: decided once, before anything is learnt."""

import numpy as np
import pandas as pd

from lib.errors import InputError

ROLES = ("train", "validation", "test")
N_PERIODS = 10
LEAST_OF_SHARE = 0.25
"""A part that gets less than this of the rows it is meant to have is none to learn from, or to judge by."""


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
        If there are fewer than three rows, times or groups, so that a part would be empty, or if so many rows have
        the same time or group that a part gets less than `LEAST_OF_SHARE` of its rows.
    """
    shares = np.array([1 - validation_size - test_size, validation_size, test_size])
    if strategy == "time":
        codes = _by_time(times(table, time_column), shares, time_column)
    elif strategy == "group":
        codes = _by_group(table[group_column], shares, random_state)
    else:
        classes = table[target] if strategy == "stratified" else pd.Series(0, index=table.index)
        codes = _by_rank(_stratified_order(classes, random_state), shares)
    if strategy in ("time", "group"):
        _require_shares(codes, shares, strategy, time_column if strategy == "time" else group_column)
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


def periods(order: pd.Series, n_periods: int = N_PERIODS) -> np.ndarray:
    """Return the period of each row, from 0 on: stretches of about as many rows each, equal times together.

    Parameters
    ----------
    order : Series of shape (n_samples,)
        What `times` returned; rows without one belong to the first period.
    """
    place = (order.rank(method="min", na_option="top").to_numpy() - 1) / len(order)
    return np.unique((place * n_periods).astype("int64"), return_inverse=True)[1]


def among_training(
    part: pd.DataFrame,
    drawn: pd.DataFrame,
    role: pd.Series,
    *,
    strategy: str,
    time_column: str = "",
    group_column: str = "",
) -> np.ndarray:
    """Return which rows of a larger table may be learnt from, where only a sample of it was split.

    Parameters
    ----------
    part, drawn : DataFrame
        Rows of the table, and the rows that were split, both labelled by their places in the table.
    role : Series of str
        The role of each drawn row, in their order.
    strategy, time_column, group_column : str
        As for `split`. By time, rows after the last training row are held out with it; by group, those of a group
        that has no training row.

    Returns
    -------
    array of bool, shape (n_rows,)
    """
    train = drawn[role.to_numpy() == "train"]
    free = ~part.index.isin(drawn.index[role.to_numpy() != "train"])
    if strategy == "time" and time_column:
        return free & ~(times(part, time_column) > times(train, time_column).max()).to_numpy()
    if strategy == "time":
        return free & (part.index <= train.index.max())
    return free & part[group_column].isin(train[group_column]).to_numpy() if strategy == "group" else free


def by_period(role: pd.Series, order: pd.Series, n_periods: int = 40) -> pd.DataFrame:
    """Return how many rows of each part lie in each period, indexed by the period's first time."""
    starts = pd.Series(order.to_numpy()).groupby(periods(order, n_periods)).transform("min")
    counts = pd.crosstab(starts, role.to_numpy())
    return counts.reindex(columns=ROLES, fill_value=0).rename_axis(index="starts", columns=None)


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


def _require_shares(codes: np.ndarray, shares: np.ndarray, strategy: str, column: str) -> None:
    """Refuse parts that equal times or whole groups have left with next to nothing."""
    sizes = np.bincount(codes, minlength=len(ROLES))
    for role, size, meant in zip(ROLES, sizes, shares * len(codes), strict=True):
        if size < LEAST_OF_SHARE * meant:
            raise InputError(
                f"By {strategy} column {column!r} the {role} part gets {size} of {len(codes)} rows, where {meant:.0f} "
                f"are meant for it: too many rows have the same {strategy}, or none. Use another strategy, as in "
                f"-p strategy=random, or name another column with -p {strategy}_column=COLUMN."
            )


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
