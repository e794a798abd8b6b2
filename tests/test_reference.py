import json

import numpy as np
import pandas as pd
import pytest

from lib import bootstrap, files, profile, reference

FEATURES = ["wind", "gaps", "seats", "town", "time"]
DESIGN = {
    "task": "binary", "target": "late", "metric": "roc_auc", "classes": [0, 1], "features": FEATURES,
    "time_column": "time", "group_column": "", "slices": ["town", "wind", "time"], "least_gain": 0.01,
    "threshold": 0.6, "split": {"strategy": "time"},
}  # fmt: skip
SCORE = bootstrap.Interval(0.7, 0.68, 0.72, 0.95)


def rows(n=6000, random_state=0):
    generator = np.random.default_rng(random_state)
    table = pd.DataFrame(
        {
            "wind": generator.normal(size=n) + np.linspace(0, 2, n),
            "gaps": np.where(generator.random(n) < np.linspace(0, 0.4, n), np.nan, generator.normal(size=n)),
            "seats": generator.integers(1, 9, n),
            "town": pd.Series(generator.choice(["north", "south", "east"], n, p=[0.6, 0.3, 0.1]), dtype="str"),
            "time": pd.date_range("2024-01-01", periods=n, freq="15min"),
        }
    )
    probability = 1 / (1 + np.exp(-table["wind"]))
    return table.assign(late=(generator.random(n) < probability).astype(int), probability=probability)


def build(**changes):
    learnt, test = rows(), rows(2000, 1)
    y, prediction = test["late"].to_numpy(), test["probability"].to_numpy()
    return reference.build({**DESIGN, **changes}, learnt, test, y, prediction, score=SCORE)


@pytest.fixture(scope="module")
def found():
    return build()


def test_it_goes_through_json_and_stays_compact(found, tmp_path):
    files.write(tmp_path, files.REFERENCE, found)
    assert files.read(tmp_path, files.REFERENCE) == json.loads(json.dumps(found))
    text = files.path(tmp_path, files.REFERENCE).read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=pytest.fail)
    assert len(json.dumps(found)) < 40_000


def test_profiles_of_parts_add_up_to_that_of_the_whole(found):
    columns, table = reference.columns_of(found), rows()[FEATURES]
    parts = [profile.of(part, like=columns) for part in (table[:1000], table[1000:])]
    merged = profile.merge(*parts)
    assert {name: column.counts for name, column in merged.items()} == {n: c.counts for n, c in columns.items()}
    assert merged["town"].categories == columns["town"].categories


def test_whole_numbers_gaps_and_ranges_are_remembered(found):
    columns = reference.columns_of(found)
    assert found["about"]["seats"]["whole"] and not found["about"]["wind"]["whole"]
    assert (columns["seats"].minimum, columns["seats"].maximum) == (1, 8)
    assert columns["gaps"].n_missing == rows()["gaps"].isna().sum()
    assert found["about"]["gaps"]["usual_gaps"] > 0.3


def test_it_remembers_how_far_a_column_moved_within_the_training_rows(found):
    assert found["about"]["wind"]["usual"]["jensen_shannon"] > 0.2
    assert found["about"]["seats"]["usual"].get("jensen_shannon", 0) < 0.1


def test_rows_without_an_order_have_no_usual_moves():
    about = build(time_column="", split={"strategy": "random"})["about"]
    assert about["wind"]["usual"] == {}


def test_slices_are_scored_on_the_held_out_rows_and_times_are_none(found):
    assert {record["column"] for record in found["by_slice"]} == {"town", "wind"}
    assert sum(record["n"] for record in found["by_slice"] if record["column"] == "wind") == 2000


def test_a_slice_holds_the_same_kind_of_rows_in_every_window(found):
    columns = reference.columns_of(found)
    labels = reference.slice_labels(DESIGN, columns, rows(500, 2).assign(wind=100.0))
    assert labels["wind"].nunique() == 1 and labels["wind"].iloc[0].startswith("from ")


def test_several_classes_are_told_by_the_likeliest():
    design = {"classes": ["a", "b"]}
    table = reference.as_column(design, [[0.2, 0.8], [0.9, 0.1]])
    assert table["prediction"].tolist() == ["b", "a"]


def test_rare_categories_stay_known_by_their_hashes():
    names = [f"plane {number}" for number in range(500)]
    table = pd.DataFrame({"plane": pd.Series(names * 4, dtype="str"), "town": "north"})
    compact = {name: reference._compact(column) for name, column in reference.profiles(table).items()}
    assert len(compact["plane"].sketch) == 500 and compact["town"].sketch == ()
