"""A figure of `figures` as a picture for paper and for pages without scripts: SVG that takes the page's own colours.

It draws the part of plotly's notation that `figures` writes, and no more: lines, bands, markers, bars, intervals,
straight lines and labels.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from lib.axes import Axis, seconds

WIDTH, TOP, RIGHT, BOTTOM = 760, 62, 16, 46
DASHES = {"dot": "2 4", "dash": "7 5", "dashdot": "8 4 2 4", "longdash": "12 5"}


def svg(figure: Mapping[str, Any], words: str) -> str:
    """Return a figure as an SVG element, described by `words` for those who cannot see it."""
    layout, traces = figure["layout"], figure["data"]
    x, y = _axis(traces, layout, "x"), _axis(traces, layout, "y")
    left, height = 24 + 6.6 * max((len(label) for _, label in y.ticks), default=0), layout["height"]
    x = x.between(left, WIDTH - RIGHT)
    y = y.between(height - BOTTOM, TOP)
    parts = [*_grid(x, y, layout), *(part for trace in _stacked(traces, layout) for part in _trace(trace, x, y))]
    parts += [_shape(each, x, y) for each in layout["shapes"]] + [_label(each, x, y) for each in layout["annotations"]]
    title = f'<text x="0" y="18" class="title">{escape(layout["title"]["text"])}</text>'
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(words)}" class="drawn">'
        f"{title}{_legend(traces)}{''.join(parts)}</svg>"
    )


def _axis(traces: Sequence[Mapping], layout: Mapping[str, Any], side: str) -> Axis:
    values = [value for trace in traces for value in trace[side]]
    settings = layout[f"{side}axis"]
    if any(isinstance(value, str) for value in values):
        if settings.get("type") != "category" and all(_is_time(value) for value in values):
            times = [seconds(value) for value in values]
            return Axis("time", min(times), max(times))
        names = list(dict.fromkeys(str(value) for value in values))
        return Axis("category", -0.5, len(names) - 0.5, names)
    low, high = _reach(traces, layout, side, values)
    return Axis("number", low, high, percent="%" in settings.get("tickformat", ""))


def _reach(traces, layout, side: str, values: Sequence[float]) -> tuple[float, float]:
    """Return the least and the greatest number that has to fit, with a little room."""
    ends = [*values, *(shape[f"{side}0"] for shape in layout["shapes"] if f"{side}ref" not in shape)]
    for trace in traces:
        error = trace.get(f"error_{side}")
        if error:
            ends += [value + up for value, up in zip(trace[side], error["array"], strict=True)]
            ends += [value - down for value, down in zip(trace[side], error["arrayminus"], strict=True)]
    along = "x" if any(trace.get("orientation") == "h" for trace in traces) else "y"
    bars = any(trace["type"] == "bar" for trace in traces) and side == along
    if bars and layout.get("barmode") == "stack":
        ends += [sum(found) for found in zip(*(trace[side] for trace in traces), strict=True)]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    room = 0.06 * ((high - low) or abs(high) or 1.0)
    return (min(0.0, low) if bars else low - room), high + room


def _stacked(traces: Sequence[Mapping], layout: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the traces, each with what its picture depends on of the others: the edge of a band, the bars below."""
    bars = [trace for trace in traces if trace["type"] == "bar"]
    stack = layout.get("barmode") == "stack"
    found, below = [], [0.0] * len(bars[0]["x"]) if bars else []
    for before, trace in zip([{}, *traces], traces, strict=False):
        if trace.get("fill") == "tonexty":
            found.append({**trace, "edge": before})
        elif trace["type"] == "bar":
            place = (0, 1) if stack else (bars.index(trace), len(bars))
            found.append({**trace, "base": list(below), "place": place})
            below = [low + high for low, high in zip(below, trace["y"], strict=True)] if stack else below
        else:
            found.append(dict(trace))
    return found


def _trace(trace: Mapping[str, Any], x: Axis, y: Axis) -> list[str]:
    if trace["type"] == "bar":
        return _bars(trace, x, y)
    points = _places(trace, x, y)
    if trace["mode"] == "markers":
        return [*_errors(trace, x, y), *(_dot(point, trace["marker"]) for point in points)]
    if trace["line"]["width"]:
        return [_stroke(points, **trace["line"])]
    if "edge" not in trace:
        return []
    around = [*points, *reversed(_places(trace["edge"], x, y))]
    return [f'<polygon points="{_points(around)}" fill="{trace["fillcolor"]}"/>']


def _places(trace: Mapping[str, Any], x: Axis, y: Axis) -> list[tuple[float, float]]:
    return [(x.at(a), y.at(b)) for a, b in zip(trace["x"], trace["y"], strict=True)]


def _bars(trace: Mapping[str, Any], x: Axis, y: Axis) -> list[str]:
    flat = trace.get("orientation") == "h"
    number, n = trace["place"]
    names, values = (trace["y"], trace["x"]) if flat else (trace["x"], trace["y"])
    along, across = (x, y) if flat else (y, x)
    unit = across.unit if across.kind == "category" else abs(across.end - across.start) / max(1, len(names))
    width = 0.8 * unit / n
    colours = trace["marker"]["color"]
    drawn = []
    for place, (name, value) in enumerate(zip(names, values, strict=True)):
        side = across.at(name) - 0.4 * unit + number * width
        ends = sorted((along.at(trace["base"][place]), along.at(trace["base"][place] + value)))
        box = (ends[0], side, ends[1] - ends[0], width) if flat else (side, ends[0], width, ends[1] - ends[0])
        colour = colours if isinstance(colours, str) else colours[place]
        drawn.append('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}"/>'.format(*box, colour))
    return drawn


def _errors(trace: Mapping[str, Any], x: Axis, y: Axis) -> list[str]:
    found = []
    for side in ("x", "y"):
        error = trace.get(f"error_{side}")
        for a, b, up, down in (
            zip(trace["x"], trace["y"], error["array"], error["arrayminus"], strict=True) if error else ()
        ):
            ends = [(x.at(a - down), y.at(b)), (x.at(a + up), y.at(b))] if side == "x" else None
            ends = ends or [(x.at(a), y.at(b - down)), (x.at(a), y.at(b + up))]
            found.append(_stroke(ends, error["color"]))
    return found


def _dot(point: tuple[float, float], marker: Mapping[str, Any]) -> str:
    a, b = point
    if marker["symbol"] == "circle":
        return f'<circle cx="{a}" cy="{b}" r="4.5" fill="{marker["color"]}"/>'
    return f'<path d="M{a - 5} {b - 5}h10l-5 9z" fill="{marker["color"]}"/>'


def _grid(x: Axis, y: Axis, layout: Mapping[str, Any]) -> list[str]:
    found = []
    for value, label in y.ticks:
        place = y.at(value)
        found.append(f'<line x1="{x.start}" x2="{x.end}" y1="{place}" y2="{place}" class="grid"/>')
        found.append(f'<text x="{x.start - 6}" y="{place + 4}" text-anchor="end">{escape(label)}</text>')
    # As if every label were as long as the longest, and with a space between them, for the long ones stand together.
    longest = 2 + max((len(label) for _, label in x.ticks), default=0)
    most = max(1, math.ceil(len(x.ticks) * longest * 7 / (x.end - x.start)))
    for value, label in x.ticks[::most]:
        found.append(
            f'<text x="{x.at(value)}" y="{y.start + 18}" text-anchor="{_anchor(value, x)}">{escape(label)}</text>'
        )
    named = escape(layout["xaxis"]["title"]["text"])
    return [*found, f'<text x="{x.end}" y="{y.start + 38}" text-anchor="end">{named}</text>']


def _anchor(value: Any, x: Axis) -> str:
    """Return how a label stands under its tick, so that none is cut off at the right."""
    return "end" if x.kind == "time" and x.end - x.at(value) < 30 else "middle"


def _legend(traces: Sequence[Mapping]) -> str:
    place, found = 0, []
    for trace in traces:
        if trace.get("showlegend") is not False and trace["name"]:
            colour = (trace.get("line") or trace["marker"])["color"]
            found.append(f'<rect x="{place}" y="34" width="12" height="12" fill="{colour}"/>')
            found.append(f'<text x="{place + 18}" y="45">{escape(trace["name"])}</text>')
            place += 34 + 7 * len(trace["name"])
    return "".join(found)


def _shape(shape: Mapping[str, Any], x: Axis, y: Axis) -> str:
    ends = [(_place(shape, x, "x", end), _place(shape, y, "y", end)) for end in ("0", "1")]
    return _stroke(ends, **shape["line"])


def _label(note: Mapping[str, Any], x: Axis, y: Axis) -> str:
    anchor = {"left": "start", "right": "end"}[note["xanchor"]]
    a, b = _place(note, x, "x") + (3 if anchor == "start" else -3), _place(note, y, "y")
    lowered = b - 5 if note["yanchor"] == "bottom" else b + 14
    return f'<text x="{a}" y="{lowered}" text-anchor="{anchor}">{escape(note["text"])}</text>'


def _place(item: Mapping[str, Any], axis: Axis, side: str, end: str = "") -> float:
    value = item[f"{side}{end}"]
    return axis.start + value * (axis.end - axis.start) if item.get(f"{side}ref") == "paper" else axis.at(value)


def _stroke(points: Sequence[tuple], color: str, width: float = 2, dash: str = "solid") -> str:
    drawn = f'stroke="{color}" stroke-width="{width}" stroke-dasharray="{DASHES.get(dash, "none")}"'
    return f'<polyline points="{_points(points)}" fill="none" {drawn}/>'


def _points(points: Sequence[tuple]) -> str:
    return " ".join(f"{a},{b}" for a, b in points)


def _is_time(value: Any) -> bool:
    try:
        return bool(seconds(value))
    except (TypeError, ValueError):
        return False
