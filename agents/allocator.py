"""Has the C library give back what the arrays of persons no longer need.

By itself glibc keeps freed memory for whoever comes next, in as many arenas as there are threads
and in blocks of up to 32 MiB: a worker with a million persons held 238 MB where it needs 186
(`make bench-persons`).
"""

import asyncio
import contextlib
import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""From glibc's malloc.h."""
LARGE_BYTES = 1 << 20
"""Blocks from this size on are given back at once; so is the end of the heap."""
TRIM_SECONDS = 10.0


def give_memory_back() -> bool:
    """Set it for this process, before it has threads; False where the C library is another one."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    settings = {M_ARENA_MAX: 1, M_MMAP_THRESHOLD: LARGE_BYTES, M_TRIM_THRESHOLD: LARGE_BYTES}
    taken = [mallopt(option, value) for option, value in settings.items()]  # all, also after a no
    return all(taken)


async def keep_trimming() -> None:
    """Give back what is free in between, until cancelled; it takes milliseconds."""
    while True:
        trim()
        await asyncio.sleep(TRIM_SECONDS)


def trim() -> None:
    """Give back every free page of the heap."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
