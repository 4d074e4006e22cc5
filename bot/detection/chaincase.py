"""The `tests:` list of a correlation's file: records one after the other."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import cast

import msgspec
from msgspec import Struct

from bot.detection.rule import ChainTest
from bot.detection.rulecase import Tree, callers, changed
from bot.detection.rulefile import plain_fault
from bot.model import NAMESPACE, iso, moment

_DAY = "2026-11-22"
_TIMES = 1_000


class _Line(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A caller's record with changes, *times* over, *every* so many seconds.

    *at* is its time of day (UTC) or an ISO time; `{n}` in a changed text is the repeat's number.
    """

    like: str
    at: str
    changes: dict[str, object] = msgspec.field(name="with", default_factory=dict)
    times: int = 1
    every: float = 1


class _Written(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A test as its author wrote it: its records, or `like` an earlier test `with` changes, whose
    paths begin with the number of the record (`2.at`, `2.userIdentity.arn`; `2: null` takes it
    away)."""

    name: str
    match: bool
    records: tuple[_Line, ...] = ()
    like: str = ""
    changes: dict[str, object] = msgspec.field(name="with", default_factory=dict)


def read_chain_tests(tests: object, faults: list[str]) -> tuple[ChainTest, ...]:
    """The `tests:` list, with what is wrong with it added to *faults*."""
    try:
        written = msgspec.convert([] if tests is None else tests, tuple[_Written, ...])
    except msgspec.ValidationError as error:
        faults.append(f"tests: {plain_fault(error)}")
        return ()
    lines: dict[str, tuple[_Line, ...]] = {}
    found = []
    for one in written:
        if one.name in lines:
            faults.append(f"tests: {one.name!r} stands twice")
            continue
        try:
            lines[one.name] = _lines(one, lines)
            records = tuple(_records(lines[one.name]))
        except (ValueError, msgspec.ValidationError) as error:
            faults.append(f"tests: {one.name!r}: {error}")
            continue
        found.append(ChainTest(name=one.name, match=one.match, records=records))
    return tuple(found)


def _lines(one: _Written, earlier: Mapping[str, tuple[_Line, ...]]) -> tuple[_Line, ...]:
    if bool(one.records) == bool(one.like):
        raise ValueError("it needs records, or a test that it is like")
    if one.records:
        return one.records
    if one.like not in earlier:
        raise ValueError(f"it is like {one.like!r}; known are {', '.join(earlier)}")
    lines: dict[int, _Line] = dict(enumerate(earlier[one.like], 1))
    for key, value in one.changes.items():
        number, _, path = key.partition(".")
        place = int(number) if number.isdigit() else 0
        if place not in lines:
            raise ValueError(f"{key} names no record of {one.like!r} by its number")
        if not path and value is None:
            del lines[place]
        elif path in ("at", "like", "times", "every"):
            lines[place] = _replaced(lines[place], path, value)
        else:
            # A change replaces what the other test says there; None takes it away from the record.
            kept = {**lines[place].changes, path: value}
            lines[place] = msgspec.structs.replace(lines[place], changes=kept)
    return tuple(lines.values())


def _replaced(line: _Line, field: str, value: object) -> _Line:
    table = cast("dict[str, object]", msgspec.to_builtins(line))
    return msgspec.convert({**table, field: value}, _Line)


def _records(lines: tuple[_Line, ...]) -> Iterator[Tree]:
    for place, line in enumerate(lines):
        if line.like not in callers():
            raise ValueError(f"it is like {line.like!r}; known are {', '.join(callers())}")
        if not 1 <= line.times <= _TIMES:
            raise ValueError(f"times must be from 1 to {_TIMES}")
        start = moment(line.at if "-" in line.at else f"{_DAY}T{line.at}")
        if start is None:
            raise ValueError(f"at {line.at!r} is no time")
        for number in range(line.times):
            own = {
                "eventTime": iso(start + timedelta(seconds=number * line.every)),
                "eventID": str(uuid.uuid5(NAMESPACE, f"{place} {number}")),
            }
            yield changed(callers()[line.like], {**own, **_numbered(line.changes, number + 1)})


def _numbered(changes: Mapping[str, object], number: int) -> dict[str, object]:
    return {
        path: value.replace("{n}", str(number)) if isinstance(value, str) else value
        for path, value in changes.items()
    }
