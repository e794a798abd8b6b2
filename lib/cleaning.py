"""What is done about gaps, constant columns and collinear ones, learnt from training rows only."""

from typing import Any

import pandas as pd


def recipe(X: pd.DataFrame) -> dict[str, Any]:
    """Return which columns are kept, by kind, and which are dropped and why.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
        Training rows, features only.
    """
    dropped = {name: "constant" for name in X if X[name].nunique() < 2}
    kept = X.drop(columns=list(dropped))
    numeric = [name for name in kept if pd.api.types.is_numeric_dtype(kept[name])]
    return {
        "numeric": numeric,
        "categorical": [name for name in kept if name not in numeric],
        "dropped": dropped,
        "strategy": "median",
    }
