"""The simple model of 01_design, on tables that leave it little to learn from."""

import numpy as np
import pandas as pd

from lib import cautious

DESIGN = {"task": "binary", "metric": "roc_auc", "classes": ["no", "yes"]}


def test_a_column_with_one_known_value_is_no_obstacle():
    y = np.arange(80) % 2
    X = pd.DataFrame({"told": y + np.linspace(0, 0.5, 80), "hardly known": np.nan})
    X.loc[7, "hardly known"] = 1.0
    assert np.isfinite(cautious.predict(DESIGN, cautious.fit(DESIGN, X, y), X)).all()


def test_a_lone_column_with_one_known_value_is_no_obstacle():
    X = pd.DataFrame({"hardly known": np.nan}, index=range(80))
    X.loc[7, "hardly known"] = 1.0
    y = np.arange(80) % 2
    assert len(cautious.predict(DESIGN, cautious.fit(DESIGN, X, y), X)) == 80
