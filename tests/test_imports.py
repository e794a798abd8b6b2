import subprocess
import sys

import pytest

from lib import imports


def loaded(statement, *names):
    """Return which modules a process has after a statement."""
    code = f"{statement}\nimport sys\nprint([name for name in {names!r} if sys.modules.get(name)])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return eval(done.stdout)  # noqa: S307  a list that the line above has printed


def test_a_hidden_module_cannot_be_imported_and_can_be_afterwards():
    sys.modules.pop("this_is_hidden", None)
    with imports.hidden("this_is_hidden"), pytest.raises(ImportError):
        import this_is_hidden  # noqa: F401
    assert "this_is_hidden" not in sys.modules


def test_what_was_imported_already_is_not_hidden():
    with imports.hidden("pytest"):
        assert sys.modules["pytest"] is pytest


def test_the_engine_builds_no_grammar_of_addresses():
    assert loaded("from lib import engine", "rfc3987_syntax", "papermill") == ["papermill"]


def test_tracking_leaves_models_and_tables_to_those_who_need_them():
    assert loaded("from lib import runner, tracking", "skops", "sklearn", "pandas", "mlflow") == []


def test_two_threads_import_the_engine_and_the_provisioning_of_kernels_from_both_sides():
    code = """
import sys, threading
from lib import imports
sys.setswitchinterval(1e-6)
failed = []
def load(name):
    try:
        with imports.alone:
            __import__(name)
    except ImportError as error:
        failed.append(error)
threads = [threading.Thread(target=load, args=(name,)) for name in ("lib.provisioning", "lib.engine")]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert not failed, failed
"""
    subprocess.run([sys.executable, "-c", code], check=True)
