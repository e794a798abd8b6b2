"""A real server process for tests, and clients that ask it all the time."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from releases import raw_table

ROOT = Path(__file__).parent.parent
ROWS = json.loads(raw_table(50).drop(columns="late").to_json(orient="records", date_format="iso"))


@contextlib.contextmanager
def running(store: Path, *options: str) -> Iterator[tuple[subprocess.Popen, str]]:
    """Start a server on a free port, yield it with its address, and end it if it still lives."""
    command = [sys.executable, "pipeline.py", "serve", "--store", str(store), "--port", "0", *options]
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        told = process.stdout.readline()
        assert "Serving" in told, process.stderr.read()
        yield process, told.partition(" at ")[2].partition(";")[0]
    finally:
        process.terminate()
        process.communicate(timeout=30)


class Clients:
    """Some clients that ask for one row after the other, and note what they get."""

    def __init__(self, address: str, n: int = 4):
        self.address, self.answers, self.failures = address, [], []
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(n)]

    def _ask(self) -> None:
        with httpx.Client(base_url=self.address, timeout=30) as client:
            for n in iter(int, 1):
                if self._stopped.is_set():
                    return
                try:
                    found = client.post("/invocations", json={"dataframe_records": [ROWS[n % len(ROWS)]]})
                except httpx.HTTPError as error:
                    if not self._stopped.is_set():
                        self.failures.append(repr(error))
                    return
                kept = self.answers if found.status_code == 200 else self.failures
                kept.append((found.headers.get("x-request-id"), found.headers.get("x-model-version"), found.text))
                time.sleep(0.005)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, happened, seconds: float = 60) -> None:
        """Wait until something has happened."""
        deadline = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < deadline, (len(self.answers), self.failures[:3])
            time.sleep(0.05)

    def versions(self) -> list[str]:
        """Return which versions answered, one after the other."""
        seen = [version for _, version, _ in self.answers]
        return [version for n, version in enumerate(seen) if n == 0 or seen[n - 1] != version]
