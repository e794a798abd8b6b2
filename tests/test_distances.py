"""Every distance and test against scipy's, or statsmodels', on the same counts; and what the bins hide."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import distance
from statsmodels.stats.multitest import multipletests

from lib import distances, profile, reference

COUNTS = st.lists(st.integers(0, 500), min_size=4, max_size=4).filter(any)
pairs = given(COUNTS, COUNTS)
quickly = settings(deadline=None, max_examples=60)


@quickly
@pairs
def test_jensen_shannon_is_scipys(p, q):
    assert distances.jensen_shannon(p, q) == pytest.approx(distance.jensenshannon(p, q, base=2), abs=1e-7, nan_ok=True)


@quickly
@pairs
def test_psi_is_the_sum_of_scipys_two_relative_entropies(p, q):
    p, q = np.array(p) + 1, np.array(q) + 1
    assert distances.population_stability_index(p, q) == pytest.approx(stats.entropy(p, q) + stats.entropy(q, p))


def test_an_empty_bin_leaves_the_psi_finite():
    assert 0 < distances.population_stability_index([5, 5, 0], [5, 0, 5]) < 20


@quickly
@pairs
def test_kolmogorov_smirnov_is_scipys_on_the_same_binned_rows(p, q):
    rows = [np.repeat(np.arange(4), counts) for counts in (p, q)]
    found = stats.ks_2samp(*rows, method="asymp")
    assert distances.kolmogorov_smirnov(p, q) == pytest.approx(found.statistic)
    assert distances.kolmogorov_smirnov_p(p, q) == pytest.approx(found.pvalue, rel=1e-6, abs=1e-12)


@quickly
@pairs
def test_chi_square_is_scipys(p, q):
    table = np.array([p, q])[:, np.add(p, q) > 0]
    expected = stats.chi2_contingency(table, correction=False).pvalue if table.shape[1] > 1 else 1.0
    assert distances.chi_square_p(p, q) == pytest.approx(expected)


@quickly
@given(COUNTS)
def test_cramers_v_is_scipys_where_both_samples_are_equally_large(p):
    q = p[::-1]
    table = np.array([p, q])[:, np.add(p, q) > 0]
    expected = stats.contingency.association(table, method="cramer") if table.shape[1] > 1 else 0.0
    assert distances.cramers_v(p, q) == pytest.approx(expected, abs=1e-9)


@quickly
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_is_that_of_statsmodels(p_values):
    assert distances.holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


def columns(*samples):
    like = reference.profiles(pd.DataFrame({"x": samples[0]}))
    return [profile.of(pd.DataFrame({"x": sample}), like=like)["x"] for sample in samples]


DRAWS = {
    "normal": lambda generator, n: generator.normal(size=n),
    "skewed": lambda generator, n: generator.lognormal(0, 1.5, n),
    "mostly zero": lambda generator, n: np.where(generator.random(n) < 0.9, 0, generator.exponential(size=n)),
    "few values": lambda generator, n: generator.poisson(3, n).astype(float),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
@pytest.mark.parametrize("shift", [0.0, 0.3, 2.0])
def test_what_the_bins_hide_is_as_little_as_documented(draw, shift):
    generator = np.random.default_rng(0)
    old, new = draw(generator, 20_000), draw(generator, 5_000) + shift
    before, after = columns(old, new)
    exact = stats.ks_2samp(old, new, method="asymp").statistic
    largest = max(share for share in distances.shares(before.counts) if share < 0.5)
    assert exact - 0.011 - largest * (largest > 0.02) <= distances.kolmogorov_smirnov(before.counts, after.counts)
    assert distances.kolmogorov_smirnov(before.counts, after.counts) <= exact + 1e-9
    moved = stats.wasserstein_distance(old, new) / old.std(ddof=1)
    assert distances.wasserstein(before, after) == pytest.approx(moved, rel=0.05, abs=0.01)


def test_a_column_of_few_values_is_compared_without_any_loss():
    generator = np.random.default_rng(1)
    old, new = generator.poisson(3, 3000).astype(float), generator.poisson(4, 800).astype(float)
    before, after = columns(old, new)
    found = stats.ks_2samp(old, new, method="asymp")
    assert distances.kolmogorov_smirnov(before.counts, after.counts) == pytest.approx(found.statistic)
    assert distances.kolmogorov_smirnov_p(before.counts, after.counts) == pytest.approx(found.pvalue)
    expected = stats.wasserstein_distance(old, new) / old.std(ddof=1)
    # values above the largest of the reference share its bin
    assert distances.wasserstein(before, after) == pytest.approx(expected, rel=1e-6)


def test_a_wasserstein_distance_of_nothing_is_none():
    before, after = columns(np.arange(5.0), np.full(3, np.nan))
    assert np.isnan(distances.wasserstein(before, after))
