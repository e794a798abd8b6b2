"""Intervals against scipy's and against the share of true values that they cover."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lib import bootstrap, scoring

GENERATOR = np.random.default_rng(5)
Y = (GENERATOR.random(800) < 0.4).astype("int64")
GOOD = Y + GENERATOR.normal(0, 1.0, 800)
BAD = Y + GENERATOR.normal(0, 2.0, 800)


def scipy_interval(statistic, columns, confidence):
    found = stats.bootstrap(
        columns, statistic, paired=True, vectorized=False, n_resamples=2000, method="percentile",
        confidence_level=confidence, rng=np.random.default_rng(0),
    )  # fmt: skip
    return found.confidence_interval


def test_the_interval_of_a_score_is_that_of_scipy():
    found = bootstrap.score_interval("roc_auc", Y, GOOD, n_resamples=2000, confidence=0.9)
    expected = scipy_interval(lambda y, p: scoring.score("roc_auc", y, p), (Y, GOOD), 0.9)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.002)


def test_the_interval_of_a_difference_is_that_of_scipy():
    found = bootstrap.paired_difference("roc_auc", Y, GOOD, BAD, n_resamples=2000, confidence=0.9)
    expected = scipy_interval(
        lambda y, p, q: scoring.score("roc_auc", y, p) - scoring.score("roc_auc", y, q), (Y, GOOD, BAD), 0.9
    )
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.003)


def test_the_interval_of_a_mean_error_is_the_textbooks():
    error = GENERATOR.normal(2, 1, 2000)
    found = bootstrap.score_interval("neg_mean_absolute_error", np.abs(error), np.zeros(2000), n_resamples=2000)
    half = 1.96 * np.abs(error).std() / np.sqrt(2000)
    assert found.high - found.value == pytest.approx(half, rel=0.1)
    assert found.value - found.low == pytest.approx(half, rel=0.1)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    first, second = (bootstrap.score_interval("roc_auc", Y, GOOD, random_state=4) for _ in range(2))
    assert first == second
    assert first != bootstrap.score_interval("roc_auc", Y, GOOD, random_state=5)


def test_a_model_compared_with_itself_differs_by_nothing():
    found = bootstrap.paired_difference("roc_auc", Y, GOOD, GOOD)
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_few_rows_have_a_wider_interval_than_plain_percentiles():
    y, p = Y[:12], GOOD[:12]
    resampled = bootstrap.resample("neg_mean_absolute_error", y, [p], n_resamples=2000, random_state=0)[:, 0]
    plain = np.quantile(resampled, [0.025, 0.975])
    found = bootstrap.score_interval("neg_mean_absolute_error", y, p, n_resamples=2000)
    assert found.low < plain[0]
    assert found.high > plain[1]


def test_rows_that_share_their_day_are_drawn_together_and_widen_the_interval():
    days = np.repeat(np.arange(40), 20)
    errors = np.random.default_rng(0).normal(5, 1, 40)[days]
    together = bootstrap.score_interval("neg_mean_absolute_error", errors, np.zeros(800), clusters=days)
    alone = bootstrap.score_interval("neg_mean_absolute_error", errors, np.zeros(800))
    assert (together.high - together.low) / (alone.high - alone.low) == pytest.approx(np.sqrt(20), rel=0.2)


def test_clusters_are_drawn_whole():
    days = np.array([0, 0, 1, 2, 2, 2])
    for counts in bootstrap._counts(6, days, 50, np.random.default_rng(0)):
        assert counts[0] == counts[1]
        assert counts[3] == counts[4] == counts[5]
        assert counts[0] + counts[2] + counts[3] == 3


def test_about_95_of_100_intervals_hold_the_true_value_with_few_clusters():
    days = np.repeat(np.arange(30), 5)
    generator = np.random.default_rng(1)
    held = 0
    for seed in range(300):
        errors = np.abs(10 + generator.normal(0, 1, 30)[days] + generator.normal(0, 0.2, 150))
        found = bootstrap.score_interval(
            "neg_mean_absolute_error", errors, np.zeros(150), clusters=days, n_resamples=300, random_state=seed
        )
        held += found.low <= -10 <= found.high
    assert 0.92 <= held / 300 <= 0.98


def test_a_score_that_is_not_defined_has_no_interval():
    found = bootstrap.score_interval("roc_auc", np.zeros(20), np.arange(20.0))
    assert np.isnan([found.value, found.low, found.high]).all()


def test_resamples_of_one_class_are_left_out():
    y = np.r_[1, np.zeros(9)]
    found = bootstrap.score_interval("roc_auc", y, np.r_[0.9, np.linspace(0, 1, 9)])
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_an_interval_of_one_row_is_empty():
    found = bootstrap.score_interval("accuracy", [1], [0.9])
    assert found.value == 1
    assert np.isnan(found.low)


def test_a_group_makes_the_clusters_before_time_does():
    table = pd.DataFrame({"shop": np.arange(90) % 45, "time": pd.date_range("2024-01-01", periods=90)})
    assert len(set(bootstrap.clusters_of(table, group_column="shop", time_column="time"))) == 45


@pytest.mark.parametrize(("step", "expected"), [("6h", 40), ("30min", 80), ("10s", 27)])
def test_time_makes_clusters_of_the_longest_period_that_leaves_enough(step, expected):
    table = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=160, freq=step)})
    codes = bootstrap.clusters_of(table, time_column="time")
    assert len(set(codes)) == expected if expected >= bootstrap.LEAST_CLUSTERS else codes is None


def test_rows_stand_for_themselves_without_time_and_group():
    assert bootstrap.clusters_of(pd.DataFrame({"x": range(100)})) is None
