"""Rows whose truth was known before a version was used, and that it has not learnt from: its test rows.

What it got wrong in them tells monitoring as much as what it gets wrong in use, and is there from the first window on.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from lib import files, predicted, residuals


def ahead(
    run_dir: Path, known: Mapping[str, Any], version: int, rows: pd.DataFrame, inputs: pd.DataFrame, *, start: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return predicted rows and their inputs with the test rows of the version in front of them.

    Parameters
    ----------
    run_dir : Path
        Of the run that made the version; where its files are gone, the rows stay as they are.
    known : mapping
        The reference profile.
    version : int
    rows, inputs : DataFrame
        What is monitored, in order of time.
    start : str
        Of the first window among them; test rows from then on would be counted as its own, and are left out.
    """
    has_times = len(rows) and rows["event_time"].notna().all()
    if not has_times or not files.exists(run_dir, files.TEST) or not files.exists(run_dir, files.TEST_PREDICTIONS):
        return rows, inputs
    test = files.read(run_dir, files.TEST)
    found = predicted.held_out(known, test, files.read(run_dir, files.TEST_PREDICTIONS))
    found = (
        found[found["event_time"] < pd.Timestamp(start)]
        .sort_values("event_time", kind="stable")
        .tail(residuals.MOST_ROWS)
    )
    if found.empty:
        return rows, inputs
    keys = pd.Index([f"test row {i}" for i in range(len(found))], name=rows.index.name)
    features = _typed(test.loc[found.index], inputs).set_axis(keys)
    label = found["label"].astype("object").map(str, na_action="ignore").astype("str")
    found = found.assign(label=label, model_version=version).set_axis(keys)
    return pd.concat([found, rows]).reindex(columns=rows.columns), pd.concat([features, inputs])


def _typed(test: pd.DataFrame, inputs: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of the inputs, of their types: a model is asked in use for what has been brought to them."""
    shared = {name: inputs[name].dtype for name in inputs if name in test}
    return test.reindex(columns=inputs.columns).astype(shared)
