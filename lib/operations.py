"""The verb `cycle` as the command line calls it: the turn, with 06_monitoring as what it watches by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lib import cycle, inspection, standings
from lib.decisions import Decision
from lib.events import Listener
from lib.execution import Limits
from lib.outcome import Outcome, plan_text
from lib.project import Project


@dataclass(frozen=True)
class Asked:
    """What a user asks of the verb.

    Parameters
    ----------
    turn : cycle.Asked
    given : mapping of name to value
        Parameters of 06_monitoring.
    """

    turn: cycle.Asked
    given: Mapping[str, Any] = field(default_factory=dict)


def asked(model: str, days: int, jobs: int, seconds: float, given: Mapping[str, Any]) -> Asked:
    """Return what the options of the command line ask for."""
    return Asked(cycle.Asked(model, days, Limits(jobs, seconds)), given)


def turn(project: Project, asked: Asked, listener: Listener) -> Outcome:
    """Make one turn; see `cycle.turn`."""
    watched = inspection.Asked(asked.turn.model, asked.given)
    return cycle.turn(project, asked.turn, lambda: inspection.monitor(project, watched, listener), listener)


def acknowledge(project: Project, model: str, reason: str) -> Decision:
    """Let retraining go on after a return to design; see `standings.acknowledge`."""
    return standings.acknowledge(project, model, reason)


def plan(project: Project, asked: Asked) -> dict[str, Any]:
    """Return what a turn would do, as plain values with the same in words."""
    inspection.settings(project, asked.given)
    found, step, begun = cycle.assess(project, asked.turn)
    told = {"action": "complete" if begun else step.action, "reason": step.reason, "unhelpful": step.unhelpful}
    told |= {"model_name": found.champion.model_name, "champion": found.champion.version, "budget": found.budget}
    return {**told, "window": found.window, "in_words": plan_text(found, step, begun)}
