"""The card says what was agreed, what was found, and what to be careful of."""

import pytest

from lib import model_card
from lib.checks import Check

INTERVAL = {"value": 0.71, "low": 0.68, "high": 0.74, "confidence": 0.95}
DESIGN = {
    "model_name": "flights-late",
    "objective": "Say which flights will be late.",
    "users": "",
    "decision": "The desk warns.",
    "task": "binary",
    "source": "flights",
    "target": "late",
    "metric": "roc_auc",
    "split": {"strategy": "time"},
    "features": ["hour", "origin"],
    "exclude": {"dep_time": "known too late"},
    "cost_false_positive": 1.0,
    "cost_false_negative": 3.0,
}
EVALUATION = {
    "chosen": "boosting",
    "reason": "It leads.",
    "refit": True,
    "metric": "roc_auc",
    "trained_until": "2013-05-01",
    "n_samples": {"train": 600, "validation": 200, "test": 200, "learnt": 800},
    "validation": INTERVAL,
    "test": INTERVAL,
    "baseline": {"name": "the rule", "gain": INTERVAL},
    "champion": None,
    "calibration": {"expected_calibration_error": 0.02},
    "slices": [{"column": "origin", "value": "JFK", "n_samples": 9, "score": float("nan"), "low": None, "high": None}],
    "importance": [{"column": "hour", "loss": 0.1, "spread": 0.01}],
    "decision_threshold": 0.31,
    "footprint": {"latency_ms": 12.5},
}
GOOD = Check("beats the rule", 0.1, 0.0, True, "stop", "It does.")
WARNING = Check("probabilities are calibrated", 0.09, 0.05, False, "warning", "They are not.")
BAD = Check("beats the champion", -0.1, 0.0, False, "stop", "A tie.")


@pytest.fixture(scope="module")
def card():
    return model_card.markdown(DESIGN, EVALUATION, [GOOD, WARNING])


@pytest.mark.parametrize(
    "expected",
    [
        "# Model card: flights-late",
        "Users: nobody has said it yet",
        "Left out: dep_time",
        "Learnt from 800 rows, up to 2013-05-01",
        "| test | 0.71 | 0.68 | 0.74 |",
        "Over the rule on the test rows: 0.71 (0.68 to 0.74)",
        "| origin | JFK | 9 | – | – | – |",
        "Act from this probability on: 0.31",
        "probabilities are calibrated: They are not.",
        'mlflow.sklearn.load_model("models:/flights-late@champion")',
        "All gates of the evaluation were passed.",
    ],
)
def test_the_card_says(card, expected):
    assert expected in card


def test_a_refused_model_is_called_that_on_its_card():
    card = model_card.markdown(DESIGN, EVALUATION, [GOOD, BAD])
    assert "Refused, and not for use:\n\n- beats the champion: A tie." in card
    assert "All gates" not in card


def test_a_regression_has_neither_threshold_nor_kinds_of_error():
    card = model_card.markdown(
        {**DESIGN, "task": "regression"}, {**EVALUATION, "decision_threshold": None, "slices": []}, [GOOD]
    )
    assert "Act from" not in card
    assert "false positive" not in card
    assert "## Slices" not in card


def test_the_gain_over_a_champion_stands_beside_that_over_the_baseline():
    evaluation = {**EVALUATION, "champion": {"name": "the champion", "version": "3", "gain": INTERVAL}}
    assert "Over the champion on the test rows" in model_card.markdown(DESIGN, evaluation, [GOOD])
