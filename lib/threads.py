"""How many threads a fit deserves: with few rows they wait for each other longer than they work.

On a busy machine a histogram boosting on a few hundred rows took minutes with two threads and seconds with one,
because at every step each thread waits for the other to get its turn.
"""

import os
from contextlib import AbstractContextManager, nullcontext

from threadpoolctl import threadpool_limits

ROWS_FOR_THREADS = 40_000


def for_rows(n_samples: int) -> AbstractContextManager:
    """Return a context in which libraries compute with one thread if there are few rows, otherwise as they like."""
    return nullcontext() if n_samples >= ROWS_FOR_THREADS else threadpool_limits(limits=1)


def jobs(n_samples: int) -> int:
    """Return how many trees are grown at a time; a tree of a forest waits for no other, so all processors serve."""
    return 1 if n_samples < 1_000 else os.cpu_count() or 1


def beside_one() -> AbstractContextManager:
    """Return a context that leaves a processor to another thread; it counts for the thread that enters it.

    Threads that share a loop wait for the slowest at its end, so that one too many costs more than it brings.
    """
    return threadpool_limits(limits=max(1, (os.cpu_count() or 1) - 1))
