"""Reading the table and drawing a sample of it."""

from pathlib import Path

import numpy as np
import pandas as pd

from lib import flights
from lib.errors import InputError

DEMO = "flights"


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
