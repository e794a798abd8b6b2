"""Diagnostics: the values of statsmodels, and a verdict that changes when the assumption is broken."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.stats import diagnostic, stattools
from statsmodels.stats.outliers_influence import OLSInfluence

from lib import diagnostics

REGRESSION = {"task": "regression", "classes": []}
BINARY = {"task": "binary", "classes": ["no", "yes"]}


def made(n_samples=600, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n_samples, 3)), columns=["a", "b", "c"])
    linear = X @ [1.0, -0.5, 0.2]
    return X, linear.to_numpy(), rng


def regression(noise=None, extra=0.0):
    X, linear, rng = made()
    noise = rng.normal(size=len(X)) if noise is None else noise(X, rng)
    return diagnostics.reference(X, linear + extra * X["a"].to_numpy() ** 2 + noise, REGRESSION)


def logistic(extra=0.0):
    X, linear, rng = made(n_samples=1500)
    chance = 1 / (1 + np.exp(-(linear + extra * X["a"].to_numpy() ** 2)))
    return diagnostics.reference(X, np.where(rng.random(len(X)) < chance, "yes", "no"), BINARY)


def plain_ols(model):
    return sm.OLS(np.asarray(model.results.model.endog), model.exog).fit()


def test_coefficients_are_those_of_statsmodels():
    model = regression()
    table = diagnostics.coefficients(model)
    robust = sm.OLS(model.results.model.endog, model.exog).fit(cov_type="HC1")
    np.testing.assert_allclose(table["coefficient"], robust.params[table.index], rtol=1e-10)
    np.testing.assert_allclose(table["std_error"], robust.bse[table.index], rtol=1e-10)
    np.testing.assert_allclose(table["low"], robust.conf_int().loc[table.index, 0], rtol=1e-10)


def test_leverage_and_cooks_distance_of_least_squares_are_those_of_statsmodels():
    model = regression()
    theirs, ours = OLSInfluence(plain_ols(model)), diagnostics.influence(model)
    np.testing.assert_allclose(ours["leverage"], theirs.hat_matrix_diag, rtol=1e-8)
    np.testing.assert_allclose(ours["cooks_distance"], theirs.cooks_distance[0], rtol=1e-8)


def test_leverage_and_cooks_distance_of_a_logistic_regression_are_those_of_statsmodels():
    model = logistic()
    plain = sm.GLM(model.results.model.endog, model.exog, family=sm.families.Binomial()).fit()
    theirs, ours = plain.get_influence(), diagnostics.influence(model)
    np.testing.assert_allclose(ours["leverage"], theirs.hat_matrix_diag, rtol=1e-6)
    np.testing.assert_allclose(ours["cooks_distance"], theirs.cooks_distance[0], rtol=1e-5)


def test_the_share_explained_by_powers_leads_to_the_reset_of_statsmodels():
    model = regression(extra=0.05)
    theirs = diagnostic.linear_reset(plain_ols(model), power=3, test_type="fitted", use_f=True)
    explained, freedom = diagnostics.linearity(model).value, len(model.exog) - 6
    assert explained / (1 - explained) * freedom / 2 == pytest.approx(float(theirs.fvalue), rel=0.05)
    assert f"p = {float(theirs.pvalue):.2g}" in diagnostics.linearity(model).explanation


def test_the_link_test_is_the_score_test_of_statsmodels():
    model = logistic(extra=0.1)
    plain = sm.GLM(model.results.model.endog, model.exog, family=sm.families.Binomial()).fit()
    linear = model.exog.to_numpy() @ plain.params.to_numpy()
    theirs = plain.model.score_test(plain.params, exog_extra=linear**2)[1]
    assert f"p = {float(np.ravel(theirs)[0]):.2g}" in diagnostics.linearity(model).explanation


def test_equal_variance_normality_and_independence_are_those_of_statsmodels():
    model = regression()
    lm, p, _, _ = diagnostic.het_breuschpagan(model.residuals, model.exog)
    assert diagnostics.equal_variance(model).value == pytest.approx(lm / len(model.exog), abs=1e-4)
    assert f"p = {p:.2g}" in diagnostics.equal_variance(model).explanation
    _, p, skewness, kurtosis = stattools.jarque_bera(model.residuals)
    assert diagnostics.normality(model).value == pytest.approx(max(abs(skewness), abs(kurtosis - 3) / 2), abs=1e-4)
    assert f"p = {p:.2g}" in diagnostics.normality(model).explanation
    assert diagnostics.durbin_watson(model.residuals) == pytest.approx(stattools.durbin_watson(model.residuals))


def wave(X, rng):
    return np.sin(np.arange(len(X)) / 20) + 0.3 * rng.normal(size=len(X))


BROKEN = {
    "linearity": lambda: regression(extra=0.5),
    "equal variance": lambda: regression(noise=lambda X, rng: rng.normal(size=len(X)) * np.exp(X["a"])),
    "normality": lambda: regression(noise=lambda X, rng: rng.lognormal(sigma=1.5, size=len(X))),
    "independence": lambda: regression(noise=wave),
    "influence": lambda: regression(noise=lambda X, rng: np.where(np.arange(len(X)) == X["a"].idxmax(), 400.0, 0)),
}


def verdicts(model):
    return {check.name: check.passed for check in diagnostics.assumption_checks(model, ordered=True)}


@pytest.mark.parametrize("assumption", BROKEN)
def test_a_broken_assumption_is_found(assumption):
    assert not verdicts(BROKEN[assumption]())[assumption]


@pytest.mark.parametrize("model", [regression, logistic])
def test_assumptions_that_hold_pass(model):
    assert all(verdicts(model()).values())
    assert "curved" not in diagnostics.linearity(model()).explanation


def test_a_curved_logit_is_found():
    assert not verdicts(logistic(extra=1.5))["linearity"]


def test_independence_is_not_judged_without_an_order():
    check = diagnostics.independence(BROKEN["independence"](), ordered=False)
    assert check.passed
    assert "no order" in check.explanation


def test_several_classes_are_looked_at_as_the_most_frequent_against_the_rest():
    X, linear, _ = made()
    y = np.select([linear < -1.5, linear < 0.8], ["few", "most"], "some")
    assert diagnostics.reference(X, y, {"task": "multiclass", "classes": ["few", "most", "some"]}).label == "most"


def test_dependent_and_constant_columns_do_not_break_the_fit():
    X, linear, rng = made()
    X = X.assign(sum=X["a"] + X["b"], one=1.0)
    model = diagnostics.reference(X, linear + rng.normal(size=len(X)), REGRESSION)
    assert list(model.exog) == ["(constant)", "a", "b", "c"]


def test_a_column_that_differs_in_few_rows_gets_no_coefficient():
    X, linear, rng = made()
    rare = X.assign(rare=np.arange(len(X)) < diagnostics.FEWEST_ROWS - 1, often=np.arange(len(X)) < 60).astype(float)
    model = diagnostics.reference(rare, linear + rng.normal(size=len(X)), REGRESSION)
    assert "rare" not in model.exog and "often" in model.exog


def test_a_column_whose_rows_are_all_of_one_class_gets_no_coefficient():
    X, linear, rng = made()
    y = np.where(linear + rng.normal(size=len(X)) > 0, "yes", "no")
    parts = X.assign(separates=(y == "yes") & (rng.random(len(X)) < 0.2), mixed=rng.random(len(X)) < 0.2).astype(float)
    model = diagnostics.reference(parts, y, BINARY)
    assert "separates" not in model.exog and "mixed" in model.exog


@pytest.mark.parametrize("design", [REGRESSION, BINARY])
def test_a_table_without_a_column_to_speak_of_is_judged_all_the_same(design):
    rows = pd.DataFrame({"rare": np.r_[np.ones(3), np.zeros(97)]})
    y = np.resize([0.0, 1.0, 1.0], 100) if design is REGRESSION else np.resize(["no", "yes", "yes"], 100)
    model = diagnostics.reference(rows, y, design)
    assert all(check.passed for check in diagnostics.assumption_checks(model, ordered=False))
