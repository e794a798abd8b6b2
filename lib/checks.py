"""Verdicts as data: made by the stage modules, shown as tables, logged, and able to stop a run."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from lib.errors import GateRefused

if TYPE_CHECKING:
    import pandas as pd

SEVERITIES = ("info", "warning", "stop")


@dataclass(frozen=True)
class Check:
    """One judgement: what was looked at, what was found, what was allowed, and why it matters.

    Parameters
    ----------
    name : str
        Short and stable, as it stands in tables and tags: ``"beats the best rule"``.
    value : float, int, str, bool or None
        What was found.
    limit : float, int, str, bool or None
        What was allowed; None where there is no limit to compare with.
    passed : bool
        The verdict.
    severity : {"info", "warning", "stop"}
        What a verdict of False means: a remark, something to look at, or the end of the run.
    explanation : str
        One or two sentences for a person: what the numbers say and what to do.

    Raises
    ------
    ValueError
        If the severity is unknown.
    """

    name: str
    value: float | int | str | bool | None
    limit: float | int | str | bool | None
    passed: bool
    severity: str
    explanation: str

    def __post_init__(self):
        if self.severity not in SEVERITIES:
            raise ValueError(f"severity is one of {SEVERITIES}, not {self.severity!r}")

    @property
    def refuses(self) -> bool:
        """Whether this check stops the run."""
        return self.severity == "stop" and not self.passed


def to_records(checks: Iterable[Check]) -> list[dict]:
    """Return the checks as plain dictionaries, as they are written to JSON."""
    return [asdict(check) for check in checks]


def from_records(records: Iterable[dict]) -> list[Check]:
    """Return the checks that `to_records` wrote."""
    return [Check(**record) for record in records]


def table(checks: Iterable[Check]) -> "pd.DataFrame":
    """Return the checks as a table for a person, one row a check, indexed by name."""
    from lib import check_table  # brings pandas, which those who only read verdicts do without

    return check_table.of(to_records(checks))


def refusals(checks: Iterable[Check]) -> list[Check]:
    """Return the checks that stop the run."""
    return [check for check in checks if check.refuses]


def require(checks: Iterable[Check]) -> None:
    """Stop if any check refuses; the only function that raises for a verdict.

    Raises
    ------
    GateRefused
        With one line for each refusal: its name, what was found, what was allowed, and why.
    """
    refused = refusals(checks)
    if refused:
        raise GateRefused("\n".join(_sentence(check) for check in refused))


def _sentence(check: Check) -> str:
    return f"{check.name}: found {check.value}, allowed {check.limit}. {check.explanation}"
