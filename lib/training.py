"""Unfitted candidates: preprocessing and estimator in one pipeline."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn import dummy, ensemble, linear_model
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler


def make_candidate(name: str, task: str, recipe: Mapping[str, Any], *, random_state: int) -> Pipeline:
    """Return an unfitted candidate.

    Parameters
    ----------
    name : {"constant", "linear", "forest", "boosting"}
    task : {"binary", "multiclass", "regression"}
    recipe : mapping
        What `cleaning.recipe` returned.
    random_state : int
        Seed of the estimator.
    """
    classify = task != "regression"
    estimators = {
        "constant": dummy.DummyClassifier() if classify else dummy.DummyRegressor(),
        "linear": linear_model.LogisticRegression(max_iter=300) if classify else linear_model.Ridge(),
        "forest": _forest(classify, random_state),
        "boosting": _boosting(classify, random_state),
    }
    encode = _linear_columns(recipe) if name == "linear" else _tree_columns(recipe)
    return Pipeline([("columns", encode), ("estimator", estimators[name])])


def _forest(classify: bool, random_state: int):
    kind = ensemble.RandomForestClassifier if classify else ensemble.RandomForestRegressor
    return kind(n_estimators=60, min_samples_leaf=20, n_jobs=2, random_state=random_state)


def _boosting(classify: bool, random_state: int):
    kind = ensemble.HistGradientBoostingClassifier if classify else ensemble.HistGradientBoostingRegressor
    return kind(random_state=random_state)


def _linear_columns(recipe: Mapping[str, Any]) -> ColumnTransformer:
    numeric = make_pipeline(SimpleImputer(strategy=recipe["strategy"], add_indicator=True), StandardScaler())
    categorical = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=50)
    return ColumnTransformer([("numeric", numeric, recipe["numeric"]), ("text", categorical, recipe["categorical"])])


def _tree_columns(recipe: Mapping[str, Any]) -> ColumnTransformer:
    numeric = SimpleImputer(strategy=recipe["strategy"], add_indicator=True)
    text = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2, dtype=np.float64)
    return ColumnTransformer([("numeric", numeric, recipe["numeric"]), ("text", text, recipe["categorical"])])
