"""What is known of all training rows in counts and moments, so made that those of batches add up to those of the whole.

From it follow, without the rows: the profile of each column, how much it tells of the target, its variance inflation,
and how it moves along the table. Bins and categories are fixed beforehand, by rows that are in memory.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd

from lib import collinearity, eda, profile, splitting
from lib.profile import Column


@dataclass(frozen=True)
class Frame:
    """What is fixed before anything is counted.

    Parameters
    ----------
    profiles : mapping of str to Column
        Of rows that are in memory: kinds, bins and categories of features and target.
    target : str
    fill : Series
        What stands for a gap in each numeric feature where correlations are computed: its median.
    starts : array of float
        Where each period but the first begins, in the order of the rows.
    time_column : str
        By which rows are ordered; empty: by their places.
    """

    profiles: Mapping[str, Column]
    target: str
    fill: pd.Series
    starts: np.ndarray
    time_column: str = ""

    def periods(self, part: pd.DataFrame) -> np.ndarray:
        """Return the period of each row; rows without a time belong to the first one."""
        return np.searchsorted(self.starts, np.nan_to_num(_order(part, self.time_column), nan=-np.inf), side="right")


@dataclass(frozen=True)
class Census:
    """The counts and moments of some rows.

    Parameters
    ----------
    profiles : mapping of str to Column
    with_target, with_period : mapping of str to array of int, shape (n_places, n_codes)
        Rows in each bin or category of a feature, by the target's bin or category, and by period.
    moments : Moments
        Of the numeric features, gaps filled.
    """

    profiles: Mapping[str, Column]
    with_target: Mapping[str, np.ndarray]
    with_period: Mapping[str, np.ndarray]
    moments: collinearity.Moments

    @property
    def n_samples(self) -> int:
        """Rows that were counted."""
        return next(iter(self.profiles.values())).n_samples


def frame(train: pd.DataFrame, design: Mapping[str, Any]) -> Frame:
    """Return what is fixed by training rows in memory, which are labelled by their places in the table."""
    features, target, time_column = (design[key] for key in ("features", "target", "time_column"))
    profiles = profile.of(train[[*features, target]])
    numeric = [name for name in features if profiles[name].kind == "number"]
    numbers = train[numeric].astype("float64").replace([np.inf, -np.inf], np.nan)
    order = _order(train, time_column)
    known = order[~np.isnan(order)]
    inner = np.linspace(0, 1, splitting.N_PERIODS + 1)[1:-1]
    starts = np.unique(np.quantile(known, inner)) if len(known) else np.empty(0)
    return Frame(profiles, target, numbers.median().fillna(0.0), starts, time_column)


def of(part: pd.DataFrame, known: Frame) -> Census:
    """Return the census of some rows, labelled by their places in the table."""
    profiles = profile.of(part[list(known.profiles)], like=known.profiles)
    codes = places(part[known.target], known.profiles[known.target])
    period = known.periods(part)
    at_places = {name: places(part[name], like) for name, like in known.profiles.items() if name != known.target}
    sizes = {name: _n_places(known.profiles[name]) for name in known.profiles}
    crossed = {name: _crossed(at, sizes[name], codes, sizes[known.target]) for name, at in at_places.items()}
    moving = {name: _crossed(at, sizes[name], period, len(known.starts) + 1) for name, at in at_places.items()}
    numbers = part[list(known.fill.index)].astype("float64").replace([np.inf, -np.inf], np.nan).fillna(known.fill)
    return Census(profiles, crossed, moving, collinearity.moments(numbers))


def of_batches(batches: Iterable[pd.DataFrame], known: Frame) -> Census:
    """Return the census of all rows of some batches."""
    return reduce(merge, (of(part, known) for part in batches))


def merge(one: Census, other: Census) -> Census:
    """Return the census of the rows of both, which were counted in the same frame."""
    return Census(
        profile.merge(one.profiles, other.profiles),
        {name: counts + other.with_target[name] for name, counts in one.with_target.items()},
        {name: counts + other.with_period[name] for name, counts in one.with_period.items()},
        collinearity.moments_of_batches([one.moments, other.moments]),
    )


def relations(found: Census) -> pd.DataFrame:
    """Return what the counts say of each feature, those that tell most of the target first.

    Returns
    -------
    DataFrame indexed by column
        ``tells_of_target``, mutual information in bits of the bins; ``vif``, of numeric columns; ``moves``, Cramér's V
        of bins against periods.
    """
    tells = {name: eda.information(counts) for name, counts in found.with_target.items()}
    moves = {name: eda.association(counts) for name, counts in found.with_period.items()}
    columns = {"tells_of_target": tells, "vif": collinearity.factors_of(found.moments), "moves": moves}
    table = pd.DataFrame({name: pd.Series(values, dtype="float64") for name, values in columns.items()})
    return table.loc[list(tells)].rename_axis("column").sort_values("tells_of_target", ascending=False, kind="stable")


def to_plain(found: Census) -> dict[str, Any]:
    """Return what later notebooks read, as plain values."""
    return {
        "n_samples": found.n_samples,
        "profiles": profile.to_records(found.profiles),
        "relations": relations(found).astype(object).replace(np.inf, "inf").reset_index().to_dict("records"),
    }


def _n_places(like: Column) -> int:
    """Return how many places there are: bins or kept categories, one for other categories, and one for gaps."""
    return (len(like.categories) + 1 if like.kind == "category" else len(like.edges) + 1) + 1


def places(column: pd.Series, like: Column) -> np.ndarray:
    """Return the place of each row among the bins or categories of a profile; a gap has the last one."""
    gap = _n_places(like) - 1
    if like.kind == "category":
        codes = pd.Index(list(like.categories)).get_indexer(column.astype("str"))
        return np.where(column.isna(), gap, np.where(codes < 0, gap - 1, codes))
    values = profile.numbers(column)
    return np.where(np.isfinite(values), profile.bin_of(values, np.array(like.edges)), gap)


def _order(part: pd.DataFrame, time_column: str) -> np.ndarray:
    if not time_column:
        return part.index.to_numpy(dtype="float64")
    return profile.numbers(splitting.times(part, time_column))


def _crossed(places: np.ndarray, n_places: int, codes: np.ndarray, n_codes: int) -> np.ndarray:
    return np.bincount(places * n_codes + codes, minlength=n_places * n_codes).reshape(n_places, n_codes)
