import math

import pytest
from releases import gate

from lib import results, trackable


def test_a_parameter_that_fits_is_left_as_it_is():
    assert trackable.params({"rows": 12, "text": "x" * 6000}) == {"rows": "12", "text": "x" * 6000}


def test_a_parameter_that_is_cut_says_so():
    cut = trackable.params({"text": "x" * 6001})["text"]
    assert len(cut) == 6000 and cut.endswith("(cut; whole in parameters.json)")


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, None])
def test_only_finite_numbers_are_metrics(value):
    known, odd = trackable.finite({"good": 1, "odd": value})
    assert known == {"good": 1.0} and list(odd) == ["metric odd"]


def test_an_execution_that_left_nothing_has_its_duration_alone(tmp_path):
    found = trackable.execution("02_eda", {}, tmp_path, None, seconds=1.5, peak_memory_mb=None)
    assert (found.metrics, found.tags) == ({"seconds": 1.5}, {})


def test_what_a_stage_wrote_is_hashed_but_not_its_results(tmp_path):
    results.write(tmp_path, "02_eda", checks=[gate(passed=False)])
    (tmp_path / "02_eda/profile.json").write_text("{}")
    found = trackable.execution("02_eda", {}, tmp_path, None, seconds=1.0, peak_memory_mb=None)
    assert set(found.tags) == {"check score on test rows", "sha256 profile.json"}
    assert found.tags["check score on test rows"] == "stop: 0.4"
