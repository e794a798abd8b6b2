"""How a turn of operations came out, as a value and in words."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from lib import policy
from lib.policy import Step
from lib.standings import Standing
from lib.turns import Turn


@dataclass(frozen=True)
class Outcome:
    """How a turn came out.

    Parameters
    ----------
    status : str
        ``nothing``, ``waiting`` (for labels), ``promoted``, ``kept``, ``back to design``, ``stopped`` or ``busy``.
    message : str
        In a sentence or two.
    model_name : str
    champion, version : int or None
        The champion after the turn, and the version that the turn made.
    run_id, report : str
        The retraining's run, and the page to look at.
    unhelpful, budget : int
        Retrainings in a row that did not help, and how many may.
    """

    status: str
    message: str
    model_name: str
    champion: int | None = None
    version: int | None = None
    run_id: str = ""
    report: str = ""
    unhelpful: int = 0
    budget: int = 0

    @classmethod
    def of(cls, found: Standing, step: Step) -> Self:
        """Return the outcome of a turn in which nothing was made: the step that comes next, and why."""
        name, version = found.champion.model_name, found.champion.version
        return cls(step.action, step.reason, name, version, unhelpful=step.unhelpful, budget=found.budget)

    @property
    def exit_status(self) -> int:
        """The exit status of the verb: a model that waits for its design says so at every turn."""
        return 4 if self.status in (policy.BACK, policy.STOPPED) else 0


def text(found: Outcome) -> str:
    """Return how a turn came out, for a terminal."""
    lines = [f"{found.model_name}: {found.status}. {found.message}"]
    lines += [f"champion: version {found.champion}"] if found.champion else []
    lines += [f"retrainings in a row that did not help: {found.unhelpful} of {found.budget}"] if found.unhelpful else []
    return "\n".join([*lines, *([f"look at: {found.report}"] if found.report else [])])


def plan_text(found: Standing, step: Step, begun: Turn | None) -> str:
    """Return what a turn would do, for a terminal."""
    if begun:
        return f"A turn would complete the retraining begun {begun.id}: {'; '.join(begun.alarms)}."
    after = f"the newest window ends {found.window}" if found.window else "nothing was monitored yet"
    return f"A turn would monitor ({after}). As things stand it would then do: {step.action}. {step.reason}"


def as_dict(found: Outcome) -> dict[str, Any]:
    """Return how a turn came out, for programs."""
    return asdict(found)
