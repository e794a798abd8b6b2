"""Ways of treating gaps, compared by cross-validation on training rows, and the choice with its reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression, Ridge

from lib import folds, preprocessing, scoring, threads

# From the simplest to the most elaborate: what loses nothing and adds nothing comes first. An indicator is a column
# more for each column with gaps; deleted rows leave no gap to indicate.
WAYS = (
    ("median", False),
    ("most_frequent", False),
    ("delete_columns", False),
    ("delete_rows", False),
    ("median", True),
    ("most_frequent", True),
    ("delete_columns", True),
    ("iterative", False),
    ("iterative", True),
)
LEAST_COMPLETE = 30
"""Complete rows below which deleting the others is not tried."""
COLUMNS = (
    *("strategy", "add_indicator", "deleted_columns", "n_rows"),
    *("score", "scores", "standard_error", "behind", "behind_error"),
)


def columns_with_gaps(X: pd.DataFrame) -> pd.Series:
    """Return the share of gaps of each column that has any, the largest first; infinite numbers count as gaps."""
    gaps = X.replace([np.inf, -np.inf], np.nan).isna().mean()
    return gaps[gaps > 0].sort_values(ascending=False).rename("gaps")


def compare(
    table: pd.DataFrame,
    design: Mapping[str, Any],
    recipe: Mapping[str, Any],
    *,
    max_missing: float = 0.3,
    n_splits: int = 5,
    random_state: int = 0,
    ways: Iterable[tuple[str, bool]] = WAYS,
) -> pd.DataFrame:
    """Return how well a quick linear model does with each way of treating gaps, on the same folds.

    Parameters
    ----------
    table : DataFrame of shape (n_samples, n_columns)
        Training rows, or a sample of them.
    design, recipe : mapping
        The contract, and the columns by kind.
    max_missing : float
        Share of gaps beyond which ``delete_columns`` deletes a column.
    n_splits, random_state : int
        Of the folds, and of the imputation that draws.
    ways : iterable of tuple of str and bool
        Pairs of strategy and indicator, from the simplest to the most elaborate.

    Returns
    -------
    DataFrame, a row a way, in the order of `ways`; empty if there are no gaps
        ``strategy``, ``add_indicator``, ``deleted_columns``, ``n_rows`` fitted on in the largest fold, ``score`` (the
        mean over the folds), ``standard_error``, ``behind`` and ``behind_error`` (how far behind the best way, fold
        by fold, and the standard error of that), and ``scores``.
    """
    if columns_with_gaps(table[visible_columns(recipe)]).empty:
        return pd.DataFrame(columns=COLUMNS)
    split = folds.make(table, design, n_splits=n_splits, random_state=random_state)
    deleted = _mostly_gaps(table, recipe, max_missing)
    settled, open_to_choice = _parted(table, recipe)
    with threads.for_rows(len(table)):
        parts = [_Part.of(table, design, settled, fold, random_state) for fold in split]
        rows = [_evaluate(parts, design, open_to_choice, way, deleted, random_state) for way in ways]
    return _against_best(pd.DataFrame(rows))


def choose(comparison: pd.DataFrame) -> dict[str, Any]:
    """Return the simplest way that is within one standard error of the best (Breiman and others 1984, 3.4.3).

    The error is that of the difference fold by fold, so that folds which are hard for every way do not hide that one
    is worse than another.

    Returns
    -------
    dict
        ``strategy``, ``add_indicator``, ``deleted_columns``, and ``reason`` in words.
    """
    if comparison.empty:
        return nothing_missing()
    good_enough = comparison["behind"] <= comparison["behind_error"]
    chosen, best = comparison[good_enough].iloc[0], comparison.loc[comparison["score"].idxmax()]
    reason = f"It scores best, {best['score']:.4f}."
    if chosen.name != best.name:
        reason = (
            f"The simplest way within one standard error of the best: {chosen['score']:.4f} against "
            f"{best['score']:.4f} of {in_words(best['strategy'], best['add_indicator'])}, "
            f"{chosen['behind']:.4f} behind with a standard error of {chosen['behind_error']:.4f}."
        )
    return {
        "strategy": chosen["strategy"],
        "add_indicator": bool(chosen["add_indicator"]),
        "deleted_columns": list(chosen["deleted_columns"]),
        "reason": reason,
    }


def nothing_missing() -> dict[str, Any]:
    """Return the choice where there is nothing to choose: a row to predict may still have a gap."""
    reason = "No training row has a gap; the median stands in for one in a row to predict."
    return {"strategy": "median", "add_indicator": False, "deleted_columns": [], "reason": reason}


def complete_rows(X: pd.DataFrame, recipe: Mapping[str, Any]) -> np.ndarray:
    """Return which rows a model is fitted on: all of them, or those without gaps where the recipe deletes rows.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
    recipe : mapping
        With ``missing``; gaps of ``hidden_gaps`` do not count, because they are always filled.
    """
    if recipe["missing"]["strategy"] != "delete_rows":
        return np.ones(len(X), dtype=bool)
    return X[visible_columns(recipe)].replace([np.inf, -np.inf], np.nan).notna().all(axis=1).to_numpy()


def visible_columns(recipe: Mapping[str, Any]) -> list[str]:
    """Return the columns whose gaps a model may know of: those of ``hidden_gaps`` are always filled."""
    return [name for kind in preprocessing.KINDS for name in recipe[kind] if name not in recipe.get("hidden_gaps", [])]


def behind_best(comparison: pd.DataFrame) -> pd.DataFrame:
    """Return the loss of each way against the best with one standard error, as `plots.intervals` draws it.

    Ways that could not be fitted, because too few rows are complete, are left out.
    """
    fitted = comparison[np.isfinite(comparison["score"].astype("float64"))]
    names = [in_words(way.strategy, way.add_indicator) for way in fitted.itertuples()]
    value, error = -fitted["behind"], fitted["behind_error"]
    return pd.DataFrame({"value": value, "low": value - error, "high": value + error}).set_axis(names)


def in_words(strategy: str, add_indicator: bool) -> str:
    """Return a way of treating gaps as it stands in tables and figures."""
    return f"{strategy.replace('_', ' ')}{' + indicator' if add_indicator else ''}"


def _mostly_gaps(table: pd.DataFrame, recipe: Mapping[str, Any], max_missing: float) -> list[str]:
    gaps = columns_with_gaps(table[visible_columns(recipe)])
    return gaps[gaps > max_missing].index.tolist()


@dataclass(frozen=True)
class _Part:
    """A fold, with the columns that no way of treating gaps changes transformed once for all ways."""

    train: pd.DataFrame
    test: pd.DataFrame
    settled: np.ndarray
    settled_test: np.ndarray

    @classmethod
    def of(cls, table, design, settled: Mapping[str, Any], fold: folds.Fold, random_state: int) -> "_Part":
        train, test = table.iloc[fold[0]], table.iloc[fold[1]]
        columns = _linear_columns(settled, design, random_state)
        learnt = preprocessing.fit_transform(columns, train, train[design["target"]])
        return cls(train, test, learnt, columns.transform(test))


def _parted(table: pd.DataFrame, recipe: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the recipe of the columns that are the same whatever is done about gaps, and that of the others.

    Numbers are all left open, because gaps in one may be predicted from the others; text is dear to encode.
    """
    with_gaps = set(columns_with_gaps(table[visible_columns(recipe)]).index)
    settled = {kind: [name for name in recipe[kind] if name not in with_gaps] for kind in preprocessing.KINDS}
    settled["numeric"] = []
    left = {kind: [name for name in recipe[kind] if name not in settled[kind]] for kind in preprocessing.KINDS}
    return {**recipe, **settled, "linear_numeric": []}, {**recipe, **left}


def _evaluate(parts: Iterable[_Part], design, recipe, way, deleted, random_state) -> dict[str, Any]:
    strategy, add_indicator = way
    deleted = deleted if strategy == "delete_columns" else []
    missing = {"strategy": strategy, "add_indicator": add_indicator, "deleted_columns": deleted}
    tried = {**recipe, "missing": missing}
    fitted = [_score_part(part, design, tried, random_state) for part in parts]
    scores = [score for score, _ in fitted]
    return {**missing, "n_rows": max(n_rows for _, n_rows in fitted), "score": np.mean(scores), "scores": scores}


def _score_part(part: _Part, design, recipe, random_state) -> tuple[float, int]:
    is_complete = complete_rows(part.train, recipe)
    complete = part.train[is_complete]
    # where too few rows are complete, deleting the others is no way at all; of a small table all may be too few
    too_few = len(complete) < min(LEAST_COMPLETE, len(part.train))
    if too_few or complete[design["target"]].nunique() < 2:
        return -np.inf, len(complete)
    columns = _linear_columns(recipe, design, random_state)
    given = preprocessing.fit_transform(columns, complete, complete[design["target"]])
    X = np.hstack([given, part.settled[is_complete]])
    if not X.shape[1]:
        return -np.inf, len(complete)
    model = _quick_model(design).fit(X, complete[design["target"]])
    prediction = scoring.predict(design, model, np.hstack([columns.transform(part.test), part.settled_test]))
    truth = scoring.encode(design, part.test[design["target"]])
    return scoring.score(design["metric"], truth, prediction), len(complete)


def _linear_columns(recipe, design, random_state) -> ColumnTransformer:
    return preprocessing.linear_columns(recipe, quantity=design["task"] == "regression", random_state=random_state)


def _quick_model(design: Mapping[str, Any]) -> BaseEstimator:
    return Ridge() if design["task"] == "regression" else LogisticRegression(max_iter=100, tol=1e-3)


def _against_best(compared: pd.DataFrame) -> pd.DataFrame:
    scores = np.array(compared["scores"].tolist())
    with np.errstate(invalid="ignore"):
        behind = scores[np.argmax(compared["score"])] - scores
    return compared.assign(
        standard_error=_standard_error(scores), behind=behind.mean(axis=1), behind_error=_standard_error(behind)
    )


def _standard_error(values: np.ndarray) -> np.ndarray:
    if values.shape[1] < 2:
        return np.zeros(len(values))
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(values.std(axis=1, ddof=1) / np.sqrt(values.shape[1]))
