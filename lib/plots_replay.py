"""The figure of a replay: what each policy scored over time, and when it retrained."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lib.plots import BLUE, GREY, ORANGE, figure

COLOURS = {"never": GREY, "always": BLUE, "alarm": ORANGE}


def scores(policies: Mapping[str, Mapping[str, Any]], title: str, metric: str) -> Figure:
    """Return the score of each window with its interval, a line a policy; retrainings are triangles below.

    Parameters
    ----------
    policies : mapping
        What `replay.compare` returned.
    title, metric : str
    """
    drawn = figure(title, "end of the window", metric, width=8.4, height=4.0)
    ax = drawn.axes[0]
    bottom = _lowest(policies)
    for place, (name, found) in enumerate(policies.items()):
        shift, colour = (place - 1) * 0.12, COLOURS.get(name)
        windows = found["windows"]
        at = np.arange(len(windows)) + shift
        value, low, high = (np.array([w[key] for w in windows], dtype="float64") for key in ("score", "low", "high"))
        ax.plot(at, value, "o-", color=colour, markersize=4, label=_label(name, found))
        ax.vlines(at, low, high, color=colour, linewidth=1, alpha=0.6)
        for moved, fill in ((True, colour), (False, "none")):
            chosen = [a for a, w in zip(at, windows, strict=True) if _decided(w) and w["promoted"] == moved]
            ax.plot(chosen, [bottom] * len(chosen), "^", color=colour, markerfacecolor=fill, markersize=7)
    _ticks(ax, [window["end"] for window in next(iter(policies.values()))["windows"]])
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25), ncols=3)
    ax.annotate("▲ promoted   △ kept the champion", (0.99, 0.02), xycoords="axes fraction", ha="right", color=GREY)
    return drawn


def _label(name: str, found: Mapping[str, Any]) -> str:
    return f"{name} ({found['retrainings']} retrainings)"


def _decided(window: Mapping[str, Any]) -> bool:
    """Return whether something was tried or changed; a promotion may come without a retraining."""
    return window["retrained"] or window["promoted"]


def _lowest(policies: Mapping[str, Mapping[str, Any]]) -> float:
    lows = [w["low"] if w["low"] is not None else w["score"] for found in policies.values() for w in found["windows"]]
    known = [low for low in lows if low is not None]
    return min(known, default=0.0) - 0.01


def _ticks(ax, names: list[str]) -> None:
    step = -(-len(names) // 12)
    ax.set_xticks(range(0, len(names), step), names[::step], rotation=30, ha="right")
