"""A replay for people: the table on the terminal, the figure, and a page that needs no network."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lib import files, pages, plots_replay

COLUMNS = ("policy", "mean score", "gain over never", "retrainings", "promotions", "seconds")


def rows(found: Mapping[str, Any]) -> list[list[str]]:
    """Return one row a policy, as text."""
    return [
        [
            name,
            _number(_mean(policy["windows"])),
            "–" if name == "never" else _interval(policy["gain"]),
            str(policy["retrainings"]),
            str(policy["promotions"]),
            f"{policy['seconds']:.1f}",
        ]
        for name, policy in found["policies"].items()
    ]


def text(found: Mapping[str, Any]) -> str:
    """Return a replay as a table, and what to take from it, for a terminal or a file."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=found["title"], title_justify="left", caption=found["in_words"], caption_justify="left")
    for name in COLUMNS:
        table.add_column(name, justify="left" if name == "policy" else "right")
    for row in rows(found):
        table.add_row(*row)
    stream = io.StringIO()
    Console(file=stream, width=100).print(table)
    return stream.getvalue() + f"\nFigure and windows: {found['page']}"


def in_words(found: Mapping[str, Mapping[str, Any]], share: float | None) -> str:
    """Return what the comparison says, in a sentence or two."""
    alarm, always = found["alarm"], found["always"]
    if share is None:
        start = "Retraining after every window gained nothing over never retraining, so there is no gain to keep."
    else:
        start = f"On alarm, {share:.0%} of the gain of retraining always is kept"
        start += f", with {alarm['retrainings']} retrainings in the place of {always['retrainings']}."
    back = alarm["returned"]
    return start + (f" The alarm's budget was spent on {back}: back to design." if back else "")


def write(found: Mapping[str, Any], folder: Path) -> Path:
    """Write the figure and the page of a replay, and return the page."""
    figure = plots_replay.scores(found["policies"], found["title"], found["metric"])
    picture = pages.png(figure)
    name = found["name"]
    files.replace(folder / f"{name}.png", lambda temporary: temporary.write_bytes(picture))
    alt = f"{found['metric']} of each window under each policy, with intervals, and when each retrained"
    sections = [
        pages.Section("The policies", [found["in_words"]], COLUMNS, rows(found)),
        pages.Section("Score over time", [READING], picture=pages.embedded(picture), alt=alt),
        *(_windows(policy, told) for policy, told in found["policies"].items()),
        *(_attempts(policy, told) for policy, told in found["policies"].items() if told["attempts"]),
    ]
    return pages.write(folder / f"{name}.html", found["title"], found["lead"], sections)


READING = (
    "Each point is a window, each line its 95 % interval. A filled triangle is a retraining whose model was promoted, "
    "an empty one a retraining after which the champion stayed. A filled one without a retraining is a challenger that "
    "newer rows let in later."
)


LOOKS = "Look 1 follows a retraining; a second one judges the same challenger on the newer rows as well."


def _windows(policy: str, told: Mapping[str, Any]) -> pages.Section:
    shown = [{**window, "alarms": "; ".join(window["alarms"])} for window in told["windows"]]
    columns = ("start", "end", "n", "score", "low", "high", "alarms")
    return pages.Section(f"Windows under {policy}", (), columns, pages.table(shown, columns))


def _attempts(policy: str, told: Mapping[str, Any]) -> pages.Section:
    shown = [{**one, "gain": _interval(one["gain"])} for one in told["attempts"]]
    columns = ("at", "look", "promoted", "gain", "reason")
    return pages.Section(f"Comparisons under {policy}", [LOOKS], columns, pages.table(shown, columns))


def _mean(windows: list[Mapping[str, Any]]) -> float | None:
    known = [(window["score"], window["n"]) for window in windows if window["score"] is not None]
    return sum(score * n for score, n in known) / sum(n for _, n in known) if known else None


def _interval(found: Mapping[str, float | None]) -> str:
    return f"{_number(found['value'])} ({_number(found['low'])} to {_number(found['high'])})"


def _number(value: float | None) -> str:
    return "–" if value is None or value != value else f"{value:.4f}"
