import pandas as pd

from lib import spaces


def test_a_split_of_a_forest_of_many_columns_chooses_among_few_of_them():
    starts = spaces.forest("regression", pd.Series([1.0, 2.0]), 1000).starts
    assert [start["max_features"] for start in starts] == [0.1, 0.05]


def test_counts_may_be_fitted_with_the_poisson_loss_and_negative_values_may_not():
    counts, negative = pd.Series([0.0, 3.0, 8.0]), pd.Series([-1.0, 3.0, 8.0])
    assert "loss" in spaces.boosting("regression", counts, 6).starts[0]
    assert "loss" not in spaces.boosting("regression", negative, 6).starts[0]
