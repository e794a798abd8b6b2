import numpy as np
import pandas as pd
import pytest
from books import write_book

from lib import data, readers, sheets, sources, volume
from lib.errors import InputError

ROWS = [[k, k / 2, "even" if k % 2 == 0 else "odd"] for k in range(60)]


def test_a_sheet_of_an_excel_book_is_read_by_its_name(tmp_path):
    book = tmp_path / "book.xlsx"
    write_book(book, {"First": [["a", "b"], [1, "x"]], "Prices": [["price", "on"], [1.5, "y"], ["", "z"]]})
    assert readers.read(book).to_dict("list") == {"a": [1], "b": ["x"]}
    prices = readers.read_source(sources.parse(f"{book}::Prices"))
    assert prices["price"].isna().tolist() == [False, True]
    with pytest.raises(InputError, match=r"no sheet Price\. Did you mean Prices\? Its sheets are First, Prices"):
        readers.read(book, "Price")


@pytest.fixture
def book(tmp_path):
    write_book(tmp_path / "t.xlsx", {"Other": [["z"], [1]], "Sheet": [["a", "b", "c"], *ROWS]})
    return tmp_path / "t.xlsx"


def test_a_sheet_in_parts_is_the_sheet(book):
    source = sources.parse(f"{book}::Sheet")
    parts = list(readers.parts(source, 25))
    assert [len(part) for part in parts] == [25, 25, 10]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), readers.read_source(source))


def test_a_sheet_larger_than_the_memory_its_rows_may_take_is_drawn_from(book, monkeypatch):
    monkeypatch.setattr(sheets, "SMALL", 0)
    found = data.read_table(f"{book}::Sheet", "a", table_mb=0.003)
    assert found.n_source == 60 and 10 < len(found.table) < 60
    assert found.table["b"].tolist() == [place / 2 for place in found.places]
    assert found.findings["finding"].iloc[0] == "large table"


def test_the_memory_of_a_large_sheet_is_told_by_its_cells_and_that_of_a_small_one_is_no_question(book, monkeypatch):
    source = sources.parse(f"{book}::Sheet")
    assert volume.megabytes(source) == 0
    monkeypatch.setattr(sheets, "SMALL", 0)
    assert volume.megabytes(source) == pytest.approx(61 * 3 * sheets.BYTES_PER_CELL / 1e6)


@pytest.mark.parametrize(
    "above", [[["Sales of 2024"]], [["Sales of 2024"], [], ["as of", 45000], ["", "in Euro"]], [[""]]]
)
def test_titles_above_the_names_are_left_out_and_said(tmp_path, above):
    write_book(tmp_path / "t.xlsx", {"A": [*above, ["a", "b", "c"], *ROWS]})
    found = data.read_table(str(tmp_path / "t.xlsx"), "a")
    assert list(found.table) == ["a", "b", "c"] and len(found.table) == 60
    said = found.findings.loc[found.findings["finding"] == "lines above the names", "evidence"]
    assert said.str.contains("Sales of 2024").tolist() == ([True] if above[0][0] else [])


@pytest.mark.parametrize("rows", [[["a"], *[[k] for k in range(5)]], [["a", ""], *[[k, 1] for k in range(5)]]])
def test_a_first_row_with_one_cell_names_the_columns_where_no_other_row_does(tmp_path, rows):
    write_book(tmp_path / "t.xlsx", {"A": rows})
    found = readers.read(tmp_path / "t.xlsx")
    assert found.columns[0] == "a" and found["a"].tolist() == list(range(5))


def test_numbers_of_a_sheet_are_no_mixed_types(book):
    found = data.read_table(f"{book}::Sheet", "a")
    assert found.table[["a", "b"]].dtypes.eq(np.float64).all() and found.findings.empty


def test_a_sheet_without_rows_is_a_table_without_rows(tmp_path):
    write_book(tmp_path / "t.xlsx", {"A": [["a", "b"]], "B": []})
    assert readers.read(tmp_path / "t.xlsx").shape == (0, 2) and readers.read(tmp_path / "t.xlsx", "B").shape == (0, 0)


def test_a_book_without_a_sheet_is_refused(tmp_path):
    write_book(tmp_path / "t.xlsx", {})
    with pytest.raises(InputError, match=r"t\.xlsx (has no sheet|cannot be read as a book)"):
        readers.read(tmp_path / "t.xlsx")
