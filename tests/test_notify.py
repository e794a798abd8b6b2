import json
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sqlalchemy import text

from lib import database, notify
from lib.notify import Notice

ALARM = {
    "name": "performance", "severity": "stop", "what": "roc_auc is 0.6.", "since": "2013-07-01", "value": 0.6,
    "limit": 0.7, "todo": "Retrain on newer rows.",
}  # fmt: skip
NIGHT, NOON = datetime(2024, 1, 1, 23, 30), datetime(2024, 1, 1, 12, 0)  # noqa: DTZ001


class Receiver(HTTPServer):
    """A webhook on this machine that keeps what it gets, and answers as it is told."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer, self.got = 200, []


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver(monkeypatch):
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv(notify.ADDRESS, f"json://127.0.0.1:{server.server_port}/alarms")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path, monkeypatch):
    monkeypatch.delenv(database.ADDRESS, raising=False)
    if request.param == "postgresql":
        monkeypatch.setenv(database.ADDRESS, request.getfixturevalue("postgresql"))
    engine = database.connect(tmp_path)
    notify.write(engine, [notify.of_alarm("late", ALARM)])
    return engine


def test_a_notice_says_what_how_bad_since_when_and_what_to_do(engine, receiver):
    assert notify.send(engine) == notify.Sent(1, 0)
    got = receiver.got[0]
    assert (got["title"], got["type"]) == ("stop: performance of late", "failure")
    for said in ("roc_auc is 0.6.", "Found 0.6, limit 0.7", "Since 2013-07-01", "Retrain on newer rows."):
        assert said in got["message"]


def test_the_same_alarm_is_told_once(engine, receiver):
    notify.send(engine)
    notify.write(engine, [notify.of_alarm("late", ALARM)])
    assert notify.send(engine) == notify.Sent(0, 0)
    assert len(receiver.got) == 1


def test_a_failing_receiver_fails_nothing_and_is_tried_again_by_the_next_call(engine, receiver):
    receiver.answer = 500
    assert notify.send(engine) == notify.Sent(0, 1, "the receiver did not take it")
    receiver.answer = 200
    assert notify.send(engine) == notify.Sent(1, 0)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT attempts, error FROM notices")).one()
    assert tuple(row) == (2, "")


def test_a_receiver_that_is_not_there_fails_nothing(engine, monkeypatch):
    monkeypatch.setenv(notify.ADDRESS, "json://127.0.0.1:9/alarms")
    assert notify.send(engine).waiting == 1


@pytest.mark.parametrize("address", ["nosuch://secret-word@host", "not an address"])
def test_an_address_that_nobody_understands_fails_nothing_and_is_not_repeated(engine, monkeypatch, address):
    monkeypatch.setenv(notify.ADDRESS, address)
    found = notify.send(engine)
    assert found.waiting == 1 and "secret-word" not in found.reason and notify.ADDRESS in found.reason


def test_without_an_address_notices_wait(engine, monkeypatch):
    monkeypatch.delenv(notify.ADDRESS, raising=False)
    assert notify.send(engine) == notify.Sent(0, 1, f"{notify.ADDRESS} is not set")


def test_quiet_hours_hold_back_all_but_what_is_grave_until_they_are_over(engine, receiver):
    notify.write(engine, [Notice("late", "key", "warning", "title", "body")])
    assert notify.send(engine, "22-7", NIGHT) == notify.Sent(1, 1)
    assert notify.send(engine, "22-7", NIGHT) == notify.Sent(0, 1, "quiet hours")
    assert notify.send(engine, "22-7", NOON) == notify.Sent(1, 0)
    assert [got["type"] for got in receiver.got] == ["failure", "warning"]
