"""A search of an estimator's parameters by cross-validation, within a budget of seconds and trials."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline

from lib import folds, preprocessing, scoring, stopping, threads, training
from lib.spaces import Space


@dataclass(frozen=True)
class Prepared:
    """One fold, its columns already transformed: the search changes the estimator only, so this is done once."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    stop: folds.Fold | None = None


@dataclass(frozen=True)
class Found:
    """What a search found: the best parameters, their score a fold, and every trial."""

    params: dict[str, Any]
    scores: list[float]
    trials: pd.DataFrame = field(repr=False)

    def table(self) -> pd.DataFrame:
        """Return the trials for a person: a column for each parameter, the best trial first."""
        params = pd.DataFrame(self.trials["params"].tolist(), index=self.trials.index)
        spread = self.trials["scores"].map(np.std)
        table = self.trials[["trial", "score"]].assign(spread=spread).join(params)
        return table.sort_values("score", ascending=False, kind="stable").set_index("trial")


def prepare(
    pipeline: Pipeline, table: pd.DataFrame, design: Mapping[str, Any], recipe: Mapping[str, Any], name: str, split
) -> list[Prepared]:
    """Return each fold with the columns as the estimator sees them, learnt from the rows it learns from.

    Parameters
    ----------
    pipeline : Pipeline
        Unfitted, with the steps ``columns`` and ``estimator``.
    table : DataFrame of shape (n_samples, n_columns)
        Training rows, or a sample of them.
    design, recipe : mapping
        The contract and what cleaning decided.
    name : str
        The candidate.
    split : list of tuple of arrays
        Folds of `table`, from `folds.make`.
    """
    return [_prepared(pipeline, table.iloc[a], table.iloc[b], design, recipe, name) for a, b in split]


def search(
    estimator: BaseEstimator,
    space: Space | None,
    prepared: Sequence[Prepared],
    design: Mapping[str, Any],
    *,
    n_trials: int = 8,
    max_seconds: float = 60.0,
    random_state: int = 0,
) -> Found:
    """Return the best parameters of an estimator by the mean score over the folds.

    The first trials are the space's starts; then optuna's tree-structured Parzen estimator proposes. A trial that has
    begun is finished, so the search may outlast `max_seconds` by one trial, but begins none that would double them; as
    long as the number of trials ends it, the same seed finds the same.

    Parameters
    ----------
    estimator : estimator
        Unfitted.
    space : Space or None
        None if there is nothing to search: the estimator is only scored as it is.
    prepared : sequence of Prepared
        The folds.
    design : mapping
        The contract.
    n_trials : int
        At least the first start is tried.
    max_seconds : float
        No trial begins later.
    random_state : int
        Seed of the proposals.
    """
    if space is None:
        return _found([{"trial": 1, **_evaluate(estimator, {}, prepared, design)}])
    study = _study(random_state)
    for start in space.starts:
        study.enqueue_trial(dict(start))
    rows, began = [], time.monotonic()
    while not rows or (len(rows) < n_trials and time_is_left(rows, time.monotonic() - began, max_seconds)):
        trial = study.ask()
        rows.append({"trial": len(rows) + 1, **_evaluate(estimator, space.propose(trial), prepared, design)})
        study.tell(trial, rows[-1]["score"])
    return _found(rows)


def time_is_left(rows: Sequence[Mapping[str, Any]], elapsed: float, max_seconds: float) -> bool:
    """Return whether one more trial may begin, which may take as long as the longest of those in `rows`."""
    longest = max(row["seconds"] for row in rows)
    return elapsed < max_seconds and elapsed + longest <= 2 * max_seconds


def _study(random_state: int):
    import optuna  # half a second that candidates without a search need not pay

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=random_state, n_startup_trials=4)
    return optuna.create_study(direction="maximize", sampler=sampler)


def _prepared(pipeline, train, test, design, recipe, name) -> Prepared:
    rows = training.fitting_rows(name, train, recipe)
    columns = clone(pipeline.named_steps["columns"])
    X = preprocessing.fit_transform(columns, rows[design["features"]], rows[design["target"]])
    stop = folds.holdout(rows, design) if training.CANDIDATES[name].stops_early else None
    X_test = columns.transform(test[design["features"]])
    return Prepared(X, training.labels(rows, design), X_test, scoring.encode(design, test[design["target"]]), stop)


def _evaluate(estimator, params, prepared, design) -> dict[str, Any]:
    began = time.monotonic()
    with threads.for_rows(len(prepared[0].X)):
        fitted = [_fit(clone(estimator).set_params(**params), fold) for fold in prepared]
        scores = [_score(model, fold, design) for model, fold in zip(fitted, prepared, strict=True)]
    return {"score": float(np.mean(scores)), "scores": scores, "seconds": time.monotonic() - began, "params": params}


def _fit(estimator: BaseEstimator, fold: Prepared) -> BaseEstimator:
    if isinstance(estimator, training.FORESTS):
        return estimator.set_params(n_jobs=threads.jobs(len(fold.X))).fit(fold.X, fold.y).set_params(n_jobs=None)
    if fold.stop is None:
        return estimator.fit(fold.X, fold.y)
    return stopping.fit_until_best(estimator, fold.X, fold.y, fold.stop)


def _score(model: BaseEstimator, fold: Prepared, design: Mapping[str, Any]) -> float:
    return scoring.score(design["metric"], fold.y_test, scoring.predict(design, model, fold.X_test))


def _found(rows: list[dict[str, Any]]) -> Found:
    best = max(rows, key=lambda row: row["score"])
    return Found(best["params"], best["scores"], pd.DataFrame(rows))
