"""Ask a server for kernels that are forked from it, and follow what becomes of them."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from lib import forkserver


class ForkFailed(RuntimeError):
    """The server cannot fork a kernel: it is gone, or not as a fork needs it."""


def available() -> bool:
    """Return whether kernels can be forked safely: macOS's own libraries do not survive it, Windows has no fork."""
    return sys.platform == "linux"


class ForkServer:
    """The runner's side.

    Parameters
    ----------
    groups : list of list of str
        Modules to import. The kernel number i is forked when the first i groups are there.
    environment : dict
        Environment variables of the server.
    folder : Path
        For its log; removed when the runner is gone.
    """

    def __init__(self, groups: list[list[str]], environment: dict[str, str], folder: Path):
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair()
        with theirs, (folder / "server").open("wb") as log:
            # -P: the folder of this file holds modules named as those of the standard library.
            self._process = subprocess.Popen(
                [sys.executable, "-P", forkserver.__file__, str(theirs.fileno())],
                env={**forkserver.BACKEND, **environment, **forkserver.WITHOUT_THREADS},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        forkserver.send(self._socket, {"groups": groups, "folder": str(folder)})

    def fork(self, request: dict) -> "ForkedProcess":
        """Return a new kernel's process.

        Parameters
        ----------
        request : dict
            argv, cwd, environment and stderr of the kernel.

        Raises
        ------
        ForkFailed
            If there is none.
        """
        ours, theirs = socket.socketpair()
        try:
            with theirs, self._lock:
                forkserver.send(self._socket, request, theirs)
            return ForkedProcess(ours)
        except OSError as error:
            ours.close()
            raise ForkFailed(f"the server of kernels is gone: {error}") from None

    def close(self) -> None:
        """End the server and what it has forked; from any thread, and more than once if need be."""
        self._socket.close()
        self._process.kill()
        self._process.wait()


class ForkedProcess:
    """A forked kernel as its parent's parent sees it, with the part of `subprocess.Popen` that jupyter_client uses."""

    stdin = stdout = stderr = None

    def __init__(self, connection: socket.socket):
        self.returncode: int | None = None
        self.peak_mb = 0.0
        self._connection = connection
        answer = connection.makefile("r", encoding="utf-8")
        with answer:
            first = json.loads(answer.readline() or '{"error": "the server of kernels ended"}')
        if "error" in first:
            connection.close()
            raise ForkFailed(first["error"])
        self.pid = first["pid"]

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        if self.returncode is None:
            self._connection.setblocking(False)
            with suppress(BlockingIOError):
                self._note(self._connection.recv(1024))
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status when there is one."""
        if self.returncode is None:
            self._connection.settimeout(timeout)
            self._note(self._connection.recv(1024))
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def _note(self, answer: bytes) -> None:
        # Without an answer the server was killed, and the system has killed its kernels then.
        end = json.loads(answer) if answer else {"status": -signal.SIGKILL}
        self.returncode, self.peak_mb = end["status"], end.get("peak_mb", 0.0)
        self._connection.close()
