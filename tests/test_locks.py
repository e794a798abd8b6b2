import sqlite3
import subprocess
import sys

import pytest

from lib import locks


def test_a_second_one_waits_and_gives_up(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "SECONDS_TO_WAIT", 0.1)
    with locks.alone(tmp_path / "lock"), pytest.raises(sqlite3.OperationalError, match="locked"):
        locks.alone(tmp_path / "lock").__enter__()


def test_the_lock_is_free_afterwards_also_after_an_error(tmp_path):
    with pytest.raises(KeyError), locks.alone(tmp_path / "lock"):
        raise KeyError
    with locks.alone(tmp_path / "lock"):
        pass


def test_a_process_that_dies_leaves_no_lock_behind(tmp_path):
    take = f"locks.alone(Path({str(tmp_path / 'lock')!r})).__enter__()"
    program = f"import os; from pathlib import Path; from lib import locks; {take}; os._exit(9)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 9
    with locks.alone(tmp_path / "lock"):
        pass
