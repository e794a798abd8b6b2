"""Folds: time, groups and rare classes are respected, and a sample loses no class."""

import numpy as np
import pandas as pd
import pytest

from lib import folds
from lib.errors import InputError


def table(n_samples=200, seed=0):
    rng = np.random.default_rng(seed)
    hours = rng.integers(0, 50, n_samples)
    return pd.DataFrame(
        {
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(hours, unit="h"),
            "who": rng.integers(0, 20, n_samples),
            "y": rng.integers(0, 2, n_samples),
        }
    )


def contract(**changes):
    return {"target": "y", "task": "binary", "time_column": "", "group_column": "", **changes}


def test_in_time_every_fold_is_judged_on_what_came_after_what_it_learnt_from():
    rows = table()
    split = folds.make(rows, contract(time_column="when"), n_splits=4)
    assert len(split) == 4
    for learn, judge in split:
        assert rows["when"].iloc[learn].max() < rows["when"].iloc[judge].min()


def test_windows_in_time_grow():
    sizes = [len(learn) for learn, _ in folds.make(table(), contract(time_column="when"), n_splits=4)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


def test_no_group_is_on_both_sides():
    rows = table()
    for learn, judge in folds.make(rows, contract(group_column="who")):
        assert not set(rows["who"].iloc[learn]) & set(rows["who"].iloc[judge])


def test_a_class_with_fewer_rows_than_folds_is_only_learnt_from():
    rows = table().assign(y=lambda t: np.where(np.arange(len(t)) < 2, 9, t["y"]))
    for learn, judge in folds.make(rows, contract(task="multiclass"), n_splits=5):
        assert set(rows["y"].iloc[judge]) == {0, 1}
        assert (rows["y"].iloc[learn] == 9).sum() == 2


def test_classes_are_spread_evenly():
    rows = table().assign(y=lambda t: (np.arange(len(t)) < 20).astype(int))
    assert {rows["y"].iloc[judge].sum() for _, judge in folds.make(rows, contract(), n_splits=5)} == {4}


def test_every_row_is_judged_once_where_there_is_no_time():
    judged = np.concatenate([judge for _, judge in folds.make(table(), contract(task="regression"), n_splits=5)])
    assert sorted(judged) == list(range(200))


def test_a_target_that_takes_one_value_in_every_fold_is_refused_in_words():
    rows = table().sort_values("when").assign(y=lambda t: (np.arange(len(t)) >= 195).astype(int))
    with pytest.raises(InputError, match="at least two values of 'y'"):
        folds.make(rows, contract(time_column="when"), n_splits=2)


def test_rows_of_one_group_are_refused_in_words():
    with pytest.raises(InputError, match="Cross-validation needs.*another split"):
        folds.make(table().assign(who=1), contract(group_column="who"))


def test_a_sample_keeps_rare_classes_and_the_order():
    rows = pd.DataFrame({"y": ["common"] * 5000 + ["rare"] * 5})
    drawn = folds.subsample(rows, contract(task="multiclass"), 100)
    assert (drawn["y"] == "rare").sum() == 5
    assert 90 <= len(drawn) <= 110
    assert drawn.index.is_monotonic_increasing


def test_the_newest_rows_come_in_the_order_of_time():
    rows = table()
    drawn = folds.newest(rows, contract(time_column="when"), 30)
    assert drawn["when"].is_monotonic_increasing
    assert drawn["when"].min() >= rows.drop(drawn.index)["when"].max()


def test_a_fold_with_too_few_rows_to_learn_from_is_left_out():
    rows = table(40).assign(t=[0, 0, *[1] * 18, *[2] * 10, *[3] * 10])
    split = folds.make(rows, contract(time_column="t"), n_splits=3)
    assert split and all(len(learn) >= folds.LEAST_TO_LEARN_FROM for learn, _ in split)
