import json

import pandas as pd
import pytest
from releases import FEATURES, raw_table

from lib import intake, release, schema


@pytest.fixture(scope="module")
def contract(finished_run):
    design = {"task": "binary", "target": "late", "features": FEATURES}
    return json.loads(json.dumps(release.contract(finished_run, design, {})))


def test_a_table_like_that_of_training_is_used_whole(contract):
    found = intake.split(contract, raw_table(50))
    assert len(found.usable) == 50
    assert found.report.empty
    assert found.set_aside.empty
    assert intake.in_words(found) == "All 50 rows can be used."


def test_rows_that_cannot_be_used_are_set_aside_as_they_came_with_the_reason(contract):
    raw = raw_table(4).assign(distance=["2000", "1e9", "far", " 1,500 "]).set_axis([7, 8, 9, 10])
    found = intake.split(contract, raw)
    assert found.usable["distance"].to_dict() == {7: 2000.0, 10: 1500.0}
    assert found.set_aside.drop(columns=intake.WHY).equals(raw.loc[[8, 9]])
    first, second = found.set_aside[intake.WHY]
    assert "distance is 1000000000.0, expected" in first
    assert "distance is missing, expected no gap" in second
    assert intake.in_words(found) == "2 of 4 rows can be used; 2 were set aside for distance."


def test_the_report_names_column_expectation_cells_and_rows(contract):
    raw = raw_table(4).assign(distance=["2000", "far", "-9e9", "1500"])
    report = intake.split(contract, raw).report.set_index("expected")
    assert report.loc["a number", ["column", "found", "rows", "action"]].tolist() == [
        "distance",
        "'far'",
        "1",
        intake.NOT_READ,
    ]
    assert report.loc["no gap", "rows"] == "1"
    assert report["n_rows"].tolist() == [1, 1, 1]


def test_a_cell_that_is_no_number_is_a_gap_where_training_had_gaps_and_it_is_said(contract):
    found = intake.split(contract, raw_table(3).assign(seats=["150", "many", "?"]))
    assert found.usable["seats"].isna().tolist() == [False, True, True]
    assert found.report[["column", "found", "action"]].values.tolist() == [["seats", "'many'", intake.NOT_READ]]


def test_several_reasons_of_a_row_are_all_given(contract):
    found = intake.split(contract, raw_table(2).assign(distance=[1e9, 2000], departure=[None, "2013-01-01"]))
    assert found.set_aside[intake.WHY].iloc[0].count("expected") == 2


def test_a_table_without_a_column_is_set_aside_whole(contract):
    found = intake.split(contract, raw_table(3).drop(columns="seats"))
    assert len(found.set_aside) == 3
    assert found.set_aside[intake.WHY].unique().tolist() == ["no column seats"]
    assert found.report["action"].tolist() == [schema.SET_ASIDE]


def test_a_table_that_has_the_name_of_the_reason_keeps_it(contract):
    raw = raw_table(2).assign(distance=[1e9, 2000], **{intake.WHY: "mine"})
    found = intake.split(contract, raw)
    assert found.set_aside[intake.WHY].tolist() == ["mine"]
    assert f"{intake.WHY}_" in found.set_aside


def test_a_table_of_no_rows_is_neither_used_nor_set_aside(contract):
    found = intake.split(contract, raw_table(5).iloc[:0])
    assert (len(found.usable), len(found.set_aside)) == (0, 0)
    assert isinstance(found.report, pd.DataFrame)


def test_a_word_among_numbers_is_said_in_a_column_with_a_code_for_gaps_too(contract):
    columns = [{**one, "codes": [999.0]} if one["name"] == "seats" else one for one in contract["reading"]["columns"]]
    coded = {**contract, "reading": {**contract["reading"], "columns": columns}}
    found = intake.split(coded, raw_table(3).assign(seats=["150", "four", "999"]))
    assert found.usable["seats"].isna().tolist() == [False, True, True]
    assert found.report[["column", "found", "n_rows"]].to_numpy().tolist() == [["seats", "'four'", 1]]
