"""Time the dashboard's first view in a browser, on two years of daily windows and ten million predictions' counts."""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import boards  # noqa: E402
import histories  # noqa: E402

from lib import project  # noqa: E402

FIRST_SCREEN, FIGURE, PAUSE = ".health .word", ".js-plotly-plot .main-svg", 12


def main(rounds: int = 5) -> None:
    """Print the medians over some rounds: a page whose kernel was started ahead, and one whose kernel was not."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory(prefix="cuaderno-dashboard-") as name:
        made = project.at(Path(name))
        histories.two_years(made)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=boards.CHROMIUM, args=boards.FLAGS.split())
            port, server = _start(made)
            try:
                _tell(browser, port, rounds)
            finally:
                server.terminate()
                server.wait(timeout=30)


def _tell(browser, port: int, rounds: int) -> None:
    ahead, cold = [], []
    for _ in range(rounds):
        time.sleep(PAUSE)
        ahead.append(_visit(browser, port))
        # The one kernel that was started ahead has just been taken.
        cold.append(_visit(browser, port))
    for words, found in (("kernel started ahead", ahead), ("cold", cold)):
        screens, figures = (statistics.median(times) for times in zip(*found, strict=True))
        print(f"{words}: first screen {screens:.2f} s, first figure {figures:.2f} s (median of {rounds})")


def _visit(browser, port: int) -> tuple[float, float]:
    """Return the seconds until the first screen can be read, and until the first figure is drawn."""
    context = browser.new_context()
    page = context.new_page()
    started = time.perf_counter()
    page.goto(f"http://127.0.0.1:{port}/", wait_until="commit", timeout=120_000)
    page.wait_for_selector(FIRST_SCREEN, timeout=120_000)
    screen = time.perf_counter() - started
    page.wait_for_selector(FIGURE, timeout=120_000)
    figure = time.perf_counter() - started
    page.goto("about:blank")
    context.close()
    return screen, figure


def _start(made) -> tuple[int, subprocess.Popen]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    environment = {**os.environ, "CUADERNO_STORE": str(made.store), "CUADERNO_REPORTS": str(made.reports)}
    command = [sys.executable, str(ROOT / "pipeline.py"), "dashboard", "--no-browser", "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/voila/static/voila.js", timeout=5).close()
            return port, server
        except OSError:
            time.sleep(0.2)
    server.kill()
    raise RuntimeError("the dashboard did not start within two minutes")


if __name__ == "__main__":
    if not boards.CHROMIUM or not shutil.which(boards.CHROMIUM):
        sys.exit("No Chromium on this machine.")
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
