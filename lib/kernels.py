"""Kernels for the runner: each notebook gets one of its own, and the next one is started ahead.

Importing this module is cheap: what takes time to import is imported while the first kernel starts.
"""

import asyncio
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, Self

import psutil

_LONGEST_SOCKET_PATH = 100


class Kernel:
    """One kernel that runs, and its folder."""

    def __init__(self, manager: Any, folder: Path):
        self.manager, self.folder = manager, folder

    @property
    def process(self) -> Any:
        """The process: `pid`, `poll()`, as `subprocess.Popen` has them; None when it was seen to end."""
        return self.manager.provisioner.process

    @property
    def last_words(self) -> str:
        """The end of what the kernel wrote to its standard error, outside of cells."""
        try:
            return (self.folder / "stderr").read_text(errors="replace").strip()[-500:]
        except OSError:
            return ""

    def kill(self) -> None:
        """End the kernel and its children at once; also the children that outlived it."""
        pid = self.manager.provisioner.pid
        for process in _family(pid):
            with suppress(psutil.Error):
                process.kill()
        if hasattr(os, "killpg"):
            # Each kernel leads a session of its own.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)


class KernelSource:
    """Where executions get their kernels; safe to use from several threads.

    Parameters
    ----------
    preload : iterable of str
        Modules that the notebooks will import. Never those of the project itself: an edited one must be seen.
    environment : mapping or None
        Environment variables of the kernels; None for those of this process.
    expected : int or None
        How many kernels will be asked for, so that none is started for nothing; None if not known.

    Attributes
    ----------
    stopped : bool
        Whether `stop` was called: kernels that died since did so for that.
    """

    def __init__(
        self,
        preload: Iterable[str] = (),
        *,
        environment: Mapping[str, str] | None = None,
        expected: int | None = None,
    ):
        self.stopped = False
        self._preload = list(preload)
        self._environment = dict(os.environ if environment is None else environment)
        self._expected = expected
        self._folder = _short_folder()
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._ahead: dict[Path, Future] = {}
        self._alive: set[Kernel] = set()
        self._workers = ThreadPoolExecutor(thread_name_prefix="kernels")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def prepare(self, cwd: Path) -> None:
        """Start a kernel ahead, unless there is one; return at once."""
        with self._lock:
            if cwd not in self._ahead and self._wanted() and not self.stopped:
                self._ahead[cwd] = self._workers.submit(self._start, cwd)

    def acquire(self, cwd: Path) -> Kernel:
        """Return a kernel whose working directory is `cwd`, and start the next one ahead."""
        with self._lock:
            ahead = self._ahead.pop(cwd, None)
        kernel = ahead.result() if ahead else self._start(cwd)
        self.prepare(cwd)
        return kernel

    def release(self, kernel: Kernel) -> None:
        """Shut a kernel down, politely and in the background."""
        self._workers.submit(self._retire, kernel)

    def stop(self) -> None:
        """Kill every kernel, from any thread: what they execute ends at once as interrupted."""
        self.stopped = True
        with self._lock:
            alive = list(self._alive)
        for kernel in alive:
            kernel.kill()

    def close(self) -> None:
        """Shut down what still runs, and wait for it."""
        with self._lock:
            ahead = list(self._ahead.values())
            self._ahead.clear()
        for future in ahead:
            if not future.cancel() and future.exception() is None:
                self.release(future.result())
        self._workers.shutdown()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wanted(self) -> bool:
        return self._expected is None or self._expected > 0

    def _start(self, cwd: Path) -> Kernel:
        from lib import provisioning

        with self._lock:
            folder = self._folder / str(next(self._numbers))
            self._expected = None if self._expected is None else self._expected - 1
        kernel = Kernel(provisioning.start(folder, cwd, dict(self._environment), self._preload), folder)
        with self._lock:
            self._alive.add(kernel)
        return kernel

    def _retire(self, kernel: Kernel) -> None:
        asyncio.run(kernel.manager.shutdown_kernel(now=self.stopped))
        kernel.kill()
        with self._lock:
            self._alive.discard(kernel)
        shutil.rmtree(kernel.folder, ignore_errors=True)


def _family(pid: int) -> list[psutil.Process]:
    try:
        kernel = psutil.Process(pid)
        return [kernel, *kernel.children(recursive=True)]
    except psutil.Error:
        return []


def _short_folder() -> Path:
    """Return a new folder for sockets, whose paths the system limits to 104 bytes (macOS) or 108 (Linux)."""
    folder = Path(tempfile.mkdtemp(prefix="cuaderno-"))
    if os.name == "posix" and len(os.fsencode(folder / "1000" / "kernel-ipc-5")) > _LONGEST_SOCKET_PATH:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="cuaderno-", dir="/tmp"))
    return folder
