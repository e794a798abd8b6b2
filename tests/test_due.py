from dataclasses import replace
from datetime import datetime

import pandas as pd
import pytest

from lib import due, predictions
from lib.due import Due
from lib.errors import InputError
from lib.windows import Window

LATER = datetime(2013, 9, 15)  # noqa: DTZ001


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.delenv("CUADERNO_DATABASE_URL", raising=False)
    for version, day, n in ((1, "2013-07-03", 30), (1, "2013-07-20", 10), (2, "2013-07-30", 50), (2, "2013-09-14", 5)):
        rows = pd.DataFrame(
            {
                "event_time": pd.Timestamp(day), "prediction": "yes", "probability": 0.7, "probabilities": None,
                "input_hash": "x",
            },
            index=pd.Index([f"{day} {number}" for number in range(n)], name="row_key"),
        )  # fmt: skip
        predictions.write(tmp_path, "late", rows, predictions.Origin(day, version, "p", "somewhere"))
    return tmp_path


def windows(store, by="month", **given):
    return due.windows(store, "late", by, now=LATER, **given)


def test_windows_that_have_ended_are_due_with_the_version_that_predicted_most(store):
    assert windows(store) == [Due("2013-07-01T00:00:00", "2013-08-01T00:00:00", 2, 90, 0)]


def test_the_running_window_is_due_where_that_is_asked(store):
    assert [window.start[:10] for window in windows(store, unfinished=True)] == ["2013-07-01", "2013-09-01"]


@pytest.mark.parametrize("by", due.LENGTHS)
def test_a_time_that_stands_for_an_open_end_makes_no_window_and_ends_none(store, by):
    before = windows(store, by)
    row = predictions.window(store, "late").head(1)[["prediction", "probability"]]
    never = row.assign(event_time=pd.Timestamp("9999-12-31"), probabilities=None, input_hash="y")
    predictions.write(store, "late", never, predictions.Origin("never", 1, "p", "somewhere"))
    assert windows(store, by) == before


def test_weeks_begin_on_monday(store):
    assert [window.start[:10] for window in windows(store, "week")] == ["2013-07-01", "2013-07-15", "2013-07-29"]


def test_a_length_that_days_do_not_add_up_to_is_refused(store):
    with pytest.raises(InputError, match="by is one of day, week, month"):
        windows(store, "hour")


def test_nothing_predicted_is_nothing_due(store):
    assert due.windows(store, "another", "day") == []


WEEKS = [Due(f"2013-07-{day:02}", f"2013-07-{day + 7:02}", 1, 100, 0) for day in (1, 8, 15)]


def monitored(window, **counted):
    told = {"n": window.n, "labelled": window.n_labelled, **counted}
    return Window("late", 1, window.start, window.end, window.n, {"counted": told})


def test_what_was_monitored_is_not_pending():
    assert due.pending(WEEKS, [monitored(window) for window in WEEKS]) == []
    assert due.pending(WEEKS, [monitored(window) for window in WEEKS[:2]]) == WEEKS[2:]


def test_a_window_with_new_labels_is_pending_and_so_are_those_after_it():
    relabelled = [WEEKS[0], replace(WEEKS[1], n_labelled=40), WEEKS[2]]
    assert due.pending(relabelled, [monitored(window) for window in WEEKS]) == relabelled[1:]


def test_windows_can_be_asked_for_again():
    assert due.pending(WEEKS, [monitored(window) for window in WEEKS], start="2013-07-10") == WEEKS[1:]


def test_a_time_that_is_none_is_refused():
    with pytest.raises(InputError, match="--from takes a date"):
        due.pending(WEEKS, [], start="last summer")


def test_windows_of_the_same_version_come_before_another_until_they_are_too_many_rows():
    def made(month, version, n):
        return Due(f"2013-{month:02}-01T00:00:00", f"2013-{month + 1:02}-01T00:00:00", version, n, n)

    every = [made(1, 1, 10), made(2, 2, due.MOST_EARLIER + 1), made(3, 2, 10), made(4, 2, 10), made(5, 2, 10)]
    assert due.before(every, every[4:]) == every[2:4]
    assert due.before(every, every[2:]) == [], "the window before has too many rows"
    assert due.before(every, every[1:2]) == [], "the window before is of another version"
