import json

import numpy as np
import pandas as pd
import pytest
from releases import FEATURES, raw_table

from lib import admission, intake, reading, release, schema


@pytest.fixture(scope="module")
def contract(finished_run):
    design = {"task": "binary", "target": "late", "features": FEATURES}
    return json.loads(json.dumps(release.contract(finished_run, design, {})))


def with_new_categories(n_rows):
    carriers = np.where(np.arange(n_rows) % 3 == 0, "ZZ", np.where(np.arange(n_rows) % 7 == 0, "YY", "UA"))
    return raw_table(n_rows).assign(carrier=carriers)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"distance": [1e9, *[500.0] * 29]},
        {"distance": ["far", "?", *["500"] * 28]},
        {"seats": ["many", *["150"] * 29]},
    ],
    ids=["nothing else", "a number out of range", "words for numbers", "a word where gaps are"],
)
def test_quick_looks_and_thorough_ones_find_the_same(contract, changed):
    raw = with_new_categories(30).assign(**changed).set_axis(range(100, 130))
    quick, thorough = admission.split(contract, raw), intake.split(contract, raw)
    pd.testing.assert_frame_equal(quick.usable, thorough.usable)
    assert quick.set_aside.to_dict("index") == thorough.set_aside.to_dict("index")
    pd.testing.assert_frame_equal(quick.report, thorough.report, check_dtype=False)


def test_categories_alone_are_found_without_pandera(contract, monkeypatch):
    monkeypatch.setattr(intake, "split", lambda *given: pytest.fail("all rows were to be used"))
    assert admission.split(contract, with_new_categories(9)).report["n_rows"].tolist() == [4]


def test_of_two_names_alike_none_is_lost_where_another_column_is_missing():
    table = pd.DataFrame([[str(i % 9), i % 5, "ab"[i % 2], "xy"[i % 2]] for i in range(60)])
    table = table.set_axis([" rooms ", "size", "note", "note"], axis=1)
    table.iloc[0, 0] = "?"
    found = reading.tidy(table)
    contract = {"reading": found.spec, "schema": schema.learn(found.table), "required": ["size", "note", "note_2"]}
    later = table.drop(columns=" rooms ").assign(size=[1e9] + [2] * 59)
    judged = admission.split(json.loads(json.dumps(contract)), later)
    assert judged.set_aside.index.tolist() == [0]
    assert judged.set_aside.columns.tolist() == ["size", "note", "note", intake.WHY]
    assert judged.report["column"].tolist() == ["size", "rooms"]
