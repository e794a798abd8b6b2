"""What a person sees while a run goes on, and its last lines: live on a terminal, plain lines elsewhere."""

import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TextIO

from lib import parameters
from lib.events import Event, Listener

SIGNS = {
    "planned": "·",
    "waiting": "·",
    "started": "▸",
    "cell": "▸",
    "reused": "=",
    "done": "✓",
    "refused": "✗",
    "failed": "✗",
}
COLOURS = {"started": "cyan", "cell": "cyan", "reused": "dim", "done": "green", "refused": "red", "failed": "red"}
ENDED = ("reused", "done", "refused", "failed")
QUIET_SECONDS = 30
"""How long plain lines are silent about a notebook at work."""

NEXT = {
    "done": ("uv run pipeline.py status", ""),
    "refused": ("uv run pipeline.py run", "(after what was refused is put right; what is up to date is not redone)"),
}
"""What to type after a run, and what is to be known of it."""


@contextmanager
def shown(*, quiet: bool = False, stream: TextIO | None = None) -> Iterator[Listener]:
    """Give a listener that shows the events of a run until the block ends.

    Parameters
    ----------
    quiet : bool
        Show nothing, as `--json` asks.
    stream : file, optional
        Where to; standard error by default, so that results stay alone on standard output.
    """
    stream = stream or sys.stderr
    if quiet:
        yield lambda _: None
    elif stream.isatty():
        with _live(stream) as listener:
            yield listener
    else:
        yield Lines(stream)


@dataclass
class Lines:
    """A listener that writes a line where a notebook starts and ends, and a sign of life between."""

    stream: TextIO
    spoke: dict[str, float] = field(default_factory=dict)

    def __call__(self, event: Event) -> None:
        """Show an event, unless it is one of many."""
        if event.kind == "planned" or (event.kind == "cell" and not self._due(event)):
            return
        self.spoke[event.execution] = event.seconds
        print(line(event), file=self.stream, flush=True)

    def _due(self, event: Event) -> bool:
        return event.seconds - self.spoke.get(event.execution, 0.0) >= QUIET_SECONDS


def line(event: Event) -> str:
    """Return an event as one line of text."""
    said = {
        "planned": lambda: "planned",
        "waiting": lambda: "waits",
        "started": lambda: (
            "started" + (f", about {duration(event.expected_seconds)}" if event.expected_seconds else "")
        ),
        "cell": lambda: f"cell {event.cell} of {event.n_cells}, {_elapsed(event.seconds, event.expected_seconds)}",
        "reused": lambda: "up to date",
        "done": lambda: f"done in {duration(event.seconds)}",
        "refused": lambda: f"refused after {duration(event.seconds)}",
        "failed": lambda: f"failed after {duration(event.seconds)}",
    }[event.kind]()
    return f"{event.execution:<24} {said}" + (f": {_first_line(event.message)}" if event.message else "")


def duration(seconds: float) -> str:
    """Return a duration as a person says it."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def ending(result: Mapping[str, Any]) -> str:
    """Return the last lines of a run: how it ended, what was registered, where to look, and what to do next.

    Parameters
    ----------
    result : mapping
        What `--json` gives: ``status``, and where known ``message``, ``gates``, ``metric``, ``score``, ``version``,
        ``alias``, ``report``, ``seconds``, ``new`` and ``parameters``, those that were given.
    """
    rows = {
        "run": _ended(result),
        "because": result.get("message"),
        "gates": "\n".join(_gate(gate) for gate in result.get("gates") or ()),
        "score": f"{result['metric']} {result['score']:.3f} on the test rows"
        if result.get("score") is not None
        else "",
        "model": f"version {result['version']} is {result['alias']}" if result.get("version") else "",
        "report": result.get("report"),
        "next": _next(result["status"], result.get("parameters") or {}),
    }
    return "\n".join(f"{name:<8} {_indented(text)}" for name, text in rows.items() if text)


def _next(status: str, given: Mapping[str, Any]) -> str:
    command, known = NEXT[status]
    asked = parameters.as_options(given) if status == "refused" else ""
    return "  ".join(part for part in (command + (f" {asked}" if asked else ""), known) if part)


def _ended(result: Mapping[str, Any]) -> str:
    if not result.get("new", True):
        return f"{result['status']} before; nothing has changed since, so nothing was executed"
    return result["status"] + (f" in {duration(result['seconds'])}" if result.get("seconds") else "")


def _gate(gate: Mapping[str, Any]) -> str:
    mark = "passed " if gate["passed"] else "REFUSED"
    return f"{mark}  {gate['name']}: found {gate['value']}, limit {gate['limit']}"


@dataclass
class _Row:
    """What the live table knows of one execution."""

    event: Event
    began: float = 0.0
    expected: float | None = None


class _Table:
    """The executions as a table that rich draws anew several times a second."""

    def __init__(self):
        self.rows: dict[str, _Row] = {}
        self.lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        with self.lock:
            row = self.rows.setdefault(event.execution, _Row(event))
            row.event = event
            row.began = time.monotonic() - event.seconds
            row.expected = event.expected_seconds or row.expected

    def __rich__(self):
        from rich.table import Table

        table = Table.grid(padding=(0, 2))
        with self.lock:
            for row in self.rows.values():
                table.add_row(*_columns(row), style=COLOURS.get(row.event.kind, "dim"))
        return table


def _columns(row: _Row) -> tuple[str, str, str, str]:
    event = row.event
    if event.kind == "planned":
        timing = f"about {duration(row.expected)}" if row.expected else ""
    elif event.kind in ENDED:
        timing = "up to date" if event.kind == "reused" else duration(event.seconds)
    else:
        timing = _elapsed(time.monotonic() - row.began, row.expected)
    cell = f"cell {event.cell} of {event.n_cells}" if event.kind == "cell" else ""
    return f"{SIGNS[event.kind]} {event.execution}", cell, timing, _first_line(event.message)


@contextmanager
def _live(stream: TextIO) -> Iterator[Listener]:
    from rich.console import Console
    from rich.live import Live

    table = _Table()
    with Live(table, console=Console(file=stream), refresh_per_second=4, transient=False):
        yield table


def _elapsed(seconds: float, expected: float | None) -> str:
    return duration(seconds) + (f" of about {duration(expected)}" if expected else "")


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _indented(text: str) -> str:
    return text.strip().replace("\n", "\n" + " " * 9)
