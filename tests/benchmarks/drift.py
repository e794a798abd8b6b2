"""Compare drift from a compact profile with Evidently and NannyML, each in an environment of its own: values and time.

The values are compared on columns with few distinct values, which a profile holds without loss; the time on a million
normal rows. Their chi-square tests are left out: Evidently's takes the reference for the truth itself, and NannyML
shows the statistic; ours is scipy's, of two samples. `python tests/benchmarks/drift.py`; with --rows and --columns.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from textwrap import dedent

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

# Written in pieces of its own so that each runs where nothing of this project is installed.
MEMORY = """
import json, sys, time
import pandas as pd
reference, current = pd.read_parquet("reference.parquet"), pd.read_parquet("current.parquet")
def done(found, seconds):
    # What `resource` remembers begins with the memory of the process that started this one.
    told = dict(line.split(":", 1) for line in open("/proc/self/status"))
    peak = int(told["VmHWM"].split()[0]) / 1024
    print("RESULT" + json.dumps({"values": found, "seconds": seconds, "peak_mb": peak}))
"""
OURS = """
from lib import drift, profile, reference as ref
known = ref.profiles(reference)
begun = time.perf_counter()
now = profile.of(current, like=known, sketched=False)
moves = [drift.move(column, now[name]) for name, column in known.items()]
drift.judged([move for move in moves if move])
seconds = time.perf_counter() - begun
done({move.column: {**move.effects, "p": move.p_values} for move in moves}, seconds)
"""
EVIDENTLY = """
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
numbers = list(reference.select_dtypes("number")); texts = [c for c in reference if c not in numbers]
definition = DataDefinition(numerical_columns=numbers, categorical_columns=texts)
now, before = (Dataset.from_pandas(table, data_definition=definition) for table in (current, reference))
found = {}
begun = time.perf_counter()
if sys.argv[1] == "time":
    Report([DataDriftPreset()]).run(now, before).dict()
else:
    for method in ("jensenshannon", "wasserstein", "psi", "ks"):
        columns = texts if method in ("jensenshannon", "psi") else numbers
        found[method] = {}
        for column in columns:
            metrics = Report([DataDriftPreset(columns=[column], method=method)]).run(now, before).dict()["metrics"]
            found[method][column] = float(metrics[-1]["value"])
done(found, time.perf_counter() - begun)
"""
NANNYML = """
import nannyml
numbers = list(reference.select_dtypes("number")); texts = [c for c in reference if c not in numbers]
begun = time.perf_counter()
calculator = nannyml.UnivariateDriftCalculator(
    column_names=list(reference), treat_as_categorical=texts, chunk_size=len(current),
    continuous_methods=["kolmogorov_smirnov", "wasserstein"], categorical_methods=["jensen_shannon"],
)
result = calculator.fit(reference).calculate(current)
table = result.filter(period="analysis").to_df()
seconds = time.perf_counter() - begun
found = {}
for column in reference:
    for method in ("kolmogorov_smirnov", "wasserstein", "jensen_shannon"):
        key = (column, method, "value")
        if key in table.columns:
            found.setdefault(method, {})[column] = float(table[key].iloc[0])
done(found, seconds)
"""


def main() -> None:
    """Compare values, then times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=20)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cuaderno-drift-") as name:
        folder = Path(name)
        evidently = install(folder / "evidently", "evidently==0.7.23")
        nannyml = install(folder / "nannyml", "nannyml==0.13.1", "statsmodels", "setuptools<81")
        write(folder, *few_values())
        show_values(folder, evidently, nannyml)
        write(folder, many(asked.rows, asked.columns, 0), many(asked.rows, asked.columns, 1))
        show_times(folder, {"Evidently's drift preset": (evidently, EVIDENTLY), "NannyML": (nannyml, NANNYML)}, asked)


def install(folder: Path, *packages: str) -> Path | None:
    """Return the Python of a new environment with these packages, None if they cannot be installed."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    uv = shutil.which("uv")
    for arguments in (
        ["venv", "-q", "--python", sys.executable, str(folder)],
        ["pip", "install", "-q", "--python", str(python), *packages, "pandas<3", "pyarrow"],
    ):
        if uv is None or subprocess.run([uv, *arguments], check=False, cwd=folder.parent).returncode:
            return None
    return python


def few_values() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two samples of columns with few distinct values."""
    draws = [np.random.default_rng(number) for number in (0, 1)]
    return tuple(
        pd.DataFrame(
            {
                "steps": draw.integers(0, 60, n) / 4,
                "counts": draw.poisson(3 + moved, n).clip(0, 15).astype("float64"),
                "town": draw.choice(list("abcdef"), n, p=[0.3, 0.25, 0.2, 0.15 - moved / 10, 0.06 + moved / 10, 0.04]),
                "flag": draw.choice(["yes", "no"], n, p=[0.3 + moved / 5, 0.7 - moved / 5]),
            }
        )
        for draw, n, moved in zip(draws, (20_000, 6_000), (0.0, 0.4), strict=True)
    )


def many(n: int, n_columns: int, random_state: int) -> pd.DataFrame:
    """Return rows of numbers, and of categories in every fourth column."""
    draw = np.random.default_rng(random_state)
    return pd.DataFrame(
        {
            f"column {number}": draw.choice(list("abcdefgh"), n) if number % 4 == 3 else draw.normal(size=n)
            for number in range(n_columns)
        }
    )


def write(folder: Path, reference: pd.DataFrame, current: pd.DataFrame) -> None:
    """Write both samples where the programs look for them."""
    reference.to_parquet(folder / "reference.parquet")
    current.to_parquet(folder / "current.parquet")


def run(folder: Path, python: Path | str | None, program: str, purpose: str) -> dict | None:
    """Run a program in its environment, and return what it found; None if there is none, or it failed."""
    if python is None:
        return None
    command = [str(python), "-W", "ignore", "-c", dedent(MEMORY + program), purpose]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
    if not lines:
        Console(stderr=True).print(done.stderr[-800:])
        return None
    return json.loads(lines[-1].removeprefix("RESULT"))


def show_values(folder: Path, evidently: Path | None, nannyml: Path | None) -> None:
    """Print each value of ours beside that of the others."""
    ours = run(folder, sys.executable, OURS, "values")["values"]
    reference = pd.read_parquet(folder / "reference.parquet")
    theirs = {
        "Evidently": run(folder, evidently, EVIDENTLY, "values"),
        "NannyML": run(folder, nannyml, NANNYML, "values"),
    }
    table = Table("who", "measure", "column", "theirs", "ours", "difference")
    for who, found in theirs.items():
        for measure, values in (found or {"values": {}})["values"].items():
            for column, value in values.items():
                own = _own(who, measure, ours[column], reference[column])
                table.add_row(who, measure, column, f"{value:.6g}", f"{own:.6g}", f"{abs(own - value):.1e}")
    Console().print(table)


def _own(who: str, measure: str, ours: dict, reference: pd.Series) -> float:
    """Return our value in the units of theirs."""
    if measure in ("jensenshannon", "jensen_shannon"):
        # Evidently takes natural logarithms
        return ours["jensen_shannon"] * (np.sqrt(np.log(2)) if who == "Evidently" else 1)
    if measure == "wasserstein":
        return ours["wasserstein"] * reference.std() / (reference.std(ddof=0) if who == "Evidently" else 1)
    if measure == "ks":
        return ours["p"]["kolmogorov_smirnov"]
    return ours.get(measure, float("nan"))


def show_times(folder: Path, others: dict, asked: argparse.Namespace) -> None:
    """Print seconds and memory of each way, ours first."""
    table = Table("way", "seconds", "times ours", "peak MB", title=f"{asked.rows:,} rows by {asked.columns} columns")
    own = run(folder, sys.executable, OURS, "time")
    table.add_row("Cuaderno, from the reference profile", f"{own['seconds']:.2f}", "1.0", f"{own['peak_mb']:.0f}")
    for name, (python, program) in others.items():
        found = run(folder, python, program, "time")
        if found:
            ratio = f"{found['seconds'] / own['seconds']:.1f}"
            table.add_row(name, f"{found['seconds']:.2f}", ratio, f"{found['peak_mb']:.0f}")
        else:
            table.add_row(name, "not timed", "", "")
    Console().print(table)


if __name__ == "__main__":
    main()
