"""Wrong use and unusable input: one message, exit status 2, nothing started, nothing left behind."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import miniature
import pytest
from miniature import edit, write

from lib import locks, parameters, plan, project, readiness, retention, runner, workspace
from lib.errors import InputError


@pytest.fixture
def mini(tmp_path, monkeypatch):
    made = miniature.make(tmp_path)
    monkeypatch.chdir(made.notebooks)
    return made


def refuse(mini, **request):
    """Run, see that it is refused as wrong use and leaves nothing behind, and return the message."""
    before = sorted(mini.root.rglob("*"))
    with pytest.raises(InputError) as error:
        runner.run(mini, runner.Request(**request), lambda event: None)
    assert sorted(mini.root.rglob("*")) == before
    return str(error.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sede": "1"}, "Did you mean seed?"),
        ({"seed": "one"}, "Parameter seed takes int, not 'one'"),
        ({"upper": "perhaps"}, "Parameter upper takes bool"),
        ({"data": "tabel.csv"}, "Did you mean table.csv"),
    ],
)
def test_a_parameter_that_cannot_be_used(mini, given, message):
    assert message in refuse(mini, given=given)


def test_a_candidate_that_does_not_exist(mini):
    write(mini.library / "training.py", 'CANDIDATES: dict = {"a": 1, "b": 2}')
    assert "no candidate 'bb'. Known are: a, b" in refuse(mini, given={})


@pytest.mark.parametrize(
    ("wanted", "message"),
    [(("03_trian",), "Did you mean 03_train"), (("03_train/ccc",), "There is no stage 03_train/ccc")],
)
def test_a_stage_that_does_not_exist(mini, wanted, message):
    assert message in refuse(mini, wanted=wanted)


def test_no_run_to_go_on_from(mini):
    assert "to go on from" in refuse(mini, start="03_train")


def test_a_run_that_lacks_an_input_of_the_stage_to_start_from(mini):
    write(mini.runs / "by-hand" / "01_design" / "design.json", "{}")
    assert "lacks 02_clean/rows.json, which 02_clean writes" in refuse(mini, start="03_train")


def test_a_notebook_whose_code_does_not_parse(mini):
    edit(mini.notebooks / "02_clean.ipynb", "rows = cleaning.clean(", "rows = = cleaning.clean(")
    assert "02_clean.ipynb, code cell 3, line 1" in refuse(mini)


def test_a_notebook_that_is_no_notebook(mini):
    write(mini.notebooks / "02_clean.ipynb", "<<<<<<< HEAD")
    assert "02_clean.ipynb is not a notebook that can be read" in refuse(mini)


def test_a_module_that_does_not_parse(mini):
    write(mini.library / "cleaning.py", "def clean(:\n")
    assert "cleaning.py, line 1" in refuse(mini)


def test_stages_that_read_from_each_other_in_a_circle(mini):
    edit(mini.notebooks / "01_design.ipynb", "rows = table.read(data)", "rows = files.read(run_dir, files.REPORT)")
    assert "in a circle" in refuse(mini)


def test_a_file_without_a_name_in_files(mini):
    edit(mini.notebooks / "02_clean.ipynb", "files.read(run_dir, files.DESIGN)", "files.read(run_dir, 'x.json')")
    assert "names no file of lib/files.py" in refuse(mini)


def test_a_store_that_is_a_file(mini):
    write(mini.store, "")
    assert "is a file, not a folder. Choose another with --store" in refuse(mini)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that nobody can write to")
def test_reports_that_cannot_be_written_to(mini):
    with pytest.raises(InputError, match="cannot be written to.*--reports"):
        readiness.check(project.at(mini.root, mini.store, Path("/proc/reports")), [])


@pytest.mark.skipif(os.name != "posix", reason="rights as POSIX has them")
def test_a_store_that_cannot_be_written_to_still_tells_what_is_up_to_date_and_works_afterwards(mini):
    miniature.bring(mini)
    before = sorted(mini.root.rglob("*"))
    _allow(mini.store, 0o555)
    told = {arguments: _without_privileges(mini, *arguments) for arguments in (("run", "-p", "seed=3"), ("status",))}
    assert _without_privileges(mini, "gc", "--keep", "0").stderr.count("\n") == 1
    _allow(mini.store, 0o755)
    assert told["run", "-p", "seed=3"].returncode == 2
    assert "store cannot be written to: Permission denied" in told["run", "-p", "seed=3"].stderr
    assert told["status",].stdout.count("up to date") == len(miniature.ALL)
    assert sorted(mini.root.rglob("*")) == before
    assert miniature.assess(mini) == {}


def _allow(folder, mode):
    for path in [folder, *folder.rglob("*")]:
        path.chmod(mode if path.is_dir() else mode & 0o666)


_DROP = """
import ctypes, os, sys
# PR_CAPBSET_DROP of CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH; it does nothing where they are not there.
for right in (1, 2):
    ctypes.CDLL(None).prctl(24, right)
os.execv(sys.argv[1], sys.argv[1:])
"""


def _without_privileges(mini, *arguments):
    """Run a verb without what lets the superuser write where nobody may."""
    drops = [sys.executable, "-c", _DROP] if sys.platform == "linux" else []
    command = [*drops, *miniature.command(mini.root, *arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_database_that_is_none(mini):
    write(mini.store / "mlflow.db", "once there was a database")
    assert "mlflow.db is no database that can be read" in refuse(mini)


@pytest.mark.parametrize("name", ["mlflow.db", "predictions.db"])
def test_a_database_that_another_program_has_locked(mini, monkeypatch, name):
    monkeypatch.setattr(readiness, "SECONDS_TO_WAIT", 0.1)
    mini.store.mkdir()
    with closing(sqlite3.connect(mini.store / name, isolation_level=None)) as other:
        other.execute("CREATE TABLE t (x)")
        other.execute("BEGIN EXCLUSIVE")
        assert f"{name} cannot be written to now: database is locked. End the program" in refuse(mini)
        other.execute("ROLLBACK")
        readiness.check(mini, [])


def test_a_disk_without_space(mini, monkeypatch):
    monkeypatch.setattr(readiness, "LEAST_FREE_MB", 1e9)
    assert "Free some space" in refuse(mini)


def test_the_command_line_ends_with_status_2_and_one_line(mini):
    found = subprocess.run(
        miniature.command(mini.root, "run", "-p", "sede=1"), capture_output=True, text=True, timeout=120, check=False
    )
    assert (found.returncode, found.stdout, len(found.stderr.splitlines())) == (2, "", 1)
    assert not mini.store.exists()


def test_an_option_that_does_not_exist_is_wrong_use(mini):
    found = subprocess.run(
        miniature.command(mini.root, "run", "--frm", "03"), capture_output=True, text=True, timeout=120, check=False
    )
    assert found.returncode == 2 and "--from" in found.stderr


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [", "just words"])
def test_a_file_of_parameters_that_is_none(tmp_path, text):
    write(tmp_path / "p.yaml", text)
    with pytest.raises(InputError, match=r"p\.yaml"):
        parameters.given([], tmp_path / "p.yaml")


def test_what_is_given_goes_before_the_file(tmp_path):
    write(tmp_path / "p.yaml", "seed: 1\nupper: true\n")
    assert parameters.given(["seed=2"], tmp_path / "p.yaml") == {"seed": "2", "upper": True}


def test_stages_are_ordered_by_what_they_read_and_bring_what_they_need(mini):
    (mini.notebooks / "02_clean.ipynb").rename(mini.notebooks / "09_clean.ipynb")
    executions = plan.make(mini, {})
    assert [each.name for each in executions] == ["01_design", "09_clean", "03_train/a", "03_train/bb", "04_compare"]
    assert [each.name for each in plan.select(executions, ["03_train/bb"])] == ["01_design", "09_clean", "03_train/bb"]


def test_a_lock_is_waited_for_and_ends_with_its_holder(tmp_path):
    path, told = tmp_path / "locks" / "one", []
    holder = subprocess.Popen(
        [miniature.sys.executable, "-c", _HOLD.format(path=str(path))], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    assert locks.is_held(path)
    with locks.hold(path, "me", on_wait=lambda owner: (told.append(owner), holder.kill())):
        assert told == ["run 7"]
    holder.communicate()
    assert not locks.is_held(path)


_HOLD = """
import sys, time
from pathlib import Path
from lib import locks
with locks.hold(Path({path!r}), "run 7"):
    print("held", flush=True)
    time.sleep(600)
"""


def test_old_runs_go_with_their_entries_and_what_a_version_needs_stays(mini):
    miniature.bring(mini)
    keys = {folder.parent.name: folder.name for folder in mini.cache.glob("*/[0-9a-f]*")}
    for number, (stage, version) in enumerate([("01_design", None), ("02_clean", 3), ("04_compare", None)]):
        record = {"started": f"2026-01-0{number + 1}T00:00:00+00:00", "executions": {stage: keys[stage]}}
        write(mini.runs / f"run-{number}" / "run.json", json.dumps({**record, "version": version}))
    write(mini.runs / "by-hand" / "01_design" / "design.json", "{}")
    doomed = retention.plan(mini, keep=2)
    assert mini.runs / "run-0" in doomed and mini.runs / "run-1" not in doomed and mini.runs / "by-hand" not in doomed
    assert {folder.parent.name for folder in doomed if mini.cache in folder.parents} == {"01_design", "03_train"}
    retention.remove(doomed)
    assert not (mini.runs / "run-0").exists() and workspace.read(mini.runs / "run-1")["version"] == 3
