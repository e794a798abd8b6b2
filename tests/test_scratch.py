import os
import subprocess
import sys

import psutil
import pytest

from lib import scratch


@pytest.fixture
def dead():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert not psutil.pid_exists(process.pid)
    return process.pid


def left(parent, number, *, age=2 * scratch.SECONDS_TO_KEEP):
    folder = parent / f"{scratch.PREFIX}{number}-abc"
    (folder / "1").mkdir(parents=True)
    then = folder.stat().st_mtime - age
    os.utime(folder, (then, then))
    return folder


def test_what_a_killed_process_left_is_removed_by_a_later_one(tmp_path, dead):
    old = left(tmp_path, dead)
    made = scratch.make(tmp_path)
    assert made.is_dir() and not old.exists()


def test_what_may_be_in_use_stays(tmp_path, dead):
    kept = [left(tmp_path, os.getpid()), left(tmp_path, dead, age=60), left(tmp_path, "benchmarks")]
    scratch.make(tmp_path)
    assert all(folder.exists() for folder in kept)


def test_a_folder_for_a_block_is_gone_after_it_however_it_ends():
    with pytest.raises(FileNotFoundError), scratch.folder() as folder:
        (folder / "missing").read_text()
    assert not folder.exists()
