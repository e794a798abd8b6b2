import numpy as np
import pandas as pd
import pytest

from lib import auditing

DESIGN = {
    "features": ["x"],
    "target": "y",
    "task": "binary",
    "time_column": "t",
    "group_column": "g",
    "split": {"strategy": "time"},
}


def table():
    n = np.arange(100)
    return pd.DataFrame({"x": n.astype(float), "y": n % 2, "t": n, "g": n // 10})


def roles(train=60, validation=20, test=20):
    return pd.Series(["train"] * train + ["validation"] * validation + ["test"] * test)


def verdicts(rows, role, **design):
    return {check.name: check for check in auditing.split_checks(rows, role, {**DESIGN, **design})}


def test_a_clean_split_passes_every_check_and_asks_for_nothing():
    found = verdicts(table(), roles()).values()
    assert all(check.passed for check in found)
    assert not any("-p strategy" in check.explanation or "drop them" in check.explanation for check in found)


def test_held_out_copies_of_training_rows_are_counted():
    rows = table()
    rows.loc[60:69, ["x", "y"]] = rows.loc[0:9, ["x", "y"]].to_numpy()
    found = verdicts(rows, roles())["held-out rows are new"]
    assert (found.passed, found.value, found.severity) == (False, 0.25, "warning")


@pytest.mark.parametrize(("strategy", "severity"), [("time", "stop"), ("random", "warning")])
def test_a_known_future_is_named(strategy, severity):
    found = verdicts(table(), roles()[::-1].reset_index(drop=True), split={"strategy": strategy})[
        "the future is held out"
    ]
    assert (found.passed, found.severity) == (False, severity)


@pytest.mark.parametrize(("strategy", "severity"), [("group", "stop"), ("random", "warning")])
def test_a_group_in_two_parts_is_named(strategy, severity):
    found = verdicts(table(), roles(65, 15, 20), split={"strategy": strategy})["no group is in two parts"]
    assert (found.passed, found.value, found.severity) == (False, 1, severity)


def test_a_part_with_one_class_alone_stops_the_run():
    rows = table().assign(y=[0, 1] * 40 + [1] * 20)
    found = verdicts(rows, roles())["every class can be learnt and judged"]
    assert (found.passed, found.value, found.severity) == (False, "test", "stop")


def test_a_class_without_training_rows_is_named():
    rows = table().assign(y=["a", "b"] * 30 + ["a", "b", "c", "c"] * 10)
    found = verdicts(rows, roles(), task="multiclass")["every class can be learnt and judged"]
    assert (found.passed, found.value, found.severity) == (False, "c", "warning")


def test_shares_that_differ_between_parts_are_told():
    rows = table().assign(y=[0, 1] * 30 + [1, 1, 1, 0] * 10)
    found = verdicts(rows, roles())["classes are as frequent in every part"]
    assert (found.passed, found.value) == (False, 0.25)
