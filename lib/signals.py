"""What is bad about a window, and what is to be done about it: an effect that matters *and* more than chance, always.

A signal is a value with its limit, a sentence, and advice. Those that a window cannot tell are left out: no labels, no
word on performance.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from scipy import optimize, stats

from lib import credibility
from lib.alarms import Rule

LEAST_ROWS = 30
LEAST_LOSS = 0.01
SLICE_LOSS = 0.05
SCORES = ("performance", "estimate", "residuals")
"""Signals that go by a score, where chance is what hides a loss; the others go by the size of an effect first."""
UNUSABLE = ("missing column", "not of its type")
"""Findings that are faults whatever rests on the column."""
ADVICE = {
    "performance": "Retrain on newer rows; if that was tried, look at the slices and at the drifted columns.",
    "contract": "Stop acting on the model, or check each answer by hand, until a better one is promoted.",
    "estimate": "Get labels for these rows to see whether it is so, and retrain if it is.",
    "residuals": "Retrain on newer rows: they hold what the model does not know yet.",
    "calibration": "Do not take its probabilities, or a threshold on them, at their word. If they matter, let a design "
    "judge by them, as with -p metric=neg_log_loss; a score by order gains nothing from a retraining here.",
    "prediction": "Compare with the truth as soon as it is known, and be careful with these predictions until then.",
    "inputs": "Ask who delivers these columns whether their meaning changed; if it was the world, retrain.",
    "quality": "Have the source corrected, and score the rows again.",
    "slices": "Look at what is particular about these rows, and do not act on the model for them until it is known.",
    "service": "Look into the log of the server, and at the load of its machine.",
}

Signal = dict[str, Any]


def chances(rules: Iterable[Rule], alpha: float) -> dict[str, float]:
    """Return the chance with which each score may be bad in one window, so that its alarms keep to alpha together.

    A rule "k of the last n" raises an alarm where a window is bad and k - 1 of the n - 1 before it were, which without
    any change happens much more rarely than one bad window. What is bad in a single window can be judged with as much
    more power, and the alarms of all rules on scores still stand at the end of at most alpha of the windows (Bonferroni
    over the rules; windows taken as independent).

    Parameters
    ----------
    rules : iterable of Rule
    alpha : float
        Chance that an alarm on a score stands at the end of a window without any change.
    """
    rules = [rule for rule in rules if rule.name in SCORES]
    found: dict[str, float] = {}
    for rule in rules:
        found[rule.name] = min(found.get(rule.name, 1.0), _chance(rule, alpha / len(rules)))
    return found


def of(
    known: Mapping[str, Any],
    found: Mapping[str, Any],
    *,
    drifted_weight: float,
    least_loss: float,
    alpha: float,
    most_errors: float,
    chance: Mapping[str, float] | None = None,
) -> dict[str, Signal]:
    """Return the signals of a window by name, as far as it can tell.

    Parameters
    ----------
    known : mapping
        The reference profile.
    found : mapping
        What `monitoring.assess` found so far.
    drifted_weight : float
        Share of the model's importance that has to rest on drifted columns.
    least_loss : float
        Loss of the metric that matters; 0 for the contract's least useful gain.
    alpha : float
        Chance of a mistake in a window without any change.
    most_errors : float
        Share of failed requests that is tolerated.
    chance : mapping, optional
        What takes the place of alpha for single signals (`chances`).
    """
    chance = {**dict.fromkeys(SCORES, alpha), **(chance or {})}
    loss = least_loss or known["least_gain"] or LEAST_LOSS
    signals = {"service": _service(found["service"], most_errors, known.get("latency_ms"))}
    if found["n"] >= LEAST_ROWS:
        signals |= {
            "performance": _fallen(found["performance"], known["score"], loss, chance["performance"], "measured"),
            "contract": _broken(found["performance"], known["threshold"]),
            "estimate": _fallen(
                found["estimated"], known["estimated"], loss, chance["estimate"], "estimated without labels"
            ),
            "residuals": _learnable(found["residuals"], loss, chance["residuals"]),
            "calibration": _calibration(found["shares"], known["target"], alpha),
            "prediction": _prediction(found["prediction"]),
            "inputs": _inputs(found["drift"], drifted_weight),
            "quality": _quality(found["quality"], known["about"], drifted_weight),
            "slices": _slices(found["slices"], known["by_slice"], known.get("slice_loss") or SLICE_LOSS, alpha),
        }
    return {name: {**signal, "todo": ADVICE[name]} for name, signal in signals.items() if signal}


def weight(entries: Iterable[Mapping[str, Any]]) -> float:
    """Return the share of the model's importance that rests on the drifted ones of these columns.

    A column that lost nothing when it was shuffled carries no weight; where no importance is known, all carry the same.
    """
    entries = list(entries)
    weights = np.array([max(entry.get("importance") or 0.0, 0.0) for entry in entries])
    if not weights.any():
        weights = np.ones(len(entries))
    drifted = np.array([entry["drifted"] for entry in entries], dtype=bool)
    return float(weights[drifted].sum() / weights.sum()) if entries else 0.0


def _chance(rule: Rule, alpha: float) -> float:
    """Return how likely one window may be bad where an alarm of a rule is to be as likely as alpha."""
    if alpha <= 0:
        return 0.0

    def excess(p: float) -> float:
        return p * stats.binom.sf(rule.k - 2, rule.n - 1, p) - alpha

    return float(optimize.brentq(excess, 0.0, 1.0))


def _fallen(now: Mapping | None, before: Mapping, loss: float, alpha: float, how: str) -> Signal | None:
    """Return whether a score is below the one before by what matters and by more than both intervals explain."""
    if now is None or not _is_known(now) or not _is_known(before):
        return None
    lost = before["value"] - now["value"]
    bad = bool(lost >= loss and lost > stats.norm.ppf(1 - alpha) * np.hypot(_error(now), _error(before)))
    what = (
        f"{now['metric']}, {how}, is {now['value']:.3f} ({now['low']:.3f} to {now['high']:.3f}); it was "
        f"{before['value']:.3f} on held-out rows."
    )
    return _signal(bad, now["value"], before["value"] - loss, what)


def _learnable(found: Mapping | None, loss: float, alpha: float) -> Signal | None:
    """Return whether learning from the errors gains what matters, and more than its interval explains."""
    if found is None or not _is_known(found):
        return None
    bad = bool(found["value"] >= loss and found["value"] > stats.norm.ppf(1 - alpha) * _error(found))
    what = (
        f"What the model got wrong up to the middle of these rows, once learnt, changes {found['metric']} in the newer "
        f"half by {found['value']:+.3f} ({found['low']:+.3f} to {found['high']:+.3f})."
    )
    return _signal(bad, found["value"], loss, what)


def _broken(now: Mapping | None, threshold: float | None) -> Signal | None:
    if now is None or threshold is None or not _is_known(now):
        return None
    score = f"{now['value']:.3f} ({now['low']:.3f} to {now['high']:.3f})"
    what = f"{now['metric']} is {score}; the contract wants {threshold}."
    return _signal(now["high"] < threshold, now["value"], threshold, what)


def _calibration(entries: list[Mapping], target: str, alpha: float) -> Signal | None:
    """Return whether a class came true more or less often than was to be expected; alpha is shared by the classes."""
    if not entries:
        return None
    limit = stats.norm.ppf(1 - alpha / 2 / len(entries))
    sure = [each for each in entries if abs(each["observed"] - each["expected"]) > limit * _error(each)]
    worst = max(sure or entries, key=lambda each: abs(each["effect"]))
    what = (
        f"{target} = {worst['class']} came true in {worst['observed']:.1%} of the rows, where the probabilities let "
        f"{worst['expected']:.1%} expect: {worst['low']:+.1%} to {worst['high']:+.1%} apart."
    )
    effect = abs(worst["effect"])
    return _signal(bool(sure) and effect >= credibility.LEAST_EFFECT, effect, credibility.LEAST_EFFECT, what)


def _prediction(entry: Mapping | None) -> Signal | None:
    return entry and _signal(entry["drifted"], entry["effect"], entry["limit"], "The " + entry["in_words"])


def _inputs(entries: list[Mapping], drifted_weight: float) -> Signal | None:
    if not entries:
        return None
    drifted, carried = [entry for entry in entries if entry["drifted"]], weight(entries)
    names = ", ".join(entry["column"] for entry in drifted[:5]) + (" and more" if len(drifted) > 5 else "")
    what = f"{len(drifted)} of {len(entries)} columns have drifted"
    what += f" ({names}); {carried:.0%} of the score rests on them. {drifted[0]['in_words']}" if drifted else "."
    return _signal(bool(drifted) and carried >= drifted_weight, carried, drifted_weight, what)


def _quality(findings: list[Mapping], about: Mapping[str, Mapping], least_weight: float) -> Signal:
    """Return whether the columns are at fault: one cannot be used at all, or much of the score rests on those."""
    alarming = [finding for finding in findings if finding["alarming"]]
    names = {finding["column"] for finding in alarming}
    columns = [name for name in about if "whole" in about[name]]
    carried = weight({"importance": about[name].get("importance"), "drifted": name in names} for name in columns)
    broken = any(finding["finding"] in UNUSABLE for finding in alarming)
    what = " ".join(finding["in_words"] for finding in alarming[:3]) or "The columns are as they were."
    what += f" {carried:.0%} of the score rests on these columns." if alarming else ""
    return _signal(broken or (bool(alarming) and carried >= least_weight), carried, least_weight, what)


def _slices(now: list[Mapping], before: list[Mapping], loss: float, alpha: float) -> Signal | None:
    """Return whether a slice has fallen beyond its limit; alpha is divided by the number of slices (Bonferroni)."""
    known = {(record["column"], record["value"]): record for record in before}
    pairs = [(record, known.get((record["column"], record["value"]))) for record in now]
    pairs = [(a, b) for a, b in pairs if b and _is_known(a, "score") and _is_known(b, "score")]
    if not pairs:
        return None
    limit = stats.norm.ppf(1 - alpha / len(pairs))
    lost = [(b["score"] - a["score"], np.hypot(_error(a), _error(b)), a) for a, b in pairs]
    fallen = [(difference, record) for difference, error, record in lost if difference >= max(loss, limit * error)]
    names = ", ".join(f"{record['column']} = {record['value']} (-{change:.3f})" for change, record in fallen)
    what = f"Worse than on held-out rows: {names}." if fallen else f"None of {len(pairs)} slices has fallen."
    return _signal(bool(fallen), -max(difference for difference, *_ in lost), -loss, what)


def _service(service: Mapping | None, most_errors: float, latency_ms: float | None) -> Signal | None:
    if not service or service["n"] < LEAST_ROWS:
        return None
    share, slow = service["errors"] / service["n"], bool(latency_ms and (service["p95_ms"] or 0) > latency_ms)
    what = (
        f"{service['errors']} of {service['n']} requests failed; one in twenty took more than {service['p95_ms']} ms."
    )
    if slow and share <= most_errors:
        return _signal(True, service["p95_ms"], latency_ms, what)
    return _signal(share > most_errors or slow, share, most_errors, what)


def _signal(bad: bool, value: float, limit: float, what: str) -> Signal:
    return {"bad": bool(bad), "value": round(float(value), 4), "limit": round(float(limit), 4), "what": what}


def _error(found: Mapping) -> float:
    """Return the standard error: a 95 % interval reaches 1.96 of them to either side."""
    return (found["high"] - found["low"]) / (2 * 1.96)


def _is_known(found: Mapping, name: str = "value") -> bool:
    return all(found[key] is not None and np.isfinite(found[key]) for key in (name, "low", "high"))
