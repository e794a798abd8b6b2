"""Figures of 04_training."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import stats

from lib import diagnostics, plots

# More dots than this only make a picture larger, not clearer.
MOST_POINTS = 1_500


def search_trace(trials: pd.DataFrame, metric: str) -> Figure:
    """Return the score of each trial, with the range over its folds, and the best so far."""
    drawn = plots.figure("Search: mean score of each trial, and the range of its folds", "trial", metric, height=3.0)
    ax = drawn.axes[0]
    low, high = trials["scores"].map(min), trials["scores"].map(max)
    ax.vlines(trials["trial"], low, high, color=plots.GREY, linewidth=1.5, label="folds")
    ax.plot(trials["trial"], trials["score"], "o", color=plots.BLUE, label="mean")
    ax.step(trials["trial"], trials["score"].cummax(), where="post", color=plots.ORANGE, label="best so far")
    ax.set_xticks(trials["trial"])
    ax.legend(ncols=3, loc="upper left", bbox_to_anchor=(0, -0.2), frameon=False)
    return drawn


def learning_curve(curve: pd.DataFrame, metric: str) -> Figure:
    """Return the score on held-out rows against the number of rows learnt from."""
    drawn = plots.figure(
        "Learning curve: held-out score and its 95 % interval", "rows learnt from (logarithmic)", metric, height=3.0
    )
    ax = drawn.axes[0]
    ax.fill_between(curve["n_samples"], curve["low"], curve["high"], color=plots.BLUE, alpha=0.2, linewidth=0)
    ax.plot(curve["n_samples"], curve["value"], "o-", color=plots.BLUE)
    ax.set_xscale("log")
    ax.set_xticks(curve["n_samples"], [f"{size:,}" for size in curve["n_samples"]])
    ax.minorticks_off()
    return drawn


def coefficients(table: pd.DataFrame, *, most: int = 15) -> Figure:
    """Return the largest coefficients of the linear model, each with its 95 % interval."""
    shown = table.drop(index="(constant)").head(most).rename(columns={"coefficient": "value"})
    title = f"The {len(shown)} largest coefficients of a linear model, with 95 % intervals"
    return plots.intervals(shown, title, "effect of one standard deviation, or of the category", limit=0.0)


def residuals(model: diagnostics.Reference, *, ordered: bool) -> Figure:
    """Return four looks at the residuals of a linear model: shape, spread, order and influence."""
    titles = ["Linearity and spread", "Normality", "Independence", "Influence"]
    drawn = plots.panels(titles, columns=2, height=2.7)
    shape, quantiles, order, influence = drawn.axes
    _against_fitted(shape, model)
    _quantiles(quantiles, model.residuals)
    _in_order(order, model.residuals, "rows in order of time" if ordered else "rows as they stand")
    _influence(influence, diagnostics.influence(model))
    return drawn


def _against_fitted(ax, model: diagnostics.Reference) -> None:
    fitted = np.asarray(model.results.fittedvalues)
    bins = pd.qcut(fitted, 20, duplicates="drop")
    means = pd.DataFrame({"fitted": fitted, "residual": model.residuals}).groupby(bins, observed=True).mean()
    few = np.linspace(0, len(fitted) - 1, min(MOST_POINTS, len(fitted))).astype(int)
    ax.plot(fitted[few], model.residuals[few], ".", color=plots.GREY, alpha=0.4, markersize=3)
    ax.plot(means["fitted"], means["residual"], "o-", color=plots.ORANGE, markersize=4, label="mean of a twentieth")
    ax.set(xlabel="fitted value", ylabel="residual", ylim=np.quantile(model.residuals, [0.002, 0.998]) * 1.1)
    ax.legend(frameon=False)


def _quantiles(ax, residuals: np.ndarray) -> None:
    (theory, found), _ = stats.probplot(stats.zscore(residuals))
    ax.plot(theory, found, ".", color=plots.BLUE, markersize=3)
    ax.plot(theory, theory, color=plots.GREY, linewidth=1)
    ax.set(xlabel="normal quantile", ylabel="residual, standardised")


def _in_order(ax, residuals: np.ndarray, label: str) -> None:
    chunks = np.array_split(residuals, min(100, len(residuals)))
    edges = np.cumsum([len(chunk) for chunk in chunks])
    ax.plot(edges, [chunk.mean() for chunk in chunks], color=plots.BLUE, linewidth=1)
    ax.axhline(0, color=plots.GREY, linewidth=1)
    ax.set(xlabel=label, ylabel="mean residual of a hundredth")


def _influence(ax, found: pd.DataFrame) -> None:
    ax.plot(found["leverage"], found["cooks_distance"], ".", color=plots.BLUE, markersize=4)
    ax.axhline(4 / len(found), color=plots.ORANGE, linestyle="--", linewidth=1, label="4 / n")
    ax.set(xlabel="leverage", ylabel="Cook's distance")
    ax.legend(frameon=False)
