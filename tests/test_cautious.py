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


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_what_two_columns_of_many_categories_tell_together_is_learnt(task):
    generator = np.random.default_rng(0)
    shop, product = generator.integers(0, 150, 1500), generator.integers(0, 100, 1500)
    signal = generator.normal(size=150)[shop] + generator.normal(size=100)[product]
    X = pd.DataFrame({"shop": [f"s{i}" for i in shop], "product": [f"p{i}" for i in product]}).astype("str")
    y = {"binary": signal > 0.5, "multiclass": np.digitize(signal, [-0.7, 0.7]), "regression": 10 * signal.round()}[
        task
    ]
    design = {"task": task, "classes": [] if task == "regression" else sorted(set(y.tolist()))}
    design["metric"] = {"binary": "roc_auc", "multiclass": "neg_log_loss", "regression": "r2"}[task]
    said = cautious.predict(design, cautious.fit(design, X[:1000], y[:1000].astype(float)), X[1000:])
    least = {"binary": 0.85, "multiclass": -0.75, "regression": 0.65}[task]
    assert scoring.score(design["metric"], y[1000:], said) > least


def test_what_comes_again_with_the_week_is_learnt_from_a_time():
    booked = pd.Series(pd.date_range("2024-01-01", periods=500, freq="D"))
    y = (booked.dt.day_of_week >= 5).to_numpy().astype("int64")
    X = pd.DataFrame({"booked": booked.mask(np.arange(500) % 50 == 0)})
    said = cautious.predict(DESIGN, cautious.fit(DESIGN, X[:350], y[:350]), X[350:])
    assert scoring.score("roc_auc", y[350:], said) > 0.9
