import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import splitting
from lib.errors import InputError

ROLES = list(splitting.ROLES)


def parts(table, **keywords):
    return splitting.split(table, **keywords)


@pytest.mark.parametrize("strategy", ["time", "group", "stratified", "random"])
def test_every_row_has_one_role_and_every_part_a_row(strategy):
    table = pd.DataFrame({"t": range(50), "g": np.arange(50) // 5, "y": np.arange(50) % 2})
    role = parts(table, strategy=strategy, time_column="t", group_column="g", target="y")
    assert set(role) == set(ROLES)
    assert len(role) == 50


@settings(deadline=None, max_examples=80)
@given(st.lists(st.integers(0, 9) | st.none(), min_size=3, max_size=80))
def test_no_time_is_in_two_parts_and_the_future_is_held_out(values):
    table = pd.DataFrame({"t": pd.Series(values, dtype="float64")})
    if table["t"].nunique(dropna=False) < 3:
        with pytest.raises(InputError, match="distinct times"):
            parts(table, strategy="time", time_column="t")
        return
    role = parts(table, strategy="time", time_column="t")
    bounds = table["t"].fillna(-1).groupby(role.to_numpy()).agg(["min", "max"])
    assert bounds.loc["train", "max"] < bounds.loc["validation", "min"]
    assert bounds.loc["validation", "max"] < bounds.loc["test", "min"]


@settings(deadline=None, max_examples=80)
@given(st.lists(st.sampled_from([*"abcdefg", None]), min_size=3, max_size=80), st.integers(0, 5))
def test_no_group_is_in_two_parts(values, random_state):
    table = pd.DataFrame({"g": pd.Series(values, dtype="str")})
    if table["g"].nunique(dropna=False) < 3:
        with pytest.raises(InputError, match="groups"):
            parts(table, strategy="group", group_column="g")
        return
    if table["g"].value_counts(dropna=False).max() > 0.4 * len(table):
        return
    role = parts(table, strategy="group", group_column="g", random_state=random_state)
    assert role.groupby(table["g"].fillna("none").to_numpy()).nunique().max() == 1
    assert set(role) == set(ROLES)


@pytest.mark.parametrize("strategy", ["time", "group"])
def test_one_time_or_group_that_leaves_next_to_nothing_to_a_part_is_refused_in_words(strategy):
    table = pd.DataFrame({"t": np.maximum(np.arange(200) - 10, 0), "g": np.maximum(np.arange(200) - 190, 0)})
    with pytest.raises(InputError, match=f"too many rows have the same {strategy}.*-p strategy=random"):
        parts(table, strategy=strategy, time_column="g", group_column="g")


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from("abc"), min_size=5, max_size=90), st.integers(0, 5))
def test_every_class_has_a_training_row(values, random_state):
    table = pd.DataFrame({"y": values})
    role = parts(table, strategy="stratified", target="y", random_state=random_state)
    assert set(table["y"][role == "train"]) == set(values)
    assert set(role) == set(ROLES)


def test_each_part_has_the_share_of_a_class():
    table = pd.DataFrame({"y": np.repeat(["rare", "usual"], [100, 900])})
    shares = table["y"].eq("rare").groupby(parts(table, strategy="stratified", target="y").to_numpy()).mean()
    assert shares.to_numpy() == pytest.approx([0.1, 0.1, 0.1], abs=0.005)


def test_a_class_of_five_rows_is_in_every_part():
    table = pd.DataFrame({"y": np.repeat([3, 5, 9], [30, 960, 5])})
    role = parts(table, strategy="stratified", target="y")
    assert role[table["y"] == 9].value_counts().to_dict() == {"train": 3, "validation": 1, "test": 1}


@pytest.mark.parametrize("strategy", ["time", "random"])
def test_the_parts_have_the_sizes_asked_for(strategy):
    role = parts(
        pd.DataFrame({"t": range(1000)}), strategy=strategy, time_column="t", validation_size=0.1, test_size=0.3
    )
    assert role.value_counts().to_dict() == {"train": 600, "test": 300, "validation": 100}


def test_without_a_time_column_the_order_of_the_rows_is_the_time():
    role = parts(pd.DataFrame({"x": [0.0] * 10}), strategy="time")
    assert role.tolist() == ["train"] * 6 + ["validation"] * 2 + ["test"] * 2


def test_dates_written_as_text_are_put_in_the_order_of_time():
    table = pd.DataFrame({"day": ["2/1/2011", "10/1/2011", "1/2/2012", "1/1/2011", "3/1/2011"]})
    assert parts(table, strategy="time", time_column="day").tolist()[2] == "test"


def test_text_that_is_no_date_is_refused_as_a_time():
    with pytest.raises(InputError, match="should hold dates; found 'nowhere'"):
        parts(pd.DataFrame({"place": ["nowhere"] * 9}), strategy="time", time_column="place")


def test_the_same_seed_gives_the_same_split_and_another_one_another():
    table = pd.DataFrame({"x": range(200)})
    first, second, other = (parts(table, strategy="random", random_state=seed) for seed in (1, 1, 2))
    assert first.equals(second)
    assert not first.equals(other)


def test_two_rows_cannot_be_split():
    with pytest.raises(InputError, match="three parts need three"):
        parts(pd.DataFrame({"x": [1, 2]}), strategy="random")


def test_periods_keep_equal_times_together_and_have_about_as_many_rows_each():
    period = splitting.periods(pd.Series(np.arange(1000) // 3))
    assert pd.Series(period).value_counts().between(90, 110).all()
    assert pd.Series(period).groupby(np.arange(1000) // 3).nunique().max() == 1


def test_rows_are_counted_by_part_and_period():
    counts = splitting.by_period(pd.Series(["train"] * 60 + ["test"] * 40), pd.Series(range(100)), 10)
    assert counts.sum().to_dict() == {"train": 60, "validation": 0, "test": 40}
