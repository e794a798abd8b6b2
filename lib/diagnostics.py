"""What a linear model assumes, tested on its residuals, with an effect size beside each p-value.

With many rows every assumption is rejected by a test, and with few none is; so a check passes when the departure is
too small to matter *or* too small to be told from chance, and its value is the effect size.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from lib import collinearity, threads
from lib.checks import Check

SIGNIFICANT = 0.01
FEWEST_ROWS = 10
"""In which a column has to differ from its most frequent value: with fewer, a coefficient is biased and its standard
error means nothing (Peduzzi et al. 1996, for events of a logistic regression)."""


@dataclass(frozen=True)
class Reference:
    """An unpenalised linear model of statsmodels, for its standard errors and residuals.

    Parameters
    ----------
    task : str
        ``regression`` for least squares, otherwise a logistic regression of one class against the rest.
    results : statsmodels results
    exog : DataFrame of shape (n_samples, n_features + 1)
        Constant first.
    residuals : array of shape (n_samples,)
        Plain for least squares, Pearson's for a logistic regression.
    weights : array of shape (n_samples,)
        Working weights: 1 for least squares, p (1 - p) for a logistic regression.
    label : object
        The class against the rest; None for a regression.
    """

    task: str
    results: Any
    exog: pd.DataFrame
    residuals: np.ndarray
    weights: np.ndarray
    label: Any = None

    @cached_property
    def basis(self) -> np.ndarray:
        """An orthonormal basis of the weighted columns, of shape (n_samples, n_features + 1): dear for many of them."""
        with threads.for_rows(len(self.exog)):
            return np.linalg.qr(self.exog.to_numpy() * np.sqrt(self.weights)[:, None])[0]


def reference(X: pd.DataFrame, y: np.ndarray, design: Mapping[str, Any]) -> Reference:
    """Fit the linear model without its penalty.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
        The linear candidate's columns, transformed. Left out here are constant and exactly dependent ones, and those
        that differ from their most frequent value in fewer than `FEWEST_ROWS` rows, or in rows of one class only.
    y : array of shape (n_samples,)
        Labels or values; of several classes the most frequent is set against the rest.
    design : mapping
        The contract.

    Returns
    -------
    Reference
        Standard errors are robust against unequal variance (HC1; MacKinnon and White 1985).
    """
    import statsmodels.api as sm  # takes a second, which only the linear candidate needs

    if design["task"] == "regression":
        exog = _explanatory(X)
        with threads.for_rows(len(exog)):
            results = sm.OLS(np.asarray(y, dtype="float64"), exog).fit(cov_type="HC1")
        return Reference("regression", results, exog, np.asarray(results.resid), np.ones(len(exog)))
    label = design["classes"][-1] if design["task"] == "binary" else pd.Series(y).mode()[0]
    truth = (np.asarray(y) == label).astype("float64")
    exog = _explanatory(X, truth)
    with warnings.catch_warnings(), threads.for_rows(len(exog)):
        # numbers that separate the classes show as enormous coefficients, and have been named as leaks before
        warnings.simplefilter("ignore")
        results = sm.GLM(truth, exog, family=sm.families.Binomial()).fit(cov_type="HC1")
    probability = np.clip(np.asarray(results.fittedvalues), 1e-9, 1 - 1e-9)
    weights = probability * (1 - probability)
    return Reference("binary", results, exog, (truth - probability) / np.sqrt(weights), weights, label)


def coefficients(model: Reference) -> pd.DataFrame:
    """Return statsmodels' table of coefficients, the largest effect first.

    Returns
    -------
    DataFrame indexed by column
        ``coefficient``, ``std_error``, ``z``, ``p``, ``low`` and ``high`` (95 %), all per standard deviation of a
        numeric column.
    """
    found, bounds = model.results, np.asarray(model.results.conf_int())
    table = pd.DataFrame(
        {
            "coefficient": np.asarray(found.params),
            "std_error": np.asarray(found.bse),
            "z": np.asarray(found.tvalues),
            "p": np.asarray(found.pvalues),
            "low": bounds[:, 0],
            "high": bounds[:, 1],
        },
        index=pd.Index(model.exog.columns, name="column"),
    )
    return table.sort_values("coefficient", key=np.abs, ascending=False)


def influence(model: Reference) -> pd.DataFrame:
    """Return leverage and Cook's distance of each row (Cook 1977; for logistic regression Pregibon 1981)."""
    leverage = np.clip((model.basis**2).sum(axis=1), 0, 1 - 1e-12)
    n_samples, n_params = model.exog.shape
    scale = (model.residuals**2).sum() / (n_samples - n_params) if model.task == "regression" else 1.0
    cooks = model.residuals**2 * leverage / (n_params * scale * (1 - leverage) ** 2)
    return pd.DataFrame({"leverage": leverage, "cooks_distance": cooks})


def assumption_checks(model: Reference, *, ordered: bool) -> list[Check]:
    """Return what the residuals say about each assumption of the linear model.

    Parameters
    ----------
    model : Reference
    ordered : bool
        Whether the rows stand in the order of time: independence can only be looked at where they do.
    """
    return [
        linearity(model),
        equal_variance(model),
        normality(model),
        independence(model, ordered=ordered),
        influence_check(model),
    ]


def linearity(model: Reference) -> Check:
    """Return whether squares and cubes of the prediction explain more (RESET, Ramsey 1969; Pregibon's link test 1980).

    The effect is the share of the residuals' variance that they explain.
    """
    p, effect = _reset(model) if model.task == "regression" else _link_test(model)
    text = "of the residuals' variance is explained by powers of the linear prediction"
    return _check("linearity", effect, 0.02, p, "warning", text, "curved or joint effects are left")


def equal_variance(model: Reference) -> Check:
    """Return whether the residuals spread alike everywhere (Breusch and Pagan 1979, as made robust by Koenker 1981)."""
    if model.task != "regression":
        return _does_not_apply("equal variance", "the variance of a class follows from its probability")
    if model.exog.shape[1] == 1:
        return _does_not_apply("equal variance", "there is no column along which it could change")
    from statsmodels.stats.diagnostic import het_breuschpagan

    statistic, p, _, _ = het_breuschpagan(model.residuals, model.exog.to_numpy())
    text = "of the squared residuals' variance is explained by the columns"
    so = "plain standard errors would mislead, those of the table are robust"
    return _check("equal variance", statistic / len(model.residuals), 0.05, p, "info", text, so)


def normality(model: Reference) -> Check:
    """Return whether the residuals are normal (Jarque and Bera 1980); the effect is skewness or excess."""
    if model.task != "regression":
        return _does_not_apply("normality", "a class is not normally distributed, nor need it be")
    found = stats.jarque_bera(model.residuals)
    effect = max(abs(stats.skew(model.residuals)), abs(stats.kurtosis(model.residuals)) / 2)
    text = "is the skewness or half the excess kurtosis of the residuals, whichever is larger"
    so = "intervals of single predictions would mislead"
    return _check("normality", effect, 1.0, found.pvalue, "info", text, so)


def independence(model: Reference, *, ordered: bool) -> Check:
    """Return whether neighbours in time err alike (Ljung and Box 1978); the effect is their correlation at lag 1.

    For least squares it is nearly 1 - d / 2 of Durbin and Watson's d.
    """
    if not ordered:
        return _does_not_apply("independence", "the rows have no order in time")
    from statsmodels.stats.diagnostic import acorr_ljungbox

    p = float(acorr_ljungbox(model.residuals, lags=[10])["lb_pvalue"].iloc[0])
    effect = abs(1 - durbin_watson(model.residuals) / 2)
    text = "is the correlation of neighbours' residuals in time"
    so = "standard errors are too small and random folds too hopeful"
    return _check("independence", effect, 0.1, p, "warning", text, so)


def influence_check(model: Reference) -> Check:
    """Return whether single rows decide the fit: Cook's distance over 1 (Cook and Weisberg 1982)."""
    found = influence(model)["cooks_distance"]
    row, largest = int(found.to_numpy().argmax()), float(found.max())
    share = float((found > 4 / len(found)).mean())
    text = (
        f"The largest Cook's distance is {largest:.3g}, of row {row} of those looked at; {share:.1%} of the rows are "
        "over 4 / n, where a second look begins. Over 1 a single row moves the whole fit."
    )
    return Check("influence", round(largest, 4), 1.0, largest <= 1, "warning", text)


def durbin_watson(residuals: np.ndarray) -> float:
    """Return Durbin and Watson's d (1950): 2 where neighbours are not correlated, 0 where they are equal."""
    return float((np.diff(residuals) ** 2).sum() / (residuals**2).sum())


def _explanatory(X: pd.DataFrame, truth: np.ndarray | None = None) -> pd.DataFrame:
    """Return a constant and the columns of which a coefficient can be said something."""
    varied = X.loc[:, X.std() > 1e-12].astype("float64")
    found = varied.loc[:, [_is_supported(varied[name], truth) for name in varied]]
    found = found.drop(columns=list(collinearity.dependent_columns(found)))
    found.insert(0, "(constant)", 1.0)
    return found


def _is_supported(column: pd.Series, truth: np.ndarray | None) -> bool:
    differs = (column != column.mode()[0]).to_numpy()
    both = truth is None or 0 < truth[differs].sum() < differs.sum()
    return bool(differs.sum() >= FEWEST_ROWS and both)


def _reset(model: Reference) -> tuple[float, float]:
    fitted = _standardised(np.asarray(model.results.fittedvalues))
    left = _residual_sum(model, fitted**2, fitted**3)
    total, freedom = (model.residuals**2).sum(), len(fitted) - model.exog.shape[1] - 2
    return float(stats.f.sf((total - left) / 2 / (left / freedom), 2, freedom)), float(1 - left / total)


def _link_test(model: Reference) -> tuple[float, float]:
    """Return p and effect of a score test for the square of the linear prediction."""
    root = np.sqrt(model.weights)
    linear = _standardised(model.exog.to_numpy() @ np.asarray(model.results.params))
    gained = _residual_sum(model) - _residual_sum(model, linear**2 * root)
    return float(stats.chi2.sf(gained, 1)), float(gained / (model.residuals**2).sum())


def _standardised(values: np.ndarray) -> np.ndarray:
    """Return z-scores, and zeros where a model without a column says the same of every row."""
    return stats.zscore(values) if np.ptp(values) > 1e-9 * max(np.abs(values).max(), 1.0) else np.zeros_like(values)


def _residual_sum(model: Reference, *more: np.ndarray) -> float:
    """Return what is left of the residuals' squares by the weighted columns, and by some more."""
    left, *added = (values - model.basis @ (model.basis.T @ values) for values in (model.residuals, *more))
    if added:
        extra = np.column_stack(added)
        left = left - extra @ np.linalg.lstsq(extra, left, rcond=None)[0]
    return float((left**2).sum())


def _check(name: str, effect: float, limit: float, p: float, severity: str, text: str, consequence: str) -> Check:
    passed = bool(effect <= limit or p >= SIGNIFICANT)
    told = f"{effect:.3g} {text} (p = {p:.2g}){'' if passed else f'; {consequence}'}."
    return Check(name, round(float(effect), 4), limit, passed, severity, told)


def _does_not_apply(name: str, why: str) -> Check:
    return Check(name, None, None, True, "info", f"Does not apply: {why}.")
