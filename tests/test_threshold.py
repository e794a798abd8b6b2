"""The cheapest threshold against trying them all, and whether acting on the model pays."""

import numpy as np
import pytest

from lib import threshold

GENERATOR = np.random.default_rng(4)
TRUE = np.round(GENERATOR.random(3000), 2)  # with ties
Y = (GENERATOR.random(3000) < TRUE).astype("int64")
COSTS = {"cost_false_positive": 1.0, "cost_false_negative": 3.0}
DESIGN = {"task": "binary", "classes": [0, 1], **COSTS}


def cost_at(cut, probability=TRUE):
    act = probability >= cut
    return (np.sum(act & (Y == 0)) * 1.0 + np.sum(~act & (Y == 1)) * 3.0) / len(Y)


def test_the_curve_is_what_each_threshold_costs():
    curve = threshold.cost_curve(Y, TRUE, **COSTS)
    assert curve["cost"].tolist() == pytest.approx([cost_at(cut) for cut in curve["threshold"]])
    assert curve["acted"].iloc[[0, -1]].tolist() == [0, 1]


def test_the_cheapest_threshold_is_near_the_break_even_of_true_probabilities():
    cut = threshold.cheapest(threshold.cost_curve(Y, TRUE, **COSTS))
    assert threshold.break_even(**COSTS) == 0.25
    assert cut == pytest.approx(0.25, abs=0.05)
    assert cost_at(cut) == min(cost_at(t) for t in np.linspace(0, 1, 1001))


def test_useless_predictions_make_acting_always_or_never_the_cheapest():
    noise = GENERATOR.random(3000)
    rare = (GENERATOR.random(3000) < 0.02).astype("int64")
    assert threshold.cheapest(threshold.cost_curve(rare, np.full(3000, 0.02), **COSTS)) == 1.0
    assert threshold.cheapest(threshold.cost_curve(1 - rare, 0.5 + 0 * noise, **COSTS)) == 0.0


def test_costs_compare_the_model_with_doing_without():
    found = threshold.costs(Y, TRUE, 0.25, **COSTS)
    assert found.loc["never act", "cost"] == pytest.approx(3 * Y.mean())
    assert found.loc["always act", "cost"] == pytest.approx(1 - Y.mean())
    assert found.loc["model", "cost"] == pytest.approx(cost_at(0.25))
    assert found.loc["always act", ["precision", "recall"]].tolist() == pytest.approx([Y.mean(), 1])


def test_a_model_that_saves_something_passes():
    (check,) = threshold.cost_checks(threshold.costs(Y, TRUE, 0.25, **COSTS))
    assert check.passed


def test_a_model_that_saves_nothing_is_warned_of():
    (check,) = threshold.cost_checks(threshold.costs(Y, GENERATOR.random(3000), 0.25, **COSTS))
    assert not check.passed
    assert check.severity == "warning"


def test_each_class_is_counted_by_the_class_it_was_taken_for():
    design = {"task": "multiclass", "classes": ["a", "b"]}
    found = threshold.outcomes(design, [0, 0, 1], np.array([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9]]), None)
    assert found.to_numpy().tolist() == [[1, 1], [0, 1]]


def test_errors_of_a_quantity_are_given_by_how_often_they_are_exceeded():
    found = threshold.outcomes({"task": "regression"}, np.zeros(101), np.arange(101.0), None)
    assert found["error"].tolist() == pytest.approx([50, 90, 99])


def test_outcomes_of_two_classes_are_costs():
    assert threshold.outcomes(DESIGN, Y, TRUE, 0.25).equals(threshold.costs(Y, TRUE, 0.25, **COSTS))
