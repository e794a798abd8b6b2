import numpy as np
import pandas as pd
import pytest

from lib import absences, checks
from lib.errors import GateRefused

DESIGN = {"task": "binary", "classes": ["no", "yes"], "target": "y", "exclude": {}, "missingness_leaks": []}


def table(n_samples=400):
    """A table in which `plane` is missing for yes alone, `wind` by chance, and `town` together with `street`."""
    generator = np.random.default_rng(0)
    y = generator.integers(0, 2, n_samples)
    lost = generator.random(n_samples) < 0.2
    X = pd.DataFrame(
        {
            "plane": np.where((y == 1) & (generator.random(n_samples) < 0.3), np.nan, 1.0),
            "wind": np.where(generator.random(n_samples) < 0.2, np.nan, 1.0),
            "street": pd.Series(np.where(lost, None, "x"), dtype="str"),
            "town": pd.Series(np.where(lost, None, "x"), dtype="str"),
            "full": 1.0,
        }
    )
    return X, y


def verdicts(accept=(), **design):
    X, y = table()
    chosen = {**DESIGN, **design}
    return absences.leak_checks(absences.relations(X, y, chosen), chosen, accept)


def test_shares_are_of_columns_with_gaps_the_most_first():
    shares = absences.shares(table()[0])
    assert "full" not in shares
    assert shares.is_monotonic_decreasing


def test_columns_that_are_missing_together_are_one_pattern():
    found = absences.together(table()[0]).set_index("missing")
    assert found["rows"].sum() == 400
    assert "street, town" in found.index
    assert not {"street", "town"} & set(found.index)


def test_a_table_without_gaps_has_nothing_missing():
    assert absences.together(pd.DataFrame({"x": [1, 2]})).to_dict("records") == [
        {"missing": "nothing", "rows": 2, "share": 1.0}
    ]


def test_gaps_that_come_with_one_class_alone_give_it_away():
    found = absences.relations(*table(), DESIGN)
    assert found.index[0] == "plane"
    assert found["gives_away"].to_dict() == {"plane": True, "wind": False, "street": False, "town": False}
    assert found.loc["plane", ["purest", "target_missing"]].tolist() == ["yes", 1.0]


def test_gaps_that_give_the_target_away_stop_the_run_with_the_way_out():
    with pytest.raises(GateRefused, match="gaps of plane: .*-p missingness_leaks=plane.*-p accept=plane"):
        checks.require(verdicts())


@pytest.mark.parametrize(
    "settled", [{"accept": ["plane"]}, {"missingness_leaks": ["plane"]}, {"exclude": {"plane": "blank if yes"}}]
)
def test_gaps_that_somebody_has_dealt_with_are_only_remembered(settled):
    found = verdicts(**settled)
    checks.require(found)
    assert [(check.severity, check.passed) for check in found if check.name == "gaps of plane"] == [("info", True)]


def test_a_few_pure_gaps_are_no_evidence():
    X = pd.DataFrame({"x": [np.nan] * 4 + [1.0] * 96})
    found = absences.relations(X, np.array([1] * 4 + [0, 1] * 48), DESIGN)
    assert not found["gives_away"].any()


def test_gaps_that_tell_a_little_are_a_warning():
    generator = np.random.default_rng(0)
    y = generator.integers(0, 2, 2000)
    X = pd.DataFrame({"x": np.where(generator.random(2000) < 0.2 + 0.3 * y, np.nan, 1.0)})
    found = absences.leak_checks(absences.relations(X, y, DESIGN), DESIGN)
    assert [(check.severity, check.passed) for check in found] == [("warning", False)]


def test_gaps_and_a_quantity_are_compared_too():
    y = np.arange(200.0)
    found = absences.relations(pd.DataFrame({"x": np.where(y > 150, np.nan, 1.0)}), y, {**DESIGN, "task": "regression"})
    assert found.loc["x", "effect"] > 0.5
    assert found.loc["x", "target_missing"] == pytest.approx(175)


def test_a_table_without_gaps_passes():
    X, y = table()
    found = absences.leak_checks(absences.relations(X[["full"]], y, DESIGN), DESIGN)
    assert [check.passed for check in found] == [True]
