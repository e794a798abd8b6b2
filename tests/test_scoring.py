"""Predictions and labels in the contract's order of classes."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from lib import scoring
from lib.errors import InputError

GRADES = {"task": "multiclass", "classes": ["low", "middle", "high"]}


def test_labels_are_coded_in_the_contracts_order():
    assert scoring.encode(GRADES, pd.Series(["high", "low", "middle"])).tolist() == [2, 0, 1]


def test_true_and_false_and_floats_are_the_labels_they_equal():
    design = {"task": "binary", "classes": [0, 1]}
    assert scoring.encode(design, np.array([True, False])).tolist() == [1, 0]
    assert scoring.encode(design, np.array([1.0, 0.0])).tolist() == [1, 0]


def test_a_label_that_the_contract_does_not_name_is_an_error():
    with pytest.raises(ValueError, match="found also \\['top'\\]"):
        scoring.encode(GRADES, ["low", "top"])


def test_a_class_without_training_rows_gets_probability_zero():
    X = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]})
    model = LogisticRegression().fit(X, ["low", "low", "high", "high"])
    probabilities = scoring.predict(GRADES, model, X)
    assert probabilities.shape == (4, 3)
    assert probabilities[:, 1].tolist() == [0, 0, 0, 0]
    assert np.all(probabilities[2:, 2] > 0.5)


def test_the_positive_class_is_the_last_one_whatever_its_place_in_the_alphabet():
    X = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]})
    model = LogisticRegression().fit(X, ["bad", "bad", "good", "good"])
    design = {"task": "binary", "classes": ["good", "bad"]}
    assert scoring.predict(design, model, X)[0] > 0.5


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_default_metric_fits_its_task_and_is_named_first(task):
    assert scoring.metrics_for(task)[0] == scoring.DEFAULT_METRIC[task]
    assert scoring.validate(scoring.DEFAULT_METRIC[task], task) == scoring.DEFAULT_METRIC[task]


def test_a_metric_of_another_task_is_refused_with_those_that_fit():
    with pytest.raises(InputError, match="'r2' does not fit the task binary. Fitting are: roc_auc, .*f1"):
        scoring.validate("r2", "binary")


def test_a_missing_prediction_is_an_error_and_not_a_low_rank():
    with pytest.raises(ValueError, match="1 predictions are missing"):
        scoring.score("roc_auc", [0, 1, 1], [0.1, np.nan, 0.3])


def test_too_few_predictions_are_an_error():
    with pytest.raises(ValueError, match="found 2 for 3 rows"):
        scoring.score("r2", [0, 1, 1], [0.1, 0.3])
