"""A stream of rows with a model of it, stationary or changed in a way that is known; for tests of monitoring."""

from functools import cache

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from lib import bootstrap, reference

FEATURES = ["wind", "rain", "seats", "town", "noise"]
DESIGN = {
    "task": "binary", "target": "late", "metric": "roc_auc", "classes": ["no", "yes"], "features": FEATURES,
    "time_column": "time", "group_column": "", "slices": ["town"], "least_gain": 0.01, "threshold": 0.6,
    "slice_loss": 0.05, "latency_ms": 100.0, "split": {"strategy": "time"},
}  # fmt: skip
IMPORTANCE = {"wind": 0.15, "town": 0.08, "rain": 0.02, "seats": 0.0, "noise": 0.0}


def rows(n: int, random_state: int, change=None, *, concept: float = 1.0, base: float = -0.5) -> pd.DataFrame:
    """Return rows with their truth; `change` takes the features and returns them changed.

    Parameters
    ----------
    concept : float
        How much of what made flights late still does: 1 for all, 0 for nothing.
    base : float
        The logarithm of the odds of a flight that nothing speaks for or against.
    """
    generator = np.random.default_rng(random_state)
    table = pd.DataFrame(
        {
            "wind": generator.normal(size=n),
            "rain": np.where(generator.random(n) < 0.1, np.nan, generator.exponential(size=n)),
            "seats": generator.integers(1, 9, n).astype("float64"),
            "town": pd.Series(generator.choice(["north", "south", "east"], n, p=[0.6, 0.3, 0.1]), dtype="str"),
            "noise": generator.normal(size=n),
        }
    )
    table = table if change is None else change(table, generator)
    odds = concept * (1.5 * table["wind"] + (table["town"] == "south") + 0.3 * table["rain"].fillna(0)) + base
    late = np.where(generator.random(n) < 1 / (1 + np.exp(-odds)), "yes", "no")
    times = pd.date_range("2024-01-01", periods=n, freq="10min") + pd.Timedelta(days=50 * random_state)
    return table.assign(late=late, time=times)


@cache
def model() -> LogisticRegression:
    """Return a model of the stream."""
    table = rows(8000, 0)
    return LogisticRegression().fit(_numbers(table), table["late"])


@cache
def known() -> dict:
    """Return its reference profile."""
    learnt, test = rows(8000, 0), rows(4000, 1)
    y, said = (test["late"] == "yes").astype(int).to_numpy(), _probability(test)
    score = bootstrap.score_interval("roc_auc", y, said, n_resamples=200)
    return reference.build(DESIGN, learnt, test, y, said, score=score, importance=IMPORTANCE)


def window(table: pd.DataFrame, labelled: float = 1.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a window of predictions of these rows, of which a share has its truth, and their features."""
    said = _probability(table)
    label = table["late"].where(np.arange(len(table)) < labelled * len(table))
    found = pd.DataFrame(
        {
            "event_time": table["time"],
            "prediction": np.where(said >= 0.5, "yes", "no"),
            "probability": said,
            "model_version": 1,
            "label": label,
        },
        index=table.index,
    )
    return found, table[FEATURES]


def _probability(table: pd.DataFrame) -> np.ndarray:
    return model().predict_proba(_numbers(table))[:, 1] if len(table) else np.array([])


def _numbers(table: pd.DataFrame) -> np.ndarray:
    return np.column_stack([table["wind"].fillna(0), table["town"] == "south", table["rain"].fillna(0)])
