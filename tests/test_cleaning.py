"""Cleaning: what says nothing is named, nothing crashes, and no row outside the training part has a say."""

import json

import numpy as np
import pandas as pd
import pytest

from lib import cleaning, collinearity, missingness, preprocessing

CONTRACT = {
    "target": "y",
    "task": "binary",
    "classes": [0, 1],
    "metric": "roc_auc",
    "time_column": "",
    "group_column": "",
}


def table(n_samples=600, seed=0):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=n_samples), rng.normal(size=n_samples)
    kind = rng.choice(["red", "blue"], n_samples)
    y = (a + b + (kind == "red") + rng.normal(size=n_samples) > 0.5).astype(int)
    return pd.DataFrame({"a": a, "b": b, "kind": kind, "y": y})


def recipe_of(X, hidden_gaps=()):
    dropped = cleaning.uninformative_columns(X)
    kinds = cleaning.column_kinds(X.drop(columns=list(dropped)))
    dependent = cleaning.dependent_columns(X[kinds["numeric"]])
    kinds["numeric"] = [name for name in kinds["numeric"] if name not in dependent]
    linear, _ = cleaning.reduce_collinearity(X[kinds["numeric"]], max_vif=5.0)
    options = {"missing": missingness.nothing_missing(), "hidden_gaps": list(hidden_gaps), "max_vif": 5.0}
    return cleaning.recipe(kinds, dropped=dropped | dependent, linear_numeric=linear, **options)


def compared(rows, hidden_gaps=(), **options):
    return missingness.compare(rows, CONTRACT, recipe_of(rows.drop(columns="y"), hidden_gaps), **options)


def test_empty_constant_and_repeated_columns_are_named_with_the_reason():
    X = table().assign(empty=np.nan, one=1.0, twin=lambda t: t["a"], word="x", infinite=np.inf)
    assert cleaning.uninformative_columns(X) == {
        "empty": "empty in the training rows",
        "infinite": "empty in the training rows",
        "one": "one value in the training rows",
        "word": "one value in the training rows",
        "twin": "equal to a",
    }


def test_columns_with_the_same_values_in_another_order_are_not_repeated():
    X = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [3.0, 2.0, 1.0]})
    assert cleaning.uninformative_columns(X) == {}


def test_a_column_that_others_add_up_to_is_named_with_them():
    X = table()[["a", "b"]].assign(total=lambda t: t["a"] + 2 * t["b"])
    assert cleaning.dependent_columns(X) == {"total": "exactly a linear combination of a, b"}


def test_the_worst_table_gives_a_recipe_instead_of_a_crash():
    rows = table(n_samples=40)
    worst = rows.assign(
        total=rows["a"] + rows["b"],
        empty=np.nan,
        one=1.0,
        infinite=np.inf,
        some=np.where(rows["a"] > 0, np.inf, 1.0 * rows["b"]),
    )
    worst.loc[:, [f"more{i}" for i in range(50)]] = np.random.default_rng(1).normal(size=(40, 50))
    recipe = recipe_of(worst.drop(columns="y"))
    assert {"total", "empty", "one", "infinite"} <= set(recipe["dropped"])
    assert len(recipe["linear_numeric"]) < 40
    json.dumps(recipe)


def test_a_table_without_numbers_gives_a_recipe():
    recipe = recipe_of(table()[["kind"]])
    assert recipe["linear_numeric"] == []
    assert recipe["categorical"] == ["kind"]


def test_columns_are_told_apart_by_what_they_hold():
    n = 300
    X = pd.DataFrame(
        {
            "number": np.arange(n) * 1.0,
            "truth": [True, False] * (n // 2),
            "few": list("abc") * (n // 3),
            "many": [f"p{i % 60}" for i in range(n)],
            "text": [f"a sentence about {i}" for i in range(n)],
            "time": pd.date_range("2024", periods=n),
        }
    )
    assert cleaning.column_kinds(X) == {
        "numeric": ["number", "truth"],
        "categorical": ["few"],
        "high_cardinality": ["many"],
        "text": ["text"],
        "datetime": ["time"],
    }


def test_collinear_columns_leave_the_linear_candidate_only():
    X = table()[["a", "b"]].assign(near=lambda t: t["a"] + 0.01 * np.random.default_rng(2).normal(size=len(t)))
    recipe = recipe_of(X)
    assert recipe["numeric"] == ["a", "b", "near"]
    assert len(recipe["linear_numeric"]) == 2
    assert collinearity.variance_inflation_factors(X[recipe["linear_numeric"]]).max() <= 5


def test_gaps_that_carry_the_signal_are_indicated():
    rows = table()
    rows["sign"] = np.where(rows["y"] == 1, np.nan, np.random.default_rng(3).normal(size=len(rows)))
    chosen = missingness.choose(compared(rows))
    assert chosen["add_indicator"]
    assert "score" in chosen["reason"] or "standard error" in chosen["reason"]


def test_gaps_by_chance_are_filled_in_the_simplest_way():
    rows = table()
    rows.loc[rows.sample(frac=0.05, random_state=0).index, "a"] = np.nan
    chosen = missingness.choose(compared(rows))
    assert (chosen["strategy"], chosen["add_indicator"]) == ("median", False)


def test_a_column_that_can_be_computed_from_others_is_imputed_from_them():
    rows = table(n_samples=1500)
    rows["a2"] = 3 * rows["a"] + 0.01 * rows["b"]
    gone = np.random.default_rng(4).random((len(rows), 2)) < 0.45
    rows.loc[gone[:, 0], "a"] = np.nan
    rows.loc[gone[:, 1] & ~gone[:, 0], "a2"] = np.nan
    kept = recipe_of(rows.drop(columns="y")) | {"linear_numeric": ["a", "b", "a2"]}
    ways = missingness.compare(rows, CONTRACT, kept)
    assert missingness.choose(ways)["strategy"] == "iterative"


def test_deleting_columns_deletes_those_with_more_gaps_than_allowed():
    rows = table().assign(
        mostly=lambda t: t["b"].where(t.index % 10 == 0), seldom=lambda t: t["b"].where(t.index % 10 > 0)
    )
    ways = compared(rows, max_missing=0.3).set_index(["strategy", "add_indicator"])
    assert ways.loc[("delete_columns", False), "deleted_columns"] == ["mostly"]
    assert ways.loc[("median", False), "deleted_columns"] == []


def test_deleting_rows_learns_from_complete_rows_only_and_is_no_way_where_hardly_any_are():
    rows = table()
    rows["mostly"] = rows["b"].where(rows.index % 50 == 0)
    ways = compared(rows).set_index("strategy")
    assert ways.loc["delete_rows", "n_rows"] < 30
    assert ways.loc["delete_rows", "score"] == -np.inf
    assert missingness.choose(ways.reset_index())["strategy"] != "delete_rows"


def test_gaps_that_give_the_target_away_gain_nothing():
    rows = table()
    rows["leak"] = np.where(rows["y"] == 1, np.nan, 1.0 + (rows["a"] > 0))
    open_ways, closed = compared(rows), compared(rows, hidden_gaps=["leak"])
    assert open_ways["score"].max() > 0.98
    assert closed.empty
    assert not missingness.choose(closed)["add_indicator"]


def test_no_gaps_means_nothing_to_compare():
    assert compared(table()).empty
    assert missingness.choose(compared(table()))["strategy"] == "median"


def test_the_choice_is_the_first_way_within_one_standard_error_of_the_best():
    ways = pd.DataFrame(
        {
            "strategy": ["median", "most_frequent", "iterative"],
            "add_indicator": [False, True, True],
            "deleted_columns": [[], [], []],
            "score": [0.70, 0.74, 0.75],
            "behind": [0.05, 0.01, 0.0],
            "behind_error": [0.02, 0.02, 0.0],
        }
    )
    chosen = missingness.choose(ways)
    assert (chosen["strategy"], chosen["add_indicator"]) == ("most_frequent", True)
    assert "0.7400 against 0.7500 of iterative + indicator" in chosen["reason"]


def test_a_check_names_what_was_dropped():
    recipe = recipe_of(table().drop(columns="y").assign(one=1.0))
    found = {check.name: check for check in cleaning.cleaning_checks(recipe, pd.Series([1.2, 1.1]))}
    assert not found["columns that say nothing new"].passed
    assert "one: one value" in found["columns that say nothing new"].explanation
    assert found["collinearity of the linear candidate"].passed


def test_parts_of_the_split_are_shown_with_their_periods():
    rows = table(n_samples=10).assign(when=pd.date_range("2024", periods=10))
    role = pd.Series(["train"] * 6 + ["validation"] * 2 + ["test"] * 2)
    found = cleaning.parts(rows, role, {"time_column": "when"})
    assert found["rows"].tolist() == [6, 2, 2]
    assert (found["first"].iloc[1:].to_numpy() > found["last"].iloc[:-1].to_numpy()).all()


def test_the_inflation_table_names_every_column_and_has_no_factor_after_for_one_that_was_taken_out():
    before, after = pd.Series({"a": 30.0, "b": 29.0, "c": 1.0}), pd.Series({"c": 1.0, "b": 1.1})
    table = cleaning.inflation_table(before, after)
    assert table.columns.to_list() == ["column", "before", "after"] and table["column"].to_list() == ["a", "b", "c"]
    assert table["after"].fillna(0).to_list() == [0, 1.1, 1.0]


def test_a_table_without_numbers_has_no_shapes_to_show():
    shapes = cleaning.shape_of_numbers(pd.DataFrame(index=range(9)))
    assert shapes.shape == (0, 3) and list(shapes.sort_values("skewness", key=abs)) == list(shapes)


@pytest.mark.parametrize("n_samples", [20, 36])
def test_gaps_of_a_table_of_few_rows_are_filled_in_the_simplest_way(n_samples):
    rows = table(n_samples)
    rows.loc[rows.index[::7], rows.columns[0]] = np.nan
    assert missingness.choose(compared(rows))["strategy"] == "median"


def test_deleting_the_only_column_is_no_way():
    rows = table()[["a", "y"]].assign(a=lambda t: t["a"].where(t.index % 2 == 0))
    ways = compared(rows).set_index(["strategy", "add_indicator"])["score"]
    assert np.isneginf(ways["delete_columns", False]) and np.isfinite(ways["median", False])


def test_nothing_left_to_learn_from_stops_the_run():
    recipe = {**recipe_of(table()), **{kind: [] for kind in preprocessing.KINDS}}
    found = {check.name: check for check in cleaning.cleaning_checks(recipe, pd.Series(dtype="float64"))}
    check = found["a column is left to learn from"]
    assert not check.passed and check.severity == "stop"
