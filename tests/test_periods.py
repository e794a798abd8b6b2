import pandas as pd
import pytest

from lib import periods
from lib.errors import InputError


def hours(n, start="2013-01-30"):
    return pd.Series(pd.date_range(start, periods=n, freq="h"), name="at")


def test_months_are_cut_where_they_end():
    found = periods.cut(hours(24 * 40), "month")
    assert [(w.start, w.end, len(w)) for w in found] == [
        ("2013-01-01", "2013-02-01", 48),
        ("2013-02-01", "2013-03-01", 672),
        ("2013-03-01", "2013-04-01", 240),
    ]


@pytest.mark.parametrize("by", [*periods.FREQUENCIES, "100"])
def test_every_row_is_in_one_window_and_none_is_too_small(by):
    found = periods.cut(hours(24 * 40), by)
    assert [w.first for w in found[1:]] == [w.last for w in found[:-1]]
    assert (found[0].first, found[-1].last) == (0, 960)
    assert min(map(len, found)) >= periods.LEAST_ROWS


def test_a_small_last_window_joins_the_one_before():
    assert [len(w) for w in periods.cut(pd.Series(range(210)), "100")] == [100, 110]


def test_windows_with_few_rows_join_until_they_are_enough():
    assert [len(w) for w in periods.cut(hours(24 * 10), "day")] == [48, 48, 48, 48, 48]


def test_windows_of_rows_need_no_time_and_are_named_by_their_rows():
    assert periods.cut(pd.Series(range(200)), "100")[1].start == "row 100"


def test_windows_of_time_without_a_time_are_refused_with_what_to_do():
    with pytest.raises(InputError, match="--time COLUMN, or count rows"):
        periods.cut(pd.Series(range(200), name="number"), "month")


@pytest.mark.parametrize("by", ["fortnight", "12", "-5", ""])
def test_other_windows_are_refused(by):
    with pytest.raises(InputError, match="--by takes hour, day"):
        periods.cut(hours(100), by)
