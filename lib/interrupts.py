"""Ctrl-C and SIGTERM, both as an exception in the main thread, so that a run ends in order."""

import contextlib
import signal
import threading
from collections.abc import Iterator


class Terminated(KeyboardInterrupt):
    """SIGTERM came: the system, or a scheduler, wants the process to end."""


def exit_status(error: KeyboardInterrupt) -> int:
    """Return the exit status by which a shell knows what ended a process."""
    return 143 if isinstance(error, Terminated) else 130


@contextlib.contextmanager
def raised() -> Iterator[None]:
    """Raise `Terminated` on SIGTERM within a ``with`` block, if this is the main thread, where signals arrive."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(number: int, frame: object) -> None:
    raise Terminated
