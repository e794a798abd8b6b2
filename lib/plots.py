"""Figures: values in, a matplotlib Figure out, in one style that is readable for the colour-blind and in print.

Every figure has a title that says what is shown and axis labels with units. Further figures live in modules named
``plots_<stem>`` and start from `figure` and `panels`, so that all look alike.
"""

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import dates
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, GREY, LIGHT_BLUE = "#0072b2", "#d55e00", "#009e73", "#8a8a8a", "#cfe3f0"
PALETTE = (BLUE, ORANGE, GREEN, "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe and Ito (2008), "Color universal design": told apart by all, black and yellow left out or last."""

ROLE_COLOURS = {"train": BLUE, "validation": ORANGE, "test": GREEN}
# A name in a script that the font lacks is drawn as boxes, and needs no line of warning for each letter.
warnings.filterwarnings("ignore", "Glyph .* missing from font")
DPI = 80
STYLE = {
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "legend.frameon": False,
    "axes.prop_cycle": plt.cycler(color=PALETTE),
}


def figure(title: str, xlabel: str = "", ylabel: str = "", *, width: float = 7.0, height: float = 3.2) -> Figure:
    """Return a figure with one pair of axes (``figure.axes[0]``), titled and labelled.

    Parameters
    ----------
    title, xlabel, ylabel : str
        What is shown, and what the axes measure, with units.
    width, height : float
        In inches; at 80 dots an inch the standard figure is 560 pixels wide.
    """
    return panels([title], xlabel, ylabel, width=width, height=height, columns=1)


def panels(
    titles: Sequence[str],
    xlabel: str = "",
    ylabel: str = "",
    *,
    columns: int = 3,
    width: float = 8.0,
    height: float = 1.9,
    suptitle: str = "",
) -> Figure:
    """Return a figure with one small pair of axes for each title, `height` inches a row.

    The label of the vertical axes stands at the left of each row; spare axes are removed.
    """
    n_rows = -(-len(titles) // columns)
    with plt.rc_context(STYLE):
        drawn = plt.figure(figsize=(width, height * n_rows))
        axes = drawn.subplots(n_rows, columns, squeeze=False).ravel()
        for place, (ax, title) in enumerate(zip(axes, titles, strict=False)):
            ax.set_title(_plain(title))
            ax.set(xlabel=_plain(xlabel), ylabel=_plain(ylabel) if place % columns == 0 else "")
        for ax in axes[len(titles) :]:
            ax.remove()
        drawn.suptitle(_plain(suptitle) or None, x=0.01, ha="left", fontsize=12)
    # pyplot would show an open figure a second time, at the end of the cell that returns it
    plt.close(drawn)
    return drawn


def bars(values: pd.Series, title: str, xlabel: str, *, limit: float | None = None, most: int = 15) -> Figure:
    """Return horizontal bars, the first value on top, with a line at a limit; no more than `most` of them."""
    shown = values.iloc[:most][::-1]
    more = f" (first {most} of {len(values)})" if len(values) > most else ""
    drawn = figure(title + more, xlabel, height=max(1.6, 0.6 + 0.24 * len(shown)))
    ax = drawn.axes[0]
    ax.barh([short(name) for name in shown.index], shown.to_numpy(), color=BLUE)
    ax.grid(visible=False, axis="y")
    _limit(ax, limit)
    return drawn


def intervals(table: pd.DataFrame, title: str, xlabel: str, *, limit: float | None = None) -> Figure:
    """Return a dot with its interval for each row of a table with columns value, low and high, the first on top."""
    drawn = figure(title, xlabel, height=1.0 + 0.4 * len(table))
    ax = drawn.axes[0]
    shown = table[::-1]
    places = np.arange(len(shown))
    ax.hlines(places, shown["low"], shown["high"], color=BLUE, linewidth=2)
    ax.plot(shown["value"], places, "o", color=BLUE)
    ax.set_yticks(places, [short(name) for name in shown.index])
    ax.set_ylim(-0.5, max(len(shown), 1) - 0.5)
    _limit(ax, limit)
    return drawn


def parts_over_time(counts: pd.DataFrame, title: str, xlabel: str) -> Figure:
    """Return stacked bars of the rows in each period, coloured by the part that they were assigned to.

    Parameters
    ----------
    counts : DataFrame of shape (n_periods, 3)
        Rows of each part, indexed by the period's first time (`splitting.by_period`).
    title, xlabel : str
    """
    drawn = figure(title, xlabel, "rows", height=2.8)
    ax = drawn.axes[0]
    places, below = np.arange(len(counts)), np.zeros(len(counts))
    for role in counts:
        ax.bar(places, counts[role], bottom=below, color=ROLE_COLOURS[role], label=role, width=0.9)
        below = below + counts[role].to_numpy()
    shown = places[:: max(1, len(places) // 6)]
    ax.set_xticks(shown, [_start(counts.index[place]) for place in shown])
    drawn.legend(ncols=3, loc="outside lower left", frameon=False)
    return drawn


def tidy_dates(ax, values: pd.Series) -> None:
    """Write an axis of times with few, short labels."""
    if pd.api.types.is_datetime64_any_dtype(values):
        locator = dates.AutoDateLocator(maxticks=6)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))


def short(name, most: int = 28) -> str:
    """Return a name that fits beside an axis."""
    text = str(name)
    return _plain(text if len(text) <= most else text[: most - 1] + "…")


def _plain(text: str) -> str:
    """Return a text in which a dollar sign is no beginning of a formula, which few names of columns are."""
    return text.replace(r"\$", "$").replace("$", r"\$")


def _start(value) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else f"{value:g}"


def _limit(ax, limit: float | None) -> None:
    if limit is not None:
        ax.axvline(limit, color=ORANGE, linestyle="--", linewidth=1.5)
