import json
import math
from datetime import date, time
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from lib import coercion, gaps, kinds, reading
from lib.errors import InputError

N = None


def column(cells, target="", **options):
    """Read one column, repeated to a sensible length, and return its first cells, its kind and its findings."""
    raw = pd.DataFrame({"x": pd.Series(cells * 20), "y": range(20 * len(cells))})
    found = reading.tidy(raw, target=target, **options)
    of_x = found.findings[found.findings["column"] == "x"]
    return (
        found.table["x"].iloc[: len(cells)].tolist(),
        found.spec["columns"][0],
        dict(zip(of_x["finding"], of_x["n_cells"], strict=True)),
    )


def same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one == other or (pd.isna(one) and other is None), (found, expected)


NUMBERS = {
    "plain": (["1", "2.5", "-3e2"], [1, 2.5, -300], {}),
    "blanks": ([" 1", "2 ", "3"], [1, 2, 3], {"stray blanks": 40}),
    "thousands": (["1,200", "3,400.5", "7"], [1200, 3400.5, 7], {"numbers as text": 40}),
    "thin blanks": (["1\u202f200", "3 400", "12"], [1200, 3400, 12], {"numbers as text": 40}),
    "apostrophes": (["1'200.5", "3’400", "12"], [1200.5, 3400, 12], {"numbers as text": 40}),
    "decimal comma": (["1,5", "2,25", "3"], [1.5, 2.25, 3], {"numbers as text": 60}),
    "both": (["1.200,5", "3.400,25", "7,1"], [1200.5, 3400.25, 7.1], {"numbers as text": 60}),
    "unit": (["12 kg", "13.5kg", "9 kg"], [12, 13.5, 9], {"numbers as text": 60}),
    "per cent": (["12%", "13.5 %", "9%"], [12, 13.5, 9], {"numbers as text": 60}),
    "currency": (["$1,200", "-$3", "($4.50)"], [1200, -3, -4.5], {"numbers as text": 60}),
    "currency code": (["EUR 12", "EUR 13", "EUR 1,400"], [12, 13, 1400], {"numbers as text": 60}),
    "true minus": (["\u22125", "3", "4"], [-5, 3, 4], {"numbers as text": 20}),
    "words": (["1", "NA", "?", "None", "-", ""], [1, N, N, N, N, N], {"gaps written as text": 100, "constant": 0}),
    "infinite": (["1", "inf", "2"], [1, N, 2], {"infinite numbers": 20}),
}


@pytest.mark.parametrize(("cells", "expected", "findings"), NUMBERS.values(), ids=NUMBERS)
def test_numbers_written_as_text_are_numbers(cells, expected, findings):
    found, entry, noted = column(cells)
    same(found, expected)
    assert entry["kind"] == "number"
    assert noted == findings


TEXTS = {
    "leading zeros": (["007", "012", "123"], ["007", "012", "123"], {"leading zeros": 0}),
    "long identifiers": (
        ["12345678901234567890", "2", "3"],
        ["12345678901234567890", "2", "3"],
        {"long whole numbers": 0},
    ),
    "yes and no": (["yes", "no", "yes"], ["yes", "no", "yes"], {}),
    "two units": (["12 kg", "500 g", "9 kg"], ["12 kg", "500 g", "9 kg"], {"several units?": 0}),
    "codes": ([f"{k}{k}x" for k in "abcdefgh"], [f"{k}{k}x" for k in "abcdefgh"], {}),
    "street numbers": ([f"{k}{chr(65 + k)}" for k in range(9)], [f"{k}{chr(65 + k)}" for k in range(9)], {}),
    "mixed": (["12", "a7", "13"], ["12", "a7", "13"], {"mixed types": 0}),
    "blanks": ([" a", "b ", "c"], ["a", "b", "c"], {"stray blanks": 40}),
    "gaps": (["a", "N/A", "NULL", "null", "#N/A"], ["a", N, N, N, N], {"gaps written as text": 80, "constant": 0}),
    "maybe": (["a", "b", "Unknown"], ["a", "b", "Unknown"], {"gap word?": 0}),
    "spellings": (["Male", "male", "female"], ["Male", "Male", "female"], {"spellings": 20}),
    "units": (["mW", "MW", "kW"], ["mW", "MW", "kW"], {"spellings": 0}),
    "constant": (["a", "a"], ["a", "a"], {"constant": 0}),
    "empty": (["", "NA"], [N, N], {"gaps written as text": 40, "empty": 0}),
    "quarters": (["Q1", "Q2", "Q3"], ["Q1", "Q2", "Q3"], {}),
    "day or month": (
        ["3/4/2020", "5/6/2020", "1/2/2020"],
        ["3/4/2020", "5/6/2020", "1/2/2020"],
        {"day or month first?": 0},
    ),
}


@pytest.mark.parametrize(("cells", "expected", "findings"), TEXTS.values(), ids=TEXTS)
def test_what_is_no_number_stays_text(cells, expected, findings):
    found, entry, noted = column(cells)
    same(found, expected)
    assert entry["kind"] == "text"
    assert noted == findings


DAY = pd.Timestamp("2026-11-23")
TIMES = {
    "iso": (["2026-11-23", "2026-01-02"], [DAY, pd.Timestamp("2026-01-02")]),
    "german": (["23.11.2026", "2.1.2026"], [DAY, pd.Timestamp("2026-01-02")]),
    "american": (["11/23/2026", "1/2/2026"], [DAY, pd.Timestamp("2026-01-02")]),
    "british": (["23/11/2026", "2/1/2026"], [DAY, pd.Timestamp("2026-01-02")]),
    "words": (["23 Nov 2026", "November 23, 2026", "23-Nov-26"], [DAY] * 3),
    "several": (["2026-11-23", "23.11.2026", "2026/11/23"], [DAY] * 3),
    "hours": (
        ["11/23/2026 3:30 PM", "11/23/2026 10:00 AM"],
        [DAY + pd.Timedelta("15:30:00"), DAY + pd.Timedelta("10:00:00")],
    ),
    "zones": (["2026-11-23T02:00:00+02:00", "2026-11-22 19:00:00 -0500", "2026-11-23 00:00 UTC"], [DAY] * 3),
    "gaps": (["2026-11-23", "-", "?"], [DAY, N, N]),
}


@pytest.mark.parametrize(("cells", "expected"), TIMES.values(), ids=TIMES)
def test_times_in_the_usual_ways_of_writing_are_times(cells, expected):
    found, entry, noted = column(cells)
    same(found, expected)
    assert entry["kind"] == "time"
    assert "times as text" in noted


def test_day_and_month_are_told_apart_by_the_order_of_the_rows():
    days = pd.date_range("2026-01-01", "2026-12-31").to_series()
    early = days[days.dt.day <= 12]
    found = reading.tidy(pd.DataFrame({"x": early.dt.strftime("%d/%m/%Y"), "y": 1}))
    assert found.table["x"].tolist() == early.tolist()


def test_times_with_a_zone_become_utc_without_one_and_it_is_said():
    raw = pd.DataFrame({"x": pd.date_range("2026-01-01", periods=3, tz="Europe/Berlin"), "y": 1})
    found = reading.tidy(raw)
    assert found.table["x"].iloc[0] == pd.Timestamp("2025-12-31 23:00")
    assert found.findings.iloc[0].tolist()[1:] == [
        "time zone",
        "times in Europe/Berlin",
        "turned to UTC, without a zone",
        3,
    ]


OBJECTS = {
    "decimal": ([Decimal("1.5"), Decimal(2), None], [1.5, 2, N], "number"),
    "mixed numbers": ([1, 2.5, "3"], [1, 2.5, 3], "number"),
    "date": ([date(2026, 11, 23), None], [DAY, N], "time"),
    "bool": ([True, False, None], ["True", "False", N], "text"),
    "bytes": ([b"ab", b"\xff"], ["ab", "\\xff"], "text"),
    "list": ([[1, 2], [3]], ["[1, 2]", "[3]"], "text"),
    "clock": ([time(10, 30), time(9)], [37800, 32400], "number"),
    "excel": ([1.0, "x", 2], ["1", "x", "2"], "text"),
}


@pytest.mark.parametrize(("cells", "expected", "kind"), OBJECTS.values(), ids=OBJECTS)
def test_python_objects_are_read_from_how_they_print(cells, expected, kind):
    raw = pd.DataFrame({"x": pd.Series(cells, dtype=object), "y": 1})
    found = reading.tidy(raw)
    same(found.table["x"].tolist(), expected)
    assert found.spec["columns"][0]["kind"] == kind


TYPED = {
    "bool": (pd.Series([True, False]), [1, 0], "int64"),
    "nullable": (pd.Series([1, None], dtype="Int64"), [1, N], "float64"),
    "boolean": (pd.Series([True, None], dtype="boolean"), [1, N], "float64"),
    "category": (pd.Series(["a", None], dtype="category"), ["a", N], "str"),
    "number category": (pd.Series([1, 2], dtype="category"), [1, 2], "int64"),
    "duration": (pd.Series(pd.to_timedelta(["1min", None])), [60, N], "float64"),
    "small": (pd.Series([1, 2], dtype="uint8"), [1, 2], "int64"),
    "single": (pd.Series([1.5, np.inf], dtype="float32"), [1.5, N], "float64"),
    "long": (pd.Series([2**60 + 1, 2]), [str(2**60 + 1), "2"], "str"),
    "period": (pd.Series(pd.period_range("2026-01", periods=2, freq="M")), ["2026-01", "2026-02"], "str"),
}


@pytest.mark.parametrize(("values", "expected", "dtype"), TYPED.values(), ids=TYPED)
def test_each_type_becomes_number_time_or_text(values, expected, dtype):
    found = reading.tidy(pd.DataFrame({"x": values, "y": 1})).table["x"]
    same(found.tolist(), expected)
    assert found.dtype == dtype


def sensor(*codes, n=400):
    values = np.round(np.random.default_rng(0).normal(20, 3, n), 1)
    for i, code in enumerate(codes):
        values[i * 20 : i * 20 + 20] = code
    return values


@pytest.mark.parametrize("codes", [(-200,), (-999,), (999,), (-9999, 9999), (-999, -99), (-200, 999)])
def test_a_code_for_a_gap_far_from_all_values_is_a_gap_with_the_evidence(codes):
    found = reading.tidy(pd.DataFrame({"x": sensor(*codes), "y": 1}))
    assert found.table["x"].isna().sum() == 20 * len(codes)
    noted = found.findings[found.findings["finding"] == "gap code"]
    assert noted["n_cells"].tolist() == [20] * len(codes)
    assert noted["evidence"].str.contains("cells, all others from").all()


@pytest.mark.parametrize(
    "values",
    [
        np.arange(0, 1000.0),  # 999 is the last of many
        np.r_[np.arange(-150.0, 150), -200, -200, -200],  # others are below zero, and near
        np.r_[np.arange(100.0), 999, 999],  # twice is too seldom
        np.r_[np.zeros(50), np.full(50, -999)],  # nothing to compare with
        np.r_[np.arange(20.0), [-9] * 9],  # -9 is nearer to the others than they are to each other
    ],
)
def test_a_number_that_may_be_meant_is_kept(values):
    found = reading.tidy(pd.DataFrame({"x": values, "y": 1}))
    assert found.table["x"].notna().all()


def test_minus_one_is_reported_and_kept_until_asked_for():
    raw = pd.DataFrame({"pdays": np.r_[np.arange(1, 101), np.full(300, -1)], "y": 1})
    kept, asked = reading.tidy(raw), reading.tidy(raw, gaps=["pdays=-1"])
    assert kept.table["pdays"].notna().all()
    assert kept.findings["action"].str.contains("-p gaps=-1 makes it a gap").any()
    assert asked.table["pdays"].isna().sum() == 300


def test_words_are_gaps_where_they_are_asked_to_be():
    raw = pd.DataFrame({"a": ["Unknown", "b"], "c": ["unknown", "d"]})
    assert reading.tidy(raw, gaps=["a=unknown"]).table.isna().sum().tolist() == [1, 0]
    assert reading.tidy(raw, gaps=["unknown"]).table.isna().sum().tolist() == [1, 1]


def test_a_code_in_the_target_is_reported_and_kept():
    found = reading.tidy(pd.DataFrame({"x": range(400), "y": sensor(-999)}), target="y")
    assert len(found.table) == 400
    assert "gap code?" in set(found.findings["finding"])


def test_a_class_named_none_is_a_class():
    found = reading.tidy(pd.DataFrame({"x": range(4), "y": ["None", "mild", "-", ""]}), target="y")
    assert found.table["y"].tolist() == ["None", "mild", "-"]


def test_rows_without_a_target_are_left_out_and_counted():
    found = reading.tidy(pd.DataFrame({"x": range(5), "y": [1, None, 0, None, 1]}), target="y")
    assert found.table["x"].tolist() == [0, 2, 4]
    assert found.findings.iloc[0].tolist() == ["y", "missing target", "2 of 5 rows have no y", "rows left out", 2]
    assert found.table["y"].dtype == "int64"


def test_names_are_made_unlike_and_said():
    raw = pd.DataFrame([range(8)], columns=["\ufeffid", " a ", "a", "", "a\nb", 5, "größe [m²]", "x<y, z"])
    found = reading.tidy(raw)
    assert list(found.table) == ["id", "a", "a_2", "column_4", "a b", "5", "größe [m²]", "x<y, z"]
    assert (found.findings["finding"] == "name").sum() == 6 - 1


def test_names_that_differ_in_case_or_signs_alone_are_reported():
    found = reading.tidy(pd.DataFrame({"Sold at": [1, 2], "sold_at": [3, 4], "other": [5, 6]}))
    assert found.findings.query("finding == 'names alike'")["column"].tolist() == ["sold_at"]


def test_a_target_is_found_by_its_raw_or_tidy_name_and_else_refused_with_the_nearest():
    raw = pd.DataFrame({" Price ": [1, 2], "b": [1, 2]})
    assert list(reading.tidy(raw, target=" Price ").table) == list(reading.tidy(raw, target="Price").table)
    with pytest.raises(
        InputError, match=r"no column 'Prise' to predict\. Did you mean Price\? Its columns are: Price, b"
    ):
        reading.tidy(raw, target="Prise")


SUSPECTS = {
    "identifier": [f"K{i}" for i in range(100)],
    "free text": [f"some words about item number {i}" for i in range(100)],
    "many categories": [f"c{i % 60}" for i in range(100)],
    "empty": [None] * 100,
}


@pytest.mark.parametrize(("finding", "cells"), SUSPECTS.items(), ids=SUSPECTS)
def test_a_column_that_deserves_a_question_is_reported(finding, cells):
    found = reading.tidy(pd.DataFrame({"x": cells, "z": np.arange(100) % 7})).findings
    assert found.query("column == 'x'")["finding"].tolist() == [finding]


def test_copies_and_equal_rows_are_reported():
    table = pd.DataFrame({"a": [1, 2, 2], "b": [1.5, 2.5, 2.5], "c": [1.5, 2.5, 2.5]})
    found = reading.tidy(table).findings.set_index("finding")
    assert found.loc["duplicate column", "column"] == "c"
    assert found.loc["equal rows", "evidence"] == "1 of 3 rows repeat an earlier one"


def test_a_clean_table_has_no_findings_and_is_unchanged():
    table = pd.DataFrame({"n": [1, 5, 3], "f": [0.5, np.nan, 2.5], "t": ["a", "b", None]})
    before = table.copy(deep=True)
    found = reading.tidy(table)
    pd.testing.assert_frame_equal(found.table, before)
    pd.testing.assert_frame_equal(table, before)
    assert found.findings.empty


DIRTY = pd.DataFrame(
    {
        " price ": ["1.200,50 €", "3,25 €", "?", "7,00 €"] * 30,
        "sold": ["23.11.2026", "1.2.2026", "", "3.4.2026"] * 30,
        "town": [" Bonn", "Ulm", "NULL", "Ulm"] * 30,
        "t": list(sensor(-999, n=120)),
    }
)


def test_the_reading_is_json_and_gives_the_same_for_the_same_table():
    found = reading.tidy(DIRTY)
    spec = json.loads(json.dumps(found.spec))
    pd.testing.assert_frame_equal(coercion.apply(spec, DIRTY), found.table)


def test_a_later_row_is_read_as_the_training_rows_were():
    spec = reading.tidy(DIRTY).spec
    later = pd.DataFrame({"town": ["na"], "price": ["1.000,00 €"], "sold": ["24.12.2026"], "t": [-999], "new": [1]})
    row = coercion.apply(spec, later).iloc[0].to_dict()
    assert row["price"] == 1000
    assert row["sold"] == pd.Timestamp("2026-12-24")
    assert pd.isna(row["town"])
    assert math.isnan(row["t"])
    assert "new" not in row


def test_a_later_row_may_bring_what_is_typed_already_or_make_no_sense():
    spec = reading.tidy(DIRTY).spec
    later = pd.DataFrame(
        {"price": [12.5, "nonsense"], "sold": [pd.Timestamp("2026-12-24", tz="UTC"), "2026-12-24"], "town": [5, None]}
    )
    found = coercion.apply(spec, later)
    same(found["price"].tolist(), [12.5, N])
    assert found["sold"].tolist() == [pd.Timestamp("2026-12-24")] * 2
    same(found["town"].tolist(), ["5", N])


def test_row_labels_survive():
    spec = reading.tidy(DIRTY).spec
    assert coercion.apply(spec, DIRTY.iloc[[5, 3]]).index.tolist() == [5, 3]


def test_coercion_stands_alone():
    import ast
    from pathlib import Path

    tree = ast.parse(Path(coercion.__file__).read_text(encoding="utf-8"))
    named = [
        n.module if isinstance(n, ast.ImportFrom) else n.names[0].name
        for n in ast.walk(tree)
        if isinstance(n, (ast.Import, ast.ImportFrom))
    ]
    assert {name.split(".")[0] for name in named} == {"re", "collections", "typing", "numpy", "pandas"}


@pytest.mark.parametrize("decimal", [".", ","])
def test_a_number_is_what_a_person_reads(decimal):
    other = {".": ",", ",": "."}[decimal]
    assert coercion.number_of(f"1{other}234{decimal}5", decimal) == 1234.5
    for nonsense in ("", "-", "--5", "1-2", "12a", "e5", "()", "٣", f"1{other}23", f"1{decimal}2{decimal}3"):
        assert math.isnan(coercion.number_of(nonsense, decimal)), nonsense


def test_gap_words_are_lower_case_and_unlike():
    for words in (gaps.WORDS, gaps.TARGET_WORDS, gaps.MAYBE_WORDS):
        assert [word.lower() for word in words] == list(dict.fromkeys(words))
    assert not set(gaps.MAYBE_WORDS) & set(gaps.WORDS)
    assert 0.5 < kinds.ENOUGH < 1
