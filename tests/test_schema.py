import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from releases import FEATURES, raw_table

from lib import coercion, release, schema

TRAIN = pd.DataFrame(
    {
        "age": [20.0, 40.0, 60.0],
        "income": [1.0, np.nan, 3.0],
        "town": ["Bonn", "Ulm", None],
        "since": pd.to_datetime(["2020-01-01", "2021-01-01", "2022-01-01"]),
    }
)
LEARNT = schema.learn(TRAIN)


def later(**changes):
    return pd.DataFrame({name: TRAIN[name].tolist() for name in TRAIN} | changes, index=[10, 11, 12])


def test_a_schema_says_type_range_categories_and_gaps_as_json():
    assert json.loads(json.dumps(LEARNT)) == LEARNT
    assert LEARNT["columns"]["age"] == {"type": "number", "gaps": False, "low": 20.0, "high": 60.0}
    assert LEARNT["columns"]["town"] == {"type": "text", "gaps": True, "categories": ["Bonn", "Ulm"]}
    assert LEARNT["columns"]["since"]["high"] == "2022-01-01T00:00:00"


def test_the_training_table_meets_its_own_schema():
    checked = schema.check(LEARNT, TRAIN)
    pd.testing.assert_frame_equal(checked.usable, TRAIN)
    assert checked.set_aside.empty
    assert checked.report.empty


@pytest.mark.parametrize(
    ("changes", "rows", "column", "expected", "found"),
    [
        ({"age": [20, "old", 60]}, [11], "age", "a number", "'old'"),
        ({"age": [20, np.inf, 60]}, [11], "age", "a number", "inf"),
        ({"age": [20, 40, 600]}, [12], "age", "-100 to 180 (training had 20 to 60)", "600.0"),
        ({"age": [None, 40, 60]}, [10], "age", "no gap", "missing"),
        ({"since": ["soon", "2021-01-01", "2022-01-01"]}, [10], "since", "a time", "'soon'"),
    ],
)
def test_a_row_that_breaks_the_schema_is_set_aside_with_column_row_and_expectation(
    changes, rows, column, expected, found
):
    checked = schema.check(LEARNT, later(**changes))
    assert checked.set_aside.index.tolist() == rows
    line = checked.report.iloc[0]
    assert [line["column"], line["expected"], line["found"], line["n_rows"]] == [column, expected, found, 1]
    assert line["rows"] == str(rows[0])


def test_each_row_is_used_or_set_aside_and_none_is_lost():
    X = later(age=["x", 40, 1e9], town=["Rome", "Ulm", "Ulm"])
    checked = schema.check(LEARNT, X)
    pd.testing.assert_frame_equal(pd.concat([checked.usable, checked.set_aside]).sort_index(), X)
    assert len(checked.usable) == 1


def test_a_new_category_is_reported_and_its_row_used():
    checked = schema.check(LEARNT, later(town=["Rome", "Ulm", None]))
    assert len(checked.usable) == 3
    assert checked.report["action"].tolist() == [schema.REPORTED]
    assert checked.report["expected"].item() == "one of 'Bonn', 'Ulm'"


def test_a_missing_column_sets_all_rows_aside():
    checked = schema.check(LEARNT, later().drop(columns=["age"]))
    assert len(checked.set_aside) == 3
    assert checked.report["found"].item() == "no such column"


def test_rows_with_equal_labels_are_told_apart():
    X = later(age=[20, "old", 60]).set_axis([7, 7, 7])
    checked = schema.check(LEARNT, X)
    assert len(checked.usable) == 2
    assert checked.set_aside["age"].tolist() == ["old"]


def test_a_number_a_little_out_of_range_is_drift_and_its_row_used():
    checked = schema.check(LEARNT, later(age=[20, 40, 75]))
    assert checked.set_aside.empty
    assert checked.report.empty


def test_text_with_too_many_categories_is_not_held_to_them():
    X = pd.DataFrame({"name": [f"n{i}" for i in range(1000)]})
    assert "categories" not in schema.learn(X)["columns"]["name"]


def test_an_empty_column_of_training_may_have_anything():
    learnt = schema.learn(pd.DataFrame({"a": [np.nan, np.nan]}))
    assert schema.check(learnt, pd.DataFrame({"a": [5.0, None]})).report.empty


def test_pandera_is_not_imported_before_a_table_is_checked():
    code = "import sys; from lib import schema; print('pandera' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "False\n"


def test_the_schema_travels_with_the_model_and_judges_a_raw_table_that_was_read(finished_run):
    design = {"task": "binary", "target": "late", "features": FEATURES}
    contract = json.loads(json.dumps(release.contract(finished_run, design, {})))
    raw = raw_table(5)
    raw["distance"] = ["2000", "1e9", None, 2000, 2000]
    checked = schema.check(contract["schema"], coercion.apply(contract["reading"], raw))
    assert checked.set_aside.index.tolist() == [1, 2]
    assert checked.report["column"].tolist() == ["distance", "distance"]
