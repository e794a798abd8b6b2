"""The candidates: for each a preprocessing, an estimator, and what of it can be searched.

A candidate is one entry of `CANDIDATES`. To add one, write a factory that takes the contract, the recipe and a seed and
returns an unfitted pipeline of scikit-learn's or skrub's classes with the steps ``columns`` and ``estimator``, add it
to `CANDIDATES`, and, if it has something to search, a space to `search.SPACES`; then name it in the parameter
`candidates` of 05_evaluation.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn import dummy, ensemble, linear_model, tree
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from lib import missingness, preprocessing, scoring
from lib.errors import InputError

# A tree of the forest is grown on at most this many rows, which keeps time and size of the model bounded.
ROWS_PER_TREE = 20_000


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
    pipeline = CANDIDATES[name](design, recipe, random_state)
    pipeline.named_steps["estimator"].set_params(**params)
    return pipeline


def make_constant(design: Mapping[str, Any], recipe: Mapping[str, Any], random_state: int) -> Pipeline:
    """Return what knows only how the target is distributed."""
    estimator = dummy.DummyRegressor() if _is_regression(design) else dummy.DummyClassifier(strategy="prior")
    return _pipeline(preprocessing.no_columns(), estimator)


def make_rule(design: Mapping[str, Any], recipe: Mapping[str, Any], random_state: int) -> Pipeline:
    """Return the best rule on one column that 01_design found: a tree of at most eight leaves."""
    kind = tree.DecisionTreeRegressor if _is_regression(design) else tree.DecisionTreeClassifier
    columns = preprocessing.one_column(recipe, design["rule"]["column"], random_state=random_state)
    return _pipeline(columns, kind(max_leaf_nodes=8, min_samples_leaf=20, random_state=random_state))


def make_linear(design: Mapping[str, Any], recipe: Mapping[str, Any], random_state: int) -> Pipeline:
    """Return a ridge or a logistic regression on the columns that are not collinear."""
    regression = linear_model.Ridge() if _is_regression(design) else None
    estimator = regression or linear_model.LogisticRegression(max_iter=200, tol=1e-3)
    return _pipeline(preprocessing.linear_columns(recipe, random_state=random_state), estimator)


def make_forest(design: Mapping[str, Any], recipe: Mapping[str, Any], random_state: int) -> Pipeline:
    """Return a random forest."""
    kind = ensemble.RandomForestRegressor if _is_regression(design) else ensemble.RandomForestClassifier
    return _pipeline(
        preprocessing.forest_columns(recipe, random_state=random_state), kind(n_jobs=-1, random_state=random_state)
    )


def make_boosting(design: Mapping[str, Any], recipe: Mapping[str, Any], random_state: int) -> Pipeline:
    """Return a gradient boosting of trees on binned columns, which takes gaps and categories as they are."""
    kind = ensemble.HistGradientBoostingRegressor if _is_regression(design) else ensemble.HistGradientBoostingClassifier
    estimator = kind(
        categorical_features=list(range(len(recipe["categorical"]))),
        early_stopping=False,
        random_state=random_state,
    )
    return _pipeline(preprocessing.boosting_columns(recipe, random_state=random_state), estimator)


def fit(
    pipeline: Pipeline, table: pd.DataFrame, design: Mapping[str, Any], recipe: Mapping[str, Any], name: str
) -> Pipeline:
    """Fit a candidate on the rows that the recipe keeps for it, and return it."""
    rows = fitting_rows(name, table, recipe)
    bounded = {"max_samples": ROWS_PER_TREE} if name == "forest" and len(rows) > ROWS_PER_TREE else {}
    pipeline.named_steps["estimator"].set_params(**bounded)
    pipeline.fit(rows[design["features"]], rows[design["target"]])
    # threads help to fit, but cost more than they gain when single rows are predicted
    if name == "forest":
        pipeline.named_steps["estimator"].set_params(n_jobs=None)
    return pipeline


def fitting_rows(name: str, table: pd.DataFrame, recipe: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows that a candidate is fitted on: without gaps if the recipe says so and the candidate minds."""
    return table if name in TAKES_GAPS else table[missingness.complete_rows(table, recipe)]


def fold_scores(
    pipeline: Pipeline, table: pd.DataFrame, design: Mapping[str, Any], recipe: Mapping[str, Any], name: str, split
) -> list[float]:
    """Return the score of an unfitted candidate on each fold, learnt from the fold's other rows."""
    return [_fold_score(clone(pipeline), table.iloc[a], table.iloc[b], design, recipe, name) for a, b in split]


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


def _fold_score(pipeline, train, test, design, recipe, name) -> float:
    fitted = fit(pipeline, train, design, recipe, name)
    prediction = scoring.predict(design, fitted, test[design["features"]])
    return scoring.score(design["metric"], scoring.encode(design, test[design["target"]]), prediction)


def _pipeline(columns, estimator) -> Pipeline:
    return Pipeline([("columns", columns), ("estimator", estimator)])


def _is_regression(design: Mapping[str, Any]) -> bool:
    return design["task"] == "regression"


CANDIDATES: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any], int], Pipeline]] = {
    "constant": make_constant,
    "rule": make_rule,
    "linear": make_linear,
    "forest": make_forest,
    "boosting": make_boosting,
}
TAKES_GAPS = ("constant", "rule", "boosting")
