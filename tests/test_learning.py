"""The learning curve: growing parts, one set of judged rows, and a verdict that can go both ways."""

import pytest
from test_training import contract, dirty_table, recipe_of

from lib import bootstrap, learning, training


def test_a_curve_grows_in_rows_and_ends_with_all_that_are_not_held_out():
    table, design = dirty_table("regression"), contract("regression")
    recipe = recipe_of(table)
    pipeline = training.make_candidate("linear", design, recipe)
    curve, gain = learning.learning_curve(pipeline, table, design, recipe, "linear")
    assert curve["n_samples"].tolist() == [26, 52, 105, 210]
    assert curve["value"].iloc[-1] > curve["value"].iloc[0]
    assert gain.value == pytest.approx(curve["value"].iloc[-1] - curve["value"].iloc[-2], abs=1e-5)


@pytest.mark.parametrize(
    ("value", "low", "high", "suffices", "verdict"),
    [
        (0.04, 0.02, 0.06, False, "would help"),
        (0.04, -0.02, 0.10, True, "cannot tell it from chance"),
        (0.001, 0.0005, 0.002, True, "would hardly help"),
        (0.0, -0.01, 0.01, True, "would hardly help"),
        (-0.02, -0.03, -0.01, True, "a loss beyond chance"),
    ],
)
def test_more_rows_are_asked_for_only_where_the_last_doubling_was_useful_and_beyond_chance(
    value, low, high, suffices, verdict
):
    check = learning.more_data_check(bootstrap.Interval(value, low, high, 0.95), least_gain=0.01)
    assert check.passed is suffices
    assert verdict in check.explanation


@pytest.mark.parametrize(("value", "said"), [(0.04, "table_mb"), (0.001, "this justifies the sample")])
def test_a_sample_of_a_large_table_is_justified_by_the_curve_or_asked_to_grow(value, said):
    gain = bootstrap.Interval(value, value / 2, 2 * value, 0.95)
    check = learning.more_data_check(gain, least_gain=0.01, n_samples=600_000, n_source=10_000_000)
    assert "600,000 training rows are of a sample of the table's 10,000,000 rows" in check.explanation
    assert said in check.explanation
