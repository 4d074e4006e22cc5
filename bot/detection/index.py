"""Which rules can match a record, told by a few of its fields before it is decoded in full."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TypeAlias

from bot.detection.record import Core
from bot.detection.rule import Known, Rule

REMEMBERED = 20_000
"""Values kept in each table; names can be made up, memory cannot."""

_MADE_UP = "\x00nobody"
"""A value that no record has: a rule that may match it is not narrowed down by that field."""

_Key: TypeAlias = tuple[str, str, str | None, str | None, str | None, str]


def _kind(core: Core) -> str | None:
    who = core.who
    return who.kind if who else None


_FIELDS: dict[str, Callable[[Core], str | None]] = {
    "eventName": attrgetter("name"),
    "userAgent": attrgetter("agent"),
    "userIdentity.type": _kind,
    "eventSource": attrgetter("source"),
    "errorCode": attrgetter("error"),
    "awsRegion": attrgetter("region"),
}
"""Fields of few different values, the one that leaves fewest records first."""


class _Table(dict[str | None, bool]):
    """A field's value → whether one of *rules* can match a record that has it; None is absent."""

    def __init__(self, field: str, rules: Sequence[Rule]) -> None:
        super().__init__()
        self._field = field
        self._rules = rules

    def __missing__(self, value: str | None) -> bool:
        if len(self) >= REMEMBERED:
            self.clear()
        known = _known(self._field, value)
        found = self[value] = any(rule.may_match(known) for rule in self._rules)
        return found


class _Candidates(dict[_Key, tuple[Rule, ...]]):
    """The values of all `_FIELDS` → the rules that can match a record that has them."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        super().__init__()
        self._rules = rules

    def __missing__(self, key: _Key) -> tuple[Rule, ...]:
        if len(self) >= REMEMBERED:
            self.clear()
        name, source, agent, kind, error, region = key
        known = {
            **_known("eventName", name),
            **_known("eventSource", source),
            **_known("userAgent", agent),
            **_known("userIdentity.type", kind),
            **_known("errorCode", error),
            **_known("awsRegion", region),
        }
        found = self[key] = tuple(rule for rule in self._rules if rule.may_match(known))
        return found


class Index:
    """Every rule is filed under one field that it needs; a record meets a table a field.

    What it lets through may still not match; what it holds back cannot.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._candidates = _Candidates(rules)
        filed: dict[str, list[Rule]] = {}
        for rule in rules:
            filed.setdefault(_witness(rule), []).append(rule)
        self._all = "" in filed
        self._tables = [
            (get, _Table(field, filed[field])) for field, get in _FIELDS.items() if field in filed
        ]

    def candidates(self, core: Core) -> tuple[Rule, ...]:
        """The rules that can match a record with *core*, in their order."""
        key = (core.name, core.source, core.agent, _kind(core), core.error, core.region)
        return self._candidates[key]

    def hot(self, cores: Sequence[Core]) -> Sequence[int]:
        """The places of those of *cores* that some rule may match, in order."""
        if self._all:
            return range(len(cores))
        places: set[int] = set()
        # No Python code runs for a record here but what `map` calls: this is the cold path.
        for get, table in self._tables:
            verdicts = list(map(table.__getitem__, map(get, cores)))
            if True in verdicts:
                places.update(place for place, hot in enumerate(verdicts) if hot)
        return sorted(places)


def _witness(rule: Rule) -> str:
    """The field without whose right value *rule* cannot match; "" where there is no such one."""
    for field in _FIELDS:
        made_up, absent = _known(field, _MADE_UP), _known(field, None)
        if not rule.may_match(made_up) and not rule.may_match(absent):
            return field
    return ""


def _known(field: str, value: str | None) -> Known:
    if value == "" and field == "awsRegion":
        # Empty or not there: the first look does not tell.
        return {}
    return {field: () if value is None else (value,)}
