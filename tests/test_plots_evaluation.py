"""Figures are titled, labelled and drawn from what they were given."""

import numpy as np
import pandas as pd

from lib import calibration, plots_evaluation, threshold

GENERATOR = np.random.default_rng(9)
TRUE = GENERATOR.random(500)
Y = (GENERATOR.random(500) < TRUE).astype("int64")


def test_calibration_shows_a_point_a_bin_and_the_diagonal():
    drawn = plots_evaluation.calibration(calibration.reliability(Y, TRUE), "Title", "share late")
    points = drawn.axes[0].lines[-1]
    assert len(points.get_xdata()) == 10
    assert drawn.axes[0].get_xlabel() == "predicted share late"
    assert drawn.axes[0].get_title(loc="left") == "Title"


def test_calibration_of_a_quantity_needs_no_intervals():
    bins = calibration.residual_table(TRUE, TRUE + 0.1, 0.2)
    assert len(plots_evaluation.calibration(bins, "Title", "price").axes[0].collections) == 0


def test_the_cost_curve_marks_the_cheapest_threshold_and_the_break_even():
    costs = {"cost_false_positive": 1.0, "cost_false_negative": 3.0}
    drawn = plots_evaluation.cost_curve(threshold.cost_curve(Y, TRUE, **costs), 0.3, 0.25, "Title")
    places = [line.get_xdata()[0] for line in drawn.axes[0].lines[-2:]]
    assert places == [0.3, 0.25]


def test_a_task_without_threshold_and_a_contract_without_slices_draw_nothing():
    assert plots_evaluation.cost_curve(None, None, 0.5, "Title") is None
    assert plots_evaluation.slices(pd.DataFrame(), 0.7, "Title", "roc_auc") is None


def test_slices_are_named_with_their_rows_the_first_on_top():
    table = pd.DataFrame(
        {"column": "town", "value": ["a", "b"], "n_samples": [90, 40], "score": [0.7, 0.6], "low": 0.5, "high": 0.9}
    )
    names = [
        label.get_text() for label in plots_evaluation.slices(table, 0.7, "T", "roc_auc").axes[0].get_yticklabels()
    ]
    assert names == ["town = b (40)", "town = a (90)"]


def test_dependences_share_their_scale_and_name_the_classes():
    classes = pd.DataFrame({"low": [0.1, 0.2], "high": [0.9, 0.8]}, index=[1.0, 2.0])
    text = pd.DataFrame({"low": [0.3, 0.4], "high": [0.7, 0.6]}, index=["a", "b"])
    drawn = plots_evaluation.partial_dependences({"n": classes, "town": text}, "Title", "y")
    assert drawn.axes[0].get_ylim() == drawn.axes[1].get_ylim()
    assert [text.get_text() for text in drawn.axes[0].get_legend().get_texts()] == ["low", "high"]
