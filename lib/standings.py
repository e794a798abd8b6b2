"""What is on record of a model: its champion, its design, what stands in the newest window, and what was decided."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lib import champion, database, decisions, designs, policy, provenance, windows
from lib.champion import Champion
from lib.decisions import Decision
from lib.designs import Design
from lib.errors import InputError
from lib.policy import Step
from lib.project import Project

ANSWERABLE = ("performance", "contract", "estimate", "residuals", "prediction", "inputs", "slices")
"""Alarms that newer rows may answer; missing columns, a slow service, and probabilities that a score by order does not
see, are for people to put right."""


@dataclass(frozen=True)
class Standing:
    """What is on record of a model when a step begins.

    Parameters
    ----------
    champion : Champion
    log : list of Decision
    design : Design
    window, window_start : str
        End and start of the newest monitored window.
    alarms : list of str
        Those that stand in it and ask for a retraining, in words.
    for_people : list of str
        The others that stand in it.
    windows : list of str
        Ends of all monitored windows.
    """

    champion: Champion
    log: list[Decision]
    design: Design
    window: str
    window_start: str
    alarms: list[str]
    for_people: list[str]
    windows: list[str]

    @property
    def budget(self) -> int:
        """How many retrainings in a row may fail to help."""
        return int(self.design.contract["retraining_budget"])

    def next_step(self, *, again: bool = False) -> Step:
        """Return what to do, with or without newer rows on which an undecided challenger could be compared again."""
        given = {"windows": self.windows, "alarms": self.alarms, "design": self.design.identity}
        step = policy.next_step(self.log, **given, budget=self.budget, again=again)
        if step.action != policy.NOTHING or not self.for_people:
            return step
        return replace(step, reason=f"{step.reason} For people to look at: {' '.join(self.for_people)}")


def of(project: Project, model_name: str) -> Standing:
    """Return what is on record of a model.

    Raises
    ------
    InputError
        If it has no champion.
    """
    engine, reigning = database.connect(project.store), champion.current(project.store, model_name)
    if reigning is None:
        raise InputError(f"{model_name} has no champion to look after. Make one with `pipeline.py run`.")
    log = decisions.read(engine, model_name)
    newest = windows.read(engine, model_name, last=1)
    standing = [each for window in newest for each in window.payload.get("alarms", []) if each["severity"] != "info"]
    alarms, for_people = ([each["what"] for each in standing if is_answerable(each) == asks] for asks in (True, False))
    start, end = (newest[-1].start, newest[-1].end) if newest else ("", "")
    design, ends = designs.in_force(project, reigning, log), windows.ends(engine, model_name)
    return Standing(reigning, log, design, end, start, alarms, for_people, ends)


def acknowledge(project: Project, model: str, reason: str, actor: str = "") -> Decision:
    """Put on record that a person has seen a return to design and lets retraining go on.

    Raises
    ------
    InputError
        If no return to design stands, or no reason is given.
    """
    engine = database.of_known(project.store)
    found = of(project, decisions.only_model(engine, model))
    stop = policy.standing_return(found.log, found.design.identity)
    if stop is None:
        raise InputError("Nothing is to be acknowledged: no return to design stands. `pipeline.py history` shows all.")
    if not reason.strip():
        raise InputError(
            'Give the reason in words, as in --acknowledge "the new terminal is open, data are usual again".'
        )
    name, details = found.champion.model_name, {"design": found.design.identity, "return": stop.id}
    who = actor or provenance.person()
    return decisions.record(engine, Decision("acknowledgement", name, reason, who, details=details))


def is_answerable(alarm: Mapping[str, Any]) -> bool:
    """Return whether an alarm asks for a retraining."""
    return alarm["name"] in ANSWERABLE and alarm["severity"] != "info"
