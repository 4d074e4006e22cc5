"""Which rules can match a record, told by a few of its fields before it is decoded in full."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress
from operator import attrgetter
from typing import TypeAlias

from bot.detection.record import Core, Who
from bot.detection.rule import Known, Rule

REMEMBERED = 20_000
"""Values kept in each table; names can be made up, memory cannot."""

_MADE_UP = "\x00nobody"
"""A value that no record has: a rule that may match it is not narrowed down by that field."""

_Key: TypeAlias = tuple[str, str, str | None, str | None, str | None, str]


_OF_CORE: dict[str, Callable[[Core], str | None]] = {
    "eventName": attrgetter("name"),
    "userAgent": attrgetter("agent"),
    "eventSource": attrgetter("source"),
    "errorCode": attrgetter("error"),
    "awsRegion": attrgetter("region"),
    "sourceIPAddress": attrgetter("address"),
}
_OF_WHO: dict[str, Callable[[Who], str | None]] = {
    "userIdentity.type": attrgetter("kind"),
    "userIdentity.arn": attrgetter("arn"),
}
_NOBODY = Who()

_FIELDS = (
    "eventName",
    "userAgent",
    "userIdentity.type",
    "eventSource",
    "errorCode",
    "awsRegion",
)
"""Fields of few different values, the one that leaves fewest records first."""

_FINE = ("userIdentity.arn", "sourceIPAddress")
"""Fields of many values: only for rules that none of the others narrows down."""


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
        self._of_call: dict[tuple[str, str], tuple[Rule, ...]] = {}

    def __missing__(self, key: _Key) -> tuple[Rule, ...]:
        if len(self) >= REMEMBERED:
            self.clear()
        name, source, agent, kind, error, region = key
        # Calls are few and user agents many: only the rules of the call are asked about the rest.
        rules = self._of_call.get((source, name))
        if rules is None:
            if len(self._of_call) >= REMEMBERED:
                self._of_call.clear()
            call = {**_known("eventName", name), **_known("eventSource", source)}
            rules = tuple(rule for rule in self._rules if rule.may_match(call))
            self._of_call[source, name] = rules
        known = {
            **_known("eventName", name),
            **_known("eventSource", source),
            **_known("userAgent", agent),
            **_known("userIdentity.type", kind),
            **_known("errorCode", error),
            **_known("awsRegion", region),
        }
        found = self[key] = tuple(rule for rule in rules if rule.may_match(known))
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
        tables = {field: _Table(field, some) for field, some in filed.items() if field}
        self._of_core = [(_OF_CORE[field], tables[field]) for field in tables if field in _OF_CORE]
        self._of_who = [(_OF_WHO[field], tables[field]) for field in tables if field in _OF_WHO]
        self._asks_who = bool(self._of_who)
        self._fine = {
            rule.name: (field, _Table(field, [rule]))
            for field in _FINE
            for rule in filed.get(field, ())
        }

    def candidates(self, core: Core) -> tuple[Rule, ...]:
        """The rules that can match a record with *core*, in their order."""
        who = core.who or _NOBODY
        key = (core.name, core.source, core.agent, who.kind, core.error, core.region)
        found = self._candidates[key]
        if found and self._fine:
            return tuple(rule for rule in found if self._fits(rule, core))
        return found

    def _fits(self, rule: Rule, core: Core) -> bool:
        if rule.name not in self._fine:
            return True
        field, table = self._fine[rule.name]
        if field in _OF_WHO:
            return table[_OF_WHO[field](core.who or _NOBODY)]
        return table[_OF_CORE[field](core)]

    def hot(self, cores: Sequence[Core]) -> Sequence[int]:
        """The places of those of *cores* that some rule may match, in order."""
        if self._all:
            return range(len(cores))
        places: set[int] = set()
        every = range(len(cores))
        callers = [core.who or _NOBODY for core in cores] if self._asks_who else ()
        # No Python code runs for each record and table: this is the cold path.
        for get, table in self._of_core:
            places.update(compress(every, map(table.__getitem__, map(get, cores))))
        for ask, table in self._of_who:
            places.update(compress(every, map(table.__getitem__, map(ask, callers))))
        return sorted(places)


def _witness(rule: Rule) -> str:
    """The field without whose right value *rule* cannot match; "" where there is no such one."""
    for field in (*_FIELDS, *_FINE):
        made_up, absent = _known(field, _MADE_UP), _known(field, None)
        if not rule.may_match(made_up) and not rule.may_match(absent):
            return field
    return ""


def _known(field: str, value: str | None) -> Known:
    if value == "" and field == "awsRegion":
        # Empty or not there: the first look does not tell.
        return {}
    return {field: () if value is None else (value,)}
