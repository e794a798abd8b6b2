"""How the service answered in a window, from what the server counts by minute, status and class of latency."""

from typing import Any

import numpy as np
from sqlalchemy import Engine, text

FAILED = 500
"""From this status on a request failed for the server's fault; those below are the caller's."""


def of_window(engine: Engine, model_name: str, start: str, end: str) -> dict[str, Any] | None:
    """Return requests, failures and times of answer of a window; None if nothing was asked in it.

    Parameters
    ----------
    engine : Engine
    model_name : str
    start, end : str
        ISO 8601, UTC, without a zone.

    Returns
    -------
    dict or None
        `n`, `errors`, and `p50_ms` and `p95_ms`: the upper ends of the classes in which half, and nineteen in twenty,
        of the answers lie.
    """
    query = """SELECT status, upper_ms, sum(n) AS n FROM served_requests
        WHERE model_name = :model_name AND minute >= :start AND minute < :end
        GROUP BY status, upper_ms ORDER BY upper_ms"""
    asked = {"model_name": model_name, "start": start[:16], "end": end[:16]}
    with engine.connect() as connection:
        rows = connection.execute(text(query), asked).all()
    if not rows:
        return None
    counts, uppers = np.array([int(row.n) for row in rows]), [float(row.upper_ms) for row in rows]
    return {
        "n": int(counts.sum()),
        "errors": sum(int(row.n) for row in rows if row.status >= FAILED),
        **{f"p{share}_ms": uppers[_place(counts, share / 100)] for share in (50, 95)},
    }


def _place(counts: np.ndarray, share: float) -> int:
    return int(np.searchsorted(np.cumsum(counts), share * counts.sum()))
