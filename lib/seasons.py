"""The calendar of the time column as columns of its own: its hour, weekday or month, where they tell of the target.

The time itself orders the rows and is no feature, since tomorrow's is like none that a model has learnt from. An hour
or a weekday comes again. Year and day of the month stay out: the one never comes again, the other hardly tells.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lib import coercion, proposals, reading, sources
from lib.kinds import Note
from lib.reading import Reading

LEARNT, JUDGED = 0.4, 0.6
"""Of the rows in order of time: up to where a part is learnt from, and from there up to where it is judged. None of the
newest rows, which validate and test, is looked at, unless a split by chance is asked for."""
LEAST_ROWS = 100
BEYOND_CHANCE = 3
"""Standard errors by which a part has to gain: three parts are tried, with up to ten classes each."""
LEAST_GAIN = 0.01
"""Of the target's variance on later rows, for a part to be worth a column."""
ENOUGH = "calendar"
"""Of a reading, where it says that this was decided, so that a retraining does not decide anew."""


def added(found: Reading, source: str, target: str, time_column: str, exclude: Sequence[str] = ()) -> Reading:
    """Return a table with the parts of its time that tell of the target, each a column that later tables get as well.

    Parameters
    ----------
    found : Reading
    source : str
        The demo, which has such columns of its own, stays as it is.
    target, time_column : str
        As given for the contract: by raw or tidy name, empty or ``none``.
    exclude : sequence of str
        Columns that a model must not see.
    """
    names = found.names
    target, asked = names.get(target, target), names.get(time_column, time_column)
    left_out = [name for name in found.table if name in {target, *(names.get(each, each) for each in exclude)}]
    time = asked or proposals.time_column(found.table.drop(columns=left_out))
    if sources.is_demo(source) or ENOUGH in found.spec or not _is_time(found.table, time):
        return found
    gains = _gains(found.table, time, target)
    entry = next(column for column in found.spec["columns"] if column["name"] == time)
    entries = [{**entry, "name": f"{part} of {time}", "kind": "number", "part": part} for part in gains]
    notes = [_note(each["name"], time, target, gain) for each, gain in zip(entries, gains.values(), strict=True)]
    parts = {each["name"]: coercion.part_of(found.table[time], each["part"]) for each in entries}
    return found._replace(
        table=found.table.assign(**parts),
        spec={**found.spec, "columns": [*found.spec["columns"], *entries], ENOUGH: list(gains)},
        findings=pd.concat([found.findings, reading.findings(notes)], ignore_index=True),
    )


def _is_time(table: pd.DataFrame, name: str) -> bool:
    return name in table and pd.api.types.is_datetime64_any_dtype(table[name])


def _gains(table: pd.DataFrame, time: str, target: str) -> dict[str, float]:
    """Return how much of the target's variance each part explains on rows later than those it was learnt from."""
    ordered = table.sort_values(time, kind="stable").iloc[: int(JUDGED * len(table))]
    if len(ordered) < LEAST_ROWS:
        return {}
    n_learnt = int(LEARNT / JUDGED * len(ordered))
    found = {}
    for part in coercion.PARTS:
        values = pd.Series(coercion.part_of(ordered[time], part), index=ordered.index)
        gain = max(_gain(values, y, n_learnt) for y in _as_numbers(ordered[target]))
        if gain >= LEAST_GAIN and f"{part} of {time}" not in table and not _is_known(ordered, values, (time, target)):
            found[part] = gain
    return found


def _as_numbers(y: pd.Series) -> list[np.ndarray]:
    """Return a quantity as it is, and of classes one column of zeros and ones each."""
    if proposals.task(y) in ("regression", "counts"):
        return [y.to_numpy("float64")]
    return [(y == label).to_numpy("float64") for label in y.value_counts().index[:10]]


def _gain(values: pd.Series, y: np.ndarray, n_learnt: int) -> float:
    """Return the share of variance that means of the older rows explain on the newer ones; 0 if by chance."""
    before, after = y[:n_learnt], y[n_learnt:]
    mean = before.mean()
    means = pd.Series(before).groupby(values.to_numpy()[:n_learnt]).mean()
    said = values.iloc[n_learnt:].map(means).fillna(mean).to_numpy()
    without = np.square(after - mean)
    gained = without - np.square(after - said)
    error = gained.std() / np.sqrt(len(gained))
    return float(gained.mean() / without.mean()) if gained.mean() > BEYOND_CHANCE * error else 0.0


def _is_known(table: pd.DataFrame, values: pd.Series, left_out: Sequence[str]) -> bool:
    """Return whether a column tells the part already, value for value."""
    n_values = values.nunique()
    others = (table[name] for name in table if name not in left_out and table[name].nunique() == n_values)
    return any(values.groupby(other.to_numpy()).nunique().max() == 1 for other in others)


def _note(name: str, time: str, target: str, gain: float) -> tuple[str, Note]:
    evidence = f"on later rows of the older ones it explains {gain:.0%} of the variance of {target}"
    action = f"made of {time}, in later tables too; -p exclude={name!r} leaves it out"
    return name, Note("calendar", evidence, action, 0)
