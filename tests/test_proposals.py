import numpy as np
import pandas as pd
import pytest

from lib import proposals, reading
from lib.errors import InputError


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
    assert proposals.classes(pd.Series(["Yes", "No"]), positive="no") == ["Yes", "No"]


def test_a_positive_class_that_is_none_is_refused_by_the_names_of_both():
    with pytest.raises(InputError, match="A or B, not 'C'"):
        proposals.classes(pd.Series(["A", "B", "A"]), positive="C")


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


def test_a_column_of_bytes_is_told_from_text_with_a_strange_sign():
    draw = np.random.default_rng(0)
    raw = pd.DataFrame({"picture": [draw.bytes(40) for _ in range(60)], "note": ["C:\\xa0", *["plain"] * 59]})
    assert proposals.of_bytes(reading.tidy(raw).table) == ["picture"]


def drawn(name, make):
    return pd.Series(make(np.random.default_rng(0)), name=name)


COUNTS = {
    "few events": drawn("y", lambda draw: draw.poisson(np.exp(draw.normal(1, 0.6, 2000)))),
    "mostly none": drawn("y", lambda draw: draw.poisson(3, 5000) * (draw.random(5000) < 0.1)),
    "of one mean": drawn("y", lambda draw: draw.poisson(5, 2000)),
    "many, by their name": drawn("cnt", lambda draw: draw.poisson(draw.gamma(1.2, 160, 2000))),
    "by a longer name": drawn("number of visits", lambda draw: draw.poisson(draw.gamma(2, 40, 2000))),
}
QUANTITIES = {
    "many, without a name": drawn("y", lambda draw: draw.poisson(draw.gamma(1.2, 160, 2000))),
    "ages of people": drawn("age", lambda draw: draw.binomial(100, draw.beta(2, 3, 2000))),
    "ages, unnamed": drawn("x7", lambda draw: draw.binomial(100, draw.beta(2, 3, 2000))),
    "ages of children": drawn("age", lambda draw: draw.poisson(3, 2000)),
    "prices": drawn("y", lambda draw: np.round(draw.lognormal(4, 1, 2000))),
    "prices of what is cheap": drawn("price_usd", lambda draw: draw.poisson(4, 2000)),
    "claims in money, mostly none": drawn("y", lambda d: np.round(d.lognormal(6, 1, 5000)) * (d.random(5000) < 0.1)),
    "rare claims in money": drawn("y", lambda draw: np.round(draw.lognormal(6, 1, 5000)) * (draw.random(5000) < 0.03)),
    "days in hospital": drawn("LOS", lambda draw: 1 + draw.poisson(3, 2000)),
    "minutes of waiting": drawn("wait", lambda draw: draw.poisson(draw.gamma(1, 4, 2000))),
    "grades": drawn("G3", lambda draw: draw.binomial(20, 0.55, 2000)),
    "codes": drawn("y", lambda draw: draw.integers(0, 15, 2000)),
    "hours of the day": drawn("y", lambda draw: draw.integers(0, 24, 2000)),
    "below zero": drawn("n_sold", lambda draw: draw.poisson(3, 2000) - 1),
    "fractions": drawn("cnt", lambda draw: draw.poisson(3, 2000) / 2),
    "an identifier": drawn("number", lambda draw: np.arange(2000)),
}


@pytest.mark.parametrize("y", COUNTS.values(), ids=COUNTS)
def test_what_can_hardly_be_anything_else_is_taken_for_counts(y):
    assert proposals.task(y) == "counts" and proposals.may_count(y)


@pytest.mark.parametrize("y", QUANTITIES.values(), ids=QUANTITIES)
def test_a_quantity_in_whole_numbers_is_not_taken_for_counts(y):
    assert proposals.task(y) == "regression"


@pytest.mark.parametrize("values", [[0] * 99 + [1], [0, 7] * 50])
def test_two_values_stay_classes_whatever_their_name(values):
    assert proposals.task(pd.Series(values, name="n_visits")) == "binary"


FEW = drawn("y", lambda draw: draw.poisson(0.8, 500))


@pytest.mark.parametrize(
    "name", ["number of claims", "n_visits", "claims_count", "goals", "ClaimNb", "numClaims", "no. of calls", "Anzahl"]
)
def test_few_small_numbers_whose_name_speaks_of_counting_are_counts(name):
    y = FEW.rename(name)
    assert proposals.task(y) == "counts" and "speaks of counting" in proposals.why_counts(y)


@pytest.mark.parametrize("name", ["y", "num", "class_number", "number of the month", "Parch", "claim"])
def test_few_small_numbers_whose_name_says_nothing_of_counting_are_classes(name):
    assert proposals.task(FEW.rename(name)) == "multiclass"


CODED = {
    "marks": [3, 5, 6, 6, 5, 7, 4, 6, 8] * 20,
    "all alike": [0, 1, 2, 3] * 50,
    "mostly high": [1, 3, 4, 5, 5, 5, 5, 4, 2] * 20,
    "far apart": [0] * 50 + [10, 20, 30] * 10,
    "below zero": [-1, -1, 0, 1, 2] * 20,
    "fractions": [0, 0, 0.5, 1, 2] * 20,
}


@pytest.mark.parametrize("values", CODED.values(), ids=CODED)
def test_few_numbers_that_do_not_trail_off_are_no_counts_whatever_their_name(values):
    assert proposals.task(pd.Series(values, name="n_visits")) in ("multiclass", "regression")


@pytest.mark.parametrize(
    ("values", "counts"),
    [([0, 3, 1, 250], True), ([1, 977, 40], True), ([14_999, 206_000, 3], True), ([14_999, 206_000, 9000], False),
     ([0.5, 2.0, 1.0], False), ([-1, 3, 5], False), ([0, 0, 0], False), ([], False)],
)  # fmt: skip
def test_whole_numbers_from_nothing_on_may_count(values, counts):
    assert proposals.may_count(pd.Series(values, dtype="float64")) is counts


@pytest.mark.parametrize("name", ["bought", "date of birth"])
def test_a_birthday_that_tells_more_rows_apart_is_not_what_orders_them(name):
    bought = pd.Series(pd.date_range("2024-01-01", periods=10, freq="D")).repeat(4).reset_index(drop=True)
    other = pd.Series(pd.date_range("1950-03-01", periods=40, freq="91D")).sample(frac=1, random_state=0).to_numpy()
    table = pd.DataFrame({"visited": bought.sample(frac=1, random_state=1).to_numpy(), name: other})
    table = table.assign(visited=bought) if name == "bought" else table
    assert proposals.time_column(table) == "visited"
