"""Scoring a million rows against the prediction alone, and the server against `mlflow models serve` of one model."""

import asyncio
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from lib import answers, batches, portable, runner
from lib.project import at

ROOT = Path(__file__).resolve().parent.parent.parent
CLIENTS = 16


def store_of(folder: Path, given: str) -> Path:
    """Return a store with a champion: the one that is given, or one made of a sample of the demo."""
    if given:
        return Path(given)
    project = at(ROOT, folder / "store", folder / "reports")
    runner.run(project, runner.Request({"sample": 12000}), lambda event: None)
    return project.store


def million(store: Path, folder: Path, n_rows: int, rounds: int) -> None:
    """Score rows into SQLite, and time it against predicting the same rows from memory, in turn, and show medians.

    Alone, the model predicts a frame that is in memory, in this process, with all threads that its libraries take: the
    whole table in one call, and, as that outgrows the processor's caches, part by part, as scoring does. Scoring reads
    the Parquet file, judges each row, predicts, hashes, keeps the inputs and writes all predictions in one transaction,
    in a process of its own that has loaded the model before the time begins. Seconds of processors beside those of the
    clock tell whether something else ran on the machine.
    """
    from lib import flights

    year = flights.operations()
    table = pd.concat([year] * -(-n_rows // len(year)), ignore_index=True).head(n_rows)
    # Each row is another: a minute later for each time that the year comes round.
    table["flight"] += np.arange(n_rows) // len(year)
    table.to_parquet(folder / "million.parquet")
    model = answers.in_use(store).model
    model.predict(table.head(1000))
    ways = {
        "predict, in one call": lambda: _alone(model, table, n_rows),
        "predict, in parts": lambda: _alone(model, table, batches.PART),
        "score": lambda: _scored(store, folder),
    }
    found = [{name: way() for name, way in ways.items()} for _ in range(rounds)]
    shown = Table("way", "seconds", "of processors", "rows a second", "times one call", "times parts", "peak MB")
    shown.title = f"{n_rows:,} rows of flights, medians of {rounds} rounds"
    for name in ways:
        seconds, worked, peak = np.median([each[name] for each in found], axis=0)
        against = [f"{np.median([each[name][0] / each[other][0] for each in found]):.2f}" for other in list(ways)[:2]]
        cells = (f"{seconds:.1f}", f"{worked:.1f}", f"{n_rows / seconds:,.0f}", *against)
        shown.add_row(name, *cells, f"{peak:,.0f}" if peak else "")
    Console().print(shown)


def _alone(model: portable.Model, table: pd.DataFrame, at_once: int) -> tuple[float, float, float]:
    """Return the seconds that predictions take, of the clock and of processors; their memory is this process's."""
    started, worked = time.perf_counter(), time.process_time()
    for start in range(0, len(table), at_once):
        model.predict(table.iloc[start : start + at_once])
    return time.perf_counter() - started, time.process_time() - worked, 0.0


def _scored(store: Path, folder: Path) -> list[float]:
    """Return seconds of the clock and of processors, and peak memory in MB, of scoring into a copy."""
    work = folder / "scored"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(store / "champion", work / "champion")
    for path in store.glob("predictions.db*"):
        shutil.copy(path, work / path.name)
    program = (
        "import os, sys, time; from lib import answers, batches, vitals; answers.in_use(sys.argv[1]);"
        "t, c = time.perf_counter(), time.process_time(); done = batches.score(sys.argv[1], sys.argv[2]);"
        "print(time.perf_counter() - t, time.process_time() - c,"
        "vitals.high_water_mb(os.getpid()));"
        "assert done.n_new == done.n_rows, done"
    )
    command = [sys.executable, "-c", program, str(work), str(folder / "million.parquet")]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [float(figure) for figure in said.split()]


def serving(store: Path, folder: Path, rounds: int) -> None:
    """Time one row after the other, and many clients at once, for both servers in turn."""
    answerer = answers.in_use(store)
    from lib import flights

    rows = json.loads(flights.during("2013-07-01").head(200).to_json(orient="records", date_format="iso"))
    names = [entry["raw"] for entry in answerer.contract["reading"]["columns"]]
    rows = [{name: row[name] for name in names} for row in rows]
    # What may not come up is started first, so that nothing is left behind.
    theirs = _start_mlflow(store, answerer.champion)
    ours = _start_ours(store)
    try:
        in_process = _in_process(answerer, rows, rounds)
        found = {
            "pipeline.py serve": _measure(ours[1], rows, rounds),
            "mlflow models serve": _measure(theirs[1], rows, rounds),
        }
    finally:
        for process, _ in (ours, theirs):
            # The whole group: MLflow's server is a child of the process that was started.
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=60)
    shown = Table("way", "one row, p50 ms", "p95 ms", "times predict_proba", f"{CLIENTS} clients, a second")
    shown.add_row("predict_proba in process", f"{in_process:.2f}", "", "1.00", "")
    for name, (p50, p95, throughput) in found.items():
        shown.add_row(name, f"{p50:.2f}", f"{p95:.2f}", f"{p50 / in_process:.2f}", f"{throughput:,.0f}")
    Console().print(shown)


def _in_process(answerer, rows: list, n: int) -> float:
    """Return the median milliseconds of the estimator's answer for one row that is a frame of the right types."""
    frames = [portable.coerce(pd.DataFrame([row]), answerer.contract) for row in rows[:50]]
    return statistics.median(_times(lambda i: answerer.model.estimator.predict_proba(frames[i % 50]), n)) * 1000


def _times(work: Callable, n: int) -> list[float]:
    found = []
    for i in range(n):
        started = time.perf_counter()
        work(i)
        found.append(time.perf_counter() - started)
    return found


def _measure(address: str, rows: list, n: int) -> tuple[float, float, float]:
    bodies = [json.dumps({"dataframe_records": [row]}).encode() for row in rows]
    headers = {"content-type": "application/json"}
    with httpx.Client(base_url=address, headers=headers, timeout=60) as client:
        for body in bodies[:30]:
            client.post("/invocations", content=body).raise_for_status()
    import http.client

    connection = http.client.HTTPConnection(address.removeprefix("http://"))

    def one(i: int) -> None:
        connection.request("POST", "/invocations", bodies[i % len(bodies)], headers)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()

    times = sorted(_times(one, n))
    connection.close()
    return times[n // 2] * 1000, times[int(n * 0.95)] * 1000, asyncio.run(_throughput(address, bodies, 6.0))


async def _throughput(address: str, bodies: list[bytes], seconds: float) -> float:
    """Return answers a second, to clients that each ask again as soon as they are answered."""
    host, port = address.removeprefix("http://").split(":")
    ends = time.perf_counter() + seconds
    counts = await asyncio.gather(*(_client(host, int(port), bodies, ends) for _ in range(CLIENTS)))
    return sum(counts) / seconds


async def _client(host: str, port: int, bodies: list[bytes], ends: float) -> int:
    reader, writer = await asyncio.open_connection(host, port)
    n = 0
    while time.perf_counter() < ends:
        body = bodies[n % len(bodies)]
        head = f"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
        writer.write(head.encode() + b"\r\n\r\n" + body)
        told = await reader.readuntil(b"\r\n\r\n")
        assert told.startswith(b"HTTP/1.1 200"), told
        length = next(line for line in told.lower().split(b"\r\n") if line.startswith(b"content-length"))
        await reader.readexactly(int(length.split(b":")[1]))
        n += 1
    writer.close()
    return n


def _start_ours(store: Path) -> tuple[subprocess.Popen, str]:
    port = _free_port()
    command = [sys.executable, "pipeline.py", "serve", "--store", str(store), "--port", str(port)]
    return _started(command, port)


def _start_mlflow(store: Path, champion) -> tuple[subprocess.Popen, str]:
    port = _free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(champion.folder), "--env-manager", "local"]
    return _started([*command, "--port", str(port), "--host", "127.0.0.1"], port)


def _started(command: list[str], port: int) -> tuple[subprocess.Popen, str]:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    # MLflow looks for uvicorn on the path, where an environment that is not activated does not stand.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "PATH": path}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True, **quiet)
    address = f"http://127.0.0.1:{port}"
    for _ in range(240):
        if process.poll() is not None:
            break
        try:
            httpx.get(f"{address}/ping").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.5)
        else:
            return process, address
    sys.exit(f"{' '.join(command)} did not come up")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
