"""Figures of the exploration: distributions, the target along features, and both along time."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib import plots
from lib.eda import is_quantity

MOST_PANELS = 9
MOST_CATEGORIES = 8
MOST_BINS = 10
N_BARS = 30


def distributions(X: pd.DataFrame, suptitle: str = "How the features are distributed") -> Figure:
    """Return a histogram, or bars of the most frequent categories, of each of the first nine columns."""
    names = list(X)[:MOST_PANELS]
    drawn = plots.panels([plots.short(name) for name in names], ylabel="rows", suptitle=suptitle)
    for ax, name in zip(drawn.axes, names, strict=True):
        _distribution(ax, X[name].dropna())
    return drawn


def target_along(
    X: pd.DataFrame, y: np.ndarray, ylabel: str, suptitle: str = "The target along the features"
) -> Figure:
    """Return the target's mean with its 95 % interval along each of the first nine columns.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
        Numbers are cut into ten bins of equal frequency, of categories the most frequent are shown.
    y : array of shape (n_samples,)
        A quantity, or 0 and 1.
    ylabel, suptitle : str
    """
    names = list(X)[:MOST_PANELS]
    drawn = plots.panels([plots.short(name) for name in names], ylabel=ylabel, height=1.7, suptitle=suptitle)
    for ax, name in zip(drawn.axes, names, strict=True):
        _along(ax, X[name], np.asarray(y, dtype="float64"))
        ax.axhline(np.mean(y), color=plots.GREY, linewidth=1)
    return drawn


def over_time(table: pd.DataFrame, title: str, xlabel: str, ylabel: str) -> Figure:
    """Return a line with its interval over periods: columns starts, value, low and high."""
    drawn = plots.figure(title, xlabel, ylabel, height=3.0)
    ax = drawn.axes[0]
    ax.fill_between(table["starts"], table["low"], table["high"], color=plots.LIGHT_BLUE, linewidth=0)
    ax.plot(table["starts"], table["value"], "o-", color=plots.BLUE)
    plots.tidy_dates(ax, table["starts"])
    return drawn


def _distribution(ax, known: pd.Series) -> None:
    if not is_quantity(known):
        counts = known.astype("str").value_counts().head(MOST_CATEGORIES)
        ax.bar(_labels(counts.index), counts.to_numpy(), color=plots.BLUE)
        ax.tick_params(axis="x", rotation=45)
    elif len(known):
        low, high = known.quantile([0.005, 0.995])
        shown = known[known.between(low, high)]
        ax.hist(shown, bins=_edges(shown, min(N_BARS, max(1, known.nunique()))), color=plots.BLUE)
        plots.tidy_dates(ax, known)


def _edges(known: pd.Series, n_bars: int):
    """Return how many bars to draw, or their limits where floats cannot tell so many apart."""
    if not pd.api.types.is_numeric_dtype(known):
        return n_bars
    low, high = float(known.min()), float(known.max())
    edges = np.unique(np.linspace(low, high, n_bars + 1))
    if len(edges) > n_bars or (low == high and abs(low) < 2**52):
        return n_bars
    return edges if len(edges) > 1 else np.array([np.nextafter(low, -np.inf), np.nextafter(low, np.inf)])


def _along(ax, column: pd.Series, y: np.ndarray) -> None:
    known = column.notna().to_numpy()
    x, y = column[known], pd.Series(y[known])
    places, labels = _places(x)
    grouped = y.groupby(places)
    mean, error = grouped.mean(), 1.96 * grouped.sem().fillna(0)
    positions = labels.loc[mean.index] if is_quantity(column) else range(len(mean))
    ax.errorbar(positions, mean, yerr=error, fmt="o", markersize=4, color=plots.BLUE)
    if is_quantity(column):
        plots.tidy_dates(ax, x)
    else:
        ax.set_xticks(range(len(mean)), _labels(labels.loc[mean.index]), rotation=45)


def _places(x: pd.Series) -> tuple[np.ndarray, pd.Series]:
    """Return the bin or category of each value, NaN for those not shown, and where or how each is labelled."""
    x = x.reset_index(drop=True)
    if is_quantity(x):
        codes = x if x.nunique() <= MOST_BINS else _bins(x)
        codes = pd.factorize(codes, sort=True)[0]
        return codes, x.groupby(codes).median()
    frequent = x.astype("str").value_counts().index[:MOST_CATEGORIES]
    codes = pd.Series(frequent.get_indexer(x.astype("str")), dtype="float64")
    return codes.where(codes >= 0).to_numpy(), pd.Series(frequent)


def _bins(x: pd.Series) -> pd.Series:
    """Return bins of equal frequency; a value that is most of the column has one to itself."""
    usual = x == x.mode()[0]
    if usual.mean() < 0.5:
        return pd.qcut(x, MOST_BINS, labels=False, duplicates="drop")
    bins = pd.qcut(x.where(~usual), MOST_BINS // 2, labels=False, duplicates="drop")
    return bins.fillna(-1)


def _labels(categories) -> list[str]:
    return [plots.short(name, 10) for name in categories]
