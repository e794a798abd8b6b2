"""Results of the verbs as plain values, for `--json`, and as text."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from lib import parameters
from lib.conclusion import Conclusion
from lib.staleness import BLOCKED, DEPENDS, REUSE, RUN, TAKEN, State, said

MOST_CHARACTERS = 300
"""Of the parameters of a run: those of a retraining list all columns."""
_WORDS = {
    REUSE: "up to date",
    RUN: "stale",
    DEPENDS: "may be stale",
    BLOCKED: "not reached",
    TAKEN: "as it is",
}


def plan(states: Iterable[State]) -> list[dict[str, Any]]:
    """Return what a run would do about each execution."""
    return [{"name": state.execution.name, "action": state.action, "reasons": list(state.reasons)} for state in states]


def plan_text(executions: Iterable[Mapping[str, Any]]) -> str:
    """Return a plan as lines, one an execution."""
    return "\n".join(
        f"{each['name']:<24} {_WORDS[each['action']]}{': ' if each['reasons'] else ''}{said(each['reasons'])}"
        for each in executions
    )


def conclusion(found: Conclusion, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a run came out, and the parameters that were given to it."""
    return {**asdict(found), "parameters": dict(given)}


def status_text(found: Mapping[str, Any]) -> str:
    """Return a status as lines: the stages, then champion and challenger, then the verdicts that did not pass."""
    asked = parameters.as_options(found["parameters"])
    lines = [f"Asked for with {_shortened(asked)}", ""] if asked else []
    lines += [plan_text(found["executions"]), ""]
    lines += [
        f"{alias:<24} {_version(told)}" for alias, all_told in found["models"].items() for told in all_told or [{}]
    ]
    lines += [f"{check['stage']:<24} {_verdict(check)}" for check in found["checks"] if not check["passed"]]
    return "\n".join(lines).rstrip()


def removal_text(found: Mapping[str, Any]) -> str:
    """Return what was removed, one folder a line, and how much that freed."""
    return "\n".join(
        [*found["removed"], f"{len(found['removed'])} folders, {found['freed_bytes'] / 2**20:.1f} MB freed"]
    )


def scored_text(found: Mapping[str, Any]) -> str:
    """Return what became of a batch: how many rows were predicted, how many were new, which were set aside and why."""
    who = f"version {found['model_version']} of {found['model_name']}"
    told = [f"{found['n_rows']:,} rows of batch {found['batch']} predicted by {who}: {found['n_new']:,} new."]
    told += [
        f"{line['column']}: expected {line['expected']}; found {line['found']} in {line['n_rows']:,} rows: "
        f"{line['action']}"
        for line in found["report"]
    ]
    if found["n_set_aside"]:
        told.append(
            f"{found['n_set_aside']:,} rows were set aside, with the reasons, in {found['set_aside']}. Correct them "
            "and score that file."
        )
    return "\n".join(told)


def labelled_text(found: Mapping[str, Any]) -> str:
    """Return what became of a table of labels."""
    came_of = f"{found['n_new']:,} labels new, {found['n_corrected']:,} corrected, {found['n_unchanged']:,} known"
    told = [f"{found['n_rows']:,} rows for {found['model_name']}: {came_of}."]
    if found["n_waiting"]:
        told.append(f"{found['n_waiting']:,} of the new ones wait for a prediction of their row.")
    if found["n_without"]:
        told.append(f"{found['n_without']:,} rows have no label or no key, or broke the contract: left out.")
    if found["n_unknown"]:
        unknown = ", ".join(map(repr, found["unknown"]))
        told.append(f"{found['n_unknown']:,} labels are none that the model knows, such as {unknown}: left out.")
    return "\n".join(told)


def monitored_text(found: Mapping[str, Any]) -> str:
    """Return what came of monitoring: a line a window, the alarms with what to do, the report, and who was told."""
    lines = [_window(window) for window in found["windows"]]
    lines.append(found["message"])
    for alarm in found["alarms"]:
        lines.append(f"{alarm['severity']}: {alarm['name']}, since {alarm['since'][:10]}. {alarm['what']}")
        lines.append(f"    {alarm['todo']}")
    lines += [found["report"]] if found["report"] else []
    told = found["notices"]
    if told.get("sent") or told.get("waiting"):
        lines.append(
            f"{told['sent']} notices sent, {told['waiting']} wait: {told['reason'] or 'the next call sends them'}."
        )
    return "\n".join(lines)


def _window(told: Mapping[str, Any]) -> str:
    word = "ALARM" if not told["healthy"] else "in doubt" if told["bad"] else "healthy"
    others = [name for name in told["bad"] if name not in told["alarms"]]
    what = ", ".join(told["alarms"]) or "no alarm"
    what += f"; bad, and no alarm yet: {', '.join(others)}" if others else ""
    return f"{told['start'][:10]}  {told['n']:>9,} rows  {word:<8} {what}"


def _version(told: Mapping[str, Any]) -> str:
    return f"version {told['version']} of {told['model_name'] or 'a model'}" if told else "none"


def _shortened(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


def _verdict(check: Mapping[str, Any]) -> str:
    return f"{check['severity']}: {check['name']}: found {check['value']}, allowed {check['limit']}"
