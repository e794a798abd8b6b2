"""Reading the table and drawing a sample of it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lib import fingerprints, preflight, readers, reading, sources

DEMO = sources.DEMO


def read_table(
    source: str, target: str = "", *, gaps: Sequence[str] = (), n_rows: int = 0, random_state: int = 0
) -> reading.Reading:
    """Return the table that `source` names, made tidy, with what was found in it and how to read the next one.

    Parameters
    ----------
    source : str
        As `sources` describes: ``"flights"`` for the demo, a file, a folder, or ``URL::TABLE``.
    target : str
        The column to predict; rows without it are left out, and counted among the findings.
    gaps : sequence of str
        What stands for a gap beside what is found: ``value`` in every column, ``column=value`` in one.
    n_rows : int
        Rows to draw at random before anything is found out; 0 for all.
    random_state : int
        Seed of the draw.

    Returns
    -------
    Reading
        ``table``; ``findings`` with a row for each column, finding, evidence, action and number of cells; ``spec``,
        plain JSON, which `coercion.apply` applies to a later table.

    Raises
    ------
    InputError
        If there is no such table or target, or the table holds no rows.
    """
    raw = readers.read_source(sources.parse(source))
    preflight.require_rows(raw, source)
    return reading.tidy(sample(raw, n_rows, random_state), target=target, gaps=gaps)


def read(source: str) -> pd.DataFrame:
    """Return the table that `source` names, made tidy; see `read_table`."""
    return read_table(source).table


def validate(source: str, target: str, *, gaps: Sequence[str] = ()) -> None:
    """Refuse a table with which a run could not end well, before anything is started; see `preflight`."""
    preflight.validate(source, target, gaps=gaps)


def fingerprint(source: str) -> str:
    """Return the hash of a source's content; see `fingerprints.of_source`."""
    return fingerprints.of_source(source)


def sample(table: pd.DataFrame, n_rows: int, random_state: int) -> pd.DataFrame:
    """Return `n_rows` rows drawn at random, in their old order; all of them if `n_rows` is 0 or too large."""
    if n_rows == 0 or n_rows >= len(table):
        return table
    drawn = np.random.default_rng(random_state).choice(len(table), size=n_rows, replace=False)
    return table.iloc[np.sort(drawn)].reset_index(drop=True)
