"""The simple model of 01_design, on tables that leave it little to learn from."""

import numpy as np
import pandas as pd
import pytest

from lib import cautious, scoring

DESIGN = {"task": "binary", "metric": "roc_auc", "classes": ["no", "yes"]}


def test_a_column_with_one_known_value_is_no_obstacle():
    y = np.arange(80) % 2
    X = pd.DataFrame({"told": y + np.linspace(0, 0.5, 80), "hardly known": np.nan})
    X.loc[7, "hardly known"] = 1.0
    assert np.isfinite(cautious.predict(DESIGN, cautious.fit(DESIGN, X, y), X)).all()


def test_a_lone_column_with_one_known_value_is_no_obstacle():
    X = pd.DataFrame({"hardly known": np.nan}, index=range(80))
    X.loc[7, "hardly known"] = 1.0
    y = np.arange(80) % 2
    assert len(cautious.predict(DESIGN, cautious.fit(DESIGN, X, y), X)) == 80


def sentences(y, words, random_state=0):
    """Return sentences of a word that tells which of two classes it is, among others that do not."""
    generator = np.random.default_rng(random_state)
    others = generator.choice(["please", "help", "urgent", "today", "again", "account", "thanks"], (len(y), 7))
    return pd.Series([" ".join([words[code], *some]) for code, some in zip(y, others, strict=True)])


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_what_only_a_free_text_tells_is_learnt(task):
    design = {**DESIGN, "task": task, "metric": "roc_auc" if task == "binary" else "r2"}
    y = np.random.default_rng(1).integers(0, 2, 600)
    X = pd.DataFrame({"subject": sentences(y, ["invoice", "crash"])}).astype("str")
    said = cautious.predict(design, cautious.fit(design, X[:400], y[:400]), X[400:])
    assert scoring.score(design["metric"], y[400:], said) > 0.8


def test_a_free_text_with_gaps_and_one_that_begins_late_are_no_obstacle():
    y = np.random.default_rng(1).integers(0, 2, 300)
    text = sentences(y, ["invoice", "crash"])
    X = pd.DataFrame({"gaps": text.mask(np.arange(300) % 3 == 0), "late": text.mask(np.arange(300) < 200)})
    model = cautious.fit(DESIGN, X.astype("str"), y)
    assert np.isfinite(cautious.predict(DESIGN, model, X.assign(gaps=np.nan).astype("str"))).all()
