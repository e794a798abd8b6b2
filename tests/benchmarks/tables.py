"""Run the pipeline on real tables, by its one command, beside skrub's tabular_pipeline and a plain gradient boosting.

For each table: the score on the test rows of all three, on the same split, the plain two fitted in the same minutes on
the same training and validation rows; the seconds and the peak memory of each; and what the run said in the end.
Tables are files of ../shared/data, or given as PATH:TARGET or PATH:TARGET:TIME.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from rich.console import Console
from rich.table import Table

from lib import files, scoring, training
from lib.vitals import Watch

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT.parent / "shared" / "data"
TABLES = ("titanic:Survived", "wine:quality", "housing:median_house_value", "bike:cnt:dteday", "bank:deposit",
          "elec:class")  # fmt: skip
MOST_CATEGORIES = 250
"""What a histogram boosting takes at most; a column with more stays out of the plain one."""


class Figures(NamedTuple):
    """What a way came to: its scores on test rows by metric, seconds, peak MB, and the end in words."""

    scores: Mapping[str, float]
    seconds: float
    peak_mb: float
    ending: str = ""


def main() -> None:
    """Run what the command line asks for, or, as a child, fit one of the plain models."""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks/tables.py", description=__doc__)
    parser.add_argument("tables", nargs="*", default=TABLES, help="NAME:TARGET or PATH:TARGET[:TIME] (default: six)")
    parser.add_argument("--time-limit", type=float, default=1800, help="seconds a run may take (default: 1800)")
    parser.add_argument("--plain", nargs=2, metavar=("WAY", "FOLDER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.plain:
        print(json.dumps(_fit_plain(asked.plain[0], Path(asked.plain[1]))))
        return
    shown = Table("table", "metric", "Cuaderno", "skrub", "boosting", "against the better", "seconds", "peak MB", "end")
    for given in asked.tables:
        for row in _measure(given, asked.time_limit):
            shown.add_row(*row)
        Console(width=150).print(shown)


def _measure(given: str, time_limit: float) -> Iterator[tuple[str, ...]]:
    """Yield a row for the metric of the run, and one for R² where that is another which the plain ones do not go by."""
    name, target, *more = given.split(":")
    path = Path(name) if Path(name).exists() else FOLDER / f"{name}.csv"
    with tempfile.TemporaryDirectory(prefix="cuaderno-tables-") as folder:
        found, run_dir = _run(path, target, more, Path(folder), time_limit)
        if run_dir is None:
            yield (path.stem, "", "", "", "", "", f"{found.seconds:.0f}", f"{found.peak_mb:.0f}", found.ending)
            return
        three = (found, *(_plain(way, run_dir) for way in ("skrub", "boosting")))
    seconds, memory = (" / ".join(f"{getattr(one, of):.0f}" for one in three) for of in ("seconds", "peak_mb"))
    for metric in found.scores:
        scores = [one.scores[metric] for one in three]
        better = max(scores[1:])
        ahead = (scores[0] - better) / abs(better)
        yield (path.stem, metric, *(f"{score:.4f}" for score in scores), f"{ahead:+.2%}", seconds, memory, found.ending)


def _run(path: Path, target: str, more: list[str], folder: Path, limit: float) -> tuple[Figures, Path | None]:
    store, reports = folder / "store", folder / "reports"
    command = [sys.executable, ROOT / "pipeline.py", "run", "-p", f"data={path}", "-p", f"target={target}"]
    command += [word for name in more for word in ("-p", f"time_column={name}")]
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--store", store, "--reports", reports, "--json"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with Watch(process.pid, None, process.kill) as watch:
        try:
            said = process.communicate(timeout=limit)[0]
        except subprocess.TimeoutExpired:
            # As Ctrl-C would: the run ends its kernels, and the table is shown without a score.
            process.send_signal(signal.SIGINT)
            said = process.communicate()[0]
    ending = f"exit {process.returncode}" + (f": {json.loads(said).get('reason', '')}" if said.strip() else "")
    runs = [run for run in sorted((store / "runs").glob("*")) if files.exists(run, files.EVALUATION)]
    scores = _scores(runs[-1]) if runs else {}
    figures = Figures(scores, time.perf_counter() - began, watch.peak_mb, ending[:200])
    return figures, runs[-1] if runs else None


def _scores(run_dir: Path) -> dict[str, float]:
    """Return the run's score on the test rows; of counts R², too."""
    design, evaluation = files.read(run_dir, files.DESIGN), files.read(run_dir, files.EVALUATION)
    scores = {design["metric"]: evaluation["test"]["value"]}
    if design.get("counts"):
        said = files.read(run_dir, files.TEST_PREDICTIONS)
        scores["r2"] = scoring.score("r2", said["truth"], said["prediction"])
    return scores


def _plain(way: str, run_dir: Path) -> Figures:
    began = time.perf_counter()
    command = [sys.executable, __file__, "--plain", way, str(run_dir)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with Watch(process.pid, None, process.kill) as watch:
        scores = json.loads(process.communicate()[0])
    return Figures(scores, time.perf_counter() - began, watch.peak_mb)


def _fit_plain(way: str, run_dir: Path) -> dict[str, float]:
    """Return the scores on the test rows of a model without any search, fitted on all other rows of the run's table."""
    design, table = files.read(run_dir, files.DESIGN), files.read(run_dir, files.TABLE)
    is_test = files.read(run_dir, files.SPLIT)["role"] == "test"
    X = table.drop(columns=[design["target"], *[name for name in design["exclude"] if name in table]])
    X = X if way == "skrub" else X.apply(_as_boosting_takes_it)
    X = X.loc[:, [not isinstance(X[name].dtype, pd.CategoricalDtype) or _is_few(X[name]) for name in X]]
    model = _model(way, design["task"] == "regression")
    model.fit(X[~is_test], training.labels(table[~is_test], design))
    truth = scoring.encode(design, table.loc[is_test, design["target"]])
    said = scoring.predict(design, model, X[is_test])
    return {metric: scoring.score(metric, truth, said) for metric in _scores(run_dir)}


def _model(way: str, regression: bool):
    if way == "skrub":
        import skrub

        return skrub.tabular_pipeline("regressor" if regression else "classifier")
    from sklearn import ensemble

    kind = ensemble.HistGradientBoostingRegressor if regression else ensemble.HistGradientBoostingClassifier
    return kind(random_state=0)


def _as_boosting_takes_it(column: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.astype("int64").astype("float64")
    return column if pd.api.types.is_numeric_dtype(column) else column.astype("category")


def _is_few(column: pd.Series) -> bool:
    return column.nunique() <= MOST_CATEGORIES


if __name__ == "__main__":
    main()
