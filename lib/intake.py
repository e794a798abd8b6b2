"""A later table judged by a registered model's contract: which rows it can be asked about, and why not the others.

Nothing is lost: each row is usable, in the columns that the model takes, or set aside as it came, with the reason, so
that it can be corrected and given again.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from lib import coercion, schema

WHY = "set aside because"
NOT_READ = "reported, cells taken for gaps"


class Intake(NamedTuple):
    """What can be used, what was set aside, and what was found.

    Parameters
    ----------
    usable : DataFrame of shape (n_usable, n_features)
        The model's columns, read as the training table was, with the row labels of the raw table.
    set_aside : DataFrame
        The other rows as they came, with the reason in a last column named `WHY`.
    report : DataFrame
        Columns ``column``, ``expected``, ``found``, ``n_rows``, ``rows`` and ``action``, a line for each column and
        expectation that was not met.
    """

    usable: pd.DataFrame
    set_aside: pd.DataFrame
    report: pd.DataFrame


def split(contract: Mapping[str, Any], raw: pd.DataFrame) -> Intake:
    """Read a later table as the training table was read, and part the rows that a model can be asked about.

    Parameters
    ----------
    contract : mapping
        ``reading`` and ``schema`` of a registered model, as its contract.json has them.
    raw : DataFrame of shape (n_rows, n_columns)
        A table as it comes; columns that the model does not take are not looked at.
    """
    X = coercion.apply(contract["reading"], raw)
    checked = schema.check(contract["schema"], X)
    not_read = _not_read(contract, raw)
    report = pd.concat([checked.report, not_read], ignore_index=True) if len(not_read) else checked.report
    usable = checked.reasons == ""
    aside = raw[~usable.to_numpy()]
    aside = aside.assign(**{_unused(WHY, raw): checked.reasons[~usable].to_numpy()})
    return Intake(X[usable.to_numpy()], aside, report)


def in_words(found: Intake) -> str:
    """Return what happened to a table's rows, in a sentence."""
    n_rows = len(found.usable) + len(found.set_aside)
    if found.set_aside.empty:
        return f"All {n_rows} rows can be used."
    columns = ", ".join(dict.fromkeys(found.report.loc[found.report["action"] == schema.SET_ASIDE, "column"]))
    return f"{len(found.usable)} of {n_rows} rows can be used; {len(found.set_aside)} were set aside for {columns}."


def _not_read(contract: Mapping[str, Any], raw: pd.DataFrame) -> pd.DataFrame:
    """Return a line for each column with cells that are filled and yet neither read nor known as a word for a gap."""
    columns, gap_words = contract["reading"]["columns"], contract["reading"]["gap_words"]
    cells = coercion.apply({"gap_words": gap_words, "columns": [{**one, "kind": "text"} for one in columns]}, raw)
    # a code for a gap has been read as the number that it is
    read = coercion.apply({"gap_words": gap_words, "columns": [{**one, "codes": []} for one in columns]}, raw)
    lines = []
    for name, kind in ((one["name"], one["kind"]) for one in columns if one["name"] in read and one["kind"] != "text"):
        lost = cells.loc[(cells[name].notna() & read[name].isna()).to_numpy(), name]
        if len(lost):
            lines.append(schema.line(name, f"a {kind}", lost, NOT_READ))
    return pd.DataFrame(lines, columns=schema.REPORT)


def _unused(name: str, table: pd.DataFrame) -> str:
    while name in table:
        name = f"{name}_"
    return name
