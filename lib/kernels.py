"""Kernels for the runner: each notebook gets one of its own, and the next one is started ahead.

Importing this module is cheap: what takes time to import is imported while the first kernel starts.
"""

import asyncio
import logging
import os
import shutil
import signal
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, Self

import psutil

from lib import imports, preloading, scratch
from lib.forking import ForkFailed, ForkServer, available

_LOG = logging.getLogger("cuaderno")
_LONGEST_SOCKET_PATH = 100


class Kernel:
    """One kernel that runs, and its folder."""

    def __init__(self, manager: Any, folder: Path):
        self.manager, self.folder = manager, folder

    @property
    def process(self) -> Any:
        """The process: `pid`, `poll()`, as `subprocess.Popen` has them; None once it is shut down."""
        return self.manager.provisioner.process

    @property
    def last_words(self) -> str:
        """The end of what the kernel wrote to its standard error, outside of cells."""
        try:
            return (self.folder / "stderr").read_text(errors="replace").strip()[-500:]
        except OSError:
            return ""

    def kill(self) -> None:
        """End the kernel and its children at once."""
        self.sweep(self.family())

    def family(self) -> list[psutil.Process]:
        """Return the kernel and its children, while it lives; afterwards nobody knows whose children they were."""
        try:
            kernel = psutil.Process(self.manager.provisioner.pid)
            return [kernel, *kernel.children(recursive=True)]
        except psutil.Error:
            return []

    def sweep(self, family: Iterable[psutil.Process]) -> None:
        """Kill these, and who is left in the kernel's session."""
        for process in family:
            with suppress(psutil.Error):
                process.kill()
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.manager.provisioner.pid, signal.SIGKILL)


class KernelSource:
    """Where executions get their kernels; safe to use from several threads.

    Parameters
    ----------
    notebooks : iterable of Path
        What will be executed, in this order: their kernels have imported what these import. Modules of the
        project itself are never imported ahead: an edited one must be seen.
    environment : mapping or None
        Environment variables of the kernels; None for those of this process.
    expected : int or None
        How many kernels will be asked for, so that none is started for nothing; None for one a notebook,
        or, without notebooks, for as many as there may be.
    forking : bool or None
        Whether to fork kernels from one that has done the imports; None where that is safe.

    Attributes
    ----------
    stopped : bool
        Whether `stop` was called: kernels that died since did so for that.
    """

    def __init__(
        self,
        notebooks: Iterable[Path] = (),
        *,
        environment: Mapping[str, str] | None = None,
        expected: int | None = None,
        forking: bool | None = None,
    ):
        self.stopped = False
        self._environment = dict(os.environ if environment is None else environment)
        self._folder = _short_folder()
        self._groups = [preloading.modules(notebook) for notebook in notebooks]
        self._expected = expected if expected is not None else len(self._groups) or float("inf")
        self._forking = available() if forking is None else forking
        self._server: ForkServer | None = None
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._ahead: dict[Path, Future] = {}
        self._alive: set[Kernel] = set()
        self._workers = ThreadPoolExecutor(thread_name_prefix="kernels")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def forks(self) -> bool:
        """Whether kernels are forked; what cannot be forked is started afresh from then on."""
        return self._forking

    def prepare(self, cwd: Path) -> None:
        """Start a kernel ahead, unless there is one or none will be needed; return at once."""
        with self._lock:
            if cwd not in self._ahead and self._expected > 0 and not self.stopped:
                self._expected -= 1
                self._begin()
                self._ahead[cwd] = self._workers.submit(self._start, cwd)

    def acquire(self, cwd: Path) -> Kernel:
        """Return a kernel whose working directory is `cwd`, and start the next one ahead.

        Raises
        ------
        RuntimeError
            If the source is stopped meanwhile.
        """
        if self.stopped:
            raise RuntimeError("no kernels: the source was stopped")
        with self._lock:
            ahead = self._ahead.pop(cwd, None)
            if ahead is None:
                self._expected -= 1
                self._begin()
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
        if self._server is not None:
            self._server.close()

    def close(self) -> None:
        """Shut down what still runs, and wait for it."""
        with self._lock:
            ahead = list(self._ahead.values())
            self._ahead.clear()
        for future in ahead:
            if not future.cancel() and future.exception() is None:
                self.release(future.result())
        self._workers.shutdown()
        if self._server is not None:
            self._server.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, cwd: Path) -> Kernel:
        with imports.alone:
            from lib import provisioning

        number = next(self._numbers)
        folder = self._folder / str(number)
        preload = self._groups[min(number, len(self._groups)) - 1] if self._groups else []
        try:
            manager = provisioning.start(
                folder, cwd, dict(self._environment), preload, self._server if self._forking else None
            )
        except ForkFailed as reason:
            if self.stopped:
                raise
            _LOG.warning("Kernels are started one by one, which is slower, because %s.", reason)
            self._forking = False
            return self._start(cwd)
        kernel = Kernel(manager, folder)
        with self._lock:
            self._alive.add(kernel)
        if self.stopped:
            kernel.kill()
        return kernel

    def _begin(self) -> None:
        """Start the server before the first kernel, and not for a run that needs none."""
        if self._server is None and self._forking:
            self._server = ForkServer(self._groups, self._environment, self._folder)

    def _retire(self, kernel: Kernel) -> None:
        family = kernel.family()
        asyncio.run(kernel.manager.shutdown_kernel(now=self.stopped))
        kernel.sweep(family)
        with self._lock:
            self._alive.discard(kernel)
        shutil.rmtree(kernel.folder, ignore_errors=True)


def _short_folder() -> Path:
    """Return a new folder for sockets, whose paths the system limits to 104 bytes (macOS) or 108 (Linux)."""
    folder = scratch.make()
    if os.name == "posix" and len(os.fsencode(folder / "1000" / "kernel-ipc-5")) > _LONGEST_SOCKET_PATH:
        folder.rmdir()
        folder = scratch.make(Path("/tmp"))  # noqa: S108
    return folder
