"""Reading the table, drawing a sample of it, and going through all of it where it is larger than memory."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lib import coercion, fingerprints, kinds, preflight, readers, reading, seasons, sources, splitting, volume

DEMO = sources.DEMO


def read_table(
    source: str,
    target: str = "",
    *,
    gaps: Sequence[str] = (),
    n_rows: int = 0,
    table_mb: float = 0.0,
    random_state: int = 0,
    time_column: str | None = None,
    exclude: Sequence[str] = (),
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
    table_mb : float
        Memory that the rows may take, in MB; of a larger table as many are drawn as fit, and the findings say so. 0:
        all of them, however many.
    random_state : int
        Seed of the draw.
    time_column : str, optional
        As given for the contract, empty where it is to be proposed: parts of its calendar become columns where they
        tell of the target, see `seasons.added`. None: no such column is looked for.
    exclude : sequence of str
        Columns that a model must not see.

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
    where = readers.anew(sources.parse(source))
    if 0 < table_mb < (needed_mb := volume.megabytes(where)):
        found = _drawn(where, target, gaps, n_rows, table_mb, needed_mb, random_state)
    else:
        raw = readers.read_source(where)
        preflight.require_rows(raw, source)
        found = reading.tidy(sample(raw, n_rows, random_state), target=target, gaps=gaps)
    return found if time_column is None else seasons.added(found, source, target, time_column, exclude)


def training_batches(
    source: str, found: reading.Reading, role: pd.Series, design: Mapping[str, Any]
) -> Iterator[pd.DataFrame]:
    """Yield all rows that may be learnt from, made tidy and labelled by their places, some at a time.

    Parameters
    ----------
    source : str
    found : Reading
        What `read_table` returned. If no rows had to be drawn, its own training rows are all there are.
    role : Series of str
        The role of each of its rows.
    design : mapping
        The contract.
    """
    drawn = found.table.set_axis(found.places, axis=0)
    if not found.n_source:
        yield drawn[role.to_numpy() == "train"]
        return
    goes_by = {"strategy": design["split"]["strategy"], "time_column": design["time_column"]}
    for raw in volume.parts(sources.parse(source)):
        part = coercion.apply(found.spec, raw)
        part = part[part[design["target"]].notna()]
        free = splitting.among_training(part, drawn, role, **goes_by, group_column=design["group_column"])
        yield part[free]


def _drawn(
    where: sources.Source, target: str, gaps: Sequence[str], n_rows: int, table_mb: float, needed_mb: float,
    random_state: int,
) -> reading.Reading:  # fmt: skip
    """Return the reading of as many rows as are asked for and fit."""
    n_fit = volume.rows_within(where, table_mb)
    drawn = volume.draw(where, min(n_rows or n_fit, n_fit), random_state)
    found = reading.tidy(drawn.table, target=target, gaps=gaps)
    evidence = f"{drawn.n_source:,} rows would take about {needed_mb:,.0f} MB, {table_mb:,.0f} are allowed"
    action = f"{len(drawn.places):,} rows drawn at random; more with -p table_mb=NUMBER"
    note = reading.findings([("", kinds.Note("large table", evidence, action, 0))])
    # a few rows asked for are all that is looked at
    n_source = drawn.n_source if not n_rows else 0
    findings = pd.concat([note, found.findings], ignore_index=True)
    return found._replace(findings=findings, places=drawn.places[found.places], n_source=n_source)


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
