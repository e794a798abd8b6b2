"""Rows through the steps before the estimator without a frame, where each step is one that is known cell by cell.

For one row a frame costs many times what the estimator does. What a category becomes is asked of the fitted step
itself, once for each category, and kept in a table; numbers go through their own steps as an array; any other step is
given its frame as ever. A shortcut that does not give exactly what the steps give, on rows made up to try it, is not
taken.
"""

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder

from lib import cells

Cells = Mapping[str, list]
Block = Callable[[Cells, int], np.ndarray]

ENCODERS = (OneHotEncoder, OrdinalEncoder, TargetEncoder)
_CELL_BY_CELL = (*ENCODERS, SimpleImputer, StandardScaler)
UNKNOWN = "\x00 no such category"
N_TRIED = 256
_logger = logging.getLogger(__name__)


def of(estimator: Any, kinds: Mapping[str, str]) -> Callable[[Cells], np.ndarray] | None:
    """Return what takes cells to the numbers that the last step of a fitted pipeline takes; None if it cannot be.

    Parameters
    ----------
    estimator : fitted estimator
        A pipeline of a `ColumnTransformer` and an estimator; of anything else there is no shortcut.
    kinds : mapping of name to {"number", "time", "text"}
        Each column of the cells, as `cells.frame` takes it.
    """
    if not isinstance(estimator, Pipeline) or len(estimator) != 2 or not isinstance(estimator[0], ColumnTransformer):
        return None
    columns = estimator[0]
    try:
        with warnings.catch_warnings(action="ignore"):
            found = _Shortcut(columns, kinds)
            tried = _tried(columns, kinds)
            expected = np.asarray(columns.transform(cells.frame(tried, kinds)))
            if np.array_equal(found(tried), expected, equal_nan=True):
                return found
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        _logger.info("Rows are predicted by way of a frame: %s", error)
    return None


class _Shortcut:
    """The steps of a `ColumnTransformer`, one block of columns each."""

    def __init__(self, columns: ColumnTransformer, kinds: Mapping[str, str]):
        steps = [(step, names) for _, step, names in columns.transformers_ if _is_used(step, names)]
        self.blocks = [_block(step, names, kinds) for step, names in steps]

    def __call__(self, given: Cells) -> np.ndarray:
        """Return an array of shape (n_rows, n_outputs)."""
        n = len(next(iter(given.values())))
        return np.hstack([block(given, n) for block in self.blocks])


def _is_used(step: Any, names: Any) -> bool:
    return not (isinstance(step, str) and step == "drop") and len(names) > 0


def _block(step: Any, names: str | Sequence[str], kinds: Mapping[str, str]) -> Block:
    if isinstance(step, Pipeline) and not isinstance(names, str):
        parts = [part for _, part in step.steps]
        if isinstance(parts[0], FunctionTransformer) and parts[0].func is np.asarray:
            return _Numbers(parts, names)
        if all(isinstance(part, _CELL_BY_CELL) for part in parts) and any(isinstance(part, ENCODERS) for part in parts):
            return _Categories(step, names, kinds)
    return _Ordinary(step, names, kinds)


class _Numbers:
    """Columns of numbers, through their own steps as an array."""

    def __init__(self, parts: Sequence[Any], names: Sequence[str]):
        self.parts, self.names = parts, names

    def __call__(self, given: Cells, n: int) -> np.ndarray:
        values = np.array([given[name] for name in self.names], dtype="float64").T
        for part in self.parts:
            plain = isinstance(part, FunctionTransformer) and not part.validate
            values = part.func(values, **(part.kw_args or {})) if plain else part.transform(values)
        return values


class _Categories:
    """Columns of categories: what each becomes was asked of the step when the shortcut was made."""

    def __init__(self, step: Pipeline, names: Sequence[str], kinds: Mapping[str, str]):
        known = next(part for _, part in step.steps if isinstance(part, ENCODERS)).categories_
        own = {name: kinds[name] for name in names}
        self.base = np.asarray(step.transform(cells.frame({name: [UNKNOWN] for name in names}, own)))
        self.tables = []
        for name, categories in zip(names, known, strict=True):
            values = [*categories.tolist(), np.nan]
            others = {other: [UNKNOWN] * len(values) for other in names}
            rows = np.asarray(step.transform(cells.frame({**others, name: values}, own)))
            # Only what this column decides: the rest is as it is for a row of unknown categories.
            places = np.flatnonzero((rows != self.base).any(axis=0))
            self.tables.append((name, places, dict(zip(values[:-1], rows[:-1, places], strict=True)), rows[-1, places]))

    def __call__(self, given: Cells, n: int) -> np.ndarray:
        found = np.repeat(self.base, n, axis=0)
        for name, places, table, gap in self.tables:
            for number, cell in enumerate(given[name]):
                row = table.get(cell) if cell == cell else gap
                if row is not None:
                    found[number, places] = row
        return found


class _Ordinary:
    """A step that is given its columns as a frame, as the `ColumnTransformer` gives them."""

    def __init__(self, step: Any, names: str | Sequence[str], kinds: Mapping[str, str]):
        self.step, self.names = step, names
        self.kinds = {name: kinds[name] for name in ([names] if isinstance(names, str) else names)}

    def __call__(self, given: Cells, n: int) -> np.ndarray:
        table = cells.frame(given, self.kinds)
        taken = table[self.names]
        return np.asarray(taken if isinstance(self.step, str) else self.step.transform(taken))


def _tried(columns: ColumnTransformer, kinds: Mapping[str, str]) -> dict[str, list]:
    """Return made-up rows: known and unknown categories, gaps, numbers of any size."""
    draw, known = np.random.default_rng(0), _known(columns)
    return {name: _made_up(kind, known.get(name, []), draw) for name, kind in kinds.items()}


def _made_up(kind: str, known: Sequence[str], draw: np.random.Generator) -> list:
    gaps = draw.random(N_TRIED) < 0.2
    if kind == "number":
        values = draw.normal(size=N_TRIED) * 10.0 ** draw.integers(-3, 6, N_TRIED)
        return np.where(gaps, np.nan, values).tolist()
    if kind == "time":
        days = draw.integers(0, 20_000, N_TRIED).astype("datetime64[D]").astype("datetime64[us]")
        return [np.datetime64("NaT", "us") if gap else day for gap, day in zip(gaps, days, strict=True)]
    # Each known category is tried at least once where there are not too many.
    words = [*known, UNKNOWN, "", " "]
    places = np.where(np.arange(N_TRIED) < len(words), np.arange(N_TRIED), draw.integers(0, len(words), N_TRIED))
    return [np.nan if gap else words[place] for gap, place in zip(gaps, places.tolist(), strict=True)]


def _known(columns: ColumnTransformer) -> dict[str, list]:
    found: dict[str, list] = {}
    for _, step, names in columns.transformers_:
        for _, part in step.steps if isinstance(step, Pipeline) else []:
            if isinstance(part, ENCODERS) and not isinstance(names, str):
                found |= {name: each.tolist() for name, each in zip(names, part.categories_, strict=True)}
    return found
