"""What is understood in five seconds: predictions today, the score against the contract, the last decision."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from lib.health import day

USUAL_DAYS = 28
UNKNOWN = {"n": None, "words": "The database cannot be read.", "bars": []}


def cards(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what stands on the first screen beside the state of health.

    Parameters
    ----------
    found : mapping
        As `overview.read` returns it.
    """
    away = any(notice["kind"] == "away" for notice in found["notices"])
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    return {
        "predictions": UNKNOWN if away else predictions(found["daily"], today),
        "score": score(found["windows"], found["dossier"]),
        "decision": decision(found["decisions"], found["pages"]),
        "no_decision": UNKNOWN["words"] if away else "No decision is on record yet.",
    }


def predictions(daily: Sequence[Mapping[str, Any]], today: str) -> dict[str, Any]:
    """Return today's number of predictions, how that compares with the days before, and those days for a picture."""
    n = sum(row["n"] for row in daily if row["day"] == today)
    before = [row for row in daily if row["day"] < today][-USUAL_DAYS:]
    usual = sum(row["n"] for row in before) / len(before) if before else None
    if not daily:
        return {"n": 0, "words": "Nothing was predicted yet.", "bars": []}
    words = f"{usual:,.0f} a day in the {len(before)} days before." if usual else "These are the first."
    if not n and before:
        words = f"The last were {before[-1]['n']:,}, for {day(before[-1]['day'])}."
    return {"n": n, "words": words, "bars": _bars([row["n"] for row in [*before, {"n": n}]])}


def score(windows: Sequence[Mapping[str, Any]], dossier: Mapping[str, Any]) -> dict[str, Any]:
    """Return the newest score there is: measured where labels have come, else estimated, else that on test rows."""
    threshold, metric = dossier["design"].get("threshold"), dossier["design"].get("metric", "")
    value, origin = _newest(windows) or (dossier["evaluation"].get("test"), "On the test rows, before it was used")
    if not value:
        return {"value": None, "metric": metric, "words": "There is no score yet.", "gauge": None}
    told = {name: value.get(name) for name in ("value", "low", "high")}
    return {
        **told,
        "metric": (value.get("metric") or metric).replace("_", " "),
        "threshold": threshold,
        "origin": origin,
        "words": _against(told, threshold),
        "kept": threshold is None or told["value"] >= threshold,
        "gauge": _gauge(told, threshold),
    }


def decision(decisions: Sequence[Mapping[str, Any]], pages: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the last decision that changed something, with where its evidence is; None if there is none."""
    moved = [each for each in decisions if each["kind"] != "verdict"] or list(decisions)
    if not moved:
        return None
    return {**moved[0], "day": day(moved[0]["at"]), "page": pages.get(moved[0]["run_id"] or "", "")}


def _newest(windows: Sequence[Mapping[str, Any]]) -> tuple[Mapping, str] | None:
    measured = [window for window in windows if window["measured"]]
    estimated = [window for window in windows[-1:] if window["estimated"]]
    if measured and (not estimated or measured[-1]["start"] == windows[-1]["start"]):
        return measured[-1]["performance"], f"Measured, window of {day(measured[-1]['start'])}"
    if estimated:
        return estimated[-1]["estimated"], f"Estimated without labels, window of {day(estimated[-1]['start'])}"
    return None


def _against(score: Mapping[str, float | None], threshold: float | None) -> str:
    if threshold is None:
        return "The contract names no least score."
    low, high = score["low"], score["high"]
    if score["value"] < threshold:
        place = "Clearly below" if high is not None and high < threshold else "Below"
    else:
        place = "Not surely above" if low is not None and low < threshold else "Above"
    return f"{place} the contract's least, {threshold:g}."


def _gauge(score: Mapping[str, float | None], threshold: float | None) -> dict[str, float] | None:
    """Return where interval, value and threshold lie, in percent of a line on which all have room."""
    ends = [end for end in (*score.values(), threshold) if end is not None]
    room = (max(ends) - min(ends)) * 0.25 or 0.05
    start, width = min(ends) - room, max(ends) - min(ends) + 2 * room
    places = {**score, "threshold": threshold}
    return {name: round(100 * (end - start) / width, 1) for name, end in places.items() if end is not None}


def _bars(counts: Sequence[int]) -> list[float]:
    most = max(counts, default=0) or 1
    return [round(100 * count / most, 1) for count in counts]
