"""The views of what was thought before the model was used: its design, its experiments, its cleaning."""

from collections.abc import Mapping, Sequence
from typing import Any

from lib import figures
from lib.views import Block, Markdown, Picture, Table, Words

CONTRACT = {
    "objective": "What it is for",
    "users": "Who looks at it",
    "decision": "What they do with it",
    "source": "Table",
    "target": "Target",
    "task": "Task",
    "metric": "Judged by",
    "threshold": "Least score",
    "least_gain": "Least useful gain",
    "cost_false_positive": "Cost of a false alarm",
    "cost_false_negative": "Cost of a miss",
    "slice_loss": "Most a slice may lose",
    "latency_ms": "Most milliseconds a row",
    "memory_mb": "Most memory, MB",
    "model_mb": "Largest file, MB",
    "retraining_budget": "Retrainings before it goes back to design",
}
VERDICTS = {"stop": "refused", "warning": "warning", "info": "remark"}


def design(found: Mapping[str, Any]) -> list[Block]:
    """Return what was agreed, every verdict with those that refuse first, and the model card."""
    dossier = found["dossier"]
    if not dossier["design"]:
        return [Words("No contract was written yet: 01_design writes it.", "note")]
    agreed = [
        [words, _plain(dossier["design"].get(key))] for key, words in CONTRACT.items() if key in dossier["design"]
    ]
    card = [Markdown(dossier["card"])] if dossier["card"] else [Words("There is no model card yet.", "note")]
    return [Table("contract", ("line of the contract", "agreed"), agreed), *verdicts(dossier["stages"]), *card]


def verdicts(stages: Mapping[str, Mapping[str, Any]]) -> list[Block]:
    """Return the verdicts of all stages as a table, refusals and warnings first."""
    rows = [_verdict(name, check) for name, told in stages.items() for check in told["checks"]]
    order = [*VERDICTS.values(), "passed"]
    rows = sorted(rows, key=lambda row: order.index(row[0]))
    return [Table("verdicts", ("verdict", "check", "found", "allowed", "what it means", "stage"), rows)] if rows else []


def experiments(found: Mapping[str, Any]) -> list[Block]:
    """Return the candidates side by side, what the chosen one goes by, and its calibration."""
    dossier = found["dossier"]
    evaluation, stages = dossier["evaluation"], dossier["stages"]
    if not evaluation:
        return [Words("No candidate was evaluated yet: 05_evaluation compares them.", "note")]
    return [
        Words(evaluation.get("reason", "")),
        *_candidates(evaluation, dossier["design"].get("threshold")),
        *_importance(evaluation),
        *_calibration(evaluation, stages["05_evaluation"]["tables"].get("calibration") or []),
    ]


def cleaning(found: Mapping[str, Any]) -> list[Block]:
    """Return what was done to the columns and why, with the inflation of variance before and after."""
    dossier = found["dossier"]
    tables, recipe = dossier["stages"]["03_cleaning"]["tables"], dossier["recipe"]
    if not recipe:
        return [Words("Nothing was cleaned yet: 03_cleaning decides how.", "note")]
    left_out = [[column, why] for column, why in {**dossier["design"].get("exclude", {}), **recipe["dropped"]}.items()]
    ways = [Words(f"Gaps: {recipe['missing'].get('reason', '')}")] if recipe.get("missing") else []
    return [
        *ways,
        *_inflation(tables.get("vif") or [], tables.get("inflation") or [], recipe),
        *([Table("left-out-columns", ("column left out", "why"), left_out)] if left_out else []),
    ]


def _candidates(evaluation: Mapping[str, Any], threshold: float | None) -> list[Block]:
    told, metric = evaluation["candidates"], evaluation["metric"]
    rows = [{**each, "name": each["candidate"], "value": each["score"]} for each in told]
    title = "Candidates on the validation rows"
    names = ("candidate", "score", "low", "high", "cv_mean", "cv_std")
    columns = ("candidate", "score", "low", "high", "cross-validation, mean", "its standard deviation")
    drawn = figures.intervals(rows, title, metric, threshold)
    return [Picture(drawn, title), Table("candidates", columns, [[each.get(name) for name in names] for each in told])]


def _importance(evaluation: Mapping[str, Any]) -> list[Block]:
    told = evaluation.get("importance") or []
    if not told:
        return []
    title = "What the model goes by"
    drawn = figures.ranking([e["column"] for e in told], [e["loss"] for e in told], title, "score lost when shuffled")
    rows = [[each["column"], each["loss"], each["spread"]] for each in told]
    return [Picture(drawn, title), Table("importance", ("column", "score lost when shuffled", "spread"), rows)]


def _calibration(evaluation: Mapping[str, Any], bins: Sequence[Mapping[str, Any]]) -> list[Block]:
    measured = [
        f"{name.replace('_', ' ')} {value:.3g}" for name, value in (evaluation.get("calibration") or {}).items()
    ]
    words = "Calibration on the test rows: " + ", ".join(measured) + "."
    usable = [row for row in bins if {"predicted", "observed", "low", "high"} <= set(row)]
    return [Words(words), *([Picture(figures.calibration(usable), words)] if usable else [])] if measured else []


def _inflation(steps: Sequence[Mapping], after: Sequence[Mapping], recipe: Mapping[str, Any]) -> list[Block]:
    """Return the columns that were taken out for the linear model, each with its inflation when it went."""
    if not steps:
        return [Words("No column had to go for the linear model: none inflates another's variance.", "note")]
    factors = {row["column"]: row for row in after}
    out = [
        [s["column"], factors.get(s["column"], {}).get("before", s["vif"]), None, s["most_correlated_with"],
         s["correlation"], f"out in step {s['step']}"]
        for s in steps
    ]  # fmt: skip
    gone = {s["column"] for s in steps}
    stay = [[name, row["before"], row["after"], "", None, "stays"] for name, row in factors.items() if name not in gone]
    words = (
        f"For the linear model {len(steps)} columns went, one at a time, until no inflation factor (VIF) was above "
        f"{recipe.get('max_vif', 5):g}."
    )
    columns = ("column", "VIF before", "VIF after", "most correlated with", "correlation", "what was done")
    return [Words(words), Table("inflation", columns, [*out, *stay])]


def _verdict(stage: str, check: Mapping[str, Any]) -> list[Any]:
    verdict = "passed" if check["passed"] else VERDICTS[check["severity"]]
    return [verdict, check["name"], check["value"], check["limit"], check["explanation"], stage]


def _plain(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list) else "not said yet" if value in ("", None) else value
