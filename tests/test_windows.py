from dataclasses import replace

import pytest

from lib import database, windows
from lib.windows import Window

JULY = Window("late", 1, "2013-07-01T00:00:00", "2013-08-01T00:00:00", 900, {"healthy": True, "alarms": []})
AUGUST = replace(JULY, start=JULY.end, end="2013-09-01T00:00:00")


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path, monkeypatch):
    monkeypatch.delenv(database.ADDRESS, raising=False)
    if request.param == "postgresql":
        monkeypatch.setenv(database.ADDRESS, request.getfixturevalue("postgresql"))
    return database.connect(tmp_path)


def without_time(found):
    return [replace(window, at="") for window in found]


def test_windows_come_back_in_the_order_of_time(engine):
    windows.write(engine, [AUGUST, JULY])
    assert without_time(windows.read(engine, "late")) == [JULY, AUGUST]
    assert windows.read(engine, "another") == []


def test_only_the_newest_are_read_where_that_is_asked(engine):
    windows.write(engine, [JULY, AUGUST])
    assert without_time(windows.read(engine, "late", last=1)) == [AUGUST]


def test_a_window_monitored_again_replaces_what_was_found_before(engine):
    windows.write(engine, [JULY, AUGUST])
    windows.write(engine, [replace(JULY, n=901, payload={"healthy": False})])
    found = windows.read(engine, "late")
    assert [window.n for window in found] == [901, 900]
    assert found[0].payload == {"healthy": False}


def test_nothing_to_write_is_no_error(engine):
    windows.write(engine, [])
    assert windows.read(engine, "late") == []
