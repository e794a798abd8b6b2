"""Which columns have drifted from a reference: computed from two profiles with the same bins, without the rows.

A column has drifted when the move is large *and* more than chance: a large sample makes any move significant, a small
one makes any move look large. Large means beyond the limit of its measure, and beyond what the column itself moved from
one period of the training rows to another. More than chance means a p-value below `alpha` after Holm's correction for
the number of columns: the chance that any column at all is called drifted by mistake is below alpha, whatever the
columns have to do with each other, which Benjamini and Hochberg's procedure does not promise. An alarm wakes somebody
for a single column, so that is the error to bound.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lib import distances
from lib.distances import chi_square_p, holm, kolmogorov_smirnov_p, shares
from lib.profile import Column

ALPHA = 0.01
N_GROUPS = 10
"""Tenths of the reference, by which the population stability index is defined."""
LEAST_EXPECTED = 5
"""Rows that a chi-square test expects in each bin at the least (Cochran 1954)."""
MOST_CATEGORIES = 30
OTHER = "other values"


@dataclass(frozen=True)
class Measure:
    """A measure: from which effect on a move is large, which kinds of column it fits, and the test beside it."""

    limit: float
    kinds: tuple[str, ...]
    in_words: str
    p_value: Callable[[Any, Any], float] = chi_square_p


BOTH, NUMBERS, CATEGORIES = ("number", "category"), ("number",), ("category",)
MEASURES: dict[str, Measure] = {
    "psi": Measure(0.2, BOTH, "population stability index"),
    "jensen_shannon": Measure(0.1, BOTH, "Jensen-Shannon distance"),
    "kolmogorov_smirnov": Measure(0.1, NUMBERS, "Kolmogorov-Smirnov distance", kolmogorov_smirnov_p),
    "wasserstein": Measure(0.1, NUMBERS, "mean move in standard deviations", kolmogorov_smirnov_p),
    "cramers_v": Measure(0.1, CATEGORIES, "Cramér's V"),
}
DEFAULT = "jensen_shannon"
"""The one measure of the list that means the same for both kinds of column, and has the same limit for both."""


@dataclass(frozen=True)
class Move:
    """How far one column moved: the effect and the raw p-value of each measure that fits it."""

    column: str
    kind: str
    effects: Mapping[str, float]
    p_values: Mapping[str, float]
    reference: Mapping[str, Any]
    current: Mapping[str, Any]


def move(reference: Column, current: Column) -> Move | None:
    """Return how far a column moved, by every measure that fits it; None where there is nothing to compare.

    Parameters
    ----------
    reference, current : Column
        The current one profiled `like` the reference. Times are not compared: new rows are newer, always.
    """
    if reference.kind == "time" or not reference.n_known or not current.n_known:
        return None
    names, p, q = _numbers(reference, current) if reference.kind == "number" else _categories(reference, current)
    effects = {"psi": distances.population_stability_index(p, q), "jensen_shannon": distances.jensen_shannon(p, q)}
    p_values = dict.fromkeys(effects, chi_square_p(p, q))
    if reference.kind == "number":
        fine = reference.counts, current.counts
        effects |= {
            "kolmogorov_smirnov": distances.kolmogorov_smirnov(*fine),
            "wasserstein": distances.wasserstein(reference, current),
        }
        p_values |= dict.fromkeys(("kolmogorov_smirnov", "wasserstein"), kolmogorov_smirnov_p(*fine))
    else:
        effects["cramers_v"], p_values["cramers_v"] = distances.cramers_v(p, q), p_values["psi"]
    shown = ({**names, "shares": np.round(shares(counts), 6).tolist()} for counts in (p, q))
    return Move(reference.name, reference.kind, effects, p_values, *shown)


def chosen(measure: str, kind: str) -> str:
    """Return the measure that judges a column: the one asked for, or its counterpart for the other kind."""
    return measure if kind in MEASURES[measure].kinds else DEFAULT


def judged(
    moves: Iterable[Move],
    *,
    measure: str = DEFAULT,
    limit: float = 0.0,
    alpha: float = ALPHA,
    usual: Mapping[str, Mapping[str, float]] | None = None,
) -> list[dict[str, Any]]:
    """Return the verdict on each column, the most drifted first.

    Parameters
    ----------
    moves : iterable of Move
    measure : str
        A key of `MEASURES`; a column of a kind that it does not fit is judged by `DEFAULT`.
    limit : float
        From which effect on a move is large; 0 for the measure's own limit.
    alpha : float
        Chance of calling any column drifted by mistake.
    usual : mapping of str to mapping of str to float, optional
        How far each column moved within the training rows, by each measure (`reference.usual_moves`).

    Returns
    -------
    list of dict
        `column`, `kind`, `measure`, `effect`, `limit`, `usual`, `p_value` (Holm's), `drifted`, `in_words`, `effects`
        and `p_values` of all measures, and `reference` and `current`: `edges` or `categories`, and `shares`.
    """
    moves = list(moves)
    names = [chosen(measure, found.kind) for found in moves]
    corrected = holm([found.p_values[name] for found, name in zip(moves, names, strict=True)])
    entries = []
    for found, name, p_value in zip(moves, names, corrected, strict=True):
        own = limit if limit and name == measure else MEASURES[name].limit
        known = ((usual or {}).get(found.column) or {}).get(name, 0.0)
        entries.append(_entry(found, name, float(p_value), own, known, alpha))
    return sorted(entries, key=lambda entry: (not entry["drifted"], -entry["effect"] / entry["limit"]))


def _entry(found: Move, name: str, p_value: float, limit: float, usual: float, alpha: float) -> dict[str, Any]:
    effect = found.effects[name]
    large, by_chance, known = effect >= limit, p_value >= alpha, effect <= usual
    said = f"{MEASURES[name].in_words} {effect:.3f}, limit {limit:g}"
    if not large:
        verdict = "has not moved far"
    elif by_chance:
        verdict = "may have moved, or it is chance: too few rows to tell"
    elif known:
        verdict = f"has moved, and no further than within the training rows ({usual:.3f})"
    else:
        verdict = "has drifted"
    return {
        "column": found.column, "kind": found.kind, "measure": name, "effect": effect, "limit": limit, "usual": usual,
        "p_value": p_value, "drifted": large and not by_chance and not known,
        "in_words": f"{found.column} {verdict}: {said}.", "effects": dict(found.effects),
        "p_values": dict(found.p_values), "reference": dict(found.reference), "current": dict(found.current),
    }  # fmt: skip


def _numbers(reference: Column, current: Column) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """Return limits and counts of about ten groups of fine bins that hold equally much of the reference."""
    counts = np.array(reference.counts)
    n_groups = int(np.clip(current.n_known // (2 * LEAST_EXPECTED), 2, N_GROUPS))
    middle = (np.cumsum(counts) - counts / 2) / counts.sum()
    groups = np.unique((middle * n_groups).astype(int).clip(0, n_groups - 1), return_inverse=True)[1]
    starts = np.flatnonzero(np.diff(groups))
    edges = [reference.edges[place] for place in starts]
    return {"edges": edges}, *(np.bincount(groups, weights=found) for found in (counts, np.array(current.counts)))


def _categories(reference: Column, current: Column) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """Return names and counts of the categories that are frequent enough to be tested, the rest as one."""
    least = LEAST_EXPECTED / current.n_known * reference.n_known
    kept = [name for name, count in reference.categories.items() if count >= least][:MOST_CATEGORIES]
    p, q = (
        np.array([*(column.categories[name] for name in kept), _rest(column, kept)]) for column in (reference, current)
    )
    return {"categories": [*kept, OTHER]}, p, q


def _rest(column: Column, kept: list[str]) -> int:
    return column.n_known - sum(column.categories[name] for name in kept)
