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


def words(value: object) -> Iterator[str]:
    """The strings of `flat`, and numbers as strings; objects have no business there."""
    for one in flat(value):
        if isinstance(one, str):
            yield one
        elif isinstance(one, bool):
            yield "true" if one else "false"
        elif isinstance(one, int):
            yield str(one)


def words_under(holder: object, key: str) -> Iterator[str]:
    """The `words` of every value that stands under *key*, as `under` finds them."""
    for one in under(holder, key):
        yield from words(one)
