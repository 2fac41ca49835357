"""The way out when memory can no longer be trusted: at once, with nothing written."""

import logging
import os
from typing import NoReturn

EXIT_CODE = 70
"""EX_SOFTWARE of sysexits.h: a supervisor may start the worker again."""

log = logging.getLogger("tidegauge.worker")


def fail_stop(reason: str, error: BaseException | None = None) -> NoReturn:
    """End the process without commit or clean-up: the changelog is right, memory may not be."""
    log.critical("stopping at once, nothing more is written: %s", reason, exc_info=error)
    logging.shutdown()
    os._exit(EXIT_CODE)
