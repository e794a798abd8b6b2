"""Checks as a table for a person."""

from collections.abc import Iterable

import pandas as pd

COLUMNS = ["name", "value", "limit", "passed", "severity", "explanation"]


class Verdicts(pd.DataFrame):
    """Checks as a table whose explanations are shown whole, where pandas would cut them after 50 characters."""

    def _repr_html_(self) -> str:
        with pd.option_context("display.max_colwidth", None):
            return super()._repr_html_()


def of(records: Iterable[dict]) -> Verdicts:
    """Return the records of checks as a table, one row a check, indexed by name."""
    return Verdicts(pd.DataFrame(list(records), columns=COLUMNS).set_index("name"))
