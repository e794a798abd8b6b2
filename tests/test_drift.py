import numpy as np
import pandas as pd
import pytest

from lib import drift, profile, reference


def rows(n, random_state=0, **moved):
    generator = np.random.default_rng(random_state)
    table = {
        "wind": generator.normal(size=n),
        "rain": np.where(generator.random(n) < 0.8, 0.0, generator.exponential(size=n)),
        "seats": generator.integers(1, 9, n),
        "town": generator.choice(["north", "south", "east"], n, p=[0.6, 0.3, 0.1]),
        "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(n) + random_state * 1000, unit="h"),
    }
    return pd.DataFrame({**table, **{name: change(table[name]) for name, change in moved.items()}})


REFERENCE = reference.profiles(rows(20_000))


def judged(table, **given):
    current = profile.of(table, like=REFERENCE)
    moves = [drift.move(column, current[name]) for name, column in REFERENCE.items()]
    return drift.judged([move for move in moves if move], **given)


def drifted(table, **given):
    return [entry["column"] for entry in judged(table, **given) if entry["drifted"]]


@pytest.mark.parametrize("measure", drift.MEASURES)
def test_the_same_distribution_has_not_drifted_by_any_measure(measure):
    assert drifted(rows(2000, 1), measure=measure) == []


MOVED = {
    "a moved mean": {"wind": lambda values: values + 0.5},
    "a wider spread": {"wind": lambda values: values * 2},
    "another share of zeros": {"rain": lambda values: np.where(np.arange(len(values)) % 2, values, 0.3)},
    "another mixture": {"town": lambda values: np.where(np.arange(len(values)) % 4, values, "east")},
    "a new category": {"town": lambda values: np.where(np.arange(len(values)) % 5, values, "west")},
    "a constant": {"seats": lambda values: np.full(len(values), 4)},
}


@pytest.mark.parametrize("measure", ["psi", "jensen_shannon", "wasserstein"])
@pytest.mark.parametrize("moved", MOVED.values(), ids=MOVED)
def test_each_kind_of_move_is_found_in_its_column_and_in_no_other(moved, measure):
    assert drifted(rows(2000, 1, **moved), measure=measure) == list(moved)


def test_a_small_move_of_many_rows_is_significant_and_not_drift():
    entry = next(e for e in judged(rows(500_000, 1, wind=lambda v: v + 0.1)) if e["column"] == "wind")
    assert entry["p_value"] < 1e-6 and not entry["drifted"]
    assert "has not moved far" in entry["in_words"]


def test_a_large_move_of_a_few_rows_may_be_chance():
    entry = next(e for e in judged(rows(25, 3, wind=lambda v: v + 0.4)) if e["column"] == "wind")
    assert entry["effect"] > entry["limit"] and not entry["drifted"]
    assert "too few rows to tell" in entry["in_words"]


def test_a_move_that_the_training_rows_knew_is_no_drift():
    moved = rows(2000, 1, wind=lambda values: values + 0.5)
    known = {"wind": {"jensen_shannon": 0.4}}
    assert drifted(moved, usual=known) == []
    assert drifted(moved, usual={"wind": {"jensen_shannon": 0.1}}) == ["wind"]


def test_the_most_drifted_column_comes_first():
    moved = {"wind": lambda values: values + 0.5, "seats": lambda values: np.full(len(values), 4)}
    assert [entry["column"] for entry in judged(rows(2000, 1, **moved))[:2]] == ["seats", "wind"]


def test_times_are_not_compared_as_new_rows_are_newer_always():
    assert "time" not in [entry["column"] for entry in judged(rows(2000, 50))]


def test_shares_are_given_in_the_same_bins_for_both_and_add_up_to_one():
    for entry in judged(rows(2000, 1)):
        before, after = entry["reference"], entry["current"]
        places = before.get("categories") or [*before["edges"], None]
        assert len(before["shares"]) == len(after["shares"]) == len(places)
        assert sum(before["shares"]) == pytest.approx(1) == pytest.approx(sum(after["shares"]), abs=1e-4)


def test_a_limit_of_ones_own_replaces_that_of_the_measure():
    moved = rows(5000, 1, wind=lambda values: values + 0.3)
    assert drifted(moved, limit=0.1) == ["wind"]
    assert drifted(moved, limit=0.3) == []


def test_columns_that_hold_nothing_are_left_out():
    empty = rows(100, 1, wind=lambda values: np.full(100, np.nan))
    assert "wind" not in [entry["column"] for entry in judged(empty)]
