"""Signals: what a single window may get wrong, so that the alarms over several keep to what was asked."""

import numpy as np
import pytest

from lib import alarms, signals

ALPHA = 0.01


@pytest.mark.parametrize("rule", ["1/1", "1/3", "2/3", "3/3", "2/4"])
def test_an_alarm_stands_as_often_as_was_asked_where_nothing_changes(rule):
    rules = alarms.rules([f"performance {rule} stop"])
    bad = np.random.default_rng(0).random(200_000) < signals.chances(rules, ALPHA)["performance"]
    k, n = rules[0].k, rules[0].n
    recent = sum(np.roll(bad, shift).astype(int) for shift in range(n))
    assert np.mean(bad & (recent >= k)) == pytest.approx(ALPHA, rel=0.1)


def test_rules_on_scores_share_the_chance():
    alone = signals.chances(alarms.rules(["performance 1/1 stop"]), ALPHA)
    both = signals.chances(alarms.rules(["performance 1/1 stop", "estimate 1/1 warning"]), ALPHA)
    assert alone == {"performance": pytest.approx(ALPHA)}
    assert both == {"performance": pytest.approx(ALPHA / 2), "estimate": pytest.approx(ALPHA / 2)}


def test_of_two_rules_on_one_score_the_stricter_is_kept_to():
    found = signals.chances(alarms.rules(["performance 1/1 warning", "performance 2/3 stop"]), ALPHA)
    assert found["performance"] == pytest.approx(ALPHA / 2)


def test_signals_that_go_by_an_effect_are_left_as_they_are():
    assert signals.chances(alarms.rules(["inputs 2/3 warning", "quality 1/1 warning"]), ALPHA) == {}


def test_no_chance_at_all_is_no_alarm_by_chance():
    assert signals.chances(alarms.rules(["performance 2/3 stop"]), 0.0) == {"performance": 0.0}
