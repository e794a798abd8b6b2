"""What a table says about itself: the task, its classes, and the columns that are a time, a group or an identifier."""

import re

import numpy as np
import pandas as pd

MOST_CLASSES_OF_NUMBERS = 10
TIMES_PRESENT = 0.95
"""Least share of rows with a time for a column to order the table."""

IDENTIFIES = "numbers or names the rows: hardly a value comes twice; kept with -p keep=COLUMN"
"""Why an identifier is excluded."""

_POSITIVE = {"1", "1.0", "true", "yes", "y", "t", "positive", "pos", "ja", "si", "sí", "oui"}
_IDENTITY = re.compile(r"(^|_|\b)(id|key|uuid|number|no|nr|code|ticket|index|instant)(_|\b|$)|id$", re.IGNORECASE)
_GROUP = re.compile(
    r"(customer|client|user|patient|household|family|subject|person|account|session|store|device|ticket|group)"
    r"[_ -]?(id|key|no|nr|number|code)?$",
    re.IGNORECASE,
)


def task(y: pd.Series) -> str:
    """Return the task that a target suggests: two values, few values or text, or a quantity.

    Parameters
    ----------
    y : Series of shape (n_samples,)

    Returns
    -------
    {"binary", "multiclass", "regression"}
        Whole numbers with at most `MOST_CLASSES_OF_NUMBERS` values are taken for classes, counts for a quantity.
    """
    known = y.dropna()
    n_values = known.nunique()
    if n_values == 2:
        return "binary"
    if not _is_number(known):
        return "multiclass"
    whole = bool((known == np.floor(known)).all())
    return "multiclass" if whole and n_values <= MOST_CLASSES_OF_NUMBERS else "regression"


def is_count(y: pd.Series) -> bool:
    """Return whether a quantity seems to count something: whole numbers that begin near 0, or stay below a thousand."""
    known = y.dropna()
    whole = _is_number(known) and bool((known == np.floor(known)).all())
    return whole and bool(known.min() >= 0 and (known.min() <= max(1.0, 0.01 * known.mean()) or known.max() < 1000))


def classes(y: pd.Series, positive: str = "") -> list:
    """Return the labels of a target in order; of two, the positive one comes last.

    Parameters
    ----------
    y : Series of shape (n_samples,)
    positive : str
        The positive label as text; empty: the one that says yes, 1 or true, or else the rarer one.
    """
    labels = sorted(y.dropna().unique().tolist(), key=_sortable)
    if len(labels) != 2:
        return labels
    chosen = _positive(labels, y, positive)
    return [label for label in labels if label != chosen] + [chosen]


def _positive(labels: list, y: pd.Series, positive: str):
    if positive:
        return next((label for label in labels if str(label) == positive), labels[-1])
    affirmative = [label for label in labels if str(label).strip().lower() in _POSITIVE]
    return affirmative[-1] if len(affirmative) == 1 else y.value_counts().index.tolist()[-1]


def time_column(table: pd.DataFrame) -> str:
    """Return the column of times that tells most rows apart and has hardly a gap; empty if there is none."""
    times = {name: table[name] for name in table if pd.api.types.is_datetime64_any_dtype(table[name])}
    complete = {name: times[name].nunique() for name in times if times[name].notna().mean() >= TIMES_PRESENT}
    return max(complete, key=complete.get, default="")


def group_columns(table: pd.DataFrame) -> list[str]:
    """Return columns whose name speaks of a person or thing and whose values come back in several rows."""
    return [name for name in table if _GROUP.search(str(name)) and _comes_back(table[name])]


def identifiers(table: pd.DataFrame) -> list[str]:
    """Return columns that number or name the rows: whole numbers or single words, hardly one of them twice."""
    return [name for name in table if _is_identifier(table[name])]


def _is_identifier(column: pd.Series) -> bool:
    known = column.dropna()
    if len(known) < 20 or known.nunique() < 0.99 * len(known):
        return False
    if _is_number(known):
        return _numbers_the_rows(known)
    return not pd.api.types.is_datetime64_any_dtype(known) and not known.astype(str).str.contains(r"\s").any()


def _numbers_the_rows(known: pd.Series) -> bool:
    """Return whether whole numbers run through without wide gaps, or bear the name of an identifier."""
    if not (known == np.floor(known)).all():
        return False
    return bool(known.max() - known.min() < 1.5 * len(known)) or bool(_IDENTITY.search(str(known.name)))


def _comes_back(column: pd.Series) -> bool:
    n_values, n_known = column.nunique(), column.count()
    return n_values >= 10 and n_known >= 1.2 * n_values and n_values >= 0.01 * n_known


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def _sortable(label) -> tuple[str, object]:
    return ("", label) if isinstance(label, (int, float)) else (type(label).__name__, label)
