"""Gaps that are written as something else: the words that stand for one, and numbers such as -999."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

WORDS = (
    "", "na", "n/a", "n.a.", "#n/a", "#na", "nan", "nat", "null", "(null)", "<na>", "<null>", "none", "nil", "\\n",
    "?", "-", "--", "---", "–", "—", ".", "..", "#null!", "#div/0!", "#value!", "#ref!", "#num!", "#name?",
)  # fmt: skip
"""Lower-case words that stand for a gap in any column."""
TARGET_WORDS = ("", "na", "n/a", "#n/a", "nan", "null", "<na>", "?")
"""Those that stand for a gap in a target of text, where "none" may well be a class."""
MAYBE_WORDS = ("unknown", "missing", "unspecified", "not available", "not known", "undefined", "tbd", "n.v.")
"""Words that may mean a gap or a category: reported, not changed."""
CODES = (-1, -9, -99, -200, -999, -9999, -99999, -999999, 99, 999, 9999, 99999, 999999, 9999999)
LEAST_CELLS = 3


class Code(NamedTuple):
    """A number that stands for a gap, or may: where it is beyond doubt, `is_safe`."""

    value: float
    n_cells: int
    is_safe: bool
    evidence: str


def codes_in(found: np.ndarray) -> list[Code]:
    """Return the numbers at a column's ends that look like codes for a gap, with the evidence.

    A code is safe if it occurs `LEAST_CELLS` times or more, and lies farther from the nearest other value than all
    others lie from each other, or is -99 or less, frequent, and the only value below zero. -1 is never safe: it often
    means something.

    Parameters
    ----------
    found : array of shape (n_samples,)
        The numbers of a column, gaps as NaN.
    """
    codes, rest = _safe_codes(found[np.isfinite(found)])
    for end in (np.min, np.max):
        if len(rest) and end(rest) in CODES:
            code = _judged(float(end(rest)), rest)
            if code.n_cells >= max(LEAST_CELLS, 0.01 * len(found)):
                codes.append(code)
    return codes


def _safe_codes(rest: np.ndarray) -> tuple[list[Code], np.ndarray]:
    """Return the codes beyond doubt, and the numbers without them; one at an end may hide one at the other."""
    codes, n_before = [], -1
    while len(codes) > n_before:
        n_before = len(codes)
        for end in (np.min, np.max):
            while len(rest) and end(rest) in CODES and (code := _judged(float(end(rest)), rest)).is_safe:
                codes.append(code)
                rest = rest[rest != code.value]
    return codes, rest


def asked(gaps: Iterable[str], name: str) -> tuple[list[str], list[float]]:
    """Return the words and the numbers that were asked to be gaps in a column: ``value``, or ``column=value``."""
    wanted = [value for column, _, value in map(_one_column, gaps) if column in ("", name)]
    return [value.strip().lower() for value in wanted], [float(value) for value in wanted if _is_number(value)]


def _one_column(gap: str) -> tuple[str, str, str]:
    column, separator, value = str(gap).rpartition("=")
    return column.strip(), separator, value


def _judged(value: float, rest: np.ndarray) -> Code:
    others = rest[rest != value]
    n_cells = len(rest) - len(others)
    if not len(others) or others.min() == others.max():
        return Code(value, 0, False, "")
    low, high = float(others.min()), float(others.max())
    alone = (low - value if value < low else value - high) > high - low
    wrong_sign = value <= -99 and low >= 0 and n_cells >= 0.005 * len(rest)
    evidence = f"{value:g} in {n_cells} cells, all others from {low:g} to {high:g}"
    return Code(value, n_cells, value != -1 and n_cells >= LEAST_CELLS and (alone or wrong_sign), evidence)


def _is_number(value: str) -> bool:
    try:
        return np.isfinite(float(value))
    except ValueError:
        return False


def maybe_words(cells: pd.Series, words: Sequence[str] = MAYBE_WORDS) -> pd.Series:
    """Return the cells of a text column whose word may mean a gap."""
    return cells[cells.str.lower().isin(list(words)).to_numpy(bool)]
