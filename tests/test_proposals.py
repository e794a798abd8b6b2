import pandas as pd
import pytest

from lib import proposals


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([0, 1, 1, 0], "binary"),
        (["no", "yes", None, "no"], "binary"),
        ([True, False, True], "binary"),
        ([1.0, 2.0, None, 3.0], "multiclass"),
        (["red", "green", "blue"], "multiclass"),
        ([0.5, 1.5, 2.5], "regression"),
        (list(range(50)), "regression"),
    ],
)
def test_the_task_follows_from_the_target(values, task):
    assert proposals.task(pd.Series(values)) == task


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([1, 0, 0], [0, 1]),
        (["yes", "no", "yes", "yes"], ["no", "yes"]),
        ([True, False], [False, True]),
        (["stays", "goes", "stays"], ["stays", "goes"]),
        ([3, 1, 2, 1], [1, 2, 3]),
    ],
)
def test_the_positive_class_comes_last(values, labels):
    assert proposals.classes(pd.Series(values)) == labels


def test_the_positive_class_can_be_named():
    assert proposals.classes(pd.Series(["yes", "no"]), positive="no") == ["yes", "no"]


def test_the_time_column_is_the_one_that_tells_most_rows_apart():
    days = pd.date_range("2024-01-01", periods=40)
    table = pd.DataFrame({"month": days.to_period("M").start_time, "day": days, "x": range(40)})
    assert proposals.time_column(table) == "day"


def test_a_column_with_many_gaps_does_not_order_the_table():
    days = pd.Series(pd.date_range("2024-01-01", periods=40)).where(lambda day: day.dt.day > 10)
    assert proposals.time_column(pd.DataFrame({"cancelled": days})) == ""


def test_a_person_who_comes_back_is_a_group_and_a_count_of_them_is_none():
    table = pd.DataFrame({"customer_id": [k % 20 for k in range(100)], "households": [k % 20 for k in range(100)]})
    assert proposals.group_columns(table) == ["customer_id"]


def test_identifiers_number_or_name_the_rows():
    table = pd.DataFrame(
        {
            "PassengerId": range(1, 101),
            "code": [f"x{k}" for k in range(100)],
            "name": [f"Person number {k}" for k in range(100)],
            "price": [k * 1.37 for k in range(100)],
            "population": [k**3 for k in range(100)],
        }
    )
    assert proposals.identifiers(table) == ["PassengerId", "code"]


@pytest.mark.parametrize(
    ("values", "counts"),
    [([0, 3, 1, 250], True), ([1, 977, 40], True), ([14_999, 206_000], False), ([0.5, 2.0], False), ([-1, 3], False)],
)
def test_whole_numbers_from_nothing_on_seem_to_count(values, counts):
    assert proposals.is_count(pd.Series(values)) is counts
