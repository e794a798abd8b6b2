"""Shares that came true beside those that were to be expected: what a score by order cannot see."""

import numpy as np
import pytest
import streams

from lib import credibility, monitoring, standings

SAME = {"task": "binary", "classes": ["no", "yes"], "score": {"n": 10_000}}


def learnt(known, n_classes=1):
    """Return a profile of a model whose probabilities were right on held-out rows."""
    straight = {"predicted": [0.0, 1.0], "observed": [0.0, 1.0]}
    return {**known, "errors": {"calibration": [straight] * n_classes}}


def drawn(share, n=2000, random_state=0):
    """Return truth that comes as often as a share says, and probabilities around 0.3."""
    generator = np.random.default_rng(random_state)
    return (generator.random(n) < share).astype(int), generator.uniform(0.2, 0.4, n)


def window(base):
    return monitoring.assess(streams.known(), *streams.window(streams.rows(1500, 5, base=base)))


def test_what_is_as_frequent_as_it_was_said_to_be_is_believed():
    (found,) = credibility.of(learnt(SAME), *drawn(0.3))
    assert found["class"] == "yes" and found["low"] < 0 < found["high"]
    assert abs(found["effect"]) < credibility.LEAST_EFFECT


def test_the_interval_holds_no_difference_as_often_as_it_says_where_there_is_none():
    found = [credibility.of(learnt(SAME), *drawn(0.3, 300, seed))[0] for seed in range(400)]
    assert np.mean([each["low"] <= 0 <= each["high"] for each in found]) == pytest.approx(0.95, abs=0.03)


def test_rows_that_go_together_say_less():
    y, said = np.repeat([0, 1, 0, 0, 1, 0, 0, 0, 1, 0], 100), np.full(1000, 0.3)
    alone, together = (credibility.of(learnt(SAME), y, said, c)[0] for c in (None, np.repeat(np.arange(10), 100)))
    assert together["high"] - together["low"] > 5 * (alone["high"] - alone["low"])


def test_few_held_out_rows_say_less_of_what_was_to_be_expected():
    few = {**learnt(SAME), "score": {"n": 50}}
    many, few = (credibility.of(known, *drawn(0.3))[0] for known in (learnt(SAME), few))
    assert few["high"] - few["low"] > 4 * (many["high"] - many["low"])


def test_each_of_several_classes_is_compared():
    known = {"task": "multiclass", "classes": ["a", "b", "c"], "score": {"n": 1000}}
    y, said = np.repeat([0, 1, 2], [100, 100, 300]), np.full((500, 3), 1 / 3)
    found = credibility.of(learnt(known, 3), y, said)
    assert [each["class"] for each in found] == ["a", "b", "c"]
    assert [each["observed"] for each in found] == [0.2, 0.2, 0.6] and found[2]["effect"] > credibility.LEAST_EFFECT


def test_a_quantity_has_no_shares():
    assert credibility.of({"task": "regression"}, np.arange(9.0), np.arange(9.0)) == []


@pytest.mark.parametrize("base", [-2.5, 1.0], ids=["rarer", "more frequent"])
def test_what_became_rarer_or_more_frequent_alarms_though_the_order_is_as_good_as_ever(base):
    signals = window(base)["signals"]
    assert signals["calibration"]["bad"] and not signals["performance"]["bad"]
    assert (
        "the probabilities let" in signals["calibration"]["what"]
        and "late = yes came true" in signals["calibration"]["what"]
    )


def test_the_same_frequency_is_no_alarm():
    assert not window(-0.5)["signals"]["calibration"]["bad"]


def test_a_retraining_is_not_asked_to_answer_it():
    alarm = {"name": "calibration", "severity": "warning"}
    assert not standings.is_answerable(alarm)
