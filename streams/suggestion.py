"""The word that somebody may have meant."""

import difflib
from collections.abc import Iterable


def suggest(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """The known word that is closest, as a question; else `otherwise`, or all that are known."""
    words = list(known)
    close = difflib.get_close_matches(word, words, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return otherwise or (f"known are {', '.join(words)}" if words else "none is known")
