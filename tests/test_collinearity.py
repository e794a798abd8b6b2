"""Collinearity: the factors against statsmodels, the elimination against doing it the long way."""

import time

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.outliers_influence import variance_inflation_factor

from lib import collinearity


def correlated(n_samples=500, n_features=8, n_sources=5, noise=0.3, seed=0):
    rng = np.random.default_rng(seed)
    sources = rng.normal(size=(n_samples, n_sources))
    values = sources @ rng.normal(size=(n_sources, n_features)) + noise * rng.normal(size=(n_samples, n_features))
    return pd.DataFrame(
        100 + values * rng.uniform(0.01, 1000, n_features), columns=[f"x{i}" for i in range(n_features)]
    )


def statsmodels_factors(X):
    exog = np.column_stack([np.ones(len(X)), X.to_numpy()])
    return np.array([variance_inflation_factor(exog, index) for index in range(1, exog.shape[1])])


@pytest.mark.parametrize("seed", range(5))
def test_factors_equal_those_of_statsmodels(seed):
    X = correlated(seed=seed)
    np.testing.assert_allclose(collinearity.variance_inflation_factors(X), statsmodels_factors(X), rtol=1e-8)


def test_elimination_takes_the_same_columns_as_refitting_after_each_step():
    X = correlated(n_features=12)
    kept, trace = collinearity.eliminate(X, max_vif=5)
    left, went = list(X), []
    while (factors := statsmodels_factors(X[left])).max() > 5:
        went.append((left.pop(int(factors.argmax())), factors.max()))
    assert kept == left
    assert trace["column"].tolist() == [name for name, _ in went]
    np.testing.assert_allclose(trace["vif"], [factor for _, factor in went], rtol=1e-7)


def test_what_is_kept_is_under_the_limit_and_what_went_was_over_it():
    X = correlated(n_features=12)
    kept, trace = collinearity.eliminate(X, max_vif=3)
    assert collinearity.variance_inflation_factors(X[kept]).max() <= 3
    assert (trace["vif"] > 3).all()
    assert sorted([*kept, *trace["column"]]) == sorted(X)


def test_trace_names_the_column_that_the_lost_one_is_most_correlated_with():
    X = correlated(n_features=3, n_sources=3)
    X["twin"] = X["x1"] + 1e-4 * X["x1"].std() * np.random.default_rng(1).normal(size=len(X))
    _, trace = collinearity.eliminate(X, max_vif=10)
    first = trace.iloc[0]
    assert {first["column"], first["most_correlated_with"]} == {"x1", "twin"}
    assert first["correlation"] > 0.999


def test_uncorrelated_columns_all_stay():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(1000, 5)), columns=list("abcde"))
    kept, trace = collinearity.eliminate(X, max_vif=5)
    assert kept == list("abcde")
    assert trace.empty


def test_exact_combinations_are_named_with_what_they_are_made_of():
    X = correlated(n_features=4, n_sources=4)
    X["sum"] = X["x0"] - 2 * X["x2"] + 7
    X["copy"] = 3 * X["x1"]
    assert collinearity.dependent_columns(X) == {"sum": ["x0", "x2"], "copy": ["x1"]}


def test_more_columns_than_rows_leave_independent_ones():
    X = correlated(n_samples=6, n_features=10, n_sources=10)
    rest = X.drop(columns=list(collinearity.dependent_columns(X)))
    assert rest.shape[1] <= 5
    assert np.isfinite(collinearity.variance_inflation_factors(rest)).all()


def test_factors_are_hundreds_of_times_faster_than_a_regression_a_column():
    X = correlated(n_samples=20_000, n_features=40, n_sources=40)
    ours = min(_cpu_seconds(lambda: collinearity.variance_inflation_factors(X)) for _ in range(3))
    exog = np.column_stack([np.ones(len(X)), X.to_numpy()])
    # one regression is timed, and there is one a column
    loop = X.shape[1] * _cpu_seconds(lambda: variance_inflation_factor(exog, 1))
    assert loop > 30 * ours


def _cpu_seconds(work):
    began = time.process_time()
    work()
    return time.process_time() - began


@pytest.mark.parametrize("size", [1e-300, 1e200])
def test_the_size_of_a_column_does_not_matter(size):
    X = correlated()
    X["twice"] = X.iloc[:, 0] + X.iloc[:, 1]
    sized = X.assign(**{X.columns[0]: X.iloc[:, 0] * size})
    assert collinearity.dependent_columns(sized).keys() == collinearity.dependent_columns(X).keys() == {"twice"}


def test_factors_from_batches_leave_out_a_column_whose_squares_are_no_numbers():
    X = correlated()
    others = collinearity.factors_of(collinearity.moments(X.iloc[:, 1:]))
    with np.errstate(over="ignore", invalid="ignore"):
        found = collinearity.factors_of(collinearity.moments(X.assign(**{X.columns[0]: X.iloc[:, 0] * 1e200})))
    assert np.isnan(found.iloc[0]) and np.allclose(found.iloc[1:], others)
