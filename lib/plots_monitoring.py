"""Figures of monitoring, in the style of `lib.plots`: values in, a Figure out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.plots import BLUE, GREY, LIGHT_BLUE, ORANGE, figure, panels, short


def scores(table: pd.DataFrame, before: Mapping[str, Any], title: str) -> Figure:
    """Return the score of each window, measured and estimated, over the band that it had on held-out rows.

    Parameters
    ----------
    table : DataFrame
        What `findings.scores` returned.
    before : mapping
        `metric`, `value`, `low` and `high` on the held-out rows.
    title : str
    """
    drawn = figure(title, "window", before["metric"])
    ax, places = drawn.axes[0], np.arange(len(table))
    if before["low"] is not None:
        ax.axhspan(before["low"], before["high"], color=LIGHT_BLUE, label="held-out rows, 95 % interval")
    for name, colour, offset in (("measured", BLUE, -0.07), ("estimated", ORANGE, 0.07)):
        ax.vlines(places + offset, table[f"{name}_low"], table[f"{name}_high"], color=colour, linewidth=2)
        ax.plot(places + offset, table[name], "o", color=colour, label=name)
    _windows(ax, table.index)
    drawn.legend(ncols=3, loc="outside lower left", frameon=False)
    return drawn


def effects(table: pd.DataFrame, title: str) -> Figure:
    """Return how far each column moved in each window, as shades; what is beyond its limit has its number in it.

    Parameters
    ----------
    table : DataFrame
        What `findings.effects` returned.
    title : str
    """
    drawn = figure(title, "window", height=1.3 + 0.26 * len(table))
    ax, values = drawn.axes[0], table.to_numpy(dtype="float64")
    shades = ax.imshow(values, cmap="Blues", vmin=0, vmax=3, aspect="auto")
    for row, column in np.argwhere(values >= 1):
        colour = "white" if values[row, column] > 1.8 else "black"
        ax.text(column, row, f"{values[row, column]:.1f}", ha="center", va="center", fontsize=8, color=colour)
    ax.set_yticks(np.arange(len(table)), [short(name) for name in table.index])
    _windows(ax, table.columns)
    ax.grid(visible=False)
    drawn.colorbar(shades, ax=ax, label="effect, in units of its limit\nor of what is usual")
    return drawn


def distributions(entries: Sequence[Mapping[str, Any]], title: str, most: int = 6) -> Figure:
    """Return the shares of the rows in each bin or category then and now, one panel a column.

    Parameters
    ----------
    entries : sequence of mapping
        As `drift.judged` returns them.
    title : str
    most : int
    """
    shown = list(entries)[:most]
    titles = [short(entry["column"] + (" has drifted" if entry["drifted"] else "")) for entry in shown] or ["nothing"]
    drawn = panels(titles, ylabel="share of rows", columns=min(3, len(titles)), height=2.3, suptitle=title)
    for ax, entry in zip(drawn.axes, shown, strict=False):
        _shares(ax, entry)
    if shown:
        drawn.axes[0].legend(fontsize=8)
    return drawn


def _shares(ax, entry: Mapping[str, Any]) -> None:
    names = entry["reference"].get("categories") or _bins(entry["reference"]["edges"])
    places = np.arange(len(names))
    for side, colour, label in ((-0.2, GREY, "reference"), (0.2, BLUE, "this window")):
        shares = entry["reference" if side < 0 else "current"]["shares"]
        ax.bar(places + side, shares, width=0.4, color=colour, label=label)
    step = max(1, len(names) // 5)
    ax.set_xticks(places[::step], [short(name, 10) for name in names[::step]], rotation=45, fontsize=8)


def _bins(edges: Sequence[float]) -> list[str]:
    return [f"< {edges[0]:.5g}", *(f"{edge:.5g}" for edge in edges)] if edges else ["all"]


def _windows(ax, starts: Sequence[str]) -> None:
    """Write the starts of windows on the horizontal axis, no more than fit."""
    places = np.arange(len(starts))[:: max(1, len(starts) // 8)]
    ax.set_xticks(places, [str(starts[place])[:10] for place in places], rotation=30, ha="right")
    ax.set_xlim(-0.5, len(starts) - 0.5)
