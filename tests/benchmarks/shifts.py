"""Plant changes of several kinds and sizes in a stream, and print after how many windows each is found, and by what.

`python tests/benchmarks/shifts.py`; --rows for the rows of a window, --windows for how many are waited for. The first
line is the stream without any change, whose alarms would be false. The rules are those of 06_monitoring.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))
import streams

from lib import alarms, monitoring, parameters, signals

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "06_monitoring.ipynb"


def moved(size: float) -> Callable:
    """Move the mean of the most important column."""
    return lambda table, draw: table.assign(wind=table["wind"] + size)


def spread(size: float) -> Callable:
    """Widen or narrow the most important column."""
    return lambda table, draw: table.assign(wind=table["wind"] * size)


def mixed(size: float) -> Callable:
    """Turn a share of the rows into another category."""
    return lambda table, draw: table.assign(town=table["town"].where(draw.random(len(table)) >= size, "east"))


def unseen(size: float) -> Callable:
    """Turn a share of the rows into a category that was never seen."""
    return lambda table, draw: table.assign(town=table["town"].where(draw.random(len(table)) >= size, "west"))


def gaps(size: float) -> Callable:
    """Lose a share of the most important column."""
    return lambda table, draw: table.assign(wind=table["wind"].mask(draw.random(len(table)) < size))


KINDS = {
    "mean moved, in standard deviations": (moved, (0.1, 0.25, 0.5, 1.0)),
    "spread, times": (spread, (1.25, 1.5, 2.0, 0.5)),
    "another mixture, share of rows": (mixed, (0.05, 0.1, 0.2, 0.4)),
    "an unseen category, share of rows": (unseen, (0.005, 0.02, 0.05, 0.2)),
    "gaps, share of rows": (gaps, (0.02, 0.1, 0.3, 1.0)),
}
CONCEPTS = (0.9, 0.75, 0.5, 0.0)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--windows", type=int, default=6)
    asked = parser.parse_args()
    known = parameters.of_notebook(NOTEBOOK)
    rules = alarms.rules(known["rules"].default)
    asked.chance = signals.chances(rules, known["alpha"].default)
    table = Table("change", "size", "windows until the alarm", "raised by", title=f"Windows of {asked.rows} rows")
    table.add_row("none", "", *found(rules, asked, None, 1.0, labelled=1.0))
    for kind, (change, sizes) in KINDS.items():
        for size in sizes:
            table.add_row(kind + ", no labels", f"{size:g}", *found(rules, asked, change(size), 1.0, labelled=0.0))
    for concept in CONCEPTS:
        for labelled in (1.0, 0.2, 0.0):
            name = f"concept, {labelled:.0%} of labels"
            table.add_row(name, f"{concept:.0%} left", *found(rules, asked, None, concept, labelled=labelled))
    Console(width=110).print(table)


def found(rules: list, asked: argparse.Namespace, change, concept: float, *, labelled: float) -> tuple[str, str]:
    """Return after how many windows somebody is told, and of what."""
    before = [_assess(asked, 50 + number, None, 1.0, labelled) for number in range(3)]
    for number in range(asked.windows):
        window = _assess(asked, 100 + number, change, concept, labelled)
        before = alarms.attached(rules, [], [*before, window])
        if before[-1]["alarms"]:
            return str(number + 1), ", ".join(alarm["name"] for alarm in before[-1]["alarms"])
    return f"not in {asked.windows}", ""


def _assess(asked: argparse.Namespace, random_state: int, change, concept: float, labelled: float) -> dict:
    rows = streams.rows(asked.rows, random_state, change, concept=concept)
    window = streams.window(rows, labelled)
    return monitoring.assess(streams.known(), *window, start=str(random_state), chance=asked.chance)


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
