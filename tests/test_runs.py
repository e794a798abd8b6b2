"""Whole runs of the miniature project through the real command line: what is kept, taken, refused, and survives."""

import json
import os
import signal
import sqlite3
import subprocess
import time

import miniature
import psutil
import pytest
from miniature import ALL, edit

from lib import hashing, runner, workers
from lib.errors import StageFailed

SECONDS = 300


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A miniature that was run once, and that no test changes."""
    made = miniature.make(tmp_path_factory.mktemp("finished"))
    return made, json.loads(run(made, "run", "--json").stdout)


@pytest.fixture
def mini(finished, tmp_path):
    """A miniature with a store whose database is there already, which saves seconds, and nothing else."""
    made = miniature.make(tmp_path)
    made.store.mkdir()
    (made.store / "mlflow.db").write_bytes((finished[0].store / "mlflow.db").read_bytes())
    return made


def start(mini, *arguments):
    return subprocess.Popen(
        miniature.command(mini.root, *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(mini, *arguments, status=0):
    process = start(mini, *arguments)
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == status, err
    return subprocess.CompletedProcess(arguments, status, out, err)


def actions(mini):
    found = json.loads(run(mini, "run", "--json").stdout)
    return {each["name"]: each["action"] for each in found["executions"]}


def until(condition):
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(("verb", "status"), [("run", 0), ("monitor", 2), ("cycle", 2)])
def test_each_verb_that_works_on_a_model_writes_the_static_page(mini, verb, status):
    # without a champion, as here, monitor and cycle end with 2, and the page says how things stand all the same
    run(mini, verb, status=status)
    assert (mini.reports / "index.html").is_file()


def kernels(process):
    return [child for child in psutil.Process(process.pid).children(recursive=True) if child.is_running()]


def entries(mini):
    return sorted(path.parent for path in mini.cache.glob("*/*/manifest.json"))


def torn(mini):
    """Return the files of the cache that are not what their manifest says."""
    manifests = {folder: json.loads((folder / "manifest.json").read_text()) for folder in entries(mini)}
    return [
        name
        for folder, manifest in manifests.items()
        for name, found in manifest["files"].items()
        if hashing.of_file(folder / "files" / name) != found["sha256"]
    ]


def slow(mini, stage="02_clean"):
    """Let a stage take a while, and say when it has begun."""
    cell = "import time, pathlib\\nrows = "
    edit(mini.notebooks / f"{stage}.ipynb", '"source": "rows = ', f'"source": "{cell}')
    edit(mini.notebooks / f"{stage}.ipynb", "import time, ", "import time; pathlib.Path(run_dir, 'begun').touch(); ")
    edit(mini.notebooks / f"{stage}.ipynb", "import time; pathlib", "import time, pathlib; pathlib")
    edit(mini.notebooks / f"{stage}.ipynb", "begun').touch(); pathlib", "begun').touch(); time.sleep(20); pathlib")


def begun(mini):
    return list(mini.runs.glob("*/begun"))


def test_a_run_leaves_its_files_its_notebooks_and_its_page(finished):
    mini, told = finished
    assert told["status"] == "done" and [each["name"] for each in told["executions"]] == ALL
    assert json.loads((mini.runs / told["run_id"] / "04_compare" / "report.json").read_text())["best"]["name"] == "bb"
    assert {path.stem for path in (mini.reports / told["run_id"]).rglob("*.ipynb")} >= {"01_design", "bb"}
    assert (mini.reports / told["run_id"] / "report.html").exists()


def test_each_executed_notebook_names_the_folder_of_its_run(finished):
    mini, told = finished
    text = (mini.reports / told["run_id"] / "02_clean.ipynb").read_text(encoding="utf-8")
    assert str(mini.runs / told["run_id"]) in text


def test_nothing_to_do_starts_nothing(finished):
    mini, told = finished
    before = sorted(mini.runs.iterdir())
    again = json.loads(run(mini, "run", "--json").stdout)
    assert not again["new"] and again["run_id"] == told["run_id"]
    assert sorted(mini.runs.iterdir()) == before


def test_status_names_each_stage_and_only_json_is_on_standard_output(finished):
    found = json.loads(run(finished[0], "status", "--json").stdout)
    assert {each["name"]: each["action"] for each in found["executions"]} == dict.fromkeys(ALL, "reuse")


def test_candidates_side_by_side_make_what_they_make_one_by_one(finished, mini):
    told = json.loads(run(mini, "run", "--jobs", "2", "--json").stdout)
    names = ["04_compare/report.json", "03_train/a/model.json", "03_train/bb/model.json"]
    made, before = mini.runs / told["run_id"], finished[0].runs / finished[1]["run_id"]
    assert [(made / name).read_text() for name in names] == [(before / name).read_text() for name in names]


def test_a_refusal_is_recorded_stops_the_run_and_is_not_asked_for_again(mini):
    first = json.loads(run(mini, "run", "-p", "least=9", "--json", status=3).stdout)
    assert first["status"] == "refused" and "the gate refused" in first["message"]
    assert [each["name"] for each in first["executions"]] == ["01_design"]
    again = json.loads(run(mini, "run", "-p", "least=9", "--json", status=3).stdout)
    assert not again["new"]


def test_a_run_goes_on_after_the_stage_that_failed(mini):
    edit(mini.notebooks / "03_train.ipynb", "training.fit(candidate", "training.fit(candidat")
    failed = run(mini, "run", status=1)
    assert "03_train/a failed at code cell" in failed.stderr and "candidat" in failed.stderr
    edit(mini.notebooks / "03_train.ipynb", "training.fit(candidat,", "training.fit(candidate,")
    assert actions(mini) == dict.fromkeys(ALL[:2], "reused") | dict.fromkeys(ALL[2:], "executed")


def test_a_person_edits_a_stage_by_hand_and_goes_on_from_the_next(mini):
    told = json.loads(run(mini, "run", "02_clean", "--json").stdout)
    made = mini.runs / told["run_id"] / "02_clean" / "rows.json"
    made.write_text('["by hand"]')
    later = json.loads(run(mini, "run", "--from", "03_train", "--json").stdout)
    assert {e["name"]: e["action"] for e in later["executions"]} == dict.fromkeys(ALL[:2], "reused") | dict.fromkeys(
        ALL[2:], "executed"
    )
    assert (mini.runs / later["run_id"] / "02_clean" / "rows.json").read_text() == '["by hand"]'
    assert json.loads((mini.runs / later["run_id"] / "03_train" / "a" / "model.json").read_text())["score"] == 2


def test_a_file_written_in_place_by_hand_does_not_become_a_result(mini):
    told = json.loads(run(mini, "run", "02_clean", "--json").stdout)
    (mini.runs / told["run_id"] / "02_clean" / "rows.json").write_text('["by hand"]')
    assert actions(mini)["02_clean"] == "executed"
    assert torn(mini) == []


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGTERM that a process could answer")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_says_so_in_one_line_and_goes_on_from_there(mini, number, status):
    slow(mini)
    process = start(mini, "run", "--json")
    until(lambda: begun(mini) or process.poll() is not None)
    children = kernels(process)
    process.send_signal(number)
    out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out) == (status, "")
    assert err.splitlines() == ["interrupted: what was finished is kept; the same command goes on from there."]
    until(lambda: not any(child.is_running() for child in children))
    assert len(entries(mini)) == 1


@pytest.mark.skipif(os.name != "posix", reason="kills as POSIX does")
def test_a_run_whose_process_was_killed_leaves_nothing_torn_and_the_next_one_completes(finished, mini):
    slow(mini)
    process = start(mini, "run", "--json")
    until(lambda: begun(mini))
    children = kernels(process)
    process.kill()
    process.communicate()
    until(lambda: not any(child.is_running() for child in children))
    edit(mini.notebooks / "02_clean.ipynb", "time.sleep(20)", "time.sleep(0)")
    assert actions(mini)["01_design"] == "reused"
    assert torn(mini) == []
    records = [json.loads(path.read_text())["status"] for path in sorted(mini.runs.glob("*/run.json"))]
    assert records == ["killed", "done"]
    assert _statuses(mini) <= {"FINISHED", "KILLED"}


def _statuses(mini):
    with sqlite3.connect(mini.store / "mlflow.db") as connection:
        found = {status for (status,) in connection.execute("SELECT status FROM runs")}
    connection.close()
    return found


@pytest.mark.skipif(os.name != "posix", reason="kills as POSIX does")
def test_a_killed_kernel_ends_the_run_with_its_cause(mini):
    edit(
        mini.notebooks / "02_clean.ipynb",
        '"source": "rows = ',
        '"source": "import os\\nos.kill(os.getpid(), 9)\\nrows = ',
    )
    failed = run(mini, "run", status=1)
    assert "02_clean died at code cell" in failed.stderr
    assert [folder.parent.name for folder in entries(mini)] == ["01_design"]


def test_a_kernel_that_eats_all_memory_is_ended_in_words_and_leaves_a_store_that_works(mini, monkeypatch):
    eats = "blocks = []\\nwhile True: blocks.append(b'x' * 5_000_000)\\nrows = "
    edit(mini.notebooks / "02_clean.ipynb", '"source": "rows = ', f'"source": "{eats}')
    message = "02_clean died at code cell .*more memory than the limit of 700 MB; its peak"
    with monkeypatch.context() as patched:
        # All of this machine's memory would be that of others, too.
        patched.setattr(workers, "memory_limit_mb", lambda jobs: 700.0)
        patched.setenv("PYTHONPATH", str(mini.root))
        patched.chdir(mini.notebooks)
        with pytest.raises(StageFailed, match=message):
            runner.run(mini, runner.Request(), lambda event: None)
    edit(mini.notebooks / "02_clean.ipynb", "while True: ", "")
    assert actions(mini)["01_design"] == "reused"
    assert torn(mini) == []


def test_a_notebook_that_never_ends_is_ended_and_leaves_a_store_that_works(mini):
    edit(mini.notebooks / "02_clean.ipynb", '"source": "rows = ', '"source": "while True: pass\\nrows = ')
    failed = run(mini, "run", "--time-limit", "5", status=1)
    assert "02_clean timeout at code cell" in failed.stderr
    edit(mini.notebooks / "02_clean.ipynb", "while True: pass", "pass")
    assert actions(mini)["01_design"] == "reused"
    assert torn(mini) == []


def test_two_runs_at_once_on_a_missing_store_execute_each_stage_once(tmp_path):
    mini = miniature.make(tmp_path)
    processes = [start(mini, "run", "--json") for _ in range(2)]
    told = [json.loads(process.communicate(timeout=SECONDS)[0]) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    executed = [e["name"] for found in told for e in found["executions"] if e["action"] == "executed"]
    assert sorted(executed) == sorted(ALL)


@pytest.mark.skipif(os.name != "posix", reason="limits the size of a file as POSIX does")
def test_a_full_disk_ends_the_run_in_words_and_leaves_a_store_that_works(mini):
    edit(mini.notebooks / "02_clean.ipynb", '"source": "rows = ', '"source": "print(\'x\' * 3_000_000)\\nrows = ')
    limited = f"ulimit -f 2000; exec {' '.join(miniature.command(mini.root, 'run'))}"
    failed = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert failed.returncode == 1, failed.stderr
    assert "File too large" in failed.stderr and "Traceback" not in failed.stderr
    assert actions(mini)["01_design"] == "reused"
    assert torn(mini) == []
