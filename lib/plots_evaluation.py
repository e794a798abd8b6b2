"""Figures of the evaluation, in the style of `lib.plots`: values in, a Figure out."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.plots import BLUE, GREY, ORANGE, PALETTE, figure, panels, short


def calibration(bins: pd.DataFrame, title: str, quantity: str) -> Figure:
    """Return what was predicted against what came true, with the diagonal on which the two agree.

    Parameters
    ----------
    bins : DataFrame
        What `calibration.bins` returned.
    title : str
    quantity : str
        What was predicted, with its unit: ``"share of late flights"``.
    """
    drawn = figure(title, f"predicted {quantity}", f"observed {quantity}", width=4.8, height=4.2)
    ax = drawn.axes[0]
    both = bins[["predicted", "observed"]]
    ends = np.array([both.min().min(), both.max().max()])
    ax.plot(ends, ends, color=GREY, linestyle="--", label="as predicted")
    if "low" in bins:
        ax.vlines(bins["predicted"], bins["low"], bins["high"], color=BLUE, linewidth=2, label="95 % interval")
    ax.plot(bins["predicted"], bins["observed"], "o", color=BLUE, label="a tenth of the rows")
    ax.legend(loc="upper left")
    return drawn


def cost_curve(curve: pd.DataFrame | None, threshold: float | None, break_even: float, title: str) -> Figure | None:
    """Return the mean cost of a row at every threshold, with the threshold chosen and the theoretical one.

    None for a task that has no threshold, and so no curve.
    """
    if curve is None:
        return None
    drawn = figure(title, "threshold: act on a row from this probability on", "cost a row, in the contract's units")
    ax = drawn.axes[0]
    shown = curve[np.isfinite(curve["threshold"])]
    ax.plot(shown["threshold"], shown["cost"], color=BLUE)
    ax.axhline(curve["cost"].iloc[0], color=GREY, linestyle=":", label="never act")
    ax.axhline(curve["cost"].iloc[-1], color=GREY, linestyle="-.", label="always act")
    ax.axvline(threshold, color=ORANGE, label="cheapest")
    ax.axvline(break_even, color=ORANGE, linestyle="--", label="break-even, if probabilities are true")
    ax.set_ylim(bottom=0)
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return drawn


def slices(table: pd.DataFrame, overall: float, title: str, xlabel: str) -> Figure | None:
    """Return the score of each slice with its interval, and a line at the score of all rows; None without slices."""
    if table.empty:
        return None
    drawn = figure(title, xlabel, height=1.0 + 0.3 * len(table))
    ax = drawn.axes[0]
    shown, places = table[::-1], np.arange(len(table))
    ax.hlines(places, shown["low"], shown["high"], color=BLUE, linewidth=2)
    ax.plot(shown["score"], places, "o", color=BLUE)
    ax.axvline(overall, color=ORANGE, linestyle="--", linewidth=1.5)
    names = [short(f"{row.column} = {row.value} ({row.n_samples})", 60) for row in shown.itertuples()]
    ax.set_yticks(places, names)
    ax.set_ylim(-0.5, len(table) - 0.5)
    return drawn


def partial_dependences(tables: Mapping[str, pd.DataFrame], title: str, ylabel: str) -> Figure:
    """Return one panel a column, all on the same scale: lines over numbers, dots over categories.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        For each column what `explanation.partial_dependence` returned.
    title, ylabel : str
    """
    drawn = panels(list(tables), ylabel=ylabel, columns=2, height=2.4, suptitle=title)
    for ax, table in zip(drawn.axes, tables.values(), strict=True):
        _dependence(ax, table)
    ends = np.array([ax.get_ylim() for ax in drawn.axes])
    for ax in drawn.axes:
        ax.set_ylim(ends[:, 0].min(), ends[:, 1].max())
    if tables and len(next(iter(tables.values())).columns) > 1:
        drawn.axes[0].legend(fontsize=8)
    return drawn


def _dependence(ax, table: pd.DataFrame) -> None:
    numeric = pd.api.types.is_numeric_dtype(table.index)
    places = table.index if numeric else np.arange(len(table))
    for name, colour in zip(table, PALETTE, strict=False):
        ax.plot(places, table[name], "-o" if numeric else "o", color=colour, markersize=4, label=short(name))
    if not numeric:
        ax.set_xticks(places, [short(value, 10) for value in table.index], rotation=45)
