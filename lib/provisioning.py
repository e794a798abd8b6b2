"""How a kernel is started and spoken to: jupyter_client's own classes, with what the runner does otherwise."""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path
from queue import Empty

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner

from lib.forking import ForkServer

_PYTHON = [sys.executable, "-m", "ipykernel_launcher"]
# A history on disk is one SQLite file for all kernels, and they lock one another out.
_ARGUMENTS = ["--HistoryManager.hist_file=:memory:"]


class Client(AsyncKernelClient):
    """A client that is ready as soon as the kernel answers on both channels."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel answers and its outputs arrive.

        jupyter_client's own way also waits for 0.2 s of silence, in each notebook; messages of other requests
        are told apart by their parent.

        Raises
        ------
        RuntimeError
            If the kernel died, or has not answered in `timeout` seconds.
        """
        deadline = asyncio.get_running_loop().time() + (timeout or 60)
        while not await self._answers():
            if not await self._async_is_alive():
                raise RuntimeError("the kernel died before it was ready")
            if asyncio.get_running_loop().time() > deadline:
                raise RuntimeError(f"the kernel was not ready in {timeout:g} seconds")

    async def _answers(self) -> bool:
        self.kernel_info()
        try:
            await self.shell_channel.get_msg(timeout=1)
            await self.iopub_channel.get_msg(timeout=0.2)
        except Empty:
            return False
        return True

    def start_channels(self, *args, **kwargs) -> None:
        """Open the channels, without the heartbeat: the manager sees the process itself."""
        super().start_channels(*args, **{**kwargs, "hb": False})


class Manager(AsyncKernelManager):
    """A manager of a kernel of this very Python, whatever kernels the user has installed."""

    client_class = "lib.provisioning.Client"

    @property
    def kernel_spec(self) -> KernelSpec:
        """The kernel of this Python."""
        return KernelSpec(argv=[*_PYTHON, "-f", "{connection_file}"], display_name="Python 3", language="python")


class ForkProvisioner(LocalProvisioner):
    """A provisioner whose process is forked by a server, and not started anew.

    Parameters
    ----------
    server : ForkServer
    stderr : Path
        File for what the kernel writes to its standard error, outside of cells.
    """

    def __init__(self, server: ForkServer, stderr: Path, **kwargs):
        super().__init__(**kwargs)
        self._server, self._stderr = server, stderr

    async def launch_kernel(self, cmd, **kwargs):
        """Ask the server for a kernel with this command's arguments."""
        request = {
            "argv": cmd[len(_PYTHON) :],
            "cwd": kwargs["cwd"],
            "environment": kwargs["env"],
            "stderr": str(self._stderr),
        }
        self.process = await asyncio.to_thread(self._server.fork, request)
        self.pid = self.pgid = self.process.pid
        self.cwd = kwargs["cwd"]
        return self.connection_info


def start(
    folder: Path, cwd: Path, environment: dict[str, str], preload: list[str], server: ForkServer | None = None
) -> Manager:
    """Start a kernel and return its manager.

    Parameters
    ----------
    folder : Path
        For its sockets and standard error; its own, and short: a socket's path has at most 108 bytes.
    cwd : Path
        The kernel's working directory.
    environment : dict
        Its environment variables.
    preload : list of str
        Modules to import before the first cell is asked for, where there is no server that has done so.
    server : ForkServer or None
        Where to fork it; None for a process of its own from the start.

    Raises
    ------
    ForkFailed
        If the server cannot fork.
    """
    folder.mkdir(mode=0o700)
    manager = Manager(connection_file=str(folder / "kernel.json"), **_transport())
    common = {"kernel_id": folder.name, "kernel_spec": manager.kernel_spec, "parent": manager}
    launch = {"cwd": str(cwd), "env": environment, "extra_arguments": _ARGUMENTS}
    if server is not None:
        manager.provisioner = ForkProvisioner(server, folder / "stderr", **common)
        asyncio.run(manager.start_kernel(**launch))
    else:
        manager.provisioner = LocalProvisioner(**common)
        launch["extra_arguments"] = [*_ARGUMENTS, f"--IPKernelApp.exec_lines={[_import_line(preload)]!r}"]
        with (folder / "stderr").open("wb") as stderr:
            asyncio.run(manager.start_kernel(**launch, stdout=stderr, stderr=stderr))
    _volunteer(manager.provisioner.pid)
    return manager


def _volunteer(pid: int) -> None:
    """Let the system, where memory runs out, kill the kernel rather than the runner."""
    with suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text("500")


def _transport() -> dict[str, str]:
    # Sockets of the file system cannot collide as ports do; Windows has none that zmq can use.
    return {"transport": "ipc"} if os.name == "posix" else {"transport": "tcp", "transport_encryption": "auto"}


def _import_line(modules: list[str]) -> str:
    # In a namespace of its own: nothing is added to the notebook's. What fails is for the notebook to report.
    code = "for m in modules:\n with suppress(Exception, SystemExit): import_module(m)"
    names = "'import_module': __import__('importlib').import_module, 'suppress': __import__('contextlib').suppress"
    return f"exec({code!r}, {{{names}, 'modules': {modules!r}}})"
