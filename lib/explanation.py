"""What a model goes by: which columns its score rests on, and how its prediction moves with each of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lib import scoring, threads


def importance(
    design: Mapping[str, Any], model, X: pd.DataFrame, y, *, n_repeats: int = 3, max_rows: int = 800, random_state: int
) -> pd.DataFrame:
    """Return how much of the score is lost when a column is shuffled (Breiman 2001; Fisher, Rudin and Dominici 2019).

    Parameters
    ----------
    design : mapping
        The contract.
    model : estimator
        Fitted on other rows.
    X : DataFrame of shape (n_samples, n_features)
    y : array of shape (n_samples,)
        As `scoring.encode` returns it.
    n_repeats : int
        How often each column is shuffled.
    max_rows : int
        Rows drawn at random where there are more.
    random_state : int

    Returns
    -------
    DataFrame
        Indexed by column, the most important first: `loss` (mean) and `spread` (standard deviation over repeats).
    """
    generator = np.random.default_rng(random_state)
    drawn = np.sort(generator.choice(len(X), min(len(X), max_rows), replace=False))
    X, y = X.iloc[drawn], np.asarray(y)[drawn]
    with threads.for_rows(len(X)):
        whole = scoring.score(design["metric"], y, scoring.predict(design, model, X))
        losses = {
            name: [whole - _shuffled_score(design, model, X, y, name, generator) for _ in range(n_repeats)]
            for name in X
        }
    table = pd.DataFrame(
        {"loss": {n: np.mean(v) for n, v in losses.items()}, "spread": {n: np.std(v) for n, v in losses.items()}}
    )
    return table.rename_axis("column").sort_values("loss", ascending=False, kind="stable")


def partial_dependence(
    design: Mapping[str, Any], model, X: pd.DataFrame, column: str, *, n_points: int = 10, max_rows: int = 300
) -> pd.DataFrame:
    """Return the mean prediction when one column is set to one value in all rows (Friedman 2001).

    Parameters
    ----------
    design : mapping
        The contract.
    model : estimator
    X : DataFrame of shape (n_samples, n_features)
    column : str
        Numbers are tried at their quantiles, categories at their most frequent values.
    n_points : int
        Values tried at the most.
    max_rows : int
        Rows taken, evenly spread, where there are more.

    Returns
    -------
    DataFrame
        Indexed by the value tried; one column, named as the positive class or the target, or one for each class. A
        column without a value in these rows has nothing to try, and no row here.
    """
    rows = X.iloc[:: -(-len(X) // max_rows)]
    values = _values_to_try(X[column].dropna(), n_points)
    found = [np.mean(scoring.predict(design, model, _set(rows, column, value)), axis=0) for value in values]
    names = {"binary": design["classes"][-1:], "multiclass": design["classes"]}.get(design["task"], [design["target"]])
    return pd.DataFrame(
        np.reshape(found, (len(values), len(names))), index=pd.Index(values, name=column), columns=map(str, names)
    )


def _shuffled_score(design, model, X, y, column, generator) -> float:
    shuffled = X.assign(**{column: X[column].array[generator.permutation(len(X))]})
    return scoring.score(design["metric"], y, scoring.predict(design, model, shuffled))


def _values_to_try(values: pd.Series, n_points: int) -> list:
    if values.empty:
        return []
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        ends = np.quantile(values, np.linspace(0.05, 0.95, n_points), method="nearest")
        return np.unique(ends).tolist()
    return values.value_counts().index[:n_points].tolist()


def _set(rows: pd.DataFrame, column: str, value) -> pd.DataFrame:
    return rows.assign(**{column: pd.Series(value, index=rows.index).astype(rows[column].dtype)})
