"""Kill runner, kernel or both at random instants of a run, and see that the next run completes with the same result.

``uv run python tests/benchmarks/kills.py [TIMES]`` prints a line for each; it stops at the first that went wrong.
With ``--model`` the runs are those of the notebooks of this project on a small table, up to a registered champion;
without it those of a miniature, which has more instants between stages and takes a fifth of the time.
"""

import argparse
import json
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parent.parent))

import miniature
import test_pipeline

from lib import files, hashing

VICTIMS = ("runner", "kernel", "both")


class Miniature:
    """Runs of the miniature project."""

    @staticmethod
    def command(root: Path) -> list[str]:
        """Return the command that runs all, in a folder of its own."""
        if not root.exists():
            miniature.make(root)
        return miniature.command(root, "run", "--json")

    @staticmethod
    def result(root: Path, told: dict[str, Any]) -> Any:
        """Return what the last stage of a run wrote."""
        return (root / "store" / "runs" / told["run_id"] / "04_compare" / "report.json").read_text()


class Whole:
    """Runs of this project's notebooks on a table of somebody's own."""

    @staticmethod
    def command(root: Path) -> list[str]:
        """Return the command that runs all; the table is the same for all runs."""
        data = root.parent / "mine.csv"
        if not data.exists():
            test_pipeline.table().to_csv(data, index=False)
        asked = ["run", "--json", "-p", f"data={data}", "-p", "target=sold", *test_pipeline.QUICK]
        where = ["--store", str(root / "store"), "--reports", str(root / "reports")]
        return [sys.executable, str(test_pipeline.ROOT / "pipeline.py"), *asked, *where]

    @staticmethod
    def result(root: Path, told: dict[str, Any]) -> Any:
        """Return the version, what it is, and the hash of what the model predicts."""
        predicted = root / "store" / "runs" / told["run_id"] / files.TEST_PREDICTIONS
        return told["version"], told["alias"], hashing.of_file(predicted)


def start(command: list[str]) -> subprocess.Popen:
    """Start a run."""
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def kill(process: subprocess.Popen, victim: str) -> list[psutil.Process]:
    """Kill as `victim` says, and return the processes that the run had started."""
    children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    for child in children if victim != "runner" else []:
        # Kernels have no children; the server that forks them has.
        with suppress(psutil.NoSuchProcess):
            if victim == "both" or not child.children():
                child.kill()
    if victim != "kernel":
        process.kill()
    process.communicate()
    return children


def torn(root: Path) -> list[str]:
    """Return the files of the cache that are not what their manifest says."""
    found = []
    for path in root.glob("store/cache/*/*/manifest.json"):
        told = json.loads(path.read_text())["files"]
        found += [name for name, one in told.items() if hashing.of_file(path.parent / "files" / name) != one["sha256"]]
    return found


def running(root: Path) -> int:
    """Return how many runs MLflow believes to be at work."""
    with closing(sqlite3.connect(root / "store" / "mlflow.db")) as connection:
        return connection.execute("SELECT count(*) FROM runs WHERE status = 'RUNNING'").fetchone()[0]


def main(times: int, kind: type[Miniature] | type[Whole]) -> None:
    """Run once undisturbed, then `times` times with a kill."""
    folder = Path(tempfile.mkdtemp(prefix="kills-"))
    command = kind.command(folder / "whole")
    began = time.monotonic()
    told = json.loads(start(command).communicate()[0])
    lasts, wanted = time.monotonic() - began, kind.result(folder / "whole", told)
    print(f"undisturbed: {lasts:.1f} s, {wanted}", flush=True)
    for number in range(times):
        root, victim, instant = folder / str(number), VICTIMS[number % 3], random.uniform(0, lasts)  # noqa: S311  no secret
        command = kind.command(root)
        process = start(command)
        time.sleep(instant)
        children = kill(process, victim)
        _, alive = psutil.wait_procs(children, timeout=30)
        out, err = start(command).communicate()
        assert out, err
        found = json.loads(out)
        result = kind.result(root, found)
        assert result == wanted, f"{result}, not {wanted}, after {victim} was killed at {instant:.2f} s"
        assert torn(root) == [] and not alive, (torn(root), alive)
        assert not running(root), "MLflow has runs that are marked as running"
        n_reused = sum(each["action"] == "reused" for each in found["executions"])
        print(
            f"{number + 1:>3} {victim:<7} killed at {instant:5.2f} s: completed, {n_reused} stages reused", flush=True
        )
        shutil.rmtree(root)
    shutil.rmtree(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("times", nargs="?", type=int, default=30)
    parser.add_argument("--model", action="store_true", help="runs of this project's notebooks, up to a champion")
    asked = parser.parse_args()
    main(asked.times, Whole if asked.model else Miniature)
