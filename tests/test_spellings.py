import pandas as pd
import pytest

from lib import cells, coercion, data, portable, reading, schema, spellings


def counts(*texts):
    return pd.Series(texts * 3 + texts[:1]).value_counts()


@pytest.mark.parametrize(
    ("texts", "known"),
    [
        (("Yes", "yes", "NO", "no", "YES"), {"yes": "Yes", "no": "NO"}),
        (("New York", "new  york", "NEW YORK", "Rome"), {"new york": "New York", "rome": "Rome"}),
        (("m", "M", "f"), {"m": "m", "f": "f"}),
        (("McDonald's", "MCDONALD'S", "Wendy's"), {"mcdonald's": "McDonald's", "wendy's": "Wendy's"}),
        (("Größe", "GRÖSSE", "x"), {"grösse": "Größe", "x": "x"}),
        (("type A1", "type  A1", "b"), {"type a1": "type A1", "b": "b"}),
    ],
)
def test_each_category_is_read_in_its_most_frequent_spelling(texts, known):
    assert spellings.of(counts(*texts))[0] == known


@pytest.mark.parametrize(
    "texts", [("mW", "MW", "kW"), ("a", "A", "b"), ("x1aB", "x1Ab", "y"), ("yes", "no"), ("Yes",), ()]
)
def test_categories_whose_case_may_mean_something_stay_apart(texts):
    assert spellings.of(counts(*texts)) == ({}, [])


def test_a_category_that_stays_apart_does_not_keep_others_from_being_merged():
    known, notes = spellings.of(counts("mW", "MW", "unknown", "Unknown"))
    assert known == {"unknown": "unknown"} and len(notes) == 1


def test_names_and_sentences_are_no_categories():
    texts = [f"Person {chr(97 + k % 26) * (k // 26 + 1)}" for k in range(60)]
    assert spellings.of(pd.Series([*texts, texts[0].upper()]).value_counts()) == ({}, [])


def test_what_was_merged_is_found_with_its_spellings_and_cells():
    finding, evidence, action, n_cells = spellings.of(pd.Series({"Yes": 5, "no": 4, "yes": 2, "YES": 1}))[1][0]
    assert (finding, n_cells) == ("spellings", 3) and "most frequent" in action
    assert evidence == "'Yes' (5) and 'yes' (2) and 'YES' (1)"


@pytest.fixture
def read():
    raw = pd.DataFrame(
        {"paid": ["Yes", " yes", "NO", "Yes", "no ", "no"] * 10, "x": range(60), "y": ["A b", "a  B"] * 30}
    )
    return reading.tidy(raw, target="y")


def test_a_column_and_a_target_have_one_category_for_all_its_spellings(read):
    assert read.table["paid"].unique().tolist() == ["Yes", "no"] and read.table["y"].unique().tolist() == ["A b"]
    found = read.findings[read.findings["finding"] == "spellings"].set_index("column")["n_cells"]
    assert found.to_dict() == {"paid": 20, "y": 30}


@pytest.mark.parametrize("n_rows", [1, 100])
def test_a_later_table_is_read_in_the_same_spellings_and_new_categories_stay_as_they_are(read, n_rows):
    later = pd.DataFrame({"paid": ["yEs", " YES ", "No", "Perhaps", None, "n/a"] * n_rows})
    found = coercion.apply(read.spec, later)["paid"].tolist()[:6]
    assert found[:4] == ["Yes", "Yes", "no", "Perhaps"] and pd.isna(found[4:]).all()


def test_one_row_of_a_request_is_read_as_a_table_is(read):
    X = read.table[["paid", "x"]]
    entries = [entry for entry in read.spec["columns"] if entry["name"] in X]
    contract = {"reading": {**read.spec, "columns": entries}, "schema": schema.learn(X), "required": list(X)}
    rows = [{"paid": " YES", "x": 1}, {"paid": "NO", "x": 2}]
    served = cells.Reader(contract).read(rows)["paid"]
    assert served == ["Yes", "no"] == portable.coerce(pd.DataFrame(rows), contract)["paid"].tolist()


def test_a_file_is_read_in_one_spelling(tmp_path):
    pd.DataFrame({"a": ["Ja", "ja", "nein"] * 20, "b": range(60)}).to_csv(tmp_path / "t.csv", index=False)
    assert data.read(str(tmp_path / "t.csv"))["a"].unique().tolist() == ["Ja", "nein"]
