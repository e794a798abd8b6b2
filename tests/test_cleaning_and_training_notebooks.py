"""03_cleaning and 04_training, cell by cell in this process: any task, and nothing learnt from held-out rows."""

import json
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from lib import files, results, threads

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def run_cells(stage, **values):
    """Execute the code cells of a notebook in order, `values` in the place of its defaults."""
    namespace = {}
    for cell in nbformat.read(NOTEBOOKS / f"{stage}.ipynb", as_version=4).cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, stage, "exec"), namespace)  # noqa: S102  (our own notebook)
            namespace.update(values if "parameters" in cell.metadata.get("tags", []) else {})


def write_design(run_dir, task, seed=0, n_samples=300):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=n_samples), rng.normal(size=n_samples)
    signal = a + rng.normal(scale=0.5, size=n_samples)
    y = {"binary": signal > 0, "multiclass": pd.cut(signal, 3, labels=["x", "y", "z"]), "regression": signal}[task]
    table = pd.DataFrame(
        {
            "a": a,
            "b": np.where(rng.random(n_samples) < 0.1, np.nan, b),
            "near": a + 0.05 * b,
            "kind": rng.choice(["red", "blue"], n_samples),
            "when": pd.date_range("2024", periods=n_samples, freq="h"),
            "target": np.asarray(y).astype("int64") if task == "binary" else np.asarray(y),
        }
    )
    role = pd.Series(np.repeat(["train", "validation", "test"], [n_samples - 120, 60, 60]), name="role")
    design = {
        "target": "target",
        "task": task,
        "classes": {"binary": [0, 1], "multiclass": ["x", "y", "z"], "regression": []}[task],
        "metric": {"binary": "roc_auc", "multiclass": "neg_log_loss", "regression": "r2"}[task],
        "features": ["a", "b", "near", "kind"],
        "time_column": "when",
        "group_column": "",
        "least_gain": 0.01,
        "missingness_leaks": [],
        "rule": {"column": "a"},
    }
    files.write(run_dir, files.DESIGN, design)
    files.write(run_dir, files.SPLIT, role.to_frame())
    files.write(run_dir, files.TABLE, table)
    return table, role


def learnt(run_dir):
    return files.path(run_dir, files.RECIPE).read_text(), results.read(run_dir, "03_cleaning")["tables"]


def test_rows_outside_the_training_part_change_nothing_that_is_learnt(tmp_path):
    table, role = write_design(tmp_path, "binary")
    run_cells("03_cleaning", run_dir=str(tmp_path))
    before = learnt(tmp_path)
    held_out = role != "train"
    table.loc[held_out, ["a", "near"]] = np.inf
    table.loc[held_out, "b"] = np.nan
    table.loc[held_out, "kind"] = "green"
    table.loc[held_out, "target"] = 1 - table.loc[held_out, "target"]
    files.write(tmp_path, files.TABLE, table)
    run_cells("03_cleaning", run_dir=str(tmp_path))
    assert learnt(tmp_path) == before


def test_training_rows_do_change_what_is_learnt(tmp_path):
    write_design(tmp_path, "binary")
    run_cells("03_cleaning", run_dir=str(tmp_path))
    before = learnt(tmp_path)
    write_design(tmp_path, "binary", seed=1)
    run_cells("03_cleaning", run_dir=str(tmp_path))
    assert learnt(tmp_path) != before


@pytest.mark.parametrize(
    ("task", "candidate"),
    [("binary", "linear"), ("multiclass", "boosting"), ("regression", "forest"), ("multiclass", "rule")],
)
def test_every_task_goes_through_cleaning_and_training(task, candidate, tmp_path):
    write_design(tmp_path, task)
    with threads.for_rows(0):
        run_cells("03_cleaning", run_dir=str(tmp_path))
        run_cells("04_training", run_dir=str(tmp_path), candidate=candidate, search_trials=2)
    summary = files.read(tmp_path, files.CANDIDATE_SUMMARY, candidate=candidate)
    answers = files.read(tmp_path, files.CANDIDATE_PREDICTIONS, candidate=candidate)
    assert np.isfinite(summary["cv_mean"])
    assert summary["n_samples"] == 180
    assert len(answers) == 60
    assert list(answers) == (["x", "y", "z"] if task == "multiclass" else ["prediction"])
    json.dumps(results.read(tmp_path, f"04_training/{candidate}")["tables"])
