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
from agents.allocator import keep_tidy, relieve_collector

class Connection:
    pass

async def main():
    relieve_collector()
    left = Connection()
    left.itself = left
    reference = weakref.ref(left)
    del left
    assert reference() is not None
    tidying = asyncio.create_task(keep_tidy())
    await asyncio.sleep(0)
    print(reference() is None, gc.get_threshold()[0])
    tidying.cancel()

asyncio.run(main())
"""


def test_a_cycle_is_collected_long_before_the_collector_would_look() -> None:
    ran = subprocess.run([sys.executable, "-c", CYCLES], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["True", "100000"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks glibc and /proc")
def test_freed_blocks_are_given_back_though_one_at_the_end_of_the_heap_is_held() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    held, kept, left, _ = map(int, ran.stdout.split())
    assert kept > held - 50_000_000
    assert left < held - 150_000_000
