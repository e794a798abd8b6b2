"""Candidates side by side, and the chosen one against the contract."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lib import bootstrap, scoring
from lib.checks import Check


def side_by_side(metric: str, y, predictions: Mapping[str, Any]) -> pd.DataFrame:
    """Return the score of each candidate with its interval, the best first."""
    rows = {name: vars(bootstrap.score_interval(metric, y, p, n_resamples=100)) for name, p in predictions.items()}
    return pd.DataFrame.from_dict(rows, orient="index").sort_values("value", ascending=False)


def threshold_checks(metric: str, y, prediction, contract: Mapping[str, Any]) -> list[Check]:
    """Return whether the chosen candidate is better than guessing on the test rows by the least gain."""
    found = bootstrap.score_interval(metric, y, prediction, n_resamples=200)
    floor = 0.5 if metric == "roc_auc" else scoring.score(metric, y, pd.Series(y).mean() + 0 * prediction)
    limit = floor + contract["least_gain"]
    text = f"On test rows {metric} is {found.value:.3f} ({found.low:.3f} to {found.high:.3f})."
    return [Check("score on test rows", round(found.low, 4), round(limit, 4), found.low >= limit, "stop", text)]
