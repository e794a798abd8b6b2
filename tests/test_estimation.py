import json

import numpy as np
import pandas as pd
import pytest

from lib import estimation, scoring

BINARY = {"task": "binary", "metric": "roc_auc", "classes": [0, 1]}
METRICS = ["roc_auc", "average_precision", "accuracy", "f1", "neg_log_loss", "neg_brier_score"]


def binary(n, *, bias=0.0, spread=1.5, random_state=0):
    """Return the truth and the probability of rows whose log-odds are spread so far around a centre."""
    generator = np.random.default_rng(random_state)
    log_odds = generator.normal(bias, spread, n)
    true = 1 / (1 + np.exp(-log_odds))
    overconfident = 1 / (1 + np.exp(-2 * log_odds))
    return (generator.random(n) < true).astype(int), overconfident


def through_json(value):
    return json.loads(json.dumps(value))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("shift", [{}, {"bias": -1.0}, {"spread": 0.5}, {"spread": 2.0}])
def test_the_estimate_follows_a_change_of_the_rows_even_from_overconfident_probabilities(metric, shift):
    learnt = through_json(estimation.learn(BINARY, *binary(20_000)))
    y, prediction = binary(20_000, random_state=1, **shift)
    found = estimation.estimate({**BINARY, "metric": metric}, learnt, prediction)
    assert found.value == pytest.approx(scoring.score(metric, y, prediction), abs=0.025)


def test_the_interval_holds_the_score_that_comes_true_nine_times_in_ten():
    learnt, held = estimation.learn(BINARY, *binary(20_000)), 0
    for number in range(60):
        y, prediction = binary(400, random_state=100 + number)
        found = estimation.estimate(BINARY, learnt, prediction)
        held += found.low <= scoring.score("roc_auc", y, prediction) <= found.high
    assert held >= 54


def test_several_classes_are_calibrated_together():
    generator = np.random.default_rng(0)
    log_odds = generator.normal(0, 1.5, (12_000, 3))
    shares = np.exp(log_odds) / np.exp(log_odds).sum(axis=1, keepdims=True)
    y = (generator.random(12_000)[:, None] > np.cumsum(shares, axis=1)[:, :-1]).sum(axis=1)
    design = {"task": "multiclass", "metric": "accuracy", "classes": [0, 1, 2]}
    learnt = estimation.learn(design, y[:8000], shares[:8000])
    found = estimation.estimate(design, learnt, shares[8000:])
    assert found.low < scoring.score("accuracy", y[8000:], shares[8000:]) < found.high
    assert estimation.calibrated(learnt, shares).sum(axis=1) == pytest.approx(1)


REGRESSION = {"task": "regression", "metric": "neg_mean_absolute_error"}


def regression(n, *, wind=0.0, random_state=0):
    """Return rows whose errors grow with the wind, which the prediction does not know."""
    generator = np.random.default_rng(random_state)
    X = pd.DataFrame({"wind": generator.uniform(0, 1, n) + wind, "town": "north"})
    X.loc[generator.random(n) < 0.1, "wind"] = np.nan
    prediction = generator.normal(100, 10, n)
    return prediction + generator.normal(0, 1, n) * (1 + 5 * X["wind"].fillna(0.5)), prediction, X


@pytest.mark.parametrize("metric", ["neg_mean_absolute_error", "neg_root_mean_squared_error", "r2"])
@pytest.mark.parametrize("wind", [0.0, 0.5, -0.4])
def test_the_error_model_follows_what_drives_the_errors(metric, wind):
    y, prediction, X = regression(8000)
    learnt = through_json(estimation.learn(REGRESSION, y, prediction, X))
    y, prediction, X = regression(8000, wind=wind / 2, random_state=1)
    found = estimation.estimate({**REGRESSION, "metric": metric}, learnt, prediction, X)
    assert found.value == pytest.approx(scoring.score(metric, y, prediction), rel=0.12)


def test_each_row_falls_into_the_leaf_that_scikit_learn_puts_it_in(monkeypatch):
    trees, make = [], estimation.DecisionTreeRegressor
    monkeypatch.setattr(estimation, "DecisionTreeRegressor", lambda **given: trees.append(make(**given)) or trees[-1])
    y, prediction, X = regression(3000)
    groups = estimation.learn(REGRESSION, y, prediction, X)["groups"]
    _, prediction, X = regression(3000, wind=0.2, random_state=5)
    table = X[["wind"]].assign(**{"": prediction})
    leaves = np.flatnonzero(trees[0].tree_.children_left < 0)
    own = np.searchsorted(leaves, trees[0].apply(table.to_numpy()))
    assert estimation.groups_of(groups, prediction, X).tolist() == own.tolist()


def test_features_beyond_what_32_bits_hold_are_no_obstacle_to_the_error_model():
    y, prediction, X = regression(500)
    X.loc[:9, "wind"] = 1e300
    learnt = estimation.learn(REGRESSION, y, prediction, X)
    found = estimation.estimate({**REGRESSION, "metric": "neg_mean_absolute_error"}, learnt, prediction, X)
    assert found.value == pytest.approx(scoring.score("neg_mean_absolute_error", y, prediction), rel=0.1)


def test_an_interval_of_many_rows_is_as_narrow_as_they_allow(monkeypatch):
    learnt, (_, prediction) = estimation.learn(BINARY, *binary(5000)), binary(20_000, random_state=2)
    whole = estimation.estimate(BINARY, learnt, prediction)
    monkeypatch.setattr(estimation, "MOST_ROWS", 5000)
    sampled = estimation.estimate(BINARY, learnt, prediction)
    assert sampled.high - sampled.low == pytest.approx(whole.high - whole.low, rel=0.25)


def test_no_rows_have_no_estimate():
    learnt = estimation.learn(BINARY, *binary(200))
    assert np.isnan(estimation.estimate(BINARY, learnt, np.array([])).value)
