"""Run functions in threads so that the main thread can be interrupted, within one budget of cores and memory."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

import psutil

from lib import fetched

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "LOKY_MAX_CPU_COUNT")
_SHARE_OF_MEMORY = 0.9


def cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def environment(jobs: int) -> dict[str, str]:
    """Return the environment of a kernel, one of `jobs` at work: together they use each core once."""
    if jobs == 1:
        return {**os.environ, **fetched.environment()}
    return {**os.environ, **fetched.environment(), **dict.fromkeys(_THREADS, str(max(1, cores() // jobs)))}


def memory_limit_mb(jobs: int) -> float:
    """Return the memory that one of `jobs` kernels may use: its share of what is free now."""
    return _SHARE_OF_MEMORY * psutil.virtual_memory().available / 2**20 / jobs


def side_by_side(jobs: int, n_tasks: int, peak_memory_mb: float) -> int:
    """Return how many tasks fit side by side, each with the memory that the largest took the last time."""
    fit = _SHARE_OF_MEMORY * psutil.virtual_memory().available / 2**20 / peak_memory_mb if peak_memory_mb else jobs
    return max(1, min(jobs, n_tasks, int(fit)))


def run(tasks: Iterable[Callable[[], Any]], jobs: int, stop: Callable[[], object]) -> Iterator[Any]:
    """Run tasks side by side and yield what they return, in their order; after the first error no more are begun.

    Parameters
    ----------
    tasks : iterable of callable
    jobs : int
        How many at once.
    stop : callable
        Makes the tasks at work end at once, when this thread is interrupted.
    """
    pool = ThreadPoolExecutor(jobs, thread_name_prefix="executions")
    futures = [pool.submit(task) for task in tasks]
    try:
        for future in futures:
            yield _result(future)
    except KeyboardInterrupt:
        stop()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _result(future: Future) -> Any:
    # A wait without end cannot be interrupted on Windows.
    while not wait([future], timeout=0.5, return_when=FIRST_COMPLETED).done:
        pass
    return future.result()
