"""Time five small notebooks executed by a script, papermill, Ploomber and Cuaderno, and print the ratios.

All ways are timed in turn within each round, so that a busy machine slows them all; the table has medians.
With --flights: a whole run on the flights table, against the notebooks' own code in one process.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import workspace
from rich.console import Console
from rich.table import Table
from workspace import Way

from lib.vitals import Watch


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="times that each way is executed (default: 5)")
    parser.add_argument("--no-ploomber", action="store_true", help="do not install and time Ploomber")
    parser.add_argument("--flights", action="store_true", help="time a whole run on flights instead")
    parser.add_argument("--sample", type=int, default=0, help="with --flights: rows to take, 0 for all (default: 0)")
    parser.add_argument("--score", type=int, default=0, metavar="ROWS", help="time scoring so many rows instead")
    parser.add_argument("--serve", action="store_true", help="time the server beside `mlflow models serve` instead")
    parser.add_argument("--store", default="", help="with --score and --serve: a store that has a champion")
    asked = parser.parse_args()
    _say_how_busy("before")
    with tempfile.TemporaryDirectory(prefix="cuaderno-benchmarks-") as name:
        folder = Path(name)
        if asked.score or asked.serve:
            import operations

            store = operations.store_of(folder, asked.store)
            if asked.score:
                operations.million(store, folder, asked.score, asked.rounds)
            if asked.serve:
                operations.serving(store, folder, 150)
        elif asked.flights:
            import flights

            # Beside minutes of work, what a first round prepares would not be seen.
            _show("The flights table", flights.ways(folder, asked.sample), folder, asked.rounds, warm=False)
        else:
            _small(folder, asked.rounds, ploomber=not asked.no_ploomber)
    _say_how_busy("after")


def _say_how_busy(when: str) -> None:
    """Print how many processes wanted a processor lately, for a busy machine flatters the slower way."""
    if hasattr(os, "getloadavg"):
        print(f"{when}: {os.cpu_count()} processors, {os.getloadavg()[0]:.1f} processes at work in the last minute")


def _small(folder: Path, rounds: int, *, ploomber: bool) -> None:
    python, why_not = workspace.install_ploomber(folder / "env") if ploomber else (None, "not asked for")
    for tracked, title in ((False, "Five small notebooks"), (True, "The same, each with a small MLflow run")):
        place = folder / ("tracked" if tracked else "plain")
        _show(title, workspace.ways(place, tracked=tracked, ploomber=python, why_no_ploomber=why_not), place, rounds)


def _show(title: str, ways: Sequence[Way], folder: Path, rounds: int, *, warm: bool = True) -> None:
    found = {way.name: [] for way in ways}
    # A round that warms up makes databases and compiled files, and is not counted.
    for counted in [False] * warm + [True] * rounds:
        for way in ways:
            if not way.why_not:
                figures = _time(way, folder)
                found[way.name] += [figures] if counted else []
    table = Table("way", "seconds", "times the script", "peak MB", title=title)
    script = statistics.median(seconds for seconds, _ in found[ways[0].name])
    for way in ways:
        table.add_row(way.name, *([way.why_not, "", ""] if way.why_not else _figures(found[way.name], script)))
    Console().print(table)


def _figures(found: list[tuple[float, float]], script: float) -> list[str]:
    seconds = statistics.median(seconds for seconds, _ in found)
    peak = statistics.median(peak for _, peak in found)
    return [f"{seconds:.2f}", f"{seconds / script:.2f}", f"{peak:,.0f}"]


def _time(way: Way, folder: Path) -> tuple[float, float]:
    """Return wall seconds of the whole process, and the peak memory of it and its children, in MB."""
    for path in way.fresh:
        shutil.rmtree(path, ignore_errors=True)
    started = time.perf_counter()
    process = subprocess.Popen(
        way.command, cwd=way.cwd, env=workspace.environment(folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    with Watch(process.pid, None, process.kill) as watch:
        said, _ = process.communicate()
    seconds = time.perf_counter() - started
    if process.returncode not in (0, 3):
        sys.exit(f"{way.name} failed:\n{said.decode(errors='replace')[-3000:]}")
    return seconds, watch.peak_mb


if __name__ == "__main__":
    main()
