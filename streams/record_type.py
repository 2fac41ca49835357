"""The type of a record that holds just the paths that somebody reads.

What nobody reads of a record is skipped, not built: that is most of what decoding saves.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec


class Object(NamedTuple):
    """An object in a record, of which something is read."""

    parents: tuple[str, ...]
    name: str
    kind: type
    probe: str
    """The getter of one of its values."""

    def fill(self, record: Any) -> None:
        """Put one that says nothing where it is null; those around it come first."""
        for name in self.parents:
            record = getattr(record, name)
        if getattr(record, self.name) is None:
            setattr(record, self.name, self.kind())


def record_type(
    fields: Iterable[tuple[str | None, Any, Any]],
) -> tuple[type, dict[str, str], list[Object]]:
    """Build the struct that holds just these paths; the getter of each path, and its objects."""
    tree: dict[str, Any] = {}
    for path, kind, default in fields:
        assert path  # noqa: S101 - the caller leaves empty paths out
        *parents, leaf = path.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
            if not isinstance(node, dict):
                raise ValueError(  # noqa: TRY004 - a path is wrong, not a type
                    f"path {path!r} leads through {parent!r}, which is itself a value"
                )
        if isinstance(node.get(leaf), dict):
            raise ValueError(  # noqa: TRY004 - likewise
                f"path {path!r} names an object of which other paths read a part"
            )
        node.setdefault(leaf, (kind, default))
    getters: dict[str, str] = {}
    objects: list[Object] = []
    record = _struct(tree, "", (), getters, objects)
    objects.sort(key=lambda one: len(one.parents))
    return record, getters, objects


def _struct(
    tree: dict[str, Any],
    path: str,
    parents: tuple[str, ...],
    getters: dict[str, str],
    objects: list[Object],
) -> type:
    fields: list[tuple[str, Any, Any]] = []
    rename = {}
    for number, (key, node) in enumerate(tree.items()):
        name = f"field_{number}"
        rename[name] = key
        getter = ".".join((*parents, name))
        if isinstance(node, dict):
            inner = _struct(node, f"{path}{key}.", (*parents, name), getters, objects)
            if any(field.required for field in msgspec.structs.fields(inner)):
                fields.append((name, inner, msgspec.field()))
            else:
                fields.append((name, inner | None, msgspec.field(default_factory=inner)))
                objects.append(Object(parents, name, inner, f"{getter}.field_0"))
        else:
            kind, default = node
            getters[path + key] = getter
            fields.append(
                (name, kind, msgspec.field() if default is msgspec.NODEFAULT else default)
            )
    return msgspec.defstruct(
        "Record", fields, rename=rename, gc=False, kw_only=True, namespace={"absent": None}
    )
