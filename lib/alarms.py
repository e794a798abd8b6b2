"""When somebody is to be told: rules of the kind "k of the last n windows", over what the windows themselves say.

Everything here is a pure function of plain values: the monitoring notebook, the cycle and the replay decide alike.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lib.checks import SEVERITIES, Check
from lib.errors import InputError

SIGNALS = (
    "performance", "contract", "estimate", "residuals", "calibration", "prediction", "inputs", "quality",
    "slices", "service",
)  # fmt: skip
"""What a window can say, and a rule can be about; `monitoring.assess` says which are bad, and why."""
_OF_ANY_VERSION = {"service"}
"""What is not compared with the reference of one version, and so goes on across a promotion."""
_RULE = re.compile(r"(\w+) (\d+)/(\d+) (\w+)")
_HOURS = re.compile(r"(\d{1,2})-(\d{1,2})")


@dataclass(frozen=True)
class Rule:
    """An alarm of a severity is raised when a signal was bad in k of the last n windows that could tell."""

    name: str
    k: int
    n: int
    severity: str


def rules(texts: Iterable[str]) -> list[Rule]:
    """Return the rules that a user wrote, each as ``"performance 2/3 stop"``.

    Raises
    ------
    InputError
        If one cannot be understood, with what is wrong with it.
    """
    return [_rule(text) for text in texts]


def raised(rules: Iterable[Rule], windows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the alarms that stand at the end of the last of these windows, the gravest first.

    Parameters
    ----------
    rules : iterable of Rule
    windows : sequence of mapping
        What `monitoring.assess` returned, the oldest first. A window in which a signal could not be judged, as it had
        too few rows or no labels yet, counts neither for it nor against it; nor does one of another model version,
        whose failures are not those of the version that has taken its place.

    Returns
    -------
    list of dict
        `name`, `severity`, `what` (in words), `since` (start of the first bad window of the n), `value` and `limit` in
        the newest bad window, `todo`. An alarm whose signal was good in the newest window that could tell is over.
    """
    found = [alarm for rule in rules if (alarm := _raised(rule, windows))]
    return sorted(found, key=lambda alarm: -SEVERITIES.index(alarm["severity"]))


def attached(
    rules: Iterable[Rule], earlier: Sequence[Mapping[str, Any]], assessed: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return windows with the alarms that stood at the end of each, given those before.

    Parameters
    ----------
    rules : iterable of Rule
    earlier, assessed : sequence of mapping
        Windows monitored before, and new ones that follow, both the oldest first.

    Returns
    -------
    list of dict
        Each with `alarms`; `healthy`, whether none stands; and `bad`, the signals that are bad in it and have a rule,
        be it an alarm yet or not.
    """
    rules, found = list(rules), []
    for window in assessed:
        standing = raised(rules, [*earlier, *found, window])
        healthy = not any(alarm["severity"] != "info" for alarm in standing)
        bad = [name for name in _watched(rules) if window["signals"].get(name, {}).get("bad")]
        found.append({**window, "alarms": standing, "healthy": healthy, "bad": bad})
    return found


def _watched(rules: Iterable[Rule]) -> list[str]:
    """Return the signals that somebody is told of."""
    return list(dict.fromkeys(rule.name for rule in rules if rule.severity != "info"))


def checks(rules: Iterable[Rule], window: Mapping[str, Any]) -> list[Check]:
    """Return the verdict of each rule on the newest window."""
    standing = {(alarm["name"], alarm["severity"]): alarm for alarm in window["alarms"]}
    return [_check(rule, standing.get((rule.name, rule.severity)), window) for rule in rules]


def is_quiet(hours: str, now: datetime) -> bool:
    """Return whether a time lies in the quiet hours, given as ``"22-7"`` in the time zone of `now`; never if empty.

    Raises
    ------
    InputError
        If the hours cannot be understood.
    """
    if not hours:
        return False
    given = _HOURS.fullmatch(hours.strip())
    if not given or max(start_end := [int(part) for part in given.groups()]) > 24:
        raise InputError(
            f"Quiet hours are two hours of the day, as in 22-7; found {hours!r}. Leave them empty for none."
        )
    start, end = start_end
    inside = start <= now.hour < end
    return inside if start <= end else not end <= now.hour < start


def _rule(text: str) -> Rule:
    given = _RULE.fullmatch(" ".join(str(text).split()))
    if not given:
        raise InputError(f"A rule is written as `performance 2/3 stop`: name, k/n, severity; found {text!r}.")
    name, k, n, severity = given[1], int(given[2]), int(given[3]), given[4]
    for value, known in ((name, SIGNALS), (severity, SEVERITIES)):
        if value not in known:
            raise InputError(f"Rule {text!r}: {value} is none of {', '.join(known)}.")
    if not 1 <= k <= n:
        raise InputError(f"Rule {text!r}: {k} of the last {n} windows cannot be; k is from 1 to n.")
    return Rule(name, k, n, severity)


def _raised(rule: Rule, windows: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    judged = [window for window in _comparable(rule, windows) if rule.name in window.get("signals", {})][-rule.n :]
    bad = [window for window in judged if window["signals"][rule.name]["bad"]]
    if len(bad) < rule.k or judged[-1] is not bad[-1]:
        return None
    newest, times = bad[-1]["signals"][rule.name], f" ({len(bad)} of the last {len(judged)} windows)"
    return {
        "name": rule.name,
        "severity": rule.severity,
        "what": newest["what"] + (times if rule.n > 1 else ""),
        "since": bad[0]["start"],
        "value": newest["value"],
        "limit": newest["limit"],
        "todo": newest["todo"],
    }


def _comparable(rule: Rule, windows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the windows that tell of the same thing as the newest one."""
    if rule.name in _OF_ANY_VERSION or not windows:
        return list(windows)
    version = windows[-1].get("model_version")
    return [window for window in windows if window.get("model_version") == version]


def _check(rule: Rule, alarm: Mapping[str, Any] | None, window: Mapping[str, Any]) -> Check:
    name = f"{rule.name}, {rule.k} of {rule.n} windows"
    signal = window.get("signals", {}).get(rule.name)
    if alarm:
        text = f"{alarm['what']} Since {alarm['since']}. {alarm['todo']}"
        return Check(name, alarm["value"], alarm["limit"], False, rule.severity, text)
    if signal is None:
        return Check(name, None, None, True, rule.severity, "This window could not tell.")
    return Check(name, signal["value"], signal["limit"], True, rule.severity, signal["what"])
