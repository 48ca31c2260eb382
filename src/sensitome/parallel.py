"""Spread work over threads without changing a bit of the result.

Blocks have a fixed size, whatever the number of threads, and linear algebra inside a block runs on one thread; so the
order of every sum is the same on a laptop and on a server.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import TypeVar

from threadpoolctl import threadpool_limits

__all__ = ["blocks", "map_blocks", "one_thread_algebra", "usable_cores"]

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def usable_cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def one_thread_algebra() -> AbstractContextManager[object]:
    """Linear algebra on one thread, inside: its sums do not depend on how many threads it was given."""
    limited: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="blas")
    return limited


def blocks(length: int, *, size: int) -> list[slice]:
    """Slices of at most `size` that cover a length.

    >>> blocks(5, size=2)
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    return [slice(start, min(start + size, length)) for start in range(0, length, size)]


def map_blocks(function: Callable[[Item], Answer], items: Iterable[Item], *, jobs: int = 1) -> list[Answer]:
    """Answers in the order of the items, computed by at most `jobs` threads.

    Parameters
    ----------
    function : must not change anything outside itself; NumPy and Polars release the lock while they work
    items : what to call it with
    jobs : threads, at least 1
    """
    work = list(items)
    with one_thread_algebra():
        if jobs <= 1 or len(work) <= 1:
            return [function(item) for item in work]
        with ThreadPoolExecutor(max_workers=jobs) as pool:
            return list(pool.map(function, work))
