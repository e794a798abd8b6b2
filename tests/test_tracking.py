import json
import logging
import math
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from releases import gate

from lib import provenance, results, runs, tracking
from lib.checks import Check
from lib.errors import CuadernoError


@pytest.fixture
def stage_dir(tmp_path):
    run_dir = tmp_path / "files"
    results.write(
        run_dir,
        "04_training/linear",
        metrics={"roc_auc": 0.8, "lift": math.inf, "slope": math.nan},
        checks=[gate(passed=True)],
        tables={"folds": pd.DataFrame({"fold": [1, 2], "roc_auc": [0.7, 0.9]})},
    )
    (run_dir / "04_training/linear/model.skops").write_bytes(b"model")
    (tmp_path / "linear.ipynb").write_text("{}")
    (tmp_path / "linear.html").write_text("<html>")
    return run_dir


def record(store, run_dir, *, key="key", values=None, **more):
    tracker = tracking.Tracker(store, "run-1", {"data": "flights"})
    report = run_dir.parent / "linear.ipynb"
    tracker.stage("04_training/linear", values=values or {}, run_dir=run_dir, report=report, key=key, **more)
    return tracker.finish()


def found_runs(store):
    connection = tracking.connect(store)
    found = connection.client.search_runs([connection.experiment_id], order_by=["attributes.start_time"])
    return {run.info.run_name: run for run in found}


def files_of(store, run):
    client, folders, found = tracking.connect(store).client, [None], []
    while folders:
        for entry in client.list_artifacts(run.info.run_id, folders.pop()):
            (folders if entry.is_dir else found).append(entry.path)
    return set(found)


def test_a_run_is_a_parent_and_each_execution_a_child(store, stage_dir):
    parent = record(store, stage_dir, seconds=2.5, peak_memory_mb=310.0)
    found = found_runs(store)
    child = found["04_training/linear"]
    assert found["run-1"].info.run_id == parent == child.data.tags["mlflow.parentRunId"]
    assert {run.info.status for run in found.values()} == {"FINISHED"}
    assert child.data.metrics == {"roc_auc": 0.8, "seconds": 2.5, "peak_memory_mb": 310.0}


def test_the_run_says_where_it_comes_from(store, stage_dir):
    record(store, stage_dir)
    run = found_runs(store)["run-1"]
    assert run.data.params == {"data": "flights"}
    assert {"git.commit", "git.dirty", "python", "platform", "cuaderno.run_id"} <= run.data.tags.keys()
    assert "packages.json" in files_of(store, run)


def test_an_execution_leaves_its_notebook_page_tables_and_hashes(store, stage_dir):
    record(store, stage_dir)
    child = found_runs(store)["04_training/linear"]
    wanted = {
        "linear.ipynb",
        "linear.html",
        "results.json",
        "parameters.json",
        "tables/folds.json",
        "tables/checks.json",
    }
    assert wanted <= files_of(store, child)
    assert len(child.data.tags["sha256 model.skops"]) == 64
    assert child.data.tags["check score on test rows"] == "passed: 0.9"


def test_numbers_that_are_not_finite_become_tags(store, stage_dir):
    record(store, stage_dir)
    tags = found_runs(store)["04_training/linear"].data.tags
    assert (tags["metric lift"], tags["metric slope"]) == ("nan", "nan")


def test_verdicts_on_columns_of_any_name_are_recorded_and_none_is_lost(store, stage_dir):
    names = ["Größe (m²)", "x [1] <=3", "x [1] >=3", "a/../b", "日付", "😀", "n" * 400, "n" * 400]
    checks = [Check(f"{name} is no leak", 0.6, 0.5, False, "warning", "Ask.") for name in names]
    results.write(stage_dir, "04_training/linear", checks=checks)
    record(store, stage_dir)
    tags = found_runs(store)["04_training/linear"].data.tags
    assert sum(key.startswith("check ") for key in tags) == len(names)


def test_a_long_parameter_is_cut_and_kept_whole_in_a_file(store, stage_dir):
    record(store, stage_dir, values={"query": "x" * 9000})
    child = found_runs(store)["04_training/linear"]
    assert len(child.data.params["query"]) == 6000 and child.data.params["query"].endswith("parameters.json)")
    path = tracking.connect(store).client.download_artifacts(child.info.run_id, "parameters.json")
    assert len(json.loads(Path(path).read_text())["query"]) == 9000


def test_more_parameters_than_mlflow_takes_at_once_are_all_recorded(store, stage_dir):
    record(store, stage_dir, values={f"p{i}": i for i in range(250)})
    assert len(found_runs(store)["04_training/linear"].data.params) == 250


def test_a_reused_execution_points_to_the_run_that_made_it(store, stage_dir):
    record(store, stage_dir)
    maker = found_runs(store)["04_training/linear"].info.run_id
    record(store, stage_dir, reused=True)
    reused = found_runs(store)["04_training/linear"]
    assert reused.data.tags["cuaderno.status"] == "reused" and reused.data.tags["cuaderno.made_by"] == maker


def test_a_failed_execution_without_results_is_recorded_as_failed(store, tmp_path):
    tracker = tracking.Tracker(store, "run-1", {})
    tracker.stage("02_eda", values={}, run_dir=tmp_path, report=None, key="k", status="failed")
    tracker.finish("failed")
    assert {run.info.status for run in found_runs(store).values()} == {"FAILED"}


def test_a_run_whose_process_died_is_marked_as_killed_by_the_next(store, stage_dir):
    program = (
        "import os; from lib import tracking, runs, provenance;"
        f"connection = tracking.connect({str(store)!r});"
        "runs.create(connection, 'dead', 0, provenance.process()); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", program], check=False)
    record(store, stage_dir)
    assert found_runs(store)["dead"].info.status == "KILLED"


def test_a_run_that_goes_on_is_left_alone(store, stage_dir):
    runs.create(tracking.connect(store), "alive", 0, provenance.process())
    record(store, stage_dir)
    assert found_runs(store)["alive"].info.status == "RUNNING"


@pytest.mark.parametrize(
    "described",
    [
        {**provenance.process(), "process.started": "1.0"},
        {**provenance.process(), "process.id": "4194305"},
    ],
)
def test_a_number_that_another_process_has_now_or_none_belongs_to_the_dead(described):
    assert provenance.is_gone(described)


@pytest.mark.parametrize("described", [provenance.process(), {**provenance.process(), "process.host": "other"}, {}])
def test_nothing_is_said_of_a_process_that_lives_or_cannot_be_seen(described):
    assert not provenance.is_gone(described)


def test_a_run_id_in_the_environment_does_not_draw_the_run_into_its_parents(store, stage_dir, monkeypatch):
    connection = tracking.connect(store)
    outer = runs.create(connection, "outer", 0, provenance.process())
    monkeypatch.setenv("MLFLOW_RUN_ID", outer)
    assert record(store, stage_dir) != outer
    assert connection.client.get_run(outer).data.params == {}


def test_mlflows_own_setting_chooses_the_database(store, stage_dir, tmp_path, monkeypatch, mlflow_database):
    other = tmp_path / "other.db"
    other.write_bytes(mlflow_database.read_bytes())
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{other.as_posix()}")
    record(store, stage_dir)
    assert set(found_runs(store)) == {"run-1", "04_training/linear"}
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert found_runs(store) == {}


def test_what_goes_wrong_is_told_by_finish(store, stage_dir):
    (store / tracking.FILE).write_text("This is a letter, not a database. " * 50)
    tracker = tracking.Tracker(store, "run-1", {})
    tracker.stage("04_training/linear", values={}, run_dir=stage_dir, report=None, key="k")
    message = r"^The run could not be recorded in MLflow at sqlite:///[^\n]*: file is not a database$"
    with pytest.raises(CuadernoError, match=message):
        tracker.finish()


def test_four_processes_can_begin_on_a_missing_store_without_a_word(tmp_path):
    program = f"from lib import tracking; tracking.Tracker({str(tmp_path / 'store')!r}, 'run', {{}}).finish()"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    processes = [
        subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=-1, stderr=-1) for _ in range(4)
    ]
    said = [process.communicate(timeout=900) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    assert said == [(b"", b"")] * 4
    with tracking.sqlite3.connect(tmp_path / "store" / tracking.FILE) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
    assert len(tracking.connect(tmp_path / "store").client.search_runs(["1"])) == 4


def test_a_database_half_made_by_a_killed_process_is_made_anew(tmp_path, monkeypatch, mlflow_database):
    from mlflow.store.db import utils

    monkeypatch.setattr(utils, "_initialize_tables", lambda engine: engine.connect().close())
    (tmp_path / f".unfinished-{tracking.FILE}").write_text("half")
    tracking.create_database(tmp_path / tracking.FILE)
    assert not (tmp_path / f".unfinished-{tracking.FILE}").exists()


def test_importing_tracking_does_not_import_mlflow():
    program = "import sys; from lib import tracking, registry; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_mlflow_keeps_quiet(store):
    tracking.connect(store)
    assert logging.getLogger("mlflow").level == logging.CRITICAL
