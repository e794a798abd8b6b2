"""What is imported, and what had better not be."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

alone = threading.RLock()
"""Held while one of several threads imports what is made of Jupyter's packages: those import one another in circles,
and two threads that come from different sides each find half a module."""


@contextmanager
def hidden(name: str) -> Iterator[None]:
    """Let an optional module seem not to be installed, unless it was imported already."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None
    try:
        yield
    finally:
        del sys.modules[name]
