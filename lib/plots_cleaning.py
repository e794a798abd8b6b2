"""Figures of 03_cleaning."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib import plots


def inflation(before: pd.Series, after: pd.Series, limit: float, *, most: int = 30) -> Figure:
    """Return the variance inflation factors of all columns, and of those that stay when the others have gone.

    Parameters
    ----------
    before, after : Series of float, indexed by column
        Largest first; `after` has the columns that stay.
    limit : float
        The largest factor that may stay.
    most : int
        Columns shown.
    """
    shown = before.iloc[:most][::-1]
    places = np.arange(len(shown))
    drawn = plots.figure(
        "Variance inflation before and after elimination",
        "variance inflation factor (logarithmic)",
        height=max(1.8, 0.9 + 0.24 * len(shown)),
    )
    ax = drawn.axes[0]
    ax.plot(shown.to_numpy(), places, "o", color=plots.GREY, label="all columns", fillstyle="none")
    ax.plot(after.reindex(shown.index).to_numpy(), places, "o", color=plots.BLUE, label="columns that stay")
    ax.axvline(limit, color=plots.ORANGE, linestyle="--", label=f"limit {limit:g}")
    ax.set_xscale("log")
    ax.set_yticks(places, [plots.short(name) for name in shown.index])
    ax.legend(loc="lower right", frameon=False)
    return drawn
