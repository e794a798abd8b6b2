import pathlib

import numpy as np
import pandas as pd
import pytest

from lib import checks, design, eda, leaks, scoring, splitting
from lib.errors import GateRefused

SHARED = pathlib.Path(__file__).parent.parent.parent / "shared" / "data"
DESIGNS = {
    "binary": {"task": "binary", "classes": ["no", "yes"]},
    "multiclass": {"task": "multiclass", "classes": ["a", "b", "c"]},
    "regression": {"task": "regression", "classes": []},
}
real = pytest.mark.skipif(not SHARED.exists(), reason="the folder ../shared/data with the real tables is not here")


def planted(task, n_samples=600):
    """A table with an honest column, noise, and the target in disguise."""
    generator = np.random.default_rng(0)
    quantity = generator.normal(size=n_samples)
    edges = {"binary": [0.0], "multiclass": [-0.5, 0.5]}.get(task)
    y = quantity if edges is None else np.searchsorted(edges, quantity)
    X = pd.DataFrame(
        {
            "honest": quantity + 2 * generator.normal(size=n_samples),
            "noise": generator.normal(size=n_samples),
            "planted": y + 0.01 * generator.normal(size=n_samples),
        }
    )
    return X, y


def skills(task):
    X, y = planted(task)
    return leaks.single_column_skill(X, y, DESIGNS[task])


@pytest.mark.parametrize("task", DESIGNS)
def test_a_planted_leak_stops_the_run_and_names_the_column_and_the_way_out(task):
    with pytest.raises(
        GateRefused, match="planted is no leak: .*-p exclude=planted, or accept it with -p accept=planted"
    ):
        checks.require(leaks.skill_checks(skills(task)))


@pytest.mark.parametrize("task", DESIGNS)
def test_a_leak_that_somebody_accepts_lets_the_run_go_on(task):
    checks.require(leaks.skill_checks(skills(task), accept=["planted"]))


@pytest.mark.parametrize("task", DESIGNS)
def test_honest_columns_pass(task):
    found = leaks.skill_checks(skills(task).drop("planted"))
    assert [check.passed for check in found] == [True]


def test_noise_has_no_skill():
    assert skills("binary")["noise"] < 0.15


def test_skill_is_measured_on_rows_that_the_rule_has_not_seen():
    generator = np.random.default_rng(0)
    names = pd.DataFrame({"name": [f"row {k}" for k in range(300)]})
    assert leaks.single_column_skill(names, generator.integers(0, 2, 300), DESIGNS["binary"])["name"] < 0.1


def test_text_that_names_rows_is_a_warning_and_categories_are_none():
    X = pd.DataFrame({"name": [f"Person {k}" for k in range(100)], "colour": ["red", "blue"] * 50, "x": range(100)})
    found = leaks.identifier_checks(X)
    assert [(check.name, check.severity) for check in found] == [("name describes rows", "warning")]


def test_near_copies_are_named_in_pairs():
    generator = np.random.default_rng(0)
    X = pd.DataFrame({"a": generator.normal(size=300), "b": generator.normal(size=300)})
    pairs = leaks.near_copies(X.assign(c=-2 * X["a"], constant=1.0))
    assert pairs[["one", "other"]].to_numpy().tolist() == [["a", "c"]]
    assert not leaks.copy_checks(pairs)[0].passed


def test_a_target_that_is_cut_off_is_named():
    y = np.minimum(np.random.default_rng(0).normal(100, 20, 1000), 120)
    largest, smallest = leaks.target_checks(y, DESIGNS["regression"])
    assert (largest.passed, smallest.passed) == (False, True)


def test_a_class_with_hardly_a_row_is_named():
    (found,) = leaks.target_checks(np.repeat([0, 1, 2], [50, 50, 3]), DESIGNS["multiclass"])
    assert (found.passed, found.value) == (False, "c (3)")


@pytest.mark.parametrize(("strategy", "advice"), [("time", "watched and retrained"), ("random", "-p strategy=time")])
def test_movement_is_told_with_what_to_do(strategy, advice):
    contract = {"target": "y", "time_column": "", "split": {"strategy": strategy}}
    found = leaks.movement_checks(pd.Series({"price": 0.6, "y": 0.2}), contract)
    assert [check.passed for check in found] == [False, False]
    assert all(advice in check.explanation for check in found)


def test_what_stays_as_it_is_passes():
    contract = {"target": "y", "time_column": "", "split": {"strategy": "random"}}
    assert all(check.passed for check in leaks.movement_checks(pd.Series({"price": 0.1, "y": 0.02}), contract))


def read(name, target):
    table = pd.read_csv(SHARED / name)
    contract = design.contract(name, table, target=target)
    return table[contract["features"]], scoring.encode(contract, table[target]), contract


@real
def test_the_length_of_a_call_is_suspected_in_bank():
    X, y, contract = read("bank.csv", "deposit")
    found = leaks.skill_checks(leaks.single_column_skill(X[["duration", "age", "month"]], y, contract))
    assert [(check.name, check.passed) for check in found] == [("duration is no leak", False)]


@real
def test_identifiers_are_named_in_titanic():
    X, _, contract = read("titanic.csv", "Survived")
    assert "PassengerId" in contract["exclude"]
    assert {"Name describes rows", "Ticket describes rows"} <= {check.name for check in leaks.identifier_checks(X)}


@real
def test_near_copies_are_named_in_bike():
    X, _, _ = read("bike.csv", "cnt")
    assert ["temp", "atemp"] in leaks.near_copies(X)[["one", "other"]].to_numpy().tolist()


@real
def test_the_capped_target_is_named_in_housing():
    _, y, contract = read("housing.csv", "median_house_value")
    assert [check.passed for check in leaks.target_checks(y, contract)] == [False, True]


@real
def test_rare_classes_are_named_in_wine():
    _, y, contract = read("wine.csv", "quality")
    assert leaks.target_checks(y, contract)[0].value == "9 (5)"


@real
def test_drift_along_the_rows_is_told_in_elec():
    X, y, contract = read("elec.csv", "class")
    period = splitting.periods(pd.Series(np.arange(len(X))))
    moved = eda.movement(X.assign(**{"class": y}), period)
    _, features = leaks.movement_checks(moved, contract)
    assert not features.passed
    assert "vicprice" in features.explanation and "strategy=time" in features.explanation
