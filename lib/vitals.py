"""What a kernel uses while it lives, and what it most likely died of."""

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

import psutil

_MB = 1024 * 1024
_EVERY = 0.1
_CHILDREN_EVERY = 10


class Watch:
    """Follow the memory of a process and its children; kill them where they pass a limit.

    Parameters
    ----------
    pid : int
    limit_mb : float or None
        Resident memory of the process and its children together, in MB.
    kill : callable
        Ends the process and its children.

    Attributes
    ----------
    peak_mb : float
        The most that was seen, or that the system remembers of the process itself.
    over_limit : bool
        Whether this watch has killed it.
    """

    def __init__(self, pid: int, limit_mb: float | None, kill: Callable[[], None]):
        self.peak_mb = 0.0
        self.over_limit = False
        self._pid, self._limit_mb, self._kill = pid, limit_mb, kill
        self._oom_kills = oom_kills()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"watch of {pid}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.peak_mb = max(self.peak_mb, high_water_mb(self._pid))
        self._stop.set()
        self._thread.join()

    def note(self, resident_mb: float) -> None:
        """Take a measurement, one's own or of somebody who knows better."""
        self.peak_mb = max(self.peak_mb, resident_mb)
        if self._limit_mb is not None and resident_mb > self._limit_mb and not self.over_limit:
            self.over_limit = True
            self._kill()

    def cause_of_death(self, exit_status: int, last_words: str = "") -> str:
        """Return in words why the process ended, most likely.

        Parameters
        ----------
        exit_status : int
            As `subprocess` gives it: a negative number is a signal.
        last_words : str
            What it wrote to its standard error.
        """
        peak = f"its peak was {self.peak_mb:,.0f} MB"
        if self.over_limit:
            return f"it was stopped because it used more memory than the limit of {self._limit_mb:,.0f} MB; {peak}"
        if self._out_of_memory(exit_status):
            total = psutil.virtual_memory().total / _MB
            return f"the system killed it because memory ran out; {peak} on a machine of {total:,.0f} MB"
        said = f"; it said: {last_words}" if last_words else ""
        return f"{_ending(exit_status)}; {peak}{said}"

    def _out_of_memory(self, exit_status: int) -> bool:
        killed = exit_status == -getattr(signal, "SIGKILL", 9)
        return killed and oom_kills() > self._oom_kills

    def _follow(self) -> None:
        children: list[psutil.Process] = []
        turn = 0
        while not self._stop.wait(_EVERY):
            try:
                process = psutil.Process(self._pid)
                # Looking for children reads every process of the machine, hence seldom.
                children = process.children(recursive=True) if turn % _CHILDREN_EVERY == 0 else children
                self.note((process.memory_info().rss + sum(map(_resident, children))) / _MB)
            except psutil.Error:
                return
            turn += 1


def oom_kills() -> int:
    """Return how many processes the system has killed for want of memory since it started; 0 where it does not say."""
    try:
        lines = Path("/proc/vmstat").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def _ending(exit_status: int) -> str:
    if exit_status >= 0:
        return f"it left with exit status {exit_status}"
    try:
        return f"it was ended by {signal.Signals(-exit_status).name}"
    except ValueError:
        return f"it was ended by signal {-exit_status}"


def _resident(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def high_water_mb(pid: int) -> float:
    """Return the most memory that Linux remembers of a process itself, in MB, and 0 elsewhere.

    `resource` gives a new process the memory of the one that it was started from.
    """
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
