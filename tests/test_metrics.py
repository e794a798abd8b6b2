"""Each score against scikit-learn's, plain and weighted, and where it is not defined."""

import numpy as np
import pytest
from sklearn import metrics as oracle

from lib import metrics

N = 400
GENERATOR = np.random.default_rng(3)
WEIGHTS = GENERATOR.integers(0, 4, N).astype("float64")
LABELS = (GENERATOR.random(N) < 0.3).astype("int64")
CHANCES = np.round(np.clip(0.3 + 0.3 * (LABELS - 0.3) + GENERATOR.normal(0, 0.2, N), 0.01, 0.99), 2)  # with ties
GRADES = GENERATOR.integers(0, 3, N)
SHARES = GENERATOR.dirichlet([1, 1, 1], N) * 0.6 + 0.4 * np.eye(3)[GRADES]
COUNTS = GENERATOR.poisson(3, N).astype("float64")
RATES = np.clip(COUNTS + GENERATOR.normal(0, 1, N), 0.1, None)

CALLED = (CHANCES >= 0.5).astype("int64")
BINARY = {
    "roc_auc": lambda w: oracle.roc_auc_score(LABELS, CHANCES, sample_weight=w),
    "average_precision": lambda w: oracle.average_precision_score(LABELS, CHANCES, sample_weight=w),
    "neg_log_loss": lambda w: -oracle.log_loss(LABELS, CHANCES, sample_weight=w),
    "neg_brier_score": lambda w: -oracle.brier_score_loss(LABELS, CHANCES, sample_weight=w),
    "accuracy": lambda w: oracle.accuracy_score(LABELS, CALLED, sample_weight=w),
    "balanced_accuracy": lambda w: oracle.balanced_accuracy_score(LABELS, CALLED, sample_weight=w),
    "f1": lambda w: oracle.f1_score(LABELS, CALLED, sample_weight=w),
    "precision": lambda w: oracle.precision_score(LABELS, CALLED, sample_weight=w),
    "recall": lambda w: oracle.recall_score(LABELS, CALLED, sample_weight=w),
}
LIKELIEST = SHARES.argmax(axis=1)
MULTICLASS = {
    "roc_auc_ovr": lambda w: np.mean(
        [oracle.roc_auc_score(GRADES == k, SHARES[:, k], sample_weight=w) for k in range(3)]
    ),
    "neg_log_loss": lambda w: -oracle.log_loss(GRADES, SHARES, sample_weight=w),
    "neg_brier_score": lambda w: -oracle.brier_score_loss(GRADES, SHARES, sample_weight=w, scale_by_half=False),
    "accuracy": lambda w: oracle.accuracy_score(GRADES, LIKELIEST, sample_weight=w),
    "balanced_accuracy": lambda w: oracle.balanced_accuracy_score(GRADES, LIKELIEST, sample_weight=w),
    "f1_macro": lambda w: oracle.f1_score(GRADES, LIKELIEST, average="macro", sample_weight=w),
}
REGRESSION = {
    "r2": lambda w: oracle.r2_score(COUNTS, RATES, sample_weight=w),
    "explained_variance": lambda w: oracle.explained_variance_score(COUNTS, RATES, sample_weight=w),
    "neg_mean_absolute_error": lambda w: -oracle.mean_absolute_error(COUNTS, RATES, sample_weight=w),
    "neg_mean_squared_error": lambda w: -oracle.mean_squared_error(COUNTS, RATES, sample_weight=w),
    "neg_root_mean_squared_error": lambda w: -oracle.root_mean_squared_error(COUNTS, RATES, sample_weight=w),
    "neg_mean_absolute_percentage_error": lambda w: (
        -oracle.mean_absolute_percentage_error(COUNTS, RATES, sample_weight=w)
    ),
    "neg_mean_poisson_deviance": lambda w: -oracle.mean_poisson_deviance(COUNTS, RATES, sample_weight=w),
}
CASES = [
    *((name, LABELS, CHANCES, expected) for name, expected in BINARY.items()),
    *((name, GRADES, SHARES, expected) for name, expected in MULTICLASS.items()),
    *((name, COUNTS, RATES, expected) for name, expected in REGRESSION.items()),
]


@pytest.mark.parametrize("weights", [np.ones(N), WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize(("name", "y", "prediction", "expected"), CASES)
def test_a_score_equals_scikit_learns(name, y, prediction, expected, weights):
    assert metrics.METRICS[name].prepare(y, prediction)(weights) == pytest.approx(expected(weights), rel=1e-9)


@pytest.mark.parametrize("name", list(metrics.METRICS))
def test_every_metric_has_a_name_of_scikit_learn_and_is_tested(name):
    assert name in oracle.get_scorer_names()
    assert name in {case[0] for case in CASES}


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
def test_ranking_rows_of_one_class_has_no_score(name):
    assert np.isnan(metrics.METRICS[name].prepare(np.zeros(5), np.arange(5.0))(np.ones(5)))


def test_a_class_without_rows_is_left_out_of_the_mean_over_classes():
    weights = WEIGHTS * (GRADES != 2)
    expected = np.mean([oracle.roc_auc_score(GRADES == k, SHARES[:, k], sample_weight=weights) for k in (0, 1)])
    assert metrics.METRICS["roc_auc_ovr"].prepare(GRADES, SHARES)(weights) == pytest.approx(expected)


def test_a_constant_target_has_no_explained_variance():
    assert np.isnan(metrics.METRICS["r2"].prepare(np.full(4, 7.0), np.arange(4.0))(np.ones(4)))


def test_a_count_predicted_below_zero_is_punished_with_a_finite_number():
    score = metrics.METRICS["neg_mean_poisson_deviance"].prepare(np.array([3.0]), np.array([-1.0]))(np.ones(1))
    assert -100 < score < -20
