import asyncio
import json

import pytest
from releases import MODEL_NAME
from servers import ROWS
from sqlalchemy import text

from lib import answers, database, payloads, predictions, serving
from lib.following import Follower


@pytest.fixture
def make(operating):
    """Return what makes servers without a process, none of which follows or drains by itself."""
    made = []

    def server(key=""):
        made.append(serving.Server(operating, Follower(operating, answers.in_use(operating), key)))
        return made[-1]

    yield server
    for each in made:
        each.writer.close()


def ask(server, *rows):
    """Send a request for each row, all at once, and return what became of them."""

    async def send():
        bodies = [json.dumps({"instances": [row]}).encode() for row in rows]
        return await asyncio.wait_for(asyncio.gather(*(server.ask(body, payloads.JSON) for body in bodies)), 20)

    return asyncio.run(send())


def statuses(server, *rows):
    return [serving._outcome(asked, server.limits)[0] for asked in ask(server, *rows)]


def test_a_character_of_two_halves_is_taken(make):
    assert statuses(make(), {**ROWS[0], "note": "\U0001f600"}) == [200]


@pytest.mark.parametrize("key", [None, [], "", "  ", "a\0b", "k" * 501])
def test_a_key_that_no_database_could_hold_is_refused_and_takes_no_other_request_with_it(make, key):
    server = make(key="id")
    good, bad = ask(server, {**ROWS[0], "id": "order 1"}, {**ROWS[1], "id": key})
    assert good.error is None and bad.error.column == "id"


def test_a_request_that_cannot_be_read_for_a_reason_nobody_thought_of_is_answered_and_so_are_the_others(
    make, monkeypatch, caplog
):
    rows_of = payloads.rows_of

    def fail(body, *rest):
        return rows_of(body, *rest) if b"odd" not in body else 1 / 0

    monkeypatch.setattr(payloads, "rows_of", fail)
    assert statuses(make(), ROWS[0], {"odd": 1}, ROWS[1]) == [200, 500, 200] and "division" in caplog.text


def test_answers_that_cannot_be_written_down_are_not_given_and_nobody_waits_for_them(make, monkeypatch, caplog):
    server = make()
    monkeypatch.setattr(server.writer, "add", lambda record: 1 / 0)
    assert statuses(server, ROWS[0], ROWS[1]) == [500, 500] and "division" in caplog.text


def test_the_drain_outlives_an_error_of_the_driver_and_brings_what_waited(make, operating, caplog):
    server = make()
    with database.connect(operating).begin() as connection:
        connection.execute(
            text("CREATE TRIGGER full BEFORE INSERT ON predicted BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
        )
    ask(server, ROWS[0])
    assert not server.drain.once() and b"cuaderno_database_up 0.0" in server.metrics()
    assert "answers wait in the spool: the disk is full" in caplog.text
    with database.connect(operating).begin() as connection:
        connection.execute(text("DROP TRIGGER full"))
    assert server.drain.once() and len(predictions.window(operating, MODEL_NAME)) == 1
