"""How worker and exporter keep their memory: what they collect, and what they give back.

By itself glibc keeps freed memory for whoever comes next, in as many arenas as there are threads: a
worker with a million persons held 238 MB where it needs 186 (`make bench-persons`). Or it gives
the end of the heap back each time, and takes it again for the next batch: every page of it is then
new, and that took a fifth of a worker's time (`make bench`). So what is free is kept for seconds.
"""

import asyncio
import ctypes
import gc
import itertools
from collections.abc import Callable
from functools import cache

NEW_OBJECTS_PER_COLLECTION = 100_000
"""A batch or a scrape makes tens of thousands, none in a cycle; Python's 700 looks at them over and
over: with it a scrape of 10,000 series took 105 to 192 ms, and takes 90 (`make bench-costs`).
"""
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""From glibc's malloc.h."""
LARGE_BYTES = 32 << 20
"""Blocks from this size on are given back at once; glibc takes no more."""
TRIM_BYTES = 1 << 30
"""More than is ever free at the end of the heap: `keep_tidy` gives that back."""
TIDY_SECONDS = 10.0
YOUNG, ALL = 1, 2
"""Of Python's generations: what has come since the last collection, and everything."""
TIDIES_AN_HOUR = round(3_600 / TIDY_SECONDS)


def relieve_collector() -> None:
    """Let Python look for garbage seldom, and never at what was imported: that stays for good."""
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS_PER_COLLECTION)


def give_memory_back() -> bool:
    """Set it for this process, before it has threads; False where the C library is another one."""
    mallopt = _of_c("mallopt")
    if mallopt is None:
        return False
    settings = {M_ARENA_MAX: 1, M_MMAP_THRESHOLD: LARGE_BYTES, M_TRIM_THRESHOLD: TRIM_BYTES}
    taken = [mallopt(option, value) for option, value in settings.items()]  # all, also after a no
    return all(taken)


async def keep_tidy() -> None:
    """Collect what has come lately and give back what is free, until cancelled.

    It takes milliseconds. An HTTP connection leaves some twenty objects in cycles, which by
    themselves would wait for 100,000 others: hours of scrapes. What was in use when it was looked
    at is looked at again once an hour, with all there is: 0.1 s.
    """
    for number in itertools.count(1):
        gc.collect(YOUNG if number % TIDIES_AN_HOUR else ALL)
        trim()
        await asyncio.sleep(TIDY_SECONDS)


def trim() -> None:
    """Give back every free page of the heap."""
    malloc_trim = _of_c("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)


@cache
def _of_c(name: str) -> Callable[..., int] | None:
    """A function of the C library; None where it has none of that name.

    Found once: ctypes makes a class each time, which only the collector takes away.
    """
    try:
        return getattr(ctypes.CDLL(None), name)  # type: ignore[no-any-return]
    except (AttributeError, OSError, TypeError):
        return None
