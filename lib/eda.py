"""How each feature relates to the target, and how both move along time, on training rows only."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

from lib import profile

MOST_LEVELS = 50
"""Categories that a test keeps apart; the rest are one, as tests on tables of rare counts are not to be trusted."""

N_BINS = 20
SIGNIFICANT = 0.01


def profile_table(profiles: Mapping[str, profile.Column]) -> pd.DataFrame:
    """Return the profiles as a table for a person, one row a column."""
    rows = {
        name: {
            "kind": column.kind,
            "missing": column.n_missing / max(1, column.n_samples),
            "distinct": column.n_distinct,
            "mean": _shown(column, column.mean),
            "minimum": _shown(column, column.minimum),
            "maximum": _shown(column, column.maximum),
            "most frequent": _most_frequent(column),
        }
        for name, column in profiles.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("column").round({"missing": 3})


def relations(X: pd.DataFrame, y: np.ndarray, task: str) -> pd.DataFrame:
    """Return how strongly each column goes with the target, by a test that fits both, the strongest first.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
    y : array of shape (n_samples,)
        Codes of classes, or values of a regression, as `scoring.encode` returns them.
    task : {"binary", "multiclass", "regression"}

    Returns
    -------
    DataFrame of shape (n_features, 6), indexed by column
        test, statistic, p_value, p_adjusted (Holm, over all columns), effect and mutual_information (bits). Effects
        are on the scale of a correlation: rank-biserial (2 AUC - 1) for Mann-Whitney, the square root of eta squared
        for Kruskal-Wallis (Tomczak and Tomczak 2014), Cramér's V corrected for bias (Bergsma 2013) for chi
        square, and Spearman's rho.
    """
    rows = {name: relation(X[name], np.asarray(y), task) for name in X}
    columns = ["test", "statistic", "p_value", "effect", "mutual_information"]
    found = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("column")
    found.insert(3, "p_adjusted", adjusted(found["p_value"]))
    return found.sort_values("effect", key=np.abs, ascending=False, kind="stable")


def adjusted(p_values: Iterable[float]) -> np.ndarray:
    """Return p-values corrected for their number by Holm's method; those that are not defined stay so."""
    values = np.asarray(list(p_values), dtype="float64")
    known = ~np.isnan(values)
    if known.any():
        values[known] = multipletests(values[known], method="holm")[1]
    return values


def mutual_information(x, y, *, n_bins: int = N_BINS) -> float:
    """Return how many bits one variable tells of the other, 0 if none.

    Numbers are cut into bins of equal frequency. The plug-in estimate is corrected for the number of cells by the
    formula of Miller (1955), without which columns of many values would seem to tell more.

    Parameters
    ----------
    x, y : array of shape (n_samples,)
        Without gaps.
    n_bins : int
    """
    return information(_contingency(_binned(x, n_bins), _binned(y, n_bins)))


def information(counts: np.ndarray) -> float:
    """Return the mutual information of a table of counts in bits, corrected as `mutual_information` says."""
    counts = _filled(counts)
    joint = counts / counts.sum()
    expected = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    filled = joint > 0
    bits = float((joint[filled] * np.log2(joint[filled] / expected[filled])).sum())
    bias = (counts.shape[0] - 1) * (counts.shape[1] - 1) / (2 * counts.sum() * np.log(2))
    return max(0.0, bits - bias)


def association(counts: np.ndarray) -> float:
    """Return Cramér's V of a table of counts, corrected for bias, from 0 to 1."""
    counts = _filled(counts)
    return (
        _cramers_v(stats.chi2_contingency(counts, correction=False).statistic, counts) if min(counts.shape) > 1 else 0.0
    )


def movement(X: pd.DataFrame, period: np.ndarray) -> pd.Series:
    """Return how much each column moves from period to period, as an effect from 0 to 1, the most moved first.

    What chance explains (p of 0.01 and above) counts as 0.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_columns)
        Features, or the target among them.
    period : array of shape (n_samples,)
        The period of each row, from 0 on (`splitting.periods`).
    """
    found = {name: relation(X[name], period, "multiclass") for name in X}
    effects = {
        name: abs(effect) if p_value < SIGNIFICANT else 0.0 for name, (_, _, p_value, effect, _) in found.items()
    }
    return pd.Series(effects, name="movement", dtype="float64").sort_values(ascending=False, kind="stable")


def by_period(y: np.ndarray, order: pd.Series, period: np.ndarray) -> pd.DataFrame:
    """Return the target's mean in each period with its 95 % interval.

    Returns
    -------
    DataFrame of shape (n_periods, 5), indexed by period
        starts, value, low, high and n_samples.
    """
    grouped = pd.Series(np.asarray(y, dtype="float64")).groupby(period)
    mean, error = grouped.mean(), 1.96 * grouped.sem().fillna(0)
    starts = order.reset_index(drop=True).groupby(period).min()
    return pd.DataFrame(
        {"starts": starts, "value": mean, "low": mean - error, "high": mean + error, "n_samples": grouped.size()}
    ).rename_axis("period")


def as_share(y: np.ndarray, design: Mapping[str, Any]) -> tuple[np.ndarray, str]:
    """Return the target as something with a mean, and what that mean is called.

    Of two classes the positive one, of more the most frequent one counts as 1 and the rest as 0; a quantity stays.
    """
    if design["task"] == "regression":
        return np.asarray(y), f"mean {design['target']}"
    code = 1 if design["task"] == "binary" else int(np.bincount(y).argmax())
    return (np.asarray(y) == code).astype("int64"), f"share of {design['target']} = {design['classes'][code]}"


def relation(column: pd.Series, y: np.ndarray, task: str) -> tuple[str, float, float, float, float]:
    """Return test, statistic, p-value, effect and mutual information of one column, as `relations` has them."""
    known = column.notna().to_numpy()
    x, y = column.to_numpy()[known], y[known]
    if len(pd.unique(x)) < 2 or len(np.unique(y)) < 2:
        return "none", np.nan, np.nan, 0.0, 0.0
    if is_quantity(column):
        x = x.astype("datetime64[s]").astype("float64") if x.dtype.kind == "M" else x.astype("float64")
        test = {"binary": _mann_whitney, "multiclass": _kruskal, "regression": _spearman}[task](x, y)
    else:
        x = _levels(x)
        test = _kruskal(y, x) if task == "regression" else _chi_square(x, y)
    return *test, mutual_information(x, y)


def is_quantity(column: pd.Series) -> bool:
    """Return whether a column holds numbers or times rather than categories."""
    if pd.api.types.is_bool_dtype(column):
        return False
    return pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)


def _mann_whitney(x: np.ndarray, y: np.ndarray) -> tuple[str, float, float, float]:
    positive, negative = x[y == 1], x[y == 0]
    found = stats.mannwhitneyu(positive, negative, method="asymptotic")
    return "Mann-Whitney", found.statistic, found.pvalue, 2 * found.statistic / (len(positive) * len(negative)) - 1


def _kruskal(x: np.ndarray, groups: np.ndarray) -> tuple[str, float, float, float]:
    samples = [x[rows] for rows in pd.Series(groups).groupby(groups).indices.values()]
    found = stats.kruskal(*samples)
    eta_squared = (found.statistic - len(samples) + 1) / max(1, len(x) - len(samples))
    return "Kruskal-Wallis", found.statistic, found.pvalue, float(np.sqrt(np.clip(eta_squared, 0, 1)))


def _spearman(x: np.ndarray, y: np.ndarray) -> tuple[str, float, float, float]:
    found = stats.spearmanr(x, y)
    return "Spearman", found.statistic, found.pvalue, found.statistic


def _chi_square(x: np.ndarray, y: np.ndarray) -> tuple[str, float, float, float]:
    counts = _contingency(x, y)
    found = stats.chi2_contingency(counts, correction=False)
    return "chi square", found.statistic, found.pvalue, _cramers_v(found.statistic, counts)


def _cramers_v(chi_square: float, counts: np.ndarray) -> float:
    """Return Cramér's V corrected for bias (Bergsma 2013), without which columns of rare categories look strong."""
    n, shape = counts.sum(), np.array(counts.shape)
    phi_squared = max(0.0, chi_square / n - np.prod(shape - 1) / (n - 1))
    corrected = shape - (shape - 1) ** 2 / (n - 1)
    return float(np.sqrt(phi_squared / max(corrected.min() - 1, 1e-12))) if phi_squared else 0.0


def _contingency(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    rows, columns = (np.unique(values, return_inverse=True)[1] for values in (x, y))
    shape = rows.max() + 1, columns.max() + 1
    return np.bincount(rows * shape[1] + columns, minlength=shape[0] * shape[1]).reshape(shape)


def _filled(counts: np.ndarray) -> np.ndarray:
    """Return a table of counts without empty rows and columns."""
    return counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]


def _levels(x: np.ndarray) -> np.ndarray:
    """Return codes of the most frequent categories, all others as one."""
    codes, categories = pd.factorize(x)
    rank = np.argsort(np.argsort(-np.bincount(codes, minlength=len(categories)), kind="stable"))
    return np.minimum(rank[codes], MOST_LEVELS)


def _binned(values: np.ndarray, n_bins: int) -> np.ndarray:
    codes, distinct = pd.factorize(np.asarray(values))
    if len(distinct) <= n_bins or not np.issubdtype(np.asarray(distinct).dtype, np.number):
        return codes
    edges = np.unique(np.quantile(values, np.linspace(0, 1, n_bins + 1)[1:-1]))
    return np.searchsorted(edges, values, side="right")


def _shown(column: profile.Column, value: float) -> str:
    if np.isnan(value):
        return ""
    return f"{pd.Timestamp(value, unit='s'):%Y-%m-%d %H:%M}" if column.kind == "time" else f"{value:.4g}"


def _most_frequent(column: profile.Column) -> str:
    if not column.categories or not column.n_known:
        return ""
    name = max(column.categories, key=column.categories.get)
    return f"{name[:24]} ({column.categories[name] / column.n_known:.0%})"
