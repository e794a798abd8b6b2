"""Rows on the shortcut are, to the last bit, what the pipeline's own steps make of them."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from lib import cells, shortcut, trainer, training

KINDS = {"wind": "number", "seats": "number", "town": "text", "road": "text", "at": "time", "note": "text"}
DESIGN = {"task": "binary", "features": list(KINDS), "target": "late", "classes": [0, 1], "metric": "roc_auc"}
DESIGN |= {"time_column": "", "group_column": "", "missingness_leaks": ["town"]}
SHORT = {"linear", "forest", "boosting"}


def table(n=600):
    draw = np.random.default_rng(0)
    given = {
        "wind": np.where(draw.random(n) < 0.1, np.nan, draw.normal(size=n)).tolist(),
        "seats": draw.integers(1, 400, n).astype("float64").tolist(),
        "town": np.where(draw.random(n) < 0.1, None, draw.choice(["north", "south", "east"], n)).tolist(),
        "road": [f"road {number}" for number in draw.integers(0, 60, n)],
        "at": list(np.datetime64("2013-01-01", "us") + draw.integers(0, 9000, n).astype("timedelta64[h]")),
        "note": [f"a note on {number} and {number % 7}" for number in draw.integers(0, 10**6, n)],
    }
    return cells.frame(given, KINDS).assign(late=(draw.random(n) < 0.4).astype("int64"))


@cache
def fitted(name):
    rows = table()
    recipe = trainer.make_recipe(rows, DESIGN, linear=name == "linear")
    return training.fit(training.make_candidate(name, DESIGN, recipe, random_state=0), rows, DESIGN, recipe, name)


@cache
def short(name):
    return shortcut.of(fitted(name), KINDS)


TEXTS = st.sampled_from(["north", "south", "missing", "nowhere", "road 1", "road 7", "", np.nan, "a note"])
NUMBERS = st.one_of(st.just(np.nan), st.floats(allow_infinity=True, allow_nan=True, width=64))
TIMES = st.datetimes(pd.Timestamp("1990-01-01"), pd.Timestamp("2050-01-01")).map(lambda at: np.datetime64(at, "us"))
ROW = st.fixed_dictionaries(
    {name: {"number": NUMBERS, "text": TEXTS, "time": TIMES}[kind] for name, kind in KINDS.items()}
)


@pytest.mark.parametrize("name", sorted(SHORT))
@settings(max_examples=40, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=5))
def test_a_row_becomes_what_the_steps_make_of_its_frame(name, rows):
    columns = {each: [row[each] for row in rows] for each in KINDS}
    expected = np.asarray(fitted(name)[0].transform(cells.frame(columns, KINDS)))
    assert np.array_equal(short(name)(columns), expected, equal_nan=True)


@pytest.mark.parametrize("name", sorted(SHORT))
def test_categories_and_numbers_of_each_candidate_need_no_frame(name):
    kinds = {type(block).__name__ for block in short(name).blocks}
    assert {"_Categories", "_Numbers"} <= kinds


def test_steps_that_refuse_what_is_unknown_have_no_shortcut():
    rows = table()
    model = make_pipeline(make_column_transformer((OneHotEncoder(sparse_output=False), ["road"])), LogisticRegression())
    found = shortcut.of(model.fit(rows[["road"]], rows["late"]), {"road": "text"})
    assert found is None


def test_what_is_no_pipeline_of_columns_and_estimator_has_no_shortcut():
    assert shortcut.of(LogisticRegression(), KINDS) is None
    assert shortcut.of(make_pipeline(LogisticRegression()), KINDS) is None


def test_a_shortcut_that_gives_something_else_is_not_taken(monkeypatch):
    monkeypatch.setattr(shortcut._Numbers, "__call__", lambda self, given, n: np.zeros((n, len(self.names))))
    assert shortcut.of(fitted("boosting"), KINDS) is None
