"""Fork kernels from a process that has done the imports: the server, run as a script; its client is `forking`.

::

    runner ──requests──> server, imports once ──fork──> kernel
       └────────────── one socket a kernel: its pid, then how it ended

The server ends when the runner does, however that ends: the socket closes. Each kernel ends with the server.
Only the standard library is imported here, and nothing of the project, so that a kernel sees each edit of `lib`.
"""

import ctypes
import faulthandler
import gc
import importlib
import json
import os
import random
import selectors
import shutil
import signal
import socket
import struct
import sys
from collections import deque
from contextlib import suppress
from pathlib import Path

_HEADER = struct.Struct("!I")
_PR_SET_PDEATHSIG = 1

# OpenBLAS and Arrow's allocator start threads as they are loaded, and a fork must find none.
WITHOUT_THREADS = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
# What ipykernel sets before a notebook can import matplotlib, which reads it once.
BACKEND = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}


class _Server:
    """The server's side: imports when it has nothing else to do, forks on request, reports how each kernel ended."""

    def __init__(self, control: socket.socket):
        opening, _ = receive(control)
        self._control = control
        self._folder = opening["folder"]
        self._imports = deque((module, number) for number, group in enumerate(opening["groups"]) for module in group)
        self._requests: deque[tuple[dict, socket.socket]] = deque()
        self._kernels: dict[int, socket.socket] = {}
        self._forks = 0
        self._wake_read, self._wake_write = socket.socketpair()
        self._selector = selectors.DefaultSelector()

    def serve(self) -> dict | None:
        """Return in each kernel, with its request; return None in the server, when the runner is gone."""
        self._listen()
        while self._take():
            if self._may_fork():
                request, connection = self._requests.popleft()
                if self._fork(connection):
                    return request
            elif self._imports:
                _import(self._imports.popleft()[0])
        for pid in self._kernels:
            _kill_group(pid)
        shutil.rmtree(self._folder, ignore_errors=True)
        return None

    def _listen(self) -> None:
        self._wake_write.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_write.fileno())
        self._selector.register(self._control, selectors.EVENT_READ)
        self._selector.register(self._wake_read, selectors.EVENT_READ)

    def _may_fork(self) -> bool:
        return bool(self._requests) and not (self._imports and self._imports[0][1] <= self._forks)

    def _take(self) -> bool:
        """Take what has arrived, waiting for it if there is nothing to import; return whether the runner is there."""
        idle = not self._imports and not self._requests
        for key, _ in self._selector.select(None if idle else 0):
            if key.fileobj is self._wake_read:
                self._wake_read.recv(1024)
                self._reap()
            elif key.fileobj is self._control:
                request, connection = receive(self._control)
                if request is None:
                    return False
                self._requests.append((request, connection))
            elif key.data in self._kernels:
                # The runner has closed its end of this kernel's socket: it wants it no more.
                self._selector.unregister(key.fileobj)
                _kill_group(key.data)
        return True

    def _fork(self, connection: socket.socket) -> bool:
        """Fork; return whether this is the kernel."""
        self._forks += 1
        reason = _unsafe(
            {connection.fileno(), *(key.fd for key in self._selector.get_map().values())}, self._wake_write
        )
        if reason:
            _answer(connection, error=reason)
            connection.close()
            return False
        gc.freeze()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._forget(connection)
            return True
        self._kernels[pid] = connection
        self._selector.register(connection, selectors.EVENT_READ, pid)
        _answer(connection, pid=pid)
        return False

    def _forget(self, connection: socket.socket) -> None:
        """Close, in a kernel, what is the server's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        # Closing alone: to unregister would take the sockets out of the server's own selector.
        self._selector.close()
        waiting = [waiting for _, waiting in self._requests]
        for end in (connection, self._control, self._wake_read, self._wake_write, *self._kernels.values(), *waiting):
            end.close()

    def _reap(self) -> None:
        for pid, connection in list(self._kernels.items()):
            # Look first and reap afterwards: until then its number, which is its group's, belongs to nobody else.
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                continue
            _kill_group(pid)
            _, status, usage = os.wait4(pid, 0)
            del self._kernels[pid]
            with suppress(KeyError):
                self._selector.unregister(connection)
            _answer(connection, status=os.waitstatus_to_exitcode(status), peak_mb=usage.ru_maxrss / 1024)
            connection.close()


def become_kernel(request: dict) -> None:
    """Be the kernel that was asked for, until it is shut down."""
    server = os.getppid()
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server:
        os._exit(1)
    _take_over(Path(request["stderr"]))
    os.environ.clear()
    os.environ.update({**BACKEND, **request["environment"]})
    os.chdir(request["cwd"])
    gc.enable()
    _restore_threads()
    _reseed()

    if "pandas" in sys.modules:
        # Imported before there was a kernel, pandas took itself to be in a terminal and would show fewer columns.
        sys.modules["pandas"].set_option("display.max_columns", 20)
    from ipykernel.kernelapp import IPKernelApp

    sys.argv = ["ipykernel_launcher", *request["argv"]]
    IPKernelApp.launch_instance(argv=request["argv"], parent_handle=server)


def _take_over(stderr: Path) -> None:
    log = stderr.open("ab", buffering=0)
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    # ipykernel sends what is written to 1 and 2 to the client; a crash can only be written to a file.
    faulthandler.enable(log)


def _restore_threads() -> None:
    """Give BLAS the threads that it would have started with."""
    with suppress(ImportError):
        from threadpoolctl import ThreadpoolController

        asked = os.environ.get("OPENBLAS_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS") or ""
        n_threads = int(asked) if asked.isdigit() else len(os.sched_getaffinity(0))
        for library in ThreadpoolController().select(user_api="blas").lib_controllers:
            library.set_num_threads(n_threads)


def _reseed() -> None:
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


def _import(module: str) -> None:
    # What cannot be imported is for the notebook to report, if it really needs it.
    with suppress(Exception, SystemExit):
        importlib.import_module(module)


def _unsafe(own: set[int], *more: socket.socket) -> str:
    """Return why a fork would not be safe now: other threads, or connections; empty if it is."""
    n_threads = len(list(Path("/proc/self/task").iterdir()))
    if n_threads > 1:
        return f"{n_threads - 1} threads are alive after the imports"
    own = own | {end.fileno() for end in more}
    n_connections = sum(int(entry.name) not in own and entry.is_socket() for entry in Path("/proc/self/fd").iterdir())
    return f"{n_connections} connections are open after the imports" if n_connections else ""


def _kill_group(pid: int) -> None:
    with suppress(OSError):
        os.killpg(pid, signal.SIGKILL)


def _answer(connection: socket.socket, **answer: object) -> None:
    with suppress(OSError):
        connection.sendall(json.dumps(answer).encode() + b"\n")


def send(channel: socket.socket, message: dict, connection: socket.socket | None = None) -> None:
    """Send a message, and with it a socket, to the process at the other end."""
    body = json.dumps(message).encode()
    passed = [connection.fileno()] if connection else []
    socket.send_fds(channel, [_HEADER.pack(len(body))], passed)
    channel.sendall(body)


def receive(channel: socket.socket) -> tuple[dict | None, socket.socket | None]:
    """Return the next message and the socket that came with it; None and None where the other end is closed."""
    header, passed, _, _ = socket.recv_fds(channel, _HEADER.size, 1)
    if len(header) < _HEADER.size:
        return None, None
    size = _HEADER.unpack(header)[0]
    body = bytearray()
    while len(body) < size:
        part = channel.recv(size - len(body))
        if not part:
            return None, None
        body += part
    return json.loads(body), socket.socket(fileno=passed[0]) if passed else None


def main() -> None:
    """Serve until the runner is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    server = _Server(socket.socket(fileno=int(sys.argv[1])))
    _import("ipykernel.kernelapp")
    request = server.serve()
    if request is not None:
        become_kernel(request)


if __name__ == "__main__":
    main()
