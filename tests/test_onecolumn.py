import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from lib import onecolumn

BINARY = {"task": "binary", "classes": [0, 1]}
MULTICLASS = {"task": "multiclass", "classes": ["a", "b", "c"]}
REGRESSION = {"task": "regression", "classes": []}


def learn(design, values, y, other=None):
    train, other, y = onecolumn.plain(pd.Series(values)), onecolumn.plain(pd.Series(other or values)), np.asarray(y)
    return onecolumn.cases(design, train, y), onecolumn.predict(design, train, y, other)


def test_a_rule_on_numbers_says_where_it_cuts():
    cases, prediction = learn(REGRESSION, [1.0] * 50 + [2.0] * 50, [10.0] * 50 + [20.0] * 50)
    assert cases.to_numpy().tolist() == [["is 1", "10"], ["is 2", "20"]]
    assert prediction[[0, -1]] == pytest.approx([10, 20])


def test_gaps_have_a_case_of_their_own():
    cases, prediction = learn(BINARY, [np.nan] * 50 + [1.0] * 50, [1] * 50 + [0] * 50)
    assert "is missing" in set(cases["when"])
    assert prediction[0] == 1.0


def test_a_category_is_drawn_towards_the_mean_of_all():
    _, prediction = learn(BINARY, ["rare"] * 20 + ["usual"] * 80, [1] * 20 + [0] * 80)
    assert prediction[0] == pytest.approx((20 + onecolumn.PRIOR_ROWS * 0.2) / (20 + onecolumn.PRIOR_ROWS))


def test_a_category_never_seen_gets_the_mean_of_all():
    _, prediction = learn(BINARY, ["a", "b"] * 10, [0, 1] * 10, other=["new"])
    assert prediction == pytest.approx([0.5])


def test_several_classes_get_probabilities_that_add_up():
    _, prediction = learn(MULTICLASS, ["x", "y", "z"] * 20, [0, 1, 2] * 20)
    assert prediction.shape == (60, 3)
    assert prediction.sum(axis=1) == pytest.approx(np.ones(60))


def test_a_constant_has_no_skill_and_the_truth_has_all():
    y = np.array([0, 1, 2] * 10)
    constant = np.tile(onecolumn.constant(MULTICLASS, y), (30, 1))
    assert onecolumn.skill(MULTICLASS, y, constant) == pytest.approx(0)
    assert onecolumn.skill(MULTICLASS, y, np.eye(3)[y]) == pytest.approx(1)


def test_the_skill_of_two_classes_is_the_gini_coefficient():
    generator = np.random.default_rng(0)
    y, p = generator.integers(0, 2, 100), generator.random(100)
    assert onecolumn.skill(BINARY, y, p) == pytest.approx(2 * metrics.roc_auc_score(y, p) - 1)


@pytest.mark.parametrize("values", [pd.to_datetime(["2024-01-01", None]), [True, None], [np.inf, 1.0], ["a", None]])
def test_any_column_becomes_numbers_or_text(values):
    found = onecolumn.plain(pd.Series(values))
    assert str(found.dtype) in ("float64", "str")
    assert not np.isinf(pd.to_numeric(found, errors="coerce")).any()
