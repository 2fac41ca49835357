"""Being told to stop, in a way that is never lost and never in the way.

A KeyboardInterrupt can be raised inside a finalizer, where Python prints it and goes on; and
setting an event inside a signal handler can wait for ever for a lock its own thread holds.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stopped_by(*numbers: signal.Signals) -> Iterator[threading.Event]:
    """Lend an event that these signals set; from the main thread only."""
    stop = threading.Event()

    def note(*_: object) -> None:
        threading.Thread(target=stop.set, daemon=True).start()

    before = {number: signal.signal(number, note) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
