"""The columns that estimators take."""

import numpy as np
import pandas as pd
import pytest

from lib import missingness, training

RECIPE = {"numeric": [], "linear_numeric": [], "categorical": [], "text": [], "datetime": []} | {
    "high_cardinality": ["shop"],
    "missing": {"strategy": "median", "add_indicator": False},
}
DESIGN = {"task": "regression", "features": ["shop"], "target": "price", "metric": "r2", "classes": []}
DESIGN |= {"rule": {"column": "shop"}, "time_column": "", "group_column": ""}


def priced_shops(n=600):
    generator = np.random.default_rng(0)
    shop = generator.integers(0, 80, n)
    return pd.DataFrame({"shop": [f"s{i}" for i in shop], "price": 1000 + 10 * shop + generator.integers(0, 9, n)})


@pytest.mark.parametrize("name", ["rule", "linear", "forest", "boosting"])
def test_whole_prices_are_not_taken_for_classes_where_categories_go_by_the_target(name):
    candidate = training.make_candidate(name, DESIGN, RECIPE)
    assert training.transformed(candidate, priced_shops(), DESIGN).shape[1] == 1


def test_ways_of_treating_gaps_do_not_take_whole_prices_for_classes_either():
    table = priced_shops()
    columns = missingness._linear_columns(RECIPE, DESIGN, 0)
    assert columns.fit_transform(table, table["price"]).shape[1] == 1
