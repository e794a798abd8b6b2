"""Two predictions of the same rows: whether one is better by more than chance, by enough, and in every slice.

The same question is asked of a challenger against the champion and of a model against doing without it, so it is
answered in one place.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lib import bootstrap, scoring
from lib.checks import Check

# Of a two-sided 98 % interval one end is passed by chance once in a hundred ties: with 95 % it would be one in forty,
# and a model that is retrained and compared every month would be exchanged for nothing every three years.
CONFIDENCE = 0.98
SLICE_CONFIDENCE = 0.95
LEAST_ROWS = 30
MOST_VALUES = 12
N_BINS = 4
MORE_THAN_CHANCE, LEAST_USEFUL = "beats {} by more than chance", "beats {} by the least useful gain"
THE_CHAMPION = "the champion"
GAIN_OVER_CHAMPION = {name.format(THE_CHAMPION) for name in (MORE_THAN_CHANCE, LEAST_USEFUL)}
"""The gates that ask whether a challenger gains enough; more rows may answer otherwise."""


def gain(
    metric: str, y, prediction, reference, *, clusters=None, confidence: float = CONFIDENCE, random_state: int = 0
) -> bootstrap.Interval:
    """Return how much better `prediction` is than `reference`, with the interval that decides on a promotion."""
    return bootstrap.paired_difference(
        metric,
        y,
        prediction,
        reference,
        clusters=clusters,
        n_resamples=round(20 / (1 - confidence)),  # ten lie beyond each end
        confidence=confidence,
        random_state=random_state,
    )


def gain_checks(found: bootstrap.Interval, *, metric: str, against: str, least_gain: float) -> list[Check]:
    """Return the verdicts whether a gain is more than chance, and whether it is large enough to be worth the change.

    Parameters
    ----------
    found : Interval
        What `gain` returned.
    metric : str
    against : str
        What the prediction was compared with: ``"the champion"``, ``"the rule"``.
    least_gain : float
        The contract's least useful gain, in units of the metric.
    """
    sentence = f"The gain in {metric} over {against} on the same rows is {_worded(found)}."
    tie = f"A tie, or a difference that chance can make, keeps {against}."
    return [
        Check(MORE_THAN_CHANCE.format(against), _digits(found.low), 0.0, found.low > 0, "stop", f"{sentence} {tie}"),
        Check(
            LEAST_USEFUL.format(against),
            _digits(found.value),
            least_gain,
            found.value >= least_gain,
            "stop",
            f"{sentence} The contract calls less than {least_gain} not worth a change.",
        ),
    ]


def duel_checks(found: bootstrap.Interval | None, *, metric: str, least_gain: float) -> list[Check]:
    """Return the verdicts of a challenger against the champion; a remark where there was nobody to compare with."""
    if found is not None:
        return gain_checks(found, metric=metric, against=THE_CHAMPION, least_gain=least_gain)
    text = "There is no champion to compare with, so the contract and the baseline decide."
    return [Check("compared with a champion", False, None, True, "info", text)]


def slices(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return for each row which slice of each column it is in, as text.

    Parameters
    ----------
    table : DataFrame of shape (n_samples, n_columns)
    columns : list of str
        Columns to slice by. Numbers with many values are cut into quarters, times into months; of many categories the
        most frequent stay and the others become one; gaps are a slice of their own.
    """
    return pd.DataFrame({name: _sliced(table[name]) for name in columns}, index=table.index)


def by_slice(
    metric: str, y, prediction, labels: pd.DataFrame, *, reference=None, clusters=None, random_state: int = 0
) -> pd.DataFrame:
    """Return the score of each slice with its interval and, where there is a reference, the difference to it.

    Parameters
    ----------
    metric : str
    y, prediction, reference : array
        As for `bootstrap.paired_difference`.
    labels : DataFrame of str, shape (n_samples, n_columns)
        What `slices` returned.
    clusters : array of int, shape (n_samples,), optional
    random_state : int

    Returns
    -------
    DataFrame
        One row a slice, the largest first within each column: `column`, `value`, `n_samples`, `score`, `low`, `high`
        and, with a reference, `difference`, `difference_low`, `difference_high`. A slice that is too small to be
        judged has no numbers.
    """
    given = {"confidence": SLICE_CONFIDENCE, "n_resamples": 300, "random_state": random_state}
    found = []
    for column, value, n_samples in _values(labels):
        rows = (labels[column] == value).to_numpy()
        part = {**given, "clusters": None if clusters is None else np.unique(clusters[rows], return_inverse=True)[1]}
        score = _unless_small(n_samples, bootstrap.score_interval, metric, y[rows], prediction[rows], **part)
        record = {"column": column, "value": value, "n_samples": n_samples}
        record |= {"score": score.value, "low": score.low, "high": score.high}
        if reference is not None:
            both = prediction[rows], reference[rows]
            change = _unless_small(n_samples, bootstrap.paired_difference, metric, y[rows], *both, **part)
            record |= {"difference": change.value, "difference_low": change.low, "difference_high": change.high}
        found.append(record)
    return pd.DataFrame(found)


def slice_checks(table: pd.DataFrame, *, against: str, slice_loss: float) -> list[Check]:
    """Return the verdict whether a slice gets worse beyond the contract's limit, and by more than chance.

    Parameters
    ----------
    table : DataFrame
        What `by_slice` returned, with a reference.
    against : str
        What the reference is.
    slice_loss : float
        The largest loss of the metric that a slice may suffer.
    """
    if table.empty:
        return []
    judged = table.dropna(subset=["difference_high"])
    lost = judged[(judged["difference"] < -slice_loss) & (judged["difference_high"] < 0)]
    worst = judged["difference"].min() if len(judged) else None
    explanation = _slices_worded(lost, against) + _left_out(table, judged)
    return [Check(f"no slice loses against {against}", _digits(worst), -slice_loss, lost.empty, "stop", explanation)]


def champion_prediction(
    design: Mapping[str, Any], champion, info: Mapping[str, Any], test: pd.DataFrame
) -> tuple[np.ndarray | None, list[Check]]:
    """Return what the champion says of the test rows, or None, and whether it could be asked at all.

    Parameters
    ----------
    design : mapping
        The contract.
    champion : estimator or None
        None if there is no champion yet.
    info : mapping
        What is known of it: `version`, `target`, `features`, `trained_until`.
    test : DataFrame of shape (n_samples, n_columns)
        All columns of the source, not only those of the new model.
    """
    if champion is None:
        return None, []
    named = f"version {info.get('version')}"
    missing = [name for name in info["features"] if name not in test]
    if missing:
        text = f"The champion, {named}, needs {missing}, which the table no longer has; it cannot serve such rows, so "
        return None, [_comparable(False, f"{text}the contract alone decides on its successor.", "warning")]
    asked = info.get("target", design["target"])
    if asked != design["target"] or _labels(champion) != set(design["classes"]):
        known = sorted(_labels(champion), key=str) or "values"
        text = f"The champion, {named}, answers another question: {asked}, with {known}. "
        return None, [_comparable(False, f"{text}Give the new model a name of its own in the contract.", "stop")]
    prediction = scoring.predict(design, champion, test[info["features"]])
    return prediction, [
        _comparable(True, f"The champion, {named}, predicted the same rows."),
        *_fair(design, info, test),
    ]


def _comparable(passed: bool, explanation: str, severity: str = "warning") -> Check:
    return Check("the champion can be compared", passed, True, passed, severity, explanation)


def _fair(design, info, test) -> list[Check]:
    """Return whether the champion has learnt from rows as new as those it is compared on."""
    column, until = design.get("time_column"), info.get("trained_until")
    if not column or not until:
        return []
    begins = test[column].min()
    text = f"The champion has learnt from rows up to {until}; the rows of this comparison begin at {begins}. "
    advice = "Where the two overlap it is favoured, and a challenger that beats it all the same is the better one."
    unseen = pd.Timestamp(until) <= pd.Timestamp(begins)
    return [Check("the champion has not seen these rows", str(until), str(begins), unseen, "warning", text + advice)]


def _labels(model) -> set:
    return set(model.classes_.tolist()) if hasattr(model, "classes_") else set()


def _sliced(values: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(values):
        labels = values.dt.strftime("%Y-%m")
    elif pd.api.types.is_numeric_dtype(values) and values.nunique() > MOST_VALUES:
        labels = pd.qcut(values, N_BINS, duplicates="drop", precision=2)
    else:
        labels = values.where(values.isin(values.value_counts().index[:MOST_VALUES]) | values.isna(), "other values")
    return labels.astype("object").map(str, na_action="ignore").fillna("missing").astype("str")


def _values(labels: pd.DataFrame):
    for column in labels:
        for value, n_samples in labels[column].value_counts().items():
            yield column, value, int(n_samples)


def _unless_small(n_samples, compute, *given, confidence, **options) -> bootstrap.Interval:
    if n_samples < LEAST_ROWS:
        return bootstrap.Interval(np.nan, np.nan, np.nan, confidence)
    return compute(*given, confidence=confidence, **options)


def _slices_worded(lost: pd.DataFrame, against: str) -> str:
    if lost.empty:
        return f"No slice is worse off than with {against} by more than chance and the contract's limit."
    named = [f"{row.column} = {row.value} ({row.difference:+.3f})" for row in lost.itertuples()]
    return f"Worse off than with {against}: {', '.join(named)}. Look at what is particular about them before going on."


def _left_out(table: pd.DataFrame, judged: pd.DataFrame) -> str:
    n = len(table) - len(judged)
    return f" {n} of {len(table)} slices are too small, or too uniform, to be judged." if n else ""


def _worded(found: bootstrap.Interval) -> str:
    return f"{found.value:.4f} ({found.low:.4f} to {found.high:.4f} with {100 * found.confidence:g}% confidence)"


def _digits(value) -> float | None:
    return None if value is None or np.isnan(value) else round(float(value), 4)
