"""Frequencies against scikit-learn's and the formulas; warnings for probabilities that are off."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from lib import calibration

GENERATOR = np.random.default_rng(2)
TRUE = GENERATOR.random(20000)
Y = (GENERATOR.random(20000) < TRUE).astype("int64")
BINARY, GRADES, VALUE = ({"task": task} for task in ("binary", "multiclass", "regression"))


def test_the_reliability_table_is_scikit_learns_curve():
    found = calibration.reliability(Y, TRUE)
    observed, predicted = calibration_curve(Y, TRUE, n_bins=10, strategy="quantile")
    assert found["predicted"].to_numpy() == pytest.approx(predicted, abs=1e-3)
    assert found["observed"].to_numpy() == pytest.approx(observed, abs=1e-3)


def test_the_interval_of_a_frequency_holds_it():
    found = calibration.reliability(Y, TRUE)
    assert ((found["low"] < found["observed"]) & (found["observed"] < found["high"])).all()


def test_equal_predictions_share_a_bin():
    found = calibration.reliability(Y, np.where(TRUE > 0.5, 0.8, 0.2))
    assert found["predicted"].tolist() == pytest.approx([0.2, 0.8])


def test_a_constant_prediction_has_one_bin():
    assert calibration.reliability([0, 1, 1, 0], [0.5] * 4)["n_samples"].tolist() == [4]


def test_true_probabilities_have_hardly_any_calibration_error_and_shifted_ones_the_shift():
    assert calibration.expected_calibration_error(Y, TRUE) < 0.015
    assert calibration.expected_calibration_error(Y, TRUE * 0.8 + 0.2) == pytest.approx(0.1, abs=0.01)


def test_the_parts_of_the_brier_score_sum_up_to_it():
    parts = calibration.brier_decomposition(Y, TRUE)
    assert parts["brier"] == pytest.approx(np.mean((Y - TRUE) ** 2))
    total = parts["reliability"] - parts["resolution"] + parts["uncertainty"] + parts["within_bins"]
    assert total == pytest.approx(parts["brier"])
    assert parts["uncertainty"] == pytest.approx(Y.mean() * (1 - Y.mean()))


def test_with_one_value_a_bin_nothing_is_hidden_within_bins():
    parts = calibration.brier_decomposition(Y, np.where(TRUE > 0.5, 0.75, 0.25))
    assert parts["within_bins"] == pytest.approx(0, abs=1e-12)


def test_of_several_classes_the_likeliest_is_looked_at():
    right, sureness = calibration.top_label([0, 2], [[0.5, 0.3, 0.2], [0.6, 0.1, 0.3]])
    assert right.tolist() == [1, 0]
    assert sureness.tolist() == [0.5, 0.6]


def test_the_half_width_holds_new_values_as_often_as_promised():
    errors = GENERATOR.normal(0, 3, 4000)
    width = calibration.half_width(errors[:2000], np.zeros(2000), coverage=0.9)
    assert width == pytest.approx(3 * 1.645, rel=0.05)
    assert calibration.measures(VALUE, errors[2000:], np.zeros(2000), width)["coverage"] == pytest.approx(0.9, abs=0.02)


def test_few_rows_give_the_widest_error_and_not_an_index_error():
    assert calibration.half_width([1.0, 5.0], [0.0, 0.0], coverage=0.99) == 5.0


@pytest.mark.parametrize(("shift", "passed"), [(0.0, True), (0.3, False)])
def test_probabilities_that_are_off_are_warned_of(shift, passed):
    found = calibration.measures(BINARY, Y, TRUE * (1 - shift) + shift)
    (check,) = calibration.calibration_checks(BINARY, found, coverage=0.9)
    assert check.passed == passed
    assert not check.refuses


@pytest.mark.parametrize(("growth", "passed"), [(1.0, True), (2.0, False)])
def test_errors_that_have_grown_are_warned_of(growth, passed):
    errors = GENERATOR.normal(0, 1, 4000)
    width = calibration.half_width(errors[:2000], np.zeros(2000))
    found = calibration.measures(VALUE, growth * errors[2000:], np.zeros(2000), width)
    (check,) = calibration.calibration_checks(VALUE, found, coverage=0.9)
    assert check.passed == passed


def test_every_task_has_its_bins():
    assert "low" in calibration.bins(BINARY, Y, TRUE)
    assert "low" in calibration.bins(GRADES, Y, np.column_stack([1 - TRUE, TRUE]))
    assert "inside" in calibration.bins(VALUE, TRUE, TRUE + 0.1, 0.2)
