"""Telling people: by mail, chat or webhook, whatever the one address in the environment says, through apprise.

A notice is first written to the database and then sent. One that could not be sent, or came in the quiet hours, is sent
by the next call; so a receiver that is down neither fails the work nor loses the word.
"""

import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, text

from lib import alarms, database

ADDRESS = "CUADERNO_ALARM_URL"
MOST_AT_ONCE = 20
_LOG = logging.getLogger("cuaderno")
_KINDS = {"info": "info", "warning": "warning", "stop": "failure"}


@dataclass(frozen=True)
class Notice:
    """A word to people about a model; its key keeps it from being said twice."""

    model_name: str
    key: str
    severity: str
    title: str
    body: str


@dataclass(frozen=True)
class Sent:
    """How many notices went out, how many wait, and why."""

    sent: int
    waiting: int
    reason: str = ""


def of_alarm(model_name: str, alarm: Mapping[str, Any]) -> Notice:
    """Return the notice of an alarm: what, how bad, since when, and what to do."""
    body = (
        f"{alarm['what']}\n"
        f"Found {alarm['value']}, limit {alarm['limit']}. Since {alarm['since']}.\n"
        f"What to do: {alarm['todo']}"
    )
    key = f"{model_name}/{alarm['name']}/{alarm['severity']}/{alarm['since']}"
    return Notice(model_name, key, alarm["severity"], f"{alarm['severity']}: {alarm['name']} of {model_name}", body)


def write(engine: Engine, notices: Iterable[Notice]) -> None:
    """Add notices to those to be sent; one that was said before, with the same key, is not said again."""
    rows = [{**vars(notice), "at": database.now()} for notice in notices]
    query = """INSERT INTO notices (at, model_name, key, severity, title, body)
        VALUES (:at, :model_name, :key, :severity, :title, :body) ON CONFLICT (key) DO NOTHING"""
    if rows:
        with engine.begin() as connection:
            connection.execute(text(query), rows)


def send(engine: Engine, quiet_hours: str = "", now: datetime | None = None) -> Sent:
    """Send what waits, the oldest first, and return how that went; it never raises for a receiver.

    Parameters
    ----------
    engine : Engine
    quiet_hours : str
        As ``"22-7"``, in the machine's time zone: only notices with severity ``stop`` go out then.
    now : datetime, optional
        The time that it is; for tests.
    """
    waiting = _waiting(engine)
    quiet = alarms.is_quiet(quiet_hours, now or datetime.now().astimezone())
    due = [row for row in waiting if not quiet or row["severity"] == "stop"]
    address = os.environ.get(ADDRESS, "")
    if not due or not address:
        reason = "quiet hours" if waiting and not due else f"{ADDRESS} is not set" if due else ""
        return Sent(0, len(waiting), reason)
    n_sent, problem = _send_all(engine, due[:MOST_AT_ONCE], address)
    return Sent(n_sent, len(waiting) - n_sent, problem)


def _send_all(engine: Engine, rows: list[Mapping[str, Any]], address: str) -> tuple[int, str]:
    """Send these one by one, up to the first that does not go out; return how many did, and what was wrong."""
    for number, row in enumerate(rows):
        problem = _send(address, row)
        _note(engine, row["id"], problem)
        if problem:
            _LOG.warning("A notice could not be sent, and is kept for the next call: %s", problem)
            return number, problem
    return len(rows), ""


def _send(address: str, row: Mapping[str, Any]) -> str:
    """Send one notice; return what was wrong, without the address, which may hold a password."""
    import apprise

    receivers = apprise.Apprise()
    if not receivers.add(address):
        return f"{ADDRESS} is no address that apprise understands"
    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    try:
        sent = receivers.notify(title=row["title"], body=row["body"], notify_type=_KINDS[row["severity"]])
    except Exception as error:  # noqa: BLE001  whatever a receiver does, the work goes on
        return f"the receiver raised {type(error).__name__}"
    return "" if sent else "the receiver did not take it"


def _waiting(engine: Engine) -> list[dict[str, Any]]:
    query = "SELECT id, severity, title, body FROM notices WHERE sent_at IS NULL ORDER BY id"
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(query)).mappings()]


def _note(engine: Engine, number: int, problem: str) -> None:
    query = """UPDATE notices SET attempts = attempts + 1, tried_at = :at, error = :error, sent_at = :sent_at
        WHERE id = :id"""
    at = database.now()
    with engine.begin() as connection:
        connection.execute(text(query), {"at": at, "error": problem, "sent_at": None if problem else at, "id": number})
