"""A table that is larger than the memory its rows may take: how large it is, and rows drawn from it as it is read."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from lib import packed, readers, sheets, sources

PART = 100_000
"""Rows read at a time."""
_BLOCK = 1 << 22
_MEGABYTE = 1e6


class Drawn(NamedTuple):
    """Rows drawn from a raw table, their places in it from 0 on, and how many rows it has."""

    table: pd.DataFrame
    places: np.ndarray
    n_source: int


def megabytes(source: sources.Source) -> float:
    """Return about how much memory a table takes once it is read, by its first rows and its size on the disk.

    Returns
    -------
    float
    """
    source = readers.as_file(source)
    if source.kind not in ("file", "folder"):
        return 0.0
    return sum(_megabytes(path, source.part) for path in sources.files_behind(source))


def rows_within(source: sources.Source, limit_mb: float) -> int:
    """Return how many rows of a table the limit holds, by its first rows."""
    source = readers.as_file(source)
    head = readers.head(sources.files_behind(source)[0], source.part)
    return max(1, int(limit_mb * _MEGABYTE / _bytes_per_row(head)))


def draw(source: sources.Source, n_rows: int, random_state: int) -> Drawn:
    """Return rows drawn at random from a table of any length, in their old order, in memory for little more than them.

    Each row gets a random number as it is read, and those with the smallest stay (Efraimidis and Spirakis 2006, with
    equal weights): every set of `n_rows` rows is equally likely, and the table is read once.

    Parameters
    ----------
    source : Source
    n_rows : int
    random_state : int
        Seed of the draw; it does not depend on how many rows are read at a time.
    """
    generator, kept, limit, n_source = np.random.default_rng(random_state), [], 1.0, 0
    for part in readers.parts(source, PART):
        numbers = generator.random(len(part))
        chosen = np.flatnonzero(numbers < limit)
        kept.append(_Kept(part.iloc[chosen].reset_index(drop=True), n_source + chosen, numbers[chosen]))
        n_source += len(part)
        if sum(len(some.places) for some in kept) > 1.2 * n_rows:
            limit = np.partition(np.concatenate([some.numbers for some in kept]), n_rows)[n_rows]
            kept = [some.below(limit) for some in kept]
    if sum(len(some.places) for some in kept) > n_rows:
        limit = np.partition(np.concatenate([some.numbers for some in kept]), n_rows)[n_rows]
        kept = [some.below(limit) for some in kept]
    places = np.concatenate([some.places for some in kept])
    return Drawn(pd.concat([some.table for some in kept], ignore_index=True), places, n_source)


def parts(source: sources.Source) -> Iterator[pd.DataFrame]:
    """Yield the raw table by some rows at a time, labelled by their places in it, from 0 on."""
    start = 0
    for part in readers.parts(source, PART):
        yield part.set_axis(pd.RangeIndex(start, start + len(part)), axis=0)
        start += len(part)


class _Kept(NamedTuple):
    table: pd.DataFrame
    places: np.ndarray
    numbers: np.ndarray

    def below(self, limit: float) -> "_Kept":
        stays = self.numbers < limit
        if stays.all():
            return self
        return _Kept(self.table[stays].reset_index(drop=True), self.places[stays], self.numbers[stays])


def _megabytes(path: Path, sheet: str) -> float:
    if path.suffix.lower() in sheets.SUFFIXES:
        return sheets.megabytes(path, sheet)
    with readers.refusals(path), packed.opened(path) as stream:
        if stream.read(4) == b"PAR1":
            return pq.ParquetFile(stream).metadata.num_rows * _bytes_per_row(readers.head(path)) / _MEGABYTE
        stream.seek(0, io.SEEK_END)
        size = stream.tell()
    if size <= _BLOCK:
        return size / _MEGABYTE
    return size / _BLOCK * readers.head(path).memory_usage(deep=True).sum() / _MEGABYTE


def _bytes_per_row(head: pd.DataFrame) -> float:
    return head.memory_usage(deep=True, index=False).sum() / max(1, len(head))
