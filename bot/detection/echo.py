"""Repeats of a call that tell a correlation nothing new: most of what a busy caller does."""

from __future__ import annotations

from collections.abc import Iterable

from bot.detection.record import Core
from bot.detection.rule import Correlation, Kind, Rule
from bot.detection.whole import TOLD

SLOTS = 20
"""Slots of a timespan: of a value that is counted, one mark is kept in each."""

_TOLD = frozenset({"actor", "userIdentity.type", "userIdentity.invokedBy", *TOLD})
"""What correlations may ask for that is the same wherever `Core` is the same."""

_PREFIXES = ((60_000, 16), (10_000, 18), (1_000, 19))
"""Milliseconds → the characters of `2026-11-22T10:03:11Z` that are the same within them."""


def echoes(rules: Iterable[Rule], correlations: Iterable[Correlation]) -> dict[str, int]:
    """Silent rule → characters of eventTime within which a match with the same `Core` leaves the
    same mark; only rules whose marks are all of that kind are named."""
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
    """Whether the same *core* means the same actor, and the start of its time the same time."""
    return core.who is not None and core.who.tells_actor and core.time[-1:] == "Z"


def mark_of(core: Core, prefix: int) -> int:
    """The same for two records that differ in nothing but what follows *prefix* of their time.

    Python's hash has 64 bits: no two of some thousand are the same by chance.
    """
    return hash(
        (
            core.time[:prefix],
            core.who,
            core.name,
            core.source,
            core.error,
            core.region,
            core.address,
            core.agent,
            core.account,
        )
    )


def _prefix(one: Correlation, rule: str) -> int:
    """0 where each record may count."""
    if one.kind is not Kind.VALUE_COUNT:
        return 0
    asked = [one.aliases.get(name, {}).get(rule, name) for name in one.group_by]
    if not _TOLD.issuperset((*asked, one.value_field)):
        return 0
    slot = one.timespan * 1000 // SLOTS
    return next((length for size, length in _PREFIXES if slot % size == 0), 0)
