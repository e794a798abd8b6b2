"""Figures for people who look at a model: values in, a figure in plotly's own notation out.

A figure is the plain mapping that plotly.js draws: `data`, `layout`. Writing it down needs no import of plotly, so a
page opens sooner, and `drawing.svg` turns the same mapping into a picture for paper.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

Figure = dict[str, Any]

BLUE, ORANGE, GREEN, PURPLE, GREY = "#1f83c4", "#d55e00", "#009e73", "#bf6a9b", "#7d8590"
"""After Okabe and Ito (2008), lightened until they stand out by 3 to 1 from white and from near black."""

BAND = "rgba(31, 131, 196, 0.18)"
MARKS = {"promotion": (GREEN, "solid"), "rollback": (PURPLE, "solid"), "retraining": (GREY, "dot")}
"""How decisions are drawn over time."""

MOST = 15
"""Bars in a ranking; the table beside it has all."""


def performance(
    windows: Sequence[Mapping], decisions: Iterable[Mapping], threshold: float | None, metric: str
) -> Figure:
    """Return the measured score with its interval and the estimated one over time, with what was decided."""
    measured = [window for window in windows if window["measured"]]
    x = [window["start"] for window in measured]
    side = {name: [window["measured"][name] for window in measured] for name in ("low", "high", "value")}
    estimated = [window for window in windows if window["estimated"]]
    alarmed = [window for window in windows if window["alarms"] and (window["measured"] or window["estimated"])]
    traces = [
        _line(x, side["low"], "interval", BLUE, width=0, legend=False),
        _line(x, side["high"], "interval", BLUE, width=0, legend=False) | {"fill": "tonexty", "fillcolor": BAND},
        _line(
            [w["start"] for w in estimated],
            [w["estimated"]["value"] for w in estimated],
            "estimated",
            PURPLE,
            dash="dot",
        ),
        _line(x, side["value"], "measured", BLUE),
        _markers([w["start"] for w in alarmed], [_value(w) for w in alarmed], "alarm", ORANGE, "triangle-down"),
    ]
    drawn = figure(
        [trace for trace in traces if trace["x"]], f"{_words(metric)} of each window", "", _words(metric), height=360
    )
    shown = [each for each in decisions if each["kind"] in MARKS and _within(each["at"], windows)]
    return _limit(_with(drawn, map(_line_of, shown), filter(None, map(_label_of, shown))), threshold)


def volume(daily: Sequence[Mapping]) -> Figure:
    """Return how many predictions were made for each day, and how many of them have labels."""
    days = [row["day"] for row in daily]
    labelled = [row["n_labelled"] for row in daily]
    waiting = [row["n"] - row["n_labelled"] for row in daily]
    bars = [_bars(days, labelled, "with label", BLUE), _bars(days, waiting, "without label", ORANGE)]
    drawn = figure(bars, "Predictions by day", "", "predictions", height=240)
    drawn["layout"]["barmode"] = "stack"
    return drawn


def ranking(names: Sequence[str], values: Sequence[float], title: str, xlabel: str, marked=()) -> Figure:
    """Return horizontal bars, the first on top; those that are marked in another colour."""
    names, values = list(names[:MOST])[::-1], list(values[:MOST])[::-1]
    bar = _bars(values, names, "", BLUE) | {"orientation": "h", "showlegend": False}
    bar["marker"] = {"color": [ORANGE if name in set(marked) else BLUE for name in names]}
    return figure([bar], title, xlabel, "", height=110 + 22 * len(names))


def distribution(entry: Mapping[str, Any]) -> Figure:
    """Return the shares of a column's values now beside those in the reference."""
    sides = [
        (name, colour, entry[key]) for key, name, colour in (("reference", "reference", GREY), ("current", "now", BLUE))
    ]
    bars = [_bars(_labels(side), side["shares"], name, colour) for name, colour, side in sides]
    drawn = figure(bars, f"{entry['column']}: now against reference", entry["column"], "share of rows", height=300)
    drawn["layout"]["yaxis"]["tickformat"] = ".0%"
    drawn["layout"]["xaxis"]["type"] = "category"
    return drawn


def intervals(rows: Sequence[Mapping], title: str, xlabel: str, threshold: float | None = None) -> Figure:
    """Return a dot with its interval for each row of name, value, low and high, the first on top."""
    rows = list(rows)[::-1]
    values = [row["value"] for row in rows]
    error = {
        "type": "data",
        "symmetric": False,
        "array": [_gap(row["high"], row["value"]) for row in rows],
        "arrayminus": [_gap(row["value"], row["low"]) for row in rows],
        "color": BLUE,
    }
    trace = _markers(values, [row["name"] for row in rows], "", BLUE, "circle") | {
        "error_x": error,
        "showlegend": False,
    }
    drawn = figure([trace], title, _words(xlabel), "", height=120 + 28 * len(rows))
    return _limit(drawn, threshold, across=False)


def calibration(bins: Sequence[Mapping[str, float]]) -> Figure:
    """Return observed shares against predicted probabilities, with intervals, beside the line of a perfect model."""
    error = {
        "type": "data",
        "symmetric": False,
        "array": [_gap(row["high"], row["observed"]) for row in bins],
        "arrayminus": [_gap(row["observed"], row["low"]) for row in bins],
        "color": BLUE,
    }
    x, y = [row["predicted"] for row in bins], [row["observed"] for row in bins]
    top = max([*x, *y, 0.1])
    traces = [
        _line([0, top], [0, top], "perfect", GREY, dash="dot"),
        _markers(x, y, "test rows", BLUE, "circle") | {"error_y": error},
    ]
    return figure(traces, "Calibration", "predicted probability", "observed share", height=340)


def policies(compared: Mapping[str, Mapping], metric: str) -> Figure:
    """Return the score of each window of a replay under each policy."""
    colours = (GREY, ORANGE, BLUE, GREEN, PURPLE)
    dashes = ("dot", "dash", "solid", "dashdot", "longdash")
    traces = [
        _line([w["start"] for w in scored], [w["score"] for w in scored], name, colour, dash=dash)
        for (name, told), colour, dash in zip(compared.items(), colours, dashes, strict=False)
        for scored in [[window for window in told["windows"] if window["score"] is not None]]
    ]
    return figure(traces, f"{_words(metric)} under each policy", "", _words(metric), height=320)


def figure(traces: list[dict], title: str, xlabel: str, ylabel: str, *, height: int) -> Figure:
    """Return a figure in the one style that all share; its paper is transparent, so that light and dark both fit."""
    axis = {"automargin": True, "gridcolor": "rgba(125, 133, 144, 0.25)", "zeroline": False, "fixedrange": True}
    layout = {
        "title": {"text": title, "x": 0, "xref": "paper", "font": {"size": 15}},
        "xaxis": {**axis, "title": {"text": xlabel}},
        "yaxis": {**axis, "title": {"text": ylabel}},
        "font": {"family": "system-ui, Segoe UI, Roboto, sans-serif", "size": 13, "color": GREY},
        "paper_bgcolor": "rgba(0, 0, 0, 0)",
        "plot_bgcolor": "rgba(0, 0, 0, 0)",
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        "margin": {"l": 8, "r": 8, "t": 64, "b": 8},
        "height": height,
        "autosize": True,
        "shapes": [],
        "annotations": [],
        "dragmode": False,
    }
    return {"data": traces, "layout": layout, "config": {"displayModeBar": False, "responsive": True}}


def _line(
    x, y, name: str, colour: str, *, width: float = 2, dash: str = "solid", legend: bool = True
) -> dict[str, Any]:
    line = {"color": colour, "width": width, "dash": dash}
    return {
        "type": "scatter",
        "mode": "lines",
        "x": list(x),
        "y": list(y),
        "name": name,
        "line": line,
        "showlegend": legend,
    }


def _markers(x, y, name: str, colour: str, symbol: str) -> dict[str, Any]:
    marker = {"color": colour, "size": 9, "symbol": symbol}
    return {"type": "scatter", "mode": "markers", "x": list(x), "y": list(y), "name": name, "marker": marker}


def _bars(x, y, name: str, colour: str) -> dict[str, Any]:
    return {"type": "bar", "x": list(x), "y": list(y), "name": name, "marker": {"color": colour}}


def _with(drawn: Figure, shapes: Iterable[dict], annotations: Iterable[dict]) -> Figure:
    layout = drawn["layout"]
    more = {"shapes": [*layout["shapes"], *shapes], "annotations": [*layout["annotations"], *annotations]}
    return {**drawn, "layout": {**layout, **more}}


def _line_of(decision: Mapping[str, Any]) -> dict[str, Any]:
    """Return the vertical line of a decision."""
    colour, dash = MARKS[decision["kind"]]
    place = {"x0": decision["at"][:19], "x1": decision["at"][:19], "yref": "paper", "y0": 0, "y1": 1}
    return {"type": "line", **place, "line": {"color": colour, "width": 1.5, "dash": dash}}


def _label_of(decision: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the number of a version at the foot of the line where it became champion."""
    if decision["to_version"] is None:
        return None
    place = {"x": decision["at"][:19], "xanchor": "left", "yref": "paper", "y": 0, "yanchor": "bottom"}
    font = {"color": MARKS[decision["kind"]][0], "size": 12}
    return {"text": f"v{decision['to_version']}", **place, "font": font, "showarrow": False}


def _limit(drawn: Figure, value: float | None, *, across: bool = True) -> Figure:
    """Add the contract's threshold as a line across, or upright."""
    if value is None:
        return drawn
    along, other = ("y", "x") if across else ("x", "y")
    place = {f"{along}0": value, f"{along}1": value, f"{other}ref": "paper", f"{other}0": 0, f"{other}1": 1}
    line = {"type": "line", **place, "line": {"color": ORANGE, "width": 1.5, "dash": "dash"}}
    label = {along: value, f"{other}ref": "paper", other: 1, "text": f"the contract's least: {value:g}"}
    anchor = {"xanchor": "right" if across else "left", "yanchor": "top" if across else "bottom", "showarrow": False}
    return _with(drawn, [line], [label | anchor])


def _labels(side: Mapping[str, Any]) -> list[str]:
    """Return the name of each bar: a category, or a bin between edges, the outer ones open where no edge ends them."""
    if "categories" in side:
        return [str(name) for name in side["categories"]]
    edges = side["edges"]
    between = [f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges)]
    if len(side["shares"]) == len(between):
        return between
    return [f"under {edges[0]:.4g}", *between, f"{edges[-1]:.4g} or more"] if edges else ["all"]


def _within(at: str, windows: Sequence[Mapping]) -> bool:
    return bool(windows) and windows[0]["start"] <= at[:19] <= windows[-1]["end"] + "~"


def _value(window: Mapping[str, Any]) -> float:
    return (window["measured"] or window["estimated"])["value"]


def _gap(high: float | None, low: float | None) -> float:
    return 0.0 if high is None or low is None else high - low


def _words(metric: str) -> str:
    return (metric or "score").replace("_", " ")
