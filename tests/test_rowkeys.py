import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from lib import rowkeys

TABLE = pd.DataFrame(
    {"x": [1.0, 2.0, np.nan, 1.0], "town": ["a", None, "b", "a"], "t": pd.to_datetime(["2013-01-01"] * 4)}
)


def test_equal_rows_have_equal_hashes_and_others_have_not():
    found = rowkeys.as_text(rowkeys.hashes(TABLE))
    assert found[0] == found[3] and len(set(found)) == 3 and all(len(key) == 32 for key in found)


def test_a_hash_does_not_hang_on_types_that_hold_the_same():
    other = TABLE.astype({"x": "float32", "town": object, "t": "datetime64[s]"})
    assert (rowkeys.hashes(other) == rowkeys.hashes(TABLE)).all()


def test_a_hash_does_not_hang_on_the_rows_around():
    assert (rowkeys.hashes(TABLE.iloc[[2]]) == rowkeys.hashes(TABLE)[2]).all()


def test_a_hash_stays_what_it_was():
    assert rowkeys.as_text(rowkeys.hashes(TABLE.iloc[:1])) == ["29f9be5dd67a022af5859289b229f2ce"]


def test_the_name_of_a_column_counts():
    assert (rowkeys.hashes(TABLE.rename(columns={"x": "y"})) != rowkeys.hashes(TABLE)).all()


def test_zero_has_one_sign():
    plus, minus = (rowkeys.hashes(pd.DataFrame({"x": [zero]})) for zero in (0.0, -0.0))
    assert (plus == minus).all()


@given(st.lists(st.integers(0, 3), max_size=30), st.integers(1, 7))
def test_occurrences_are_counted_across_parts_as_in_one(values, size):
    lanes = np.column_stack([np.array(values, dtype=np.uint64)] * 2)
    counter = rowkeys.Occurrences()
    parts = [counter.add(lanes[start : start + size]) for start in range(0, len(lanes), size)]
    assert np.concatenate([[], *parts]).tolist() == pd.Series(values, dtype=int).groupby(values).cumcount().tolist()
