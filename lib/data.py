"""Reading the table, drawing a sample of it, and splitting it once, before anything is learnt."""

from pathlib import Path

import numpy as np
import pandas as pd

from lib import flights
from lib.errors import InputError

DEMO = "flights"
ROLES = ("train", "validation", "test")


def read(source: str) -> pd.DataFrame:
    """Return the table that `source` names.

    Parameters
    ----------
    source : str
        ``"flights"`` for the demo's history, or the path of a CSV or Parquet file.

    Raises
    ------
    InputError
        If there is no such file, or it holds no rows.
    """
    if source == DEMO:
        return flights.history()
    path = Path(source)
    if not path.exists():
        raise InputError(f"The table {source} is not there. Give the path of a CSV or Parquet file with -p data=PATH.")
    table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    if table.empty:
        raise InputError(f"The table {source} has no rows. Give a table with at least some hundred rows.")
    return table


def sample(table: pd.DataFrame, n_rows: int, random_state: int) -> pd.DataFrame:
    """Return `n_rows` rows drawn at random, in their old order; all of them if `n_rows` is 0 or too large."""
    if n_rows == 0 or n_rows >= len(table):
        return table
    drawn = np.random.default_rng(random_state).choice(len(table), size=n_rows, replace=False)
    return table.iloc[np.sort(drawn)].reset_index(drop=True)


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
        ``time``: the newest rows are test, those before them validation. ``group``: no group is in two parts.
        ``stratified``: each part has the same share of each class. ``random``: by chance alone.
    time_column, group_column, target : str
        The columns that the strategy goes by.
    validation_size, test_size : float
        Shares of all rows.
    random_state : int
        Seed of the strategies that draw.

    Returns
    -------
    Series of str, shape (n_samples,)
        The role of each row, one of `ROLES`, indexed as the table.
    """
    order = {
        "time": lambda: _order_of(table[time_column]),
        "group": lambda: _order_of(_shuffled_codes(table[group_column], random_state)),
        "stratified": lambda: _stratified_order(table[target], random_state),
        "random": lambda: _stratified_order(pd.Series(0, index=table.index), random_state),
    }[strategy]()
    roles = np.full(len(table), "train", dtype=object)
    roles[order >= 1 - validation_size - test_size] = "validation"
    roles[order >= 1 - test_size] = "test"
    return pd.Series(roles, index=table.index, name="role", dtype="str")


def _order_of(values: pd.Series) -> np.ndarray:
    """Return where each value stands among all, from 0 to 1; equal values stand at the same place."""
    return ((values.rank(method="min") - 1) / len(values)).to_numpy()


def _shuffled_codes(groups: pd.Series, random_state: int) -> pd.Series:
    codes, unique = pd.factorize(groups, use_na_sentinel=False)
    return pd.Series(np.random.default_rng(random_state).permutation(len(unique))[codes], index=groups.index)


def _stratified_order(classes: pd.Series, random_state: int) -> np.ndarray:
    """Return a random place from 0 to 1 for each row, spread evenly within each class."""
    draw = pd.Series(np.random.default_rng(random_state).random(len(classes)), index=classes.index)
    grouped = draw.groupby(classes.to_numpy(), dropna=False)
    return ((grouped.rank(method="first") - 0.5) / grouped.transform("size")).to_numpy()
