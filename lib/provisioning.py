"""How a kernel is started and spoken to: jupyter_client's own classes, with what the runner does otherwise."""

import asyncio
import os
import sys
from pathlib import Path
from queue import Empty

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner

_LAUNCHER = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]


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
        return KernelSpec(argv=_LAUNCHER, display_name="Python 3", language="python")


def start(folder: Path, cwd: Path, environment: dict[str, str], preload: list[str]) -> Manager:
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
        Modules to import before the first cell is asked for.
    """
    folder.mkdir(mode=0o700)
    manager = Manager(connection_file=str(folder / "kernel.json"), **_transport())
    manager.provisioner = LocalProvisioner(kernel_id=folder.name, kernel_spec=manager.kernel_spec, parent=manager)
    with open(folder / "stderr", "wb") as stderr:
        asyncio.run(
            manager.start_kernel(
                cwd=str(cwd),
                env=environment,
                extra_arguments=_arguments(preload),
                stdout=stderr,
                stderr=stderr,
            )
        )
    return manager


def _transport() -> dict[str, str]:
    # Sockets of the file system cannot collide as ports do; Windows has none that zmq can use.
    return {"transport": "ipc"} if os.name == "posix" else {"transport": "tcp", "transport_encryption": "auto"}


def _arguments(preload: list[str]) -> list[str]:
    lines = [f"__import__({module!r}) and None" for module in preload]
    # A history on disk is one SQLite file for all kernels, and they lock one another out.
    return ["--HistoryManager.hist_file=:memory:", f"--IPKernelApp.exec_lines={lines!r}"]
