"""Where on a board the next panel goes: left to right, and below when it does not fit any more."""

from grafana_foundation_sdk.models.dashboard import GridPos

WIDTH = 24
HEADING = 1


class Layout:
    """Places one panel after the other."""

    def __init__(self) -> None:
        self._x = self._y = self._height = 0

    def place(self, width: int, height: int) -> GridPos:
        """The next place of that size."""
        if self._x + width > WIDTH:
            self._break()
        found = GridPos(h=height, w=width, x=self._x, y=self._y)
        self._x += width
        self._height = max(self._height, height)
        return found

    def heading(self) -> GridPos:
        """The place of a heading, below all that is there; what follows is below it."""
        self._break()
        found = GridPos(h=HEADING, w=WIDTH, x=0, y=self._y)
        self._y += HEADING
        return found

    def _break(self) -> None:
        self._x, self._y, self._height = 0, self._y + self._height, 0
