"""What happens during a run, told to whoever shows or records it."""

from collections.abc import Callable
from dataclasses import dataclass

KINDS = ("planned", "waiting", "started", "cell", "reused", "done", "refused", "failed")


@dataclass(frozen=True)
class Event:
    """One thing that happened to one execution.

    Parameters
    ----------
    kind : str
        One of `KINDS`. ``planned`` comes once for each execution before anything starts; ``cell`` at each cell's start.
    execution : str
        The stage, or the stage and candidate: ``"04_training/linear"``.
    cell : int
        The cell at work, from 1; 0 where none is.
    n_cells : int
        Code cells of the notebook.
    seconds : float
        Time since the execution started.
    expected_seconds : float or None
        How long it took the last time; None if it was never run.
    message : str
        Why it runs, for whom it waits, why it was refused, or how it failed; empty otherwise.
    """

    kind: str
    execution: str
    cell: int = 0
    n_cells: int = 0
    seconds: float = 0.0
    expected_seconds: float | None = None
    message: str = ""


Listener = Callable[[Event], None]
