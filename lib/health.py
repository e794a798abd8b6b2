"""Is the model healthy? The answer in a word and a sentence, since when it holds, and what happens next."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

WORDS = {
    "healthy": "Healthy",
    "doubtful": "In doubt",
    "alarm": "Alarm",
    "unwatched": "Not watched",
    "design": "Back to design",
    "refused": "Not in use",
    "none": "Nothing yet",
    "away": "Not known",
}
"""The states, with the word that stands on the page."""

ENDS_OF_DESIGN = ("acknowledgement", "promotion", "rollback")
"""The decisions after which a model that went back to its design is at work again."""


def of(found: Mapping[str, Any]) -> dict[str, str]:
    """Return state, word, why, since and next for what `overview.read` found."""
    state, why, since, next_step = _judged(found)
    return {"state": state, "word": WORDS[state], "why": why, "since": since, "next": next_step}


def _judged(found: Mapping[str, Any]) -> tuple[str, str, str, str]:
    for judge in (_away, _sent_back, _without_champion, _alarmed, _unwatched, _doubtful):
        verdict = judge(found)
        if verdict:
            return verdict
    return _healthy(found)


def _away(found):
    if not any(notice["kind"] == "away" for notice in found["notices"]):
        return None
    why = "The database cannot be read, so nobody can say here how the model is doing."
    return "away", why, "", "Bring the database back: `uv run pipeline.py doctor` says what is wrong with it."


def _sent_back(found):
    about = [each for each in found["decisions"] if each["kind"] in ("back to design", *ENDS_OF_DESIGN)]
    if not about or about[0]["kind"] != "back to design":
        return None
    step = "Retraining has stopped. It starts again when the design has changed, or a person acknowledges the report."
    return "design", about[0]["reason"], day(about[0]["at"]), step


def _without_champion(found):
    if found["champion"]:
        return None
    runs = [run for run in found["runs"] if run["model_name"] in ("", found["model_name"])]
    ended = [run for run in runs if run["status"] != "running"]
    if ended and ended[0]["status"] == "refused":
        why = f"The newest model was refused. {_first_line(ended[0]['message'])}"
        return "refused", why, day(ended[0]["finished"]), "Look at the verdicts below, then change the design or data."
    if runs and runs[0]["status"] == "running":
        return "none", "The first model is being made.", day(runs[0]["started"]), "This page shows it when it is done."
    return "none", "No model has been made yet.", "", "Make one with `uv run pipeline.py run`."


def _alarmed(found):
    alarms = found["windows"][-1]["alarms"] if found["windows"] else []
    if not alarms:
        return None
    first = min(alarms, key=lambda alarm: (alarm.get("severity") != "stop", str(alarm.get("since"))))
    since = day(str(min(str(alarm.get("since") or found["windows"][-1]["start"]) for alarm in alarms)))
    why = found["windows"][-1]["in_words"] or first.get("what") or first.get("name", "")
    return "alarm", why, since, first.get("todo") or "`uv run pipeline.py cycle` retrains, compares, and decides."


def _unwatched(found):
    version = found["champion"]["version"]
    watch = "Watch it with `uv run pipeline.py monitor`, or let a scheduler run `cycle`."
    if not found["windows"]:
        predicted = sum(row["n"] for row in found["daily"])
        made = f"{predicted:,} predictions were made with it" if predicted else "Nothing was predicted with it yet"
        step = watch if predicted else "Predict with `uv run pipeline.py score --data TABLE`."
        return "unwatched", f"Version {version} passed its gates. {made}, and no window was looked at.", "", step
    late = [row for row in found["daily"] if row["day"] >= found["windows"][-1]["end"][:10]]
    if len(late) <= 2 * _days(found["windows"][-1]):
        return None
    n = sum(row["n"] for row in late)
    why = f"{n:,} predictions were made since the last window ended, and nobody has looked at them."
    return "unwatched", why, day(found["windows"][-1]["end"]), watch


def _doubtful(found):
    """Judge a window that is bad, where the rules ask for more such windows before they alarm."""
    windows: Sequence[Mapping] = found["windows"]
    if not windows[-1]["bad"]:
        return None
    step = (
        "One such window is no alarm yet by the rules in use. The next `monitor` or `cycle` tells whether it stays so."
    )
    return "doubtful", windows[-1]["in_words"], day(windows[_first(windows, lambda each: each["bad"])]["start"]), step


def _first(windows: Sequence[Mapping], belongs: Callable[[Mapping], Any]) -> int:
    """Return where the last windows begin of which all have something in common."""
    start = len(windows)
    while start and belongs(windows[start - 1]):
        start -= 1
    return start


def _healthy(found):
    windows: Sequence[Mapping] = found["windows"]
    start = _first(windows, lambda each: not each["alarms"])
    told = windows[-1]["in_words"] or "Nothing moved beyond what was agreed."
    return (
        "healthy",
        told,
        day(windows[start]["start"]),
        "The next window is looked at with the next `monitor` or `cycle`.",
    )


def day(at: str | None) -> str:
    """Return a moment's day as a person writes it: ``"3 July 2013"``; nothing for nothing."""
    try:
        found = datetime.fromisoformat(at or "")
    except ValueError:
        return ""
    return f"{found.day} {found:%B %Y}"


def _days(window: Mapping[str, Any]) -> int:
    first, last = (date.fromisoformat(window[side][:10]) for side in ("start", "end"))
    return max(1, (last - first).days)


def _first_line(message: str | None) -> str:
    return (message or "").split("\n")[0]
