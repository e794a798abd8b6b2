"""What a table says about itself: the task, its classes, and the columns that are a time, a group or an identifier."""

import re

import numpy as np
import pandas as pd

from lib.errors import InputError

MOST_CLASSES_OF_NUMBERS = 10
MOST_OF_FEW = 20
"""What nineteen of twenty values above 0 stay within, if a target whose name says nothing is taken for counts."""

MOST_CELLS = 0.5
TIMES_PRESENT = 0.95
"""Least share of rows with a time for a column to order the table."""

IDENTIFIES = "numbers or names the rows: hardly a value comes twice; kept with -p keep=COLUMN"
"""Why an identifier is excluded."""

BYTES = "bytes, such as a picture's, which no model here reads; kept with -p keep=COLUMN"
"""Why a column that holds no text is excluded."""

_BYTE = r"\\x[0-9a-f]{2}"
"""A byte that is no text, as `coercion` writes it."""
_POSITIVE = {"1", "1.0", "true", "yes", "y", "t", "positive", "pos", "ja", "si", "sí", "oui"}
_IDENTITY = re.compile(r"(^|_|\b)(id|key|uuid|number|no|nr|code|ticket|index|instant)(_|\b|$)|id$", re.IGNORECASE)
_GROUP = re.compile(
    r"(customer|client|user|patient|household|family|subject|person|account|session|store|device|ticket|group)"
    r"[_ -]?(id|key|no|nr|number|code)?$",
    re.IGNORECASE,
)
_BEGINNING = re.compile(r"(^|[\W_])(birth\w*|born|dob|built|founded|geburt\w*|geboren)([\W_]|$)|BirthD", re.IGNORECASE)
_COUNTS = re.compile(
    r"(?i:(^|[\W_])(cnt|counts?|anzahl)([\W_]|$))|(?i:(^|[\W_])(number|num|nb|n)[\W_]+(of[\W_]+)?[^\W_])"
    r"|(?i:(^|[\W_])no\.?[\W_]of[\W_])|[a-z](Count|Cnt|Nb)s?$|^(n|[nN]um|[nN]umber|[nN]b)(Of)?[A-Z]"
)
_EVENTS = re.compile(
    r"(^|[\W_])(goals|claims|visits|visitors|accidents|events|incidents|calls|clicks|orders|purchases|bookings|trips"
    r"|defects|failures|errors|faults|injuries|deaths|births|arrivals|complaints|children)$",
    re.IGNORECASE,
)
_MEASURES = re.compile(
    r"(^|[\W_])(age|year|month|week|day|hour|minute|second|time|duration|price|cost|amount|value|income|salary|wage|fare"
    r"|fee|score|grade|mark|point|rating|rank|level|quality|rate|ratio|percent|pct|share|weight|height|length|width"
    r"|depth|size|area|distance|temperature|temp|code|id|class|index|wait|stay|los|discount)s?([\W_]|$)",
    re.IGNORECASE,
)


def task(y: pd.Series) -> str:
    """Return the task that a target suggests: two values, few values or text, a quantity or a count.

    Parameters
    ----------
    y : Series of shape (n_samples,)

    Returns
    -------
    {"binary", "multiclass", "regression", "counts"}
        Whole numbers with at most `MOST_CLASSES_OF_NUMBERS` values are taken for classes, unless name and numbers both
        speak of counting; more of them for counts only where that is hard to mistake.
    """
    known = y.dropna()
    n_values = known.nunique()
    if n_values == 2:
        return "binary"
    if not _is_number(known):
        return "multiclass"
    whole = bool((known == np.floor(known)).all())
    if whole and n_values <= MOST_CLASSES_OF_NUMBERS:
        return "counts" if _why_few_count(known) else "multiclass"
    return "counts" if why_counts(known) else "regression"


def may_count(y: pd.Series) -> bool:
    """Return whether a quantity could count something: whole numbers from about 0 on that spread as counts do.

    A count's variance is its mean if it is Poisson's, and more if its mean differs from row to row; a grade or a size
    in whole units spreads less. A price or a salary in whole units begins far above 0.
    """
    known = y.dropna()
    if not _is_number(known) or known.nunique() < 3 or not (known == np.floor(known)).all():
        return False
    begins_near_0 = 0 <= known.min() <= max(1.0, 0.01 * known.mean())
    by_chance = 3 * np.sqrt(2 / len(known))
    return bool(begins_near_0 and _dispersion(known) >= 1 - by_chance)


def why_counts(y: pd.Series) -> str:
    """Return the evidence, hard to mistake, that a quantity counts something; empty where there is none.

    Numbers alone do not tell the ages of a people from the customers of a shop. So either the name speaks of counting;
    or the numbers are so small that a step of 1 is a large part of most of them, which hardly anything is that is
    measured, and fall off upwards at least half as steeply as Poisson's: codes of classes and hours of the day do not.
    A name that speaks of a measure or money outweighs both. A mistake costs little: Poisson's deviance, too, is least
    at the mean.
    """
    known = y.dropna()
    if few := _why_few_count(known):
        return few
    if not may_count(y) or _MEASURES.search(str(y.name)):
        return ""
    spread = f"whole numbers from {known.min():g} on, variance {_dispersion(known):.3g} times the mean"
    if _COUNTS.search(str(y.name)):
        return f"its name speaks of counting; {spread}"
    few = known[known > 0].quantile(0.95) <= MOST_OF_FEW and known.skew() >= 0.5 / np.sqrt(known.mean())
    return f"small {spread}, the lower the more frequent" if few else ""


def _why_few_count(known: pd.Series) -> str:
    """Return the evidence that whole numbers with few values, as classes have, count something; empty where none is.

    Codes of classes look like counts by chance, so that the name has to speak of counting, and the numbers as well:
    from 0 or 1 on, hardly one left out below the largest, most of them low and the others trailing off upwards. What is
    counted in a bounded place (children, rooms) may spread less than Poisson's.
    """
    name, n_values = str(known.name), known.nunique()
    if not _is_number(known) or not 3 <= n_values <= MOST_CLASSES_OF_NUMBERS or _MEASURES.search(name):
        return ""
    low, high = known.min(), known.max()
    runs_on = low in (0, 1) and (known == np.floor(known)).all() and high - low < 2 * n_values
    falls_off = runs_on and known.mode().iloc[0] < (low + high) / 2 and known.skew() > 0
    if not falls_off or not (_COUNTS.search(name) or _EVENTS.search(name)):
        return ""
    return f"its name speaks of counting; whole numbers from {low:g} to {high:g}, the low ones the more frequent"


def _dispersion(known: pd.Series) -> float:
    return float(known.var() / known.mean())


def classes(y: pd.Series, positive: str = "") -> list:
    """Return the labels of a target in order; of two, the positive one comes last.

    Parameters
    ----------
    y : Series of shape (n_samples,)
    positive : str
        The positive label as text; empty: the one that says yes, 1 or true, or else the rarer one.

    Raises
    ------
    InputError
        If there is no such label.
    """
    labels = sorted(y.dropna().unique().tolist(), key=_sortable)
    if len(labels) != 2:
        return labels
    chosen = _positive(labels, y, positive)
    return [label for label in labels if label != chosen] + [chosen]


def _positive(labels: list, y: pd.Series, positive: str):
    if positive:
        asked = positive.strip().casefold()
        found = [label for label in labels if str(label).casefold() == asked]
        if not found:
            raise InputError(
                f"Parameter positive is one of the target's classes, {labels[0]} or {labels[1]}, not {positive!r}."
            )
        return found[0]
    affirmative = [label for label in labels if str(label).strip().lower() in _POSITIVE]
    return affirmative[-1] if len(affirmative) == 1 else y.value_counts().index.tolist()[-1]


def time_column(table: pd.DataFrame) -> str:
    """Return the column of times that has hardly a gap and most likely orders the rows; empty if there is none.

    A birthday tells more rows apart than the day of an order, and says nothing of when a row came to be. So of several
    times one goes first by which the rows stand in order, and one last whose name speaks of a beginning long ago.
    """
    times = {name: table[name] for name in table if pd.api.types.is_datetime64_any_dtype(table[name])}
    complete = {name: _orders(times[name]) for name in times if times[name].notna().mean() >= TIMES_PRESENT}
    return max(complete, key=complete.get, default="")


def _orders(times: pd.Series) -> tuple[bool, bool, int]:
    known = times.dropna()
    in_order = known.is_monotonic_increasing or known.is_monotonic_decreasing
    return not _BEGINNING.search(str(times.name)), in_order and known.nunique() > 1, known.nunique()


def group_columns(table: pd.DataFrame) -> list[str]:
    """Return columns whose name speaks of a person or thing and whose values come back in several rows."""
    return [name for name in table if _GROUP.search(str(name)) and _comes_back(table[name])]


def identifiers(table: pd.DataFrame) -> list[str]:
    """Return columns that number or name the rows: whole numbers or single words, hardly one of them twice."""
    return [name for name in table if _is_identifier(table[name])]


def of_bytes(table: pd.DataFrame) -> list[str]:
    """Return columns most of whose cells are bytes that are no text: pictures, keys, packed values."""
    return [name for name in table if pd.api.types.is_string_dtype(table[name]) and _is_bytes(table[name].dropna())]


def _is_bytes(known: pd.Series) -> bool:
    return bool(len(known)) and bool(known.iloc[:200].astype(str).str.contains(_BYTE).mean() > MOST_CELLS)


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
