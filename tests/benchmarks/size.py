"""Large tables: ten million rows through 01 to 03, their profile beside DuckDB's, collinearity beside statsmodels'.

Without options, all four: a Parquet file of 10 million rows by 20 numeric columns, which is made first (1.7 GB), goes
through the notebooks; it is profiled by `lib.profile` and by DuckDB's SUMMARIZE; the variance inflation factors of 100
columns by 1 million rows are computed by `lib.collinearity` and by a loop of statsmodels, of which a few columns are
timed and their mean multiplied; a table of 1,000 columns by 10,000 rows goes through the whole pipeline.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lib.vitals import Watch

ROOT = Path(__file__).resolve().parent.parent.parent
PART = 500_000
FIRST_STAGES = ("01_design", "02_eda", "03_cleaning")
PROFILE = """
import sys
from lib import profile, readers, sources, volume
batches = readers.parts(sources.parse(sys.argv[1]), volume.PART)
print(len(profile.of_batches(batches)))
"""
SUMMARIZE = """
import sys
import duckdb
print(len(duckdb.sql(f"SUMMARIZE SELECT * FROM '{sys.argv[1]}'").fetchall()))
"""
PARTS = ("stages", "profile", "vif", "wide")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks/size.py", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)} (default: all four)")
    parser.add_argument("--rows", type=int, default=10_000_000, help="of the long table (default: 10 million)")
    parser.add_argument("--vif-rows", type=int, default=1_000_000, help="rows for the factors (default: 1 million)")
    asked = parser.parse_args()
    parts = set(asked.parts or PARTS)
    if unknown := parts - set(PARTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; the parts are {', '.join(PARTS)}")
    with tempfile.TemporaryDirectory(prefix="cuaderno-size-") as name:
        folder = Path(name)
        long = folder / "long.parquet"
        if {"stages", "profile"} & parts:
            _make_long(long, asked.rows)
            print(f"{asked.rows:,} rows by 20 columns: {long.stat().st_size / 1e6:,.0f} MB of Parquet", flush=True)
        if "profile" in parts:
            _compare_profiles(long)
        if "stages" in parts:
            _pipeline(folder, long, FIRST_STAGES)
        if "vif" in parts:
            _factors(asked.vif_rows, 100)
        if "wide" in parts:
            _make_wide(folder / "wide.parquet")
            _pipeline(folder, folder / "wide.parquet", ())


def _make_long(path: Path, n_rows: int) -> None:
    """Write 19 columns and a target in parts: some collinear, one with gaps, one that moves along the rows."""
    generator = np.random.default_rng(0)
    writer = None
    for start in range(0, n_rows, PART):
        n = min(PART, n_rows - start)
        columns = {f"x{k}": generator.normal(size=n) for k in range(16)}
        columns["copy"] = columns["x0"] + 0.1 * generator.normal(size=n)
        columns["gaps"] = np.where(generator.random(n) < 0.2, np.nan, generator.normal(size=n))
        columns["moves"] = generator.normal(size=n) + 2 * start / n_rows
        columns["y"] = columns["x0"] + np.sin(2 * columns["x1"]) + columns["x2"] * columns["x3"]
        columns["y"] += generator.normal(size=n)
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    writer.close()


def _make_wide(path: Path) -> None:
    generator = np.random.default_rng(0)
    X = pd.DataFrame(generator.normal(size=(10_000, 999)), columns=[f"x{k}" for k in range(999)])
    # Several columns tell a little each, so that no rule on one of them makes a model needless.
    told = X.iloc[:, :10].sum(axis=1) + 2 * generator.normal(size=len(X))
    X.assign(y=(told > 0).astype(int)).to_parquet(path)


def _pipeline(folder: Path, table: Path, stages: tuple[str, ...]) -> None:
    """Print how the pipeline ends on a table, its seconds, and the memory of all its processes together."""
    places = ("--store", folder / f"store-{table.stem}", "--reports", folder / f"reports-{table.stem}")
    given = ("-p", f"data={table}", "-p", "target=y")
    command = [sys.executable, ROOT / "pipeline.py", "run", *stages, *given, *places, "--json"]
    seconds, peak, status, said = _timed(command)
    lines = [line for line in said.splitlines() if line.strip()]
    ending = json.loads(said).get("reason") or "done" if said.lstrip().startswith("{") else " ".join(lines[-1:])
    print(f"{table.stem}, {', '.join(stages) or 'all stages'}: exit {status} ({ending}), {seconds:.0f} s, "
          f"{peak:,.0f} MB at the most", flush=True)  # fmt: skip
    for path in sorted((folder / f"store-{table.stem}").glob("runs/*/01_design/results.json")):
        print(json.dumps(json.loads(path.read_text(encoding="utf-8"))["metrics"]), flush=True)


def _compare_profiles(long: Path) -> None:
    """Print seconds and memory of both profiles, in turn, each in a process of its own, the better of two rounds."""
    found = {"lib.profile": [], "DuckDB": []}
    for _ in range(2):
        for name, code in (("lib.profile", PROFILE), ("DuckDB", SUMMARIZE)):
            found[name].append(_timed([sys.executable, "-c", code, long])[:2])
    for name, rounds in found.items():
        seconds, peak = min(rounds)
        print(f"profile by {name}: {seconds:.1f} s, {peak:,.0f} MB", flush=True)


def _factors(n_rows: int, n_columns: int, n_timed: int = 2) -> None:
    """Print the seconds of both ways and the largest relative difference of the columns that the loop was timed on."""
    from statsmodels.stats.outliers_influence import variance_inflation_factor

    from lib import collinearity

    generator = np.random.default_rng(0)
    values = generator.normal(size=(n_rows, n_columns)) + generator.normal(size=(n_rows, 1))
    X = pd.DataFrame(values, columns=[f"x{k}" for k in range(n_columns)])
    began = time.perf_counter()
    ours = collinearity.variance_inflation_factors(X).to_numpy()
    seconds = time.perf_counter() - began
    exog = np.column_stack([np.ones(n_rows), values])
    began = time.perf_counter()
    theirs = np.array([variance_inflation_factor(exog, k + 1) for k in range(n_timed)])
    loop = (time.perf_counter() - began) / n_timed * n_columns
    apart = float(np.abs(ours[:n_timed] / theirs - 1).max())
    print(f"VIF of {n_columns} columns by {n_rows:,} rows: {seconds:.2f} s; the loop {loop:,.0f} s "
          f"({n_timed} columns timed): {loop / seconds:,.0f} times; apart by {apart:.1e}", flush=True)  # fmt: skip


def _timed(command: list) -> tuple[float, float, int, str]:
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with Watch(process.pid, None, process.kill) as watch:
        said = process.communicate()[0]
    return time.perf_counter() - began, watch.peak_mb, process.returncode, said


if __name__ == "__main__":
    main()
