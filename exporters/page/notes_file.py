"""The file of notes: read again when it changes, and kept as it was while it is broken."""

import logging
import threading
from pathlib import Path

from exporters.file_stamp import Stamp, stamp
from streams.catalogue import Catalogue
from streams.notes import Note, read_notes
from streams.schema import ConfigurationError, Problem

log = logging.getLogger("tidegauge.exporter")


class NotesFile:
    """Gives the notes of a file, to any thread; without a path there are none."""

    def __init__(self, path: str, catalogue: Catalogue) -> None:
        self._path, self._metrics = path, tuple(catalogue.metrics)
        self._lock = threading.Lock()
        self._stamp: Stamp | None = None
        self._notes: list[Note] = []
        self.remark = ""
        """What is wrong with the file now, in words; empty when nothing is."""

    def load(self) -> list[Note]:
        """Read the file; raises ConfigurationError with everything that is wrong with it."""
        if not self._path:
            return []
        try:
            text = Path(self._path).read_text(encoding="utf-8")
        except OSError as error:
            why = f"cannot be read: {error.strerror}"
            raise ConfigurationError([Problem(self._path, why)]) from error
        except UnicodeDecodeError as error:
            raise ConfigurationError([Problem(self._path, "is not UTF-8")]) from error
        return read_notes(text, self._path, self._metrics)

    def notes(self) -> list[Note]:
        """The notes as they stand, or as they stood before the file was broken."""
        with self._lock:
            found = stamp(self._path)
            if self._path and (found is None or found != self._stamp):
                self._stamp = found
                self._take()
            return self._notes

    def _take(self) -> None:
        try:
            self._notes, remark = self.load(), ""
        except ConfigurationError as error:
            told = "; ".join(map(str, error.problems))
            remark = f"The notes are shown as they were before, because of their file: {told}."
        if remark != self.remark:
            if remark:
                log.warning("%s", remark)
            else:
                log.info("the notes in %s can be read again", self._path)
        self.remark = remark
