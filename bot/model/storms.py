"""Floods of alerts, in which a channel hears one message instead of thousands."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from bot.model.records import Level


class Storm(Struct, frozen=True, kw_only=True):
    """A storm in *channel* from *began_at* to *ended_at* ("" while it lasts; clock, ISO).

    *id* is what people say (`ST-7K2QF0`). *alerts* counts those whose cards it held back. Its
    message stands at *ts* of *place*, "" until it was posted.
    """

    id: str
    channel: str
    began_at: str
    ended_at: str = ""
    alerts: int = 0
    place: str = ""
    ts: str = ""


class Tally(Struct, frozen=True, kw_only=True):
    """What a storm held back, as it is now.

    *rules* and *actors* are (name, alerts) of the most frequent, *every_rule* and *every_actor*
    say how many there are in all. *unresolved* are the alerts that nobody has resolved, by level.
    """

    alerts: int = 0
    findings: int = 0
    unresolved: Mapping[Level, int] = {}
    rules: tuple[tuple[str, int], ...] = ()
    every_rule: int = 0
    actors: tuple[tuple[str, int], ...] = ()
    every_actor: int = 0
