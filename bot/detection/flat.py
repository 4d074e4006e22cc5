"""JSON's one-or-many, as policies are written: a value, a list of them, keys in any case."""

from __future__ import annotations

from collections.abc import Iterator


def flat(value: object) -> Iterator[object]:
    """*value*, or the elements of the list that it is; null is nothing."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(reversed(item))
        elif item is not None:
            yield item


def under(holder: object, key: str) -> Iterator[object]:
    """Every value that stands under *key* (given in lower case) in whatever case."""
    if isinstance(holder, dict):
        for name, value in holder.items():
            if name.lower() == key:
                yield from flat(value)
