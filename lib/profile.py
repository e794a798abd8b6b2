"""What is known of each column in a few numbers, so made that profiles of batches add up to that of the whole.

Counts add up; means and squared deviations merge by the formula of Chan, Golub and LeVeque (1979); histogram bins and
kept categories are fixed by the first batch, open at both ends, so that every later value has a place; distinct values
are estimated from the smallest hashes (Bar-Yossef et al. 2002), of which the smallest of two batches are those of
both together. The same profile later serves as the reference against which new rows are compared.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import pandas as pd

N_BINS = 20
MOST_CATEGORIES = 100
SKETCH_SIZE = 1024
"""Hashes kept: below so many distinct values the count is exact, above it is off by about 3 %."""

_ROWS_FOR_EDGES = 200_000
_HASHES = 2.0**64
_MAY_BE_NONE = ("mean", "minimum", "maximum")
_BLOCK = 1 << 14  # values compared at a time: as many as stay in the processor's cache


@dataclass(frozen=True)
class Column:
    """The profile of one column.

    Parameters
    ----------
    name : str
    kind : {"number", "time", "category"}
        Times are profiled as seconds since 1970.
    n_samples, n_missing : int
        Rows, and rows without a value; infinities count as gaps.
    mean, squared_deviations, minimum, maximum : float
        Of the values that are there; NaN for a category, or where there are none.
    edges : tuple of float
        Inner limits of the bins; bin k holds values from ``edges[k - 1]`` on and below ``edges[k]``.
    counts : tuple of int
        Values in each bin, one more than edges.
    sums : tuple of float
        Sum of the values in each bin, so that their means are known.
    categories : mapping of str to int
        Rows of each category that is kept.
    n_other : int
        Rows of all other categories.
    sketch : tuple of int
        The smallest distinct hashes, in order.
    """

    name: str
    kind: str
    n_samples: int
    n_missing: int
    mean: float = np.nan
    squared_deviations: float = 0.0
    minimum: float = np.nan
    maximum: float = np.nan
    edges: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    sums: tuple[float, ...] = ()
    categories: Mapping[str, int] = field(default_factory=dict)
    n_other: int = 0
    sketch: tuple[int, ...] = ()

    @property
    def n_known(self) -> int:
        """Rows with a value."""
        return self.n_samples - self.n_missing

    @property
    def std(self) -> float:
        """Standard deviation with n - 1 in the denominator, as pandas has it."""
        return float(np.sqrt(self.squared_deviations / (self.n_known - 1))) if self.n_known > 1 else np.nan

    @property
    def n_distinct(self) -> int:
        """Distinct values: exact below `SKETCH_SIZE`, estimated above."""
        if len(self.sketch) < SKETCH_SIZE:
            return len(self.sketch)
        return min(self.n_known, round((SKETCH_SIZE - 1) / (self.sketch[-1] / _HASHES)))


def of(table: pd.DataFrame, like: Mapping[str, Column] | None = None, *, sketched: bool = True) -> dict[str, Column]:
    """Return the profile of each column.

    Parameters
    ----------
    table : DataFrame of shape (n_samples, n_columns)
    like : mapping of str to Column, optional
        An earlier profile, whose kinds, bins and categories are used again, so that the two can be merged or compared.
    sketched : bool
        Whether distinct values are counted; without that it takes half the time.
    """
    return {str(name): _profile(table[name], (like or {}).get(str(name)), sketched) for name in table}


def of_batches(batches: Iterable[pd.DataFrame]) -> dict[str, Column]:
    """Return the profile of a table that is read in batches; the first one fixes bins and categories."""
    batches = iter(batches)
    whole = of(next(batches))
    for batch in batches:
        whole = merge(whole, of(batch, like=whole))
    return whole


def merge(one: Mapping[str, Column], other: Mapping[str, Column]) -> dict[str, Column]:
    """Return the profile of the rows of both.

    Raises
    ------
    ValueError
        If the profiles differ in columns, kinds, bins or categories.
    """
    if list(one) != list(other):
        raise ValueError(f"Profiles of the same columns merge; these differ in {sorted(set(one) ^ set(other))}.")
    return {name: _merge(one[name], other[name]) for name in one}


def to_records(profiles: Mapping[str, Column]) -> list[dict]:
    """Return the profiles as plain dictionaries, as they are written to JSON."""
    return [{**asdict(column), **_finite(column)} for column in profiles.values()]


def from_records(records: Iterable[Mapping]) -> dict[str, Column]:
    """Return the profiles that `to_records` wrote."""
    columns = (Column(**{name: _from_plain(value) for name, value in record.items()}) for record in records)
    return {column.name: column for column in columns}


def _profile(column: pd.Series, like: Column | None, sketched: bool) -> Column:
    kind = like.kind if like else _kind(column)
    if kind == "category":
        return _category_profile(column, like, sketched)
    values = numbers(column)
    known = values[np.isfinite(values)]
    edges = np.array(like.edges) if like else _edges(known)
    places = bin_of(known, edges)
    counts, sums = (np.bincount(places, weights, minlength=len(edges) + 1) for weights in (None, known))
    mean = known.mean() if len(known) else np.nan
    return Column(
        name=str(column.name),
        kind=kind,
        n_samples=len(values),
        n_missing=len(values) - len(known),
        mean=float(mean),
        squared_deviations=float(np.square(known - mean).sum()),
        minimum=float(known.min()) if len(known) else np.nan,
        maximum=float(known.max()) if len(known) else np.nan,
        edges=tuple(edges.tolist()),
        counts=tuple(counts.tolist()),
        sums=tuple(sums.tolist()),
        sketch=_sketch(pd.util.hash_array(known)) if sketched else (),
    )


def _category_profile(column: pd.Series, like: Column | None, sketched: bool) -> Column:
    found = column.dropna().astype("str").value_counts()
    kept = list(like.categories) if like else found.index[:MOST_CATEGORIES].tolist()
    return Column(
        name=str(column.name),
        kind="category",
        n_samples=len(column),
        n_missing=int(column.isna().sum()),
        categories={name: int(found.get(name, 0)) for name in kept},
        n_other=int(found.drop(kept, errors="ignore").sum()),
        sketch=_sketch(pd.util.hash_array(found.index.to_numpy(dtype=object))) if sketched else (),
    )


def _merge(one: Column, other: Column) -> Column:
    if (one.kind, one.edges, list(one.categories)) != (other.kind, other.edges, list(other.categories)):
        raise ValueError(
            f"Column {one.name!r}: kinds, bins or categories differ. Profile the second part `like` the first."
        )
    mean, squared_deviations = _merged_moments(one, other)
    return replace(
        one,
        n_samples=one.n_samples + other.n_samples,
        n_missing=one.n_missing + other.n_missing,
        mean=mean,
        squared_deviations=squared_deviations,
        minimum=float(np.fmin(one.minimum, other.minimum)),
        maximum=float(np.fmax(one.maximum, other.maximum)),
        counts=tuple(a + b for a, b in zip(one.counts, other.counts, strict=True)),
        sums=tuple(a + b for a, b in zip(one.sums, other.sums, strict=True)),
        categories={name: one.categories[name] + other.categories[name] for name in one.categories},
        n_other=one.n_other + other.n_other,
        sketch=tuple(sorted({*one.sketch, *other.sketch})[:SKETCH_SIZE]),
    )


def _merged_moments(one: Column, other: Column) -> tuple[float, float]:
    if not one.n_known or not other.n_known:
        filled = one if one.n_known else other
        return filled.mean, filled.squared_deviations
    n, delta = one.n_known + other.n_known, other.mean - one.mean
    mean = one.mean + delta * other.n_known / n
    return mean, one.squared_deviations + other.squared_deviations + delta**2 * one.n_known * other.n_known / n


def _kind(column: pd.Series) -> str:
    if pd.api.types.is_datetime64_any_dtype(column):
        return "time"
    is_number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    return "number" if is_number else "category"


def numbers(column: pd.Series) -> np.ndarray:
    """Return the values of a number or a time as floats: times as seconds since 1970, gaps as NaN."""
    if pd.api.types.is_datetime64_any_dtype(column):
        column = column.astype("datetime64[s]").astype("int64").astype("float64").where(column.notna())
    return column.to_numpy(dtype="float64", na_value=np.nan)


def bin_of(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the bin of each value: how many edges it reaches, so that a value equal to an edge is above it."""
    if len(edges) > 2 * N_BINS:
        return np.searchsorted(edges, values, side="right")
    # comparing whole columns with a few edges takes a third of the time of a search for each value
    places = np.zeros(len(values), dtype=np.uint8)
    for start in range(0, len(values), _BLOCK):
        block = slice(start, start + _BLOCK)
        for edge in edges:
            places[block] += values[block] >= edge
    return places.astype(np.intp)


def _edges(known: np.ndarray) -> np.ndarray:
    some = known[:: max(1, len(known) // _ROWS_FOR_EDGES)]
    return np.unique(np.quantile(some, np.linspace(0, 1, N_BINS + 1)[1:-1])) if len(some) else np.array([])


def _sketch(hashes: np.ndarray) -> tuple[int, ...]:
    """Return the smallest distinct hashes; those below a limit are tried first, as a full `unique` is slow."""
    if len(hashes) > 16 * SKETCH_SIZE:
        smallest = np.unique(hashes[hashes < np.uint64(4 * SKETCH_SIZE / len(hashes) * _HASHES)])
        if len(smallest) > SKETCH_SIZE:
            return tuple(smallest[:SKETCH_SIZE].tolist())
    return tuple(np.sort(pd.unique(hashes))[:SKETCH_SIZE].tolist())


def _finite(column: Column) -> dict[str, float | None]:
    return {name: None if np.isnan(value := getattr(column, name)) else value for name in _MAY_BE_NONE}


def _from_plain(value):
    if isinstance(value, list):
        return tuple(value)
    return np.nan if value is None else value
