"""The choice among candidates, and the verdicts on the chosen one."""

import numpy as np
import pandas as pd
import pytest

from lib import evaluation
from lib.bootstrap import Interval
from lib.checks import refusals

GENERATOR = np.random.default_rng(6)
Y = (GENERATOR.random(1500) < 0.4).astype("int64")
PREDICTIONS = {
    "constant": np.full(1500, 0.4),
    "linear": Y + GENERATOR.normal(0, 1.5, 1500),
    "boosting": Y + GENERATOR.normal(0, 1.0, 1500),
}
SUMMARIES = {name: {"cv_mean": 0.7, "cv_std": 0.01} for name in PREDICTIONS}
DESIGN = {"task": "binary", "metric": "roc_auc", "classes": [0, 1], "threshold": 0.7, "time_column": "", "target": "y"}


@pytest.fixture(scope="module")
def scores():
    return evaluation.side_by_side("roc_auc", Y, PREDICTIONS, SUMMARIES)


def table(**candidates):
    """Return scores as `side_by_side` does, from the simplest on: score, and standard error of the lead."""
    best = max(score for score, _ in candidates.values())
    rows = {
        name: {"score": score, "lead": best - score, "complexity": place}
        | {"lead_low": best - score - 1.96 * error, "lead_high": best - score + 1.96 * error}
        for place, (name, (score, error)) in enumerate(candidates.items())
    }
    return pd.DataFrame.from_dict(rows, orient="index").sort_values("score", ascending=False)


def test_candidates_stand_in_the_order_of_their_scores_with_their_lead(scores):
    assert list(scores.index) == ["boosting", "linear", "constant"]
    assert scores.loc["boosting", "lead"] == 0
    assert scores.loc["linear", "lead"] == pytest.approx(
        scores.loc["boosting", "score"] - scores.loc["linear", "score"]
    )
    assert (scores["low"] <= scores["score"]).all()
    assert scores.loc["linear", "lead_low"] > 0


def test_a_clear_lead_is_chosen_over_simplicity(scores):
    assert evaluation.choose(scores, least_gain=0.01)[0] == "boosting"


def test_a_lead_of_no_use_leaves_the_simpler_model():
    chosen, reason = evaluation.choose(table(linear=(0.795, 0.001), boosting=(0.8, 0.0)), least_gain=0.01)
    assert chosen == "linear"
    assert "boosting leads it by 0.0050" in reason


def test_a_lead_within_a_standard_error_leaves_the_simpler_model():
    assert evaluation.choose(table(linear=(0.78, 0.03), boosting=(0.8, 0.0)), least_gain=0.01)[0] == "linear"


def test_a_lead_of_more_than_a_standard_error_is_taken_although_it_may_be_chance():
    assert evaluation.choose(table(linear=(0.78, 0.015), boosting=(0.8, 0.0)), least_gain=0.01)[0] == "boosting"


def test_a_baseline_is_not_chosen_while_there_is_a_model():
    chosen, reason = evaluation.choose(table(rule=(0.81, 0.0), linear=(0.8, 0.01)), least_gain=0.01)
    assert chosen == "linear"
    assert "rule, which is none, scores higher" in reason


def test_a_baseline_alone_stands_in_for_a_model():
    assert evaluation.choose(table(constant=(0.5, 0.0)), least_gain=0.01)[0] == "constant"


def test_the_simplest_model_needs_no_comparison_to_be_the_best():
    assert evaluation.choose(table(linear=(0.8, 0.0), boosting=(0.7, 0.1)), least_gain=0.01)[0] == "linear"


def test_the_yardstick_is_the_best_baseline_that_was_trained():
    assert evaluation.yardstick(table(constant=(0.5, 0), rule=(0.6, 0), linear=(0.8, 0))) == "rule"
    assert evaluation.yardstick(table(linear=(0.8, 0))) == "constant"


@pytest.mark.parametrize(("value", "refused"), [(0.69, True), (0.71, False)])
def test_a_score_below_the_contracts_threshold_is_refused(value, refused):
    found = evaluation.score_checks(DESIGN, Interval(value, value - 0.05, value + 0.05, 0.95))
    assert bool(refusals(found)) == refused


def test_a_score_that_is_not_defined_is_refused():
    assert refusals(evaluation.score_checks(DESIGN, Interval(np.nan, np.nan, np.nan, 0.95)))


def test_without_a_threshold_a_score_is_only_remarked():
    (check,) = evaluation.score_checks({**DESIGN, "threshold": None}, Interval(0.1, 0.0, 0.2, 0.95))
    assert (check.passed, check.severity) == (True, "info")


@pytest.mark.parametrize(
    ("test", "failed"),
    [
        (Interval(0.9, 0.85, 0.95, 0.95), ["test is not far better than validation"]),
        (Interval(0.5, 0.45, 0.55, 0.95), ["test is not far worse than validation"]),
        (Interval(0.72, 0.65, 0.77, 0.95), []),
    ],
)
def test_a_test_score_far_from_validation_is_suspicious(test, failed):
    found = evaluation.agreement_checks("roc_auc", Interval(0.7, 0.65, 0.75, 0.95), test)
    assert [check.name for check in found if not check.passed] == failed
    assert [check.name for check in found if "look for" in check.explanation or "luck" in check.explanation] == failed
    assert refusals(found) == []


def test_candidates_that_were_not_trained_are_named():
    (check,) = evaluation.candidate_checks(["linear", "forest"], ["linear"])
    assert not check.passed
    assert "forest" in check.explanation


def test_predictions_of_classes_are_read_in_the_contracts_order():
    design = {"task": "multiclass", "classes": [3, 1]}
    read = evaluation.as_prediction(design, pd.DataFrame({"1": [0.2], "3": [0.8]}))
    assert read.tolist() == [[0.8, 0.2]]


def test_the_test_table_holds_time_truth_and_both_predictions():
    design = {**DESIGN, "time_column": "t"}
    test = pd.DataFrame({"t": pd.to_datetime(["2024-01-01", "2024-01-02"]), "y": [0, 1]}, index=[7, 9])
    kept = evaluation.predictions_table(design, test, np.array([0.1, 0.9]), np.array([0.2, 0.8]))
    assert list(kept) == ["time", "truth", "prediction", "champion"]
    assert kept.index.tolist() == [7, 9]


def test_the_test_table_of_classes_has_a_column_for_each():
    design = {"task": "multiclass", "classes": ["a", "b"], "target": "y", "time_column": ""}
    kept = evaluation.predictions_table(design, pd.DataFrame({"y": ["a"]}), np.array([[0.7, 0.3]]))
    assert list(kept) == ["truth", "prediction a", "prediction b"]


def test_what_is_not_a_number_is_null_for_every_reader_of_json():
    kept = evaluation.without_gaps(
        {"slices": [{"score": float("nan"), "n": 3}], "gain": np.float64("nan"), "name": "x"}
    )
    assert kept == {"slices": [{"score": None, "n": 3}], "gain": None, "name": "x"}
