"""What a model costs to run, measured on a real one, and limits that refuse."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from lib import files, footprint
from lib.checks import refusals

LIMITS = {"latency_ms": 50.0, "memory_mb": 2000.0, "model_mb": 50.0}
X = pd.DataFrame({"a": np.arange(50.0), "b": np.arange(50.0) % 7})
MODEL = LogisticRegression().fit(X, X["a"] > 25)


def busy(rows):
    """Predict like a slow model: by work and not by waiting."""
    for _ in range(20):
        np.sort(np.random.default_rng(0).random(40_000))


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    files.write(folder, files.MODEL, MODEL)
    return footprint.measure(MODEL.predict_proba, files.path(folder, files.MODEL), X)


def test_a_small_model_keeps_every_limit(measured):
    assert refusals(footprint.limit_checks(measured, LIMITS)) == []


def test_what_is_measured_is_plausible(measured):
    assert 0 < measured["latency_p50_ms"] <= measured["latency_ms"]
    assert measured["rows_per_second"] > 1000
    assert 50 < measured["memory_mb"] < 1500
    assert 0 < measured["model_mb"] < 0.1


@pytest.mark.parametrize("limit", list(LIMITS))
def test_each_limit_refuses_what_is_over_it(measured, limit):
    (refused,) = refusals(footprint.limit_checks({**measured, limit: LIMITS[limit] + 0.1}, LIMITS))
    assert refused.name == footprint.LIMITS[limit][0]


def test_a_slow_model_is_seen_to_be_slow():
    quick, slow = (footprint.latency(ask, X, n_calls=10)["latency_ms"] for ask in (MODEL.predict_proba, busy))
    assert slow > 3 * quick
    assert refusals(footprint.limit_checks({"latency_ms": slow}, {"latency_ms": slow / 2}))


def test_a_limit_that_the_contract_leaves_blank_is_none(measured):
    assert footprint.limit_checks(measured, {"latency_ms": None}) == []


def test_a_file_that_is_no_model_says_so(tmp_path):
    broken = tmp_path / "model.skops"
    broken.write_bytes(b"no model")
    with pytest.raises(RuntimeError, match="fresh process could not load"):
        footprint.memory(broken, X)
