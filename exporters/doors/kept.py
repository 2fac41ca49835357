"""The web-config that counts: read again when a file of it changes, kept while it is broken."""

import logging
from collections.abc import Sequence
from pathlib import Path

from exporters.doors.protection import Protection
from exporters.doors.web_config import WebConfig
from exporters.file_stamp import Stamp, stamp
from streams.schema import ConfigurationError

log = logging.getLogger("tidegauge.http")


class KeptWebConfig:
    """Gives the web-config of a door at these addresses.

    Making it raises ConfigurationError. What is wrong later is logged, and what was read before
    goes on to count: a certificate and its key are seldom replaced in one step. So it is with what
    asks for less than before, as a file does that is cut off while it is written.
    """

    def __init__(self, protection: Protection, hosts: Sequence[str]) -> None:
        self._protection, self._hosts = protection, hosts
        self._config = protection.read(hosts)
        self._stamps: dict[Path, Stamp | None] = {}
        self._remark = ""

    def now(self) -> WebConfig:
        """What counts now."""
        stamps = {file: stamp(file) for file in self._config.files}
        if stamps != self._stamps or self._remark:
            self._take()
            self._stamps = stamps
        return self._config

    def _take(self) -> None:
        remark = ""
        try:
            config = self._protection.read(self._hosts)
        except ConfigurationError as error:
            remark = "; ".join(map(str, error.problems))
        else:
            if gone := config.lacks(self._config):
                remark = (
                    f"{self._protection.web_config} asks no {gone} any more: start anew for that"
                )
            elif str(config) != str(self._config):
                log.warning("what is asked is %s now, not %s", config, self._config)
        if not remark:
            self._config = config
        if remark and remark != self._remark:
            log.error("what was read before goes on to count, because of a file: %s", remark)
        elif self._remark and not remark:
            log.info("%s can be read again", self._protection.web_config)
        self._remark = remark
