"""A disk that fills up, at different moments of a run: one message, exit status 2, and the next run goes on."""

import errno
import json
import shutil
import sqlite3
import subprocess
from contextlib import closing

import miniature
import pytest
from sqlalchemy.exc import OperationalError

from lib import readiness, space
from lib.errors import OutOfSpace

FILL = """
import os, shutil
if not os.path.exists({flag!r}):
    open({flag!r}, "w").close()
    with open({ballast!r}, "wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, shutil.disk_usage({disk!r}).free - {left})
"""
MOMENTS = {
    "a notebook writes": ("02_clean", "files.write(run_dir, files.ROWS, rows)", 0),
    "an executed notebook is written": ("02_clean", 'results.write(run_dir, "02_clean")', 0),
    "MLflow records": ("04_compare", 'results.write(run_dir, "04_compare")', 65_536),
}


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own that is a little larger than a run asks for."""
    disk = tmp_path / "disk"
    disk.mkdir()
    size = f"size={readiness.LEAST_FREE_MB + 30}m"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("this user may not mount a file system")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_disk_that_fills_up_ends_the_run_with_status_2_and_the_next_one_goes_on(small_disk, mlflow_database, moment):
    stage, line, left = MOMENTS[moment]
    mini, ballast = miniature.make(small_disk), small_disk / "ballast"
    mini.store.mkdir()
    shutil.copy(mlflow_database, mini.store / "mlflow.db")
    fill = FILL.format(flag=str(small_disk.parent / "filled"), ballast=str(ballast), disk=str(small_disk), left=left)
    before, after = ("", line + fill) if line.startswith("results") else (fill, line)
    miniature.edit(mini.notebooks / f"{stage}.ipynb", json.dumps(line)[1:-1], json.dumps(before + after)[1:-1])
    full = run(mini)
    assert (full.returncode, full.stdout) == (2, ""), full.stderr
    assert full.stderr.count("error: ") == 1 and "Traceback" not in full.stderr
    assert f"{small_disk}" in full.stderr and "MB left" in full.stderr and "Free some space" in full.stderr
    ballast.unlink()
    again = run(mini, "--json")
    assert again.returncode == 0, again.stderr
    reused = [each["name"] for each in json.loads(again.stdout)["executions"] if each["action"] == "reused"]
    assert reused[:1] == ["01_design"]
    assert not list(mini.store.rglob(".??*-old")) and not list(mini.runs.glob("*/.[0-9a-f]*"))


def run(mini, *more):
    command = miniature.command(mini.root, "run", *more)
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_a_full_disk_is_known_by_whatever_tells_of_it():
    full = OSError(errno.ENOSPC, "No space left on device")
    assert space.is_short(full)
    assert space.is_short(OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full")))
    other = ValueError("could not write")
    other.__context__ = full
    assert space.is_short(other)
    assert not space.is_short(OSError(errno.EFBIG, "File too large"))


def test_a_disk_in_trouble_is_not_taken_for_a_full_one_while_it_has_space(tmp_path):
    assert not space.is_short(sqlite3.OperationalError("disk I/O error"), tmp_path)


def test_a_database_that_may_not_grow_is_explained(tmp_path):
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        connection.execute("PRAGMA max_page_count=2")
        connection.execute("CREATE TABLE t (x)")
        with pytest.raises(OutOfSpace, match="MB left.*Free some space"), space.explained(tmp_path):
            connection.execute("INSERT INTO t VALUES (zeroblob(100000))")


def test_another_error_comes_through_as_it_is(tmp_path):
    with pytest.raises(PermissionError), space.explained(tmp_path):
        raise PermissionError("not yours")
