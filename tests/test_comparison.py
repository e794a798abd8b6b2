"""A promotion is more than chance and worth it; a tie, and a slice that pays for it, are refused."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from lib import bootstrap, comparison
from lib.checks import refusals

METRIC = "roc_auc"
DESIGN = {"task": "binary", "classes": [0, 1], "target": "y", "time_column": "day"}


def rows(n, *, noise, seed=0):
    """Return a truth, and a prediction of it for each noise."""
    generator = np.random.default_rng(seed)
    y = (generator.random(n) < 0.4).astype("int64")
    return y, *(y + generator.normal(0, level, n) for level in noise)


def verdicts(y, prediction, reference, least_gain=0.01):
    found = comparison.gain(METRIC, y, prediction, reference)
    return comparison.gain_checks(found, metric=METRIC, against="the champion", least_gain=least_gain)


def test_a_clearly_better_challenger_is_let_through():
    y, good, bad = rows(2000, noise=[1.0, 2.0])
    assert refusals(verdicts(y, good, bad)) == []


def test_a_clearly_worse_challenger_is_refused_on_both_counts():
    y, good, bad = rows(2000, noise=[1.0, 2.0])
    assert len(refusals(verdicts(y, bad, good))) == 2


def test_a_model_that_is_compared_with_itself_is_refused():
    y, good = rows(500, noise=[1.0])
    refused = refusals(verdicts(y, good, good, least_gain=0.0))
    assert [check.name for check in refused] == ["beats the champion by more than chance"]


def test_a_gain_that_is_sure_but_useless_is_refused():
    y, good = rows(5000, noise=[1.0])
    bad = good + np.random.default_rng(1).normal(0, 0.3, 5000)
    refused = refusals(verdicts(y, good, bad, least_gain=0.05))
    assert [check.name for check in refused] == ["beats the champion by the least useful gain"]


def test_a_gain_that_is_large_but_may_be_chance_is_refused():
    y, good, bad = rows(60, noise=[1.0, 1.3], seed=0)
    refused = refusals(verdicts(y, good, bad))
    assert [check.name for check in refused] == ["beats the champion by more than chance"]


def test_of_500_ties_at_most_one_in_forty_is_promoted():
    promoted = 0
    for seed in range(500):
        y, one, other = rows(200, noise=[1.0, 1.0], seed=seed)
        found = bootstrap.paired_difference(
            "neg_mean_absolute_error",
            y,
            one,
            other,
            n_resamples=200,
            confidence=comparison.CONFIDENCE,
            random_state=seed,
        )
        promoted += not refusals(comparison.gain_checks(found, metric=METRIC, against="it", least_gain=0.0))
    assert promoted <= 0.025 * 500


def test_a_difference_that_is_not_defined_is_refused():
    found = comparison.gain(METRIC, np.zeros(50), np.arange(50.0), np.arange(50.0))
    assert len(refusals(comparison.gain_checks(found, metric=METRIC, against="it", least_gain=0.0))) == 2


def test_without_a_champion_nothing_is_refused_and_the_table_says_so():
    found = comparison.duel_checks(None, metric=METRIC, least_gain=0.01)
    assert refusals(found) == []
    assert "no champion" in found[0].explanation


def sliced(harm, *, n=3000):
    """Return the slices of a model that is better than its reference but for one slice, where it is `harm` noisier."""
    y, model, reference = rows(n, noise=[1.0, 1.5])
    town = np.repeat(["north", "south", "west"], n // 3)
    model[town == "west"] += np.random.default_rng(1).normal(0, harm, n // 3)
    labels = pd.DataFrame({"town": town})
    return comparison.by_slice(METRIC, y, model, labels, reference=reference)


def test_a_slice_that_gets_worse_beyond_the_limit_stops_the_run_and_is_named():
    (check,) = comparison.slice_checks(sliced(5.0), against="the champion", slice_loss=0.02)
    assert check.refuses
    assert "town = west" in check.explanation


def test_slices_that_all_gain_pass():
    (check,) = comparison.slice_checks(sliced(0.0), against="the champion", slice_loss=0.02)
    assert check.passed


def test_a_slice_that_loses_less_than_the_limit_passes():
    (check,) = comparison.slice_checks(sliced(5.0), against="the champion", slice_loss=0.5)
    assert check.passed


def test_without_slices_there_is_no_verdict_on_them():
    table = comparison.by_slice(METRIC, np.zeros(3), np.zeros(3), pd.DataFrame(index=range(3)))
    assert comparison.slice_checks(table, against="it", slice_loss=0.0) == []


def test_a_slice_that_is_too_small_has_no_numbers_and_is_said_to_be_left_out():
    y, model, reference = rows(200, noise=[1.0, 1.5])
    labels = pd.DataFrame({"town": ["big"] * 190 + ["small"] * 10})
    table = comparison.by_slice(METRIC, y, model, labels, reference=reference)
    assert table.set_index("value")["score"].isna().to_dict() == {"big": False, "small": True}
    (check,) = comparison.slice_checks(table, against="it", slice_loss=0.1)
    assert "1 of 2 slices are too small" in check.explanation


def test_numbers_are_sliced_into_quarters_times_into_months_and_gaps_are_a_slice():
    table = pd.DataFrame(
        {
            "age": [*np.arange(99.0), np.nan],
            "day": pd.date_range("2024-01-01", periods=100),
            "town": ["a", "b", None, "c"] * 25,
        }
    )
    labels = comparison.slices(table, ["age", "day", "town"])
    assert labels["age"].value_counts().tolist() == [25, 25, 25, 24, 1]
    assert list(labels["day"].unique()) == ["2024-01", "2024-02", "2024-03", "2024-04"]
    assert set(labels["town"]) == {"a", "b", "c", "missing"}


def test_of_many_categories_the_frequent_ones_stay():
    labels = comparison.slices(pd.DataFrame({"code": [str(i) for i in range(40)] + ["x"] * 10}), ["code"])
    assert labels["code"].nunique() == comparison.MOST_VALUES + 1
    assert {"x", "other values"} <= set(labels["code"])


@pytest.fixture(scope="module")
def test_rows():
    generator = np.random.default_rng(0)
    table = pd.DataFrame({"a": generator.normal(size=100), "b": generator.normal(size=100)})
    return table.assign(y=(table["a"] > 0).astype(int), day=pd.date_range("2024-02-01", periods=100))


def info(features, until="2024-01-31"):
    return {"version": "3", "features": features, "trained_until": until}


def test_a_champion_predicts_from_its_own_columns(test_rows):
    champion = LogisticRegression().fit(test_rows[["a"]], test_rows["y"])
    prediction, found = comparison.champion_prediction(DESIGN, champion, info(["a"]), test_rows)
    assert prediction == pytest.approx(champion.predict_proba(test_rows[["a"]])[:, 1])
    assert all(check.passed for check in found)


def test_a_champion_whose_columns_are_gone_is_reported_and_does_not_stand_in_the_way(test_rows):
    champion = LogisticRegression().fit(test_rows[["a"]], test_rows["y"])
    prediction, (check,) = comparison.champion_prediction(DESIGN, champion, info(["a", "gone"]), test_rows)
    assert prediction is None
    assert not check.passed
    assert not check.refuses
    assert "['gone']" in check.explanation


def test_a_champion_that_answers_another_question_is_not_replaced(test_rows):
    champion = LogisticRegression().fit(test_rows[["a"]], test_rows["y"].map({0: "no", 1: "yes"}))
    prediction, (check,) = comparison.champion_prediction(DESIGN, champion, info(["a"]), test_rows)
    assert prediction is None
    assert check.refuses


def test_a_champion_of_another_target_is_not_replaced(test_rows):
    champion = LogisticRegression().fit(test_rows[["a"]], test_rows["y"])
    prediction, (check,) = comparison.champion_prediction(DESIGN, champion, {**info(["a"]), "target": "z"}, test_rows)
    assert prediction is None
    assert check.refuses


def test_a_champion_that_has_learnt_from_these_rows_is_noticed(test_rows):
    champion = LogisticRegression().fit(test_rows[["a"]], test_rows["y"])
    _, found = comparison.champion_prediction(DESIGN, champion, info(["a"], until="2024-03-01"), test_rows)
    assert [check.name for check in found if not check.passed] == ["the champion has not seen these rows"]


def test_no_champion_is_no_prediction():
    assert comparison.champion_prediction(DESIGN, None, {}, pd.DataFrame()) == (None, [])
