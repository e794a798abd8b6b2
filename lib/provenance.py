"""Where a run comes from: commit, packages, machine and process."""

import getpass
import os
import platform
import socket
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
COMMIT = ("git.commit", "git.dirty")
_SECONDS = 1.0
"""Start times of one process, asked for twice, can differ by rounding; those of two with one number do not fit in."""


def commit(root: Path = ROOT) -> dict[str, str]:
    """Return the git commit of the source and whether files differ from it; empty where there is no repository."""
    head = _git(root, "rev-parse", "HEAD")
    if head is None:
        return {}
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    return dict(zip(COMMIT, (head, str(bool(changed)).lower()), strict=True))


def _git(root: Path, *words: str) -> str | None:
    command = ["git", "-C", str(root), *words]
    try:
        answer = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def packages() -> dict[str, str]:
    """Return the version of every installed package, by name."""
    found = {package.metadata["Name"]: package.version for package in metadata.distributions()}
    return dict(sorted(found.items(), key=lambda pair: pair[0].lower()))


def machine() -> dict[str, str]:
    """Return the Python version and the platform."""
    return {"python": platform.python_version(), "platform": platform.platform()}


def person() -> str:
    """Return the name of whoever is at work, as the system knows it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"


def process() -> dict[str, str]:
    """Return what tells this process from every other: machine, number, and when it started."""
    return {
        "process.host": socket.gethostname(),
        "process.id": str(os.getpid()),
        "process.started": f"{psutil.Process().create_time():.3f}",
    }


def is_gone(described: Mapping[str, str]) -> bool:
    """Return whether the process that `process` described has ended; False where that cannot be known.

    Parameters
    ----------
    described : mapping
        What `process` returned, there and then.
    """
    if described.get("process.host") != socket.gethostname() or "process.id" not in described:
        return False
    try:
        started = psutil.Process(int(described["process.id"])).create_time()
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False
    return abs(started - float(described["process.started"])) > _SECONDS
