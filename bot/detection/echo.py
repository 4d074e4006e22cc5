"""Repeats of a call that tell a correlation nothing new: most of what a busy caller does."""

from __future__ import annotations

from collections.abc import Iterable

from bot.detection.record import Core
from bot.detection.rule import Correlation, Kind, Rule

SLOTS = 20
"""Slots of a timespan: of a value that is counted, one mark is kept in each."""

_TOLD = frozenset(
    {
        "actor",
        "event_name",
        "event_source",
        "error_code",
        "source_ip",
        "eventName",
        "eventSource",
        "errorCode",
        "sourceIPAddress",
        "userIdentity.type",
        "userIdentity.arn",
        "userIdentity.accessKeyId",
        "userIdentity.invokedBy",
    }
)
"""What correlations may ask for that is the same wherever the call, its caller and the caller's
address are."""

_PREFIXES = ((60_000, 16), (10_000, 18), (1_000, 19))
"""Milliseconds → the characters of `2026-11-22T10:03:11Z` that are the same within them."""


def echoes(rules: Iterable[Rule], correlations: Iterable[Correlation]) -> dict[str, int]:
    """Silent rule → characters of eventTime within which a match of the same call by the same
    caller leaves the same mark; only rules whose marks are all of that kind are named."""
    watching: dict[str, list[Correlation]] = {}
    for one in correlations:
        for name in one.rules:
            watching.setdefault(name, []).append(one)
    found = {
        rule.name: longest(_prefix(one, rule.name) for one in watching[rule.name])
        for rule in rules
        if rule.silent and not rule.shadow and rule.name in watching
    }
    return {name: prefix for name, prefix in found.items() if prefix}


def longest(prefixes: Iterable[int]) -> int:
    """The prefix that suits all: the longest, and none (0) where one has none."""
    every = list(prefixes)
    return max(every) if every and all(every) else 0


def can_echo(core: Core) -> bool:
    """Whether the same caller means the same actor, and the start of its time the same time."""
    return core.who is not None and core.who.tells_actor and core.time[-1:] == "Z"


def mark_of(core: Core, call: int, prefix: int) -> int:
    """The same for records with the same beginning of their time, *call* (a number), caller and
    address.

    An access key has one owner. Python's hash has 64 bits: no two of some thousand are the same by
    chance.
    """
    who = core.who
    if who is None:
        return 0
    return hash((core.time[:prefix], call, who.key or who, who.service, core.address))


def _prefix(one: Correlation, rule: str) -> int:
    """0 where each record may count."""
    if one.kind is not Kind.VALUE_COUNT:
        return 0
    asked = [one.aliases.get(name, {}).get(rule, name) for name in one.group_by]
    if not _TOLD.issuperset((*asked, one.value_field)):
        return 0
    slot = one.timespan * 1000 // SLOTS
    return next((length for size, length in _PREFIXES if slot % size == 0), 0)
