import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib import profile

FLOATS = st.floats(-1e6, 1e6) | st.just(float("nan")) | st.just(float("inf"))


def table(n_samples=500, random_state=0):
    generator = np.random.default_rng(random_state)
    return pd.DataFrame(
        {
            "number": generator.normal(5, 2, n_samples),
            "gaps": np.where(generator.random(n_samples) < 0.3, np.nan, generator.integers(0, 9, n_samples)),
            "text": pd.Series(generator.choice(["a", "b", "c", None], n_samples), dtype="str"),
            "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(generator.integers(0, 999, n_samples), unit="h"),
        }
    )


def test_moments_and_gaps_are_those_of_pandas():
    rows, found = table(), profile.of(table())
    assert found["number"].mean == pytest.approx(rows["number"].mean())
    assert found["gaps"].std == pytest.approx(rows["gaps"].std())
    assert found["gaps"].n_missing == rows["gaps"].isna().sum()
    assert found["text"].categories == rows["text"].value_counts().to_dict()
    assert found["time"].maximum == rows["time"].max().timestamp()


@settings(deadline=None, max_examples=60)
@given(hnp.arrays("float64", st.integers(1, 60), elements=FLOATS), st.integers(0, 60))
def test_batches_merge_to_the_profile_of_the_whole(values, place):
    rows = pd.DataFrame({"x": values})
    reference = profile.of(rows)
    parts = [profile.of(part, like=reference) for part in (rows.iloc[:place], rows.iloc[place:])]
    merged, whole = profile.merge(*parts)["x"], reference["x"]
    assert (merged.counts, merged.n_missing, merged.sketch) == (whole.counts, whole.n_missing, whole.sketch)
    assert merged.mean == pytest.approx(whole.mean, rel=1e-9, abs=1e-6, nan_ok=True)
    assert merged.squared_deviations == pytest.approx(whole.squared_deviations, rel=1e-6, abs=1e-3)
    assert (merged.minimum, merged.maximum) == pytest.approx((whole.minimum, whole.maximum), nan_ok=True)


def test_a_table_read_in_batches_has_the_counts_of_the_whole():
    rows = table(3000)
    found = profile.of_batches(rows.iloc[start : start + 700] for start in range(0, 3000, 700))
    whole = profile.of(rows, like=found)
    assert {name: column.counts for name, column in found.items()} == {n: column.counts for n, column in whole.items()}
    assert found["text"].categories == rows["text"].value_counts()[list(found["text"].categories)].to_dict()


@pytest.mark.parametrize("n_edges", [0, 1, 19, 300])
def test_a_bin_is_what_a_search_of_the_edges_finds(n_edges):
    generator = np.random.default_rng(0)
    edges = np.unique(generator.integers(0, 500, n_edges)).astype("float64")
    values = np.r_[generator.integers(-5, 505, 40_000), np.inf, -np.inf].astype("float64")
    np.testing.assert_array_equal(profile.bin_of(values, edges), np.searchsorted(edges, values, side="right"))


def test_every_value_has_a_bin_even_beyond_the_reference():
    reference = profile.of(pd.DataFrame({"x": [1.0, 2.0, 3.0]}))
    assert sum(profile.of(pd.DataFrame({"x": [-1e9, 1e9]}), like=reference)["x"].counts) == 2


def test_a_category_that_the_reference_does_not_keep_counts_as_other():
    reference = profile.of(pd.DataFrame({"x": ["a", "b"]}))
    found = profile.of(pd.DataFrame({"x": ["a", "new", "new"]}), like=reference)["x"]
    assert (found.categories, found.n_other) == ({"a": 1, "b": 0}, 2)


@pytest.mark.parametrize("n_distinct", [10, 1000, 200_000])
def test_distinct_values_are_counted_or_estimated_within_a_tenth(n_distinct):
    values = np.random.default_rng(0).integers(0, n_distinct, 400_000).astype("float64")
    found = profile.of(pd.DataFrame({"x": values}))["x"].n_distinct
    assert found == pytest.approx(len(np.unique(values)), rel=0.1 if n_distinct > profile.SKETCH_SIZE else 0)


def test_profiles_with_other_bins_are_not_merged():
    one, other = (profile.of(pd.DataFrame({"x": values})) for values in ([1.0, 2.0], [5.0, 6.0]))
    with pytest.raises(ValueError, match="Profile the second part `like` the first"):
        profile.merge(one, other)


def test_profiles_come_back_from_json():
    found = profile.of(table().assign(empty=np.nan))
    assert profile.from_records(json.loads(json.dumps(profile.to_records(found)))).keys() == found.keys()
    number = profile.from_records(json.loads(json.dumps(profile.to_records(found))))["number"]
    assert number == found["number"]
