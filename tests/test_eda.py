import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics
from statsmodels.stats.multitest import multipletests

from lib import eda, plots_eda, profile


@pytest.fixture(name="X")
def features():
    generator = np.random.default_rng(0)
    number = generator.normal(size=600)
    return pd.DataFrame(
        {
            "number": np.where(generator.random(600) < 0.1, np.nan, number),
            "text": pd.Series(generator.choice(list("abc"), 600), dtype="str"),
            "noise": generator.normal(size=600),
            "constant": 1.0,
        }
    )


def known(X, y):
    there = X["number"].notna().to_numpy()
    return X["number"][there].to_numpy(), y[there]


def classes(X, edges):
    return np.searchsorted(edges, X["number"].fillna(0) + 0.5 * X["noise"])


def test_a_number_and_two_classes_are_compared_by_mann_whitney_and_auc(X):
    y = classes(X, [0])
    found, (x, told) = eda.relations(X, y, "binary").loc["number"], known(X, y)
    assert found["p_value"] == pytest.approx(stats.mannwhitneyu(x[told == 1], x[told == 0]).pvalue)
    assert found["effect"] == pytest.approx(2 * metrics.roc_auc_score(told, x) - 1)


def test_a_number_and_several_classes_are_compared_by_kruskal_and_eta(X):
    y = classes(X, [-0.5, 0.5])
    found, (x, told) = eda.relations(X, y, "multiclass").loc["number"], known(X, y)
    expected = stats.kruskal(*(x[told == code] for code in range(3)))
    assert found["p_value"] == pytest.approx(expected.pvalue)
    assert found["effect"] ** 2 == pytest.approx((expected.statistic - 2) / (len(x) - 3))


def test_two_numbers_are_compared_by_spearman(X):
    y = X["number"].fillna(0).to_numpy() ** 3
    found = eda.relations(X, y, "regression").loc["number"]
    assert found["effect"] == pytest.approx(1.0)


def test_categories_and_a_quantity_are_compared_by_kruskal(X):
    y = X["noise"].to_numpy() + X["text"].eq("a")
    expected = stats.kruskal(*(y[X["text"] == name] for name in "abc"))
    assert eda.relations(X, y, "regression").loc["text", "p_value"] == pytest.approx(expected.pvalue)


def test_categories_and_classes_are_compared_by_chi_square_and_cramers_v(X):
    y = (X["text"].eq("a") ^ (X["noise"] > 1)).to_numpy().astype(int)
    counts = pd.crosstab(X["text"], y).to_numpy()
    expected = stats.chi2_contingency(counts, correction=False)
    found = eda.relations(X, y, "binary").loc["text"]
    assert found["p_value"] == pytest.approx(expected.pvalue)
    # the correction for bias takes little from a strong relation
    assert found["effect"] == pytest.approx(stats.contingency.association(counts, method="cramer"), abs=0.01)


def test_many_rare_categories_do_not_look_strong():
    generator = np.random.default_rng(0)
    names = pd.DataFrame({"name": generator.integers(0, 300, 600).astype(str)})
    assert eda.relations(names, generator.integers(0, 2, 600), "binary").loc["name", "effect"] < 0.15


def test_p_values_are_corrected_by_holm_and_the_undefined_stay_so():
    found = eda.adjusted([0.01, np.nan, 0.04, 0.03])
    assert found[[0, 2, 3]] == pytest.approx(multipletests([0.01, 0.04, 0.03], method="holm")[1])
    assert np.isnan(found[1])


def test_a_constant_column_has_no_relation(X):
    found = eda.relations(X, classes(X, [0]), "binary").loc["constant"]
    assert (found["test"], found["effect"], found["mutual_information"]) == ("none", 0.0, 0.0)


def test_the_strongest_column_comes_first(X):
    assert eda.relations(X, classes(X, [0]), "binary").index[0] == "number"


def test_mutual_information_is_that_of_scikit_learn_less_its_bias():
    generator = np.random.default_rng(0)
    x = generator.integers(0, 5, 3000)
    y = np.where(generator.random(3000) < 0.5, x, generator.integers(0, 5, 3000))
    bias = 16 / (2 * 3000 * np.log(2))
    assert eda.mutual_information(x, y) == pytest.approx(metrics.mutual_info_score(x, y) / np.log(2) - bias)


def test_mutual_information_sees_what_is_neither_rising_nor_falling():
    x = np.random.default_rng(0).normal(size=2000)
    assert eda.mutual_information(x, x**2) > 1
    assert eda.mutual_information(x, np.random.default_rng(1).normal(size=2000)) < 0.05


def test_what_moves_with_time_comes_first():
    period = np.repeat(np.arange(10), 50)
    noise = np.random.default_rng(0).normal(size=500)
    moved = eda.movement(pd.DataFrame({"still": noise, "season": noise + period}), period)
    assert moved.index[0] == "season"
    assert moved["season"] > 0.8 > 0.2 > moved["still"]


def test_the_mean_of_a_period_has_its_interval():
    y, period = np.array([0, 1, 1, 1, 0, 0]), np.array([0, 0, 0, 1, 1, 1])
    found = eda.by_period(y, pd.Series(range(6)), period)
    assert found["value"].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert found["high"][0] - found["value"][0] == pytest.approx(1.96 * stats.sem([0, 1, 1]))
    assert found["starts"].tolist() == [0, 3]


@pytest.mark.parametrize(
    ("task", "classes", "expected"),
    [("binary", ["no", "yes"], [0, 1, 1]), ("multiclass", ["a", "b"], [0, 1, 1]), ("regression", [], [0, 1, 1])],
)
def test_the_target_is_told_as_something_with_a_mean(task, classes, expected):
    told, label = eda.as_share(np.array([0, 1, 1]), {"task": task, "classes": classes, "target": "y"})
    assert told.tolist() == expected
    assert "y" in label


def test_the_profile_is_readable_with_a_row_for_each_column(X):
    shown = eda.profile_table(profile.of(X))
    assert shown.index.tolist() == list(X)
    assert shown.loc["number", "missing"] == pytest.approx(X["number"].isna().mean(), abs=1e-3)


@pytest.mark.parametrize("values", [1e18 + np.arange(40) * 10, np.linspace(1e-300, 3e-300, 40), np.full(40, 1e19)])
def test_numbers_too_near_each_other_for_bars_of_equal_width_are_drawn_in_fewer(values):
    assert len(plots_eda.distributions(pd.DataFrame({"a": values})).axes) == 1
