"""The candidates: for each a preprocessing, an estimator, and what of it can be searched.

To add one, write a factory that takes the contract, the recipe and a seed and returns an unfitted pipeline of
scikit-learn's or skrub's classes with the steps ``columns`` and ``estimator``; if it has something to search, write
its space in `spaces`; enter both in `CANDIDATES`, and name it in the parameter `candidates` of 05_evaluation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn import dummy, ensemble, linear_model, tree
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from lib import folds, missingness, preprocessing, spaces, stopping, threads
from lib.errors import InputError

# A tree of the forest is grown on at most this many rows, which keeps time and size of the model bounded.
ROWS_PER_TREE = 10_000
# With at least so many rows, one part of them held out says well enough when a boosting has to stop.
ROWS_FOR_ONE_PART = 20_000
# Each part costs a fit, which grows with the columns: of a table with more than these, fewer parts are held out.
COLUMNS_FOR_ALL_PARTS = 50
FORESTS = ensemble.RandomForestClassifier, ensemble.RandomForestRegressor


def make_candidate(
    name: str, design: Mapping[str, Any], recipe: Mapping[str, Any], *, random_state: int = 0, **params: Any
) -> Pipeline:
    """Return an unfitted candidate.

    Parameters
    ----------
    name : str
        A key of `CANDIDATES`.
    design, recipe : mapping
        The contract and what cleaning decided.
    random_state : int
        Seed of everything that draws.
    **params
        Parameters of the estimator, as the search found them.

    Raises
    ------
    InputError
        If there is no such candidate.
    """
    if name not in CANDIDATES:
        raise InputError(f"There is no candidate {name!r}. Known are: {', '.join(CANDIDATES)}.")
    pipeline = CANDIDATES[name].make(design, recipe, random_state)
    if CANDIDATES[name].space and not pipeline.named_steps["columns"].transformers:
        raise InputError(f"03_cleaning has left no column for the candidate {name} to learn from.")
    pipeline.named_steps["estimator"].set_params(**params)
    return pipeline


def make_constant(design: Mapping[str, Any], recipe: Mapping[str, Any], random_state: int) -> Pipeline:
    """Return what knows only how the target is distributed."""
    estimator = dummy.DummyRegressor() if _is_regression(design) else dummy.DummyClassifier(strategy="prior")
    return _pipeline(preprocessing.no_columns(), estimator)


def make_rule(design: Mapping[str, Any], recipe: Mapping[str, Any], random_state: int) -> Pipeline:
    """Return the best rule on one column, which 01_design found, as a tree of few and large leaves."""
    kind = tree.DecisionTreeRegressor if _is_regression(design) else tree.DecisionTreeClassifier
    name = design["rule"]["column"]
    read_as = {column["name"]: column["kind"] for column in design.get("reading", {}).get("columns", [])}
    how = {"read_as": read_as.get(name, "number"), "quantity": _is_regression(design), "random_state": random_state}
    columns = preprocessing.one_column(recipe, name, **how)
    return _pipeline(columns, kind(max_leaf_nodes=8, min_samples_leaf=0.02, random_state=random_state))


def make_linear(design: Mapping[str, Any], recipe: Mapping[str, Any], random_state: int) -> Pipeline:
    """Return a ridge, Poisson's or a logistic regression on the columns that are not collinear."""
    columns = preprocessing.linear_columns(recipe, quantity=_is_regression(design), random_state=random_state)
    if design.get("counts"):
        return _pipeline(columns, linear_model.PoissonRegressor(max_iter=200))
    regression = linear_model.Ridge() if _is_regression(design) else None
    return _pipeline(columns, regression or linear_model.LogisticRegression(max_iter=200, tol=1e-3))


def make_forest(design: Mapping[str, Any], recipe: Mapping[str, Any], random_state: int) -> Pipeline:
    """Return a random forest."""
    kind = ensemble.RandomForestRegressor if _is_regression(design) else ensemble.RandomForestClassifier
    columns = preprocessing.forest_columns(recipe, quantity=_is_regression(design), random_state=random_state)
    return _pipeline(columns, kind(random_state=random_state))


def make_boosting(design: Mapping[str, Any], recipe: Mapping[str, Any], random_state: int) -> Pipeline:
    """Return a gradient boosting of trees on binned columns, which takes gaps as they are."""
    kind = ensemble.HistGradientBoostingRegressor if _is_regression(design) else ensemble.HistGradientBoostingClassifier
    columns = preprocessing.boosting_columns(recipe, quantity=_is_regression(design), random_state=random_state)
    return _pipeline(columns, kind(early_stopping=False, random_state=random_state))


def steps(pipeline: Pipeline) -> pd.DataFrame:
    """Return what an unfitted candidate does with each column, and the estimator that comes after, as a table."""
    listed = [(names, step) for _, step, names in pipeline.named_steps["columns"].transformers if len(names)]
    rows = [(", ".join([names] if isinstance(names, str) else names), _in_words(step)) for names, step in listed]
    rows.append(("all of these", type(pipeline.named_steps["estimator"]).__name__))
    return pd.DataFrame(rows, columns=["columns", "go through"])


def space(name: str, design: Mapping[str, Any], table: pd.DataFrame) -> spaces.Space | None:
    """Return what of a candidate is searched; None if nothing is."""
    make = CANDIDATES[name].space
    task = "counts" if design.get("counts") else design["task"]
    return make(task, table[design["target"]], len(design["features"])) if make else None


def fit(
    pipeline: Pipeline, table: pd.DataFrame, design: Mapping[str, Any], recipe: Mapping[str, Any], name: str
) -> Pipeline:
    """Fit a candidate on the rows that the recipe keeps for it, and return it.

    A candidate that stops early is fitted twice: with rows held out, to learn how many rounds do best, and then that
    many rounds on all rows.
    """
    rows = fitting_rows(name, table, recipe)
    X, y = rows[design["features"]], labels(rows, design)
    estimator = pipeline.named_steps["estimator"]
    if CANDIDATES[name].stops_early:
        estimator.set_params(max_iter=_rounds(pipeline, rows, design))
    if name == "forest":
        # threads help to fit, but cost more than they gain when single rows are predicted
        estimator.set_params(n_jobs=threads.jobs(len(rows)), max_samples=min(ROWS_PER_TREE, len(rows)))
    with threads.for_rows(len(rows)):
        estimator.fit(preprocessing.fit_transform(pipeline.named_steps["columns"], X, y), y)
    return pipeline.set_params(estimator__n_jobs=None) if name == "forest" else pipeline


def fitting_rows(name: str, table: pd.DataFrame, recipe: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows that a candidate is fitted on: without gaps if the recipe says so and the candidate minds."""
    return table if CANDIDATES[name].takes_gaps else table[missingness.complete_rows(table, recipe)]


def labels(table: pd.DataFrame, design: Mapping[str, Any]) -> np.ndarray:
    """Return the target as models are fitted on it: values of a regression as floats, classes as they stand."""
    y = table[design["target"]].to_numpy()
    return y.astype("float64") if _is_regression(design) else y


def transformed(pipeline: Pipeline, table: pd.DataFrame, design: Mapping[str, Any]) -> pd.DataFrame:
    """Return the columns as an unfitted candidate's estimator would see them, under their names."""
    columns = clone(pipeline.named_steps["columns"])
    values = preprocessing.fit_transform(columns, table[design["features"]], labels(table, design))
    return pd.DataFrame(values, columns=columns.get_feature_names_out(), index=table.index)


def summary(
    name: str,
    pipeline: Pipeline,
    scores: list[float],
    *,
    params: Mapping[str, Any],
    n_trials: int,
    fit_seconds: float,
    n_samples: int,
) -> dict[str, Any]:
    """Return what later stages and the tracking want to know of a fitted candidate."""
    return {
        "candidate": name,
        "params": dict(params),
        "cv_mean": float(np.mean(scores)),
        "cv_std": float(np.std(scores)),
        "cv_scores": list(scores),
        "n_trials": n_trials,
        "fit_seconds": round(fit_seconds, 3),
        "n_features": len(used_columns(pipeline)),
        "n_samples": n_samples,
    }


def used_columns(pipeline: Pipeline) -> list[str]:
    """Return the raw columns that a fitted candidate looks at."""
    given = pipeline.named_steps["columns"].transformers_
    listed = [[columns] if isinstance(columns, str) else list(columns) for _, step, columns in given if step != "drop"]
    return list(dict.fromkeys(name for names in listed for name in names))


def prediction_table(design: Mapping[str, Any], prediction: np.ndarray, index: pd.Index) -> pd.DataFrame:
    """Return predictions as they are written: one column ``prediction``, or one a class, named by its label."""
    if prediction.ndim == 1:
        return pd.DataFrame({"prediction": prediction}, index=index)
    labels = design.get("classes") or range(prediction.shape[1])
    return pd.DataFrame(prediction, columns=[str(label) for label in labels], index=index)


def _rounds(pipeline: Pipeline, rows: pd.DataFrame, design: Mapping[str, Any]) -> int:
    """Return how many rounds do best on held-out rows; with few rows and not many columns the median of some."""
    columns = clone(pipeline.named_steps["columns"])
    X = preprocessing.fit_transform(columns, rows[design["features"]], rows[design["target"]])
    width = max(1.0, X.shape[1] / COLUMNS_FOR_ALL_PARTS)
    n_parts = int(np.clip(ROWS_FOR_ONE_PART / len(rows) / width, 1, 8))
    stops = folds.make(rows, design, n_splits=8)[-n_parts:]
    y, estimator = labels(rows, design), pipeline.named_steps["estimator"]
    with threads.for_rows(len(rows)):
        fitted = [stopping.fit_until_best(clone(estimator), X, y, stop) for stop in stops]
    return round(np.median([stopping.best_rounds(model) for model in fitted]))


def _pipeline(columns, estimator) -> Pipeline:
    return Pipeline([("columns", columns), ("estimator", estimator)])


def _in_words(step) -> str:
    inner = [part for _, part in step.steps] if isinstance(step, Pipeline) else [step]
    return ", ".join(getattr(getattr(part, "func", None), "__name__", type(part).__name__) for part in inner)


def _is_regression(design: Mapping[str, Any]) -> bool:
    return design["task"] == "regression"


@dataclass(frozen=True)
class Candidate:
    """How a candidate is made and treated.

    Parameters
    ----------
    make : callable
        The factory: contract, recipe, seed to an unfitted pipeline.
    space : callable, optional
        Task, target and number of features to a `spaces.Space`; None if there is nothing to search.
    takes_gaps : bool
        Whether it learns from rows with gaps even where the recipe deletes them.
    stops_early : bool
        Whether the number of rounds is found on held-out rows.
    """

    make: Callable[[Mapping[str, Any], Mapping[str, Any], int], Pipeline]
    space: Callable[[str, pd.Series, int], spaces.Space] | None = None
    takes_gaps: bool = False
    stops_early: bool = False


CANDIDATES: dict[str, Candidate] = {
    "constant": Candidate(make_constant, takes_gaps=True),
    "rule": Candidate(make_rule, takes_gaps=True),
    "linear": Candidate(make_linear, spaces.linear),
    "forest": Candidate(make_forest, spaces.forest),
    "boosting": Candidate(make_boosting, spaces.boosting, takes_gaps=True, stops_early=True),
}
