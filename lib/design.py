"""The contract: what the model is for, who acts on it, what it is judged by, and what it may cost."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from lib import feasibility, flights, proposals, scoring
from lib.checks import Check
from lib.errors import InputError

DEMO = "flights"
COUNTS = "counts"
"""What a user writes for a task whose target counts something: a regression with Poisson's loss and deviance."""
NONE = "none"
"""What a user writes for a time or group column when none is to be inferred."""

COLUMN_KEYS = ("target", "time_column", "group_column", "exclude", "keep", "slices", "missingness_leaks")
LONG_KEYS = ("exclude", "features", "unanswered", "rule", "reading")
IN_UNITS_OF_THE_TARGET = ("neg_mean_absolute_error", "neg_root_mean_squared_error", "neg_median_absolute_error")
AS_LARGE_AS_THE_SPREAD = ("neg_mean_squared_error", "neg_mean_poisson_deviance")
"""Of these, a hundredth of what the mean alone comes to is a useful gain, as a hundredth of R² is."""

BLANK = {
    "model_name": "",
    "objective": "",
    "users": "",
    "decision": "",
    "target": "",
    "time_column": "",
    "exclude": {},
    "metric": "",
    "threshold": None,
    "least_gain": None,
    "cost_false_positive": 1.0,
    "cost_false_negative": 1.0,
    "slices": [],
    "slice_loss": None,
    "latency_ms": 100.0,
    "memory_mb": 4000.0,
    "model_mb": 200.0,
    "retraining_budget": 3,
}
"""What holds for a table of which nothing is known: no word of purpose, and limits that an ordinary server keeps."""

QUESTIONS = {
    "objective": "What is the prediction for? Say it with -p objective=TEXT.",
    "users": "Who looks at it? Say it with -p users=TEXT.",
    "decision": "Who does what, differently, because of it? Say it with -p decision=TEXT.",
    "costs": "What does an error cost? Both kinds count as 1 until -p cost_false_positive= and cost_false_negative=.",
    "threshold": "Below which score on test rows is the model of no use? Say it with -p threshold=NUMBER.",
    "slices": "For which groups of rows must it work as well as for all? Name columns with -p slices=A,B.",
    "latency_ms": "How fast, in how much memory, how large? -p latency_ms=, memory_mb= and model_mb= set the limits.",
}


def contract(
    source: str, table: pd.DataFrame, *, names: Mapping[str, str] | None = None, **given: Any
) -> dict[str, Any]:
    """Return the contract of a table: what is given, else what is known of the demo, else what the table suggests.

    Parameters
    ----------
    source : str
        ``"flights"`` for the demo, else what the table was read from; a password in it is masked.
    table : DataFrame of shape (n_samples, n_columns)
    names : mapping of str to str, optional
        The table's name of each column that the source calls otherwise.
    **given
        Keys of the contract, and `positive` and `keep`. Empty text, an empty list and -1 mean: not given.

    Returns
    -------
    dict
        Every key of the contract but `rule`, which `worth.best_rule` finds.

    Raises
    ------
    InputError
        If the contract and the table do not fit together.
    """
    told = {name: _renamed(name, value, names or {}) for name, value in given.items() if not _is_blank(value)}
    known = {**BLANK, **(flights.CONTRACT if source == DEMO else {}), **told}
    known["exclude"] = _reasons(source, told.get("exclude", []))
    known["source"] = re.sub(r"://([^:/@]+):[^@]*@", r"://\1:***@", source)
    feasibility.require_columns(table, [known["target"]], "target")
    y = table[known["target"]].dropna()
    known["task"] = known.get("task") or proposals.task(y)
    if known["task"] == COUNTS:
        feasibility.require_counts(y)
        metric = known["metric"] or scoring.DEFAULT_METRIC[COUNTS]
        known |= {"task": "regression", "counts": True, "metric": metric}
    known["classes"] = [] if known["task"] == "regression" else proposals.classes(y, known.pop("positive", ""))
    known["time_column"] = _time_column(table, known)
    known["group_column"] = known.get("group_column", "").replace(NONE, "")
    known["missingness_leaks"] = known.get("missingness_leaks", [])
    known["exclude"] |= _unfit(table, known, known.pop("keep", []))
    known["features"] = features(table, known)
    known["metric"] = known["metric"] or scoring.DEFAULT_METRIC.get(known["task"], "")
    known["threshold"] = _number(known["threshold"], "threshold")
    known["least_gain"] = _or_else(known["least_gain"], _hundredth(known, y))
    known["slice_loss"] = _or_else(known["slice_loss"], 5 * _hundredth(known, y))
    known["model_name"] = known["model_name"] or _model_name(known["source"], known["target"])
    known["split"] = _split(known, time_is_asked=bool(told.get("time_column")))
    known["unanswered"] = _unanswered(source, told)
    feasibility.validate(known, table)
    return known


def features(table: pd.DataFrame, design: Mapping[str, Any]) -> list[str]:
    """Return the columns that a model may see, in the table's order."""
    out = {design["target"], design["time_column"], design["group_column"], *design["exclude"]}
    return [name for name in table if name not in out]


def open_questions(design: Mapping[str, Any]) -> list[Check]:
    """Return a warning for each line of the contract that nobody has filled in."""
    return [
        Check(f"open question: {name}", "blank", "an answer", False, "warning", QUESTIONS[name])
        for name in design["unanswered"]
    ]


def readable(design: Mapping[str, Any]) -> pd.DataFrame:
    """Return the contract as a table for a person, one line a key, the long lists left to the next tables."""
    shown = {name: value for name, value in design.items() if name not in LONG_KEYS}
    shown["features"] = f"{len(design['features'])} columns"
    return pd.DataFrame({"agreed": {name.replace("_", " "): _text(value) for name, value in shown.items()}})


def excluded(design: Mapping[str, Any]) -> pd.DataFrame:
    """Return the columns that stay out of the model, each with the reason."""
    return pd.DataFrame({"column": list(design["exclude"]), "reason": list(design["exclude"].values())}).set_index(
        "column"
    )


def _is_blank(value: Any) -> bool:
    return (
        value is None or (isinstance(value, (str, list)) and not value) or (not isinstance(value, str) and value == -1)
    )


def _renamed(key: str, value: Any, names: Mapping[str, str]) -> Any:
    """Return what names columns in the table's words."""
    if key not in COLUMN_KEYS:
        return value
    return [names.get(name, name) for name in value] if isinstance(value, list) else names.get(value, value)


def _reasons(source: str, exclude: Iterable[str]) -> dict[str, str]:
    known = flights.CONTRACT["exclude"] if source == DEMO else {}
    return {**known, **dict.fromkeys(exclude, "excluded by -p exclude")}


def _time_column(table: pd.DataFrame, known: Mapping[str, Any]) -> str:
    if known["time_column"] == NONE:
        return ""
    out = [name for name in (known["target"], *known["exclude"]) if name in table]
    return known["time_column"] or proposals.time_column(table.drop(columns=out))


def _unfit(table: pd.DataFrame, known: Mapping[str, Any], keep: Iterable[str]) -> dict[str, str]:
    spoken_for = {known["target"], known["time_column"], known["group_column"], *known["exclude"], *keep}
    reasons = dict.fromkeys(proposals.identifiers(table), proposals.IDENTIFIES)
    reasons |= dict.fromkeys(proposals.of_bytes(table), proposals.BYTES)
    return {name: reason for name, reason in reasons.items() if name not in spoken_for}


def _hundredth(known: Mapping[str, Any], y: pd.Series) -> float:
    """Return what 0.01 is to a score between 0 and 1: of one in units of the target, a hundredth of its spread."""
    if known["metric"] in AS_LARGE_AS_THE_SPREAD:
        return float(f"{-0.01 * scoring.score(known['metric'], y, np.full(len(y), y.mean())):.4g}")
    return 0.01 * float(y.std()) if known["metric"] in IN_UNITS_OF_THE_TARGET else 0.01


def _or_else(given: float | None, default: float) -> float:
    return default if given is None else float(given)


def _number(value: Any, name: str) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        raise InputError(f"Parameter {name} takes a number, not {value!r}.") from None


def _model_name(source: str, target: str) -> str:
    stem = re.split(r"[/\\]", source.rstrip("/\\"))[-1].split(".")[0]
    return re.sub(r"[^A-Za-z0-9]+", "-", f"{stem}-{target}").strip("-").lower() or "model"


def _split(known: dict[str, Any], *, time_is_asked: bool) -> dict[str, Any]:
    """Return how the rows are divided: as asked; else by a time or group that is asked for; else by one inferred."""
    by_class = "random" if known["task"] == "regression" else "stratified"
    by_group = known["group_column"] and not (time_is_asked and known["time_column"])
    inferred = "group" if by_group else "time" if known["time_column"] else by_class
    sizes = {name: known.pop(name, default) for name, default in (("validation_size", 0.2), ("test_size", 0.2))}
    return {"strategy": known.pop("strategy", inferred), **sizes, "random_state": known.pop("random_state", 0)}


def _unanswered(source: str, told: Mapping[str, Any]) -> list[str]:
    if source == DEMO:
        return []
    answered = {*told, *({"costs"} if {"cost_false_positive", "cost_false_negative"} & set(told) else ())}
    return [name for name in QUESTIONS if name not in answered]


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name.replace('_', ' ')} {content}" for name, content in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "–"
    return "–" if value is None or value == "" else str(value)
