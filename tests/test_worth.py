import numpy as np
import pandas as pd
import pytest

from lib import checks, scoring, worth
from lib.errors import GateRefused

DESIGNS = {
    "binary": {"task": "binary", "classes": ["no", "yes"], "metric": "roc_auc"},
    "multiclass": {"task": "multiclass", "classes": ["a", "b", "c"], "metric": "neg_log_loss"},
    "regression": {"task": "regression", "classes": [], "metric": "r2"},
}


def design(task, least_gain=0.01):
    return {**DESIGNS[task], "least_gain": least_gain, "missingness_leaks": []}


def rows(n_samples=900):
    generator = np.random.default_rng(0)
    X = pd.DataFrame(generator.normal(size=(n_samples, 4)), columns=list("abcd"))
    return X.assign(colour=generator.choice(["red", "green", "blue"], n_samples)), generator


def coded(task, score):
    """Turn a quantity into the codes of a task's classes."""
    edges = {"binary": [0.5], "multiclass": [1 / 3, 2 / 3]}.get(task)
    return score if edges is None else np.searchsorted(np.quantile(score, edges), score)


def verdict(design, X, y):
    half = len(X) // 2
    parts = X[:half], y[:half], X[half:], y[half:]
    rule = worth.best_rule(design, *parts)
    constant = worth.constant_prediction(design, y[:half], len(X) - half)
    simple = worth.simple_prediction(design, X[:half], y[:half], X[half:])
    return worth.worth_checks(design, y[half:], simple, constant, rule), rule


@pytest.mark.parametrize("task", DESIGNS)
def test_a_target_that_several_columns_make_is_worth_a_model(task):
    X, _ = rows()
    found, _ = verdict(design(task), X, coded(task, (X["a"] + X["b"] + X["c"]).to_numpy()))
    checks.require(found)


@pytest.mark.parametrize("task", DESIGNS)
def test_noise_is_refused(task):
    X, generator = rows()
    found, _ = verdict(design(task), X, coded(task, generator.normal(size=len(X))))
    with pytest.raises(GateRefused, match="beats the constant"):
        checks.require(found)


@pytest.mark.parametrize("task", DESIGNS)
def test_a_target_that_one_column_rules_is_refused_and_the_rule_is_named(task):
    X, generator = rows()
    # steps that a rule of eight cases can follow, so that a model has nothing to add
    score = np.floor(2 * X["b"].clip(-1, 0.99)) + 0.01 * generator.normal(size=len(X))
    found, rule = verdict(design(task, least_gain=0.05), X, coded(task, score.to_numpy()))
    assert rule.column == "b"
    with pytest.raises(GateRefused, match="Use this rule instead: where b is"):
        checks.require(found)


def test_a_gain_below_the_least_useful_one_is_refused():
    X, _ = rows()
    y = coded("binary", (X["a"] + X["b"]).to_numpy())
    found, _ = verdict(design("binary", least_gain=0.4), X, y)
    assert [check.passed for check in found] == [True, False]


def test_a_rule_on_categories_names_each_of_them():
    X, _ = rows()
    found, rule = verdict(design("binary"), X, (X["colour"] == "red").to_numpy().astype(int))
    assert rule.column == "colour"
    assert sorted(rule.cases["when"]) == ["is blue", "is green", "is red"]
    assert not found[1].passed


def test_gaps_that_leak_are_no_part_of_the_simple_model():
    X, generator = rows()
    y = generator.integers(0, 2, len(X))
    X["leak"] = np.where(y == 1, np.nan, 1.0)
    half = len(X) // 2
    told, blind = (
        worth.simple_prediction({**design("binary"), "missingness_leaks": leaks}, X[:half], y[:half], X[half:])
        for leaks in ([], ["leak"])
    )
    assert np.corrcoef(told, y[half:])[0, 1] > 0.9
    assert abs(np.corrcoef(blind, y[half:])[0, 1]) < 0.2


def test_the_scores_stand_side_by_side():
    y = np.array([0, 1] * 50)
    found = worth.scores(design("binary"), y, {"perfect": y.astype(float), "constant": np.full(100, 0.5)})
    assert found["value"].tolist() == [1.0, 0.5]


def test_columns_without_a_value_or_with_one_are_no_obstacle():
    X = pd.DataFrame({"empty": np.nan, "text": pd.Series([None] * 60, dtype="str"), "constant": 1.0}, index=range(60))
    y = np.array([0, 1] * 30)
    found = worth.simple_prediction(design("binary"), X, y, X)
    assert found.tolist() == [0.5] * 60
    mixed = X.assign(telling=y + 0.0)
    assert worth.simple_prediction(design("binary"), mixed, y, mixed)[1] > 0.9


def test_training_rows_of_one_class_are_refused_and_not_a_crash():
    X, _ = rows(200)
    found, _ = verdict(design("binary"), X, np.repeat([0, 1], [120, 80]))
    with pytest.raises(GateRefused):
        checks.require(found)


def test_a_class_of_two_rows_does_not_break_the_simple_model():
    X, generator = rows(600)
    y = coded("multiclass", (X["a"] + X["b"]).to_numpy() + 0.5 * generator.normal(size=600))
    y[y == 2] = 1
    y[[5, 50, 350]] = 2
    wanted = design("multiclass")
    simple = worth.simple_prediction(wanted, X[:300], y[:300], X[300:])
    constant = worth.constant_prediction(wanted, y[:300], 300)
    assert scoring.score("neg_log_loss", y[300:], simple) > scoring.score("neg_log_loss", y[300:], constant)


def test_a_line_along_one_column_beats_a_rule_of_eight_steps():
    X, generator = rows(400)
    found, _ = verdict(design("regression"), X, (20 * X["a"] + 5 * generator.normal(size=400)).to_numpy())
    checks.require(found)


def test_counts_are_predicted_above_zero():
    X, generator = rows(300)
    y = generator.poisson(np.exp(X["a"])).astype("float64")
    asked = {**design("regression"), "metric": "neg_mean_poisson_deviance", "counts": True}
    assert (worth.simple_prediction(asked, X[:200], y[:200], X[200:]) > 0).all()
