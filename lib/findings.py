"""What monitored windows say, as tables for a person; each takes what `monitoring.assess` returned."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

Windows = Sequence[Mapping[str, Any]]


def overview(windows: Windows) -> pd.DataFrame:
    """Return one row a window: its rows, labels, scores, drifted columns and bad signals."""
    rows = [
        {
            "start": window["start"],
            "rows": window["n"],
            "labelled": (window["performance"] or {}).get("n", 0),
            "measured": (window["performance"] or {}).get("value"),
            "estimated": (window["estimated"] or {}).get("value"),
            "drifted": sum(entry["drifted"] for entry in window["drift"]),
            "bad": ", ".join(name for name, signal in window["signals"].items() if signal["bad"]),
        }
        for window in windows
    ]
    names = ["start", "rows", "labelled", "measured", "estimated", "drifted", "bad"]
    return pd.DataFrame(rows, columns=names).set_index("start")


def scores(windows: Windows) -> pd.DataFrame:
    """Return one row a window that has a score: the measured and the estimated one, each with its interval."""
    rows = {}
    for window in windows:
        both = {"measured": window["performance"] or {}, "estimated": window["estimated"] or {}}
        rows[window["start"]] = {
            f"{name}{suffix}": found.get(key)
            for name, found in both.items()
            for key, suffix in (("value", ""), ("low", "_low"), ("high", "_high"))
        }
    return pd.DataFrame.from_dict(rows, orient="index", dtype="float64").rename_axis("start")


def estimates(windows: Windows) -> pd.DataFrame:
    """Return one row a window whose labels have come: what had been estimated, what came true, and whether it held."""
    known = {window["start"]: window["checked"] for window in windows if window["checked"]}
    names = ["estimated", "low", "high", "measured", "held"]
    return pd.DataFrame.from_dict(known, orient="index", columns=names).rename_axis("start")


def shares(windows: Windows) -> pd.DataFrame:
    """Return one row a window and class: how often it came true and was to, and how far apart these are."""
    rows = [{"start": window["start"], **each} for window in windows for each in window.get("shares") or []]
    names = ["start", "class", "expected", "observed", "low", "high", "effect"]
    return pd.DataFrame(rows, columns=names).set_index(["start", "class"])


def residuals(windows: Windows) -> pd.DataFrame:
    """Return one row a window with enough labels: what learning from its errors would have gained."""
    known = {window["start"]: window["residuals"] for window in windows if window.get("residuals")}
    names = ["value", "low", "high", "n"]
    table = pd.DataFrame.from_dict(known, orient="index", columns=["metric", *names])[names]
    return table.rename(columns={"value": "gain", "n": "labelled"}).rename_axis("start")


def drift(window: Mapping[str, Any], most: int = 10) -> pd.DataFrame:
    """Return the columns that moved most, with the effect by every measure."""
    rows = [
        {
            "column": entry["column"], "drifted": entry["drifted"], "effect": entry["effect"], "limit": entry["limit"],
            "usual": entry["usual"], "p_value": entry["p_value"], "importance": entry.get("importance"),
            **{name: value for name, value in entry["effects"].items() if name != entry["measure"]},
        }
        for entry in window["drift"][:most]
    ]  # fmt: skip
    return pd.DataFrame(rows).set_index("column") if rows else pd.DataFrame(columns=["drifted", "effect", "limit"])


def effects(windows: Windows, most: int = 15) -> pd.DataFrame:
    """Return the effects, one row a column, one column a window; the columns that move most.

    Each is in units of what it is judged by: its limit, or what was usual within the training rows if that is more.
    """
    table = pd.DataFrame({window["start"]: {e["column"]: _relative(e) for e in window["drift"]} for window in windows})
    order = table.mean(axis=1).sort_values(ascending=False, kind="stable").index
    return table.loc[order[:most]]


def quality(window: Mapping[str, Any]) -> pd.DataFrame:
    """Return what is unusual about the columns, the alarming first."""
    names = ["column", "finding", "n", "share", "limit", "alarming"]
    return pd.DataFrame(window["quality"], columns=names).set_index("column")


def slices(window: Mapping[str, Any], known: Mapping[str, Any]) -> pd.DataFrame:
    """Return the score of each slice beside the one it had on the held-out rows."""
    before = {(record["column"], record["value"]): record["score"] for record in known["by_slice"]}
    rows = [{**record, "held_out": before.get((record["column"], record["value"]))} for record in window["slices"]]
    names = ["column", "value", "n", "score", "low", "high", "held_out"]
    return pd.DataFrame(rows, columns=names).set_index(["column", "value"])


def service(windows: Windows) -> pd.DataFrame:
    """Return one row a window with requests: how many, how many failed, and how long they took."""
    known = {window["start"]: window["service"] for window in windows if window["service"]}
    names = ["n", "errors", "p50_ms", "p95_ms"]
    return pd.DataFrame.from_dict(known, orient="index", columns=names).rename_axis("start")


def _relative(entry: Mapping[str, Any]) -> float:
    return entry["effect"] / max(entry["limit"], entry["usual"])
