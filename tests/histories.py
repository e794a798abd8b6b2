"""A store with a believable past, made in seconds: two years of daily windows, alarms, retrainings, promotions."""

import json
import math
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from lib import database, files, results, windows, workspace
from lib.checks import Check
from lib.project import Project

MODEL = "late-flights"
COLUMNS = [
    "sched_dep_time", "humid", "wind_speed", "temp", "carrier", "origin", "distance", "precip", "visib", "dewp",
    "pressure", "month", "hour", "dest", "flight", "wind_dir", "wind_gust", "day", "sched_arr_time", "minute",
]  # fmt: skip
CATEGORIES = {"carrier": ["UA", "B6", "EV", "DL", "AA"], "origin": ["EWR", "JFK", "LGA"], "dest": ["ATL", "ORD", "LAX"]}
DESIGN = {
    "model_name": MODEL, "objective": "Say, when a flight is scheduled, whether it will arrive late.",
    "users": "The operations desk of the airport.", "decision": "The desk warns passengers.", "target": "late",
    "metric": "roc_auc", "threshold": 0.68, "least_gain": 0.01, "cost_false_positive": 1.0, "cost_false_negative": 3.0,
    "slices": ["origin"], "slice_loss": 0.05, "latency_ms": 100.0, "memory_mb": 2000.0, "model_mb": 50.0,
    "retraining_budget": 3, "source": "flights", "task": "binary", "classes": [0, 1], "features": COLUMNS,
    "time_column": "time_hour", "group_column": "", "exclude": {}, "rule": {"column": "hour", "score": 0.66},
    "split": {"strategy": "time", "validation_size": 0.2, "test_size": 0.2, "random_state": 0},
}  # fmt: skip


def a_run(project: Project, run_id: str, version: int | None, *, status: str = "done", message: str = "") -> Path:
    """Write what a run leaves of its design and its experiments, and its page."""
    folder = project.runs / run_id
    refused = status == "refused"
    gate = Check("score on test rows", 0.51 if refused else 0.756, 0.68, not refused, "stop", "The score is so.")
    slow = Check("one prediction is fast enough", 39.6, 100.0, True, "stop", "Fast enough.")
    leak = Check("columns that say nothing new", 1, 0, False, "warning", "minute is a combination of others.")
    files.write(folder, files.DESIGN, DESIGN)
    results.write(folder, "01_design", checks=[Check("beats the constant", 0.23, 0.01, True, "stop", "It gains.")])
    results.write(folder, "03_cleaning", checks=[leak])
    files.write(folder, files.RECIPE, {"dropped": {"minute": "a combination"}, "linear_numeric": [], "max_vif": 5.0})
    cleaning = json.loads((folder / "03_cleaning/results.json").read_text())
    cleaning["tables"] = {
        "vif": [
            {"step": 1, "column": "hour", "vif": 609.3, "most_correlated_with": "sched_dep_time", "correlation": 0.999},
            {"step": 2, "column": "dewp", "vif": 71.3, "most_correlated_with": "temp", "correlation": 0.89},
        ],
        "inflation": [
            {"column": "hour", "before": 609.3, "after": None},
            {"column": "sched_dep_time", "before": 598.2, "after": 1.08},
            {"column": "dewp", "before": 71.6, "after": None},
            {"column": "temp", "before": 52.4, "after": 1.31},
            {"column": "humid", "before": 24.9, "after": 1.62},
        ],
        "ways": [{"strategy": "median", "add_indicator": True, "score": 0.676, "standard_error": 0.015}],
    }
    files.write(folder, "03_cleaning/results.json", cleaning)
    results.write(folder, "05_evaluation", metrics={"test_roc_auc": gate.value}, checks=[gate, slow])
    evaluated = json.loads((folder / "05_evaluation/results.json").read_text())
    evaluated["tables"] = {"calibration": [_bin(place) for place in range(10)]}
    files.write(folder, "05_evaluation/results.json", evaluated)
    files.write(folder, files.EVALUATION, _evaluation(gate.value))
    files.write(
        folder, files.MODEL_CARD, f"# Model card: {MODEL}\n\n## Purpose\n\n- Objective: <b>say</b> who is late.\n"
    )
    at = datetime.strptime(run_id[:19], "%Y-%m-%dT%H-%M-%S").replace(tzinfo=UTC).isoformat()
    told = {"started": at, "finished": at, "message": message or "All gates passed.", "version": version}
    files.write(
        folder, workspace.RECORD, {"run_id": run_id, "status": status, "executions": {"01_design": "k"}, **told}
    )
    page = project.reports / run_id / "report.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("<!DOCTYPE html><html lang=en><title>A run</title><h1>The report of a run</h1>")
    return folder


def a_champion(project: Project, run_id: str, version: int) -> None:
    told = {"version": version, "model_name": MODEL, "run_id": run_id, "metric": "roc_auc", "task": "binary"}
    files.write(project.store / "champion" / MODEL, "champion.json", told)


def two_years(project: Project, *, days: int = 730, healthy: bool = True, until: datetime | None = None) -> None:
    """Fill a store: champions, decisions, daily counts of about ten million predictions, and a window a day."""
    last = (until or datetime.now(UTC)).replace(hour=0, minute=0, second=0, microsecond=0)
    first = last - timedelta(days=days)
    changes = [first + timedelta(days=round(days * part)) for part in (0.0, 0.36, 0.71)]
    for version, at in enumerate(changes, 1):
        a_run(project, f"{at:%Y-%m-%dT%H-%M-%S}", version)
    a_champion(project, f"{changes[-1]:%Y-%m-%dT%H-%M-%S}", len(changes))
    engine = database.connect(project.store)
    draw = random.Random(0)  # noqa: S311  nothing here is secret
    pace = 730 / days
    found = [_window(draw, first + timedelta(days=n), changes, pace) for n in range(days)]
    if healthy:
        found[-12:] = [_without_alarms(window) for window in found[-12:]]
    windows.write(engine, found)
    _decide(engine, changes, found)
    _count(engine, found, last)


def a_replay(project: Project) -> None:
    """Write a comparison of three policies."""
    begun, draw = datetime(2025, 7, 1, tzinfo=UTC), random.Random(1)  # noqa: S311  the same
    policies = {}
    for place, name in enumerate(("never", "always", "alarm")):
        rows = []
        for month in range(6):
            score = 0.75 - (0.02 * month if name == "never" else 0.005 * month) + draw.uniform(-0.005, 0.005)
            start, end = begun + timedelta(days=30 * month), begun + timedelta(days=30 * (month + 1))
            rows.append({"start": f"{start:%Y-%m-%d}", "end": f"{end:%Y-%m-%d}", "score": score, "low": score - 0.012,
                         "high": score + 0.012, "n": 27000})  # fmt: skip
        policies[name] = {"windows": rows, "retrainings": [0, 6, 2][place], "promotions": [0, 5, 2][place],
                          "seconds": [0.0, 612.4, 214.9][place],
                          "gain": {"value": [0.0, 0.041, 0.038][place], "low": 0.0, "high": 0.05}}  # fmt: skip
    files.write(project.store / "replay" / "months", "result.json", {"model_name": MODEL, "policies": policies})


def _evaluation(score: float) -> dict:
    candidates = [
        {"candidate": name, "score": value, "low": value - 0.04, "high": value + 0.04, "cv_mean": value - 0.03,
         "cv_std": 0.03, "complexity": place}
        for place, (name, value) in enumerate(
            {"boosting": 0.714, "forest": 0.709, "linear": 0.672, "rule": 0.664, "constant": 0.5}.items()
        )
    ]  # fmt: skip
    return {
        "model_name": MODEL, "metric": "roc_auc", "task": "binary", "chosen": "forest", "classes": [0, 1],
        "reason": "forest is the simplest model that is as good.", "trained_until": "2013-05-27T13:00:00",
        "candidates": candidates, "validation": {"value": 0.709, "low": 0.647, "high": 0.764},
        "test": {"value": score, "low": score - 0.036, "high": score + 0.034},
        "calibration": {"expected_calibration_error": 0.0428, "brier": 0.179},
        "importance": [{"column": n, "loss": 0.034 / (p + 1), "spread": 0.003} for p, n in enumerate(COLUMNS)],
        "slices": [{"column": "origin", "value": v, "n_samples": 800, "score": 0.74, "low": 0.7, "high": 0.77}
                   for v in CATEGORIES["origin"]],
        "footprint": {"latency_ms": 39.6, "memory_mb": 237.5, "model_mb": 4.1},
    }  # fmt: skip


def _bin(place: int) -> dict:
    middle = 0.05 + place / 10
    return {"predicted": middle, "observed": middle * 0.95, "n_samples": 240, "low": middle * 0.8, "high": middle * 1.1}


def _window(draw: random.Random, start: datetime, changes: list[datetime], pace: float) -> windows.Window:
    version = sum(start >= at for at in changes) or 1
    age = (start - changes[version - 1]).days * pace
    score = 0.762 - 0.00035 * age + 0.008 * math.sin(age / 29) + draw.gauss(0, 0.006)
    drift = sorted((_drift(draw, column, age) for column in COLUMNS), key=lambda d: -d["effect"])
    alarms = [_alarm(start, changes[version - 1], drift, score)] if score < 0.695 else []
    payload = {
        "performance": {"metric": "roc_auc", "value": score, "low": score - 0.018, "high": score + 0.017, "n": 12900},
        "estimated": {"metric": "roc_auc", "value": score + draw.gauss(0.004, 0.004), "low": score - 0.03,
                      "high": score + 0.03},
        "drift": drift, "prediction": _drift(draw, "prediction", age),
        "quality": [{"column": "wind_gust", "finding": "more gaps than in the reference", "n": 3100, "share": 0.24}],
        "slices": [{"column": "origin", "value": v, "n": 4300, "score": score + d, "low": score + d - 0.03,
                    "high": score + d + 0.03} for v, d in (("EWR", 0.01), ("JFK", -0.02), ("LGA", 0.004))],
        "service": {"n": 13000, "errors": 3, "p50_ms": 6.1, "p95_ms": 14.9},
        "alarms": alarms, "healthy": not alarms,
        "in_words": alarms[0]["what"] if alarms else "The score holds, and no input has moved enough to matter.",
    }  # fmt: skip
    begins, ends = (f"{at:%Y-%m-%dT%H:%M:%S}" for at in (start, start + timedelta(days=1)))
    return windows.Window(MODEL, version, begins, ends, 13700 + draw.randrange(400), payload)


def _drift(draw: random.Random, column: str, age: int) -> dict:
    effect = min(0.9, abs(draw.gauss(0.02, 0.015)) + (0.0009 * age if column in COLUMNS[:4] else 0))
    drifted = effect > 0.1
    words = f"{column} has moved: its typical value is higher." if drifted else f"{column} is as it was."
    told = {"column": column, "effect": effect, "p_value": 0.0001 if drifted else 0.4, "drifted": drifted,
            "in_words": words}  # fmt: skip
    if column in CATEGORIES:
        names = CATEGORIES[column]
        shares = [1 / len(names)] * len(names)
        moved = [share + (effect / 3 if place == 0 else -effect / 3 / (len(names) - 1))
                 for place, share in enumerate(shares)]  # fmt: skip
        sides = {
            "reference": {"categories": names, "shares": shares},
            "current": {"categories": names, "shares": moved},
        }
        return {**told, "kind": "categorical", "measure": "Jensen-Shannon distance", **sides}
    edges = [round(place * 240 / 10, 1) for place in range(11)]
    sides = {name: {"edges": edges, "shares": _bell(shift)} for name, shift in (("reference", 0), ("current", effect))}
    return {**told, "kind": "numeric", "measure": "Wasserstein distance, in standard deviations", **sides}


def _bell(shift: float) -> list[float]:
    heights = [math.exp(-((place - 4.5 - 6 * shift) ** 2) / 5) for place in range(10)]
    return [height / sum(heights) for height in heights]


def _alarm(start: datetime, begun: datetime, drift: list[dict], score: float) -> dict:
    what = (
        f"The score has fallen to {score:.3f}; the contract asks for 0.68. {drift[0]['column']} moved most "
        f"({drift[0]['effect']:.2f} standard deviations)."
    )
    return {"name": "performance", "severity": "stop", "what": what, "since": f"{start - timedelta(days=2):%Y-%m-%d}",
            "value": score, "limit": 0.695, "todo": "`cycle` retrains on newer rows and compares."}  # fmt: skip


def _without_alarms(found: windows.Window) -> windows.Window:
    payload = {
        **found.payload,
        "alarms": [],
        "healthy": True,
        "in_words": "The score holds. "
        f"{sum(each['drifted'] for each in found.payload['drift'])} inputs moved, not enough to matter.",
    }
    return windows.Window(found.model_name, found.model_version, found.start, found.end, found.n, payload)


def _decide(engine, changes: list[datetime], found: list[windows.Window]) -> None:
    rows = []
    for version, at in enumerate(changes, 1):
        run_id = f"{at:%Y-%m-%dT%H-%M-%S}"
        if version > 1:
            rows.append(
                (at - timedelta(hours=2), "alarm", version - 1, None, "The score has fallen below 0.695.", None)
            )
            rows.append((at - timedelta(hours=1), "retraining", version - 1, None, "An alarm; newer rows exist.", None))
        rows.append((at, "promotion", version - 1 or None, version, "All 11 gates passed.", run_id))
    middle = changes[1] + (changes[2] - changes[1]) / 2
    rows.append((middle, "refusal", 2, 7, "It gains 0.003, and 0.01 is the least useful gain.", None))
    told = [
        {
            "at": at.isoformat(timespec="milliseconds"),
            "kind": kind,
            "old": old,
            "new": new,
            "reason": reason,
            "run": run,
        }
        for at, kind, old, new, reason, run in sorted(rows, key=lambda row: row[0])
    ]
    query = """INSERT INTO decisions (at, actor, kind, model_name, from_version, to_version, reason, run_id, details)
        VALUES (:at, 'pipeline', :kind, :name, :old, :new, :reason, :run, '{}')"""
    with engine.begin() as connection:
        connection.execute(text(query), [{**row, "name": MODEL} for row in told])


def _count(engine, found: list[windows.Window], last: datetime) -> None:
    rows = [
        {"name": MODEL, "version": each.model_version, "day": each.start[:10], "n": each.n, "labelled": each.n - 800}
        for each in found
    ]
    rows.append({**rows[-1], "day": f"{last:%Y-%m-%d}", "n": 4211, "labelled": 0})
    query = """INSERT INTO daily (model_name, model_version, day, n, total, squares, n_labelled)
        VALUES (:name, :version, :day, :n, :n * 0.24, :n * 0.09, :labelled)"""
    with engine.begin() as connection:
        connection.execute(text(query), rows)
