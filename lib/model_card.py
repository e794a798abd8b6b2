"""The model card: what a person has to know before using a model, in one page of Markdown.

After Mitchell et al. (2019), "Model cards for model reporting".
"""

from collections.abc import Iterable, Mapping
from typing import Any

from lib.checks import Check, refusals


def markdown(design: Mapping[str, Any], evaluation: Mapping[str, Any], checks: Iterable[Check]) -> str:
    """Return the card of a model.

    Parameters
    ----------
    design : mapping
        The contract.
    evaluation : mapping
        What 05_evaluation writes.
    checks : iterable of Check
        All verdicts of the evaluation.
    """
    checks = list(checks)
    sections = {
        "Verdict": _verdict(checks),
        "Purpose": _purpose(design),
        "Data": _data(design, evaluation),
        "Training": _training(evaluation),
        "Scores": _scores(evaluation),
        "Slices": _table(evaluation["slices"], ("column", "value", "n_samples", "score", "low", "high")),
        "What it goes by": _importance(evaluation, design["metric"]),
        "Limits": _limits(evaluation),
        "Caveats": _caveats(checks),
        "How to load it": _loading(design),
    }
    parts = [f"## {title}\n\n{text}" for title, text in sections.items() if text]
    return "\n\n".join([f"# Model card: {design['model_name']}", *parts]) + "\n"


def _verdict(checks) -> str:
    refused = refusals(checks)
    if not refused:
        return "All gates of the evaluation were passed."
    return "Refused, and not for use:\n\n" + _bullets(f"{check.name}: {check.explanation}" for check in refused)


def _purpose(design) -> str:
    lines = {"Objective": design["objective"], "Users": design["users"], "Decision": design["decision"]}
    costs = (
        f"a false positive costs {design['cost_false_positive']:g}, a false negative {design['cost_false_negative']:g}"
    )
    told = [f"{name}: {text or 'nobody has said it yet'}" for name, text in lines.items()]
    return _bullets(told + ([f"Errors: {costs}"] if design["task"] == "binary" else []))


def _data(design, evaluation) -> str:
    n = evaluation["n_samples"]
    sizes = ", ".join(str(n[role]) for role in ("train", "validation", "test"))
    until = f", up to {evaluation['trained_until']}" if evaluation["trained_until"] else ""
    target = f"{design['target']} ({design['task']})"
    return _bullets(
        [
            f"Source: {design['source']}; target: {target}",
            f"Split: {design['split']['strategy']}; rows to train, to choose and to test: {sizes}",
            f"Learnt from {n['learnt']} rows{until}",
            f"Predicted from {len(design['features'])} columns: {', '.join(design['features'])}",
            f"Left out: {', '.join(design['exclude']) or 'nothing'}",
        ]
    )


def _training(evaluation) -> str:
    refit = (
        "It was fitted again on training and validation rows together before the test." if evaluation["refit"] else ""
    )
    return f"Candidate: {evaluation['chosen']}. {evaluation['reason']} {refit}".strip()


def _scores(evaluation) -> str:
    rows = [{"rows": name, **evaluation[name]} for name in ("validation", "test")]
    against = [
        f"Over {side['name']} on the test rows: {_interval(side['gain'])}"
        for side in (evaluation["baseline"], evaluation["champion"])
        if side
    ]
    measured = [f"{name.replace('_', ' ')}: {_number(value)}" for name, value in evaluation["calibration"].items()]
    score = f"Metric: {evaluation['metric']}, higher is better.\n\n{_table(rows, ('rows', 'value', 'low', 'high'))}"
    return f"{score}\n\n{_bullets(against)}\n\nCalibration on the test rows:\n\n{_bullets(measured)}"


def _importance(evaluation, metric) -> str:
    text = f"Loss of {metric} on validation rows when a column is shuffled; columns that say the same share it."
    return f"{text}\n\n{_table(evaluation['importance'][:10], ('column', 'loss', 'spread'))}"


def _limits(evaluation) -> str:
    measured = [f"{name.replace('_', ' ')}: {_number(value)}" for name, value in evaluation["footprint"].items()]
    threshold = evaluation["decision_threshold"]
    decided = [] if threshold is None else [f"Act from this probability on: {_number(threshold)}"]
    return _bullets(decided + measured)


def _caveats(checks) -> str:
    found = [f"{check.name}: {check.explanation}" for check in checks if not check.passed and not check.refuses]
    return _bullets(found) if found else "No check gave a warning."


def _loading(design) -> str:
    address = f"models:/{design['model_name']}@champion"
    return (
        "The model takes the columns named above as they come from the source.\n\n"
        f'```python\nimport mlflow\n\nmodel = mlflow.sklearn.load_model("{address}")\n```'
    )


def _table(rows, columns) -> str:
    if not rows:
        return ""
    head = f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}"
    return "\n".join([head, *(f"| {' | '.join(_number(row[name]) for name in columns)} |" for row in rows)])


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _interval(found: Mapping[str, Any]) -> str:
    return f"{_number(found['value'])} ({_number(found['low'])} to {_number(found['high'])})"


def _number(value: Any) -> str:
    if value is None or value != value:  # only NaN differs from itself
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
