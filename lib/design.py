"""The contract: what the model is for, who acts on it, what it is judged by, and what it may cost."""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from lib import flights, proposals, scoring
from lib.checks import Check
from lib.errors import InputError

DEMO = "flights"
NONE = "none"
"""What a user writes for a time or group column when none is to be inferred."""

TASKS = ("binary", "multiclass", "regression")
STRATEGIES = ("time", "group", "stratified", "random")
LEAST_CLASS = 3
"""Rows of the rarest class of two, so that each part can have one."""

IN_UNITS_OF_THE_TARGET = ("neg_mean_absolute_error", "neg_root_mean_squared_error", "neg_median_absolute_error")
OF_QUANTITIES = ("r2", "d2_absolute_error_score", "explained_variance", *IN_UNITS_OF_THE_TARGET)
OF_TWO_CLASSES = ("roc_auc", "average_precision", "neg_brier_score")

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
    "slice_loss": 0.05,
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


def contract(source: str, table: pd.DataFrame, **given: Any) -> dict[str, Any]:
    """Return the contract of a table: what is given, else what is known of the demo, else what the table suggests.

    Parameters
    ----------
    source : str
        ``"flights"`` for the demo, else what the table was read from; a password in it is masked.
    table : DataFrame of shape (n_samples, n_columns)
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
    told = {name: value for name, value in given.items() if not _is_blank(value)}
    known = {**BLANK, **(flights.CONTRACT if source == DEMO else {}), **told}
    known["exclude"] = _reasons(source, told.get("exclude", []))
    known["source"] = re.sub(r"://([^:/@]+):[^@]*@", r"://\1:***@", source)
    _require_columns(table, [known["target"]], "target")
    y = table[known["target"]].dropna()
    known["task"] = known.get("task") or proposals.task(y)
    known["classes"] = [] if known["task"] == "regression" else proposals.classes(y, known.pop("positive", ""))
    known["time_column"] = _time_column(table, known)
    known["group_column"] = known.get("group_column", "").replace(NONE, "")
    known["missingness_leaks"] = known.get("missingness_leaks", [])
    known["exclude"] |= _identifiers(table, known, known.pop("keep", []))
    known["features"] = features(table, known)
    known["metric"] = known["metric"] or scoring.DEFAULT_METRIC[known["task"]]
    known["threshold"] = _number(known["threshold"], "threshold")
    known["least_gain"] = _least_gain(known, y)
    known["model_name"] = known["model_name"] or _model_name(known["source"], known["target"])
    known["split"] = _split(known)
    known["unanswered"] = _unanswered(source, told)
    validate(known, table)
    return known


def features(table: pd.DataFrame, design: Mapping[str, Any]) -> list[str]:
    """Return the columns that a model may see, in the table's order."""
    out = {design["target"], design["time_column"], design["group_column"], *design["exclude"]}
    return [name for name in table if name not in out]


def validate(design: Mapping[str, Any], table: pd.DataFrame) -> None:
    """Stop if the contract cannot be kept on this table.

    Raises
    ------
    InputError
        With what was expected, what was found, and what to do.
    """
    _require_columns(table, [design["target"]], "target")
    for name in ("time_column", "group_column"):
        _require_columns(table, [design[name]] if design[name] else [], name)
    for name in ("exclude", "slices", "missingness_leaks"):
        _require_columns(table, design[name], name)
    _require_one_of(design["task"], TASKS, "task")
    _require_task_fits(design, table[design["target"]].dropna())
    _require_metric_fits(design)
    _require_split_fits(design["split"], len(table))
    if not design["features"]:
        raise InputError(
            "No column is left to predict from: all are the target, the time, the group or excluded. "
            "Shorten -p exclude=, or keep a column that looks like an identifier with -p keep=COLUMN."
        )


def open_questions(design: Mapping[str, Any]) -> list[Check]:
    """Return a warning for each line of the contract that nobody has filled in."""
    return [
        Check(f"open question: {name}", "blank", "an answer", False, "warning", QUESTIONS[name])
        for name in design["unanswered"]
    ]


def readable(design: Mapping[str, Any]) -> pd.DataFrame:
    """Return the contract as a table for a person, one line a key, the long lists left to the next tables."""
    shown = {name: value for name, value in design.items() if name not in ("exclude", "features", "unanswered", "rule")}
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


def _reasons(source: str, exclude: Iterable[str]) -> dict[str, str]:
    known = flights.CONTRACT["exclude"] if source == DEMO else {}
    return {**known, **dict.fromkeys(exclude, "excluded by -p exclude")}


def _time_column(table: pd.DataFrame, known: Mapping[str, Any]) -> str:
    if known["time_column"] == NONE:
        return ""
    out = [name for name in (known["target"], *known["exclude"]) if name in table]
    return known["time_column"] or proposals.time_column(table.drop(columns=out))


def _identifiers(table: pd.DataFrame, known: Mapping[str, Any], keep: Iterable[str]) -> dict[str, str]:
    spoken_for = {known["target"], known["time_column"], known["group_column"], *known["exclude"], *keep}
    found = [name for name in proposals.identifiers(table) if name not in spoken_for]
    return dict.fromkeys(found, "numbers or names the rows: hardly a value comes twice; kept with -p keep=COLUMN")


def _least_gain(known: Mapping[str, Any], y: pd.Series) -> float:
    if known["least_gain"] is not None:
        return float(known["least_gain"])
    return 0.01 * float(y.std()) if known["metric"] in IN_UNITS_OF_THE_TARGET else 0.01


def _number(value: Any, name: str) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        raise InputError(f"Parameter {name} takes a number, not {value!r}.") from None


def _model_name(source: str, target: str) -> str:
    stem = re.split(r"[/\\]", source.rstrip("/\\"))[-1].split(".")[0]
    return re.sub(r"[^A-Za-z0-9]+", "-", f"{stem}-{target}").strip("-").lower() or "model"


def _split(known: dict[str, Any]) -> dict[str, Any]:
    by_class = "random" if known["task"] == "regression" else "stratified"
    inferred = "time" if known["time_column"] else "group" if known["group_column"] else by_class
    sizes = {name: known.pop(name, default) for name, default in (("validation_size", 0.2), ("test_size", 0.2))}
    return {"strategy": known.pop("strategy", inferred), **sizes, "random_state": known.pop("random_state", 0)}


def _unanswered(source: str, told: Mapping[str, Any]) -> list[str]:
    if source == DEMO:
        return []
    answered = {*told, *({"costs"} if {"cost_false_positive", "cost_false_negative"} & set(told) else ())}
    return [name for name in QUESTIONS if name not in answered]


def _require_columns(table: pd.DataFrame, names: Iterable[str], role: str) -> None:
    known = [str(name) for name in table]
    for name in names:
        if not name:
            raise InputError(
                f"No {role} is named. Name one of the table's columns with -p {role}=COLUMN: {_list(known)}."
            )
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or known
            raise InputError(f"Column {name!r}, named as {role}, is not in the table. Nearest are: {_list(near)}.")


def _require_one_of(value: str, allowed: Iterable[str], name: str) -> None:
    if value not in allowed:
        raise InputError(f"Parameter {name} is one of {', '.join(allowed)}, not {value!r}.")


def _require_task_fits(design: Mapping[str, Any], y: pd.Series) -> None:
    target, task = design["target"], design["task"]
    if y.nunique() < 2:
        raise InputError(
            f"Target {target!r} has {y.nunique()} value in {len(y)} rows; there is nothing to predict. Name another column."
        )
    if task == "regression" and not pd.api.types.is_numeric_dtype(y):
        raise InputError(f"Task regression needs numbers; target {target!r} holds {y.iloc[0]!r}. Use task=multiclass.")
    if task == "binary" and y.nunique() != 2:
        raise InputError(f"Task binary needs two values; target {target!r} has {y.nunique()}. Use task=multiclass.")
    if task != "regression" and y.nunique() > len(y) / 10:
        raise InputError(
            f"Target {target!r} has {y.nunique()} classes in {len(y)} rows, fewer than ten rows a class. "
            f"If it is a quantity, use -p task=regression; if it names the rows, choose another target."
        )
    if task == "binary" and y.value_counts().min() < LEAST_CLASS:
        raise InputError(
            f"The rarer class of {target!r} has {y.value_counts().min()} rows; training, validation and test "
            f"need one each at the least. Give more rows."
        )


def _require_metric_fits(design: Mapping[str, Any]) -> None:
    task, metric = design["task"], design["metric"]
    fitting = [name for name in scoring.METRICS if _fits(name, task)]
    if metric not in fitting:
        raise InputError(f"Metric {metric!r} does not fit the task {task}. Fitting are: {', '.join(fitting)}.")


def _fits(metric: str, task: str) -> bool:
    if task == "regression":
        return metric in OF_QUANTITIES
    return metric not in OF_QUANTITIES and (task == "binary" or metric not in OF_TWO_CLASSES)


def _require_split_fits(split: Mapping[str, Any], n_samples: int) -> None:
    _require_one_of(split["strategy"], STRATEGIES, "strategy")
    kept_back = split["validation_size"] + split["test_size"]
    if min(split["validation_size"], split["test_size"]) <= 0 or kept_back >= 1:
        raise InputError(
            f"validation_size and test_size are shares above 0 that leave rows to train on; found "
            f"{split['validation_size']} and {split['test_size']}."
        )
    if n_samples < 20:
        raise InputError(f"The table has {n_samples} rows with a target; at least 20 are needed to judge anything.")


def _list(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name.replace('_', ' ')} {content}" for name, content in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "–"
    return "–" if value is None or value == "" else str(value)
