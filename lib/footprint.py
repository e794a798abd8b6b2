"""What a model costs to run: time for a row and for a batch, memory of a process that serves it, size of its file."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from lib.checks import Check

LIMITS = {
    "latency_ms": (
        "one prediction is fast enough",
        "95 of 100 predictions of one row took this many milliseconds or less.",
    ),
    "memory_mb": (
        "serving fits into memory",
        "A fresh process that loads the model and predicts a batch holds this many MB.",
    ),
    "model_mb": ("the model file is small enough", "The file holds this many MB, to be moved at every promotion."),
}


def measure(ask: Callable, model_file: Path, X: pd.DataFrame) -> dict[str, float]:
    """Return everything that the contract limits.

    Parameters
    ----------
    ask : callable
        Takes a table of rows and predicts: the `predict_proba` or `predict` of the model.
    model_file : Path
        The same model's file.
    X : DataFrame of shape (n_samples, n_features)
        Rows to predict, as they come from the source.
    """
    size = Path(model_file).stat().st_size / 2**20
    return {
        **latency(ask, X),
        "rows_per_second": batch_rate(ask, X),
        "memory_mb": memory(model_file, X),
        "model_mb": size,
    }


def latency(ask: Callable, X: pd.DataFrame, *, n_calls: int = 30, n_rounds: int = 3) -> dict[str, float]:
    """Return the milliseconds that predicting one row takes: `latency_p50_ms` and `latency_ms`, the 95th percentile.

    Other work on the machine only ever adds time. So the fastest of several rounds counts, as in `timeit`, and of a
    call only the time in which this process was given a processor. One row leaves nothing for threads to share: they
    would only wait for each other, on a busy machine for longer than the row takes, so it is predicted with one.
    """
    rows = [X.iloc[[i % len(X)]] for i in range(n_calls)]
    ask(rows[0])
    with threadpool_limits(1):
        rounds = [np.quantile([_undisturbed(ask, row) for row in rows], [0.5, 0.95]) for _ in range(n_rounds)]
    p50, p95 = min(rounds, key=lambda quantiles: quantiles[1]) * 1000
    return {"latency_p50_ms": float(p50), "latency_ms": float(p95)}


def batch_rate(ask: Callable, X: pd.DataFrame, *, max_rows: int = 5000) -> float:
    """Return how many rows a second are predicted in one call."""
    rows = X.iloc[:max_rows]
    return len(rows) / min(_seconds(ask, rows) for _ in range(2))


def memory(model_file: Path, X: pd.DataFrame, *, max_rows: int = 1000) -> float:
    """Return the MB that a fresh process holds once it has loaded the model and predicted a batch.

    Raises
    ------
    RuntimeError
        If that process fails, with what it said last.
    """
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.parquet"
        X.iloc[:max_rows].to_parquet(rows)
        command = [sys.executable, "-m", "lib.footprint", str(model_file), str(rows)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise RuntimeError(f"A fresh process could not load {model_file} and predict: {done.stderr.strip()[-500:]}")
    return float(done.stdout.split()[-1])


def limit_checks(found: Mapping[str, float], design: Mapping[str, Any]) -> list[Check]:
    """Return the verdicts whether the contract's limits are kept; a limit that it leaves blank is not one."""
    return [
        Check(name, round(found[key], 1), design[key], found[key] <= design[key], "stop", text)
        for key, (name, text) in LIMITS.items()
        if design.get(key) is not None
    ]


def _undisturbed(ask: Callable, row: pd.DataFrame) -> float:
    worked = time.process_time()
    seconds = _seconds(ask, row)
    # where the clock of processor time is coarse, as on Windows, a short call has none, and the whole time counts
    return min(seconds, time.process_time() - worked or seconds)


def _seconds(ask: Callable, rows: pd.DataFrame) -> float:
    begin = time.perf_counter()
    ask(rows)
    return time.perf_counter() - begin


def _serve_once(model_file: str, rows_file: str) -> float:
    """Load a model, predict a batch, and return the MB that this process then holds."""
    import psutil

    from lib import packaging

    model, rows = packaging.load(Path(model_file)), pd.read_parquet(rows_file)
    getattr(model, "predict_proba", model.predict)(rows)
    return psutil.Process().memory_info().rss / 2**20


if __name__ == "__main__":
    sys.stdout.write(f"{_serve_once(*sys.argv[1:])}\n")
