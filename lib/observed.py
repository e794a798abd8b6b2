"""What the database holds about a model in use, as plain values: decisions, counts by day, windows.

Only aggregates are read, never single predictions, and of old windows only what a line in a figure needs.
"""

import json
from typing import Any

from sqlalchemy import Engine, text

LIGHT = ("performance", "estimated", "alarms", "healthy", "bad", "in_words")
"""The parts of a window's payload that are read for all windows; the rest is read for one at a time."""


def models(engine: Engine) -> list[str]:
    """Return the models that decisions, predictions or windows tell of."""
    query = "SELECT model_name FROM decisions UNION SELECT model_name FROM daily UNION SELECT model_name FROM windows"
    return sorted(row["model_name"] for row in _rows(engine, query, ""))


def decisions(engine: Engine, model_name: str) -> list[dict[str, Any]]:
    """Return the decision log of a model, the newest first."""
    query = """SELECT id, at, actor, kind, from_version, to_version, reason, run_id FROM decisions
        WHERE model_name = :model_name ORDER BY id DESC"""
    return _rows(engine, query, model_name)


def daily(engine: Engine, model_name: str) -> list[dict[str, Any]]:
    """Return, for each day, how many predictions were made, how many have labels, and their sum."""
    query = """SELECT day, sum(n) AS n, sum(n_labelled) AS n_labelled, sum(total) AS total FROM daily
        WHERE model_name = :model_name GROUP BY day ORDER BY day"""
    rows = _rows(engine, query, model_name)
    return [{**row, "n": int(row["n"]), "n_labelled": int(row["n_labelled"])} for row in rows]


def windows(engine: Engine, model_name: str) -> list[dict[str, Any]]:
    """Return all windows of a model, the oldest first, with the light parts of what was found in each."""
    parts = ", ".join(f"{_part(engine, name)} AS {name}" for name in LIGHT)
    query = f"""SELECT model_version, start, "end", n, {parts} FROM windows WHERE model_name = :model_name
        ORDER BY start, "end" """
    return [_window(row) for row in _rows(engine, query, model_name)]


def window(engine: Engine, model_name: str, start: str) -> dict[str, Any]:
    """Return everything that was found in the window that begins at `start`; nothing if there is none."""
    query = "SELECT payload FROM windows WHERE model_name = :model_name AND start = :start"
    rows = _rows(engine, query, model_name, start=start)
    return json.loads(rows[-1]["payload"]) if rows else {}


def _rows(engine: Engine, query: str, model_name: str, **values: Any) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        found = connection.execute(text(query), {"model_name": model_name, **values}).mappings().all()
    return [dict(row) for row in found]


def _part(engine: Engine, name: str) -> str:
    # PostgreSQL's short cast has colons, which would be read as the mark of a bound value.
    if engine.dialect.name == "postgresql":
        return f"CAST(payload AS json)->>'{name}'"
    return f"json_extract(payload, '$.{name}')"


def _window(row: dict[str, Any]) -> dict[str, Any]:
    found = {name: _value(row[name]) for name in ("performance", "estimated", "alarms", "bad")}
    healthy = str(row["healthy"]).lower() in ("1", "true")
    # Labels of one class alone give a number of rows and no score.
    told = {"measured": _scored(found["performance"]), "estimated": _scored(found["estimated"])}
    return {**row, **found, **told, "alarms": found["alarms"] or [], "bad": found["bad"] or [], "healthy": healthy}


def _scored(given: dict[str, Any] | None) -> dict[str, Any] | None:
    return given if given and given.get("value") is not None else None


def _value(given: str | None) -> Any:
    return json.loads(given) if given else None
