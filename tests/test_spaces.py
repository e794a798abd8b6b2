import pandas as pd
import pytest

from lib import spaces


@pytest.mark.parametrize(
    ("task", "n_features", "tried_first"),
    [
        ("binary", 20, ["sqrt", 0.33]),
        ("regression", 20, [1.0, 0.33]),
        ("binary", 1000, ["sqrt", 0.1]),
        ("regression", 1000, [0.1, "sqrt"]),
    ],
)
def test_a_split_of_a_forest_of_many_columns_chooses_among_few_of_them_first(task, n_features, tried_first):
    starts = spaces.forest(task, pd.Series([1.0, 2.0]), n_features).starts
    assert [start["max_features"] for start in starts] == tried_first


def test_counts_may_be_fitted_with_the_poisson_loss_and_negative_values_may_not():
    counts, negative = pd.Series([0.0, 3.0, 8.0]), pd.Series([-1.0, 3.0, 8.0])
    assert "loss" in spaces.boosting("regression", counts, 6).starts[0]
    assert "loss" not in spaces.boosting("regression", negative, 6).starts[0]
