"""The rules that can be switched off in a real worker, by short names for the command line."""

from tests.simulation.ablations import RULES as BY_SENTENCE
from tests.simulation.ablations import Switch

NAMES = {
    "guard": "guard",
    "manifest": "manifest",
    "finality": "finality",
    "regress": "no regress",
    "orphans": "orphans are dropped",
    "rank": "the largest rank counts",
    "manifest-last": "the manifest is written last",
    "tombstones-last": "rows are buried last",
    "blocks": "nothing is forgotten within a block",
    "entries": "what follows the manifest is not missed",
    "rewriting": "rows that count are written again",
}
RULES: dict[str, Switch] = {name: BY_SENTENCE[sentence] for name, sentence in NAMES.items()}
