"""Residuals: whether what a model gets wrong follows a pattern that newer rows could teach it."""

import numpy as np
import pandas as pd
import pytest
import streams

from lib import residuals

BINARY = {"task": "binary", "metric": "roc_auc"}


def drawn(n=3000, seed=0):
    generator = np.random.default_rng(seed)
    return pd.DataFrame({"x": generator.normal(size=n), "town": generator.choice(["north", "south"], n)}), generator


def binary(X, generator, odds):
    return (generator.random(len(X)) < 1 / (1 + np.exp(-odds))).astype(float)


def said(odds):
    return np.asarray(1 / (1 + np.exp(-odds)))


def test_errors_that_follow_a_column_are_found():
    X, generator = drawn()
    y = binary(X, generator, X["x"] + 2 * (X["town"] == "south"))
    found = residuals.gain(BINARY, X, y, said(X["x"]))
    assert found.low > 0.02


def test_errors_that_are_noise_gain_nothing():
    X, generator = drawn()
    found = residuals.gain(BINARY, X, binary(X, generator, X["x"]), said(X["x"]))
    assert found.value < 0.01


def test_a_pattern_that_only_the_newer_rows_have_cannot_be_learnt():
    X, generator = drawn()
    newer = np.arange(len(X)) >= len(X) // 2
    y = binary(X, generator, X["x"] + 2 * newer * (X["town"] == "south"))
    assert residuals.gain(BINARY, X, y, said(X["x"])).value < 0.01


def test_what_came_before_the_window_teaches_a_window_that_is_too_short_to():
    X, generator = drawn(4000)
    y = binary(X, generator, X["x"] + 2 * (X["town"] == "south"))
    short = slice(3750, 4000)
    alone = residuals.gain(BINARY, X[short], y[short], said(X["x"][short]))
    taught = residuals.gain(BINARY, X, y, said(X["x"]), n_earlier=3750)
    assert taught.low > 0 and taught.value > alone.value


def test_rows_of_before_do_not_make_a_window_of_few_rows_tell_anything():
    X, generator = drawn(4000)
    y = binary(X, generator, X["x"])
    assert residuals.gain(BINARY, X, y, said(X["x"]), n_earlier=4001 - residuals.LEAST_ROWS) is None


def test_values_are_audited_as_classes_are():
    X, generator = drawn()
    y = 10 + X["x"] + 3 * (X["town"] == "south") + generator.normal(size=len(X))
    found = residuals.gain({"task": "regression", "metric": "r2"}, X, y, np.asarray(11.5 + X["x"]))
    assert found.low > 0.2


def test_counts_stay_positive_so_that_their_deviance_is_defined():
    X, generator = drawn()
    y = generator.poisson(np.exp(X["x"] - 3 * (X["town"] == "south")))
    known = {"task": "regression", "metric": "neg_mean_poisson_deviance"}
    assert residuals.gain(known, X, y, np.exp(X["x"])).low > 0


def test_several_classes_stay_probabilities():
    X, generator = drawn()
    y = np.where(X["town"] == "south", 2, generator.integers(0, 2, len(X)))
    found = residuals.gain({"task": "multiclass", "metric": "neg_log_loss"}, X, y, np.full((len(X), 3), 1 / 3))
    assert found.low > 0.2


def test_too_few_rows_say_nothing():
    X, generator = drawn(residuals.LEAST_ROWS - 1)
    assert residuals.gain(BINARY, X, binary(X, generator, X["x"]), said(X["x"])) is None


@pytest.mark.parametrize("value", [np.nan, 1.0, np.inf])
def test_a_column_that_does_not_vary_is_no_trouble(value):
    X, generator = drawn()
    y = binary(X, generator, X["x"])
    assert np.isfinite(residuals.gain(BINARY, X.assign(odd=value, none=None), y, said(X["x"])).value)


def test_rows_whose_only_feature_is_a_time_are_no_trouble():
    X, generator = drawn()
    times = pd.DataFrame({"at": pd.date_range("2024-01-01", periods=len(X), freq="h")})
    assert np.isfinite(residuals.gain(BINARY, times, binary(X, generator, X["x"]), said(X["x"])).value)


def test_a_stream_without_change_has_nothing_to_teach_its_model():
    table = streams.rows(3000, 5)
    window, inputs = streams.window(table)
    y = (table["late"] == "yes").to_numpy(dtype="float64")
    found = residuals.gain(BINARY, inputs, y, window["probability"].to_numpy())
    assert found.value < 0.01
