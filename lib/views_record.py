"""The views of what was decided, what other policies would have done, and every run."""

from collections.abc import Mapping
from typing import Any

from lib import figures
from lib.views import AWAY, Block, Picture, Table, Words, page_of


def replay(found: Mapping[str, Any]) -> list[Block]:
    """Return what each policy would have cost and gained on the past."""
    if not found["replays"]:
        return [Words("No past was replayed yet: `uv run pipeline.py replay` compares when to retrain.", "note")]
    newest = found["replays"][0]
    metric = newest.get("metric") or found["dossier"]["design"].get("metric", "score")
    rows = [
        [name, told.get("retrainings"), told.get("promotions"), *_gain(told.get("gain")), told.get("seconds")]
        for name, told in newest["policies"].items()
    ]
    gained = (f"gain in {metric.replace('_', ' ')} over never", "low", "high")
    columns = ("policy", "retrainings", "promotions", *gained, "seconds")
    counted = "; ".join(f"{row[0]} retrained {row[1]} times" for row in rows)
    words = newest.get("in_words") or f"{newest['name']}: {counted}."
    return [Words(words), Picture(figures.policies(newest["policies"], metric), words), Table("replay", columns, rows)]


def _gain(told: Mapping[str, float | None] | None) -> list[float | None]:
    return [(told or {}).get(name) for name in ("value", "low", "high")]


def decisions(found: Mapping[str, Any], kind: str = "") -> list[Block]:
    """Return the decision log, or the decisions of one kind, the newest first."""
    shown = [each for each in found["decisions"] if not kind or each["kind"] == kind]
    if found["latest"].get("away"):
        return [Words(AWAY, "note")]
    if not shown:
        return [Words("No decision is on record yet." if not kind else f"No {kind} is on record.", "note")]
    return [Table("decisions", DECISION_COLUMNS, [_decision_row(each, found["pages"]) for each in shown])]


DECISION_COLUMNS = ("when (UTC)", "what", "version", "by", "why", "run")


def runs(found: Mapping[str, Any]) -> list[Block]:
    """Return all runs, the newest first, with links to their notebooks as they were executed."""
    if not found["runs"]:
        return [Words("There is no run yet. Start one with `uv run pipeline.py run`.", "note")]
    columns = ("run", "status", "model", "outcome", "chosen", "metric", "score on test rows")
    rows = [
        [page_of(run["run_id"], found["pages"]), run["status"], run["model_name"], _sentence(run["message"]),
         run["chosen"], run["metric"], run["test"].get("value")]
        for run in found["runs"]
    ]  # fmt: skip
    return [Table("runs", columns, rows)]


def _decision_row(each: Mapping[str, Any], pages: Mapping[str, str]) -> list[Any]:
    versions = [str(v) for v in (each["from_version"], each["to_version"]) if v is not None]
    at = each["at"][:16].replace("T", " ")
    return [at, each["kind"], " → ".join(versions), each["actor"], each["reason"], page_of(each["run_id"] or "", pages)]


def _sentence(message: str | None, most: int = 160) -> str:
    first = (message or "").split("\n")[0]
    return first if len(first) <= most else f"{first[: most - 1]}…"
