"""Kill runner, kernel or both at random instants of a run, and see that the next run completes with the same result.

``uv run python tests/benchmarks/kills.py [TIMES]`` prints a line for each; it stops at the first that went wrong.
"""

import json
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parent.parent))

import miniature

from lib import hashing

VICTIMS = ("runner", "kernel", "both")


def start(root: Path) -> subprocess.Popen:
    """Start a run of the miniature project."""
    return subprocess.Popen(
        miniature.command(root, "run", "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def result(root: Path, run_id: str) -> str:
    """Return what the last stage of a run wrote."""
    return (root / "store" / "runs" / run_id / "04_compare" / "report.json").read_text()


def kill(process: subprocess.Popen, victim: str) -> list[psutil.Process]:
    """Kill as `victim` says, and return the processes that the run had started."""
    children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    for child in children if victim != "runner" else []:
        if child.is_running():
            child.kill()
    if victim != "kernel":
        process.kill()
    process.communicate()
    return children


def torn(root: Path) -> list[str]:
    """Return the files of the cache that are not what their manifest says."""
    found = []
    for path in root.glob("store/cache/*/*/manifest.json"):
        files = json.loads(path.read_text())["files"]
        found += [n for n, told in files.items() if hashing.of_file(path.parent / "files" / n) != told["sha256"]]
    return found


def running(root: Path) -> int:
    """Return how many runs MLflow believes to be at work."""
    with closing(sqlite3.connect(root / "store" / "mlflow.db")) as connection:
        return connection.execute("SELECT count(*) FROM runs WHERE status = 'RUNNING'").fetchone()[0]


def main(times: int) -> None:
    """Run once undisturbed, then `times` times with a kill."""
    folder = Path(tempfile.mkdtemp(prefix="kills-"))
    began = time.monotonic()
    whole = miniature.make(folder / "whole")
    told = json.loads(start(whole.root).communicate()[0])
    lasts, wanted = time.monotonic() - began, result(whole.root, told["run_id"])
    for number in range(times):
        root, victim, instant = folder / str(number), VICTIMS[number % 3], random.uniform(0, lasts)  # noqa: S311  no secret
        miniature.make(root)
        process = start(root)
        time.sleep(instant)
        children = kill(process, victim)
        _, alive = psutil.wait_procs(children, timeout=30)
        out, err = start(root).communicate()
        assert out, err
        found = json.loads(out)
        assert result(root, found["run_id"]) == wanted, f"another result after {victim} was killed at {instant:.2f} s"
        assert torn(root) == [] and not alive, (torn(root), alive)
        assert not running(root), "MLflow has runs that are marked as running"
        n_reused = sum(each["action"] == "reused" for each in found["executions"])
        print(
            f"{number + 1:>3} {victim:<7} killed at {instant:5.2f} s: completed, {n_reused} stages reused", flush=True
        )
        shutil.rmtree(root)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
