"""Times of day and durations, as text or as objects, are numbers of seconds."""

from datetime import time

import pandas as pd
import pytest

from lib import cells, coercion, reading, schema


def read(cells):
    return reading.tidy(pd.DataFrame({"at": cells * 10, "y": range(10 * len(cells))}), target="y")


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (["07:30", "14:05", "0:00"], [27000, 50700, 0]),
        (["1:02:03", "100:00:00", "0:00:01.5"], [3723, 360000, 1.5]),
        ([time(7, 30), time(23, 59, 1), time(0)], [27000, 86341, 0]),
        (["07:30", " 14:05 ", "?", "n/a"], [27000, 50700, None, None]),
    ],
)
def test_times_of_day_and_durations_are_seconds(written, seconds):
    found = read(written)
    pd.testing.assert_series_equal(
        found.table["at"].iloc[: len(seconds)], pd.Series(seconds, dtype="float64", name="at"), check_dtype=False
    )
    assert "clock times" in found.findings["finding"].tolist()


def test_a_few_words_among_them_are_gaps_that_are_counted():
    found = read(["07:30", "14:05", "9:15", "10:00", "11:11"] * 6 + ["noon"])
    line = found.findings.set_index("finding").loc["not a number"]
    assert (line["evidence"], line["n_cells"]) == ("'noon'", 10)


@pytest.mark.parametrize("written", [["3:2", "4:1", "10:0"], ["1:75", "2:80", "9:99"], ["12:30 h", "a", "b"]])
def test_what_is_no_clock_stays_text(written):
    assert read(written).spec["columns"][0]["kind"] == "text"


def test_one_row_of_a_request_is_read_as_a_table_is():
    found = read(["07:30", "14:05", "0:00"])
    known = schema.learn(found.table[["at"]])
    contract = {
        "reading": {**found.spec, "columns": found.spec["columns"][:1]},
        "schema": known,
        "required": ["at"],
    }
    assert cells.Reader(contract).read([{"at": "08:00"}]) == {"at": [28800.0]}
    assert coercion.apply(contract["reading"], pd.DataFrame({"at": ["08:00"] * 50}))["at"].unique().tolist() == [
        28800.0
    ]
