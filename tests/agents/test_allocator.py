"""What a worker no longer needs is collected, and given back to the system."""

import subprocess
import sys

import pytest

PROGRAM = """
from agents.allocator import give_memory_back, trim

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

assert give_memory_back()
blocks = [b"x" * 50_000 for _ in range(4_000)]
last, held = blocks[-1], resident()
del blocks  # the last one stands at the end of the heap and keeps it from shrinking
kept = resident()
trim()
print(held, kept, resident(), len(last))
"""
CYCLES = """
import asyncio, gc, weakref
from agents import allocator

class Connection:
    def __init__(self):
        self.itself = self

async def main():
    allocator.relieve_collector()
    allocator.TIDY_SECONDS = 0
    used, left = Connection(), weakref.ref(Connection())
    assert left() is not None
    tidying = asyncio.create_task(allocator.keep_tidy())
    await asyncio.sleep(0)
    print(left() is None, gc.get_threshold()[0])
    left = weakref.ref(used)
    del used
    for _ in range(allocator.TIDIES_AN_HOUR - 2):
        await asyncio.sleep(0)
    print(left() is None)
    await asyncio.sleep(0)
    print(left() is None)
    tidying.cancel()

asyncio.run(main())
"""


def test_cycles_are_collected_soon_and_within_an_hour_where_they_lasted() -> None:
    ran = subprocess.run([sys.executable, "-c", CYCLES], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["True", "100000", "False", "True"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks glibc and /proc")
def test_freed_blocks_are_given_back_though_one_at_the_end_of_the_heap_is_held() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    held, kept, left, _ = map(int, ran.stdout.split())
    assert kept > held - 50_000_000
    assert left < held - 150_000_000
