import json
from functools import partial
from pathlib import Path

import pytest
from executing import execute, printed

from lib import kernels


@pytest.fixture(scope="module")
def source():
    with kernels.KernelSource() as source:
        yield source


@pytest.fixture
def run(source, tmp_path):
    return partial(execute, source, tmp_path)


def test_values_reach_the_notebook_and_the_executed_notebook_has_its_outputs(run, tmp_path):
    outcome = run("print(x + 1)", x=41)
    assert (outcome.status, outcome.message, outcome.cell) == ("done", "", 3)
    assert printed(tmp_path) == "42\n"


def test_the_notebook_runs_in_the_folder_it_is_given_and_the_caller_stays_where_it_is(run, tmp_path):
    before = Path.cwd()
    run("import os; print(os.getcwd())")
    assert printed(tmp_path).strip() == str(tmp_path)
    assert Path.cwd() == before


def test_each_code_cell_is_announced_as_it_starts(run):
    events = []
    run("1", "2", listener=events.append, x=2)
    assert [(event.kind, event.execution, event.cell, event.n_cells) for event in events] == [
        ("cell", "01_design", cell, 4) for cell in (1, 2, 3, 4)
    ]


def test_a_gate_that_refuses_is_told_from_an_error(run):
    outcome = run("from lib.errors import GateRefused", "raise GateRefused('too little gain')")
    assert (outcome.status, outcome.error_name, outcome.message) == ("refused", "GateRefused", "too little gain")


def test_an_error_stops_the_notebook_and_keeps_its_name_and_cell(run, tmp_path):
    outcome = run("print('before')", "1 / 0", "print('after')", x=1)
    assert (outcome.status, outcome.error_name, outcome.cell) == ("failed", "ZeroDivisionError", 4)
    assert "before" in printed(tmp_path)
    assert "after" not in printed(tmp_path)


def test_a_kernel_killed_from_outside_is_named_with_its_signal_and_peak(run):
    outcome = run("import os; os.kill(os.getpid(), 9)")
    assert outcome.status == "died"
    assert "died at cell 2: it was ended by SIGKILL; its peak was" in outcome.message
    assert outcome.peak_memory_mb > 10


def test_a_kernel_that_leaves_is_named_with_its_exit_status(run):
    assert "it left with exit status 3" in run("import os; os._exit(3)").message


def test_a_kernel_that_uses_too_much_memory_is_stopped(run):
    outcome = run("data = b'x' * 10**9", "import time; time.sleep(30)", memory_limit_mb=600)
    assert outcome.status == "died"
    assert "more memory than the limit of 600 MB" in outcome.message
    assert outcome.peak_memory_mb > 600


def test_a_cell_that_never_ends_is_stopped_and_the_notebook_says_so(run, tmp_path):
    outcome = run("import time; print('waiting', flush=True); time.sleep(600)", time_limit=3)
    assert outcome.status == "timeout"
    assert outcome.seconds < 10
    assert "did not end within its limit of 3 seconds; cell 2" in outcome.message
    assert "waiting" in printed(tmp_path)


def test_nothing_is_left_beside_the_executed_notebook(run, tmp_path):
    run("1")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["executed.ipynb", "notebook.ipynb"]


def test_the_kernel_says_nothing_of_unencrypted_transport(run, tmp_path, capfd):
    run("print('hello')")
    assert "encryption" not in printed(tmp_path) + "".join(capfd.readouterr())


def test_the_executed_notebook_names_no_folder_of_this_machine(run, tmp_path):
    run("1")
    executed = json.loads((tmp_path / "executed.ipynb").read_text())
    assert executed["metadata"]["papermill"]["input_path"] == "notebook.ipynb"
    assert str(tmp_path) not in json.dumps(executed)


def test_the_executed_notebook_replaces_the_one_before_in_one_step(run, tmp_path, monkeypatch):
    run("print('first')")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        run("print('second')")
    assert printed(tmp_path) == "first\n"


def test_sources_that_were_stopped_execute_nothing(tmp_path):
    with kernels.KernelSource() as stopped:
        stopped.stop()
        assert execute(stopped, tmp_path, "1").status == "interrupted"
    assert list(tmp_path.glob("executed*")) == []
