import pandas as pd
import pytest
from matplotlib import pyplot as plt

from lib import plots


def test_a_figure_has_its_title_and_labels():
    ax = plots.figure("Delay by hour", "hour of day", "minutes").axes[0]
    assert (ax.get_title(loc="left"), ax.get_xlabel(), ax.get_ylabel()) == ("Delay by hour", "hour of day", "minutes")


def test_a_figure_is_not_left_open_in_pyplot():
    plots.figure("Delay by hour")
    assert plt.get_fignums() == []


def test_panels_have_one_pair_of_axes_for_each_title():
    assert len(plots.panels(["a", "b", "c", "d"], columns=3).axes) == 4


def test_bars_stand_in_the_order_given_from_the_top():
    ax = plots.bars(pd.Series({"first": 3.0, "last": 1.0}), "Effects", "effect").axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["last", "first"]


def test_bars_say_how_many_are_left_out():
    ax = plots.bars(pd.Series(range(40)), "Effects", "effect", most=15).axes[0]
    assert ax.get_title(loc="left") == "Effects (first 15 of 40)"
    assert len(ax.patches) == 15


@pytest.mark.parametrize("limit", [None, 0.5])
def test_a_limit_is_drawn_where_there_is_one(limit):
    table = pd.DataFrame({"value": [0.6], "low": [0.5], "high": [0.7]}, index=["model"])
    dashed = [
        line
        for line in plots.intervals(table, "Scores", "AUC", limit=limit).axes[0].lines
        if line.get_linestyle() == "--"
    ]
    assert len(dashed) == (limit is not None)


@pytest.mark.parametrize("name", ["$x^$", "price $", r"a\$b", "日付", "{f}", "%s", "$$"])
def test_a_name_is_drawn_as_it_stands_and_never_taken_for_a_formula(name):
    drawn = plots.bars(pd.Series({name: 1.0}), f"What {name} does", name)
    drawn.canvas.draw()
    assert drawn.axes[0].get_title(loc="left").replace(r"\$", "$") == f"What {name} does".replace(r"\$", "$")
