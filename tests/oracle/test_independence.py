"""The oracle shares no code with what it judges."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PARTS = ("content", "events", "ids", "judge", "log", "oracle", "reading")
OF_THE_PRODUCT = ("streams", "exporters", "agents", "tidegauge")


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("part", PARTS)
def test_nothing_of_the_product_is_imported(part: str) -> None:
    names = set(imported(HERE / f"{part}.py"))
    assert names
    for name in names:
        assert name.split(".")[0] not in OF_THE_PRODUCT
        assert not name.startswith("tests.") or name.removeprefix("tests.oracle.") in PARTS
