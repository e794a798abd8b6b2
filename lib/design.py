"""The contract: what the model is for, what it is judged by, and whether it is worth having at all."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from lib import bootstrap, flights, scoring
from lib.checks import Check

DEMO_CONTRACT = {
    "objective": "Say, when a flight is scheduled, whether it will arrive 15 or more minutes late or not at all.",
    "users": "The operations desk, which warns passengers and holds connections.",
    "time_column": "time_hour",
    "exclude": flights.AFTER_DEPARTURE,
    "cost_false_positive": 1.0,
    "cost_false_negative": 3.0,
    "slices": ["origin"],
}
BLANK_CONTRACT = {
    "objective": "",
    "users": "",
    "time_column": "",
    "exclude": {},
    "cost_false_positive": 1.0,
    "cost_false_negative": 1.0,
    "slices": [],
}


def contract(source: str, **given: Any) -> dict[str, Any]:
    """Return what is known of a table's purpose: the demo's own words or blanks, replaced by what is given."""
    known = DEMO_CONTRACT if source == "flights" else BLANK_CONTRACT
    return {**known, **{name: value for name, value in given.items() if value not in ("", [], None)}}


def infer_task(y: pd.Series) -> str:
    """Return the task that a target suggests: two values, few values or text, or a quantity."""
    n_values = y.nunique()
    if n_values == 2:
        return "binary"
    return "multiclass" if y.dtype.kind not in "iuf" or n_values <= 20 else "regression"


def simple_model(task: str, X: pd.DataFrame):
    """Return an unfitted gradient boosting with default settings that takes raw numbers and text."""
    text = [name for name in X if not pd.api.types.is_numeric_dtype(X[name])]
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan)
    columns = make_column_transformer((encoder, text), remainder="passthrough")
    estimator = HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier
    return make_pipeline(columns, estimator(random_state=0))


def worth_checks(metric: str, y, simple, reference, *, least_gain: float) -> list[Check]:
    """Return the verdict whether a simple model beats a reference by more than chance and by the least gain."""
    gain = bootstrap.paired_difference(metric, y, simple, reference)
    return [
        Check(
            "a model is worth it",
            round(gain.low, 4),
            least_gain,
            gain.low > 0 and gain.value >= least_gain,
            "stop",
            f"A simple model gains {gain.value:.3f} {metric} over the constant ({gain.low:.3f} to {gain.high:.3f}).",
        )
    ]


def features(table: pd.DataFrame, design: Mapping[str, Any]) -> list[str]:
    """Return the columns that a model may see, in the table's order."""
    out = {design["target"], design["time_column"], design.get("group_column", ""), *design["exclude"]}
    return [name for name in table if name not in out]


def constant_prediction(task: str, y_train: pd.Series, n_samples: int) -> np.ndarray:
    """Return the prediction that knows only how the target is distributed."""
    if task == "multiclass":
        return np.tile(y_train.value_counts(normalize=True).sort_index().to_numpy(), (n_samples, 1))
    return np.full(n_samples, y_train.mean())


METRIC_OF_TASK = scoring.DEFAULT_METRIC
