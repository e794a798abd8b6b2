"""Counts and moments of batches against what pandas, statsmodels and lib.eda say of all rows at once."""

import json

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.outliers_influence import variance_inflation_factor

from lib import census, eda

DESIGN = {"features": ["a", "b", "c", "kind", "moves", "when"], "target": "y", "time_column": ""}


def table(n_samples=4000):
    generator = np.random.default_rng(0)
    a, c = generator.normal(size=(2, n_samples))
    kind = generator.choice(["x", "y", "z"], n_samples)
    return pd.DataFrame(
        {
            "a": a,
            "b": a + 0.3 * generator.normal(size=n_samples),
            "c": np.where(generator.random(n_samples) < 0.2, np.nan, c),
            "kind": pd.Series(kind, dtype="str"),
            "moves": generator.normal(size=n_samples) + 3 * np.arange(n_samples) / n_samples,
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(generator.integers(0, 999, n_samples), unit="h"),
            "y": (a + (kind == "x") + generator.normal(size=n_samples) > 0).astype("int64"),
        }
    )


def batches(rows, size=700):
    return [rows.iloc[start : start + size] for start in range(0, len(rows), size)]


def test_batches_count_what_the_whole_counts():
    rows = table()
    known = census.frame(rows.iloc[:1000], DESIGN)
    parts, whole = census.of_batches(batches(rows), known), census.of(rows, known)
    assert parts.n_samples == whole.n_samples == 4000
    for name in DESIGN["features"]:
        np.testing.assert_array_equal(parts.with_target[name], whole.with_target[name])
        np.testing.assert_array_equal(parts.with_period[name], whole.with_period[name])
    pd.testing.assert_frame_equal(census.relations(parts), census.relations(whole))


def test_what_a_column_tells_of_the_target_is_what_all_rows_say():
    rows = table()
    told = census.relations(census.of(rows, census.frame(rows, DESIGN)))["tells_of_target"]
    for name in ("a", "b", "kind"):
        assert told[name] == pytest.approx(eda.mutual_information(rows[name], rows["y"]), abs=1e-3)
    assert told.index[0] == "a"
    assert told["moves"] < 0.01


def test_variance_inflation_is_that_of_statsmodels():
    rows = table()
    found = census.relations(census.of_batches(batches(rows), census.frame(rows, DESIGN)))["vif"]
    filled = rows[["a", "b", "c", "moves"]].fillna(rows["c"].median())
    exog = np.column_stack([np.ones(len(rows)), filled])
    theirs = [variance_inflation_factor(exog, k) for k in range(1, 5)]
    np.testing.assert_allclose(found[list(filled)], theirs, rtol=1e-8)
    assert np.isnan(found["kind"])


def test_a_column_that_moves_along_the_table_is_seen_and_one_that_does_not_is_not():
    moves = census.relations(census.of_batches(batches(table()), census.frame(table(), DESIGN)))["moves"]
    assert moves["moves"] > 0.2
    assert moves.drop("moves").max() < 0.06


def test_with_a_time_column_periods_go_by_it_and_not_by_the_rows():
    rows = table().sort_values("moves", ignore_index=True)
    rows["when"] = rows["when"].sample(frac=1, random_state=0).to_numpy()
    design = {**DESIGN, "time_column": "when", "features": ["a", "moves"]}
    assert census.relations(census.of(rows, census.frame(rows, design)))["moves"]["moves"] < 0.06


def test_constant_dependent_empty_and_infinite_columns_break_nothing():
    rows = table(500).assign(one=1.0, twice=lambda t: 2 * t["a"], none=np.nan, far=np.inf)
    design = {**DESIGN, "features": [*DESIGN["features"], "one", "twice", "none", "far"]}
    found = census.of_batches(batches(rows, 100), census.frame(rows, design))
    vif = census.relations(found)["vif"]
    assert np.isinf(vif["twice"]) and np.isnan(vif["one"]) and np.isfinite(vif["a"])
    plain = json.loads(json.dumps(census.to_plain(found)))
    assert [line["vif"] for line in plain["relations"] if line["column"] == "twice"] == ["inf"]


def test_a_batch_without_rows_changes_nothing():
    rows = table(300)
    known = census.frame(rows, DESIGN)
    whole, more = census.of(rows, known), census.of_batches([rows, rows.iloc[:0]], known)
    pd.testing.assert_frame_equal(census.relations(whole), census.relations(more))
