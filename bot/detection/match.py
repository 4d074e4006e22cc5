"""Sigma's ways of comparing a field with a value, as small tests over decoded JSON."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Literal, TypeAlias

from bot.detection.document import Document, text
from bot.detection.flat import flat

Test: TypeAlias = Callable[[Sequence[object]], bool]
"""Judges the values of one field: all elements of a list, none where the field is absent."""

Glob: TypeAlias = Callable[[str], bool]
Comparison: TypeAlias = Literal["LT", "LTE", "GT", "GTE"]

_BY_SERVICES = frozenset({"requestParameters", "responseElements"})
"""Objects whose keys each service names as it likes; all others are CloudTrail's own."""

ANY = "*"
ONE = "?"


class Wild(str):
    """A wildcard (`ANY` or `ONE`) in a pattern, told apart from the same character."""

    __slots__ = ()


def values(document: Document, path: Sequence[str]) -> list[object]:
    """What stands at *path*: lists give their elements; null counts as absent.

    Under requestParameters and responseElements a key's first letter may be of either case: Connect
    writes some calls in PascalCase and some in camelCase, and no list says which.
    """
    return _values(document, _spelt(path))


def _values(document: Document, path: Sequence[tuple[str, str]]) -> list[object]:
    found: list[object] = [document]
    for key, other in path:
        found = [
            item[key] if key in item else item[other]
            for holder in found
            for item in flat(holder)
            if isinstance(item, dict) and (key in item or other in item)
        ]
    return [item for holder in found for item in flat(holder)]


def _spelt(path: Sequence[str]) -> list[tuple[str, str]]:
    """Each key of *path* with its other spelling, the same where it has none."""
    if path[0] not in _BY_SERVICES:
        return [(key, key) for key in path]
    below = [(key, key[:1].swapcase() + key[1:]) for key in path[1:]]
    return [(path[0], path[0]), *below]


def reader(path: Sequence[str]) -> Callable[[Document], Sequence[object]]:
    """`values` of one *path*, quick where a plain text stands there and no list is passed."""
    spelt = _spelt(path)

    def read(document: Document) -> Sequence[object]:
        value: object = document
        for key, other in spelt:
            if not isinstance(value, dict):
                return _values(document, spelt)
            value = value.get(key) if key in value else value.get(other)
            if value is None:
                return ()
        return (value,) if isinstance(value, str) else _values(document, spelt)

    return read


def glob(parts: Sequence[str], *, cased: bool = False) -> Glob:
    """Whether a whole text fits *parts* (plain strings and `Wild`s). Linear in the text.

    Segments between `*` are found from left to right, the first at the start, the last at the
    end: a pattern with many stars cannot make a long field slow.
    """
    segments = _segments(parts if cased else [_lowered(part) for part in parts])
    first, last, middle = segments[0], segments[-1], segments[1:-1]

    def fits(value: str) -> bool:
        value = value if cased else value.lower()
        start = first.length
        if len(segments) == 1:
            return len(value) == start and first.at(value, 0)
        end = len(value) - last.length
        if end < start or not first.at(value, 0) or not last.at(value, end):
            return False
        for segment in middle:
            place = segment.find(value, start, end)
            if place < 0:
                return False
            start = place + segment.length
        return True

    return fits


class _Segment:
    """A stretch of a pattern without `*`; `?` stands for any one character."""

    def __init__(self, parts: Sequence[str]) -> None:
        self.length = sum(len(part) for part in parts)
        self._plain = "".join(parts)
        self._pattern: re.Pattern[str] | None = None
        if any(isinstance(part, Wild) for part in parts):
            source = "".join("." if isinstance(part, Wild) else re.escape(part) for part in parts)
            self._pattern = re.compile(source, re.DOTALL)

    def at(self, value: str, place: int) -> bool:
        if self._pattern is None:
            return value.startswith(self._plain, place)
        return self._pattern.match(value, place) is not None

    def find(self, value: str, start: int, end: int) -> int:
        if self._pattern is None:
            return value.find(self._plain, start, end)
        found = self._pattern.search(value, start, end)
        return found.start() if found else -1


def _segments(parts: Sequence[str]) -> list[_Segment]:
    grouped: list[list[str]] = [[]]
    for part in parts:
        if isinstance(part, Wild) and part == ANY:
            grouped.append([])
        else:
            grouped[-1].append(part)
    return [_Segment(group) for group in grouped]


def _lowered(part: str) -> str:
    return part if isinstance(part, Wild) else part.lower()


def fits(pattern: Glob) -> Test:
    """Some value fits *pattern*; numbers, booleans and objects are compared as their text."""
    return lambda found: any(pattern(text(value)) for value in found)


def among(words: Iterable[str]) -> Test:
    """Some value is one of *words*, whatever their case."""
    wanted = frozenset(word.lower() for word in words)

    def holds(found: Sequence[object]) -> bool:
        for value in found:
            if (value if isinstance(value, str) else text(value)).lower() in wanted:
                return True
        return False

    return holds


def searched(search: Callable[[bytes], object]) -> Test:
    """In some value, as UTF-8, *search* finds something."""
    # A lone surrogate has no UTF-8: a question mark stands for it.
    return lambda found: any(search(text(value).encode(errors="replace")) for value in found)


def numeric(number: float) -> Test:
    """Some value is this number, also where it was written as a string."""
    return lambda found: any(_number(value) == number for value in found)


def boolean(expected: bool) -> Test:
    """Some value is this boolean. CloudTrail writes many of them as strings."""
    word = "true" if expected else "false"
    return lambda found: any(
        value is expected or (isinstance(value, str) and value.lower() == word) for value in found
    )


def absent(found: Sequence[object]) -> bool:
    """The field is not there, null or an empty list."""
    return not found


def existing(expected: bool) -> Test:
    """The field is there and not null, or is not."""
    return lambda found: bool(found) is expected


def compared(comparison: Comparison, number: float) -> Test:
    """Some value is a number that compares so with *number*."""
    compare = getattr(operator, {"LTE": "le", "GTE": "ge"}.get(comparison, comparison.lower()))

    def holds(found: Sequence[object]) -> bool:
        numbers = (_number(value) for value in found)
        return any(value is not None and compare(value, number) for value in numbers)

    return holds


def within(network: IPv4Network | IPv6Network) -> Test:
    """Some value is an address in *network*; a service's name in its place is none."""

    def holds(found: Sequence[object]) -> bool:
        for value in found:
            address = _address(text(value))
            if address is not None and address in network:
                return True
        return False

    return holds


@lru_cache(maxsize=4_096)
def _address(value: str) -> IPv4Address | IPv6Address | None:
    """Callers keep their addresses, and to read one takes longer than to compare it."""
    try:
        return ip_address(value)
    except ValueError:
        return None


def alike(one: str, other: str, *, starts: bool, ends: bool) -> bool:
    """Whether one field's text is another's, or begins or ends with it (both: holds it)."""
    one, other = one.lower(), other.lower()
    if starts and ends:
        return other in one
    if starts:
        return one.startswith(other)
    return one.endswith(other) if ends else one == other


def texts(value: object) -> Iterator[str]:
    """Every key and every value in *value*, as text: what a keyword is looked for in."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            yield from item
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
        elif item is not None:
            yield text(item)


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if isinstance(value, str) and len(value) < 40:
        try:
            return float(value)
        except ValueError:
            return None
    return None
