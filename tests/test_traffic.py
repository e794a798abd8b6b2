import pytest
from sqlalchemy import text

from lib import database, traffic

JULY = "2013-07-01T00:00:00", "2013-08-01T00:00:00"


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path, monkeypatch):
    monkeypatch.delenv(database.ADDRESS, raising=False)
    if request.param == "postgresql":
        monkeypatch.setenv(database.ADDRESS, request.getfixturevalue("postgresql"))
    engine = database.connect(tmp_path)
    counted = [
        ("2013-07-01T00:00", 200, 5.0, 900), ("2013-07-31T23:59", 200, 50.0, 80), ("2013-07-02T10:00", 503, 10.0, 15),
        ("2013-07-02T10:00", 422, 1.0, 5), ("2013-08-01T00:00", 503, 30000.0, 1000),
    ]  # fmt: skip
    names = ("minute", "status", "upper_ms", "n")
    query = """INSERT INTO served_requests (model_name, minute, status, upper_ms, n)
        VALUES ('late', :minute, :status, :upper_ms, :n)"""
    with engine.begin() as connection:
        connection.execute(text(query), [dict(zip(names, row, strict=True)) for row in counted])
    return engine


def test_requests_failures_and_times_of_answer_are_those_of_the_window(engine):
    assert traffic.of_window(engine, "late", *JULY) == {"n": 1000, "errors": 15, "p50_ms": 5.0, "p95_ms": 50.0}


def test_a_window_in_which_nothing_was_asked_has_none(engine):
    assert traffic.of_window(engine, "late", "2014-01-01T00:00:00", "2014-02-01T00:00:00") is None
    assert traffic.of_window(engine, "another", *JULY) is None
