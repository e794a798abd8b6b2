"""The next part of a stream is made while the one before is still in use, so that two processors have work."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Part = TypeVar("Part")
_END = object()


def of(parts: Iterator[Part]) -> Iterator[Part]:
    """Yield the parts of an iterator, which works in a thread of its own, one part ahead of its caller.

    What the iterator raises is raised where its part is waited for. It is closed when it has come to its end, or when
    nobody wants more of it.
    """
    try:
        with ThreadPoolExecutor(1, thread_name_prefix="ahead") as worker:
            coming = worker.submit(next, parts, _END)
            while (part := coming.result()) is not _END:
                coming = worker.submit(next, parts, _END)
                yield part
    finally:
        getattr(parts, "close", lambda: None)()
