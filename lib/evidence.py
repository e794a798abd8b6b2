"""What a return to design is argued with: what drifted, what was tried, what it scored, and where to look."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lib import database, files, pages, results, windows
from lib.champion import Champion
from lib.decisions import Decision
from lib.designs import Design
from lib.pages import Section
from lib.project import Project

FOLDER = "back_to_design"
N_WINDOWS = 6
MOST_ROWS = 20
ASK_AGAIN = (
    "Newer rows alone did not make a better model, so the question itself has to be looked at again: whether the "
    "columns still say what they said, whether others are to be had, whether the target still means the same, and "
    "whether the contract still asks for what can be reached."
)
GO_ON = (
    "Change the design with `pipeline.py run -p ...`, or, if the world is as usual again, let retraining go on with "
    '`pipeline.py cycle --acknowledge "REASON"`. After a change that came at once, as a new tariff, the rows before it '
    "only mislead: acknowledge, and `pipeline.py cycle --days N` learns from the newest N days alone."
)


def write(project: Project, champion: Champion, design: Design, tried: Sequence[Decision], reason: str) -> Path:
    """Write the page of evidence and return where it is; the same return to design writes the same page again.

    Parameters
    ----------
    project : Project
    champion : Champion
        The version that stays in use meanwhile.
    design : Design
    tried : sequence of Decision
        The retrainings that did not help, the oldest first.
    reason : str
        Why it goes back, in a sentence.
    """
    seen = [told.payload for told in windows.read(database.connect(project.store), champion.model_name, last=N_WINDOWS)]
    runs = {each.run_id: project.runs / each.run_id for each in tried if each.run_id}
    when = (tried[-1].at if tried else database.now())[:19].replace(":", "-")
    sections = [
        _what_to_do(design),
        _drifted(seen),
        _tried(tried),
        _against_the_contract(runs, design),
        _refusing(runs),
        _slices(seen, runs),
        _columns(seen, champion, project),
    ]
    lead = [reason, f"Version {champion.version} stays in use. Nothing is retrained until the design changes."]
    target = project.reports / FOLDER / f"{when}.html"
    return pages.write(target, f"{champion.model_name}: back to design", lead, sections)


def _what_to_do(design: Design) -> Section:
    agreed = design.contract
    judged = f"It is judged by {agreed['metric']}, with a least useful gain of {agreed['least_gain']:g}."
    purpose = f"The design says: {agreed['objective'] or 'no purpose was written down.'}"
    return Section("What to do", [ASK_AGAIN, f"{purpose} {judged}", GO_ON])


def _drifted(seen: Sequence[Mapping[str, Any]]) -> Section:
    rows = [
        [window["end"], entry["column"], entry["measure"], entry["effect"], entry["in_words"]]
        for window in reversed(seen)
        for entry in window.get("drift", [])
        if entry["drifted"]
    ]
    text = "Columns that are not what they were when the champion was made, the newest window first."
    return Section("What drifted", [text if rows else "No column has drifted."], _DRIFT, rows[:MOST_ROWS])


_DRIFT = ("window until", "column", "measure", "effect", "in words")


def _tried(tried: Iterable[Decision]) -> Section:
    rows = [
        [
            each.at[:16].replace("T", " "),
            each.details["window"],
            "; ".join(each.details["alarms"]),
            each.run_id,
            each.reason,
        ]
        for each in tried
    ]
    text = "Each retraining was made by the whole pipeline on newer rows and met the champion on the newest of them."
    return Section("What was tried", [text], ("when", "window until", "alarms", "run", "outcome"), rows)


def _against_the_contract(runs: Mapping[str, Path], design: Design) -> Section:
    threshold = design.contract["threshold"]
    rows = []
    for run_id, folder in runs.items():
        if files.exists(folder, files.EVALUATION):
            told = files.read(folder, files.EVALUATION)
            score, rival = told["test"], (told.get("champion") or {}).get("gain") or {}
            ends = [score["value"], score["low"], score["high"], threshold]
            rows.append([run_id, told["chosen"], *ends, rival.get("value"), rival.get("low"), rival.get("high")])
    name = design.contract["metric"]
    columns = ("run", "chosen", name, "low", "high", "threshold", "gain over the champion", "gain, low", "gain, high")
    return Section("Scores against the contract", ["On the newest labelled rows of each retraining."], columns, rows)


def _refusing(runs: Mapping[str, Path]) -> Section:
    rows = [
        [run_id, told["stage"], check.name, check.value, check.limit, check.explanation]
        for run_id, folder in runs.items()
        for told in _results(folder)
        for check in told["checks"]
        if check.refuses
    ]
    return Section("What refused", (), ("run", "stage", "check", "found", "allowed", "what it means"), rows)


def _results(folder: Path) -> list[dict[str, Any]]:
    stages = sorted(path.parent.relative_to(folder).as_posix() for path in folder.rglob(results.FILE))
    return [{**results.read(folder, stage), "stage": stage} for stage in stages]


def _slices(seen: Sequence[Mapping[str, Any]], runs: Mapping[str, Path]) -> Section:
    live = [
        [window["end"], each["column"], each["value"], each["n"], each["score"], each["low"], each["high"]]
        for window in seen[-1:]
        for each in window.get("slices", [])
        if each["score"] is not None
    ]
    held = [
        [
            f"held out in {run_id}",
            each["column"],
            each["value"],
            each["n_samples"],
            each["score"],
            each["low"],
            each["high"],
        ]
        for run_id, folder in list(runs.items())[-1:]
        if files.exists(folder, files.EVALUATION)
        for each in files.read(folder, files.EVALUATION)["slices"]
        if each["score"] is not None
    ]
    rows = sorted([*live, *held], key=lambda row: row[4])[:MOST_ROWS]
    text = "The lowest scores first: look at what these rows have in common." if rows else "No slice could be judged."
    return Section("Slices to look at", [text], ("rows", "column", "value", "n", "score", "low", "high"), rows)


def _columns(seen: Sequence[Mapping[str, Any]], champion: Champion, project: Project) -> Section:
    weights = _importance(project.runs / str(champion.info.get("run_id")))
    effects: dict[str, float] = {}
    for window in seen:
        for entry in window.get("drift", []):
            if entry["drifted"]:
                effects[entry["column"]] = max(effects.get(entry["column"], 0.0), entry["effect"])
    rows = [[name, weights.get(name), effects.get(name)] for name in {**effects, **weights}]
    rows.sort(key=lambda row: (-(row[2] is not None and (row[1] or 0.0) > 0), -(row[1] or 0.0)))
    text = "Columns that the champion rests on and that drifted come first; next those that it rests on most."
    columns = ("column", "score lost when it is shuffled", "largest drift")
    return Section("Columns to look at", [text], columns, rows[:MOST_ROWS])


def _importance(folder: Path) -> dict[str, float]:
    if not files.exists(folder, files.EVALUATION):
        return {}
    found = files.read(folder, files.EVALUATION).get("importance", [])
    return {each["column"]: each["loss"] for each in found}
