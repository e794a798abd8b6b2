"""Execute one notebook with papermill, and say truly how it ended.

Importing this module takes half a second: do it when there is something to execute.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib import imports

# jsonschema takes it, where it is installed, to check addresses; building its grammar takes longer than all the other
# imports here together, and no notebook is checked by it.
with imports.hidden("rfc3987_syntax"):
    import jsonschema  # noqa: F401

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import papermill_engines

from lib import atomic, interrupts
from lib.events import Event, Listener
from lib.kernels import Kernel, KernelSource
from lib.vitals import Watch

NAME = "cuaderno"
STATUSES = ("done", "refused", "failed", "died", "timeout", "interrupted")
_INTERRUPTED = "The run was interrupted."

# papermill and nbclient report on standard error what `Outcome` says; without a handler Python prints it there.
logging.getLogger("papermill").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Outcome:
    """How the execution of a notebook ended.

    Parameters
    ----------
    status : str
        One of `STATUSES`.
    error_name : str
        The class of what the notebook raised: ``"GateRefused"``; empty where it raised nothing.
    message : str
        What it said, or why the kernel died, for a person; empty if done.
    seconds : float
        Wall time, from asking for a kernel to the last cell.
    peak_memory_mb : float
        Most resident memory of the kernel and its children.
    cell : int
        The code cell at work when it ended, from 1; 0 if none had started.
    """

    status: str
    error_name: str
    message: str
    seconds: float
    peak_memory_mb: float
    cell: int


def execute(
    notebook: Path,
    output: Path,
    values: Mapping[str, Any],
    *,
    cwd: Path,
    listener: Listener,
    execution: str,
    time_limit: float,
    kernels: KernelSource,
    memory_limit_mb: float | None = None,
) -> Outcome:
    """Execute a notebook, write it once with its outputs, and return how it ended.

    Parameters
    ----------
    notebook : Path
    output : Path
        Where the executed notebook goes, whole or not at all, however the execution ends.
    values : mapping of name to value
        Injected by papermill after the `parameters` cell.
    cwd : Path
        The kernel's working directory; that of this process is not changed.
    listener : callable
        Is told of each code cell that starts; an `Event` of kind ``"cell"``.
    execution : str
        What the events call this execution.
    time_limit : float
        Seconds for the whole notebook, counted from its first cell.
    kernels : KernelSource
    memory_limit_mb : float or None
        Resident memory of the kernel and its children beyond which they are killed.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C, or SIGTERM, if this is the main thread: the kernel is dead and the notebook written by then.
        In other threads, `KernelSource.stop` ends it with an outcome ``"interrupted"``.
    OSError
        If the executed notebook cannot be written.
    """
    progress = _Progress(notebook.name, listener, execution, time_limit)
    document = nbformat.read(notebook, as_version=4)
    try:
        kernel = kernels.acquire(cwd)
    except RuntimeError:
        if kernels.stopped:
            return Outcome("interrupted", "", _INTERRUPTED, progress.seconds, 0.0, 0)
        raise
    try:
        with interrupts.raised(), Watch(kernel.process.pid, memory_limit_mb, kernel.kill) as watch:
            error = _error(document, values, kernel, progress)
            verdict = _judge(error, progress, kernels, kernel, watch)
    except KeyboardInterrupt:
        kernel.kill()
        raise
    finally:
        kernels.release(kernel)
        progress.write(output)
    return Outcome(*verdict, progress.seconds, watch.peak_mb, progress.cell)


class Engine(papermill.engines.Engine):
    """papermill's engine for a kernel that runs already; registered as `NAME`."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, *, manager, progress, **_):
        """Execute the cells, and note in the notebook what ended them early."""
        progress.document = nb_man.nb
        # papermill would note the whole notebook here, which it was given instead of a path.
        nb_man.nb.metadata.papermill.update(input_path=progress.name, output_path=progress.name)
        client = PapermillNotebookClient(
            nb_man,
            km=manager,
            kernel_name=kernel_name,
            timeout_func=progress.remaining,
            iopub_timeout=60,
            on_cell_execute=progress.on_cell,
        )
        try:
            client.execute()
        except BaseException as error:
            progress.note(error, nb_man)
            raise
        finally:
            if client.kc is not None:
                client.kc.stop_channels()


papermill_engines.register(NAME, Engine)


class _Progress:
    """How far an execution has come: its clock, its cell, and the notebook with its outputs so far."""

    def __init__(self, name: str, listener: Listener, execution: str, time_limit: float):
        self.name, self.cell, self.document, self.time_limit = name, 0, None, time_limit
        self._listener, self._execution = listener, execution
        self._started, self._first_cell, self._index = time.monotonic(), None, None

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def remaining(self, _cell: Any = None) -> float:
        # nbclient takes zero for no limit at all.
        return max(self._first_cell + self.time_limit - time.monotonic(), 0.001)

    @property
    def out_of_time(self) -> bool:
        return self._first_cell is not None and time.monotonic() >= self._first_cell + self.time_limit

    def on_cell(self, cell: Any, cell_index: int) -> None:
        self.cell, self._index = self.cell + 1, cell_index
        self._first_cell = self._first_cell or time.monotonic()
        n_cells = sum(c.cell_type == "code" and bool(c.source.strip()) for c in self.document.cells)
        self._listener(Event("cell", self._execution, self.cell, n_cells, self.seconds))

    def note(self, error: BaseException, nb_man: Any) -> None:
        # papermill itself would call this cell, and all that follow, completed.
        if self._index is None:
            return
        cell, name = self.document.cells[self._index], type(error).__name__
        said = str(error) or _INTERRUPTED
        cell.outputs.append(nbformat.v4.new_output("error", ename=name, evalue=said, traceback=[said]))
        nb_man.cell_exception(cell, self._index)

    def write(self, output: Path) -> None:
        if self.document is not None:
            atomic.write_text(output, nbformat.writes(self.document))


def _error(document: Any, values: Mapping[str, Any], kernel: Kernel, progress: _Progress) -> Exception | None:
    try:
        papermill.execute_notebook(
            document,
            None,
            dict(values),
            engine_name=NAME,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            manager=kernel.manager,
            progress=progress,
        )
    except (papermill.PapermillExecutionError, CellTimeoutError, DeadKernelError, RuntimeError) as error:
        return error
    return None


def _judge(
    error: Exception | None, progress: _Progress, kernels: KernelSource, kernel: Kernel, watch: Watch
) -> tuple[str, str, str]:
    """Return status, error name and message."""
    if error is None:
        return "done", "", ""
    name, message = getattr(error, "ename", type(error).__name__), getattr(error, "evalue", str(error))
    if kernels.stopped:
        return "interrupted", "", _INTERRUPTED
    if isinstance(error, papermill.PapermillExecutionError):
        return ("refused" if name == "GateRefused" else "failed"), name, message
    if isinstance(error, CellTimeoutError) and progress.out_of_time:
        limit = f"The notebook did not end within its limit of {progress.time_limit:,.0f} seconds"
        return "timeout", name, f"{limit}; cell {progress.cell} was at work."
    if kernel.process.poll() is not None:
        watch.note(getattr(kernel.process, "peak_mb", 0.0))
        cause = watch.cause_of_death(kernel.process.poll(), kernel.last_words)
        return "died", name, f"The kernel died at cell {progress.cell}: {cause}."
    return "failed", name, message
