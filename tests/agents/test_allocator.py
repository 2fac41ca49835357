"""What a worker's arrays no longer need is given back to the system."""

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


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks glibc and /proc")
def test_freed_blocks_are_given_back_though_one_at_the_end_of_the_heap_is_held() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    held, kept, left, _ = map(int, ran.stdout.split())
    assert kept > held - 50_000_000
    assert left < held - 150_000_000
