"""How a row is known where the table has no column of keys: by the hash of its content, numbered among its like.

The hash is of the columns that the model takes, as it takes them, and of the row's time: the same row gets the same
key from a CSV file, a Parquet file or a request, with or without the columns that are known later, such as the truth.
"""

import hashlib

import numpy as np
import pandas as pd

_SEEDS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)
LONGEST = 500
"""Characters in a key that a user gives: PostgreSQL takes no index entry of more than 2,704 bytes."""
_GAP = np.uint64(0x5851F42D4C957F2D)


def hashes(X: pd.DataFrame) -> np.ndarray:
    """Return 128 bits for each row, an array of shape (n_rows, 2) of unsigned integers.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_columns)
        Numbers, times without a zone, and text.
    """
    lanes = [np.full(len(X), seed, dtype=np.uint64) for seed in _SEEDS]
    for position in range(X.shape[1]):
        seeds = _digest(str(X.columns[position]))
        for lane, (cells, seed) in enumerate(zip(_cells(X.iloc[:, position]), seeds, strict=True)):
            lanes[lane] = _mixed(lanes[lane] * np.uint64(31) + _mixed(cells ^ seed))
    return np.column_stack(lanes)


def as_text(lanes: np.ndarray) -> list[str]:
    """Return hashes as 32 hexadecimal digits each."""
    digits = np.ascontiguousarray(lanes.astype(">u8")).tobytes().hex()
    return [digits[start : start + 32] for start in range(0, len(digits), 32)]


def _cells(values: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return one number for each cell, equal for equal cells, for each of the two lanes."""
    if values.dtype.kind in "iufb":
        # Zero has two signs, and a gap many patterns of bits.
        numbers = values.to_numpy(np.float64) + 0.0
        cells = np.where(np.isnan(numbers), _GAP, numbers.view(np.uint64))
        return cells, cells
    if values.dtype.kind == "M":
        cells = values.to_numpy("datetime64[us]").view(np.uint64)
        return cells, cells
    codes, unique = pd.factorize(values)
    known = np.array([*(_digest(str(value)) for value in unique), (_GAP, _GAP)], dtype=np.uint64)
    return known[codes, 0], known[codes, 1]


def _digest(text: str) -> tuple[np.uint64, np.uint64]:
    found = hashlib.blake2b(text.encode("utf-8", errors="surrogatepass"), digest_size=16).digest()
    return np.uint64(int.from_bytes(found[:8])), np.uint64(int.from_bytes(found[8:]))


def _mixed(values: np.ndarray) -> np.ndarray:
    """Spread each bit over all (Steele, Lea and Flood 2014, SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


class Occurrences:
    """Counts how often each row came before, through a table that comes in parts, at eight bytes a row."""

    def __init__(self):
        self._sorted: list[np.ndarray] = []

    def add(self, lanes: np.ndarray) -> np.ndarray:
        """Return for each row how many like it came before it."""
        order = np.argsort(lanes[:, 0], kind="stable")
        # Looked up in order, what is near stays in the processor's cache.
        found = lanes[order, 0]
        counted = np.arange(len(found)) - np.searchsorted(found, found, "left")
        for known in self._sorted:
            counted += np.searchsorted(known, found, "right") - np.searchsorted(known, found, "left")
        self._keep(found)
        answer = np.empty_like(counted)
        answer[order] = counted
        return answer

    def _keep(self, new: np.ndarray) -> None:
        """Join arrays of like length, so that there are never more than a few to look into."""
        while self._sorted and len(self._sorted[-1]) <= len(new):
            new = np.sort(np.concatenate([self._sorted.pop(), new]), kind="stable")
        self._sorted.append(new)


def keys(hashed: list[str], occurrences: np.ndarray) -> list[str]:
    """Return the hash for the first row of its like, and the hash with a number for the others."""
    return [key if n == 0 else f"{key}-{n + 1}" for key, n in zip(hashed, occurrences.tolist(), strict=True)]


def unfit(given: pd.Series) -> pd.Series:
    """Return which of a column's values name no row: gaps, blanks, and text that not every database could hold."""
    if given.dtype.kind in "iufbM":
        return given.isna()
    written = given.astype("str")
    # PostgreSQL's text has no zero in it.
    unheld = (written.str.len() > LONGEST) | written.str.contains("\0", regex=False)
    return given.isna() | unheld.fillna(False).astype(bool) | written.str.strip().eq("").fillna(False).astype(bool)
