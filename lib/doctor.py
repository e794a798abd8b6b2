"""The verb `doctor`: does everything work that the other verbs need, and if not, what to do."""

import importlib.metadata
import shutil
import socket
import subprocess
import tempfile
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lib.errors import InputError
from lib.project import Project

LEAST_FREE_GB = 2.0
SECONDS_FOR_A_KERNEL = 60
PORTS = {"dashboard": 8866, "serve": 8000}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Parameters
    ----------
    name : str
    state : {"well", "note", "ill"}
        A note is worth knowing and stops nothing.
    found : str
        What is there.
    todo : str
        What to do about it; empty where it is well.
    """

    name: str
    state: str
    found: str
    todo: str = ""


def examine(project: Project) -> list[Finding]:
    """Look at everything, whatever is found on the way; nothing is changed."""
    looks: list[Callable[[], Finding]] = [
        lambda: versions(project.root / "pyproject.toml"),
        kernel,
        lambda: folder("store", project.store),
        lambda: folder("reports", project.reports),
        lambda: database(project.store),
        lambda: tracking(project.store),
        *(lambda name=name, port=port: free_port(name, port) for name, port in PORTS.items()),
    ]
    return [look() for look in looks]


def versions(pyproject: Path) -> Finding:
    """Compare what is installed with what the project asks for."""
    from packaging.requirements import Requirement

    wanted = map(Requirement, tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["dependencies"])
    found = [(each, _version(each.name)) for each in wanted]
    wrong = [f"{each} (found {has or 'none'})" for each, has in found if not has or has not in each.specifier]
    if wrong:
        return Finding("packages", "ill", f"not as asked for: {', '.join(wrong)}", "Run `uv sync`.")
    return Finding("packages", "well", "all as pyproject.toml asks")


def kernel() -> Finding:
    """Start a kernel, as each notebook needs one, and let it compute."""
    from jupyter_client.manager import start_new_kernel

    quiet = {"stderr": subprocess.DEVNULL}
    try:
        manager, client = start_new_kernel(kernel_name="python3", startup_timeout=SECONDS_FOR_A_KERNEL, **quiet)
    except Exception as error:  # noqa: BLE001  whatever it is, it is what is wrong
        return Finding("kernel", "ill", f"does not start: {error}", "Run `uv sync`; it brings ipykernel.")
    try:
        reply = client.execute_interactive("import lib", timeout=SECONDS_FOR_A_KERNEL, output_hook=lambda _: None)
        status = reply["content"]["status"]
    except TimeoutError:
        status = "no answer"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    if status != "ok":
        return Finding("kernel", "ill", f"starts, but cannot import lib ({status})", "Run `uv sync` in this folder.")
    return Finding("kernel", "well", "starts and imports lib")


def folder(name: str, path: Path) -> Finding:
    """Write into a folder, or into the one that it would be made in, and see how much space there is."""
    there = next(parent for parent in (path, *path.parents) if parent.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=there):
            pass
    except OSError as error:
        todo = f"Give yourself the right to write to {there}, or choose another folder with --{name}."
        return Finding(name, "ill", f"{path} cannot be written: {error.strerror}", todo)
    free = shutil.disk_usage(there).free / 1e9
    if free < LEAST_FREE_GB:
        return Finding(name, "note", f"{free:.1f} GB are free", "`uv run pipeline.py gc` removes old runs.")
    return Finding(name, "well", f"{path} can be written, {free:,.0f} GB are free")


def database(store: Path) -> Finding:
    """Reach the database, if there is one yet."""
    from lib import database as kept

    try:
        url = kept.address(store)
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
            return Finding("database", "well", "none yet; the first run makes it")
        kept.connect(store)
    except InputError as error:
        todo = f"Bring it back, or set {kept.ADDRESS} to where it is; without it, SQLite in the store is used."
        return Finding("database", "ill", str(error), todo)
    return Finding("database", "well", f"{url.get_backend_name()} answers")


def tracking(store: Path) -> Finding:
    """See where MLflow keeps its records, that it can be reached, and that it sends nothing to its makers."""
    from lib import tracking as kept

    where = kept.address(store)
    if not kept.telemetry_is_off():
        return Finding("tracking", "ill", "MLflow's telemetry is on", "Set MLFLOW_DISABLE_TELEMETRY=true.")
    if where.startswith(("http://", "https://")) and not _answers(where):
        todo = "Start the server, or unset MLFLOW_TRACKING_URI to use the store's own database."
        return Finding("tracking", "ill", "the tracking server does not answer", todo)
    kind = "a server that answers" if where.startswith("http") else "a database in the store"
    return Finding("tracking", "well", f"{kind}; telemetry is off")


def free_port(name: str, port: int) -> Finding:
    """See whether the port that a verb takes by itself is free."""
    with socket.socket() as tried:
        tried.settimeout(1)
        taken = tried.connect_ex(("127.0.0.1", port)) == 0
    if taken:
        return Finding(f"port {port}", "note", "something listens there", f"Give `{name}` another with --port.")
    return Finding(f"port {port}", "well", f"free for `{name}`")


def told(found: Iterable[Finding]) -> dict[str, Any]:
    """Return the findings as plain values, for programs."""
    rows = [asdict(finding) for finding in found]
    return {"well": all(row["state"] != "ill" for row in rows), "findings": rows}


def text(report: dict[str, Any]) -> str:
    """Return the findings as lines for a person, each with what to do where something is to be done."""
    signs = {"well": "ok  ", "note": "note", "ill": "ILL "}
    lines = [
        f"{signs[row['state']]} {row['name']:<10} {'. '.join(filter(None, (row['found'], row['todo'])))}"
        for row in report["findings"]
    ]
    end = "All is well." if report["well"] else "Put right what is ill, and ask again."
    return "\n".join([*lines, end])


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _answers(address: str) -> bool:
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(f"{address.rstrip('/')}/health", timeout=5) as answer:  # noqa: S310  http, above
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False
