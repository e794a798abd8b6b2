"""What a model goes by, on models whose answer is known."""

import numpy as np
import pandas as pd
import pytest
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from skrub import TableVectorizer

from lib import explanation

GENERATOR = np.random.default_rng(8)
X = pd.DataFrame({"strong": GENERATOR.normal(size=600), "weak": GENERATOR.normal(size=600), "idle": 1.0})
Y = 3 * X["strong"] + X["weak"]
MODEL = LinearRegression().fit(X, Y)
DESIGN = {"task": "regression", "metric": "r2", "classes": [], "target": "y"}


def test_columns_stand_in_the_order_of_what_rests_on_them():
    found = explanation.importance(DESIGN, MODEL, X, Y, random_state=0)
    assert list(found.index) == ["strong", "weak", "idle"]
    assert found.loc["idle", "loss"] == pytest.approx(0, abs=1e-9)


def test_the_loss_is_that_of_scikit_learn():
    found = explanation.importance(DESIGN, MODEL, X, Y, n_repeats=20, random_state=0)
    expected = permutation_importance(MODEL, X, Y, scoring="r2", n_repeats=20, random_state=0)
    assert found.loc[list(X), "loss"].to_numpy() == pytest.approx(expected.importances_mean, rel=0.05, abs=1e-9)


def test_the_dependence_on_a_number_is_the_models_slope():
    found = explanation.partial_dependence(DESIGN, MODEL, X, "strong")
    slopes = np.diff(found["y"]) / np.diff(found.index)
    assert slopes == pytest.approx(np.full(len(slopes), MODEL.coef_[0]))


def test_text_with_gaps_is_tried_at_its_frequent_values_for_every_class():
    rows = pd.DataFrame({"town": ["a", "b", None, "a"] * 30, "n": np.arange(120.0)})
    y = rows["town"].map({"a": "high", "b": "low"}).fillna("none")
    model = make_pipeline(TableVectorizer(), LogisticRegression(max_iter=2000)).fit(rows, y)
    design = {"task": "multiclass", "metric": "accuracy", "classes": ["low", "none", "high"], "target": "y"}
    found = explanation.partial_dependence(design, model, rows, "town")
    assert list(found.index) == ["a", "b"]
    assert list(found) == ["low", "none", "high"]
    assert found.loc["a"].idxmax() == "high"


def test_a_whole_number_column_keeps_its_type():
    rows = X.assign(weak=np.arange(600))
    found = explanation.partial_dependence(DESIGN, LinearRegression().fit(rows, Y), rows, "weak")
    assert len(found) == 10


def test_explaining_changes_nothing_that_was_given():
    before = X.copy()
    explanation.importance(DESIGN, MODEL, X, Y, random_state=0)
    explanation.partial_dependence(DESIGN, MODEL, X, "strong")
    pd.testing.assert_frame_equal(X, before)


def test_a_column_without_a_value_in_these_rows_has_nothing_to_try():
    found = explanation.partial_dependence(DESIGN, MODEL, X.assign(idle=np.nan), "idle")
    assert found.shape == (0, 1)
