"""The `tests:` list of a rule's file, where a test may be another one with a difference."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct

from bot.detection.rule import RuleTest
from bot.detection.rulefile import plain_fault

_CALLERS = Path(__file__).with_name("callers.yml")

Tree = dict[str, object]


class _Written(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A test as its author wrote it: a whole record, or `like` another and `with` changes."""

    name: str
    match: bool
    record: Tree | None = None
    like: str = ""
    changes: dict[str, object] = msgspec.field(name="with", default_factory=dict)


@cache
def callers() -> Mapping[str, Tree]:
    """Caller → a whole record of theirs, from `callers.yml`; what a test may be like."""
    import yaml

    found: dict[str, Tree] = yaml.safe_load(_CALLERS.read_text("utf-8"))
    return found


def read_tests(tests: object, faults: list[str]) -> tuple[RuleTest, ...]:
    """The `tests:` list, with what is wrong with it added to *faults*."""
    try:
        written = msgspec.convert([] if tests is None else tests, tuple[_Written, ...])
    except msgspec.ValidationError as error:
        faults.append(f"tests: {plain_fault(error)}")
        return ()
    found: dict[str, RuleTest] = {}
    for one in written:
        if one.name in found:
            faults.append(f"tests: {one.name!r} stands twice")
            continue
        record = _record(one, found, faults)
        if record is not None:
            found[one.name] = RuleTest(name=one.name, match=one.match, record=record)
    return tuple(found.values())


def changed(record: Tree, changes: Mapping[str, object]) -> Tree:
    """*record* with what *changes* says at each dotted path; None takes it away.

    *record* stays as it is. What no path leads through is shared with it, as a whole copy of each
    would cost more than all else that is done with it. Raises ValueError where a path leads
    through something that is no object.
    """
    result = dict(record)
    mine = {id(result)}
    for path, value in changes.items():
        *above, last = path.split(".")
        holder = result
        for key in above:
            inside = {} if holder.get(key) is None else holder[key]
            if not isinstance(inside, dict):
                raise ValueError(f"{path} leads through {key}, which is no object")  # noqa: TRY004 - the file is wrong
            if id(inside) not in mine:
                inside = dict(inside)
                mine.add(id(inside))
            holder[key] = inside
            holder = inside
        if value is None:
            holder.pop(last, None)
        else:
            holder[last] = value
    return result


def _record(one: _Written, earlier: Mapping[str, RuleTest], faults: list[str]) -> Tree | None:
    if (one.record is None) == (not one.like):
        faults.append(f"tests: {one.name!r} needs a record, or a test that it is like")
        return None
    if one.record is not None:
        base = one.record
    elif one.like in earlier:
        base = earlier[one.like].record
    elif one.like in callers():
        base = callers()[one.like]
    else:
        known = ", ".join([*earlier, *callers()])
        faults.append(f"tests: {one.name!r} is like {one.like!r}; known are {known}")
        return None
    try:
        return changed(base, one.changes)
    except ValueError as error:
        faults.append(f"tests: {one.name!r}: {error}")
        return None
