"""Repeats of a call that tell a correlation nothing new: most of what a busy caller does."""

from __future__ import annotations

from collections.abc import Iterable
from math import gcd

from bot.detection.record import Core
from bot.detection.rule import Correlation, Kind, Rule
from bot.model import milliseconds

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
        "userIdentity.sessionContext.attributes.creationDate",
    }
)
"""What correlations may ask for that is the same wherever the call, the caller's access key and
address are. A key belongs to one user, or to one session."""


_NO_KEY = (None, "", "null")


def echoes(rules: Iterable[Rule], correlations: Iterable[Correlation]) -> dict[str, int]:
    """Silent rule → length (milliseconds) of the slots of time in which matches of the same call by
    the same caller leave the same mark; only rules whose marks are all of that kind are named."""
    watching: dict[str, list[Correlation]] = {}
    for one in correlations:
        for name in one.rules:
            watching.setdefault(name, []).append(one)
    found = {
        rule.name: common(_slot(one, rule.name) for one in watching[rule.name])
        for rule in rules
        if rule.silent and not rule.shadow and rule.name in watching
    }
    return {name: slot for name, slot in found.items() if slot}


def common(slots: Iterable[int]) -> int:
    """The length of slots that suits all: each of theirs is made of whole ones. 0 where one has
    none."""
    every = list(slots)
    return gcd(*every) if all(every) else 0


def mark_of(core: Core, call: int, slot: int) -> int:
    """The same for records with the same slot of time, *call* (a number), access key and address;
    0 where that cannot be told, or does not say who the actor is.

    Python's hash has 64 bits: no two of some thousand are the same by chance.
    """
    who = core.who
    if who is None or who.key in _NO_KEY or who.lower_service is not None or not who.tells_actor:
        return 0
    time = milliseconds(core.time)
    if time is None:
        return 0
    return hash((time // slot, call, who.key, who.service, core.address))


def _slot(one: Correlation, rule: str) -> int:
    """0 where each record may count."""
    if one.kind is not Kind.VALUE_COUNT:
        return 0
    asked = [one.aliases.get(name, {}).get(rule, name) for name in one.group_by]
    if not _TOLD.issuperset((*asked, one.value_field)):
        return 0
    return one.timespan * 1000 // SLOTS
