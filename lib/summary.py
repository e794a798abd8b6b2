"""Results of the verbs as plain values, for `--json`, and as text."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from lib.conclusion import Conclusion
from lib.staleness import BLOCKED, DEPENDS, REUSE, RUN, TAKEN, State, said

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


def conclusion(found: Conclusion) -> dict[str, Any]:
    """Return how a run came out."""
    return asdict(found)


def status_text(found: Mapping[str, Any]) -> str:
    """Return a status as lines: the stages, then champion and challenger, then the verdicts that did not pass."""
    lines = [plan_text(found["executions"]), ""]
    lines += [f"{alias:<24} {_version(told)}" for alias, told in found["models"].items()]
    lines += [f"{check['stage']:<24} {_verdict(check)}" for check in found["checks"] if not check["passed"]]
    return "\n".join(lines).rstrip()


def removal_text(found: Mapping[str, Any]) -> str:
    """Return what was removed, one folder a line, and how much that freed."""
    return "\n".join(
        [*found["removed"], f"{len(found['removed'])} folders, {found['freed_bytes'] / 2**20:.1f} MB freed"]
    )


def _version(told: Mapping[str, Any] | None) -> str:
    return f"version {told['version']} of {told['model_name']}" if told else "none"


def _verdict(check: Mapping[str, Any]) -> str:
    return f"{check['severity']}: {check['name']}: found {check['value']}, allowed {check['limit']}"
