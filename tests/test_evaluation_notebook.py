"""The cells of 05_evaluation on small runs of every task: what they write, and what they let through or refuse."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lib import cleaning, design, files, missingness, results, scoring, splitting, training
from lib.errors import GateRefused

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "05_evaluation.ipynb"
CANDIDATES = ["constant", "linear"]
GENEROUS = {"latency_ms": 10_000.0}
N = 1200


def flights_like():
    generator = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "time": pd.date_range("2024-01-01", periods=N, freq="h"),
            "wind": generator.normal(size=N),
            "rain": np.where(generator.random(N) < 0.1, np.nan, generator.normal(size=N)),
            "town": generator.choice(["north", "south"], N),
        }
    )
    signal = table["wind"] + 0.5 * (table["town"] == "south") + generator.normal(0, 0.7, N)
    return table.assign(late=np.where(signal > 0.5, "yes", "no"))


def wine_like():
    generator = np.random.default_rng(1)
    table = pd.DataFrame({name: generator.normal(size=N) for name in ("sugar", "acid")})
    grade = np.digitize(table["sugar"] + generator.normal(0, 0.4, N), [-0.5, 0.5])
    grade[:5] = 9  # a class of five rows
    return table.assign(grade=grade)


def housing_like():
    generator = np.random.default_rng(2)
    table = pd.DataFrame({name: generator.normal(size=N) for name in ("rooms", "age")})
    return table.assign(price=100 + 20 * table["rooms"] + generator.normal(0, 5, N))


RUNS = {
    "binary": (flights_like(), {"target": "late", "slices": ["town"]}),
    "multiclass": (wine_like(), {"target": "grade", "task": "multiclass"}),
    "regression": (housing_like(), {"target": "price", "slices": ["age"]}),
}


def prepare(folder, task, **given):
    """Write what the stages before 05_evaluation write, with two candidates."""
    table, told = RUNS[task]
    contract = design.contract("table.csv", table, **{**told, **GENEROUS, **given})
    role = splitting.split(
        table, **{k: contract[k] for k in ("time_column", "group_column", "target")}, **contract["split"]
    )
    train, validation, test = (table[role == part] for part in ("train", "validation", "test"))
    kinds = cleaning.column_kinds(train[contract["features"]])
    choices = {"dropped": {}, "missing": missingness.nothing_missing(), "hidden_gaps": [], "max_vif": 5.0}
    recipe = cleaning.recipe(kinds, linear_numeric=kinds["numeric"], **choices)
    parts = {files.TRAIN: train, files.VALIDATION: validation, files.TEST: test}
    for name, value in {files.DESIGN: contract, files.RECIPE: recipe, **parts}.items():
        files.write(folder, name, value)
    for name in CANDIDATES:
        model = training.fit(training.make_candidate(name, contract, recipe), train, contract, recipe, name)
        answers = scoring.predict(contract, model, validation[contract["features"]])
        files.write(folder, files.CANDIDATE_MODEL, model, candidate=name)
        files.write(folder, files.CANDIDATE_SUMMARY, {"cv_mean": 0.5, "cv_std": 0.1}, candidate=name)
        kept = training.prediction_table(contract, answers, validation.index)
        files.write(folder, files.CANDIDATE_PREDICTIONS, kept, candidate=name)
    return contract


def evaluate(folder):
    """Run the notebook's cells in this process; nothing in them depends on Jupyter."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    names = {}
    for cell in (cell for cell in cells if cell["cell_type"] == "code"):
        exec(compile("".join(cell["source"]), NOTEBOOK.name, "exec"), names)  # noqa: S102
        if "parameters" in cell["metadata"].get("tags", []):
            names |= {"run_dir": str(folder), "candidates": CANDIDATES}
    return names


@pytest.fixture(scope="module", params=list(RUNS))
def evaluated(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    contract = prepare(folder, request.param)
    evaluate(folder)
    return folder, contract


def test_a_good_model_of_every_task_is_let_through(evaluated):
    folder, contract = evaluated
    kept = files.read(folder, files.EVALUATION)
    assert kept["chosen"] == "linear"
    assert kept["n_samples"]["learnt"] == kept["n_samples"]["train"] + kept["n_samples"]["validation"]
    assert (kept["decision_threshold"] is None) == (contract["task"] != "binary")


@pytest.mark.parametrize("name", [files.EVALUATION, files.REFERENCE])
def test_what_is_written_can_be_read_by_any_reader_of_json(evaluated, name):
    text = files.path(evaluated[0], name).read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=pytest.fail)


def test_what_monitoring_compares_with_is_that_of_the_registered_model(evaluated):
    folder, contract = evaluated
    kept = files.read(folder, files.REFERENCE)
    score = files.read(folder, files.EVALUATION)["test"]["value"]
    assert [column["name"] for column in kept["columns"]] == contract["features"]
    assert kept["score"]["value"] == pytest.approx(score)
    assert kept["estimated"]["value"] == pytest.approx(score, abs=0.1)


def test_the_predictions_kept_are_those_of_the_registered_model(evaluated):
    folder, contract = evaluated
    test, kept = files.read(folder, files.TEST), files.read(folder, files.TEST_PREDICTIONS)
    answers = scoring.predict(contract, files.read(folder, files.MODEL), test[contract["features"]])
    columns = [name for name in kept if name.startswith("prediction")]
    assert kept[columns].to_numpy().squeeze() == pytest.approx(answers)
    assert kept["truth"].tolist() == test[contract["target"]].tolist()


def test_the_run_holds_metrics_tables_figures_and_a_card(evaluated):
    folder, contract = evaluated
    found = results.read(folder, "05_evaluation")
    assert math.isfinite(found["metrics"][f"test_{contract['metric']}"])
    assert {"candidates", "importance", "calibration", "outcomes"} <= set(found["tables"])
    assert "figures/calibration.png" in found["figures"]
    assert files.read(folder, files.MODEL_CARD).startswith("# Model card")


def enthrone(folder, contract):
    files.write(folder, files.CHAMPION_MODEL, files.read(folder, files.MODEL))
    known = {"version": 1, "features": contract["features"], "target": contract["target"], "trained_until": None}
    files.write(folder, files.CHAMPION_INFO, known)


def test_the_champion_itself_comes_again_as_a_tie_and_is_refused_after_it_was_recorded(evaluated):
    folder, contract = evaluated
    enthrone(folder, contract)
    with pytest.raises(GateRefused, match="beats the champion by more than chance"):
        evaluate(folder)
    refused = [check.name for check in results.read(folder, "05_evaluation")["checks"] if check.refuses]
    assert "beats the champion by more than chance" in refused
    assert any(name.startswith("champion") for name in files.read(folder, files.TEST_PREDICTIONS))


@pytest.fixture
def binary_run(tmp_path):
    return tmp_path, prepare(tmp_path, "binary", **BROKEN_CONTRACT)


BROKEN_CONTRACT = {"threshold": 0.999, "least_gain": 0.6, "latency_ms": 0.001, "memory_mb": 1.0, "model_mb": 0.001}
REFUSED = [
    "score on test rows",
    "beats the constant by the least useful gain",
    "one prediction is fast enough",
    "serving fits into memory",
    "the model file is small enough",
]


def test_every_promise_that_is_not_kept_refuses_and_a_champion_without_its_columns_does_not(binary_run):
    folder, contract = binary_run
    files.write(folder, files.CHAMPION_MODEL, files.read(folder, files.CANDIDATE_MODEL, candidate="linear"))
    files.write(folder, files.CHAMPION_INFO, {"version": 1, "features": [*contract["features"], "gone"]})
    with pytest.raises(GateRefused):
        evaluate(folder)
    failed = [check for check in results.read(folder, "05_evaluation")["checks"] if not check.passed]
    assert sorted(check.name for check in failed if check.refuses) == sorted(REFUSED)
    assert "the champion can be compared" in [check.name for check in failed if not check.refuses]
